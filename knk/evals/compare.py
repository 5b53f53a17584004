"""Compare two arms item by item: the difference of their scores, and its interval over items.

An arm is one run, or several with different training seeds. A run is a folder that `knk bench` wrote, or a folder with
lm-eval's logs of samples.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from knk.errors import BadSpec
from knk.evals import intervals, records
from knk.evals.intervals import Estimate
from knk.evals.items import benchmark
from knk.evals.lm_eval.logs import read_sample_logs
from knk.evals.metrics import METRICS, ItemScores, group_names, in_group, item_scores
from knk.evals.records import BenchmarkRun

FEW_ITEMS: Final = 30
"""Below this number of items a table says that there are few: a single item then moves a score by over three points."""


@dataclass(frozen=True)
class RunScores:
    """The item scores of a run.

    Args:
        arm: the model's name in tables.
        tables: the item scores of each benchmark or group.
        settings: the prompts and sampling parameters, by name; empty if unknown.
    """

    arm: str
    tables: Mapping[str, ItemScores]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class ScoreDifference:
    """The difference of the second arm's score and the first's on a benchmark.

    Args:
        name: the benchmark, or "benchmark: group".
        first: the first arm's score.
        second: the second arm's score.
        estimate: second minus first, with its interval over items, and over seeds if there are several.
        left_out: the number of items that only one of the arms has.
    """

    name: str
    first: Estimate
    second: Estimate
    estimate: Estimate
    left_out: int = 0

    @property
    def direction(self) -> str:
        """Whether the second arm is "higher" or "lower", or "not resolved" if the interval contains zero."""
        if not self.estimate.is_resolved:
            return "not resolved"
        return "higher" if self.estimate.mean > 0 else "lower"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return {
            "name": self.name,
            "first": self.first.to_dict(),
            "second": self.second.to_dict(),
            "difference": self.estimate.to_dict(),
            "direction": self.direction,
            "left_out": self.left_out,
        }


def read_scores(folder: str | os.PathLike[str], metric: str = "accuracy", groups: bool = False) -> RunScores:
    """Return the item scores of the run in a folder.

    Args:
        folder: a folder that `knk bench` or `lm_eval --log_samples` wrote.
        metric: for `knk bench` one of `knk.evals.metrics.METRICS`; for lm-eval a metric of its tasks, where "accuracy"
            stands for the first if a task has no metric of that name.
        groups: whether to return the scores of groups as well.

    Raises:
        BadSpec: there is no such metric.
        BadFolder: the folder does not hold a finished run.
    """
    if not (Path(folder) / records.RUN_FILE).is_file() and (tables := read_sample_logs(folder, metric)):
        return RunScores(Path(folder).name, tables, {})
    return run_scores(records.read_run(folder), metric, groups)


def run_scores(run: BenchmarkRun, metric: str = "accuracy", groups: bool = False) -> RunScores:
    """Return the item scores of a run.

    Args:
        run: the run.
        metric: one of `knk.evals.metrics.METRICS`.
        groups: whether to return the scores of groups as well.

    Raises:
        BadSpec: there is no such metric.
    """
    if metric not in METRICS:
        raise BadSpec(f"there is no metric {metric!r}; there are {', '.join(METRICS)}")
    tables: dict[str, ItemScores] = {}
    for name, completions in run.completions.items():
        heading = benchmark(name).heading
        tables[heading] = item_scores(completions, metric)
        if groups:
            for group in group_names(completions):
                tables[f"{heading}: {group}"] = item_scores(in_group(completions, group), metric)
    return RunScores(run.arm, tables, {"prompts": run.style, **run.parameters})


def compare(first: Sequence[RunScores], second: Sequence[RunScores]) -> list[ScoreDifference]:
    """Return the differences of two arms on all benchmarks that both have.

    Items are paired, so items that both arms find easy or hard do not widen the interval.

    Args:
        first: the first arm's runs, one per training seed.
        second: the second arm's runs, as many.

    Raises:
        BadSpec: the arms have no benchmark or no item in common, or different numbers of runs.

    >>> base, warmed = [RunScores("base", {"T": {"x": 0.0}}, {})], [RunScores("warmed", {"T": {"x": 1.0}}, {})]
    >>> compare(base, warmed)[0].estimate.mean
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


def _difference(name: str, first: Sequence[ItemScores], second: Sequence[ItemScores]) -> ScoreDifference:
    tables = [*first, *second]
    shared = set.intersection(*map(set, tables))
    if not shared:
        raise BadSpec(f"the two have no item of {name} in common that has a score")
    left_out = len(set.union(*map(set, tables)) - shared)
    paired = [{item: scores[item] for item in shared} for scores in tables]
    paired_first, paired_second = paired[: len(first)], paired[len(first) :]
    is_share = all(0 <= value <= 1 for scores in paired for value in scores.values())
    estimate_of = intervals.proportion if is_share else intervals.average
    estimate = intervals.difference(paired_second, paired_first)
    return ScoreDifference(name, estimate_of(paired_first), estimate_of(paired_second), estimate, left_out)


def setting_differences(first: RunScores, second: RunScores) -> list[str]:
    """Return the settings in which two runs differ, which may be the cause of a difference in their scores.

    Args:
        first: a run.
        second: another run.
    """
    if not first.settings or not second.settings:
        return []
    names = dict.fromkeys([*first.settings, *second.settings])
    return [
        f"{name} ({first.settings.get(name)}, {second.settings.get(name)})"
        for name in names
        if name != "seed" and first.settings.get(name) != second.settings.get(name)
    ]
