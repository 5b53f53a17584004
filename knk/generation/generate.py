"""From a specification and a seed to puzzles with exactly one solution.

Puzzles come in blocks. Block b of a seed is the same however many blocks are requested and whichever process makes it:
for few people from `knk.generation.sampled`, for many from `knk.generation.planted`. A sieve lets each puzzle pass
once. So the output depends on the specification and the seed alone, and a long request begins with a short one.

If the specification has a target, the puzzles that pass the sieve are filtered (`knk.generation.targets`): the output
is the same as without the target, less the puzzles that do not match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count, repeat
from typing import Any, Final

from knk.errors import BadSpec, NotEnough
from knk.generation.block import Block
from knk.generation.draws import Draws
from knk.generation.planted import planted_block
from knk.generation.sampled import MAX_SAMPLED_PEOPLE, sampled_block
from knk.generation.sieve import DEFAULT_LIMITS, SearchLimits, Sieve
from knk.generation.spec import PRESETS, Spec
from knk.generation.statement_table import StatementTable, statement_table
from knk.generation.targets import Verdicts, first_verdicts, matching_puzzles
from knk.logic.puzzle import Puzzle

BLOCKS_PER_EPOCH: Final = 64
"""Blocks that share a table of random statements."""


def generate(spec: Spec | None = None, n: int = 1, seed: int = 0, **changes: Any) -> Iterator[Puzzle]:
    """Return an iterator over `n` different puzzles, each with exactly one solution.

    Args:
        spec: the specification; the preset `classic` if not given.
        n: how many puzzles.
        seed: any integer; the same seed gives the same puzzles, and a long request begins with a short one.
        changes: fields of the specification to change; `preset`, the name of a preset to start from; and `grade`,
            short for a `target` of that grade.

    Raises:
        BadSpec: the specification contradicts itself.
        NotEnough: there are not `n` puzzles, or no more could be found; those that were found come first.

    >>> [len(puzzle.names) for puzzle in generate(people=4, n=2, seed=7)]
    [4, 4]
    >>> from knk.proofs.difficulty import difficulty
    >>> [difficulty(puzzle).grade for puzzle in generate(n=3, grade=3)]
    [3, 3, 3]
    """
    spec = spec_of(spec, **changes)
    if not isinstance(n, int) or n < 0:
        raise BadSpec(f"expected a number of puzzles from 0 up, got {n!r}")
    if not isinstance(seed, int):
        raise BadSpec(f"expected an integer seed, got {seed!r}")
    return _generate(spec, n, seed)


def spec_of(spec: Spec | None = None, preset: str | None = None, **changes: Any) -> Spec:
    """Return a specification from a preset's name and changes to it; the change `grade` adds to the target.

    Raises:
        BadSpec: there is no such preset or field, or the result contradicts itself.

    >>> spec_of(preset="rich", people=3).depth
    2
    >>> spec_of(grade=(2, 3)).target
    (('grade', (2, 3)),)
    """
    if preset is not None:
        if spec is not None:
            raise BadSpec("expected a specification or a preset, got both")
        if preset not in PRESETS:
            raise BadSpec(f"unknown preset {preset!r}: expected one of {', '.join(PRESETS)}")
        spec = PRESETS[preset]
    spec = (spec or Spec()).with_changes(**{name: value for name, value in changes.items() if name != "grade"})
    if "grade" not in changes:
        return spec
    if "target" in changes and "grade" in spec.target_ranges:
        raise BadSpec("the grade is given twice, by itself and in the target")
    return spec.with_changes(target=dict(spec.target) | {"grade": changes["grade"]})


def _generate(spec: Spec, n: int, seed: int) -> Iterator[Puzzle]:
    minimum, maximum = spec.people_range
    streams = {people: puzzles(replace(spec, people=people), seed) for people in range(minimum, maximum + 1)}
    for made, people in zip(range(n), sizes(spec, seed), strict=False):
        try:
            puzzle = next(streams[people])
        except NotEnough as error:
            raise NotEnough(f"{n:,} puzzles requested, {made:,} made: {error}", error.found) from None
        yield puzzle


def sizes(spec: Spec, seed: int) -> Iterator[int]:
    """Iterate without end over random numbers of people that a specification allows, each equally often."""
    minimum, maximum = spec.people_range
    draws = Draws(seed, 1)
    if minimum == maximum:
        yield from repeat(minimum)
    while True:
        yield minimum + draws.below(maximum - minimum + 1)


def puzzles(spec: Spec, seed: int, limits: SearchLimits = DEFAULT_LIMITS) -> Iterator[Puzzle]:
    """Iterate over the different puzzles of a specification for one number of people.

    Args:
        spec: the specification, for one number of people.
        seed: any integer.
        limits: when to give up.

    Raises:
        NotEnough: at the end; nothing else ends it.
    """
    sieve = Sieve(spec, seed, limits)
    for number, block in enumerate(_new_blocks(sieve, spec, seed)):
        if spec.target:
            verdicts, matching = apply_target(block, seed, number)
            yield from matching
            sieve.add_verdicts(verdicts)
        else:
            yield from block.puzzles()


def blocks(spec: Spec, seed: int) -> Iterator[Block]:
    """Iterate over the blocks of different puzzles of one number of people, regardless of any target.

    Raises:
        NotEnough: at the end; nothing else ends it.
    """
    return _new_blocks(Sieve(spec, seed), spec, seed)


def _new_blocks(sieve: Sieve, spec: Spec, seed: int) -> Iterator[Block]:
    for number in count():
        block = candidates(spec, seed, number)
        yield block.select(sieve.new_indices(block.fingerprints))
        sieve.finish_blocks()


def apply_target(
    block: Block, seed: int, number: int, accepts: Callable[[Puzzle], bool] | None = None
) -> tuple[Verdicts, Iterator[Puzzle]]:
    """Return verdicts on a block's puzzles, and an iterator over those that match the target.

    Args:
        block: some puzzles of a block.
        seed: the block's seed.
        number: the number of the block.
        accepts: a further condition on puzzles.

    Returns:
        The verdicts, which are complete when the iterator is exhausted, and the iterator.
    """
    verdicts = first_verdicts(block, _table(block.spec, seed, number))
    return verdicts, matching_puzzles(block, verdicts, accepts)


def candidates(spec: Spec, seed: int, number: int) -> Block:
    """Return the block of a seed with a given number, duplicates included.

    Args:
        spec: the specification, for one number of people.
        seed: any integer.
        number: which block, from 0.
    """
    table = _table(spec, seed, number)
    if table is None:
        return planted_block(spec, seed, number)
    return sampled_block(table, (seed, 2, spec.people_range[0], number))


def _table(spec: Spec, seed: int, number: int) -> StatementTable | None:
    """Return the statements from which a block is drawn, None for a planted block."""
    people = spec.people_range[0]
    return None if people > MAX_SAMPLED_PEOPLE else statement_table(spec, people, seed, number // BLOCKS_PER_EPOCH)
