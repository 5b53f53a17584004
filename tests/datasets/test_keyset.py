"""The set of keys, against Python's own set."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from knk.datasets.keyset import KeySet


@given(st.lists(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 3), max_size=8), max_size=8), st.integers(1, 63))
def test_keys_are_a_set(blocks: list[list[int]], shift: int) -> None:
    keys, met = KeySet(), set[tuple[int, int]]()
    for block in blocks:
        # Many with one first half, and many homes that collide.
        pairs = sorted({(number >> shift, number + 1) for number in block if number < 2**64 - 1})
        words = np.array(pairs, dtype=np.uint64).reshape(-1, 2)
        lacking = keys.lacks(words)
        assert lacking.tolist() == [pair not in met for pair in pairs]
        keys.add(words[lacking])
        met.update(pairs)


def test_many_keys() -> None:
    words = np.random.Generator(np.random.PCG64(2)).integers(0, 2**64, size=(100_000, 2), dtype=np.uint64)
    keys = KeySet()
    for block in np.split(words[:80_000], 20):
        assert keys.lacks(block).all()
        keys.add(block)
    assert np.flatnonzero(keys.lacks(words)).tolist() == list(range(80_000, 100_000))
    assert keys._cells.nbytes <= 48 * 80_000
