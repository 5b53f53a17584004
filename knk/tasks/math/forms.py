r"""How an answer in LaTeX is written: boxes, a plain form of the spelling, numbers, and what an answer may hold.

What is read here needs no algebra. `read` brings an answer into a plain form and says what keeps it from being one;
`number_of` reads a number that is worked out, exactly. What is left goes to `knk.tasks.math.judge`.

A plain form has no spaces but between two numbers or after a command, no sizes, styles or dollars, braces round every
argument, and one name for each command that has several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import Final

from knk.answers.verdict import Reason

LONGEST: Final = 150
"""Characters an answer may have that is right for a short gold answer; a long one allows more."""
_DEEPEST: Final = 8
_MOST_DIGITS: Final = 30
_LARGEST_POWER: Final = 10_000
_LARGEST_POWER_OF_A_SUM: Final = 60

# Boxes.

_BOX: Final = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])\s*")
_BRACE: Final = re.compile(r"\\.|[{}]", re.DOTALL)


@dataclass(frozen=True)
class Box:
    r"""A `\boxed{...}` in a text.

    Args:
        content: what is in it; None where its braces do not close, or there are none.
        start: where it starts.
        end: where it ends.
    """

    content: str | None
    start: int
    end: int


def boxes(text: str) -> list[Box]:
    r"""Return the boxes of a text, in order; boxes in boxes count with the outer one, and one left open is the last.

    >>> [box.content for box in boxes(r"\boxed{\frac{1}{2}} or \fbox{3}, or \boxed{4")]
    ['\\frac{1}{2}', '3', None]
    """
    found: list[Box] = []
    place = 0
    while command := _BOX.search(text, place):
        end = closing(text, command.end())
        content = None if end is None else text[command.end() + 1 : end]
        place = command.end() if end is None else end + 1
        found.append(Box(content, command.start(), place))
        if end is None and text[command.end() : command.end() + 1] == "{":
            break  # All that follows is in it; and to look for the end of each box in turn would take long.
    return found


def closing(text: str, start: int) -> int | None:
    r"""Return the place of the brace that closes the one at a place; None if none stands there or it stays open.

    >>> closing("{a{b}c}", 0), closing("{a", 0), closing("a", 0), closing(r"{\}}", 0)
    (6, None, None, 3)
    """
    if text[start : start + 1] != "{":
        return None
    depth = 0
    for brace in _BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.start()
    return None


# The plain form.

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
_SHORT_POWER: Final = re.compile(r"([\^_])(\d+|[A-Za-z]|\\circ)")
_ALTERNATIVE: Final = re.compile(r"\s*[,;]?\s*(?:and|or)\s*")
_FIGURES: Final = re.compile(r"[-\d.,/\s]*\d[-\d.,/\s]*")


@lru_cache(1 << 14)
def plain(latex: str) -> str:
    r"""Return the plain form of an answer.

    Args:
        latex: what stands in a box, or a gold answer.

    >>> plain(r"\left( 3, \dfrac\pi2 \right)."), plain(r"\$32,\!348"), plain(r"5\text{ or }6"), plain(r"2 \tfrac34")
    ('(3,\\frac{\\pi}{2})', '32,348', '5,6', '2\\frac{3}{4}')
    """
    latex = _NULL_SIDE.sub(r"\\null ", latex.translate(_SIGNS))
    text = "".join(_pieces(latex)).replace("{,}", ",")
    text = _with_braces(_SHORT_POWER.sub(r"\1{\2}", text))
    return _bare(text.strip().rstrip(".,;: "))


def _pieces(latex: str) -> Iterator[str]:
    """Give the tokens as the plain form writes them, with the spaces that it keeps."""
    last, spaced = "", False
    for token in _TOKEN.finditer(latex):
        kind, piece = _piece(token)
        if kind == "space":
            spaced = True
            continue
        if not piece:
            continue
        if (kind == last == "digits" and spaced) or (kind == "word" and last == "command"):
            yield " "
        yield piece
        last, spaced = kind, False


def _piece(token: re.Match[str]) -> tuple[str, str]:
    kind, piece = str(token.lastgroup), token[0]
    if kind == "command":
        if piece in _SPACES or piece in _SIZES:
            # "11,\!111" is one number, for the command takes a space away.
            return ("none" if piece == r"\!" else "space"), ""
        piece = _NAMES.get(piece, piece)
        return ("command" if piece[:1] == "\\" and piece[-1:].isalpha() else "sign"), piece
    if kind == "word" and piece in ("and", "or"):
        return "sign", ","
    if kind == "text":
        return _words(token["text"], token[0].startswith(r"\math"))
    return kind, "" if piece == "$" else piece


def _words(text: str, mathematical: bool) -> tuple[str, str]:
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
    """Put braces round the arguments of fractions and roots that have none."""
    place = 0
    while found := _WITH_ARGUMENTS.search(text, place):
        place = found.end()
        for _ in range(2 if found[1] == "frac" else 1):
            text, place = _braced(text, place)
        place = found.end()
    return text


def _braced(text: str, place: int) -> tuple[str, int]:
    while text[place : place + 1] == " ":
        text = text[:place] + text[place + 1 :]
    if text[place : place + 1] == "{":
        end = closing(text, place)
        return text, len(text) if end is None else end + 1
    argument = re.compile(r"\\[a-zA-Z]+|[A-Za-z0-9]").match(text, place)
    if argument is None:
        return text, place
    return f"{text[:place]}{{{argument[0]}}}{text[argument.end() :]}", argument.end() + 2


def _bare(text: str) -> str:
    """Take off braces and round brackets that hold the whole and no list."""
    while text[:1] == "{" and closing(text, 0) == len(text) - 1:
        text = text[1:-1].strip()
    if re.fullmatch(r"\([^(),]*\)", text):
        return text[1:-1].strip()
    return text


def pieces(text: str, separators: str) -> list[str]:
    r"""Return the pieces of a plain form between separators that stand in no brackets.

    Args:
        text: the plain form.
        separators: the separators, one character each.

    >>> pieces(r"1,(2,3)", ","), pieces("f(x=1)=2", "=")
    (['1', '(2,3)'], ['f(x=1)', '2'])
    """
    found, depth, start = [], 0, 0
    for sign in re.finditer(r"\\(?:[a-zA-Z]+|.)|.", text):
        if sign[0] in ("{", "(", "[", r"\{"):
            depth += 1
        elif sign[0] in ("}", ")", "]", r"\}"):
            depth -= 1
        elif sign[0] in separators and depth == 0:
            found.append(text[start : sign.start()])
            start = sign.end()
    return [*found, text[start:]]


# Numbers.

_WHOLE: Final = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)"
_DECIMAL: Final = rf"(?:{_WHOLE}(?:\.\d*)?|\.\d+)"
_NUMBER: Final = re.compile(
    rf"(?P<sign>[-+]?)(?:"
    rf"(?:(?P<whole>\d+))?\\frac\{{(?P<above>-?{_DECIMAL})\}}\{{(?P<below>-?{_DECIMAL})\}}"
    rf"|(?P<upper>{_DECIMAL})/(?P<lower>{_DECIMAL})"
    rf"|(?P<decimal>{_DECIMAL})(?:\\(?:times|cdot) ?10\^\{{(?P<power>-?\d{{1,2}})\}})?"
    rf")(?:_\{{(?P<base>\d+)\}})?(?P<percent>%)?(?:\^\{{\\circ\}})?"
)


@dataclass(frozen=True)
class Number:
    """A number that is worked out.

    Args:
        value: its value, percent not counted.
        places: of a decimal its digits after the point, else 0.
        figures: its digits but for leading zeros.
        percent: whether a percent sign follows.
        base: the base that is written after it, or "".
    """

    value: Fraction
    places: int = 0
    figures: int = 0
    percent: bool = False
    base: str = ""


def number_of(text: str) -> Number | None:
    r"""Return the number that a plain form is: a whole one, a decimal, a fraction, a mixed number, a power of 10.

    >>> number_of(r"-1\frac{1}{2}").value, number_of("1,250.5").value, number_of("2+2"), number_of(r"2\frac{3}{2}")
    (Fraction(-3, 2), Fraction(2501, 2), None, None)
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    value = _value(found)
    if value is None:
        return None
    decimal = (found["decimal"] or "").replace(",", "").replace(" ", "")
    places = len(decimal.partition(".")[2])
    figures = len(decimal.replace(".", "").lstrip("0"))
    return Number(
        -value if found["sign"] == "-" else value, places, figures, bool(found["percent"]), found["base"] or ""
    )


