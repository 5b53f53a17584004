"""`knk difficulty`: the grades of puzzles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from knk.cli.input import read_puzzles
from knk.cli.options import JsonLines, PuzzleSource
from knk.cli.output import print_json, with_progress
from knk.tables import format_table

_BAR: Final = 40
"""Characters of a bar that stands for all puzzles."""


def difficulty(puzzle: PuzzleSource = None, as_json: JsonLines = False) -> None:
    """Grade the difficulty of puzzles.

    Reads puzzles as 'knk solve' does and grades each by what it takes to solve it by hand, from 1 (everything follows,
    one statement at a time) to 5. Prints the number of puzzles of each grade by number of people, and a bar chart.

    Exit status: 0 success, 2 the input is bad, or a puzzle has no solution or several.

    \b
    knk difficulty puzzles.parquet
    knk generate --people 3-7 -n 500 --format notation | knk difficulty
    """
    from dataclasses import asdict

    from knk.logic.notation import encode
    from knk.proofs.difficulty import difficulty as measure

    grades: dict[int, Counter[int]] = {}
    for item in with_progress(read_puzzles(puzzle), "puzzles"):
        measures = measure(item.puzzle)
        if as_json:
            print_json({"puzzle": encode(item.puzzle)} | asdict(measures))
        else:
            grades.setdefault(measures.people, Counter())[measures.grade] += 1
    if not as_json:
        print(_table(grades), "", *_chart(grades), sep="\n")


def _table(grades: dict[int, Counter[int]]) -> str:
    """Return a table of the number of puzzles of each grade, a row for each number of people."""
    from knk.proofs.difficulty import GRADES

    numbers = range(1, len(GRADES) + 1)
    rows = [["people", *(f"grade {grade}" for grade in numbers), "puzzles"]]
    for people, counts in sorted(grades.items()):
        rows.append([str(people), *(str(counts[grade]) for grade in numbers), str(counts.total())])
    return format_table(rows, ">")


def _chart(grades: dict[int, Counter[int]]) -> Iterator[str]:
    """Iterate over the lines of a bar chart, a bar for each grade."""
    from knk.proofs.difficulty import GRADES

    counts = sum(grades.values(), Counter[int]())
    for grade, meaning in enumerate(GRADES, 1):
        share = counts[grade] / counts.total()
        yield f"{grade}  {'#' * round(_BAR * share):{_BAR}} {share:6.1%}  {meaning}"
