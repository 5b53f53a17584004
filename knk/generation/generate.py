"""From a specification and a seed to puzzles with exactly one solution.

Puzzles come in blocks, and block b of a seed is the same however many blocks are asked for and whoever makes it: for
few people from `knk.generation.sampled`, for many from `knk.generation.planted`. A sieve lets each key pass once. So
what comes out depends on the specification and the seed alone, and a long request begins with what a short one gives.

Where the specification has a target, what comes out of the sieve is looked at once more (`knk.generation.targets`),
and those puzzles pass that fit: the same as would come without the target, but for those that do not fit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import repeat
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from knk.errors import BadSpec, NotEnough
from knk.generation.grammar import Draws
from knk.generation.planted import planted_block
from knk.generation.sampled import (
    MAX_SAMPLED_PEOPLE,
    Block,
    IndexArray,
    Vocabulary,
    block_size,
    drawn_block,
    how_many,
    vocabulary_for,
)
from knk.generation.spec import PRESETS, Spec
from knk.generation.targets import (
    GAVE_UP,
    Verdicts,
    cost,
    first_verdicts,
    fitting,
    that_fit,
)
from knk.logic.mixing import UInt64Array
from knk.logic.puzzle import Puzzle

EPOCH: Final = 64
"""Blocks that share a drawn vocabulary."""
PATIENCE: Final = 1 << 22
"""Candidates in which at least `NEWS` new puzzles have to be found for the search to go on (or one, near the last)."""
NEWS: Final = 16
SEARCH: Final = 1 << 22
"""What a search for a target may cost (`knk.generation.targets.cost`) without finding a puzzle that fits."""
_log = logging.getLogger(__name__)


def generate(spec: Spec | None = None, n: int = 1, seed: int = 0, **changes: Any) -> Iterator[Puzzle]:
    """Return an iterator over `n` different puzzles, each with exactly one solution.

    Args:
        spec: what puzzles to make; the preset `classic` if not given.
        n: how many puzzles.
        seed: any whole number; the same seed gives the same puzzles, and the first of many are those of few.
        changes: fields of the specification to change; `preset`, the name of one to start from; and `grade`, short
            for a `target` of that grade.

    Raises:
        BadSpec: the specification contradicts itself.
        NotEnough: there are not that many puzzles, or no more could be found; those there are come first.

    >>> [len(puzzle.names) for puzzle in generate(people=4, n=2, seed=7)]
    [4, 4]
    >>> from knk.proofs.difficulty import difficulty
    >>> [difficulty(puzzle).grade for puzzle in generate(n=3, grade=3)]
    [3, 3, 3]
    """
    spec = spec_of(spec, **changes)
    if not isinstance(n, int) or n < 0:
        raise BadSpec(f"the number of puzzles is a whole number from 0 up, not {n!r}")
    if not isinstance(seed, int):
        raise BadSpec(f"a seed is a whole number, not {seed!r}")
    return _generated(spec, n, seed)


def spec_of(spec: Spec | None = None, preset: str | None = None, **changes: Any) -> Spec:
    """Return a specification from a preset's name and changes to it, of which `grade` is one to the target.

    Raises:
        BadSpec: there is no such preset or field, or the result contradicts itself.

    >>> spec_of(preset="rich", people=3).depth
    2
    >>> spec_of(grade=(2, 3)).target
    (('grade', (2, 3)),)
    """
    if preset is not None:
        if spec is not None:
            raise BadSpec("give a specification or a preset, not both")
        if preset not in PRESETS:
            raise BadSpec(f"there is no preset {preset!r}; there are {', '.join(PRESETS)}")
        spec = PRESETS[preset]
    spec = (spec or Spec()).with_changes(**{name: value for name, value in changes.items() if name != "grade"})
    if "grade" not in changes:
        return spec
    if "target" in changes and "grade" in spec.target_ranges:
        raise BadSpec("the grade is given twice, by itself and in the target")
    return spec.with_changes(target=dict(spec.target) | {"grade": changes["grade"]})


def _generated(spec: Spec, n: int, seed: int) -> Iterator[Puzzle]:
    least, most = spec.people_range
    streams = {people: _puzzles(replace(spec, people=people), seed) for people in range(least, most + 1)}
    for done, people in zip(range(n), sizes(spec, seed), strict=False):
        try:
            puzzle = next(streams[people])
        except NotEnough as error:
            raise NotEnough(f"{error} ({done} of the {n} asked for were made)", error.found) from None
        yield puzzle


def sizes(spec: Spec, seed: int) -> Iterator[int]:
    """Iterate over the endless row of numbers of people that a specification asks for, each equally often."""
    least, most = spec.people_range
    draws = Draws(seed, 1)
    if least == most:
        yield from repeat(least)
    while True:
        yield least + draws.below(most - least + 1)


def _puzzles(spec: Spec, seed: int) -> Iterator[Puzzle]:
    sieve = Sieve(spec, seed)
    for number, block in enumerate(_sifted(sieve, spec, seed)):
        if spec.target:
            verdicts, found = looked_at(block, seed, number)
            yield from found
            sieve.note(verdicts)
        else:
            yield from block.puzzles()


def blocks(spec: Spec, seed: int) -> Iterator[Block]:
    """Iterate over the blocks of puzzles of one number of people, duplicates left out and the target not looked at.

    Raises:
        NotEnough: at the end; nothing else ends it.
    """
    return _sifted(Sieve(spec, seed), spec, seed)


def _sifted(sieve: Sieve, spec: Spec, seed: int) -> Iterator[Block]:
    while True:
        block = candidates(spec, seed, sieve.next_block())
        yield block.only(sieve.fresh(block.marks))


def looked_at(
    block: Block, seed: int, number: int, wanted: Callable[[Puzzle], bool] | None = None
) -> tuple[Verdicts, Iterator[Puzzle]]:
    """Return verdicts on a block's puzzles, and an iterator over those that meet the target.

    Args:
        block: some puzzles of a block.
        seed: the block's seed.
        number: which block they are of.
        wanted: what else is asked of puzzles.

    Returns:
        The verdicts, which are complete when the iterator has come to its end, and the iterator.
    """
    verdicts = first_verdicts(block, _vocabulary(block.spec, seed, number))
    return verdicts, fitting(block, verdicts, wanted)


def candidates(spec: Spec, seed: int, number: int) -> Block:
    """Return a seed's block of that number, before duplicates are left out.

    Args:
        spec: the specification, for one number of people.
        seed: any whole number.
        number: which block, from 0.
    """
    vocabulary = _vocabulary(spec, seed, number)
    if vocabulary is None:
        return planted_block(spec, seed, number)
    return drawn_block(vocabulary, (seed, 2, spec.people_range[0], number))


def _vocabulary(spec: Spec, seed: int, number: int) -> Vocabulary | None:
    """Return what a block is drawn from, None for a block that is planted."""
    people = spec.people_range[0]
    return None if people > MAX_SAMPLED_PEOPLE else vocabulary_for(spec, people, seed, number // EPOCH)


class Sieve:
    """Lets each key of one number of people pass once, and knows when to stop looking.

    Args:
        spec: the specification, for one number of people.
        seed: any whole number.
    """

    def __init__(self, spec: Spec, seed: int) -> None:
        self._spec = spec
        self._seed = seed
        self._people = spec.people_range[0]
        self._block_size = 1 if self._people > MAX_SAMPLED_PEOPLE else block_size(self._people)
        self._blocks = self._found = self._fitting = self._gave_up = self._spent = 0
        self._watched = (0, 0)
        self._met = _Met()
        self._counted = False
        self._total: int | None = None

    def next_block(self) -> int:
        """Return the number of the block to sift next.

        Raises:
            NotEnough: every puzzle has been met, new ones have become too rare, or those that fit the target have.
        """
        if self._total is not None and self._total <= (0 if self._spec.duplicates else self._found):
            raise self._not_enough(self._all_there_are(), self._total)
        tried, met = self._watched
        if (self._blocks - tried) * self._block_size >= PATIENCE:
            if self._found - met < (NEWS if self._total is None else 1):
                raise self._not_enough(
                    f"only {self._found} puzzles of {self._people} people to this specification were found "
                    f"in {self._blocks * self._block_size} tries",
                    self._found,
                )
            self._watched = (self._blocks, self._found)
        if self._spent >= SEARCH:
            raise self._not_enough(f"the search among puzzles of {self._people} people finds no more", 0)
        self._blocks += 1
        return self._blocks - 1

    def note(self, verdicts: Verdicts) -> None:
        """Take note of the verdicts on a block's fresh puzzles."""
        found = int(that_fit(verdicts).sum())
        self._fitting += found
        self._spent = 0 if found else self._spent + cost(verdicts, self._people)
        self._gave_up += note_gave_up(verdicts, self._people)

    def _not_enough(self, problem: str, found: int) -> NotEnough:
        if not self._spec.target:
            return NotEnough(problem, found)
        return NotEnough(
            problem + told_search(self._spec, self._found, self._fitting, self._gave_up),
            self._fitting,
        )

    def _all_there_are(self) -> str:
        people, more = self._people, None
        if not self._spec.trivial:
            more = how_many(vocabulary_for(replace(self._spec, trivial=True), people, self._seed, 0))
        hint = f", {more} if trivial statements are allowed" if more and more != self._total else ""
        return f"the specification has only {self._total} different puzzles of {people} people{hint}"

    def fresh(self, marks: UInt64Array) -> IndexArray:
        """Return the places of the puzzles, told by their marks, that were not met before."""
        fresh = np.arange(len(marks)) if self._spec.duplicates else self._met.add(marks)
        self._found += len(fresh)
        if not self._counted and 2 * len(fresh) <= len(marks) and self._people <= MAX_SAMPLED_PEOPLE:
            self._total = how_many(vocabulary_for(self._spec, self._people, self._seed, 0))
            self._counted = True
        return fresh


