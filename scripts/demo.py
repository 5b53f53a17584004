"""The whole method at its smallest, through the installed command and library: puzzles, proofs, warm-up, RLVR, a page.

Makes and checks a corpus, shows a proof, trains a small model, measures it before and after each stage, and says what
rose and what did not. Exits 1 if a single row is not what it should be, or if the warm-up did not teach puzzles.
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
    begun = time.monotonic()
    FOLDER.mkdir(parents=True, exist_ok=True)
    line = show("A puzzle of three people:", "generate", "--people", "3", "--seed", "5", "--format", "notation")
    show("In English:", "generate", "--people", "3", "--seed", "5")
    show(
        "Its proof; the small model below is warmed up on such proofs, in fewer words:",
        "explain",
        line,
        "--style",
        "brief",
    )
    show(f"{ROWS:,} puzzles to a file:", "generate", "--people", "5", "-n", str(ROWS), "-o", str(CORPUS), "--progress")
    if faulty(CORPUS):
        return 1
    told = [sys.executable, "-m", "recipes.laptop.study", "demo", "-o", str(STUDY)]
    print("\nA model of 0.9 million parameters: pre-trained, warmed up on proofs, trained by RLVR, each measured:")
    print(f"$ python -m recipes.laptop.study demo -o {STUDY}", flush=True)
    print(
        f"(a line for each stage when it is done, the first after some minutes; {STUDY / 'log.txt'} has each step)",
        flush=True,
    )
    if subprocess.run(told, check=False).returncode:
        return 1
    page = report.write(FOLDER / "report.html", [STUDY, CORPUS], "The whole method at its smallest")
    print(f"{page}: corpus, runs and results as one page; {time.monotonic() - begun:.0f} s in all")
    return 0 if taught() else 1


def show(title: str, *arguments: str) -> str:
    """Run `knk` and show what it prints; return that too."""
    print(f"\n{title}\n$ knk {' '.join(quoted(argument) for argument in arguments)}", flush=True)
    told = subprocess.run([KNK, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    print(*(textwrap.fill(line, 100) for line in told.splitlines()), sep="\n", flush=True)
    return told


def quoted(argument: str) -> str:
    """Return an argument as it would be typed."""
    return f"'{argument}'" if not argument.replace("-", "").replace("/", "").replace(".", "").isalnum() else argument


def taught() -> bool:
    """Whether accuracy on held-out puzzles is above what it was before the warm-up, beyond chance."""
    (claim,) = (claim for claim in results.read(STUDY).claims if claim.text.startswith("Warm-up teaches puzzles"))
    return claim.holds is True


def faulty(path: Path) -> bool:
    """Read the rows back, say how many are sound, and return whether any is not."""
    print("\nReading them back, and checking each row:", flush=True)
    start = time.perf_counter()
    rows = list(knk.datasets.files.read(path))
    numbered = enumerate(tqdm(rows, unit=" rows", disable=None))
    bad = [f"row {number}: {fault}" for number, row in numbered for fault in faults(row)]
    keys = {knk.decode(row["puzzle"]).key for row in rows}
    seconds = time.perf_counter() - start
    print(*bad[:10], sep="\n", end="\n" if bad else "")
    print(f"{len(rows):,} rows, {len(keys):,} different puzzles, {len(bad)} faults, {seconds:.1f} s")
    return bool(bad) or not len(rows) == len(keys) == ROWS


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
