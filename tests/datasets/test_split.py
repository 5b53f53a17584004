"""Splits: a function of a puzzle's key and the shares alone."""

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from knk.datasets.split import DEFAULT_SHARES, key_words, split_indices, split_of, sums_to_one


def test_splits_of_keys_are_pinned() -> None:
    keys = [hashlib.sha256(str(i).encode()).hexdigest()[:32] for i in range(40)]
    assert "".join(split_of(key)[1] for key in keys) == PINNED
    assert [DEFAULT_SHARES[i][0] for i in split_indices(key_words(keys), DEFAULT_SHARES)] == [*map(split_of, keys)]


PINNED = "rrrrrrerrrrrrrrarrrrrrrrrrrrrrrrrarrarrr"


def test_splits_have_the_requested_shares() -> None:
    words = np.random.Generator(np.random.PCG64(1)).integers(0, 2**64, size=(100_000, 2), dtype=np.uint64)
    shares = np.bincount(split_indices(words, DEFAULT_SHARES), minlength=3) / len(words)
    assert np.abs(shares - [0.9, 0.05, 0.05]).max() < 0.003


@given(st.integers(0, 2**128 - 1))
def test_the_order_of_the_splits_does_not_matter(number: int) -> None:
    key = f"{number:032x}"
    assert split_of(key, DEFAULT_SHARES) == split_of(key, DEFAULT_SHARES[::-1])


@given(st.integers(0, 2**128 - 1), st.floats(0.01, 0.5))
def test_a_smaller_test_share_selects_a_subset(number: int, share: float) -> None:
    key = f"{number:032x}"
    small = (("train", 1 - share / 2), ("test", share / 2))
    large = (("train", 1 - share), ("test", share))
    assert split_of(key, small) != "test" or split_of(key, large) == "test"


def test_a_single_split_gets_every_key() -> None:
    assert split_of("f" * 32, (("train", 1),)) == "train"


def test_decimal_shares_sum_to_one() -> None:
    assert sums_to_one((("a", 0.1), ("b", 0.2), ("c", 0.7)))
    assert not sums_to_one((("a", 1 / 3), ("b", 1 / 3), ("c", 1 / 3)))
