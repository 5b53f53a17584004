"""Proportions, means, ratios and differences of scores, with 95% intervals over items and over seeds.

Scores are a list of mappings from items to scores: one mapping for each seed, over the same items. An item with several
samples counts once, with their mean. Seeds must be independent: runs that share something, such as two RL seeds from
one base, are averaged first.

The standard error is that of a crossed design: the variance of the items' means plus that of the seeds' means, minus
the interaction that both contain. Quantiles are Student's with Satterthwaite's degrees of freedom, so that three seeds
give a wide interval. With one seed the standard error is the usual one over items, and does not cover other seeds. See
Miller, "Adding Error Bars to Evals" (arXiv 2411.00640), for the reasons to compute intervals over items, and to pair
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from knk.errors import BadRow

SeedScores = Sequence[Mapping[str, float]]
"""The scores of the same items for each seed."""
_UPPER_TAIL: Final = 0.975
_NORMAL_DEGREES: Final = 200  # From here on Student's quantile is the normal one within 0.6%.


@dataclass(frozen=True)
class Estimate:
    """An estimate with its 95% interval.

    Args:
        mean: the estimate.
        low: the lower end of the interval.
        high: the upper end of the interval.
        n: the number of items.
        seeds: the number of independent seeds.

    >>> str(Estimate(0.5, 0.41, 0.59, 100))
    '0.500 [0.410, 0.590]'
    """

    mean: float
    low: float
    high: float
    n: int
    seeds: int = 1

    @property
    def is_resolved(self) -> bool:
        """Whether the interval excludes zero: for a difference, whether its sign is known."""
        return self.low > 0 or self.high < 0

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Estimate:
        """Return the value that `to_dict` wrote.

        Raises:
            BadRow: the object has other fields.
        """
        try:
            mean, low, high = (float(value[name]) for name in ("mean", "low", "high"))
            return cls(mean, low, high, int(value["n"]), int(value.get("seeds", 1)))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadRow(f"not an estimate: {str(value)[:80]!r}") from error

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def proportion(scores: SeedScores) -> Estimate:
    """Return the mean of scores between 0 and 1, with Wilson's interval for the effective number of items.

    Args:
        scores: the scores of the items, for each seed.

    Raises:
        BadRow: there are no scores, a score is not between 0 and 1, or the seeds do not have the same items.

    >>> str(proportion([{"a": 1.0, "b": 0.0, "c": 1.0, "d": 1.0}]))
    '0.750 [0.131, 0.984]'
    """
    matrix = _matrix(scores)
    if matrix.min() < 0 or matrix.max() > 1:
        raise BadRow("expected scores between 0 and 1: use average for others")
    seeds, items = matrix.shape
    mean = float(matrix.mean())
    error, degrees = _standard_error(matrix)
    variance = mean * (1 - mean)
    effective_items = items if error == 0 else min(variance / error**2, items * seeds) if variance else items
    low, high = _wilson(mean, max(effective_items, 1e-9), _quantile(degrees))
    return Estimate(mean, low, high, items, seeds)


def average(scores: SeedScores) -> Estimate:
    """Return the mean of any scores, such as lengths or differences, with Student's interval.

    Args:
        scores: the scores of the items, for each seed.

    Raises:
        BadRow: there are no scores, or the seeds do not have the same items.

    >>> average([{"a": 3.0, "b": 5.0, "c": 4.0}]).mean
    4.0
    """
    matrix = _matrix(scores)
    return _student_interval(float(matrix.mean()), matrix)


def difference(scores: SeedScores, baseline: SeedScores) -> Estimate:
    """Return the mean difference of scores and a baseline, paired by item and seed.

    Where every difference is -1, 0 or 1 (one answer per item, right or wrong), the interval is a score interval: it
    holds the differences that a test with the variance under that difference does not reject, as in Tango, "Equivalence
    test and confidence interval for the difference in proportions for the paired-sample design" (Statistics in Medicine
    17, 1998), with Student's quantile. So it is wide for few items, also if they all agree. Equal differences of other
    scores are treated alike, within the largest score. All other differences have Student's interval.

    Args:
        scores: the scores of the items, for each seed.
        baseline: the scores of the same items, for the same seeds in the same order.

    Raises:
        BadRow: there are no scores, or the two do not have the same items and as many seeds.

    >>> str(difference([{"a": 1.0}], [{"a": 0.0}]))  # One item shows almost nothing.
    '1.000 [-0.988, 1.000]'
    """
    if len(scores) != len(baseline):
        raise BadRow(f"expected as many seeds on both sides, got {len(scores)} and {len(baseline)}")
    pairs = list(zip(scores, baseline, strict=True))
    for first, second in pairs:
        _check_same_items(first, second)
    first_matrix, second_matrix = _matrix(scores), _matrix(baseline)
    differences = first_matrix - second_matrix
    largest = max(1.0, float(np.abs([first_matrix, second_matrix]).max()))
    if np.isin(differences, (-1, 0, 1)).all() and largest == 1:
        return _paired_interval(differences)
    if np.ptp(differences) == 0:
        return _paired_interval(differences, largest)
    return _student_interval(float(differences.mean()), differences)


def ratio(numerators: SeedScores, denominators: SeedScores) -> Estimate:
    """Return the ratio of two sums of scores, such as right answers to all answers.

    Args:
        numerators: the scores to sum above, for each seed.
        denominators: the scores to sum below, of the same items for the same seeds.

    Raises:
        BadRow: there are no scores, the two do not have the same items, or all denominators are zero.

    >>> ratio([{"a": 1.0, "b": 0.0, "c": 0.0}], [{"a": 1.0, "b": 1.0, "c": 0.0}]).mean
    0.5
    """
    above, below = _matrix(numerators), _matrix(denominators)
    if len(above) != len(below):
        raise BadRow(f"expected as many seeds on both sides, got {len(above)} and {len(below)}")
    _check_same_items(numerators[0], denominators[0])
    if not below.any():
        raise BadRow("the ratio is undefined: all denominators are zero")
    quotient = float(above.sum() / below.sum())
    # To first order, a ratio varies as the mean of these residuals.
    return _student_interval(quotient, (above - quotient * below) / below.mean())


def _check_same_items(first: Mapping[str, float], second: Mapping[str, float]) -> None:
    if first.keys() != second.keys():
        only_first, only_second = len(first.keys() - second.keys()), len(second.keys() - first.keys())
        raise BadRow(
            f"the two runs have different items: {only_first} only in the first, {only_second} only in the second"
        )


def _matrix(scores: SeedScores) -> NDArray[np.float64]:
    """The scores as an array of shape (seeds, items)."""
    if not scores or not scores[0]:
        raise BadRow("there are no scores")
    items = sorted(scores[0])
    for number, seed in enumerate(scores, 1):
        if seed.keys() != scores[0].keys():
            differing = len(seed.keys() ^ scores[0].keys())
            raise BadRow(f"expected the same items for all seeds, but {differing} differ between seeds 1 and {number}")
    matrix = np.array([[seed[item] for item in items] for seed in scores], dtype=float)
    if not np.isfinite(matrix).all():
        raise BadRow("a score is not a finite number")
    return matrix


def _student_interval(mean: float, matrix: NDArray[np.float64]) -> Estimate:
    """Student's interval around a mean, with the standard error of some values."""
    seeds, items = matrix.shape
    error, degrees = _standard_error(matrix)
    half = _quantile(degrees) * error
    return Estimate(mean, mean - half, mean + half, items, seeds)


