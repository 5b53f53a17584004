r"""Numbers and lists of numbers in plain form: read, and compared exactly.

A number here is written out: a whole number, a decimal, a fraction, a mixed number or a power of ten, never a sum or a
root. The other expressions are compared by `knk.tasks.math.compare`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

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
    """A number that is written out.

    Args:
        value: its value, a percent sign ignored.
        decimal_places: the number of decimal places, 0 if it is no decimal.
        figures: the significant figures of a decimal.
        percent: whether a percent sign follows.
        base: the base that is written after it, or "".
    """

    value: Fraction
    decimal_places: int = 0
    figures: int = 0
    percent: bool = False
    base: str = ""


def number_of(text: str) -> Number | None:
    r"""Return the number that a plain form writes out, or None.

    >>> number_of(r"-1\frac{1}{2}").value, number_of("1,250.5").value, number_of("2+2"), number_of(r"2\frac{3}{2}")
    (Fraction(-3, 2), Fraction(2501, 2), None, None)
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    value = _value(match)
    if value is None:
        return None
    decimal = (match["decimal"] or "").replace(",", "").replace(" ", "")
    decimal_places = len(decimal.partition(".")[2])
    figures = len(decimal.replace(".", "").lstrip("0"))
    return Number(
        -value if match["sign"] == "-" else value, decimal_places, figures, bool(match["percent"]), match["base"] or ""
    )


def _value(match: re.Match[str]) -> Fraction | None:
    if match["decimal"]:
        return _fraction(match["decimal"]) * Fraction(10) ** int(match["power"] or 0)
    above, below = _fraction(match["above"] or match["upper"]), _fraction(match["below"] or match["lower"])
    if below == 0:
        return None
    if match["whole"] is None:
        return above / below
    # "2 3/2" is no mixed number, and may or may not be meant as a product.
    return int(match["whole"]) + above / below if 0 < above < below else None


def _fraction(digits: str) -> Fraction:
    return Fraction(digits.replace(",", "").replace(" ", "").rstrip(".") or "0")


def same_number(gold: Number, answer: Number, problem: str = "") -> bool:
    """Whether a number is the gold number; a decimal may be rounded to six or more places and figures.

    Either number may have a percent sign or not. The answer may have a base that the gold number lacks, if the problem
    is about bases.

    Args:
        gold: the gold number.
        answer: the number to compare with it.
        problem: the problem's text.

    >>> (
    ...     same_number(Number(Fraction(1, 3)), number_of("0.333333")),
    ...     same_number(Number(Fraction(5)), number_of("5.0001")),
    ... )
    (True, False)
    """
    if answer.base and answer.base != gold.base and (gold.base or "base" not in problem.lower()):
        return False
    values = {gold.value}
    if gold.percent != answer.percent:
        values.add(gold.value * 100 if answer.percent else gold.value / 100)
    return answer.value in values or any(rounds_to(value, answer) for value in values)


def is_near(value: Fraction, number: Number) -> bool:
    """Whether a number is within a hundredth of a value.

    >>> is_near(Fraction(2, 3), number_of("0.67")), is_near(Fraction(2, 3), number_of("0.6"))
    (True, False)
    """
    return abs(number.value - value) <= abs(value) / 100


def rounds_to(value: Fraction, decimal: Number) -> bool:
    """Whether a decimal is a value rounded to six or more places and figures.

    >>> rounds_to(Fraction(2, 3), number_of("0.666667")), rounds_to(Fraction(2, 3), number_of("0.67"))
    (True, False)
    """
    unit = Fraction(1, 10**decimal.decimal_places)
    return decimal.decimal_places >= 6 and decimal.figures >= 6 and abs(decimal.value - value) <= unit / 2


# Lists of numbers.

_INFINITY: Final = re.compile(r"[-+]?\\infty")
_LIST: Final = re.compile(r"(?P<opening>\\\{|[(\[])?(?P<members>[^()\[\]]*?)(?P<closing>\\\}|[)\]])?")


@dataclass(frozen=True)
class Numbers:
    """A list of numbers: a point, an interval, a set, or several answers.

    Args:
        brackets: the brackets around it, such as "(]"; "" if there are none.
        members: the numbers; an infinity as it is spelled.
    """

    brackets: str
    members: tuple[Number | str, ...]


def numbers_of(text: str) -> Numbers | None:
    r"""Return the list of numbers that a plain form writes out, or None.

    >>> numbers_of(r"(-\infty,2]").brackets, len(numbers_of(r"1,2,3").members), numbers_of("(x,1)"), numbers_of("1")
    ('(]', 3, None, None)
    """
    match = _LIST.fullmatch(text)
    if match is None or bool(match["opening"]) != bool(match["closing"]):
        return None
    members = [
        member.lstrip("+") if _INFINITY.fullmatch(member) else number_of(member)
        for member in match["members"].split(",")
    ]
    brackets = (match["opening"] or "")[-1:] + (match["closing"] or "")[-1:]
    if len(members) < 2 or not all(members) or brackets in ("{)", "{]", "(}", "[}"):
        return None
    return Numbers(brackets, tuple(member for member in members if member))


def same_numbers(gold: Numbers, answer: Numbers) -> bool:
    r"""Whether a list of numbers is the gold list; the order counts unless the gold list is a set or has no brackets.

    >>> (
    ...     same_numbers(numbers_of("1,-2"), numbers_of(r"\{-2,1\}")),
    ...     same_numbers(numbers_of("(1,-2)"), numbers_of("-2,1")),
    ... )
    (True, False)
    >>> same_numbers(numbers_of("(1,2)"), numbers_of("[1,2]"))
    False
    """
    unordered = ("", "{}")
    if gold.brackets in unordered:
        return (
            answer.brackets in (*unordered, "()")
            and all(_is_among(member, answer.members) for member in gold.members)
            and all(_is_among(member, gold.members) for member in answer.members)
        )
    fits = answer.brackets == gold.brackets or (gold.brackets == "()" and answer.brackets == "")
    return fits and len(gold.members) == len(answer.members) and all(map(_is_same, gold.members, answer.members))


def _is_among(member: Number | str, members: tuple[Number | str, ...]) -> bool:
    return any(_is_same(member, other) for other in members)


def _is_same(left: Number | str, right: Number | str) -> bool:
    if isinstance(left, Number) and isinstance(right, Number):
        return left.value == right.value and left.percent == right.percent and left.base == right.base
    return left == right
