"""A growing set of puzzle keys, compact enough for many millions of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from knk.logic.mixing import UInt64Array


class KeySet:
    """A growing set of keys: a hash table with linear probing, 24 to 48 bytes a key, and 72 while it grows."""

    def __init__(self) -> None:
        self._count = 0
        self._cells: UInt64Array = np.zeros((1 << 12, 2), dtype=np.uint64)

    def lacks(self, keys: UInt64Array) -> npt.NDArray[np.bool_]:
        """Return which of the keys are not in the set."""
        lacking = np.ones(len(keys), dtype=bool)
        left, cells = np.arange(len(keys)), self._homes(keys)
        while len(left):
            held = self._cells[cells]
            same = (held == keys[left]).all(axis=1)
            lacking[left[same]] = False
            onward = ~same & held.any(axis=1)
            left, cells = left[onward], (cells[onward] + 1) % len(self._cells)
        return lacking

    def add(self, keys: UInt64Array) -> None:
        """Add keys, all different, that are not in the set."""
        self._count += len(keys)
        if 3 * self._count > 2 * len(self._cells):
            held = self._cells[self._cells.any(axis=1)]
            size = len(self._cells)
            while 3 * self._count > 2 * size:
                size *= 2
            self._cells = np.zeros((size, 2), dtype=np.uint64)
            self._insert(held)
        self._insert(keys)

    def _insert(self, keys: UInt64Array) -> None:
        left, cells = keys, self._homes(keys)
        while len(left):
            free = ~self._cells[cells].any(axis=1)
            self._cells[cells[free]] = left[free]
            # Where several went for one cell the last is in it, and the others go on.
            onward = (self._cells[cells] != left).any(axis=1)
            left, cells = left[onward], (cells[onward] + 1) % len(self._cells)

    def _homes(self, keys: UInt64Array) -> npt.NDArray[np.intp]:
        size = np.uint64(len(self._cells))
        return ((keys[:, 0] >> np.uint64(32)) * size >> np.uint64(32)).astype(np.intp)
