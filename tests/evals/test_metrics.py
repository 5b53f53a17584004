"""Metrics: means over samples, deviations, groups, and several seeds."""

from statistics import stdev

import pytest

from knk.evals.metrics import any_correct, group_summaries, item_scores, sample_deviation, summary
from knk.evals.scoring import ScoredCompletion
from tests.support.benchmarks import scored


def test_scores_are_means_over_samples_and_undecided_completions_are_not_counted() -> None:
    completions = [
        scored("a", 0, True),
        scored("a", 1, False),
        scored("b", 0, None),
        scored("b", 1, True),
        scored("c", 0, None),
    ]
    assert item_scores(completions) == {"a": 0.5, "b": 1.0}
    assert any_correct(completions) == {"a": 1.0, "b": 1.0}
    assert summary("x", [completions]).undecided == 2


def test_the_deviation_is_computed_over_samples() -> None:
    completions = [
        scored(item, sample, correct)
        for sample, verdicts in enumerate(("110", "100", "111"))
        for item, correct in zip("abc", map(bool, map(int, verdicts)), strict=True)
    ]
    assert sample_deviation(completions) == pytest.approx(stdev([2 / 3, 1 / 3, 1]))
    assert sample_deviation([scored("a", 0, True)]) is None


def test_each_group_has_its_items() -> None:
    completions = [scored("a", 0, True, "x"), scored("b", 0, False, "y"), scored("c", 0, True, "x")]
    accuracies = {group.name: group.accuracy.mean for group in group_summaries("T", [completions])}
    assert accuracies == {"T: x": 1.0, "T: y": 0.0}


def test_several_seeds_widen_the_interval() -> None:
    def run(shift: int) -> list[ScoredCompletion]:
        return [scored(str(item), 0, (item * 7 + shift) % 10 < 5 + shift) for item in range(100)]

    single, three = summary("T", [run(0)]).accuracy, summary("T", [run(0), run(2), run(4)]).accuracy
    assert (single.seeds, three.seeds) == (1, 3)
    assert three.high - three.low > single.high - single.low
