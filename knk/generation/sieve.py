"""`Sieve`: lets each puzzle of a stream pass once, and ends the stream when new puzzles have become too rare."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from knk.errors import NotEnough
from knk.generation.draws import IndexArray
from knk.generation.hashset import HashSet, first_occurrences
from knk.generation.sampled import MAX_SAMPLED_PEOPLE, block_size, count_puzzles
from knk.generation.spec import KINDS, NOBODY_SPEAKS, Spec
from knk.generation.statement_table import statement_table
from knk.generation.targets import GAVE_UP, Verdicts, cost, matches_target
from knk.logic.mixing import UInt64Array

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SearchLimits:
    """When to give up a search for new puzzles.

    Args:
        candidates: the size of a window of candidates, in which at least `new_puzzles` have to be new.
        new_puzzles: how many; one is enough if the number of all puzzles is known.
        cost: how much a search for a target may cost (see `knk.generation.targets.cost`) without a match.
    """

    candidates: int = 1 << 22
    new_puzzles: int = 16
    cost: int = 1 << 22


DEFAULT_LIMITS: Final = SearchLimits()


@dataclass
class SearchState:
    """The state of a search, with which it can be resumed.

    Args:
        blocks: how many blocks were searched.
        new: how many of their puzzles were new, matching or not.
        matching: how many new puzzles match the target.
        window_blocks: the value of `blocks` when the present window of `SearchLimits.candidates` candidates began.
        window_new: the value of `new` at that time.
        cost: the cost of the search for the target since the last match.
        gave_up: how many puzzles were too hard to measure.
    """

    blocks: int = 0
    new: int = 0
    matching: int = 0
    window_blocks: int = 0
    window_new: int = 0
    cost: int = 0
    gave_up: int = 0


class Search:
    """A search through the blocks of one number of people, which ends when it finds too little.

    Args:
        spec: the specification, for one number of people.
        seed: the seed of the blocks.
        limits: when to give up.
        state: where to resume.
    """

    def __init__(
        self, spec: Spec, seed: int, limits: SearchLimits = DEFAULT_LIMITS, state: SearchState | None = None
    ) -> None:
        self.state = state or SearchState()
        self._spec = spec
        self._seed = seed
        self._limits = limits
        self._people = spec.people_range[0]
        self._block_size = block_size(self._people) if self._people <= MAX_SAMPLED_PEOPLE else 1
        self._counted = False
        self._total: int | None = None

    @property
    def found(self) -> int:
        """How many puzzles were found: the matching ones if there is a target, else all new ones."""
        return self.state.matching if self._spec.target else self.state.new

    def note_new(self, new: int, of: int) -> None:
        """Note how many puzzles of a block were new; if few were, find out how many puzzles there are."""
        if not self._counted and 2 * new <= of:
            self._count()

    def note_verdicts(self, verdicts: Verdicts, matching: int) -> None:
        """Note the verdicts on a block's puzzles, and how many new puzzles that match came with them."""
        self.state.cost = 0 if matching else self.state.cost + cost(verdicts, self._people)
        self.state.gave_up += count_gave_up(verdicts, self._people)

    def finish_blocks(self, blocks: int = 1) -> None:
        """Record that blocks were searched and more puzzles are needed.

        Raises:
            NotEnough: every puzzle has been found, or new ones, or matching ones, have become too rare.
        """
        state, limits = self.state, self._limits
        state.blocks += blocks
        if self._total is not None and self._total <= (0 if self._spec.duplicates else state.new):
            raise self._not_enough(self._total_message(), self._total)
        if (state.blocks - state.window_blocks) * self._block_size >= limits.candidates:
            if not self._spec.target:
                self._count()
            if state.new - state.window_new < (limits.new_puzzles if self._total is None else 1):
                tries = state.blocks * self._block_size
                raise self._not_enough(
                    f"only {state.new:,} new puzzles of {self._people} people were found in {tries:,} tries",
                    state.new,
                )
            state.window_blocks, state.window_new = state.blocks, state.new
        if state.cost >= limits.cost:
            raise self._not_enough(f"the search among puzzles of {self._people} people finds no more", 0)

    def _count(self) -> None:
        if not self._counted and self._people <= MAX_SAMPLED_PEOPLE:
            self._total = count_puzzles(statement_table(self._spec, self._people, self._seed, 0))
        self._counted = True

    def _not_enough(self, problem: str, found: int) -> NotEnough:
        if self._spec.statements_range[1] == 0:
            return NotEnough(NOBODY_SPEAKS, found)
        advice = "; ask for fewer, for more people"
        if self._spec.target:
            summary = search_summary(self._spec, self.state)
            return NotEnough(f"{problem}{summary}{advice}, or for another target", self.state.matching)
        has_all_kinds = all(dict(self._spec.kinds).get(kind) for kind in KINDS)
        return NotEnough(
            problem + advice + ("" if has_all_kinds else ", or for more kinds of statements (preset rich)"), found
        )

    def _total_message(self) -> str:
        people, more = self._people, None
        if not self._spec.trivial:
            more = count_puzzles(statement_table(replace(self._spec, trivial=True), people, self._seed, 0))
        hint = f" ({more:,} with trivial statements)" if more and more != self._total else ""
        number = f"only {self._total:,} different" if self._total else "no"
        return f"there are {number} puzzles of {people} {'person' if people == 1 else 'people'}{hint}"


class Sieve(Search):
    """A search that lets each puzzle pass once, by its fingerprint; see `Search` for its arguments."""

    def __init__(self, spec: Spec, seed: int, limits: SearchLimits = DEFAULT_LIMITS) -> None:
        super().__init__(spec, seed, limits)
        self._seen = HashSet()

    def new_indices(self, fingerprints: UInt64Array) -> IndexArray:
        """Return the indices of a block's puzzles that are new."""
        if self._spec.duplicates:
            new = np.arange(len(fingerprints))
        else:
            nonzero = np.where(fingerprints == 0, np.uint64(1), fingerprints)
            first = first_occurrences(nonzero)
            new = first[self._seen.add(nonzero[first])]
        self.state.new += len(new)
        self.note_new(len(new), len(fingerprints))
        return new

    def add_verdicts(self, verdicts: Verdicts) -> None:
        """Record the verdicts on a block's new puzzles."""
        matching = int(matches_target(verdicts).sum())
        self.state.matching += matching
        self.note_verdicts(verdicts, matching)


def count_gave_up(verdicts: Verdicts, people: int) -> int:
    """Return how many puzzles are too hard to measure, and log it."""
    gave_up = int((verdicts == GAVE_UP).sum())
    if gave_up:
        _log.warning("%d puzzles of %d people are too hard to measure and count as not matching", gave_up, people)
    return gave_up


def search_summary(spec: Spec, state: SearchState) -> str:
    """Return the end of a message: how a search for a target went.

    >>> search_summary(Spec(target={"grade": 5}), SearchState(new=1000))
    ': 0 of 1,000 examined have grade 5'
    """
    too_hard = f", and {state.gave_up:,} were too hard to measure" if state.gave_up else ""
    return f": {state.matching:,} of {state.new:,} examined have {spec.target_text}{too_hard}"