def _value(found: re.Match[str]) -> Fraction | None:
    if found["decimal"]:
        return _fraction(found["decimal"]) * Fraction(10) ** int(found["power"] or 0)
    above, below = _fraction(found["above"] or found["upper"]), _fraction(found["below"] or found["lower"])
    if below == 0:
        return None
    if found["whole"] is None:
        return above / below
    # "2 3/2" is no mixed number, and whether it means a product nobody knows.
    return int(found["whole"]) + above / below if 0 < above < below else None


def _fraction(digits: str) -> Fraction:
    return Fraction(digits.replace(",", "").replace(" ", "").rstrip(".") or "0")


def same_number(gold: Number, said: Number, problem: str = "") -> bool:
    """Whether a number is the gold one; a decimal may be the gold number rounded, to six places and figures at least.

    A percent sign may be there or not, and so may a base, if the problem is about bases.

    Args:
        gold: the gold number.
        said: the number to judge.
        problem: the problem's text.

    >>> (
    ...     same_number(Number(Fraction(1, 3)), number_of("0.333333")),
    ...     same_number(Number(Fraction(5)), number_of("5.0001")),
    ... )
    (True, False)
    """
    if said.base and said.base != gold.base and (gold.base or "base" not in problem.lower()):
        return False
    values = {gold.value}
    if gold.percent != said.percent:
        values.add(gold.value * 100 if said.percent else gold.value / 100)
    return said.value in values or any(rounds_to(value, said) for value in values)


