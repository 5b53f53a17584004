"""Intervals: against published values, and by how often they cover the truth."""

import numpy as np
import pytest

from knk.errors import BadRow
from knk.evals.intervals import (
    Estimate,
    average,
    difference,
    proportion,
    ratio,
    student_quantile,
)


def named(scores: list[float]) -> dict[str, float]:
    return {str(item): score for item, score in enumerate(scores)}


@pytest.mark.parametrize(("degrees", "quantile"), [(1, 12.706), (2, 4.303), (5, 2.571), (30, 2.042)])
def test_students_quantiles_match_the_tables(degrees: float, quantile: float) -> None:
    assert student_quantile(degrees) == pytest.approx(quantile, abs=0.001)


def test_the_error_over_items_is_the_standard_error() -> None:
    scores = [1.0, 2.0, 3.0, 4.0]
    estimate = average([named(scores)])
    half = 3.182 * np.std(scores, ddof=1) / 2
    assert estimate.mean == 2.5
    assert estimate.high - estimate.mean == pytest.approx(half, abs=0.001)
    assert (estimate.n, estimate.seeds) == (4, 1)


def test_intervals_of_perfect_and_zero_scores_have_a_width() -> None:
    right, wrong = proportion([named([1.0] * 100)]), proportion([named([0.0] * 100)])
    assert right.high == pytest.approx(1)
    assert 0.95 < right.low < 0.97  # Wilson's for 100 of 100 is 0.963.
    assert wrong.low == pytest.approx(0)
    assert wrong.high == pytest.approx(1 - right.low)


def test_seeds_that_disagree_widen_an_interval() -> None:
    items = [1.0, 0.0] * 100
    agreeing = proportion([named(items)] * 3)
    disagreeing = proportion([named([1.0] * 150 + [0.0] * 50), named([0.0] * 200), named([1.0] * 150 + [0.0] * 50)])
    assert agreeing.mean == disagreeing.mean == 0.5
    assert disagreeing.high - disagreeing.low > 4 * (agreeing.high - agreeing.low)


def test_a_difference_is_paired() -> None:
    hard = [float(number % 2) for number in range(100)]
    better = [score if number % 10 else 1.0 for number, score in enumerate(hard)]
    gain = difference([named(better)], [named(hard)])
    assert gain.mean == pytest.approx(0.1)
    assert gain.is_resolved
    assert (
        proportion([named(better)]).low < proportion([named(hard)]).high
    )  # Unpaired, the two could not be told apart.


def test_a_ratio_is_the_quotient_of_the_sums() -> None:
    estimated = ratio([named([1.0, 0.0, 0.0, 1.0])], [named([1.0, 1.0, 0.0, 1.0])])
    assert estimated.mean == pytest.approx(2 / 3)
    assert estimated.low < 2 / 3 < estimated.high


@pytest.mark.parametrize("seeds", [1, 3])
def test_intervals_cover_the_truth_at_the_nominal_rate(seeds: int) -> None:
    random = np.random.default_rng(7)
    between = 0.05 if seeds > 1 else 0.0  # One seed says nothing of other seeds.
    covered = 0
    for _ in range(400):
        skill = 0.5 + random.normal(0, between, (seeds, 1)) + random.normal(0, 0.2, (1, 60))
        scores = (random.random((seeds, 60)) < skill.clip(0, 1)).astype(float)
        estimate = proportion([named(list(run)) for run in scores])
        covered += estimate.low <= 0.5 <= estimate.high
    assert 0.92 <= covered / 400 <= 0.99


@pytest.mark.parametrize(
    "runs",
    [[], [{}], [{"a": 1.0}, {"b": 1.0}], [{"a": float("nan")}], [{"a": 1.5}], [{"a": -0.5}]],
)
def test_invalid_scores_are_refused(runs: list[dict[str, float]]) -> None:
    with pytest.raises(BadRow):
        proportion(runs)


def test_runs_that_do_not_pair_are_refused() -> None:
    with pytest.raises(BadRow, match="as many seeds on both sides, got"):
        difference([{"a": 1.0}], [{"a": 1.0}, {"a": 1.0}])
    with pytest.raises(BadRow, match="different items: 1 only in the first"):
        difference([{"a": 1.0}], [{"b": 1.0}])
    with pytest.raises(BadRow, match="the ratio is undefined"):
        ratio([{"a": 0.0}], [{"a": 0.0}])


def test_an_estimate_is_read_back() -> None:
    estimate = Estimate(0.5, 0.25, 0.75, 8, 3)
    assert Estimate.from_dict(estimate.to_dict()) == estimate
    for broken in ({}, {**estimate.to_dict(), "mean": "high"}, [1]):
        with pytest.raises(BadRow):
            Estimate.from_dict(broken)  # type: ignore[arg-type]
