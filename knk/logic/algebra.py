"""The algebras in which statements are evaluated.

A statement gives its meaning in terms of `&`, `|` and `^` alone, so that one definition serves the numbers 0 and 1,
truth tables held as big integers, NumPy arrays, sympy expressions and the gates of a SAT encoding. In each of them
`roles[i]` is "person i is a knight" and `all_true` is "true".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any


def at_least(values: Sequence[Any], max_count: int, all_true: Any) -> list[Any]:
    """Return `[at least 0, at least 1, ..., at least max_count]` of `values`, in the algebra of `all_true`.

    >>> [f"{table:04b}" for table in at_least([0b1010, 0b1100], 2, 0b1111)]
    ['1111', '1110', '1000']
    """
    counts = [all_true] + [all_true ^ all_true] * max_count
    for seen, x in enumerate(values, 1):
        for k in range(min(max_count, seen), 0, -1):
            counts[k] = counts[k] | (counts[k - 1] & x)
    return counts


@cache
def masks(people: int) -> tuple[tuple[int, ...], int]:
    """Return the truth table of "i is a knight" for each person i, and the table of "true".

    A table is a big integer; its bit t is the truth where person i is a knight if and only if bit i of t is set.

    >>> [f"{mask:04b}" for mask in masks(2)[0]]
    ['1010', '1100']
    """
    all_true = (1 << (1 << people)) - 1
    return tuple(all_true // ((1 << (1 << i)) + 1) << (1 << i) for i in range(people)), all_true
