"""The nesting of thousands of puzzles at once, from truth tables: a quick filter before `difficulty`.

It decides whether propagation alone, or suppositions that are not nested, determine everybody's role.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_Tables = npt.NDArray[Any]


def min_nestings(fitting: _Tables, solutions: _Tables, people: int, max_nesting: int = 1) -> npt.NDArray[np.int8]:
    """Return the nesting of many puzzles of the same size, or `max_nesting + 1` for all above.

    Args:
        fitting: truth tables, as machine words, of the assignments that fit each statement of each puzzle; shape
            (statements, puzzles, words).
        solutions: the only solution of each puzzle; bit i is set if person i is a knight; shape (puzzles,).
        people: how many people there are.
        max_nesting: 0 or 1.

    >>> only_the_second = np.array([[[0b0100]]], dtype=np.uint32)
    >>> min_nestings(only_the_second, np.array([0b10]), people=2).tolist()
    [0]
    """
    bits = np.arange(8 * fitting.itemsize * fitting.shape[2])
    everything = _packed(bits < 1 << people, fitting)
    knights = [_packed((bits < 1 << people) & (bits >> person & 1 == 1), fitting) for person in range(people)]
    left = _propagated(fitting, np.repeat(everything[None], fitting.shape[1], axis=0), knights)
    active = np.flatnonzero(_has_several_bits(left))
    result = np.zeros(fitting.shape[1], dtype=np.int8)
    result[active] = 1
    left = left[active] if max_nesting else left[:0]
    while len(left):
        fits = fitting[:, active]
        after = left.copy()
        for person, knight in enumerate(knights):
            right = np.where((solutions[active] >> person & 1 == 1)[:, None], knight, everything ^ knight)
            open_ = np.flatnonzero(_has_bits(left & ~right))
            supposed = _propagated(fits[:, open_], (left & ~right)[open_], knights)
            refuted = open_[~_has_bits(supposed)]
            after[refuted] &= right[refuted]
        after = _propagated(fits, after, knights)
        stuck, several = ~_has_bits(after ^ left), _has_several_bits(after)
        result[active[stuck]] = 2
        active, left = active[several & ~stuck], after[several & ~stuck]
    return result


def _propagated(fitting: _Tables, left: _Tables, knights: list[_Tables]) -> _Tables:
    """Return the assignments that are left by every role that single statements force, none at a conflict.

    Args:
        fitting: as for `min_nestings`.
        left: the assignments that fit the roles known at first, shape (puzzles, words).
        knights: for each person, the assignments in which they are a knight, shape (words,).
    """
    left, active = left.copy(), np.arange(len(left))
    while len(active):
        before = left[active]
        after = before.copy()
        for table in fitting:
            fits = table[active] & before
            for knight in knights:
                as_knight = fits & knight
                after[~_has_bits(as_knight)] &= ~knight
                after[~_has_bits(fits ^ as_knight)] &= knight
        left[active] = after
        active = active[_has_bits(after ^ before)]
    return left


def _packed(bits: npt.NDArray[np.bool_], like: _Tables) -> _Tables:
    """Return bits as machine words of another array's type."""
    return np.packbits(bits, bitorder="little").view(like.dtype)


def _has_bits(tables: _Tables) -> npt.NDArray[np.bool_]:
    """Whether any bit is set, for each puzzle."""
    # Where a table is one word, this is several times as fast as `any`.
    some: npt.NDArray[np.bool_] = tables[:, 0] != 0 if tables.shape[1] == 1 else np.any(tables != 0, axis=1)
    return some


def _has_several_bits(tables: _Tables) -> npt.NDArray[np.bool_]:
    """Whether more than one bit is set, for each puzzle."""
    result: npt.NDArray[np.bool_] = np.bitwise_count(tables).sum(axis=1, dtype=np.int64) > 1
    return result