def _paired_interval(differences: NDArray[np.float64], largest: float = 1.0) -> Estimate:
    """Return the score interval around the mean of paired differences between -largest and largest."""
    seeds, items = differences.shape
    scaled = differences / largest
    mean, square = float(scaled.mean()), float((scaled**2).mean())
    error, degrees = _standard_error(scaled)
    quantile = _quantile(degrees)
    effective_items = (square - mean**2) / error**2 if error > 0 else items
    # No fewer differences than may be there unseen: those that Wilson's interval allows if none is seen.
    square = max(square, quantile**2 / (items + quantile**2))
    share = quantile**2 / max(effective_items, 1e-9)
    half = max(share * (square * (1 + share) - mean**2), 0.0) ** 0.5
    low, high = ((mean + side * half) / (1 + share) for side in (-1, 1))
    return Estimate(largest * mean, largest * max(low, -1.0), largest * min(high, 1.0), items, seeds)


def _standard_error(matrix: NDArray[np.float64]) -> tuple[float, float]:
    """The standard error of the mean of a crossed design, and its degrees of freedom."""
    seeds, items = matrix.shape
    over_items = float(matrix.mean(0).var(ddof=1)) / items if items > 1 else 0.0
    if seeds == 1:
        return over_items**0.5, max(items - 1, 1)
    over_seeds = float(matrix.mean(1).var(ddof=1)) / seeds
    residuals = matrix - matrix.mean(0) - matrix.mean(1, keepdims=True) + matrix.mean()
    interaction = float((residuals**2).sum()) / max((seeds - 1) * (items - 1), 1) / (seeds * items)
    variance = max(over_items + over_seeds - interaction, over_items, over_seeds)
    weight = over_items**2 / max(items - 1, 1) + over_seeds**2 / (seeds - 1)
    return variance**0.5, variance**2 / weight if weight else seeds - 1


def _wilson(mean: float, items: float, quantile: float) -> tuple[float, float]:
    """Wilson's interval for a proportion among independent items."""
    square = quantile**2 / items
    middle = (mean + square / 2) / (1 + square)
    half = (mean * (1 - mean) * square + square**2 / 4) ** 0.5 / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def _quantile(degrees: float) -> float:
    """The 97.5% quantile of Student's distribution."""
    if degrees >= _NORMAL_DEGREES:
        return NormalDist().inv_cdf(_UPPER_TAIL)
    return student_quantile(round(max(degrees, 1.0), 2))


@lru_cache(maxsize=256)
def student_quantile(degrees: float) -> float:
    """Return the 97.5% quantile of Student's distribution, by bisection.

    Args:
        degrees: the degrees of freedom.

    >>> round(student_quantile(5.0), 3)
    2.571
    """
    from mpmath import betainc

    def tail(value: float) -> float:
        return float(betainc(degrees / 2, 0.5, 0, degrees / (degrees + value**2), regularized=True)) / 2

    low, high = 1.9, 13.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle) > 1 - _UPPER_TAIL else (low, middle)
    return (low + high) / 2
