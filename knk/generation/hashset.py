"""`HashSet`: a set of 64-bit numbers, or of keys of several, that handles whole arrays at a time."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from knk.generation.draws import IndexArray
from knk.logic.mixing import UInt64Array

BoolArray = npt.NDArray[np.bool_]

_FIRST_SIZE: Final = 1 << 12
_HALF: Final = np.uint64(32)


class HashSet:
    """A growing set of items of one or more 64-bit words: a hash table with linear probing, at most two thirds full.

    A set of items of two words needs 24 to 48 bytes for each, and 72 while it grows. The first word of an item has to
    be a hash itself. An item of zeros alone cannot be stored.

    Args:
        words: the number of words of an item.

    >>> seen = HashSet()
    >>> seen.add(np.array([5, 6], dtype=np.uint64)).tolist(), seen.add(np.array([6, 7], dtype=np.uint64)).tolist()
    ([True, True], [False, True])
    """

    def __init__(self, words: int = 1) -> None:
        self._count = 0
        # Growing more at a time is faster; sets of longer items are those whose memory matters.
        self._growth = 4 if words == 1 else 2
        self._cells: UInt64Array = np.zeros(_FIRST_SIZE if words == 1 else (_FIRST_SIZE, words), dtype=np.uint64)

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """The bytes of memory of the table."""
        return self._cells.nbytes

    def add(self, items: UInt64Array) -> BoolArray:
        """Add items, all different, and return which of them were new.

        Args:
            items: shape (items,) if they have one word, else (items, words).
        """
        if 3 * (self._count + len(items)) > 2 * len(self._cells):
            self._grow(self._count + len(items))
        new = self._insert(items)
        self._count += int(np.count_nonzero(new))
        return new

    def is_new(self, items: UInt64Array) -> BoolArray:
        """Return which of the items are not in the set.

        Args:
            items: as for `add`.
        """
        is_new = np.ones(len(items), dtype=bool)
        left, cells = np.arange(len(items)), self._first_cells(items)
        while len(left):
            stored = self._cells.take(cells, axis=0)
            differs = _differ(stored, items[left])
            is_new[left[~differs]] = False
            onward = np.flatnonzero(differs & ~_is_zero(stored))
            left, cells = left[onward], (cells[onward] + 1) % len(self._cells)
        return is_new

    def _grow(self, count: int) -> None:
        items = self._cells[~_is_zero(self._cells)]
        size = len(self._cells)
        while 3 * count > 2 * size:
            size *= self._growth
        self._cells = np.zeros((size, *self._cells.shape[1:]), dtype=np.uint64)
        self._insert(items)

    def _insert(self, items: UInt64Array) -> BoolArray:
        new = np.zeros(len(items), dtype=bool)
        left, cells = np.arange(len(items)), self._first_cells(items)
        while len(left):
            pending = items[left]
            free = np.flatnonzero(_is_zero(self._cells.take(cells, axis=0)))
            self._cells[cells[free]] = pending[free]
            new[left[free]] = True
            # If several items wanted one cell, the last of them is in it, and the others try the next cell.
            onward = np.flatnonzero(_differ(self._cells.take(cells, axis=0), pending))
            left, cells = left[onward], (cells[onward] + 1) % len(self._cells)
            new[left] = False
        return new

    def _first_cells(self, items: UInt64Array) -> IndexArray:
        first = items if items.ndim == 1 else items[:, 0]
        return ((first >> _HALF) * np.uint64(len(self._cells)) >> _HALF).astype(np.intp)


def first_occurrences(numbers: UInt64Array) -> IndexArray:
    """Return the indices of the numbers, in order, without those of repetitions.

    >>> first_occurrences(np.array([7, 5, 7, 6], dtype=np.uint64)).tolist()
    [0, 1, 3]
    """
    in_order = np.sort(numbers)
    repeated = in_order[1:][in_order[1:] == in_order[:-1]]
    if not len(repeated):
        return np.arange(len(numbers))
    # Repetitions are few as a rule, and sorting only those stably is faster than sorting all numbers stably.
    suspects = np.flatnonzero(np.isin(numbers, repeated))
    first = np.ones(len(numbers), dtype=bool)
    first[suspects] = False
    first[suspects[np.unique(numbers[suspects], return_index=True)[1]]] = True
    return np.flatnonzero(first)


def _is_zero(items: UInt64Array) -> BoolArray:
    result: Any = items == 0 if items.ndim == 1 else ~items.any(axis=1)
    return result  # type: ignore[no-any-return]


def _differ(items: UInt64Array, others: UInt64Array) -> BoolArray:
    result: Any = items != others
    return result if items.ndim == 1 else result.any(axis=1)  # type: ignore[no-any-return]
