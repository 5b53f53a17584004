r"""The content of a box, read as an answer: its plain form without units and labels, or why it cannot be judged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from knk.answers.verdict import Reason
from knk.tasks.math.boxes import boxes
from knk.tasks.math.forms import plain, split_outside_brackets, without_text
from knk.tasks.math.limits import problem_of
from knk.tasks.math.numbers import number_of

MAX_LENGTH: Final = 150
"""The most characters of an answer to a short gold answer; a long one allows more."""

_DENIALS: Final = re.compile(
    r"\b(?:not|no|or|and|nor|neither|never|either|maybe|perhaps|possibly|wrong|incorrect|false|isn|aren|guess|unsure"
    r"|alternatively|otherwise|but|if|unless|instead|than|about|approximately|roughly)\b",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(r"(?:[A-Za-z\\ ,'+/|-]|[\^_]\{[^{}]*\}|\{[^{}\d]*\}|(?<=[A-Za-z}])\([^()]*\))+")
_COMMANDS_WITHOUT_LETTERS: Final = re.compile(r"\\(?:frac|sqrt|cdot|times|div|pi|circ|infty)(?![A-Za-z])")
_UNIT_IN_TEXT: Final = re.compile(r"(?P<rest>.*[^=,\s(])\\text\{(?P<words>[A-Za-z .°/-]{1,40})\}(?:\^\{-?[1-3]\})?")
_UNIT_IN_LETTERS: Final = re.compile(r"(?P<rest>.*[\d}]) ?(?P<words>[a-z]+)(?:\^\{[23]\})?")
_UNITS: Final = frozenset(
    """cm mm km m in ft yd mi mph kmh kg g mg lb lbs oz s h hr hrs min mins sec secs ml inch inches foot feet yard yards
    mile miles meter meters metre metres centimeter centimeters kilometer kilometers second seconds minute minutes hour
    hours day days week weeks month months year years degree degrees dollar dollars cent cents unit units square sq
    cubic radian radians gram grams kilogram kilograms pound pounds ounce ounces liter liters gallon gallons people
    students ways points""".split()
)


@dataclass(frozen=True)
class PlainAnswer:
    """An answer in its plain form, without units and labels.

    Args:
        text: the plain form of the answer.
        equals: the plain forms that the answer is stated to equal, as in "2 + 3 = 5".
        decimals: the decimals that the answer is stated to be near.
        problem: why it cannot be judged, or None.
        detail: the details of the problem, in a few words.
    """

    text: str
    equals: tuple[str, ...] = ()
    decimals: tuple[str, ...] = ()
    problem: Reason | None = None
    detail: str = ""


def read_answer(latex: str, gold: str) -> PlainAnswer:
    r"""Return an answer in its plain form, or why it cannot be judged.

    Args:
        latex: the content of a box.
        gold: the gold answer, which determines what the answer may contain; see `knk.tasks.math.limits`.

    >>> read_answer(r"12\text{ cm}^2", "12").text, read_answer("5 (not 6)", "5").problem
    ('12', 'unreadable')
    >>> read_answer(r"\sum_{k=1}^3 k", "6").detail
    'not worked out: \\sum'
    >>> read_answer("x = 2 + 3 = 5", "5")
    PlainAnswer(text='5', equals=('2+3',), decimals=(), problem=None, detail='')
    """
    latex = _unboxed(latex)
    if not latex.strip(" \t\n$.,{}"):
        return _no_answer("no answer", "an empty box")
    if is_too_long(latex, gold):
        return _no_answer("unreadable", "too long")
    text, gold = plain(latex), plain(gold)
    if not text:
        return _no_answer("no answer", "an empty box")
    if text == gold:
        return PlainAnswer(text)
    text, *decimals = [text] if r"\approx" in gold else text.split(r"\approx")
    sides = sides_of(text.strip(), gold)
    if sides is None:
        return _no_answer("unreadable", "an equation of something else")
    answer, *equals = [without_units(side, gold) for side in sides]
    decimals = [without_units(decimal.strip(), gold) for decimal in decimals]
    for part in (answer, *equals, *decimals):
        if problem := problem_of(part, gold):
            return _no_answer(*problem)
    if not all(map(number_of, decimals)):
        return _no_answer("unreadable", "near something that is no number")
    return PlainAnswer(answer, tuple(equals), tuple(decimals))


def is_too_long(latex: str, gold: str) -> bool:
    """Whether the content of a box is longer than any answer would be.

    >>> is_too_long("1" * 200, "1"), is_too_long("1" * 200, "1" * 200)
    (True, False)
    """
    return len(latex) > max(MAX_LENGTH, 4 * len(gold))


def _no_answer(problem: Reason, detail: str) -> PlainAnswer:
    return PlainAnswer("", problem=problem, detail=detail)


def _unboxed(latex: str) -> str:
    """Return the content of the box that is all of a text, if there is one, up to three deep."""
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


# Equations.


def sides_of(text: str, gold: str) -> list[str] | None:
    r"""Return the answer that an equation states, then the expressions that it states are equal; None if it is unclear.

    "x = 5" states 5, and "2 + 3 = 5" states 5 and that 2 + 3 equals it. A side with variables and numbers is no label.
    An equation stays whole if the gold answer is one.

    Args:
        text: the plain form.
        gold: the gold answer's plain form.

    >>> sides_of("x=2+3=5", "5"), sides_of("x+5=5", "5"), sides_of("x=1,x=-2", "1,-2"), sides_of("y=2x", "y=2x")
    (['5', '2+3'], None, ['1,-2'], ['y=2x'])
    """
    if "=" in gold:
        return _sides(text) if text.count("=") > gold.count("=") else [text]
    members = split_outside_brackets(text, ",;")
    if len(members) > 1 and "=" in text:
        pairs = [member.partition("=") for member in members]
        labels = {label for label, _, _ in pairs}
        return [",".join(value for _, _, value in pairs)] if len(labels) == 1 and _is_label(min(labels)) else None
    return _sides(text)


def _sides(text: str) -> list[str] | None:
    *others, answer = split_outside_brackets(text, "=")
    if others and _is_label(others[0]):
        del others[0]
    if not all((answer, *others)) or any(_has_letters(side) for side in others):
        return None
    return [answer, *others]


def _is_label(text: str) -> bool:
    return bool(_LABEL.fullmatch(text)) and _has_letters(text) and not _DENIALS.search(text)


def _has_letters(text: str) -> bool:
    return bool(re.search(r"[A-Za-z]", _COMMANDS_WITHOUT_LETTERS.sub("", text)))


# Units.


def without_units(text: str, gold: str = "") -> str:
    r"""Return a plain form without the unit at its end, if its words are nothing else.

    Letters are units only if the gold answer has none: 2s is either two seconds or twice s.

    Args:
        text: the plain form.
        gold: the gold answer's plain form.

    >>> without_units(r"864\text{inches}^{2}"), without_units("5m"), without_units("5m", "2m"), without_units("5x")
    ('864', '5', '5m', '5x')
    """
    in_text = _UNIT_IN_TEXT.fullmatch(text)
    if in_text and r"\text" not in in_text["rest"] and not _DENIALS.search(in_text["words"]):
        return str(in_text["rest"])
    if re.search(r"[A-Za-z]", re.sub(r"\\[a-zA-Z]+", "", without_text(gold))):
        return text
    in_letters = _UNIT_IN_LETTERS.fullmatch(text)
    if in_letters and _are_units(in_letters["words"]) and number_of(in_letters["rest"]):
        return str(in_letters["rest"])
    return text


def _are_units(word: str) -> bool:
    # The plain form has no spaces between words: "squarefeet" is two of them.
    return word in _UNITS or any(word[:cut] in _UNITS and word[cut:] in _UNITS for cut in range(2, len(word)))
