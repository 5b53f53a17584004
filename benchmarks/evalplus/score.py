"""Score samples by EvalPlus and by this library's verifier, and report where the two disagree and why."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from knk.errors import BadFile, KnkError
from knk.evals.evalplus.compare import Disagreement, compare
from knk.evals.evalplus.evaluate import MIN_SECONDS, evaluate
from knk.evals.evalplus.pass_rates import EvalPlusResults, PassRates, pass_rates
from knk.evals.evalplus.samples import Problems, Sample, held_out_tasks, read_problems, read_samples


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the pass rates and the disagreements; the exit status is 1 if a disagreement is not explained."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        problems = read_problems(options.data)
        samples = _canonical(problems) if options.samples is None else read_samples(options.samples, problems)
        if options.partial:
            problems = {name: problems[name] for name in dict.fromkeys(sample.task_id for sample in samples)}
        report = _report(options, samples, problems)
    except (KnkError, OSError) as error:
        sys.exit(str(error))
    print(json.dumps(report, indent=1) if options.json else "\n".join(_lines(report)))
    if any(not disagreement["explanation"] for disagreement in report["disagreements"]):
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evalplus.score", description=__doc__)
    parser.add_argument(
        "samples",
        nargs="?",
        metavar="SAMPLES",
        type=Path,
        help="file of samples in EvalPlus's format; the dataset's own solutions if not given",
    )
    parser.add_argument("--data", required=True, metavar="FILE", type=Path, help="HumanEvalPlus.jsonl.gz")
    parser.add_argument(
        "--json", action="store_true", help="print a JSON object with EvalPlus's result for each sample"
    )
    parser.add_argument("--partial", action="store_true", help="leave out problems that have no sample")
    parser.add_argument("--as-shipped", action="store_true", help="fail HumanEval/32 as EvalPlus 0.3.1 does")
    parser.add_argument(
        "--min-time-limit", type=float, default=MIN_SECONDS, metavar="S", help="minimum time limit for an input"
    )
    parser.add_argument(
        "--parallel", type=int, metavar="N", help="number of samples run at once; half the cores if not given"
    )
    parser.add_argument(
        "--allow-weak-isolation",
        action="store_true",
        help="run even if the sandbox of this machine leaves too much open",
    )
    return parser


def _canonical(problems: Problems) -> list[Sample]:
    return [Sample(name, row["prompt"] + row["canonical_solution"]) for name, row in problems.items()]


def _report(options: argparse.Namespace, samples: list[Sample], problems: Problems) -> dict[str, Any]:
    start = time.monotonic()
    results = evaluate(
        samples,
        problems,
        count_roots=not options.as_shipped,
        parallel=options.parallel,
        min_seconds=options.min_time_limit,
        allow_weak_isolation=options.allow_weak_isolation,
    )
    evaluated = time.monotonic()
    disagreements = compare(results, samples, options.data)
    return {
        "evalplus": results.version,
        "sandbox": str(results.level),
        "reported": list(results.reported),
        "pass_rates": {name: rates.to_dict() for name, rates in _pass_rates(results, options.data)},
        "knk": _verified(results, disagreements),
        "root_tasks": sorted(results.root_tasks),
        "counts_roots": results.counts_roots,
        "as_shipped": results.as_shipped,
        "disagreements": [disagreement.to_dict() for disagreement in disagreements],
        "seconds": {"evalplus": round(evaluated - start, 1), "sandbox": round(time.monotonic() - evaluated, 1)},
        "samples": [{**vars(result), "correct": result.correct} for result in results.samples],
    }


def _pass_rates(results: EvalPlusResults, data: str | os.PathLike[str]) -> Iterator[tuple[str, PassRates]]:
    yield "all", pass_rates(results.samples)
    try:
        yield "held-out", pass_rates(results.samples, held_out_tasks(data))
    except BadFile:
        return  # There are too few problems for the library to train on any.


def _verified(results: EvalPlusResults, disagreements: Sequence[Disagreement]) -> int:
    """Return the number of samples that the library's verifier accepts."""
    disputed = {(disagreement.task_id, disagreement.index) for disagreement in disagreements}
    return sum(result.correct is not ((result.task_id, result.index) in disputed) for result in results.samples)


def _lines(report: dict[str, Any]) -> Iterator[str]:
    """Iterate over the lines of the report."""
    yield f"EvalPlus {report['evalplus']} in a sandbox: {report['sandbox']}"
    yield "problems    tasks  samples   base   plus  pass@1"
    for name, rates in report["pass_rates"].items():
        rate = f"{rates['pass@1']:.4f}" if "pass@1" in rates else "-"
        yield f"{name:10} {rates['tasks']:6} {rates['samples']:8} {rates['base']:6} {rates['plus']:6}  {rate}"
    total = len(report["samples"])
    if report["root_tasks"]:
        counted = "counted" if report["counts_roots"] else "not counted"
        tasks = ", ".join(report["root_tasks"])
        yield f"right roots of {tasks}: {counted}; as shipped: {report['as_shipped']} of {total}"
    yield f"knk's verifier: {report['knk']} of {total} right"
    yield f"{len(report['disagreements'])} disagreements"
    for disagreement in report["disagreements"]:
        yield f"  {disagreement['task_id']}, sample {disagreement['index']}"
        yield f"    EvalPlus: {disagreement['evalplus']}"
        yield f"    knk:      {disagreement['knk']}"
        yield f"    reason:   {disagreement['explanation'] or 'NOT EXPLAINED'}"
    yield "seconds: " + ", ".join(f"{name} {seconds}" for name, seconds in report["seconds"].items())


if __name__ == "__main__":
    main()
