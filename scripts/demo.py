"""Run the whole method at its smallest, with the installed package: puzzles, proofs, warm-up, RLVR, a report.

This generates and checks a corpus, shows a search for a puzzle's solution, trains a small model, evaluates it before
and after each stage, and reports what improved. The exit status is 1 if a row is faulty, or if the warm-up on puzzles
did not improve domains that it does not contain.
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
from knk import report
from knk.evals import results

KNK = Path(sysconfig.get_path("scripts")) / "knk"
FOLDER = Path("build") / "demo"
CORPUS = FOLDER / "puzzles.parquet"
STUDY = FOLDER / "study"
ROWS = 10_000


def main() -> int:
    """Run the demonstration and return the exit status."""
    start = time.monotonic()
    FOLDER.mkdir(parents=True, exist_ok=True)
    line = show("A puzzle of three people:", "generate", "--people", "3", "--seed", "5", "--format", "notation")
    show("In English:", "generate", "--people", "3", "--seed", "5")
    show(
        "A search for its solution; the small model below is warmed up on such searches, in simpler words:",
        "explain",
        line,
        "--style",
        "search",
    )
    show(f"{ROWS:,} puzzles to a file:", "generate", "--people", "5", "-n", str(ROWS), "-o", str(CORPUS), "--progress")
    if has_faults(CORPUS):
        return 1
    study = [sys.executable, "-m", "recipes.laptop.study", "demo", "-o", str(STUDY)]
    print(
        "\nA model of 0.7 million parameters: pre-trained, warmed up on searches, trained by RLVR; evaluated each time:"
    )
    print(f"$ python -m recipes.laptop.study demo -o {STUDY}", flush=True)
    print(
        f"(one line per finished stage, the first after some minutes; every training step is in {STUDY / 'log.txt'})",
        flush=True,
    )
    if subprocess.run(study, check=False).returncode:
        return 1
    page = report.write(FOLDER / "report.html", [STUDY, CORPUS], "The whole method at its smallest")
    print(f"Report on corpus, runs and results: {page} ({time.monotonic() - start:.0f} s in total)")
    return 0 if warm_up_worked() else 1


def show(title: str, *arguments: str) -> str:
    """Run `knk`, show what it prints, and return it."""
    print(f"\n{title}\n$ knk {' '.join(quoted(argument) for argument in arguments)}", flush=True)
    output = subprocess.run([KNK, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    print(*(textwrap.fill(line, 100) for line in output.splitlines()), sep="\n", flush=True)
    return output


def quoted(argument: str) -> str:
    """Return an argument as it would be typed in a shell."""
    return f"'{argument}'" if not argument.replace("-", "").replace("/", "").replace(".", "").isalnum() else argument


def warm_up_worked() -> bool:
    """Whether the warm-up raised the accuracy in domains that it does not contain, by its 95% interval."""
    (claim,) = (claim for claim in results.read(STUDY).claims if claim.text == "... warmed beats base")
    return claim.holds is True


def has_faults(path: Path) -> bool:
    """Read the rows back, print how many are correct, and return whether any is not."""
    print("\nReading the rows back and checking each one:", flush=True)
    start = time.perf_counter()
    rows = list(knk.datasets.files.read(path))
    numbered = enumerate(tqdm(rows, unit=" rows", disable=None))
    problems = [f"row {number}: {fault}" for number, row in numbered for fault in faults(row)]
    keys = {knk.decode(row["puzzle"]).key for row in rows}
    seconds = time.perf_counter() - start
    print(*problems[:10], sep="\n", end="\n" if problems else "")
    print(f"{len(rows):,} rows, {len(keys):,} different puzzles, {len(problems)} faults, {seconds:.1f} s")
    return bool(problems) or not len(rows) == len(keys) == ROWS


def faults(row: dict[str, Any]) -> Iterator[str]:
    """Iterate over the faults of a row."""
    puzzle = knk.decode(row["puzzle"])
    solution = tuple(row["solution"])
    if list(knk.solutions(puzzle)) != [solution]:
        yield "the stored solution is not the unique solution"
    if knk.parse(row["text"]) != puzzle:
        yield "the English means another puzzle"
    if not knk.verify(row["answer"], puzzle).correct:
        yield "its own answer is not accepted"
    if knk.verify(row["answer"], puzzle, solution=[not role for role in solution]).correct:
        yield "its answer is accepted for the opposite solution"


if __name__ == "__main__":
    sys.exit(main())
