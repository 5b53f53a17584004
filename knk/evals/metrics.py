"""Metrics of scored completions: an item's samples are averaged first, so that intervals are over items."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from types import MappingProxyType
from typing import Final

from knk.evals import intervals
from knk.evals.intervals import Estimate
from knk.evals.scoring import ScoredCompletion

Completions = Sequence[ScoredCompletion]
ItemScores = dict[str, float]
"""A score for each item, by the item's id."""


@dataclass(frozen=True)
class BenchmarkSummary:
    """The metrics of a benchmark, or of one of its groups.

    Args:
        name: the benchmark, or "benchmark: group".
        samples: completions per item.
        metrics: the estimates, by the metrics' names.
        deviation: the standard deviation of the accuracy over samples, averaged over seeds; None for one sample.
        undecided: completions that the verifier could not decide; they are not counted in any metric.
    """

    name: str
    samples: int
    metrics: Mapping[str, Estimate]
    deviation: float | None
    undecided: int

    @property
    def accuracy(self) -> Estimate:
        """The share of right answers, with an item's samples averaged: avg@k."""
        return self.metrics["accuracy"]


_VALUES: Final[Mapping[str, Callable[[ScoredCompletion], float | None]]] = MappingProxyType(
    {
        "accuracy": lambda completion: completion.correct,
        "paper accuracy": lambda completion: completion.paper_correct,
        "format": lambda completion: completion.has_format,
        "answered": lambda completion: completion.answered if completion.correct is not None else None,
        "tokens": lambda completion: completion.tokens,
    }
)
"""The value of a completion on each metric; None is not counted."""
METRICS: Final = tuple(_VALUES)
"""The metrics of an item."""


def item_scores(completions: Completions, metric: str = "accuracy") -> ItemScores:
    """Return the mean of each item's samples.

    Args:
        completions: the scored completions of one run.
        metric: one of `METRICS`.

    >>> right = ScoredCompletion("a", 0, (), True, True, True, "right")
    >>> wrong = ScoredCompletion("a", 1, (), False, True, True, "wrong")
    >>> item_scores([right, wrong])
    {'a': 0.5}
    """
    value_of = _VALUES[metric]
    values: dict[str, list[float]] = {}
    for completion in completions:
        value = value_of(completion)
        if value is not None:
            values.setdefault(completion.item, []).append(float(value))
    return {item: fmean(samples) for item, samples in values.items()}


def any_correct(completions: Completions) -> ItemScores:
    """Return 1 for each item with a right answer among its k samples, else 0: pass@k."""
    scores: ItemScores = {}
    for completion in completions:
        if completion.correct is not None:
            scores[completion.item] = max(scores.get(completion.item, 0.0), float(completion.correct))
    return scores


def sample_deviation(completions: Completions) -> float | None:
    """Return the standard deviation of the accuracy over samples, as in the paper's tables; None for one sample.

    It measures how much another draw of completions changes the accuracy. It does not cover other items or other
    training runs.
    """
    by_sample: dict[int, list[float]] = {}
    for completion in completions:
        if completion.correct is not None:
            by_sample.setdefault(completion.sample, []).append(float(completion.correct))
    means = [fmean(values) for values in by_sample.values()]
    return stdev(means) if len(means) > 1 else None


def summary(name: str, runs: Sequence[Completions]) -> BenchmarkSummary:
    """Return the metrics of a benchmark.

    Args:
        name: the name of the summary.
        runs: the scored completions of one run, or of several runs over the same items, one per training seed.

    Raises:
        BadRow: there are no completions, or the runs are not over the same items.
    """
    samples = 1 + max((completion.sample for completions in runs for completion in completions), default=0)
    accuracy = [item_scores(completions) for completions in runs]
    metrics = {"accuracy": intervals.proportion(accuracy)}
    if samples > 1:
        metrics[f"pass@{samples}"] = intervals.proportion([any_correct(completions) for completions in runs])
    for metric in ("paper accuracy", "format", "answered"):
        scores = [item_scores(completions, metric) for completions in runs]
        if all(scores):
            metrics[metric] = intervals.proportion(scores)
    answered = [item_scores(completions, "answered") for completions in runs]
    if any(any(scores.values()) for scores in answered):
        metrics["accuracy if answered"] = intervals.ratio(accuracy, answered)
    lengths = [item_scores(completions, "tokens") for completions in runs]
    if all(lengths):
        metrics["tokens"] = intervals.average(lengths)
    deviations = [deviation for deviation in map(sample_deviation, runs) if deviation is not None]
    undecided = sum(completion.correct is None for completions in runs for completion in completions)
    return BenchmarkSummary(name, samples, metrics, fmean(deviations) if deviations else None, undecided)


def group_summaries(name: str, runs: Sequence[Completions]) -> list[BenchmarkSummary]:
    """Return the metrics of each group of a benchmark, in the order of the numbers in their names, then of the names.

    Args:
        name: the benchmark's name in the summaries.
        runs: the scored completions of one run, or of several runs over the same items.
    """
    return [
        summary(f"{name}: {group}", [in_group(completions, group) for completions in runs])
        for group in group_names(runs[0])
    ]


def group_names(completions: Completions) -> list[str]:
    """Return the names of the groups, "3 people" before "10 people".

    Args:
        completions: the scored completions of a run.

    >>> ten, three = (ScoredCompletion(n, 0, (f"{n} people",), True, True, True, "right") for n in ("10", "3"))
    >>> group_names([ten, three])
    ['3 people', '10 people']
    """
    names = {group for completion in completions for group in completion.groups}
    return sorted(names, key=_natural_order)


def _natural_order(name: str) -> list[tuple[int, str]]:
    """Return a sort key that compares the numbers in a name as numbers."""
    parts = re.findall(r"(\d+)|(\D+)", name)
    return [(int(digits or 0), text) for digits, text in parts]


def in_group(completions: Completions, group: str) -> list[ScoredCompletion]:
    """Return the completions of a group's items."""
    return [completion for completion in completions if group in completion.groups]
