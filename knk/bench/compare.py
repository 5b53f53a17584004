"""Two arms compared, item by item: what a difference is, and whether it is more than chance among the items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from knk import intervals
from knk.bench.items import benchmark
from knk.bench.marks import Mark
from knk.bench.run import Run
from knk.bench.scores import scores
from knk.errors import BadSpec
from knk.intervals import Estimate


@dataclass(frozen=True)
class Difference:
    """By how much the second arm is above the first on a benchmark.

    Args:
        name: the benchmark, or "benchmark: group".
        first: the first arm's accuracy.
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


def compare(
    first: Sequence[Run], second: Sequence[Run], metric: str = "accuracy", groups: bool = False
) -> list[Difference]:
    """Return by how much the second arm is above the first, on each benchmark that both have.

    Items are paired: what both arms find easy or hard alike tells nothing, and does not widen the interval.

    Args:
        first: the first arm's runs, one for each seed of training.
        second: the second arm's, as many.
        metric: "accuracy", "accuracy as the paper reads", "format", "answered" or "tokens".
        groups: whether to compare within each benchmark's groups as well.

    Raises:
        BadSpec: they have no benchmark, or no item, in common, or not as many runs.
        BadRow: an arm's runs are not of the same items.
    """
    if len(first) != len(second):
        raise BadSpec(f"{len(first)} and {len(second)} runs cannot be paired seed by seed")
    shared = [name for name in first[0].marks if all(name in run.marks for run in [*first, *second])]
    if not shared:
        raise BadSpec("the two have no benchmark in common")
    found = []
    for name in shared:
        ones, others = ([run.marks[name] for run in runs] for runs in (first, second))
        heading = benchmark(name).heading
        found.append(_difference(heading, ones, others, metric))
        found += [
            _difference(f"{heading}: {group}", _of_group(ones, group), _of_group(others, group), metric)
            for group in (dict.fromkeys(group for one in ones[0] for group in one.groups) if groups else ())
        ]
    return found


def _of_group(runs: Sequence[Sequence[Mark]], group: str) -> list[list[Mark]]:
    return [[one for one in marks if group in one.groups] for marks in runs]


def _difference(name: str, ones: Sequence[Sequence[Mark]], others: Sequence[Sequence[Mark]], metric: str) -> Difference:
    all_scores = [scores(marks, metric) for marks in [*ones, *others]]
    shared = set.intersection(*map(set, all_scores)) if all_scores else set()
    if not shared:
        raise BadSpec(f"the two have no item of {name} in common that has {metric!r}")
    kept: list[Mapping[str, float]] = [{item: found[item] for item in shared} for found in all_scores]
    left_out = len(set.union(*map(set, all_scores)) - shared)
    first, second = kept[: len(ones)], kept[len(ones) :]
    mean = intervals.average if metric == "tokens" else intervals.mean
    return Difference(name, mean(first), mean(second), intervals.difference(second, first), left_out)


def unlike(first: Run, second: Run) -> list[str]:
    """Return in what two runs were asked otherwise, so that a difference may come from that.

    Args:
        first: a run.
        second: another.
    """
    told = []
    if first.style != second.style:
        told.append(f"prompts ({first.style}, {second.style})")
    for name in {**first.parameters, **second.parameters}:
        one, other = first.parameters.get(name), second.parameters.get(name)
        if one != other and name != "seed":
            told.append(f"{name} ({one}, {other})")
    return told
