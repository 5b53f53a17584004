"""Measure how fast this library is, against reasoning-gym at the same work and against what the machine can do."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # So that it runs as a file from anywhere.

from benchmarks.speed import page, results
from benchmarks.speed.results import Results, Sides
from benchmarks.speed.timing import Measure, measured
from benchmarks.speed.works import GYM, LIMIT, SAT, WORKS, At, Work

ROOT: Final = Path(__file__).parents[2]
KEPT: Final = Path(__file__).with_name("results.json")
PAGE: Final = ROOT / "docs" / "performance.md"
FIGURE: Final = PAGE.with_suffix("") / "ratios.svg"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, or fill the documents with what was measured."""
    options = _options(arguments)
    if options.measure:
        work, side, seed, folder = options.measure
        at = At(int(seed), options.rows, Path(folder), options.data)
        print(json.dumps(asdict(one_measure(work, side, at, options.seconds))))
    elif options.docs:
        fill(results.read(KEPT))
    else:
        found = run(options)
        if options.figure:
            options.figure.write_text(page.figure(found), encoding="utf-8")
        if options.output:
            results.write(options.output, found)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.3, help="how long to warm up and to measure (default: 0.3)")
    parser.add_argument("--rounds", type=int, default=3, help="how often to measure each (default: 3)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the whole command (default: 1,000,000)")
    parser.add_argument("--only", default="", metavar="NAME", help="measure only what has this in its name")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="the folder with the published tasks' files")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    parser.add_argument("--figure", type=Path, metavar="PATH.svg", help="where to draw the ratios")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write the results, as JSON")
    parser.add_argument("--docs", action="store_true", help="measure nothing: fill the documents from the kept results")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    for path in (options.output, options.figure):
        if path and not path.parent.is_dir():  # It would be a pity to learn that at the end.
            parser.error(f"there is no folder {path.parent}")
    return options


def run(options: argparse.Namespace) -> Results:
    """Measure what was asked for, print a line for each work, and return it all."""
    start = time.perf_counter()
    machine = results.this_machine()
    print(json.dumps({"machine": asdict(machine)}) if options.json else machine, flush=True)
    found: dict[str, Sides] = {}
    for work in WORKS:
        if options.only in work.name:
            found |= _one_work(work, options)
    took = round(time.perf_counter() - start, 1)
    return Results(machine, options.seconds, options.rounds, options.rows, took, found)


def _one_work(work: Work, options: argparse.Namespace) -> dict[str, Sides]:
    """Return a work's name with what was measured of it, nothing if it cannot be."""
    lacking = {side: work.missing(side, options.data) for side in work.sides}
    for side, problem in lacking.items():
        if problem:
            print(f"{work.name}: {side} is left out, for {problem}", file=sys.stderr)
    sides = measured_sides(work, [side for side, problem in lacking.items() if not problem], options)
    if not sides:
        return {}
    print(_json(work, sides) if options.json else page.told(work, sides), flush=True)
    return {work.name: sides}


def measured_sides(work: Work, sides: Sequence[str], options: argparse.Namespace) -> Sides:
    """Return what each side reached, each round a process for one after the other."""
    found: dict[str, list[Measure]] = {side: [] for side in sides}
    with TemporaryDirectory() as folder:
        for number in range(1, options.rounds + 1):
            for side in sides:
                found[side].append(in_own_process(work.name, side, number, folder, options))
    return found


def in_own_process(work: str, side: str, seed: int, folder: str, options: argparse.Namespace) -> Measure:
    """Return one measurement, made in a fresh process."""
    command = [sys.executable, __file__, "--measure", work, side, str(seed), folder]
    command += ["--seconds", str(options.seconds), "--rows", str(options.rows)]
    command += ["--data", str(options.data)] if options.data else []
    # The whole command starts Python anew, and has to find this library and no other.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{work} by {side} could not be measured")
    return Measure(**json.loads(done.stdout))


def one_measure(name: str, side: str, at: At, seconds: float) -> Measure:
    """Return one measurement, made in this process."""
    (work,) = (work for work in WORKS if work.name == name)
    return measured(work.sides[side](at), seconds, work.clock)


def _json(work: Work, sides: Sides) -> str:
    rounds = {side: [asdict(one) for one in measures] for side, measures in sides.items()}
    compared = {side: at._asdict() for side in (GYM, SAT, LIMIT) if (at := results.ratio(sides, side))}
    return json.dumps({"work": work.name, "rounds": rounds, "ratios": compared})


def fill(found: Results) -> None:
    """Fill the page and draw its figure."""
    PAGE.write_text(page.filled(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    FIGURE.parent.mkdir(exist_ok=True)
    FIGURE.write_text(page.figure(found), encoding="utf-8")
    print(f"{PAGE}\n{FIGURE}")


if __name__ == "__main__":
    main()
