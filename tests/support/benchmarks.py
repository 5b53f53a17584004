"""Benchmark runs without a model: an engine that knows the answers, and the published sets where they are at hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from knk.evals.run import PAPER_SAMPLING, BenchmarkObserver, BenchmarkPlan, run_benchmarks
from knk.evals.scoring import ScoredCompletion
from knk.inference.engine import Answer, Batch, Failure, Notify, Request, Requests, Sink
from knk.inference.sampling import Sampling, derive_seed
from knk.tasks.source import Row
from tests.support.paths import ROOT

_DATA: Final = ROOT.parent / "shared" / "data"
PUBLISHED: Final = {
    "math500": _DATA / "math500.jsonl.gz",
    "mmlu_pro": _DATA / "mmlu_pro-test.jsonl.gz",
    "humaneval_plus": _DATA / "HumanEvalPlus.jsonl.gz",
}
"""Local files of the published sets."""
needs_published = pytest.mark.skipif(not PUBLISHED["math500"].is_file(), reason="the published data is not at hand")
needs_lm_eval = pytest.mark.skipif(
    find_spec("lm_eval") is None, reason="lm-eval is not installed: make check-all does it"
)
TWO_SAMPLES: Final = replace(PAPER_SAMPLING, n=2)


@dataclass(frozen=True)
class Oracle:
    """An engine that gives the right answer in a share of the samples, and wrong answers of several kinds otherwise."""

    share: float = 1.0
    failing: frozenset[str] = frozenset()
    model: str = "oracle"
    name: str = field(default="oracle", init=False)
    per_request: int = field(default=1, init=False)

    def identity(self) -> dict[str, Any]:
        return {"share": self.share}

    def effective_sampling(self, sampling: Sampling) -> Sampling:
        return sampling

    def run(self, requests: Requests, sampling: Sampling, sink: Sink, notify: Notify) -> None:  # noqa: ARG002 - nothing is sampled
        for request in filter(None, requests):
            for sample in request.samples:
                sink(Batch([self._answer(request, sample)]))

    def _answer(self, request: Request, sample: int) -> Answer | Failure:
        if request.row["id"] in self.failing:
            return Failure(request, sample, "it was too hard")
        draw = derive_seed(7, request.row["id"], sample) / 2**31
        text = right_completion(request.row) if draw < self.share else wrong_completion(request.row, int(draw * 997))
        return Answer(request, sample, text, "stop", completion_tokens=len(text.split()))


def right_completion(row: Row) -> str:
    """A completion with the right answer to any benchmark's item."""
    answer = row.get("answer", "")
    if "options" in row or "problem" in row:
        answer = rf"\boxed{{{answer}}}"
    if "stub" in row:
        answer = f"```python\n{row['stub']}{row['canonical_solution']}\n```"
    return f"I see.</think> <answer>{answer}</answer>"


def wrong_completion(row: Row, number: int) -> str:
    """One of four completions without the right answer."""
    swapped = row.get("answer", "").replace("knight", "#").replace("knave", "knight").replace("#", "knave")
    return [
        "I give up.",
        f"Well.</think> <answer>{swapped}</answer>",
        r"It is \boxed{B}, I think.</think> <answer>\boxed{J}</answer> and more",
        f"{row.get('answer', '')}</think><answer></answer>",
    ][number % 4]


def scored(item: str, sample: int, correct: bool | None, *groups: str, **fields: Any) -> ScoredCompletion:
    """A scored completion with the right format."""
    reason = "right" if correct else "wrong"
    return ScoredCompletion(item, sample, groups, correct, correct is not None, True, reason, **fields)


def two_runs(folder: Path) -> tuple[Path, Path]:
    """The folders of two runs on puzzles, the second better than the first."""
    plan = BenchmarkPlan(("knk", "knk_perturbed"), TWO_SAMPLES, limit=70)
    for name, share in (("base", 0.3), ("warmed", 0.6)):
        run_benchmarks(folder / name, Oracle(share, model=name), plan, lm_eval=False)
    return folder / "base", folder / "warmed"


class RecordingObserver(BenchmarkObserver):
    """Keeps the notices."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def notify(self, message: str) -> None:
        self.notices.append(message)
