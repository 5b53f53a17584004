r"""The plain form of an answer in LaTeX: one spelling for many ways to write the same.

A plain form has no spaces except between two numbers or after a command, no sizes, styles or dollars, braces around
every argument, and one name for each command that has several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from knk.tasks.math.boxes import closing_brace

OPENING: Final = ("{", "(", "[", r"\{")
CLOSING: Final = ("}", ")", "]", r"\}")
COMMAND_OR_CHARACTER: Final = re.compile(r"\\(?:[a-zA-Z]+|.)|.")

_SIGNS: Final = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2013\u2012\uff0d", "-"),
        **dict.fromkeys("\u00a0\u2009\u202f\u2002\u2003", " "),
        "×": r"\times ",
        "·": r"\cdot ",
        "⋅": r"\cdot ",
        "÷": r"\div ",
        "π": r"\pi ",
        "∞": r"\infty ",
        "°": r"^\circ ",
        "≤": r"\le ",
        "≥": r"\ge ",
        "≠": r"\ne ",
        "∪": r"\cup ",
        "∩": r"\cap ",
        "∈": r"\in ",
        "±": r"\pm ",
        "²": "^2",
        "³": "^3",
        "½": r"\frac{1}{2}",
        "θ": r"\theta ",
        "α": r"\alpha ",
        "β": r"\beta ",
    }
)
_TOKEN: Final = re.compile(
    r"\\(?:text|textbf|textit|textrm|textnormal|mbox|mathrm|mathbf|mathit|mathsf)\s*\{(?P<text>[^{}\\$]*)\}"
    r"|(?P<command>\\(?:[a-zA-Z]+|.))"
    r"|(?P<digits>[0-9]+)|(?P<word>[A-Za-z]+)|(?P<space>[\s~]+)|(?P<sign>.)",
    re.DOTALL,
)
_SPACES: Final = frozenset(r"\, \! \; \: \quad \qquad \thinspace \displaystyle \left \right".split()) | {"\\ ", "\\\n"}
_SIZES: Final = frozenset(rf"\{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r"))
_NAMES: Final = {
    **dict.fromkeys((r"\dfrac", r"\tfrac", r"\cfrac"), r"\frac"),
    r"\leq": r"\le",
    r"\leqslant": r"\le",
    r"\geq": r"\ge",
    r"\geqslant": r"\ge",
    r"\neq": r"\ne",
    r"\lt": "<",
    r"\gt": ">",
    r"\lbrace": r"\{",
    r"\rbrace": r"\}",
    r"\degree": r"^{\circ}",
    r"\%": "%",
    r"\lbrack": "[",
    r"\rbrack": "]",
    r"\varnothing": r"\emptyset",
    r"\$": "",
    r"\lvert": "|",
    r"\rvert": "|",
    r"\vert": "|",
    r"\ast": r"\cdot",
}
_NULL_SIDE: Final = re.compile(r"\\(?:left|right)\s*\.")
_WITH_ARGUMENTS: Final = re.compile(r"\\(frac|sqrt)(?![a-zA-Z])(\[[^\[\]]*\])? *")
_ARGUMENT: Final = re.compile(r"\\[a-zA-Z]+|[A-Za-z0-9]")
_SHORT_POWER: Final = re.compile(r"([\^_])(\d+|[A-Za-z]|\\circ)")
_TEXT: Final = re.compile(r"\\text\{[^{}]*\}(?:\^\{\d\})?")
_COMMAND: Final = re.compile(r"\\(?:[a-zA-Z]+|.)")
_ALTERNATIVE: Final = re.compile(r"\s*[,;]?\s*(?:and|or)\s*")
_FIGURES: Final = re.compile(r"[-\d.,/\s]*\d[-\d.,/\s]*")


@lru_cache(1 << 14)
def plain(latex: str) -> str:
    r"""Return the plain form of an answer.

    Args:
        latex: the content of a box, or a gold answer.

    >>> plain(r"\left( 3, \dfrac\pi2 \right)."), plain(r"\$32,\!348"), plain(r"5\text{ or }6"), plain(r"2 \tfrac34")
    ('(3,\\frac{\\pi}{2})', '32,348', '5,6', '2\\frac{3}{4}')
    """
    latex = _NULL_SIDE.sub(r"\\null ", latex.translate(_SIGNS))
    text = "".join(_tokens(latex)).replace("{,}", ",")
    text = _with_braces(_SHORT_POWER.sub(r"\1{\2}", text))
    return _unwrapped(text.strip().rstrip(".,;: "))


def _tokens(latex: str) -> Iterator[str]:
    """Iterate over the tokens as the plain form writes them, with the spaces that it keeps."""
    last_kind, after_space = "", False
    for token in _TOKEN.finditer(latex):
        kind, text = _spelled(token)
        if kind == "space":
            after_space = True
            continue
        if not text:
            continue
        if (kind == last_kind == "digits" and after_space) or (kind == "word" and last_kind == "command"):
            yield " "
        yield text
        last_kind, after_space = kind, False


def _spelled(token: re.Match[str]) -> tuple[str, str]:
    """Return the kind of a token, and how the plain form spells it."""
    kind, text = str(token.lastgroup), token[0]
    if kind == "command":
        if text in _SPACES or text in _SIZES:
            # "11,\!111" is one number, since the command removes a space.
            return ("none" if text == r"\!" else "space"), ""
        text = _NAMES.get(text, text)
        return ("command" if text[:1] == "\\" and text[-1:].isalpha() else "sign"), text
    if kind == "word" and text in ("and", "or"):
        return "sign", ","
    if kind == "text":
        return _words(token["text"], token[0].startswith(r"\math"))
    return kind, "" if text == "$" else text


def _words(text: str, mathematical: bool) -> tuple[str, str]:
    """Return the kind and the spelling of words; a single letter in a mathematical font is a symbol."""
    text = " ".join(text.replace("~", " ").split())
    if not text:
        return "space", ""
    if _ALTERNATIVE.fullmatch(text):
        return "sign", ","
    if text.lower() in ("percent", "%", "per cent"):
        return "sign", "%"
    if _FIGURES.fullmatch(text) or (mathematical and len(text) == 1):
        return "digits" if text[0].isdigit() else "sign", text
    return "text", rf"\text{{{text}}}"


def _with_braces(text: str) -> str:
    """Return a text with braces around the arguments of fractions and roots."""
    index = 0
    while command := _WITH_ARGUMENTS.search(text, index):
        index = command.end()
        for _ in range(2 if command[1] == "frac" else 1):
            text, index = _with_braced_argument(text, index)
        index = command.end()
    return text


def _with_braced_argument(text: str, start: int) -> tuple[str, int]:
    """Return a text with braces around the argument at an index, and the index after it."""
    while text[start : start + 1] == " ":
        text = text[:start] + text[start + 1 :]
    if text[start : start + 1] == "{":
        end = closing_brace(text, start)
        return text, len(text) if end is None else end + 1
    argument = _ARGUMENT.match(text, start)
    if argument is None:
        return text, start
    return f"{text[:start]}{{{argument[0]}}}{text[argument.end() :]}", argument.end() + 2


def _unwrapped(text: str) -> str:
    """Return a text without braces and round brackets around all of it, unless they enclose a list."""
    while text[:1] == "{" and closing_brace(text, 0) == len(text) - 1:
        text = text[1:-1].strip()
    if re.fullmatch(r"\([^(),]*\)", text):
        return text[1:-1].strip()
    return text


def split_outside_brackets(text: str, separators: str) -> list[str]:
    r"""Return the parts of a plain form between separators that are outside all brackets.

    Args:
        text: the plain form.
        separators: the separators, one character each.

    >>> split_outside_brackets(r"1,(2,3)", ","), split_outside_brackets("f(x=1)=2", "=")
    (['1', '(2,3)'], ['f(x=1)', '2'])
    """
    parts, depth, start = [], 0, 0
    for token in COMMAND_OR_CHARACTER.finditer(text):
        if token[0] in OPENING:
            depth += 1
        elif token[0] in CLOSING:
            depth -= 1
        elif token[0] in separators and depth == 0:
            parts.append(text[start : token.start()])
            start = token.end()
    return [*parts, text[start:]]


def without_text(text: str) -> str:
    r"""Return a plain form without its words.

    >>> without_text(r"5\text{cm}^{2}")
    '5'
    """
    return _TEXT.sub("", text)


def commands_of(text: str) -> set[str]:
    r"""Return the commands of a plain form.

    >>> sorted(commands_of(r"\frac{1}{2}\pi"))
    ['\\frac', '\\pi']
    """
    return set(_COMMAND.findall(text))
