"""Compute the figures from the failures, and the verdict from the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any, Final

import numpy as np

from benchmarks.difficulty.bootstrap import IndexArray, Interval, Statistics, intervals
from benchmarks.difficulty.correlations import FloatArray, kendall, partial, spearman, within
from benchmarks.difficulty.experiment import MEASURES

OUTCOMES: Final = ("sampled", "greedy")
ARMS: Final = ("natural", "balanced")
DECISIVE: Final = "spearman grade minus people"
"""The figure that decides the verdict."""


def figures(records: Sequence[dict[str, Any]], resamples: int) -> dict[str, Any]:
    """Return the figures of each arm, outcome and seed, and of all seeds pooled, with their intervals."""
    by_arm: dict[str, Any] = {}
    for arm in ARMS:
        rows = [record for record in records if arm in record["arms"]]
        strata = [(row["people"], row["grade"]) for row in rows] if arm == "balanced" else None
        columns = {measure: np.array([float(row[measure]) for row in rows]) for measure in MEASURES}
        by_arm[arm] = {"puzzles": len(rows), "failures": failure_rates(rows)}
        for outcome in OUTCOMES:
            failures = np.array([row[outcome] for row in rows])
            for name, column in [("pooled", failures.mean(axis=1)), *_by_model(failures)]:
                computed = intervals(_statistics(columns, column), len(rows), strata, resamples)
                by_arm[arm][f"{outcome}, {name}"] = {key: _rounded(value) for key, value in computed.items()}
    return by_arm


def _by_model(failures: FloatArray) -> list[tuple[str, FloatArray]]:
    return [(f"model {number}", column) for number, column in enumerate(failures.T, 1)]


def failure_rates(records: Sequence[dict[str, Any]]) -> dict[str, dict[str, list[float]]]:
    """Return the number of puzzles and the share that fails, for each outcome, number of people and grade."""
    cells: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for record in records:
        cells.setdefault((record["people"], record["grade"]), []).append(record)
    return {
        outcome: {
            f"{people} people, grade {grade}": [len(cell), round(float(np.mean([row[outcome] for row in cell])), 4)]
            for (people, grade), cell in sorted(cells.items())
        }
        for outcome in OUTCOMES
    }


def _statistics(columns: Mapping[str, FloatArray], failures: FloatArray) -> Statistics:
    def statistics(indices: IndexArray) -> dict[str, float]:
        x = {name: column[indices] for name, column in columns.items()}
        y = failures[indices]
        values = {f"spearman {name}": spearman(column, y) for name, column in x.items()}
        values |= {f"kendall {name}": kendall(column, y) for name, column in x.items()}
        for kind in ("spearman", "kendall"):
            for name in ("grade", "steps"):
                values[f"{kind} {name} minus people"] = values[f"{kind} {name}"] - values[f"{kind} people"]
        values["partial grade given people"] = partial(x["grade"], y, x["people"])
        values["partial people given grade"] = partial(x["people"], y, x["grade"])
        for name in MEASURES:
            if name != "people":
                values[f"{name} within people"] = within(x[name], y, x["people"])
        values["people within grade"] = within(x["people"], y, x["grade"])
        return values

    return statistics


def _rounded(interval: Interval) -> list[float | None]:
    return [None if isnan(number) else round(number, 4) for number in interval]


def verdict(by_arm: Mapping[str, Any]) -> str:
    """Return the verdict, by the criteria that the README set before the run."""
    _, low, high = by_arm["natural"]["sampled, pooled"][DECISIVE]
    if low is None or high is None:
        return "undecided: the failures do not vary enough"
    if low > 0:
        return "the grade predicts failure better than the number of people"
    return "the grade predicts failure less well than the number of people" if high < 0 else "undecided"
