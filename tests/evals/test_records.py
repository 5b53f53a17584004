"""Finished runs: results made from their completions, and broken or unfinished runs refused."""

from pathlib import Path

import pytest

from knk.errors import BadFolder
from knk.evals import intervals, results
from knk.evals.metrics import any_correct, item_scores, sample_deviation
from knk.evals.records import BenchmarkRun, read_run, summaries
from knk.evals.run import BenchmarkPlan, run_benchmarks
from knk.evals.scoring import read_scored
from tests.support.benchmarks import TWO_SAMPLES, Oracle, scored


def test_results_are_the_metrics_of_the_completions(runs: tuple[Path, Path]) -> None:
    written, completions = results.read(runs[1]), read_run(runs[1]).completions["knk"]
    expected = intervals.proportion([item_scores(completions)])
    assert written.score("warmed", "K&K") == expected
    assert 0.4 < expected.mean < 0.8
    assert written.score("warmed", "K&K", "pass@2") == intervals.proportion([any_correct(completions)])
    assert written.facts["warmed: K&K: SD over 2 samples"] == f"{sample_deviation(completions):.4f}"


def test_a_headline_group_has_a_line_of_its_own() -> None:
    completions = [scored("a", 0, True, "held-out"), scored("b", 0, False, "for training")]
    run = BenchmarkRun("base", "base", {"humaneval_plus": completions}, {}, "paper")
    rows = {row.name: row.accuracy.mean for row in summaries([run])}
    assert rows == {"HumanEval+": 0.5, "HumanEval+ held-out": 1.0}
    groups = [row.name for row in summaries([run], groups=True) if row.name not in rows]
    assert groups == ["HumanEval+: for training", "HumanEval+: held-out"]


def test_broken_and_unfinished_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match=r"has no bench\.json"):
        read_run(tmp_path)
    run_benchmarks(tmp_path / "run", Oracle(), BenchmarkPlan(("knk",), TWO_SAMPLES, limit=3), lm_eval=False)
    path = tmp_path / "run" / "knk" / "verdicts.jsonl"
    path.write_text('{"item": "a"}\n')
    with pytest.raises(BadFolder, match="not a scored completion"):
        read_run(tmp_path / "run")
    path.unlink()
    with pytest.raises(BadFolder, match="finish its run"):
        read_scored(tmp_path / "run" / "knk")
    (tmp_path / "run" / "bench.json").write_text('{"format": "other", "benchmarks": {}}')
    with pytest.raises(BadFolder, match="format"):
        read_run(tmp_path / "run")