def is_near(value: Fraction, said: Number) -> bool:
    """Whether a number is within a hundredth of a value.

    >>> is_near(Fraction(2, 3), number_of("0.67")), is_near(Fraction(2, 3), number_of("0.6"))
    (True, False)
    """
    return abs(said.value - value) <= abs(value) / 100


def rounds_to(value: Fraction, said: Number) -> bool:
    """Whether a decimal is a value rounded, to six places and six figures at least.

    >>> rounds_to(Fraction(2, 3), number_of("0.666667")), rounds_to(Fraction(2, 3), number_of("0.67"))
    (True, False)
    """
    unit = Fraction(1, 10**said.places)
    return said.places >= 6 and said.figures >= 6 and abs(said.value - value) <= unit / 2


# Lists of numbers.

_INFINITE: Final = re.compile(r"[-+]?\\infty")
_LIST: Final = re.compile(r"(?P<opened>\\\{|[(\[])?(?P<members>[^()\[\]]*?)(?P<closed>\\\}|[)\]])?")


@dataclass(frozen=True)
class Numbers:
    """A list of numbers that are worked out: a point, an interval, a set, or several answers.

    Args:
        brackets: what it stands in, as "(]"; "" if in nothing.
        members: the numbers; what is infinite as it is spelled.
    """

    brackets: str
    members: tuple[Number | str, ...]


def numbers_of(text: str) -> Numbers | None:
    r"""Return the list of numbers that a plain form is, or None.

    >>> numbers_of(r"(-\infty,2]").brackets, len(numbers_of(r"1,2,3").members), numbers_of("(x,1)"), numbers_of("1")
    ('(]', 3, None, None)
    """
    found = _LIST.fullmatch(text)
    if found is None or bool(found["opened"]) != bool(found["closed"]):
        return None
    members = [one.lstrip("+") if _INFINITE.fullmatch(one) else number_of(one) for one in found["members"].split(",")]
    brackets = (found["opened"] or "")[-1:] + (found["closed"] or "")[-1:]
    if len(members) < 2 or not all(members) or brackets in ("{)", "{]", "(}", "[}"):
        return None
    return Numbers(brackets, tuple(member for member in members if member))


