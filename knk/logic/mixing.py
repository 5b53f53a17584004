"""Scrambling 64-bit numbers, the same on every machine and release (the finaliser of SplitMix64)."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

UInt64Array = npt.NDArray[np.uint64]
MASK: Final = (1 << 64) - 1
"""The largest 64-bit number."""


def mix(x: int) -> int:
    """Scramble a 64-bit number, one to one.

    >>> mix(0)
    16294208416658607535
    """
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def mix_words(x: UInt64Array) -> UInt64Array:
    """Scramble an array of 64-bit numbers as `mix` does each.

    >>> mix_words(np.zeros(1, dtype=np.uint64)).tolist() == [mix(0)]
    True
    """
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
