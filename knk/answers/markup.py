"""The markup of an answer, removed: Markdown, LaTeX, HTML, and typographic characters."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

_CHARACTERS: Final = {
    **dict.fromkeys(map(ord, "‐‑‒–—―−"), "-"),
    **dict.fromkeys(map(ord, "’‘ʼ′´"), "'"),
    **dict.fromkeys(map(ord, "→⇒➡⟶⟹↦➔➜➝"), "->"),
    **dict.fromkeys(map(ord, "•◦▪●‣∙·⁃"), "-"),
    **dict.fromkeys(map(ord, "✅✓✔☑"), " "),
    **dict.fromkeys(map(ord, "∅"), " none "),
    # Zero width, or modifiers of the character before: invisible, so without meaning.
    **dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD, 0xFE0F, 0x20E3), None),
}
_DECORATION: Final = str.maketrans({**dict.fromkeys('*_#"“”„«»{}[]$', " "), "`": "'", "\r": "\n", "\t": " "})
_FENCE: Final = re.compile(r"```(?:json|ya?ml|te?xt|plaintext|markdown|md|csv|latex|tex)?(?=\s|$)|```", re.IGNORECASE)
_HTML: Final = re.compile(r"</?(?:(br|p|li|ul|ol|div)|b|i|em|strong|u|span|code|pre)\s{0,4}/?>", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_LATEX: Final = re.compile(
    r"\\(?:(?:begin|end)\s?\{[a-z]{1,12}\*?\}(?:\{[clr| ]{0,20}\})?|(?P<word>[a-zA-Z]+)|(?P<sign>.))", re.DOTALL
)
_LATEX_WORDS: Final = {
    **dict.fromkeys(
        "text textbf textit textrm texttt textsc mathbf mathrm mathit mathsf mathtt bf it rm emph underline boxed fbox "
        "quad qquad left right large Large displaystyle hline centering mbox".split(),
        " ",
    ),
    **dict.fromkeys("to rightarrow Rightarrow longrightarrow mapsto".split(), " -> "),
    **dict.fromkeys("land wedge".split(), " and "),
    **dict.fromkeys("emptyset varnothing".split(), " none "),
    "newline": "\n",
    "item": "\n- ",
    "colon": ":",
    "bullet": "-",
    "checkmark": " ",
}
_LATEX_SIGNS: Final = {**dict.fromkeys("()[]{} ,;:!\"'_*#$", " "), "\\": "\n", "&": " and "}
_TABLE_RULE: Final = re.compile(r"^(?=[ |:=]*-)[ |:=-]+$", re.MULTILINE)
_QUOTE_MARKS: Final = re.compile(r"^[ >]*>", re.MULTILINE)
# "!Ann is a knight" says that she is not a knight; elsewhere the mark ends a sentence.
_NEGATION: Final = re.compile(r"(?<![^\s(&|,;:])!+(?=[^\s!])")
_LINE_START: Final = re.compile(r"\n[ \n]+")


def _latex_meaning(match: re.Match[str]) -> str:
    word, sign = match["word"], match["sign"]
    if word:
        return _LATEX_WORDS.get(word, "\\")
    return _LATEX_SIGNS.get(sign, "\\") if sign else "\n"


def _without_markup(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
    if "\\" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
        if "\\begin" in text:
            text = text.replace("&", "|")
        text = _LATEX.sub(_latex_meaning, text)
    if "<" in text:
        text = _HTML.sub(lambda match: "\n" if match[1] else " ", text)
    return text


def clean(text: str) -> str:
    r"""Return a text without markup, with one character for each kind of dash, quote and arrow.

    >>> clean(r"\boxed{\text{Ann} \to **knight**}").split()
    ['Ann', '->', 'knight']
    """
    if "&" in text or "\\" in text or "<" in text:
        text = _without_markup(text)
    if not text.isascii():
        # Twice: the normal form of a compatibility character (a full-width dash) may be a character to replace, too.
        text = unicodedata.normalize("NFKC", text.translate(_CHARACTERS)).translate(_CHARACTERS)
    if "```" in text:
        text = _FENCE.sub("\n", text)
    if "[" in text:
        text = text.replace("[]", " none ")
    text = text.translate(_DECORATION)
    if "!" in text:
        text = _NEGATION.sub(" ¬ ", text)
    if "--" in text:
        text = _TABLE_RULE.sub("", text)
    if ">" in text:
        text = _QUOTE_MARKS.sub("", text)
    return _LINE_START.sub("\n", text)