def same_numbers(gold: Numbers, said: Numbers) -> bool:
    r"""Whether a list of numbers is the gold one: in order, unless the gold list is a set or in no brackets.

    >>> (
    ...     same_numbers(numbers_of("1,-2"), numbers_of(r"\{-2,1\}")),
    ...     same_numbers(numbers_of("(1,-2)"), numbers_of("-2,1")),
    ... )
    (True, False)
    >>> same_numbers(numbers_of("(1,2)"), numbers_of("[1,2]"))
    False
    """
    free = ("", "{}")
    if gold.brackets in free:
        fits = said.brackets in (*free, "()")
        return (
            fits
            and all(_is_among(one, said.members) for one in gold.members)
            and all(_is_among(one, gold.members) for one in said.members)
        )
    fits = said.brackets == gold.brackets or (gold.brackets == "()" and said.brackets == "")
    return fits and len(gold.members) == len(said.members) and all(map(_is_same, gold.members, said.members))


def _is_among(one: Number | str, others: tuple[Number | str, ...]) -> bool:
    return any(_is_same(one, other) for other in others)


def _is_same(one: Number | str, other: Number | str) -> bool:
    if isinstance(one, Number) and isinstance(other, Number):
        return one.value == other.value and one.percent == other.percent and one.base == other.base
    return one == other


# What an answer may hold.

_PLAIN_COMMANDS: Final = frozenset(
    r"""\frac \sqrt \pi \cdot \times \div \text \circ \infty \cup \cap \in \pm \mp \{ \} \% \le \ge \ne \begin \end \\
    \emptyset \alpha \beta \gamma \delta \epsilon \varepsilon \zeta \eta \theta \iota \kappa \lambda \mu \nu \xi \rho
    \sigma \tau \upsilon \phi \varphi \chi \psi \omega \Gamma \Delta \Theta \Lambda \Sigma \Phi \Psi \Omega
    \setminus""".split()
)
_FAMILIES: Final = (
    frozenset(r"\sin \cos \tan \cot \sec \csc".split()),
    frozenset(r"\arcsin \arccos \arctan".split()),
    frozenset(r"\log \ln".split()),
)
_FUNCTIONS: Final = frozenset(
    r"""\sum \prod \int \iint \oint \lim \binom \dbinom \tbinom \choose \gcd \lcm \max \min \exp \mod \bmod \pmod \det
    \lfloor \rfloor \lceil \rceil \partial \prime \sup \inf \deg \operatorname \sinh \cosh \tanh \arg \overline
    \langle \rangle \prod \nabla \mid""".split()
).union(*_FAMILIES)
_NEEDED: Final = {"!": "a factorial", "|": "an absolute value"}
_SIGNS_OF_GOLD: Final = frozenset(":'\"?#@`&")
_DENIALS: Final = re.compile(
    r"\b(?:not|no|or|and|nor|neither|never|either|maybe|perhaps|possibly|wrong|incorrect|false|isn|aren|guess|unsure"
    r"|alternatively|otherwise|but|if|unless|instead|than|about|approximately|roughly)\b",
    re.IGNORECASE,
)
_UNIT_TEXT: Final = re.compile(r"\\text\{(?P<words>[A-Za-z .°/-]{1,40})\}(?:\^\{-?[1-3]\})?")
_UNITS: Final = frozenset(
    """cm mm km m in ft yd mi mph kmh kg g mg lb lbs oz s h hr hrs min mins sec secs ml inch inches foot feet yard yards
    mile miles meter meters metre metres centimeter centimeters kilometer kilometers second seconds minute minutes hour
    hours day days week weeks month months year years degree degrees dollar dollars cent cents unit units square sq
    cubic radian radians gram grams kilogram kilograms pound pounds ounce ounces liter liters gallon gallons people
    students ways points""".split()
)


