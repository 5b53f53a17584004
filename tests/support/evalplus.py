"""HumanEval+-like problems of our own, their samples, and both judges' results."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from knk.evals.evalplus.compare import Disagreement, compare
from knk.evals.evalplus.evaluate import evaluate
from knk.evals.evalplus.pass_rates import EvalPlusResults
from knk.evals.evalplus.samples import Sample, read_problems
from tests.support.attacks.code import INPUTS, ROW
from tests.support.exercises import written

needs_posix = pytest.mark.skipif(os.name != "posix", reason="model code runs on Linux and macOS only")
needs_evalplus = pytest.mark.skipif(find_spec("evalplus") is None, reason="EvalPlus is in the extra 'bench'")
SHORT_SECONDS: Final = 1.0
BLEND: Final = {
    "task_id": "Mine/0",
    "prompt": ROW["stub"],
    "canonical_solution": ROW["canonical_solution"],
    "entry_point": "blend",
    "base_input": INPUTS[:2],
    "plus_input": INPUTS[2:],
    "atol": 0,
}
COUNTS_CALLS: Final = """
calls = []

def blend(words, times):
    calls.append(words)
    if len(calls) > 3:
        return None
    mixed = [word * times for word in sorted(words)]
    return mixed, sum(map(len, mixed))
"""
"""A program whose failure nothing explains."""


def write_problems(problems: Any, folder: Path) -> Path:
    """Write a file of problems in EvalPlus's format, and return its path."""
    return written([{**problem, "contract": ""} for problem in problems], folder)


def solution_of(problem: dict[str, Any]) -> str:
    """The complete source of a problem's own solution."""
    return f"{problem['prompt']}{problem['canonical_solution']}"


def samples_of(*codes: str, problem: dict[str, Any] = BLEND) -> list[Sample]:
    """Samples of one problem."""
    return [Sample(problem["task_id"], code) for code in codes]


def judge(path: Path, samples: list[Sample], **options: Any) -> tuple[EvalPlusResults, list[Disagreement]]:
    """EvalPlus's results, and where the verifier disagrees."""
    results = evaluate(samples, read_problems(path), parallel=2, min_seconds=SHORT_SECONDS, seconds=300, **options)
    return results, compare(results, samples, path)