def note_gave_up(verdicts: Verdicts, people: int) -> int:
    """Return how many puzzles are too hard to measure, and log it."""
    gave_up = int((verdicts == GAVE_UP).sum())
    if gave_up:
        _log.warning("%d puzzles of %d people are too hard to measure, and count as not fitting", gave_up, people)
    return gave_up


def told_search(spec: Spec, looked_at: int, fitting: int, gave_up: int) -> str:
    """Return the end of a message: how a search for a target went.

    >>> told_search(Spec(target={"grade": 5}), 1000, 0, 0)
    ': of 1000 that were looked at 0 have grade 5'
    """
    hard = f", and {gave_up} were too hard to measure" if gave_up else ""
    return f": of {looked_at} that were looked at {fitting} have {spec.target_told}{hard}"


class _Met:
    """A growing set of 64-bit numbers that takes and looks up whole arrays: a hash table with linear probing."""

    def __init__(self) -> None:
        self._count = 0
        self._cells = np.zeros(1 << 12, dtype=np.uint64)

    def add(self, numbers: UInt64Array) -> IndexArray:
        """Add the numbers, and return the places of those that are new, each at its first occurrence."""
        # Zero marks a free cell, so the number zero is kept as another.
        numbers = np.where(numbers == 0, np.uint64(1), numbers)
        firsts = first_occurrences(numbers)
        if 2 * (self._count + len(firsts)) > len(self._cells):
            held = self._cells[self._cells != 0]
            self._cells = np.zeros(4 * (self._count + len(firsts)), dtype=np.uint64)
            self._insert(held)
        new = firsts[self._insert(numbers[firsts])]
        self._count += len(new)
        return new

    def _insert(self, numbers: UInt64Array) -> npt.NDArray[np.bool_]:
        """Put different numbers into the table and return which were not there."""
        new = np.zeros(len(numbers), dtype=bool)
        left = np.arange(len(numbers))
        cells = ((numbers >> np.uint64(32)) * np.uint64(len(self._cells)) >> np.uint64(32)).astype(np.intp)
        while len(left):
            mine = numbers[left]
            free = np.flatnonzero(self._cells.take(cells) == 0)
            self._cells[cells[free]] = mine[free]
            new[left[free]] = True
            # Where several went for one cell the last is in it, and the others go on.
            onward = np.flatnonzero(self._cells.take(cells) != mine)
            left, cells = left[onward], (cells[onward] + 1) % len(self._cells)
            new[left] = False
        return new


def first_occurrences(numbers: UInt64Array) -> IndexArray:
    """Return the places of the numbers, in order, without those of repetitions."""
    in_order = np.sort(numbers)
    repeated = in_order[1:][in_order[1:] == in_order[:-1]]
    if not len(repeated):
        return np.arange(len(numbers))
    # There are few as a rule, and looking only at those spares a slower kind of sorting.
    suspects = np.flatnonzero(np.isin(numbers, repeated))
    first = np.ones(len(numbers), dtype=bool)
    first[suspects] = False
    first[suspects[np.unique(numbers[suspects], return_index=True)[1]]] = True
    return np.flatnonzero(first)
