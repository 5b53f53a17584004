"""The split of a puzzle: a function of its key and the shares alone.

A key is hashed to one of 2**64 points, and each split has a range of points. So a puzzle of one split is never in
another, whatever the seed, the version or the machine, as long as the shares are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt

from knk.logic.mixing import UInt64Array, mix_words

Shares = tuple[tuple[str, float], ...]
"""The splits, each with its share of all puzzles."""
DEFAULT_SHARES: Final[Shares] = (("train", 0.9), ("validation", 0.05), ("test", 0.05))
_SALT: Final = np.uint64(0x6B6E6B2073706C69)


def split_of(key: str, shares: Shares = DEFAULT_SHARES) -> str:
    """Return the split of the puzzle with a key.

    Ranges of points are assigned in the order of the splits' names, not in the order of `shares`. With the default
    splits, test has the lowest points and validation the highest, so that a change of the share of one of them only
    exchanges puzzles between it and train.

    Args:
        key: a puzzle's key, 32 hexadecimal digits.
        shares: the splits and their shares, which sum to 1.

    >>> split_of("00000000000000000000000000000000")
    'train'
    >>> split_of("00000000000000000000000000000000", (("train", 0.1), ("test", 0.9)))
    'test'
    """
    return shares[int(split_indices(key_words([key]), shares)[0])][0]


def split_indices(words: UInt64Array, shares: Shares) -> npt.NDArray[np.intp]:
    """Return for each key the index in `shares` of its split.

    Args:
        words: the keys, as `key_words` returns them.
        shares: the splits and their shares, which sum to 1.
    """
    points = mix_words(mix_words(words[:, 0] ^ _SALT) ^ words[:, 1])
    order = sorted(range(len(shares)), key=lambda index: shares[index][0])
    sums = accumulate(_exact(shares[index][1]) for index in order[:-1])
    bounds = np.array([int(bound * 2**64) for bound in sums], dtype=np.uint64)
    return np.array(order)[np.searchsorted(bounds, points, side="right")]


def key_words(keys: Sequence[str]) -> UInt64Array:
    """Return keys as pairs of 64-bit words, shape (keys, 2).

    >>> key_words(["0000000000000001000000000000000a"]).tolist()
    [[1, 10]]
    """
    return np.frombuffer(bytes.fromhex("".join(keys)), dtype=">u8").reshape(-1, 2).astype(np.uint64)


def sums_to_one(shares: Shares) -> bool:
    """Whether the shares, taken as the decimal numbers that they are written as, sum to 1.

    >>> sums_to_one((("train", 0.7), ("validation", 0.2), ("test", 0.1)))
    True
    """
    return sum(_exact(share) for _, share in shares) == 1


def _exact(share: float) -> Fraction:
    # 0.7 + 0.2 + 0.1 is not exactly 1 in floating point, and bounds have to be the same on every machine.
    return Fraction(str(share))
