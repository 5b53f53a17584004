"""Train small models on proofs, and compare how well the grade and the number of people predict their failures."""

from __future__ import annotations

import argparse
import json
import logging
import platform
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # So that the file can be run from anywhere.

import knk
from benchmarks.difficulty.analysis import ARMS, OUTCOMES, figures, verdict
from benchmarks.difficulty.experiment import QUICK, Plan, held_out_puzzles, new_records, train_and_test
from knk.tables import format_table

PACKAGES: Final = ("torch", "transformers", "numpy", "scipy")


def main() -> None:
    """Run the benchmark or compute its figures again, print them, and write them to a file."""
    options = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    if options.again:
        results = json.loads(options.again.read_text(encoding="utf-8"))
        results["figures"] = figures(results["puzzles"], results["plan"]["resamples"])
    else:
        plan = QUICK if options.quick else Plan()
        results = run(replace(plan, examples=options.examples) if options.examples else plan)
    if options.output:
        options.output.write_text(to_json(results), encoding="utf-8")
    print("\n".join(report(results)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="train almost nothing, to test the program")
    parser.add_argument("--again", type=Path, metavar="FILE", help="compute the figures again from a results file")
    parser.add_argument("--examples", type=int, metavar="N", help=f"training examples per model ({Plan.examples:,})")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the results as JSON")
    return parser


def run(plan: Plan) -> dict[str, Any]:
    """Run the benchmark, and return its settings, its figures and the failures on every held-out puzzle."""
    start = time.perf_counter()
    held_out = held_out_puzzles(plan)
    records = new_records(held_out)
    runs = [train_and_test(plan, seed, held_out, records) for seed in plan.seeds]
    versions = {package: version(package) for package in PACKAGES}
    return {
        "plan": asdict(plan),
        "versions": {"python": platform.python_version(), "knk": knk.__version__, **versions},
        "seconds": round(time.perf_counter() - start),
        "runs": runs,
        "figures": figures(records, plan.resamples),
        "puzzles": records,
    }


def to_json(results: Mapping[str, Any]) -> str:
    """Return the results as JSON, with one puzzle per line."""
    header = json.dumps({**results, "puzzles": []}, indent=1)
    lines = ",\n".join(f"  {json.dumps(record)}" for record in results["puzzles"])
    return header.removesuffix("[]\n}") + f"[\n{lines}\n ]\n}}\n"


def report(results: Mapping[str, Any]) -> Iterator[str]:
    """Iterate over the lines of the report."""
    for summary in results["runs"]:
        yield ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in summary.items())
    for arm in ARMS:
        arm_figures = results["figures"][arm]
        yield f"\n{arm} arm: {arm_figures['puzzles']} puzzles"
        yield _failure_table(arm_figures["failures"])
        for outcome in OUTCOMES:
            columns = [name for name in arm_figures if name.startswith(outcome)]
            rows = [
                [figure, *(_format_interval(arm_figures[column][figure]) for column in columns)]
                for figure in arm_figures[columns[0]]
            ]
            yield ""
            yield from format_table([[arm, *columns], *rows]).splitlines()
    yield f"\n{verdict(results['figures'])}"


def _failure_table(failures: Mapping[str, Mapping[str, list[float]]]) -> str:
    rows = [["", "puzzles", *(f"{outcome} failures" for outcome in OUTCOMES)]]
    for cell, (puzzles, _) in failures[OUTCOMES[0]].items():
        rows.append([cell, str(puzzles), *(f"{failures[outcome][cell][1]:.1%}" for outcome in OUTCOMES)])
    return format_table(rows)


def _format_interval(interval: list[float | None]) -> str:
    value, low, high = ("none" if number is None else f"{number:+.2f}" for number in interval)
    return f"{value} [{low}, {high}]"


if __name__ == "__main__":
    main()
