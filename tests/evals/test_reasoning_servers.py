"""Benchmarks of a chat model on a server that moves the thinking out of the text, or removes the stop string."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from knk.evals.items import items
from knk.evals.run import PAPER_SAMPLING, BenchmarkPlan, run_benchmarks
from knk.evals.scoring import ScoredCompletion, read_scored, stored_completions
from knk.inference.sampling import Sampling
from knk.tasks.source import Row
from tests.support.benchmarks import needs_lm_eval, right_completion
from tests.support.reasoning_server import SHAPES, serve_reasoning
from tests.support.teaching import quick_engine

CHAT_SAMPLING = replace(PAPER_SAMPLING, n=1, stop=(), max_tokens=300)
READABLE = [name for name in SHAPES if name != "nothing"]


@cache
def asked_items() -> list[Row]:
    """The puzzles that are asked."""
    return items("knk", limit=3)


def write(prompt: str) -> str:
    """A right answer to the puzzle in a prompt."""
    (row,) = [row for row in asked_items() if row["text"] in prompt]
    return right_completion(row)


def cut_short(_prompt: str) -> str:
    """An answer that is cut off in its thinking, in which it names one."""
    return "It may be <answer>1</answer>. " + "Hm. " * 500 + "</think><answer>2</answer>"


def bench(
    folder: Path, shape: str, sampling: Sampling = CHAT_SAMPLING, style: str = "chat", *, lm_eval: bool = False
) -> list[ScoredCompletion]:
    """The scored completions of three puzzles, answered by a server of this shape."""
    with serve_reasoning(write, shape) as server:
        plan = BenchmarkPlan(("knk",), sampling, style, limit=3)
        run_benchmarks(folder, quick_engine(server), plan, lm_eval=lm_eval)
    return read_scored(folder / "knk")


@pytest.mark.parametrize("shape", READABLE)
def test_thinking_that_a_server_moved_counts_for_the_format(shape: str, tmp_path: Path) -> None:
    scored = bench(tmp_path / "run", shape)
    assert [(one.correct, one.has_format, one.reason) for one in scored] == [(True, True, "right")] * 3


@pytest.mark.parametrize(("shape", "style"), [*((shape, "chat") for shape in READABLE), ("vllm", "paper")])
def test_an_answer_that_stopped_at_its_closing_tag_is_whole(shape: str, style: str, tmp_path: Path) -> None:
    scored = bench(tmp_path / "run", shape, replace(CHAT_SAMPLING, stop=("</answer>",)), style)
    assert [(one.correct, one.has_format) for one in scored] == [(True, True)] * 3


@pytest.mark.parametrize("shape", READABLE)
def test_an_answer_that_is_cut_off_in_its_thinking_is_never_completed(shape: str, tmp_path: Path) -> None:
    with serve_reasoning(cut_short, shape) as server:
        plan = BenchmarkPlan(("knk",), CHAT_SAMPLING, "chat", limit=3)
        run_benchmarks(tmp_path / "run", quick_engine(server), plan, lm_eval=False)
    scored = read_scored(tmp_path / "run" / "knk")
    assert [(one.correct, one.has_format, one.finish_reason) for one in scored] == [(False, False, "length")] * 3


@needs_lm_eval
@pytest.mark.slow
def test_lm_eval_scores_the_same_completions(tmp_path: Path) -> None:
    bench(tmp_path / "run", "vllm", replace(CHAT_SAMPLING, stop=("</answer>",)), lm_eval=True)
    (results,) = (tmp_path / "run" / "lm_eval").rglob("results_*.json")
    scores = [task for task in json.loads(results.read_text())["results"].values() if "format_rate,samples" in task]
    assert scores
    assert {(task["avg_at_k,samples"], task["format_rate,samples"]) for task in scores} == {(1.0, 1.0)}
    assert all(record["completion"].startswith("<think>") for record in stored_completions(tmp_path / "run" / "knk"))
