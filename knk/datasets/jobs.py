"""What one job of a puzzle stream makes: the puzzles of a few blocks, those that match the target if there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from knk.generation.block import Block
from knk.generation.generate import apply_target, candidates
from knk.generation.hashset import first_occurrences
from knk.generation.sampled import MAX_SAMPLED_PEOPLE
from knk.generation.spec import Spec
from knk.generation.targets import Verdicts, matches_target
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution

_PLANTED_BLOCKS: Final = 16


def blocks_per_job(spec: Spec) -> int:
    """Return how many blocks one job makes."""
    return 1 if spec.people_range[0] <= MAX_SAMPLED_PEOPLE else _PLANTED_BLOCKS


def job_blocks(spec: Spec, seed: int, job: int) -> list[Block]:
    """Return the blocks of a job, each without its own duplicates.

    Args:
        spec: the specification, for one number of people.
        seed: the seed of the blocks.
        job: the number of the job, from 0.
    """
    first = job * blocks_per_job(spec)
    blocks = [candidates(spec, seed, number) for number in range(first, first + blocks_per_job(spec))]
    if spec.duplicates:
        return blocks
    # Duplicates of other blocks are dropped later; those of the same block are many if there are few puzzles.
    return [block.select(first_occurrences(block.fingerprints)) for block in blocks]


def select_puzzles(
    blocks: list[Block], seed: int, job: int, accepts: Callable[[Puzzle], bool] | None = None
) -> tuple[list[Puzzle], list[Solution], Verdicts | None]:
    """Return the puzzles of a job's blocks that match the target, all if there is none, and their solutions.

    Args:
        blocks: the blocks.
        seed: the seed of the blocks.
        job: the number of the job.
        accepts: a further condition on puzzles, used only if there is a target.

    Returns:
        The puzzles, their solutions, and the verdicts on all puzzles of the blocks; None if there is no target.
    """
    if not blocks[0].spec.target:
        solutions = [solution for block in blocks for solution in block.solutions_as_roles()]
        return [puzzle for block in blocks for puzzle in block.puzzles()], solutions, None
    puzzles, solutions, verdicts = [], [], []
    for number, block in enumerate(blocks, job * len(blocks)):
        block_verdicts, matching = apply_target(block, seed, number, accepts)
        puzzles += list(matching)
        solutions += list(block.select(matches_target(block_verdicts)).solutions_as_roles())
        verdicts.append(block_verdicts)
    return puzzles, solutions, np.concatenate(verdicts)
