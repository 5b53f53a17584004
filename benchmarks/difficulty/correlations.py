"""Rank correlations by scipy, with partial correlations and correlations within groups.

A correlation with something that does not vary is undefined: it is nan, never 0.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

FloatArray = npt.NDArray[np.float64]


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Return Spearman's rank correlation.

    >>> round(spearman([1, 2, 3, 4], [1, 4, 9, 16]), 3), round(spearman([1, 2, 2], [3, 1, 1]), 3)
    (1.0, -1.0)
    """
    if np.ptp(x) == 0 or np.ptp(y) == 0:  # scipy would warn.
        return math.nan
    return float(stats.spearmanr(x, y).statistic)


def kendall(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Return Kendall's tau-b.

    >>> round(kendall([1, 2, 3, 4], [1, 3, 2, 4]), 3), round(kendall([1, 1, 2], [0, 1, 1]), 3)
    (0.667, 0.5)
    """
    return float(stats.kendalltau(x, y).statistic)


def partial(x: npt.ArrayLike, y: npt.ArrayLike, control: npt.ArrayLike) -> float:
    """Return the rank correlation of x and y with a third variable held fixed.

    >>> round(partial([1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 1, 2]), 3)
    1.0
    """
    xy, xz, yz = spearman(x, y), spearman(x, control), spearman(y, control)
    unexplained = (1 - xz * xz) * (1 - yz * yz)
    return (xy - xz * yz) / math.sqrt(unexplained) if unexplained > 1e-12 else math.nan


def within(x: FloatArray, y: FloatArray, groups: FloatArray) -> float:
    """Return the mean of Spearman's correlation over groups, weighted by their sizes.

    Groups in which x or y does not vary are left out.

    >>> round(within(np.array([1.0, 2, 1, 2]), np.array([5.0, 6, 1, 2]), np.array([0.0, 0, 1, 1])), 3)
    1.0
    """
    total, weight = 0.0, 0
    for group in np.unique(groups):
        members = groups == group
        correlation = spearman(x[members], y[members])
        if not math.isnan(correlation):
            size = int(members.sum())
            total += correlation * size
            weight += size
    return total / weight if weight else math.nan
