"""Makes the public test set: `python -m benchmarks.lm_eval.make_test_set FILE` writes the same rows every time.

All puzzles are of the test split by their keys, so no training split that the library makes with its usual shares holds
any of them, under whatever names. What a version holds never changes; what is to be otherwise is another version.
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
OF_SIZE: Final = 90
"""Puzzles of each size: of three people there are not many more in the test split."""
GRADES: Final = range(1, 6)
OF_GRADE: Final = 60
HARD: Final = Spec(people=8, kinds=("parity", "count", "iff"), width=5, depth=2)  # type: ignore[arg-type]
"""One kind of puzzle, of one size, that comes in every grade."""
ORIGINALS: Final = 10
"""Puzzles of each size that are asked changed as well."""
CHANGES: Final = ("leaf", "statement", "statement order", "rare names", "role words reversed", "wording")
_MANY: Final = 200_000


def rows() -> Iterator[dict[str, Any]]:
    """Return an iterator over the test set's rows: those of each size, of each grade, and changed ones."""
    by_size = {people: list(islice(_held_out(Spec(people=people)), OF_SIZE)) for people in SIZES}
    for people, puzzles in by_size.items():
        for puzzle in puzzles:
            yield _row("knk", f"{people} people", puzzle)
    yield from _of_grades()
    for people in (3, 4, 5, 6, 7):
        yield from _changed(people, by_size[people])


def _held_out(spec: Spec) -> Iterator[Puzzle]:
    # Of three people there are fewer puzzles than are asked for, and all of them come.
    puzzles = generate(spec, _MANY if spec.people != 3 else 1900, SEED)
    return (puzzle for puzzle in puzzles if split_of(puzzle.key) == "test")


def _row(benchmark: str, group: str, puzzle: Puzzle, **more: Any) -> dict[str, Any]:
    return {
        "benchmark": benchmark,
        "group": group,
        **row_of(puzzle, SEED),
        "grade": difficulty(puzzle).grade,
        "original": "",
        **more,
    }


def _of_grades() -> Iterator[dict[str, Any]]:
    found: dict[int, list[Puzzle]] = {grade: [] for grade in GRADES}
    for puzzle in _held_out(HARD):
        of_grade = found[difficulty(puzzle).grade]
        if len(of_grade) < OF_GRADE:
            of_grade.append(puzzle)
        if all(len(puzzles) == OF_GRADE for puzzles in found.values()):
            break
    for grade, puzzles in found.items():
        if len(puzzles) < OF_GRADE:
            raise SystemExit(f"there are only {len(puzzles)} puzzles of grade {grade}")
        for puzzle in puzzles:
            yield _row("knk_grades", f"grade {grade}", puzzle)


def _changed(people: int, puzzles: Iterable[Puzzle]) -> Iterator[dict[str, Any]]:
    for number, (puzzle, changes) in enumerate(islice(_all_changes(puzzles), ORIGINALS)):
        name = f"{people}-{number}"
        # In the words that the changes start from, so that only one thing is another.
        yield _row("knk_perturbed", "original", puzzle, original=name, text=render(puzzle, SEED))
        for changed in changes:
            yield _row("knk_perturbed", changed.kind, changed.puzzle, original=name, text=changed.text)


def _all_changes(puzzles: Iterable[Puzzle]) -> Iterator[tuple[Puzzle, list[Perturbed]]]:
    """The puzzles of which every change can be had, with the changes."""
    for puzzle in puzzles:
        with suppress(CannotPerturb):
            yield puzzle, [perturb(puzzle, kind, SEED) for kind in CHANGES]


if __name__ == "__main__":
    write(Path(sys.argv[1]), rows())
