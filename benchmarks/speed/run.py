"""Measure this library and reasoning-gym on the same work, one process each, and print the ratio."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

WORKS = [
    *(f"arrays {people}" for people in (5, 8, 12)),
    *(f"repeating {people}" for people in (5, 8)),
    *(f"english {people}" for people in (5, 8, 12, 100, 500)),
    *(f"solve {people}" for people in (5, 10, 20, 100, 500)),
    "again 5",
    *(f"key {people}" for people in (5, 8)),
    "command",
]
RIVALS = {"english": (5, 8, 12), "solve": (5, 10)}
"""The sizes at which reasoning-gym is measured: beyond, one item takes it longer than a measurement."""


def main() -> None:
    """Run every measurement that was asked for in a process of its own and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="how long to measure each, at least (default: 3)")
    parser.add_argument("--only", default="", help="measure only what has this in its name")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    parser.add_argument("--measure", nargs=2, metavar=("WHO", "WORK"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        who, work = options.measure
        print(json.dumps(measured(who, work, options.seconds)))
        return
    for work in WORKS:
        if options.only in work:
            show(work, options.seconds, options.json)


def show(work: str, seconds: float, as_json: bool) -> None:
    """Print what both libraries reach at one work."""
    name, _, people = work.partition(" ")
    ours = in_own_process("knk", work, seconds)
    theirs = in_own_process("reasoning-gym", work, seconds) if int(people or 0) in RIVALS.get(name, ()) else None
    if as_json:
        print(json.dumps({"work": work, "knk": ours, "reasoning-gym": theirs}), flush=True)
    elif name == "command":
        print(f"{work:12} {ours['seconds']:.1f} s, {ours['megabytes']:,.0f} MB of memory at most", flush=True)
    else:
        each = f"{1e6 / ours['rate']:>12,.1f} us each"
        ratio = f"{theirs['rate']:>12,.1f}/s {ours['rate'] / theirs['rate']:>9,.0f} times" if theirs else ""
        print(f"{work:12} {ours['rate']:>14,.1f}/s {each} {ratio}", flush=True)


def in_own_process(who: str, work: str, seconds: float) -> dict[str, float]:
    """Return one measurement, made in a fresh process."""
    command = [sys.executable, __file__, "--seconds", str(seconds), "--measure", who, work]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # type: ignore[no-any-return]


def measured(who: str, work: str, seconds: float) -> dict[str, float]:
    """Return the rate of a work, or what the whole command takes."""
    name, _, people = work.partition(" ")
    if name == "command":
        return whole_command()
    steps: Iterator[int] = MEASURES[who, name](int(people))
    next(steps)
    done, spent, start = 0, 0.0, time.process_time()
    for more in steps:
        done += more
        spent = time.process_time() - start
        if spent >= seconds:
            break
    return {"rate": done / spent}


def whole_command() -> dict[str, float]:
    """Run `knk generate` for a million rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.parquet"
        start = time.perf_counter()
        arguments = ["generate", "--people", "5", "-n", "1000000", "-o", str(path)]
        process = subprocess.Popen([sys.executable, "-m", "knk", *arguments], stdout=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(0.05)
        if process.returncode:
            raise SystemExit(process.returncode)
        return {"seconds": time.perf_counter() - start, "megabytes": peak / 1e6, "file": path.stat().st_size / 1e6}


def memory(pid: int) -> int:
    """Return the resident bytes of a process and its descendants together."""
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


# Each of these yields how much has been done since it was asked last; the first answer is the warm-up.


def arrays(people: int) -> Iterator[int]:
    """Blocks of puzzles as arrays."""
    from knk.generate import blocks
    from knk.spec import Spec

    return map(len, blocks(Spec(people=people), 1))


def repeating(people: int) -> Iterator[int]:
    """Blocks of puzzles as arrays, those met before kept."""
    from knk.generate import blocks
    from knk.spec import Spec

    return map(len, blocks(Spec(people=people, duplicates=True), 1))


def english(people: int) -> Iterator[int]:
    """Rows of a data set."""
    from knk.corpus import tables
    from knk.spec import Spec

    return map(len, tables(Spec(people=people), 10**9, 1))


def rival_english(people: int) -> Iterator[int]:
    """Items of reasoning-gym's data set."""
    import reasoning_gym

    data = reasoning_gym.create_dataset("knights_knaves", n_people=people, seed=1, size=10**9)
    return (len([data[number]]) for number in count())


def statements(people: int) -> Iterator[Any]:
    """Puzzles in reasoning-gym's form, one statement a person, each drawn afresh."""
    from reasoning_gym.logic.knights_knaves import KKProblemSampler

    sampler = KKProblemSampler(1, people)
    while True:
        yield sampler.sample()


def solve(people: int) -> Iterator[int]:
    """Solve puzzles of reasoning-gym's grammar, the time to draw and build them left out."""
    from knk import solver
    from knk.puzzle import Puzzle, Said

    names = tuple(f"P{number}" for number in range(people))
    drawn = islice(statements(people), 4000)
    puzzles = [Puzzle(names, tuple(map(Said, range(people), map(read, one)))) for one in drawn]
    return timed(puzzles, lambda puzzle: solver.count(puzzle, 2))


def again(people: int) -> Iterator[int]:
    """Solve a few puzzles over and over."""
    from knk.generate import generate
    from knk.solver import solutions

    few = list(generate(people=people, n=100, seed=1))
    while True:
        for puzzle in few:
            list(solutions(puzzle))
        yield len(few)


def rival_solve(people: int) -> Iterator[int]:
    """Solve the same puzzles with reasoning-gym."""
    from reasoning_gym.logic.knights_knaves import KnightsKnavesDataset

    return timed(list(islice(statements(people), 4000)), KnightsKnavesDataset.find_solution)


def keys(people: int) -> Iterator[int]:
    """The keys of generated puzzles."""
    from knk.generate import generate

    puzzles = list(generate(people=people, n=100_000 if people < 6 else 20_000, seed=1))
    return timed(puzzles, lambda puzzle: puzzle.key)


def timed(items: list[Any], work: Callable[[Any], object]) -> Iterator[int]:
    """Do the work on each item once."""
    for start in range(0, len(items), 50):
        chunk = items[start : start + 50]
        for item in chunk:
            work(item)
        yield len(chunk)


def read(said: Any) -> Any:
    """Return reasoning-gym's form of a statement as the library's."""
    from knk.statements import And, Iff, Implies, Knave, Knight, Not, Or

    kind, *parts = said
    if kind in ("telling-truth", "lying"):
        return (Knight if kind == "telling-truth" else Knave)(int(parts[0]))
    inside = [read(part) for part in parts]
    kinds = {"not": Not, "and": And, "or": Or, "->": Implies, "<=>": Iff}
    return inside[0] if kind in ("and", "or") and len(inside) == 1 else kinds[kind](*inside)


MEASURES: dict[tuple[str, str], Callable[[int], Iterator[int]]] = {
    ("knk", "arrays"): arrays,
    ("knk", "repeating"): repeating,
    ("knk", "english"): english,
    ("knk", "solve"): solve,
    ("knk", "again"): again,
    ("knk", "key"): keys,
    ("reasoning-gym", "english"): rival_english,
    ("reasoning-gym", "solve"): rival_solve,
}

if __name__ == "__main__":
    main()
