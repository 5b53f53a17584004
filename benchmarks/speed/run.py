"""Measure the speed of knk, compared with reasoning-gym at the same work and with the limits of the machine."""

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

sys.path.insert(0, str(Path(__file__).parents[2]))  # So that the file can be run from anywhere.

from benchmarks.speed import page, results
from benchmarks.speed.chart import chart
from benchmarks.speed.results import Results, Sides
from benchmarks.speed.timing import Measurement, measure
from benchmarks.speed.workloads import GYM, LIMIT, SAT, WORKLOADS, Setup, Workload

ROOT: Final = Path(__file__).parents[2]
COMMITTED: Final = Path(__file__).with_name("results.json")
PAGE: Final = ROOT / "docs" / "performance.md"
CHART: Final = PAGE.with_suffix("") / "ratios.svg"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, or update the documents from the committed results."""
    options = _parse(arguments)
    if options.measure:
        workload, side, seed, folder = options.measure
        setup = Setup(int(seed), options.rows, Path(folder), options.data)
        print(json.dumps(asdict(measure_here(workload, side, setup, options.seconds))))
    elif options.docs:
        update_documents(results.read(COMMITTED))
    else:
        measured = run(options)
        if options.figure:
            options.figure.write_text(chart(measured), encoding="utf-8")
        if options.output:
            results.write(options.output, measured)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=0.3, help="time to warm up, and then to measure (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows that knk generate writes (%(default)s)")
    parser.add_argument("--only", default="", metavar="NAME", help="measure only workloads whose name contains NAME")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="folder with the files of the published tasks")
    parser.add_argument("--json", action="store_true", help="print JSON Lines")
    parser.add_argument("--figure", type=Path, metavar="FILE.svg", help="draw the ratios")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument(
        "--docs", action="store_true", help="measure nothing; update the documents from the committed results"
    )
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    for path in (options.output, options.figure):
        if path and not path.parent.is_dir():  # Fail before the measurements, not after them.
            parser.error(f"no such folder: {path.parent}")
    return options


def run(options: argparse.Namespace) -> Results:
    """Measure the chosen workloads, print a line for each, and return the results."""
    start = time.perf_counter()
    machine = results.this_machine()
    print(json.dumps({"machine": asdict(machine)}) if options.json else machine, flush=True)
    measured: dict[str, Sides] = {}
    for workload in WORKLOADS:
        if options.only in workload.name and (sides := _measure_workload(workload, options)):
            measured[workload.name] = sides
            print(_json_line(workload, sides) if options.json else page.summary(workload, sides), flush=True)
    total_seconds = round(time.perf_counter() - start, 1)
    return Results(machine, options.seconds, options.rounds, options.rows, total_seconds, measured)


def _measure_workload(workload: Workload, options: argparse.Namespace) -> Sides:
    """Return the measurements of all sides that can be measured; the sides take turns in each round."""
    measurements: dict[str, list[Measurement]] = {}
    for side in workload.sides:
        if missing := workload.missing(side, options.data):
            print(f"{workload.name}: skipping {side}: {missing}", file=sys.stderr)
        else:
            measurements[side] = []
    with TemporaryDirectory() as folder:
        for seed in range(1, options.rounds + 1):
            for side, rounds in measurements.items():
                rounds.append(measure_in_new_process(workload.name, side, seed, folder, options))
    return measurements


def measure_in_new_process(
    workload: str, side: str, seed: int, folder: str, options: argparse.Namespace
) -> Measurement:
    """Return a measurement made in a new process."""
    command = [sys.executable, __file__, "--measure", workload, side, str(seed), folder]
    command += ["--seconds", str(options.seconds), "--rows", str(options.rows)]
    command += ["--data", str(options.data)] if options.data else []
    # `knk generate` starts Python again, which has to import this copy of the library.
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=False)
    if process.returncode:
        raise SystemExit(f"{workload}: measuring {side} failed")
    return Measurement(**json.loads(process.stdout))


def measure_here(name: str, side: str, setup: Setup, seconds: float) -> Measurement:
    """Return a measurement made in this process."""
    (workload,) = (workload for workload in WORKLOADS if workload.name == name)
    return measure(workload.sides[side](setup), seconds, workload.use_wall_time)


def _json_line(workload: Workload, sides: Sides) -> str:
    rounds = {side: [asdict(row) for row in rows] for side, rows in sides.items()}
    ratios = {side: ratio._asdict() for side in (GYM, SAT, LIMIT) if (ratio := results.ratio(sides, side))}
    return json.dumps({"workload": workload.name, "rounds": rounds, "ratios": ratios})


def update_documents(measured: Results) -> None:
    """Fill in the tables of the page and draw its chart."""
    PAGE.write_text(page.fill_page(PAGE.read_text(encoding="utf-8"), measured), encoding="utf-8")
    CHART.parent.mkdir(exist_ok=True)
    CHART.write_text(chart(measured), encoding="utf-8")
    print(f"{PAGE}\n{CHART}")


if __name__ == "__main__":
    main()
