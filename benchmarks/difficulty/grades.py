"""Count the grades within each number of people in datasets, and say how far they spread."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from math import log2
from pathlib import Path
from typing import Final

from knk.datasets.files import read
from knk.errors import KnkError
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.proofs.difficulty import GRADES, difficulty
from knk.tables import format_table
from knk.text.parse import parse

Counts = dict[int, Counter[int]]
COLUMNS: Final = ("puzzle", "quiz", "text")
"""The columns in which a puzzle is looked for: the notation in the first, English in the others."""


def main() -> None:
    """Print the table for all files together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILES", type=Path, help="Parquet or JSON lines")
    try:
        print(table(counts(puzzles(parser.parse_args().files))))
    except (KnkError, OSError) as error:
        sys.exit(str(error))


def puzzles(files: Iterable[Path]) -> Iterator[Puzzle]:
    """Iterate over the puzzles of files.

    Raises:
        KnkError: a file cannot be read, or a row has no puzzle that can be.
    """
    for path in files:
        for number, row in enumerate(read(path), 1):
            name = next((name for name in COLUMNS if isinstance(row.get(name), str)), None)
            if name is None:
                raise KnkError(f"{path.name}, row {number}: the puzzle is wanted under {', '.join(COLUMNS)}")
            try:
                yield decode(row[name]) if name == COLUMNS[0] else parse(row[name])
            except KnkError as error:
                raise KnkError(f"{path.name}, row {number}: {error}") from error


def counts(graded: Iterable[Puzzle]) -> Counts:
    """Return how many puzzles of each number of people have each grade.

    >>> counts([decode("Ann,Bob 0:&(-0,-1)"), decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)")])
    {2: Counter({1: 1}), 3: Counter({2: 1})}
    """
    found: Counts = {}
    for puzzle in graded:
        measures = difficulty(puzzle)
        found.setdefault(measures.people, Counter())[measures.grade] += 1
    return found


def entropy(grades: Counter[int]) -> float:
    """Return how far grades spread, in bits: 0 if all are the same, 1 if two are equally common.

    >>> entropy(Counter({1: 7})), entropy(Counter({1: 5, 2: 5}))
    (0.0, 1.0)
    """
    shares = [count / grades.total() for count in grades.values() if count]
    return sum(share * log2(1 / share) for share in shares)


def table(found: Counts) -> str:
    """Return the table as text.

    >>> print(table({3: Counter({1: 5, 2: 5})}))
    people  grade 1  grade 2  grade 3  grade 4  grade 5  puzzles     bits
         3        5        5        0        0        0       10     1.00
    """
    numbers = range(1, len(GRADES) + 1)
    rows = [["people", *(f"grade {grade}" for grade in numbers), "puzzles", "bits"]]
    for people, grades in sorted(found.items()):
        counts = [str(grades[grade]) for grade in numbers]
        rows.append([str(people), *counts, str(grades.total()), f"{entropy(grades):.2f}"])
    return format_table(rows, ">")


if __name__ == "__main__":
    main()
