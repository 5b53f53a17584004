"""Rank correlations with bootstrap intervals, in numpy.

All correlations are of ranks, ties sharing the mean of theirs. Where one side does not vary there is no correlation:
it is nan, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.intp]
Columns = Mapping[str, Numbers]
LEVEL: Final = 0.95


def ranks(values: npt.ArrayLike) -> Numbers:
    """Return each value's rank from 1, equal values sharing the mean of theirs.

    >>> ranks([3, 1, 3, 9]).tolist()
    [2.5, 1.0, 2.5, 4.0]
    """
    _, places, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    shared: Numbers = np.cumsum(counts) - (counts - 1) / 2
    return shared[places]


def pearson(x: Numbers, y: Numbers) -> float:
    """Return the correlation of two rows of numbers.

    >>> round(pearson(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])), 3)
    0.5
    """
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm > 0 else float("nan")


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Return Spearman's rank correlation.

    >>> spearman([1, 2, 3, 4], [1, 4, 9, 16]), spearman([1, 2, 2], [3, 1, 1])
    (1.0, -1.0)
    """
    return pearson(ranks(x), ranks(y))


def kendall(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Return Kendall's tau-b.

    >>> round(kendall([1, 2, 3, 4], [1, 3, 2, 4]), 3), round(kendall([1, 1, 2], [0, 1, 1]), 3)
    (0.667, 0.5)
    """
    _, rows = np.unique(np.asarray(x), return_inverse=True)
    _, columns = np.unique(np.asarray(y), return_inverse=True)
    width = int(columns.max()) + 1
    table = np.bincount(rows * width + columns, minlength=(int(rows.max()) + 1) * width).reshape(-1, width)
    # Of each cell: how many stand below it to the right, and below it to the left.
    below = np.cumsum(table[::-1], axis=0)[::-1][1:]
    right = np.cumsum(below[:, ::-1], axis=1)[:, ::-1]
    left = np.cumsum(below, axis=1)
    agreeing = float((table[:-1, :-1] * right[:, 1:]).sum())
    opposed = float((table[:-1, 1:] * left[:, :-1]).sum())
    norm = float(np.sqrt(_untied(table.sum(axis=1)) * _untied(table.sum(axis=0))))
    return (agreeing - opposed) / norm if norm > 0 else float("nan")


def _untied(counts: npt.NDArray[np.int64]) -> float:
    total = int(counts.sum())
    return float(total * (total - 1) - (counts * (counts - 1)).sum()) / 2


def partial(x: npt.ArrayLike, y: npt.ArrayLike, given: npt.ArrayLike) -> float:
    """Return the rank correlation of two things with a third held fixed.

    >>> partial([1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 1, 2])
    1.0
    """
    xy, xz, yz = spearman(x, y), spearman(x, given), spearman(y, given)
    left = (1 - xz * xz) * (1 - yz * yz)
    return (xy - xz * yz) / float(np.sqrt(left)) if left > 1e-12 else float("nan")


def within(x: Numbers, y: Numbers, groups: Numbers) -> float:
    """Return Spearman's correlation inside groups: the mean over groups, weighed by how many are in them.

    Groups in which one side does not vary tell nothing and are left out.

    >>> within(np.array([1.0, 2, 1, 2]), np.array([5.0, 6, 1, 2]), np.array([0.0, 0, 1, 1]))
    1.0
    """
    total = weight = 0.0
    for group in np.unique(groups):
        chosen = groups == group
        found = spearman(x[chosen], y[chosen])
        if not np.isnan(found):
            total += found * float(chosen.sum())
            weight += float(chosen.sum())
    return total / weight if weight else float("nan")


def intervals(
    statistics: Callable[[IndexArray], dict[str, float]],
    size: int,
    cells: Sequence[object] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, tuple[float, float, float]]:
    """Return each statistic with its 95 % percentile interval from drawing the items anew, with replacement.

    Args:
        statistics: from the places of the items drawn to named figures.
        size: how many items there are.
        cells: what cell each item is in, where their numbers were fixed beforehand: then each cell is drawn anew.
        resamples: how often.
        seed: of the draws.

    >>> values = np.arange(100.0)
    >>> low, mean, high = sorted(intervals(lambda at: {"mean": float(values[at].mean())}, 100)["mean"])
    >>> mean, 43 < low < 45, 54 < high < 56
    (49.5, True, True)
    """
    draws = np.random.default_rng(seed)
    groups = _places(size, cells)
    whole = statistics(np.arange(size))
    drawn: dict[str, list[float]] = {name: [] for name in whole}
    for _ in range(resamples):
        for name, value in statistics(np.concatenate([draws.choice(group, len(group)) for group in groups])).items():
            drawn[name].append(value)
    return {name: (value, *_bounds(drawn[name])) for name, value in whole.items()}


def _places(size: int, cells: Sequence[object] | None) -> list[IndexArray]:
    if cells is None:
        return [np.arange(size)]
    groups: dict[object, list[int]] = {}
    for place, cell in enumerate(cells):
        groups.setdefault(cell, []).append(place)
    return [np.array(group) for group in groups.values()]


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    """Return the interval; nan where a tenth of the resamples or more had no figure."""
    there = np.array([value for value in values if not np.isnan(value)])
    if len(there) <= 0.9 * len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(there, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
