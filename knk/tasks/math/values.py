r"""What an expression comes to, roughly: a quick way to see that two of them differ, which math-verify is slow to say.

Variables stand for fixed numbers. Where two expressions come to different numbers they are different; where they come
to the same, or one has something that is not understood here, nothing is said.
"""

from __future__ import annotations

import cmath
import re
from functools import lru_cache
from typing import Final

from knk.tasks.math.forms import closing, pieces

_APART: Final = 1e-5
"""More than what a decimal that is rounded to six figures may be off."""
_TOKEN: Final = re.compile(r" *(\d+\.?\d*|\.\d+|\\[a-zA-Z]+|[A-Za-z]|[-+*/()^_{}\[\]])")
_CONSTANTS: Final = {r"\pi": cmath.pi, "e": cmath.e, "i": 1j}
_TIMES: Final = (r"\cdot", r"\times", "*")
_OVER: Final = (r"\div", "/")
_GREEK: Final = re.compile(r"\\(?:alpha|beta|gamma|delta|theta|lambda|mu|phi|omega|sigma|rho|tau|psi)")
_DEGREE: Final = r"^{\circ}"


class _NotUnderstood(Exception):
    """Something that no rule here is for."""


def differ(gold: str, said: str) -> bool:
    r"""Whether two plain forms are certainly not the same.

    >>> differ(r"2\sqrt{5}", r"\sqrt{19}"), differ(r"2\sqrt{5}", r"\sqrt{20}"), differ(r"\cot x", "1")
    (True, False, False)
    >>> differ(r"(1,\pi)", r"(1,2\pi)"), differ("x+1", "(1,2)"), differ(r"1,\pi", r"\pi,1")
    (True, True, False)
    """
    wanted, found = _members(gold), _members(said)
    if wanted is None or found is None:
        return False
    if len(wanted[1]) != len(found[1]):
        # Lists in no brackets may say a thing twice.
        return len(wanted[1]) == 1 or len(found[1]) == 1 or wanted[0] == found[0] == "("
    if wanted[0] == "(":
        return any(map(_apart, wanted[1], found[1]))
    return any(all(_apart(one, other) for other in found[1]) for one in wanted[1])


def _apart(one: complex, other: complex) -> bool:
    return abs(one - other) > _APART * (1 + abs(one))


@lru_cache(1 << 14)
def _members(text: str) -> tuple[str, tuple[complex, ...]] | None:
    """Return the bracket before a list and what its members come to; of what is no list the one value."""
    bracket = ""
    if text[:1] == "(" and text[-1:] == ")" and len(pieces(text[1:-1], ",")) > 1:
        bracket, text = "(", text[1:-1]
    values = tuple(map(value_of, pieces(text, ",")))
    known = tuple(value for value in values if value is not None)
    return (bracket, known) if len(known) == len(values) else None


@lru_cache(1 << 14)
def value_of(text: str) -> complex | None:
    r"""Return what a plain form comes to with fixed numbers for its variables, or None.

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
    """Reads an expression from left to right; `token` is the next piece of it, "" at the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.token = ""
        self._next()

    def _next(self) -> str:
        last = self.token
        if self.place == len(self.text):
            self.token = ""
            return last
        found = _TOKEN.match(self.text, self.place)
        if found is None:
            raise _NotUnderstood
        self.token, self.place = found[1], found.end()
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
        value, _ = self._side_by_side()
        while self.token in _TIMES or self.token in _OVER:
            over = self._next() in _OVER
            factor, count = self._side_by_side()
            if over and count > 1:
                raise _NotUnderstood  # Of 1/2x nobody knows whether the x is above or below.
            value = value / factor if over else value * factor
        return value

    def _side_by_side(self) -> tuple[complex, int]:
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
        return self.token in _TIMES or self.token in _OVER

    def _power(self) -> complex:
        value = self._atom()
        if self.token == "^":
            self._next()
            value = value ** self._group("{", "}")
        return complex(value)

    def _group(self, opened: str, closed: str) -> complex:
        self._expect(opened)
        value = self.sum()
        self._expect(closed)
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
            start = self.place
            end = closing(self.text, start)
            if end is None:
                raise _NotUnderstood
            name += self.text[start:end]
            self.place = end + 1
            self._next()
        # math-verify does not tell capitals from small letters.
        return complex(1.3 + sum(map(ord, name.lower())) % 97 / 61)