@dataclass(frozen=True)
class Answer:
    """An answer in its plain form, without units and labels.

    Args:
        text: the plain form of what is said to be the answer.
        also: what is said to be the same, as in "2 + 3 = 5".
        near: the decimals that are said to be near it.
        problem: why it is no answer to judge, or None.
        detail: what is the matter, in a few words.
    """

    text: str
    also: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    problem: Reason | None = None
    detail: str = ""


def read(latex: str, gold: str) -> Answer:
    r"""Return an answer in its plain form, or why it cannot be one.

    What an answer may hold depends on the gold answer: nothing that is still to be worked out, such as a sum or a
    logarithm, unless that has it too.

    Args:
        latex: what stands in a box.
        gold: the gold answer.

    >>> read(r"12\text{ cm}^2", "12").text, read(r"\sum_{k=1}^3 k", "6").detail, read("5 (not 6)", "5").problem
    ('12', 'not worked out: \\sum', 'unreadable')
    >>> read("x = 2 + 3 = 5", "5")
    Answer(text='5', also=('2+3',), near=(), problem=None, detail='')
    """
    latex = _unboxed(latex)
    if not latex.strip(" \t\n$.,{}"):
        return _no_answer("no answer", "an empty box")
    if is_too_long(latex, gold):
        return _no_answer("unreadable", "too long")
    text, kept = plain(latex), plain(gold)
    if not text:
        return _no_answer("no answer", "an empty box")
    if text == kept:
        return Answer(text)
    text, *near = [text] if r"\approx" in kept else text.split(r"\approx")
    sides = sides_of(text.strip(), kept)
    if sides is None:
        return _no_answer("unreadable", "an equation of something else")
    said, *also = [without_units(side, kept) for side in sides]
    near = [without_units(decimal.strip(), kept) for decimal in near]
    for side in (said, *also, *near):
        if problem := _problem(side, kept):
            return _no_answer(*problem)
    if not all(map(number_of, near)):
        return _no_answer("unreadable", "near something that is no number")
    return Answer(said, tuple(also), tuple(near))


def is_too_long(latex: str, gold: str) -> bool:
    """Whether what stands in a box is longer than any answer would be.

    >>> is_too_long("1" * 200, "1"), is_too_long("1" * 200, "1" * 200)
    (True, False)
    """
    return len(latex) > max(LONGEST, 4 * len(gold))


def _no_answer(problem: Reason, detail: str) -> Answer:
    return Answer("", problem=problem, detail=detail)


_LABEL: Final = re.compile(r"(?:[A-Za-z\\ ,'+/|-]|[\^_]\{[^{}]*\}|\{[^{}\d]*\}|(?<=[A-Za-z}])\([^()]*\))+")
_NO_LETTERS: Final = re.compile(r"\\(?:frac|sqrt|cdot|times|div|pi|circ|infty)(?![A-Za-z])")


def sides_of(text: str, gold: str) -> list[str] | None:
    r"""Return what an equation says that something is, then what else it says is the same; None if it cannot be told.

    "x = 5" says 5, and "2 + 3 = 5" says 5 and that 2 + 3 is the same. A side with variables and numbers is no label. An
    equation stays whole if the gold answer is one.

    Args:
        text: the plain form.
        gold: the gold answer's plain form.

    >>> sides_of("x=2+3=5", "5"), sides_of("x+5=5", "5"), sides_of("x=1,x=-2", "1,-2"), sides_of("y=2x", "y=2x")
    (['5', '2+3'], None, ['1,-2'], ['y=2x'])
    """
    if "=" in gold:
        return _sides(text) if text.count("=") > gold.count("=") else [text]
    members = pieces(text, ",;")
    if len(members) > 1 and "=" in text:
        pairs = [member.partition("=") for member in members]
        labels = {label for label, _, _ in pairs}
        return [",".join(value for _, _, value in pairs)] if len(labels) == 1 and _is_label(min(labels)) else None
    return _sides(text)


def _sides(text: str) -> list[str] | None:
    *labels, said = pieces(text, "=")
    if labels and _is_label(labels[0]):
        del labels[0]
    if not all((said, *labels)) or any(_has_letters(label) for label in labels):
        return None
    return [said, *labels]


