"""The library's main job, through the installed command and library: make puzzles, write them down, check every one.

Prints what it does and exits 1 if a single row is not what it should be.
"""

import subprocess
import sys
import sysconfig
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

import knk

KNK = Path(sysconfig.get_path("scripts")) / "knk"
FILE = Path("build") / "demo.parquet"
ROWS = 10_000


def main() -> int:
    """Run the demonstration and return the exit status."""
    show("A five-person puzzle:", "generate", "--people", "5", "--seed", "5")
    line = show("The same on one line:", "generate", "--people", "5", "--seed", "5", "--format", "notation")
    show("Its solution:", "solve", line)
    FILE.parent.mkdir(exist_ok=True)
    show(f"{ROWS:,} puzzles to a file:", "generate", "--people", "5", "-n", str(ROWS), "-o", str(FILE), "--progress")
    return check(FILE)


def show(title: str, *arguments: str) -> str:
    """Run `knk` and show what it prints; return that too."""
    print(f"\n{title}\n$ knk {' '.join(quoted(argument) for argument in arguments)}", flush=True)
    told = subprocess.run([KNK, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    print(*(textwrap.fill(line, 100) for line in told.splitlines()), sep="\n", flush=True)
    return told


def quoted(argument: str) -> str:
    """Return an argument as it would be typed."""
    return f"'{argument}'" if " " in argument else argument


def check(path: Path) -> int:
    """Read the rows back, say how many are sound, and return the exit status."""
    print("\nReading them back, and checking each row:", flush=True)
    start = time.perf_counter()
    rows = list(knk.files.read(path))
    numbered = enumerate(tqdm(rows, unit=" rows"))
    bad = [f"row {number}: {fault}" for number, row in numbered for fault in faults(row)]
    keys = {knk.decode(row["puzzle"]).key for row in rows}
    seconds = time.perf_counter() - start
    print(*bad[:10], sep="\n", end="\n" if bad else "")
    print(f"{len(rows):,} rows, {len(keys):,} different puzzles, {len(bad)} faults, {seconds:.1f} s")
    return 0 if not bad and len(rows) == len(keys) == ROWS else 1


def faults(row: dict[str, Any]) -> Iterator[str]:
    """Iterate over all that is wrong with a row."""
    puzzle = knk.decode(row["puzzle"])
    solution = tuple(row["solution"])
    if list(knk.solutions(puzzle)) != [solution]:
        yield "the stored solution is not the one solution"
    if knk.parse(row["text"]) != puzzle:
        yield "the English says another puzzle"
    if not knk.verify(row["answer"], puzzle).correct:
        yield "its own answer is refused"
    if knk.verify(row["answer"], puzzle, solution=[not role for role in solution]).correct:
        yield "its answer is paid for the opposite solution"


if __name__ == "__main__":
    sys.exit(main())
