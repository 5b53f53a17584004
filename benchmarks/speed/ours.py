"""What this library does at each work on puzzles, and what others are given to do the same."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from benchmarks.speed.timing import Done, Job, Jobs, batches
from knk.logic.notation import decode, encode
from knk.logic.puzzle import Puzzle

ENDLESS: Final = 1 << 40
FEW: Final = 20
"""Up to this many people a batch is of many puzzles; more would take longer to make than to work at."""
THOUGHT: Final = "Let me think. " * 300
COMMAND: Final = "command.parquet"
CORPUS: Final = "corpus"


# Generation.


def arrays(people: int, seed: int, duplicates: bool = False) -> Jobs:
    """Puzzles as arrays: the choices of statements, the solutions, and the fingerprints."""
    from knk.generation.generate import blocks
    from knk.generation.spec import Spec

    made = blocks(Spec(people=people, duplicates=duplicates), seed)

    def job() -> Done:
        block = next(made)
        return Done(len(block), block.choices.nbytes + block.solutions.nbytes + block.fingerprints.nbytes)

    while True:
        yield job


def rows(people: int, seed: int) -> Jobs:
    """Rows of a dataset: names, notation, English, solution and answer."""
    from knk.datasets.rows import DEFAULT_STYLE, table_of
    from knk.generation.generate import blocks
    from knk.generation.spec import Spec

    made = blocks(Spec(people=people), seed)

    def job() -> Done:
        block = next(made)
        table = table_of(list(block.puzzles()), list(block.solutions_as_roles()), seed, DEFAULT_STYLE)
        return Done(len(table), table.nbytes)

    while True:
        yield job


# Text.


def rendered(people: int, seed: int) -> Jobs:
    """Puzzles put into English, each in a wording of its own."""
    from knk.text.render import render

    return batches(zip(puzzles(people, seed), count()), 200, lambda one: render(one[0], one[1], "varied"))


def parsed(people: int, seed: int) -> Jobs:
    """Puzzles read from English."""
    from knk.text.parse import parse
    from knk.text.render import render

    texts = (render(puzzle, number, "varied") for number, puzzle in enumerate(puzzles(people, seed)))
    return batches(texts, 100, parse)


# Solving.


def solved(people: int, seed: int) -> Jobs:
    """Solutions counted up to two, which finds one and shows that it is the only one, in puzzles met first."""
    from knk.logic import solver

    return batches(map(fresh, puzzles(people, seed)), size(people), lambda puzzle: solver.count(puzzle, 2))


def again(people: int, seed: int) -> Jobs:
    """All solutions of a few puzzles, over and over."""
    from knk.logic.solver import solutions

    few = list(islice(puzzles(people, seed), 100))
    return batches((puzzle for _ in count() for puzzle in few), len(few), lambda puzzle: list(solutions(puzzle)))


def crossing(people: int, seed: int, table_people: int) -> Jobs:
    """Solutions counted up to two in puzzles met first, with truth tables up to so many people, else with SAT."""
    from knk.generation.generate import generate
    from knk.generation.spec import Spec
    from knk.logic.sat import sat_solutions
    from knk.logic.solver import models

    kinds = tuple((kind, 1.0) for kind in ("atom", "not", "and", "or", "one of", "if", "iff", "count", "parity"))
    drawn = generate(Spec(people=people, kinds=kinds, width=4), ENDLESS, seed)

    def work(puzzle: Puzzle) -> None:
        if people <= table_people:
            min(models(people, puzzle.statements).bit_count(), 2)
        else:
            sum(1 for _ in islice(sat_solutions(people, puzzle.statements), 2))

    return batches(map(fresh, drawn), size(people), work)


def keys(people: int, seed: int) -> Jobs:
    """Keys of puzzles."""
    return batches(puzzles(people, seed), size(people), lambda puzzle: puzzle.key)


# Proofs.


def traced(people: int, seed: int) -> Jobs:
    """Puzzles proved step by step."""
    from knk.proofs.trace import trace

    return batches(puzzles(people, seed), size(people), trace)


def checked(people: int, seed: int) -> Jobs:
    """Proofs checked, every step with the solver."""
    from knk.proofs.check import check
    from knk.proofs.trace import trace

    return batches(map(trace, puzzles(people, seed)), size(people), check)


def explained(people: int, seed: int, style: str) -> Jobs:
    """Proofs told in English."""
    from knk.proofs.trace import trace
    from knk.text.explain import explain

    return batches(map(trace, puzzles(people, seed)), size(people), lambda proof: explain(proof, style))


# Verification.


def judged(each: int, seed: int) -> Jobs:
    """Right completions rewarded, so many of each puzzle, in batches."""
    from knk.rewards import kk_reward

    asked = completions(each, seed)
    while True:
        texts, rows = zip(*islice(asked, 500), strict=True)
        columns = {name: [row[name] for row in rows] for name in ("puzzle", "solution")}
        yield _rewarded(kk_reward, texts, columns)


def _rewarded(reward: Any, texts: tuple[str, ...], columns: dict[str, list[Any]]) -> Job:
    def job() -> Done:
        if set(reward(completions=texts, **columns)) != {2.0}:
            raise SystemExit("a right completion was not paid in full")
        return Done(len(texts))

    return job


def completions(each: int, seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Iterate over right completions and their puzzles' rows, so many of each puzzle."""
    from knk.datasets.rows import row_of

    for puzzle in puzzles(5, seed):
        row = dict(row_of(puzzle))
        for number in range(each):
            yield f"{THOUGHT}{number}</think>\n<answer>{row['answer']}</answer>", row


