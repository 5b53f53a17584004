"""`knk difficulty`: grades of puzzles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated

import typer

from knk.cli.input import items


def difficulty(
    puzzle: Annotated[
        str | None, typer.Argument(metavar="PUZZLE|FILE", help="The puzzle itself or a file; a pipe if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each puzzle, one a line.")] = False,
) -> None:
    """Say how hard puzzles are.

    Reads puzzles as 'knk solve' does and grades each by what it takes to solve it by hand, from 1 (everything follows,
    one statement at a time) up. Prints for each number of people how many puzzles have each grade, and draws it.

    Exit status: 0 all is well, 2 the input is bad, or a puzzle has no solution or several.

    \b
    knk difficulty puzzles.parquet
    knk generate --people 3-7 -n 500 --format notation | knk difficulty
    """
    import json
    from dataclasses import asdict

    from tqdm import tqdm

    from knk.logic.notation import encode
    from knk.proofs.difficulty import difficulty as measured

    # A bar appears after two seconds, and only on a terminal.
    read = tqdm(items(puzzle), unit=" puzzles", disable=None, delay=2)
    found = ((item.puzzle, measured(item.puzzle)) for item in read)
    if as_json:
        for graded, measures in found:
            print(json.dumps({"puzzle": encode(graded)} | asdict(measures), ensure_ascii=False))
        return
    grades: dict[int, Counter[int]] = {}
    for _, measures in found:
        grades.setdefault(measures.people, Counter())[measures.grade] += 1
    print("\n".join(_spread(grades)))


def _spread(grades: dict[int, Counter[int]]) -> Iterator[str]:
    """Return a table of grades by number of people, and a bar for each grade."""
    from knk.proofs.difficulty import GRADES

    total = sum(grades.values(), Counter[int]())
    numbers = range(1, len(GRADES) + 1)
    yield "people " + "".join(f"{f'grade {grade}':>9}" for grade in numbers) + "  puzzles"
    for people in sorted(grades):
        counts = grades[people]
        yield f"{people:6} " + "".join(f"{counts[grade]:9}" for grade in numbers) + f"{counts.total():9}"
    yield ""
    for grade, meaning in enumerate(GRADES, 1):
        share = total[grade] / total.total()
        yield f"{grade}  {'#' * round(40 * share):40} {share:6.1%}  {meaning}"
