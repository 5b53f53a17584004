"""Score programs by EvalPlus and by this library's sandbox, and say where the two differ and why."""

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

from knk.evals.evalplus_compare import Difference, compare

from knk.errors import BadFile, KnkError
from knk.evals.evalplus import (
    MIN_SECONDS,
    Figure,
    Problems,
    Sample,
    Scores,
    figure,
    held_out,
    problems_of,
    read_samples,
    score,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures and the differences; the exit status is 1 if one of these is not explained."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        problems = problems_of(asked.data)
        samples = _canonical(problems) if asked.samples is None else read_samples(asked.samples, problems)
        if asked.partial:
            problems = {name: problems[name] for name in dict.fromkeys(sample.task_id for sample in samples)}
        report = _report(asked, samples, problems)
    except (KnkError, OSError) as error:
        sys.exit(str(error))
    print(json.dumps(report, indent=1) if asked.json else "\n".join(_told(report)))
    if any(not one["explanation"] for one in report["differences"]):
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evalplus.score", description=__doc__)
    parser.add_argument(
        "samples",
        nargs="?",
        metavar="SAMPLES",
        type=Path,
        help="in EvalPlus's format; the data's own solutions if none",
    )
    parser.add_argument("--data", required=True, metavar="FILE", type=Path, help="HumanEvalPlus.jsonl.gz")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with what EvalPlus says of each")
    parser.add_argument("--partial", action="store_true", help="leave out problems that have no sample")
    parser.add_argument("--as-shipped", action="store_true", help="fail HumanEval/32 as EvalPlus 0.3.1 does")
    parser.add_argument(
        "--min-time-limit", type=float, default=MIN_SECONDS, metavar="S", help="least time for an input"
    )
    parser.add_argument("--parallel", type=int, metavar="N", help="how many run at once; half the cores if not given")
    parser.add_argument("--open-walls", action="store_true", help="run it although this machine cannot keep it in")
    return parser


def _canonical(problems: Problems) -> list[Sample]:
    return [Sample(name, row["prompt"] + row["canonical_solution"]) for name, row in problems.items()]


def _report(asked: argparse.Namespace, samples: list[Sample], problems: Problems) -> dict[str, Any]:
    begun = time.monotonic()
    scores = score(
        samples,
        problems,
        mended=not asked.as_shipped,
        parallel=asked.parallel,
        min_seconds=asked.min_time_limit,
        open_walls=asked.open_walls,
    )
    scored = time.monotonic()
    differences = compare(scores, samples, asked.data)
    return {
        "evalplus": scores.version,
        "walls": str(scores.level),
        "reported": list(scores.reported),
        "figures": {name: one.to_dict() for name, one in _figures(scores, asked.data)},
        "ours": _ours(scores, differences),
        "roots": sorted(scores.roots),
        "mended": scores.mended,
        "as shipped": scores.as_shipped,
        "differences": [one.to_dict() for one in differences],
        "seconds": {"evalplus": round(scored - begun, 1), "sandbox": round(time.monotonic() - scored, 1)},
        "samples": [{**vars(one), "correct": one.correct} for one in scores.samples],
    }


def _figures(scores: Scores, data: str | os.PathLike[str]) -> Iterator[tuple[str, Figure]]:
    yield "all", figure(scores)
    try:
        yield "held-out", figure(scores, held_out(data))
    except BadFile:
        return  # Too few problems for the library to train on any.


def _ours(scores: Scores, differences: Sequence[Difference]) -> int:
    """Return how many samples the library's verifier calls right."""
    other = {(one.task_id, one.number) for one in differences}
    return sum(one.correct is not ((one.task_id, one.number) in other) for one in scores.samples)


def _told(report: dict[str, Any]) -> Iterator[str]:
    """Return an iterator over the lines of the report."""
    yield f"EvalPlus {report['evalplus']} behind: {report['walls']}"
    yield "problems    tasks  samples   base   plus  pass@1"
    for name, one in report["figures"].items():
        rate = f"{one['pass@1']:.4f}" if "pass@1" in one else "-"
        yield f"{name:10} {one['tasks']:6} {one['samples']:8} {one['base']:6} {one['plus']:6}  {rate}"
    total = len(report["samples"])
    if report["roots"]:
        counted = "counted" if report["mended"] else "not counted"
        yield f"right roots of {', '.join(report['roots'])}: {counted}; as shipped: {report['as shipped']} of {total}"
    yield f"by the sandbox of knk: {report['ours']} of {total} right"
    yield f"{len(report['differences'])} differences"
    for one in report["differences"]:
        yield f"  {one['task_id']}, sample {one['number']}"
        yield f"    EvalPlus: {one['evalplus']}"
        yield f"    knk:      {one['ours']}"
        yield f"    because:  {one['explanation'] or 'NOT EXPLAINED'}"
    yield "seconds: " + ", ".join(f"{name} {seconds}" for name, seconds in report["seconds"].items())


if __name__ == "__main__":
    main()
