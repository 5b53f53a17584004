"""The puzzles and completions on which this library and the others are measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from knk.logic.notation import decode, encode
from knk.logic.puzzle import Puzzle

UNLIMITED: Final = 1 << 40
REASONING: Final = "Let me think. " * 300
"""The reasoning at the start of each completion."""
_MAX_PEOPLE_OF_LARGE_BATCHES: Final = 20


def puzzles(people: int, seed: int) -> Iterator[Puzzle]:
    """Iterate without end over distinct puzzles with one solution."""
    from knk.generation.generate import generate

    return generate(people=people, n=UNLIMITED, seed=seed)


def fresh(puzzle: Puzzle) -> Puzzle:
    """Return an equal puzzle of new statement objects, for which nothing is cached."""
    puzzle = decode(encode(puzzle))
    return puzzle.reordered(range(len(puzzle.names)))


def batch_size(people: int) -> int:
    """Return the number of puzzles per batch: fewer if the puzzles are large, since these take long to generate."""
    return 50 if people <= _MAX_PEOPLE_OF_LARGE_BATCHES else 5


def completions(per_puzzle: int, seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Iterate over correct completions and the rows of their puzzles, several for each puzzle."""
    from knk.datasets.rows import row_of

    for puzzle in puzzles(5, seed):
        row = dict(row_of(puzzle))
        for number in range(per_puzzle):
            yield f"{REASONING}{number}</think>\n<answer>{row['answer']}</answer>", row
