"""Make the public test set: `python -m benchmarks.lm_eval.make_test_set FILE` writes the same rows every time.

All puzzles belong to the test split by their keys, so no training split that the library makes with its default shares
contains any of them, under whatever names. The rows of a version never change; a change is a new version.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import write
from knk.datasets.rows import row_of
from knk.datasets.split import split_of
from knk.errors import CannotPerturb
from knk.generation.generate import generate
from knk.generation.perturb import Perturbed, perturb
from knk.generation.spec import Spec
from knk.logic.puzzle import Puzzle
from knk.proofs.difficulty import difficulty
from knk.text.render import render

SEED: Final = 20_251
SIZES: Final = range(3, 9)
PER_SIZE: Final = 90
"""Puzzles of each size; the test split has few more of three people."""
GRADES: Final = range(1, 6)
PER_GRADE: Final = 60
HARD: Final = Spec(people=8, kinds=("parity", "count", "iff"), width=5, depth=2)  # type: ignore[arg-type]
"""A specification whose puzzles have the same size and every grade."""
ORIGINALS: Final = 10
"""Puzzles of each size that are also changed."""
CHANGES: Final = ("leaf", "statement", "statement order", "rare names", "role words reversed", "wording")
_MAX_PUZZLES: Final = 200_000
_PUZZLES_OF_THREE: Final = 1900
"""Fewer than there are of three people, so that the search ends."""


def rows() -> Iterator[dict[str, Any]]:
    """Iterate over the rows of the test set: puzzles of each size, of each grade, and changed puzzles."""
    by_size = {people: list(islice(_held_out(Spec(people=people)), PER_SIZE)) for people in SIZES}
    for people, puzzles in by_size.items():
        for puzzle in puzzles:
            yield _row("knk", f"{people} people", puzzle)
    yield from _graded_rows()
    for people in (3, 4, 5, 6, 7):
        yield from _changed_rows(people, by_size[people])


def _held_out(spec: Spec) -> Iterator[Puzzle]:
    puzzles = generate(spec, _MAX_PUZZLES if spec.people != 3 else _PUZZLES_OF_THREE, SEED)
    return (puzzle for puzzle in puzzles if split_of(puzzle.key) == "test")


def _row(benchmark: str, group: str, puzzle: Puzzle, **columns: Any) -> dict[str, Any]:
    return {
        "benchmark": benchmark,
        "group": group,
        **row_of(puzzle, SEED),
        "grade": difficulty(puzzle).grade,
        "original": "",
        **columns,
    }


def _graded_rows() -> Iterator[dict[str, Any]]:
    by_grade: dict[int, list[Puzzle]] = {grade: [] for grade in GRADES}
    for puzzle in _held_out(HARD):
        same_grade = by_grade[difficulty(puzzle).grade]
        if len(same_grade) < PER_GRADE:
            same_grade.append(puzzle)
        if all(len(puzzles) == PER_GRADE for puzzles in by_grade.values()):
            break
    for grade, puzzles in by_grade.items():
        if len(puzzles) < PER_GRADE:
            raise SystemExit(f"there are only {len(puzzles)} puzzles of grade {grade}")
        for puzzle in puzzles:
            yield _row("knk_grades", f"grade {grade}", puzzle)


def _changed_rows(people: int, puzzles: Iterable[Puzzle]) -> Iterator[dict[str, Any]]:
    for number, (puzzle, changes) in enumerate(islice(_all_changes(puzzles), ORIGINALS)):
        name = f"{people}-{number}"
        # The text from which the changes start, so that each differs in one respect only.
        yield _row("knk_perturbed", "original", puzzle, original=name, text=render(puzzle, SEED))
        for changed in changes:
            yield _row("knk_perturbed", changed.kind, changed.puzzle, original=name, text=changed.text)


def _all_changes(puzzles: Iterable[Puzzle]) -> Iterator[tuple[Puzzle, list[Perturbed]]]:
    """The puzzles that can be changed in every way, with the changes."""
    for puzzle in puzzles:
        with suppress(CannotPerturb):
            yield puzzle, [perturb(puzzle, kind, SEED) for kind in CHANGES]


if __name__ == "__main__":
    write(Path(sys.argv[1]), rows())
