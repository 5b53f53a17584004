"""Count the puzzles of each grade, by number of people, in dataset files."""

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
"""The columns that may hold a puzzle: notation in the first, English in the others."""


def main() -> None:
    """Print one table for all files together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILES", type=Path, help="Parquet or JSON Lines")
    try:
        print(table(count_grades(read_puzzles(parser.parse_args().files))))
    except (KnkError, OSError) as error:
        sys.exit(str(error))


def read_puzzles(files: Iterable[Path]) -> Iterator[Puzzle]:
    """Iterate over the puzzles of files.

    Raises:
        KnkError: a file or a row cannot be read.
    """
    for path in files:
        for number, row in enumerate(read(path), 1):
            column = next((column for column in COLUMNS if isinstance(row.get(column), str)), None)
            if column is None:
                raise KnkError(f"{path.name}, row {number}: expected a column {' or '.join(COLUMNS)}")
            try:
                yield decode(row[column]) if column == COLUMNS[0] else parse(row[column])
            except KnkError as error:
                raise KnkError(f"{path.name}, row {number}: {error}") from error


def count_grades(puzzles: Iterable[Puzzle]) -> Counts:
    """Return the number of puzzles of each grade, by number of people.

    >>> count_grades([decode("Ann,Bob 0:&(-0,-1)"), decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)")])
    {2: Counter({1: 1}), 3: Counter({2: 1})}
    """
    counts: Counts = {}
    for puzzle in puzzles:
        measures = difficulty(puzzle)
        counts.setdefault(measures.people, Counter())[measures.grade] += 1
    return counts


def entropy(grades: Counter[int]) -> float:
    """Return the entropy of the grades in bits: 0 if all are equal, 1 for two equally frequent grades.

    >>> entropy(Counter({1: 7})), entropy(Counter({1: 5, 2: 5}))
    (0.0, 1.0)
    """
    shares = [count / grades.total() for count in grades.values() if count]
    return sum(share * log2(1 / share) for share in shares)


def table(counts: Counts) -> str:
    """Return the counts as a table, with the entropy of the grades of each row.

    >>> print(table({3: Counter({1: 5, 2: 5})}))
    people  grade 1  grade 2  grade 3  grade 4  grade 5  puzzles     bits
         3        5        5        0        0        0       10     1.00
    """
    numbers = range(1, len(GRADES) + 1)
    rows = [["people", *(f"grade {grade}" for grade in numbers), "puzzles", "bits"]]
    for people, grades in sorted(counts.items()):
        cells = [str(grades[grade]) for grade in numbers]
        rows.append([str(people), *cells, str(grades.total()), f"{entropy(grades):.2f}"])
    return format_table(rows, ">")


if __name__ == "__main__":
    main()
