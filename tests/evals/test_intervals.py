"""Intervals: against published values, and by how often they cover the truth."""

from math import comb

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


def paired(better: int, worse: int, items: int) -> Estimate:
    """The difference of two runs of one answer per item, by how many items the second has better and worse."""
    first = named([0.0] * better + [1.0] * worse + [1.0] * (items - better - worse))
    second = named([1.0] * better + [0.0] * worse + [1.0] * (items - better - worse))
    return difference([second], [first])


@pytest.mark.parametrize("items", [1, 2, 5, 20, 100])
@pytest.mark.parametrize("better", [0, 1])
def test_equal_differences_have_a_width(items: int, better: int) -> None:
    estimate = paired(better * items, 0, items)
    assert estimate.mean == better
    assert estimate.low < better - 1 / (items + 1)
    assert estimate.low >= -1
    assert estimate.high <= 1


def test_few_items_do_not_tell_two_runs_apart() -> None:
    # An exact sign test needs six of six for a two-sided 5%, and thirty-two items allow many more patterns.
    assert not any(paired(items, 0, items).is_resolved for items in range(1, 6))
    assert paired(8, 0, 8).is_resolved
    assert paired(16, 4, 32).is_resolved
    assert not paired(4, 0, 10).is_resolved


@pytest.mark.parametrize("items", [2, 5, 10, 20])
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.25, 0.5])
def test_runs_that_do_not_differ_are_rarely_told_apart(items: int, rate: float) -> None:
    """The probability of each outcome is computed, not simulated: items are better or worse at the same rate."""
    false_alarms = sum(
        comb(items, better) * comb(items - better, worse) * rate ** (better + worse) * (1 - 2 * rate) ** rest
        for better in range(items + 1)
        for worse in range(items + 1 - better)
        if (rest := items - better - worse) >= 0 and paired(better, worse, items).is_resolved
    )
    assert false_alarms <= 0.06


def test_equal_differences_of_lengths_have_a_width() -> None:
    estimate = difference([named([300.0, 300.0])], [named([200.0, 200.0])])
    assert estimate.mean == 100
    assert estimate.low < 0 < estimate.high
    assert difference([named([300.0])], [named([200.0])]).low < 0


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
