"""The sieve: each puzzle once, and an end when new puzzles are too rare."""

import numpy as np
import pytest

from knk.errors import NotEnough
from knk.generation.generate import candidates, puzzles
from knk.generation.sampled import block_size
from knk.generation.sieve import Search, SearchLimits, SearchState, Sieve
from knk.generation.spec import Spec
from knk.generation.targets import MATCH, NO_MATCH

SPEC = Spec(people=5)


def test_a_repeated_block_has_no_fresh_fingerprints() -> None:
    sieve, block = Sieve(SPEC, seed=1), candidates(SPEC, 1, 0)
    first = sieve.new_indices(block.fingerprints)
    assert len(first) == len(set(block.fingerprints.tolist()))
    assert not len(sieve.new_indices(block.fingerprints))
    assert sieve.found == len(first)


def test_the_zero_fingerprint_is_stored_like_any_other() -> None:
    sieve, fingerprints = Sieve(SPEC, seed=1), np.array([0, 7, 0], dtype=np.uint64)
    assert sieve.new_indices(fingerprints).tolist() == [0, 1]
    assert not len(sieve.new_indices(fingerprints))


def test_requested_duplicates_pass() -> None:
    sieve = Sieve(SPEC.with_changes(duplicates=True), seed=1)
    assert sieve.new_indices(np.array([7, 7], dtype=np.uint64)).tolist() == [0, 1]


def test_a_window_with_too_few_new_puzzles_ends_the_search() -> None:
    size = block_size(5)
    limits = SearchLimits(candidates=size, new_puzzles=1 << 20)
    with pytest.raises(NotEnough, match=f"only [0-9,]+ new puzzles of 5 people were found in {size:,} tries"):
        list(puzzles(SPEC, seed=1, limits=limits))


def test_a_window_with_enough_new_puzzles_starts_another() -> None:
    search = Search(SPEC, 1, SearchLimits(candidates=2 * block_size(5), new_puzzles=3))
    for new in (2, 2, 3, 0):
        search.state.new += new
        search.finish_blocks()
    assert (search.state.window_blocks, search.state.window_new) == (4, 7)
    with pytest.raises(NotEnough, match="only 7 new puzzles"):
        search.finish_blocks(2)


def test_a_match_resets_the_cost_of_a_search() -> None:
    search = Search(Spec(people=5, target={"grade": 3}), 1)  # type: ignore[arg-type]
    verdicts = np.array([NO_MATCH, NO_MATCH, MATCH], dtype=np.uint8)
    search.note_verdicts(verdicts, matching=0)
    search.note_verdicts(verdicts, matching=0)
    assert search.state.cost == 6
    search.note_verdicts(verdicts, matching=1)
    assert search.state.cost == 0


def test_a_search_resumes_from_its_state() -> None:
    state = SearchState(blocks=5, new=40, window_blocks=4, window_new=39)
    search = Search(SPEC, 1, SearchLimits(candidates=2 * block_size(5), new_puzzles=2), state)
    with pytest.raises(NotEnough, match="only 40 new puzzles"):
        search.finish_blocks()
