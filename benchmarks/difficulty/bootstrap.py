"""Bootstrap intervals of several statistics at once, with or without strata."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

IndexArray = npt.NDArray[np.intp]
Statistics = Callable[[IndexArray], dict[str, float]]
"""Computes named statistics of the items with these indices."""
CONFIDENCE: Final = 0.95
MAX_UNDEFINED: Final = 0.1
"""An interval is undefined if at least this share of the resamples has no value."""


class Interval(NamedTuple):
    """A statistic with the ends of its interval; each is nan if undefined."""

    value: float
    low: float
    high: float


def intervals(
    statistics: Statistics,
    size: int,
    strata: Sequence[object] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Return each statistic with its 95% percentile interval over resamples drawn with replacement.

    Args:
        statistics: computes the statistics.
        size: number of items.
        strata: the stratum of each item; each is resampled by itself, so that its size stays the same.
        resamples: number of resamples.
        seed: seed of the resamples.

    >>> values = np.arange(100.0)
    >>> mean, low, high = intervals(lambda indices: {"mean": float(values[indices].mean())}, 100)["mean"]
    >>> mean, 43 < low < 45, 54 < high < 56
    (49.5, True, True)
    """
    draws = np.random.default_rng(seed)
    groups = _group_indices(size, strata)
    values = statistics(np.arange(size))
    resampled: dict[str, list[float]] = {name: [] for name in values}
    for _ in range(resamples):
        indices = np.concatenate([draws.choice(group, len(group)) for group in groups])
        for name, value in statistics(indices).items():
            resampled[name].append(value)
    return {name: Interval(value, *_ends(resampled[name])) for name, value in values.items()}


def _group_indices(size: int, strata: Sequence[object] | None) -> list[IndexArray]:
    if strata is None:
        return [np.arange(size)]
    groups: dict[object, list[int]] = {}
    for index, stratum in enumerate(strata):
        groups.setdefault(stratum, []).append(index)
    return [np.array(group) for group in groups.values()]


def _ends(values: Sequence[float]) -> tuple[float, float]:
    defined = np.array([value for value in values if not np.isnan(value)])
    if len(defined) <= (1 - MAX_UNDEFINED) * len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
