"""Marks as scores: an item's samples are averaged first, so that intervals are over items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from types import MappingProxyType
from typing import Final

from knk.evals import intervals
from knk.evals.grades import Mark
from knk.evals.intervals import Estimate

Marks = Sequence[Mark]
Scores = dict[str, float]
"""A score for each item."""

_PERTURBED: Final = "original"


@dataclass(frozen=True)
class Summary:
    """What a benchmark came to.

    Args:
        name: the benchmark, or "benchmark: group".
        samples: how many answers each item got.
        metrics: the figures, by their names.
        deviation: the standard deviation of the accuracy over samples, averaged over seeds; None for one sample.
        undecided: answers whose verdict could not be found, which count for nothing.
    """

    name: str
    samples: int
    metrics: Mapping[str, Estimate]
    deviation: float | None
    undecided: int

    @property
    def accuracy(self) -> Estimate:
        """The share of right answers, an item's samples averaged: avg@k."""
        return self.metrics["accuracy"]


_VALUES: Final[Mapping[str, Callable[[Mark], float | None]]] = MappingProxyType(
    {
        "accuracy": lambda one: one.correct,
        "accuracy as the paper reads": lambda one: one.paper,
        "format": lambda one: one.has_format,
        "answered": lambda one: one.answered if one.correct is not None else None,
        "tokens": lambda one: one.tokens,
    }
)
"""What an answer scores on each metric; None counts for nothing."""
METRICS: Final = tuple(_VALUES)
"""What an item can be scored on."""


def scores(marks: Marks, metric: str = "accuracy") -> Scores:
    """Return each item's mean over its samples.

    Args:
        marks: the marks of one run.
        metric: one of `METRICS`.

    >>> scores([Mark("a", 0, (), True, True, True, "right"), Mark("a", 1, (), False, True, True, "wrong")])
    {'a': 0.5}
    """
    value = _VALUES[metric]
    found: dict[str, list[float]] = {}
    for one in marks:
        told = value(one)
        if told is not None:
            found.setdefault(one.item, []).append(float(told))
    return {item: fmean(values) for item, values in found.items()}


def solved(marks: Marks) -> Scores:
    """Return 1 for each item with a right answer among its samples, else 0: pass@k for all k of them."""
    found: Scores = {}
    for one in marks:
        if one.correct is not None:
            found[one.item] = max(found.get(one.item, 0.0), float(one.correct))
    return found


def deviation(marks: Marks) -> float | None:
    """Return the standard deviation of the accuracy over samples, as the paper's tables have it.

    It tells how much another draw of answers changes the figure, and nothing of other items or other training runs.
    """
    by_sample: dict[int, list[float]] = {}
    for one in marks:
        if one.correct is not None:
            by_sample.setdefault(one.sample, []).append(float(one.correct))
    means = [fmean(values) for values in by_sample.values()]
    return stdev(means) if len(means) > 1 else None


def summary(name: str, runs: Sequence[Marks]) -> Summary:
    """Return what a benchmark came to.

    Args:
        name: what to call it.
        runs: the marks of one run, or of several with the same items, one for each seed of training.

    Raises:
        BadRow: there are no marks, or the runs are not of the same items.
    """
    samples = 1 + max((one.sample for marks in runs for one in marks), default=0)
    metrics = {"accuracy": intervals.mean([scores(marks) for marks in runs])}
    if samples > 1:
        metrics[f"pass@{samples}"] = intervals.mean([solved(marks) for marks in runs])
    for metric in ("accuracy as the paper reads", "format", "answered"):
        values = [scores(marks, metric) for marks in runs]
        if all(values):
            metrics[metric] = intervals.mean(values)
    answered = [scores(marks, "answered") for marks in runs]
    if any(any(values.values()) for values in answered):
        metrics["accuracy if answered"] = intervals.ratio([scores(marks) for marks in runs], answered)
    lengths = [scores(marks, "tokens") for marks in runs]
    if all(lengths):
        metrics["tokens"] = intervals.average(lengths)
    deviations = [found for found in map(deviation, runs) if found is not None]
    undecided = sum(one.correct is None for marks in runs for one in marks)
    return Summary(name, samples, metrics, fmean(deviations) if deviations else None, undecided)


def by_group(name: str, runs: Sequence[Marks]) -> list[Summary]:
    """Return what each group of a benchmark came to, in the order of its items.

    Args:
        name: what to call the benchmark.
        runs: the marks of one run, or of several.
    """
    groups = dict.fromkeys(group for one in runs[0] for group in one.groups)
    return [
        summary(f"{name}: {group}", [[one for one in marks if group in one.groups] for marks in runs])
        for group in groups
    ]


def memorisation(runs: Sequence[Marks]) -> dict[str, Estimate]:
    """Return for each kind of change how often a puzzle is solved as it is and not when changed.

    This is the memorisation score of arXiv 2410.23123, section 2.1, accuracy times the share of the solved that is not
    solved when changed, as one mean over puzzles and samples; empty where no item is a change of another.

    Args:
        runs: the marks of one run, or of several with the same items.
    """
    kinds = dict.fromkeys(one.groups[0] for one in runs[0] if one.original and one.groups[0] != _PERTURBED)
    found = {kind: [_remembered(marks, kind) for marks in runs] for kind in kinds}
    return {kind: intervals.mean(values) for kind, values in found.items() if all(values)}


def _remembered(marks: Marks, kind: str) -> Scores:
    by_place = {(one.original, one.groups[0], one.sample): one.correct for one in marks if one.original}
    found: dict[str, list[float]] = {}
    for (original, group, sample), correct in by_place.items():
        changed = by_place.get((original, kind, sample))
        if group == _PERTURBED and correct is not None and changed is not None:
            found.setdefault(original, []).append(float(correct and not changed))
    return {original: fmean(values) for original, values in found.items()}
