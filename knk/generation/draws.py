"""Random numbers that are the same on every machine and in every release."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from knk.logic.mixing import UInt64Array

SHARES: Final = 1 << 14
"""Probabilities are cut into this many equal shares, so that a draw is a whole number."""
_WORD_MASK: Final = (1 << 64) - 1
_BUFFER_WORDS: Final = 256

IndexArray = npt.NDArray[np.intp]

_Item = TypeVar("_Item")


class Draws:
    """An endless sequence of random numbers that is the same on every machine and in every release.

    NumPy promises that the raw words of a bit generator never change, but not what is derived from them; so
    everything else is derived here.

    Args:
        seed: integers that name the sequence.

    >>> Draws(7).below(10) == Draws(7).below(10)
    True
    """

    def __init__(self, *seed: int) -> None:
        self._source = np.random.PCG64(np.random.SeedSequence([part & _WORD_MASK for part in seed]))
        self._buffer: list[int] = []

    def words(self, count: int) -> UInt64Array:
        """Return the next 64-bit words, shape (count,)."""
        return self._source.random_raw(count)

    def shares(self, *shape: int) -> IndexArray:
        """Return the next numbers below `SHARES`, in any shape."""
        count = int(np.prod(shape))
        halves = self.words(-(-count // 4)).astype("<u8").view("<u2")[:count].reshape(shape)
        return (halves & np.uint16(SHARES - 1)).astype(np.intp)

    def below(self, bound: int) -> int:
        """Return a number from 0 to `bound - 1`, all equally likely to within one part in 2**30."""
        if not self._buffer:
            self._buffer = self.words(_BUFFER_WORDS).tolist()
        return (self._buffer.pop() >> 16) * bound >> 48

    def pick(self, items: Sequence[_Item]) -> _Item:
        """Return one of the items, all equally likely."""
        return items[self.below(len(items))]

    def sample(self, items: Sequence[_Item], count: int) -> list[_Item]:
        """Return `count` different items, in random order."""
        pool = list(items)
        for index in range(count):
            other = index + self.below(len(pool) - index)
            pool[index], pool[other] = pool[other], pool[index]
        return pool[:count]
