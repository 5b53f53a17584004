"""Means, ratios and differences of scores, each with its 95% interval over items and over seeds.

Scores come as *runs*: one mapping from an item's name to its score for each seed, over the same items. An item asked
several times counts once, with the mean of its samples. Runs that share something (two RL seeds from one base) are
averaged first, so that a seed here is what was drawn independently.

The standard error is that of a crossed design: what the seeds' means vary by, what the items' means vary by, less what
both count of the rest. Quantiles are Student's, with Satterthwaite's degrees of freedom, so that three seeds give the
wide interval that three seeds deserve. With one seed it is the usual error over items: it says nothing of other seeds.
See Miller, "Adding Error Bars to Evals" (arXiv 2411.00640), for why items, and why paired.
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

Runs = Sequence[Mapping[str, float]]
_TAIL: Final = 0.975
_MANY: Final = 200  # From here on Student's quantile is the normal one within 0.6%.


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95% interval.

    Args:
        mean: the figure.
        low: the interval's lower end.
        high: its upper end.
        n: how many items it rests on.
        seeds: how many independent seeds it rests on.

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
        """Whether the interval leaves out zero: for a difference, whether its sign is known."""
        return self.low > 0 or self.high < 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {"mean": self.mean, "low": self.low, "high": self.high, "n": self.n, "seeds": self.seeds}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Estimate:
        """Return what `to_dict` wrote.

        Raises:
            BadRow: it is not such an object.
        """
        try:
            mean, low, high = (float(value[name]) for name in ("mean", "low", "high"))
            return cls(mean, low, high, int(value["n"]), int(value.get("seeds", 1)))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadRow(f"not an estimate: {str(value)[:80]!r}") from error

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean(runs: Runs) -> Estimate:
    """Return the mean of scores from 0 to 1, by Wilson's interval for as many items as the standard error amounts to.

    Args:
        runs: a mapping from item to score for each seed.

    Raises:
        BadRow: there are no scores, they are not from 0 to 1, or the runs are not over the same items.

    >>> str(mean([{"a": 1.0, "b": 0.0, "c": 1.0, "d": 1.0}]))
    '0.750 [0.131, 0.984]'
    """
    scores = _matrix(runs)
    if scores.min() < 0 or scores.max() > 1:
        raise BadRow("these scores are not from 0 to 1: average says what they amount to")
    seeds, items = scores.shape
    centre = float(scores.mean())
    error, freedom = _standard_error(scores)
    spread = centre * (1 - centre)
    worth = items if error == 0 else min(spread / error**2, items * seeds) if spread else items
    low, high = _wilson(centre, max(worth, 1e-9), _quantile(freedom))
    return Estimate(centre, low, high, items, seeds)


def average(runs: Runs) -> Estimate:
    """Return the mean of any scores, such as lengths or differences, with Student's interval.

    Args:
        runs: a mapping from item to score for each seed.

    Raises:
        BadRow: there are no scores, or the runs are not over the same items.

    >>> average([{"a": 3.0, "b": 5.0, "c": 4.0}]).mean
    4.0
    """
    return _around(None, _matrix(runs))


def difference(runs: Runs, others: Runs) -> Estimate:
    """Return by how much the first scores are above the others, item by item and seed by seed.

    Args:
        runs: a mapping from item to score for each seed.
        others: the same items under the same seeds, in the same order.

    Raises:
        BadRow: there are no scores, or the two are not over the same items and as many seeds.

    >>> difference([{"a": 1.0, "b": 1.0, "c": 0.0}], [{"a": 0.0, "b": 1.0, "c": 0.0}]).is_resolved
    False
    """
    if len(runs) != len(others):
        raise BadRow(f"{len(runs)} and {len(others)} runs cannot be paired")
    pairs = list(zip(runs, others, strict=True))
    if any(one.keys() != other.keys() for one, other in pairs):
        raise BadRow("the two are not over the same items")
    return average([{item: one[item] - other[item] for item in one} for one, other in pairs])


def ratio(numerators: Runs, denominators: Runs) -> Estimate:
    """Return the sum of some scores over the sum of others, such as what is right of what is answered.

    Args:
        numerators: a mapping from item to score for each seed.
        denominators: the same items under the same seeds.

    Raises:
        BadRow: there are no scores, they are not of the same items, or all denominators are zero.

    >>> ratio([{"a": 1.0, "b": 0.0, "c": 0.0}], [{"a": 1.0, "b": 1.0, "c": 0.0}]).mean
    0.5
    """
    above, below = _matrix(numerators), _matrix(denominators)
    if above.shape != below.shape or numerators[0].keys() != denominators[0].keys():
        raise BadRow("the two are not over the same items")
    if not below.any():
        raise BadRow("nothing to divide by: all denominators are zero")
    whole = float(above.sum() / below.sum())
    # To first order a ratio varies as the mean of these does.
    return _around(whole, (above - whole * below) / below.mean())


def _matrix(runs: Runs) -> NDArray[np.float64]:
    """The scores as an array, a row for each seed."""
    if not runs or not runs[0]:
        raise BadRow("there are no scores")
    items = sorted(runs[0])
    if any(run.keys() != runs[0].keys() for run in runs):
        raise BadRow("the runs are not over the same items")
    scores = np.array([[run[item] for item in items] for run in runs], dtype=float)
    if not np.isfinite(scores).all():
        raise BadRow("a score is not a finite number")
    return scores


def _around(centre: float | None, scores: NDArray[np.float64]) -> Estimate:
    seeds, items = scores.shape
    centre = float(scores.mean()) if centre is None else centre
    error, freedom = _standard_error(scores)
    half = _quantile(freedom) * error
    return Estimate(centre, centre - half, centre + half, items, seeds)


def _standard_error(scores: NDArray[np.float64]) -> tuple[float, float]:
    """The standard error of the mean of a crossed design, and its degrees of freedom."""
    seeds, items = scores.shape
    over_items = float(scores.mean(0).var(ddof=1)) / items if items > 1 else 0.0
    if seeds == 1:
        return over_items**0.5, max(items - 1, 1)
    over_seeds = float(scores.mean(1).var(ddof=1)) / seeds
    rest = scores - scores.mean(0) - scores.mean(1, keepdims=True) + scores.mean()
    both = float((rest**2).sum()) / max((seeds - 1) * (items - 1), 1) / (seeds * items)
    variance = max(over_items + over_seeds - both, over_items, over_seeds)
    weight = over_items**2 / max(items - 1, 1) + over_seeds**2 / (seeds - 1)
    return variance**0.5, variance**2 / weight if weight else seeds - 1


def _wilson(centre: float, worth: float, quantile: float) -> tuple[float, float]:
    """Wilson's interval for a share among so many independent items."""
    square = quantile**2 / worth
    middle = (centre + square / 2) / (1 + square)
    half = (centre * (1 - centre) * square + square**2 / 4) ** 0.5 / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def _quantile(freedom: float) -> float:
    return NormalDist().inv_cdf(_TAIL) if freedom >= _MANY else _student(round(max(freedom, 1.0), 2))


@lru_cache(maxsize=256)
def _student(freedom: float) -> float:
    """Student's 97.5% quantile, by halving."""
    from mpmath import betainc

    def above(value: float) -> float:
        return float(betainc(freedom / 2, 0.5, 0, freedom / (freedom + value**2), regularized=True)) / 2

    low, high = 1.9, 13.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) > 1 - _TAIL else (low, middle)
    return (low + high) / 2
