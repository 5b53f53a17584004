"""Measure where SAT becomes faster than truth tables: the time to count solutions, up to two, of puzzles met first."""

from __future__ import annotations

import argparse
import time
from statistics import median

from knk import solver
from knk.generate import generate
from knk.notation import decode, encode
from knk.puzzle import Puzzle
from knk.spec import Spec


def main() -> None:
    """Print a line for each number of people, in microseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--puzzles", type=int, default=50, help="puzzles to measure at each size (default: 50)")
    options = parser.parse_args()
    kinds = tuple((kind, 1.0) for kind in ("atom", "not", "and", "or", "one of", "if", "iff", "count", "parity"))
    print("people  tables us  SAT us")
    for people in (5, 8, 11, 14, 15, 16, 17, 18, 19, 20):
        spec = Spec(people=people, kinds=kinds, width=4)
        lines = list(map(encode, generate(spec, options.puzzles + 10, seed=people)))
        print(f"{people:6} {timed(lines, 10**6):10.0f} {timed(lines, 0):7.0f}", flush=True)


def timed(lines: list[str], table_people: int) -> float:
    """Return the median time of a count in microseconds, truth tables in use up to so many people."""
    kept, solver.TABLE_PEOPLE = solver.TABLE_PEOPLE, table_people  # type: ignore[misc]
    spent = []
    for line in lines:
        puzzle = fresh(line)
        start = time.perf_counter()
        solver.count(puzzle, 2)
        spent.append(time.perf_counter() - start)
    solver.TABLE_PEOPLE = kept  # type: ignore[misc]
    return 1e6 * median(spent[10:])


def fresh(line: str) -> Puzzle:
    """Return the puzzle of a line, its statements new objects for which nothing has been worked out."""
    puzzle = decode(line)
    return puzzle.reordered(range(len(puzzle.names)))


if __name__ == "__main__":
    main()
