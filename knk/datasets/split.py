"""Which split a puzzle belongs to: a function of its key alone.

A key is turned into a point, one of 2**64, and the points are shared out among the splits. So a puzzle of one split is
never in another, whatever the seed, the release or the machine, as long as the shares are the same.
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
"""The splits and the share of all puzzles that each has."""
DEFAULT_SHARES: Final[Shares] = (("train", 0.9), ("validation", 0.05), ("test", 0.05))
_SALT: Final = np.uint64(0x6B6E6B2073706C69)


def split_of(key: str, shares: Shares = DEFAULT_SHARES) -> str:
    """Return the split of the puzzle with a key.

    The points are shared out in the order of the splits' names, in whatever order they are given: with the usual three
    the test has the lowest points and validation the highest, so that a change of its share moves none but those
    between it and train.

    Args:
        key: a puzzle's key, 32 hexadecimal digits.
        shares: the splits and their shares, which sum up to 1.

    >>> split_of("00000000000000000000000000000000")
    'train'
    >>> split_of("00000000000000000000000000000000", (("train", 0.1), ("test", 0.9)))
    'test'
    """
    return shares[int(split_places(key_words([key]), shares)[0])][0]


def split_places(words: UInt64Array, shares: Shares) -> npt.NDArray[np.intp]:
    """Return the place in `shares` of the split of each key, given as in `key_words`."""
    points = mix_words(mix_words(words[:, 0] ^ _SALT) ^ words[:, 1])
    order = sorted(range(len(shares)), key=lambda place: shares[place][0])
    upto = accumulate(_exact(shares[place][1]) for place in order[:-1])
    bounds = np.array([int(bound * 2**64) for bound in upto], dtype=np.uint64)
    return np.array(order)[np.searchsorted(bounds, points, side="right")]


def key_words(keys: Sequence[str]) -> UInt64Array:
    """Return keys as pairs of 64-bit words, shape (keys, 2).

    >>> key_words(["0000000000000001000000000000000a"]).tolist()
    [[1, 10]]
    """
    return np.frombuffer(bytes.fromhex("".join(keys)), dtype=">u8").reshape(-1, 2).astype(np.uint64)


def whole(shares: Shares) -> bool:
    """Whether the shares, taken as the decimals that they are written as, sum up to 1.

    >>> whole((("train", 0.7), ("validation", 0.2), ("test", 0.1)))
    True
    """
    return sum(_exact(share) for _, share in shares) == 1


def _exact(share: float) -> Fraction:
    # 0.7 + 0.2 + 0.1 is not 1 in binary, and bounds have to be the same on every machine.
    return Fraction(str(share))