# Files.


def command(n: int, seed: int, folder: Path) -> Jobs:
    """The whole command that writes a file of so many rows, and leaves it in the folder."""
    path = folder / COMMAND
    line = [
        sys.executable,
        "-m",
        "knk",
        "generate",
        "--people",
        "5",
        "-n",
        str(n),
        "--seed",
        str(seed),
        "-o",
        str(path),
    ]

    def job() -> Done:
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(0.05)
        if process.returncode:
            raise SystemExit(process.returncode)
        return Done(n, path.stat().st_size, peak)

    path.unlink(missing_ok=True)
    yield job


def corpus(n: int, seed: int, folder: Path) -> Jobs:
    """A corpus of so many rows built by all processors, and left in the folder."""
    from knk.datasets.build import build
    from knk.datasets.config import CorpusConfig, PartConfig
    from knk.generation.spec import Spec

    path = folder / CORPUS
    config = CorpusConfig((PartConfig(Spec(people=5), n, "five"),), seed)

    def job() -> Done:
        build(config, path, processes=None)
        return Done(n, sum(file.stat().st_size for file in path.rglob("*.parquet")))

    shutil.rmtree(path, ignore_errors=True)
    yield job


def memory(pid: int) -> int:
    """Return the resident bytes of a process and its descendants together, 0 where there is no /proc."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            total += int(fields["VmRSS"].split()[0]) * 1024 if descends(int(fields["Pid"]), pid) else 0
        except (OSError, KeyError):  # A process that ended meanwhile, or a kernel thread, holds nothing.
            continue
    return total


def descends(pid: int, ancestor: int) -> bool:
    """Whether a process is another or was started by it or its descendants."""
    while pid > 1 and pid != ancestor:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pid == ancestor


# The puzzles that works are done on.


def puzzles(people: int, seed: int) -> Iterator[Puzzle]:
    """Iterate over puzzles with one solution, no two alike, for ever."""
    from knk.generation.generate import generate

    return generate(people=people, n=ENDLESS, seed=seed)


def fresh(puzzle: Puzzle) -> Puzzle:
    """Return a puzzle whose statements are new objects, for which nothing has been worked out."""
    puzzle = decode(encode(puzzle))
    return puzzle.reordered(range(len(puzzle.names)))


def size(people: int) -> int:
    """Return how many puzzles of so many people a batch has."""
    return 50 if people <= FEW else 5
