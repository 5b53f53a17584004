"""`HashSet` against Python's own set."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from knk.generation.hashset import HashSet, first_occurrences


@given(st.lists(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 3), max_size=8), max_size=8), st.integers(1, 63))
def test_items_of_two_words_are_a_set(blocks: list[list[int]], shift: int) -> None:
    keys, expected = HashSet(words=2), set[tuple[int, int]]()
    for block in blocks:
        # Many with one first half, and many homes that collide.
        pairs = sorted({(number >> shift, number + 1) for number in block if number < 2**64 - 1})
        words = np.array(pairs, dtype=np.uint64).reshape(-1, 2)
        is_new = keys.is_new(words)
        assert is_new.tolist() == [pair not in expected for pair in pairs]
        assert keys.add(words).tolist() == is_new.tolist()
        expected.update(pairs)
    assert len(keys) == len(expected)


def test_many_items_need_little_memory() -> None:
    words = np.random.Generator(np.random.PCG64(2)).integers(0, 2**64, size=(100_000, 2), dtype=np.uint64)
    keys = HashSet(words=2)
    for block in np.split(words[:80_000], 20):
        assert keys.is_new(block).all()
        keys.add(block)
    assert np.flatnonzero(keys.is_new(words)).tolist() == list(range(80_000, 100_000))
    assert keys.nbytes <= 48 * 80_000


def test_items_of_one_word_are_a_set_of_arrays_with_repetitions() -> None:
    rng = np.random.default_rng(0)
    seen, expected = HashSet(), set[int]()
    for _ in range(60):
        numbers = rng.integers(1, 3000, rng.integers(0, 400)).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        new = []
        for index, number in enumerate(numbers.tolist()):
            if number not in expected:
                expected.add(number)
                new.append(index)
        first = first_occurrences(numbers)
        assert first[seen.add(numbers[first])].tolist() == new