def _is_label(text: str) -> bool:
    return bool(_LABEL.fullmatch(text)) and _has_letters(text) and not _DENIALS.search(text)


def _has_letters(text: str) -> bool:
    return bool(re.search(r"[A-Za-z]", _NO_LETTERS.sub("", text)))


def _unboxed(latex: str) -> str:
    for _ in range(3):
        inner = boxes(latex)
        if (
            len(inner) != 1
            or inner[0].content is None
            or latex.replace(latex[inner[0].start : inner[0].end], "").strip()
        ):
            break
        latex = inner[0].content
    return latex


def without_units(text: str, gold: str = "") -> str:
    r"""Return a plain form without the unit at its end, if that is all that its words say.

    Letters are units only if the gold answer has none, so that 2s is two seconds or twice s, but never both.

    Args:
        text: the plain form.
        gold: the gold answer's plain form.

    >>> without_units(r"864\text{inches}^{2}"), without_units("5m"), without_units("5m", "2m"), without_units("5x")
    ('864', '5', '5m', '5x')
    """
    found = re.compile(r"(?P<rest>.*[^=,\s(])" + _UNIT_TEXT.pattern).fullmatch(text)
    if found and r"\text" not in found["rest"] and not _DENIALS.search(found["words"]):
        return str(found["rest"])
    if re.search(r"[A-Za-z]", re.sub(r"\\[a-zA-Z]+", "", without_text(gold))):
        return text
    words = re.fullmatch(r"(?P<rest>.*[\d}]) ?(?P<words>[a-z]+)(?:\^\{[23]\})?", text)
    if words and _are_units(words["words"]) and number_of(words["rest"]):
        return str(words["rest"])
    return text


def _are_units(word: str) -> bool:
    # The plain form has no spaces between words: "squarefeet" is two of them.
    return word in _UNITS or any(word[:cut] in _UNITS and word[cut:] in _UNITS for cut in range(2, len(word)))


def without_text(text: str) -> str:
    """Return a plain form without its words."""
    return re.sub(r"\\text\{[^{}]*\}(?:\^\{\d\})?", "", text)


def commands_of(text: str) -> set[str]:
    """Return the commands of a plain form."""
    return set(re.findall(r"\\(?:[a-zA-Z]+|.)", text))


def _problem(text: str, gold: str) -> tuple[Reason, str] | None:
    checks = (_foreign, _unknown_command, _unknown_sign, _unknown_word, _malformed, _juxtaposed, _too_large)
    return next((found for check in checks if (found := check(text, gold))), None)


def _foreign(text: str, _: str) -> tuple[Reason, str] | None:
    if not text.isascii() or not text.isprintable():
        return "unreadable", "a character that no answer has"
    if _BOX.search(text):
        return "unreadable", "a box in a box"
    return None


def _unknown_command(text: str, gold: str) -> tuple[Reason, str] | None:
    known = commands_of(gold)
    known |= {name for family in _FAMILIES if family & known for name in family}
    for command in sorted(commands_of(text) - _PLAIN_COMMANDS - known):
        if command in _FUNCTIONS:
            return "no answer", f"not worked out: {command}"
        return "unreadable", f"unknown: {command}"
    if r"\text" in text and re.sub(r"\\text\{[^{}]*\}", "", text) and r"\text" not in gold:
        return "unreadable", "words"
    if "\\\\" in text and r"\begin" not in text:
        return "unreadable", "rows of no matrix"
    environments = set(re.findall(r"\\begin\{(\w*)", text)) - {"pmatrix", "bmatrix", "matrix", "vmatrix"}
    return ("unreadable", "an unknown environment") if environments else None


def _unknown_sign(text: str, gold: str) -> tuple[Reason, str] | None:
    signs = set(text) - set(gold)
    for sign, name in _NEEDED.items():
        if sign in signs:
            return "no answer", f"not worked out: {name}"
    strange = signs & _SIGNS_OF_GOLD - ({"&"} if r"\begin" in text else set())
    return ("unreadable", f"unknown: {min(strange)}") if strange else None


