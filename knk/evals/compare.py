"""Two arms compared, item by item: what a difference is, and whether it is more than chance among the items.

An arm is one run, or several with other seeds of training; a run is a folder of `knk bench`, or one that lm-eval logged
its samples into.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knk.errors import BadSpec
from knk.evals import intervals, records
from knk.evals import lm_eval as harness
from knk.evals.intervals import Estimate
from knk.evals.items import benchmark
from knk.evals.records import Run
from knk.evals.scores import METRICS, Scores, scores


@dataclass(frozen=True)
class Scored:
    """A run's scores.

    Args:
        arm: what tables call the model.
        tables: each item's score, by benchmark or group.
        asked: how it was asked, by names of what can differ; empty where nobody knows.
    """

    arm: str
    tables: Mapping[str, Scores]
    asked: Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """By how much the second arm is above the first on a benchmark.

    Args:
        name: the benchmark, or "benchmark: group".
        first: the first arm's figure.
        second: the second arm's.
        estimate: the difference, with its interval over items, and over seeds where there are several.
        left_out: items that only one of the two has.
    """

    name: str
    first: Estimate
    second: Estimate
    estimate: Estimate
    left_out: int = 0

    @property
    def told(self) -> str:
        """What it comes to, in a word: "higher", "lower", or "not resolved" where the interval holds zero."""
        if not self.estimate.is_resolved:
            return "not resolved"
        return "higher" if self.estimate.mean > 0 else "lower"

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "name": self.name,
            "first": self.first.to_dict(),
            "second": self.second.to_dict(),
            "difference": self.estimate.to_dict(),
            "told": self.told,
            "left_out": self.left_out,
        }


def read(folder: str | os.PathLike[str], metric: str = "accuracy", groups: bool = False) -> Scored:
    """Return the scores of a run in a folder.

    Args:
        folder: what `knk bench` wrote, or `lm_eval --log_samples`.
        metric: of `knk bench` one of `knk.evals.scores.METRICS`; of lm-eval a metric of its tasks, and where "accuracy"
            is none of them the first that they have.
        groups: whether to give the scores of groups as well.

    Raises:
        BadSpec: there is no such metric.
        BadFolder: it is no run's folder, or the run is not finished.
    """
    if not (Path(folder) / records.FILE).is_file() and (found := harness.logged(folder, metric)):
        return Scored(Path(folder).name, found, {})
    return scored(records.read(folder), metric, groups)


def scored(run: Run, metric: str = "accuracy", groups: bool = False) -> Scored:
    """Return the scores of a run.

    Args:
        run: the run.
        metric: one of `knk.evals.scores.METRICS`.
        groups: whether to give the scores of groups as well.

    Raises:
        BadSpec: there is no such metric.
    """
    if metric not in METRICS:
        raise BadSpec(f"there is no metric {metric!r}; there are {', '.join(METRICS)}")
    tables: dict[str, Scores] = {}
    for name, marks in run.marks.items():
        heading = benchmark(name).heading
        tables[heading] = scores(marks, metric)
        for group in dict.fromkeys(group for one in marks for group in one.groups) if groups else ():
            tables[f"{heading}: {group}"] = scores([one for one in marks if group in one.groups], metric)
    return Scored(run.arm, tables, {"prompts": run.style, **run.parameters})


def compare(first: Sequence[Scored], second: Sequence[Scored]) -> list[Difference]:
    """Return by how much the second arm is above the first, on all that both have.

    Items are paired: what both arms find easy or hard alike tells nothing, and does not widen the interval.

    Args:
        first: the first arm's runs, one for each seed of training.
        second: the second arm's, as many.

    Raises:
        BadSpec: they have nothing, or no item, in common, or not as many runs.

    >>> ones, others = ([Scored(name, {"T": scores}, {})] for name, scores in (("a", {"x": 0.0}), ("b", {"x": 1.0})))
    >>> compare(ones, others)[0].estimate.mean
    1.0
    """
    if len(first) != len(second):
        raise BadSpec(f"{len(first)} and {len(second)} runs cannot be paired seed by seed")
    shared = [name for name in first[0].tables if all(name in run.tables for run in [*first, *second])]
    if not shared:
        raise BadSpec("the two have no benchmark in common")
    return [
        _difference(name, [run.tables[name] for run in first], [run.tables[name] for run in second]) for name in shared
    ]


def _difference(name: str, ones: Sequence[Scores], others: Sequence[Scores]) -> Difference:
    tables = [*ones, *others]
    shared = set.intersection(*map(set, tables))
    if not shared:
        raise BadSpec(f"the two have no item of {name} in common that has a score")
    kept = [{item: found[item] for item in shared} for found in tables]
    left_out = len(set.union(*map(set, tables)) - shared)
    first, second = kept[: len(ones)], kept[len(ones) :]
    is_share = all(0 <= value <= 1 for found in kept for value in found.values())
    mean = intervals.mean if is_share else intervals.average
    return Difference(name, mean(first), mean(second), intervals.difference(second, first), left_out)


def unlike(first: Scored, second: Scored) -> list[str]:
    """Return in what two runs were asked otherwise, so that a difference may come from that.

    Args:
        first: a run.
        second: another.
    """
    if not first.asked or not second.asked:
        return []
    names = dict.fromkeys([*first.asked, *second.asked])
    return [
        f"{name} ({first.asked.get(name)}, {second.asked.get(name)})"
        for name in names
        if name != "seed" and first.asked.get(name) != second.asked.get(name)
    ]
