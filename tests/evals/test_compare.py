"""Comparisons: differences item by item, over shared items, and of lm-eval's logs."""

from dataclasses import replace
from pathlib import Path

import pytest

from knk.errors import BadRow, BadSpec
from knk.evals import intervals
from knk.evals.compare import RunScores, compare, read_scores, run_scores, setting_differences
from knk.evals.metrics import item_scores
from knk.evals.records import read_run, results_of
from tests.support.benchmarks import scored
from tests.support.sample_logs import write_sample_log


def test_differences_are_computed_per_item(runs: tuple[Path, Path]) -> None:
    base, warmed = map(read_run, runs)
    puzzles, changed = compare([run_scores(base)], [run_scores(warmed)])
    expected = intervals.difference([item_scores(warmed.completions["knk"])], [item_scores(base.completions["knk"])])
    assert puzzles.estimate == expected
    assert (puzzles.name, changed.name, puzzles.direction) == ("K&K", "K&K changed", "higher")
    assert compare([run_scores(warmed)], [run_scores(base)])[0].direction == "lower"
    assert compare([run_scores(base)], [run_scores(base)])[0].direction == "not resolved"
    grouped = compare(*([run_scores(run, groups=True)] for run in (base, warmed)))
    assert any(difference.name == "K&K: 5 people" for difference in grouped)


def test_pairing_narrows_the_interval_and_uses_shared_items_only() -> None:
    easy = {str(item): float(item % 2 == 0) for item in range(200)}
    better = {str(item): float(item % 2 == 0 or item % 20 == 1) for item in range(5, 200)}
    (difference,) = compare([RunScores("a", {"T": easy}, {})], [RunScores("b", {"T": better}, {})])
    assert difference.left_out == 5
    assert difference.estimate.n == 195
    assert difference.estimate.is_resolved
    width = difference.estimate.high - difference.estimate.low
    assert width < (difference.first.high - difference.first.low) / 2


def test_runs_that_cannot_be_compared_are_refused(runs: tuple[Path, Path]) -> None:
    base, warmed = map(read_run, runs)
    first, second = [run_scores(base)], [run_scores(warmed)]
    with pytest.raises(BadSpec, match="seed by seed"):
        compare(first, second * 2)
    with pytest.raises(BadSpec, match="no benchmark in common"):
        compare(first, [RunScores("b", {}, {})])
    with pytest.raises(BadSpec, match="no item"):
        compare([RunScores("a", {"K&K": {"a": 1.0}}, {})], second)
    with pytest.raises(BadSpec, match="there is no metric 'pass@1'"):
        run_scores(base, "pass@1")
    other = replace(base, completions={"knk": [scored("a", 0, True)], "knk_perturbed": []})
    with pytest.raises(BadRow):
        results_of([[base, other]], "t")


def test_differing_settings_are_listed(runs: tuple[Path, Path]) -> None:
    base, warmed = map(read_run, runs)
    other = replace(warmed, style="chat", parameters={**warmed.parameters, "n": 4})
    assert setting_differences(run_scores(base), run_scores(warmed)) == []
    assert setting_differences(run_scores(base), run_scores(other)) == ["prompts (paper, chat)", "n (2, 4)"]


def test_logs_of_lm_eval_are_compared(tmp_path: Path) -> None:
    for name, right in (("a", 2), ("b", 9)):
        write_sample_log(tmp_path / name / "model", "gsm8k", right)
    (difference,) = compare([read_scores(tmp_path / "a")], [read_scores(tmp_path / "b")])
    assert (difference.name, difference.first.mean, difference.second.mean) == ("gsm8k", 0.2, 0.9)
    assert difference.direction == "higher"