def _unknown_word(text: str, gold: str) -> tuple[Reason, str] | None:
    words = re.findall(r"[A-Za-z]{3,}", _without_commands(text))
    # "abc" is a product where the gold answer has all three letters.
    letters = set(re.findall(r"[A-Za-z]", _without_commands(gold)))
    strange = [word for word in words if not (set(word) <= letters or (word.isupper() and len(word) <= 4))]
    if strange:
        return "unreadable", f"a word: {strange[0][:20]}"
    if re.search(r"\d[eE][-+]?\d", text):
        return "unreadable", "a number with an exponent after e"
    return None


def _without_commands(text: str) -> str:
    return re.sub(r"\\(?:begin|end)\{\w*\}|\\[a-zA-Z]+", " ", without_text(text))


def _malformed(text: str, _: str) -> tuple[Reason, str] | None:
    depth = deepest = 0
    after = ""
    for token in re.finditer(r"\\(?:[a-zA-Z]+|.)|.", text):
        sign = token[0]
        if sign == "{" and not (after.startswith("\\") or after in ("}", "]", "^", "_")):
            return "unreadable", "loose braces"
        depth += (sign in ("{", "(", "[", r"\{")) - (sign in ("}", ")", "]", r"\}"))
        deepest = max(deepest, depth)
        after = sign
        if depth < 0:
            break
    if depth != 0:
        return "unreadable", "brackets that do not pair"
    return ("unreadable", "too deep") if deepest > _DEEPEST else None


_BESIDE: Final = re.compile(
    r"\d +\d|\d_|\d\(-?[\d.]+\)|\(-?[\d.]+\)[\d(\\]|(?<![\d.^_}])[\d.]+\\frac\{-?\d+\}\{-?\d+\}|\d\{|[-+]{2}"
    r"|\\frac\{[^{}]*\}\{[^{}]*\}(?:\{|\d|\(-?[\d.]+\)|\\frac\{-?\d+\}\{-?\d+\})"
)


def _juxtaposed(text: str, gold: str) -> tuple[Reason, str] | None:
    # math-verify takes any two numbers side by side for a mixed number, and adds them: 2(3) would be 5.
    if number_of(text):
        return None
    for found in _BESIDE.finditer(text):
        if number_of(found[0]) is None and found[0] not in gold and r"\begin" not in text:
            return "unreadable", "numbers or signs side by side"
    return None


def _too_large(text: str, gold: str) -> tuple[Reason, str] | None:
    longest = max((len(digits) for digits in re.findall(r"\d+", gold)), default=0)
    if any(len(digits) > max(_MOST_DIGITS, longest) for digits in re.findall(r"\d+", text)):
        return "unreadable", "too many digits"
    if _largest_power_of_a_sum(text) > max(_LARGEST_POWER_OF_A_SUM, _largest_power_of_a_sum(gold)):
        return "unreadable", "too large a power"
    if _tower(text) > max(1, _tower(gold)) or _powers(text) > max(_LARGEST_POWER, _powers(gold)):
        return "unreadable", "too large a power"
    return None


def _largest_power_of_a_sum(text: str) -> int:
    return max((int(power) for power in re.findall(r"[)}\]]\^\{-?(\d{1,40})", text)), default=0)


def _powers(text: str) -> int:
    """How large powers can become: powers of brackets multiply, of the others one may stand in all of them."""
    found = re.findall(r"(.)\^\{-?(\d{1,40})", text)
    of_brackets = [max(1, int(power)) for before, power in found if before in ")}]"]
    return prod(of_brackets) * max((int(power) for before, power in found if before not in ")}]"), default=1)


def _tower(text: str) -> int:
    """How many powers stand on each other."""
    highest = 0
    open_powers: list[bool] = []
    for token in re.finditer(r"\^?\{|\}", text.replace(r"\{", "").replace(r"\}", "")):
        if token[0] == "}":
            del open_powers[-1:]
        else:
            open_powers.append(token[0][0] == "^")
            highest = max(highest, sum(open_powers))
    return highest
