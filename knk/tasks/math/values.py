r"""The approximate value of an expression: a quick way to see that two differ, where math-verify is slow.

Variables stand for fixed numbers. Two expressions with different values differ. If the values are the same, or this
module does not understand one of them, the expressions may or may not be the same.
"""

from __future__ import annotations

import cmath
import re
from functools import lru_cache
from typing import Final

from knk.tasks.math.boxes import closing_brace
from knk.tasks.math.forms import split_outside_brackets

_MIN_DIFFERENCE: Final = 1e-5
"""Larger than the error of a decimal that is rounded to six figures."""
_TOKEN: Final = re.compile(r" *(\d+\.?\d*|\.\d+|\\[a-zA-Z]+|[A-Za-z]|[-+*/()^_{}\[\]])")
_CONSTANTS: Final = {r"\pi": cmath.pi, "e": cmath.e, "i": 1j}
_MULTIPLICATION_SIGNS: Final = (r"\cdot", r"\times", "*")
_DIVISION_SIGNS: Final = (r"\div", "/")
_GREEK: Final = re.compile(r"\\(?:alpha|beta|gamma|delta|theta|lambda|mu|phi|omega|sigma|rho|tau|psi)")
_DEGREE: Final = r"^{\circ}"


class _NotUnderstood(Exception):
    """The reader has no rule for the expression."""


def differ(gold: str, answer: str) -> bool:
    r"""Whether two plain forms certainly differ in value.

    >>> differ(r"2\sqrt{5}", r"\sqrt{19}"), differ(r"2\sqrt{5}", r"\sqrt{20}"), differ(r"\cot x", "1")
    (True, False, False)
    >>> differ(r"(1,\pi)", r"(1,2\pi)"), differ("x+1", "(1,2)"), differ(r"1,\pi", r"\pi,1")
    (True, True, False)
    """
    gold_list, answer_list = _members(gold), _members(answer)
    if gold_list is None or answer_list is None:
        return False
    (gold_bracket, gold_values), (answer_bracket, values) = gold_list, answer_list
    if len(gold_values) != len(values):
        # Lists without brackets may repeat a member.
        return len(gold_values) == 1 or len(values) == 1 or gold_bracket == answer_bracket == "("
    if gold_bracket == "(":
        return any(map(_are_distinct, gold_values, values))
    return any(all(_are_distinct(gold_value, value) for value in values) for gold_value in gold_values)


def _are_distinct(left: complex, right: complex) -> bool:
    return abs(left - right) > _MIN_DIFFERENCE * (1 + abs(left))


@lru_cache(1 << 14)
def _members(text: str) -> tuple[str, tuple[complex, ...]] | None:
    """Return the bracket before a list, and the values of its members; a single expression is a list of one."""
    bracket = ""
    if text[:1] == "(" and text[-1:] == ")" and len(split_outside_brackets(text[1:-1], ",")) > 1:
        bracket, text = "(", text[1:-1]
    values = tuple(map(value_of, split_outside_brackets(text, ",")))
    known = tuple(value for value in values if value is not None)
    return (bracket, known) if len(known) == len(values) else None


@lru_cache(1 << 14)
def value_of(text: str) -> complex | None:
    r"""Return the value of a plain form with fixed numbers for its variables, or None.

    >>> value_of(r"\frac{1+3}{2}"), value_of("x") == value_of(r"\frac{2x}{2}"), value_of(r"\sin x")
    ((2+0j), True, None)
    """
    try:
        reader = _Reader(text.replace(_DEGREE, ""))
        value = reader.sum()
        if reader.token or not cmath.isfinite(value):
            return None
    except (_NotUnderstood, OverflowError, ZeroDivisionError, RecursionError):
        return None
    return value


class _Reader:
    """Evaluates an expression from left to right; `token` is the next token, "" at the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.index = 0
        self.token = ""
        self._next()

    def _next(self) -> str:
        """Move on to the next token, and return the one before it."""
        last = self.token
        if self.index == len(self.text):
            self.token = ""
            return last
        match = _TOKEN.match(self.text, self.index)
        if match is None:
            raise _NotUnderstood
        self.token, self.index = match[1], match.end()
        return last

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise _NotUnderstood

    def sum(self) -> complex:
        value = 0j
        sign = 1
        if self.token in ("+", "-"):
            sign = -1 if self._next() == "-" else 1
        value = sign * self.product()
        while self.token in ("+", "-"):
            sign = -1 if self._next() == "-" else 1
            value += sign * self.product()
        return value

    def product(self) -> complex:
        value, _ = self._juxtaposed()
        while self.token in _MULTIPLICATION_SIGNS or self.token in _DIVISION_SIGNS:
            is_division = self._next() in _DIVISION_SIGNS
            factor, count = self._juxtaposed()
            if is_division and count > 1:
                raise _NotUnderstood  # In 1/2x it is unclear whether x is in the numerator or the denominator.
            value = value / factor if is_division else value * factor
        return value

    def _juxtaposed(self) -> tuple[complex, int]:
        """Return the product of factors side by side, and how many there are."""
        value, count, numbers = 1 + 0j, 0, 0
        while self.token and (self.token[0].isalnum() or self.token[0] in ".(\\") and not self._is_operator():
            numbers += self.token[0].isdigit() or self.token in (r"\frac", "(")
            value *= self._power()
            count += 1
        # Numbers side by side may be a mixed number.
        if count == 0 or (numbers > 1 and count > 1 and not re.search("[A-Za-z]", re.sub(r"\\[a-z]+", "", self.text))):
            raise _NotUnderstood
        return value, count

    def _is_operator(self) -> bool:
        return self.token in _MULTIPLICATION_SIGNS or self.token in _DIVISION_SIGNS

    def _power(self) -> complex:
        value = self._atom()
        if self.token == "^":
            self._next()
            value = value ** self._group("{", "}")
        return complex(value)

    def _group(self, opening: str, closing: str) -> complex:
        self._expect(opening)
        value = self.sum()
        self._expect(closing)
        return value

    def _atom(self) -> complex:
        token = self.token
        if token == "(":
            return self._group("(", ")")
        self._next()
        if token[0].isdigit() or token[0] == ".":
            return complex(float(token))
        if token == r"\frac":
            return self._group("{", "}") / self._group("{", "}")
        if token == r"\sqrt":
            degree = self._group("[", "]") if self.token == "[" else 2
            return complex(self._group("{", "}") ** (1 / degree))
        if token in _CONSTANTS:
            return complex(_CONSTANTS[token])
        if len(token) == 1 or _GREEK.fullmatch(token):
            return self._variable(token)
        raise _NotUnderstood

    def _variable(self, name: str) -> complex:
        if self.token == "_":
            start = self.index
            end = closing_brace(self.text, start)
            if end is None:
                raise _NotUnderstood
            name += self.text[start:end]
            self.index = end + 1
            self._next()
        # math-verify does not distinguish upper and lower case.
        return complex(1.3 + sum(map(ord, name.lower())) % 97 / 61)
