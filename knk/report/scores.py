"""The scores of an evaluation, found by arm, task, metric and condition, and prepared for charts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from knk.evals.intervals import Estimate
from knk.evals.results import Results
from knk.report.comparison import Arm
from knk.report.marks import STYLES

ACCURACY: Final = "accuracy"
_SHARE: Final = re.compile("accuracy|answered|format|right|share|memorisation|pass@")
"""What the names of metrics contain that are shown in percent."""


def looks_like_share(metric: str, estimates: Iterable[Estimate]) -> bool:
    """Whether a metric is a share by its name, and all its estimates are between 0 and 1.

    Args:
        metric: the metric.
        estimates: its estimates.

    >>> half = Estimate(0.5, 0.4, 0.6, 100)
    >>> looks_like_share("accuracy", [half]), looks_like_share("tries", [half])
    (True, False)
    """
    return bool(_SHARE.search(metric)) and all(0 <= estimate.mean <= 1 for estimate in estimates if estimate.n)


@dataclass(frozen=True)
class Scores:
    """The scores of an evaluation.

    Args:
        evaluation: the evaluation.
    """

    evaluation: Results

    @cached_property
    def _by_name(self) -> dict[tuple[str, str, str, str], Estimate]:
        scores = reversed(self.evaluation.scores)
        return {(one.arm, one.task, one.metric, one.condition): one.estimate for one in scores}

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """The conditions in their order; () if there is only one."""
        others = (score.condition for score in self.evaluation.scores if score.condition)
        return tuple(dict.fromkeys((*self.evaluation.conditions, *others)))

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """The metrics, the accuracy first."""
        names = dict.fromkeys(score.metric for score in self.evaluation.scores)
        return tuple(sorted(names, key=lambda name: name != ACCURACY))

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """The tasks, those of the headline first."""
        return tuple(dict.fromkeys((*self.evaluation.headline, *self.evaluation.tasks)))

    def tasks_of(self, metric: str, condition: str = "") -> tuple[str, ...]:
        """Return the tasks with a score of a metric: those of the evaluation in their order, then others.

        Args:
            metric: the metric.
            condition: the condition.
        """
        scores = self.evaluation.scores
        measured = [one.task for one in scores if (one.metric, one.condition) == (metric, condition) and one.estimate.n]
        return tuple(task for task in dict.fromkeys((*self.evaluation.tasks, *measured)) if task in set(measured))

    @cached_property
    def styles(self) -> dict[str, int]:
        """The index of each arm's colour and shape."""
        trained = (curve.arm for curve in self.evaluation.curves)
        return {arm: index for index, arm in enumerate(dict.fromkeys((*self.evaluation.arms, *trained)))}

    @cached_property
    def _shares(self) -> frozenset[str]:
        estimates: dict[str, list[Estimate]] = {name: [] for name in self.metrics}
        for score in self.evaluation.scores:
            estimates[score.metric].append(score.estimate)
        return frozenset(name for name, values in estimates.items() if looks_like_share(name, values))

    def is_share(self, metric: str) -> bool:
        """Whether a metric is a share, which is shown in percent.

        Args:
            metric: the metric.
        """
        return metric in self._shares

    def get(self, arm: str, task: str, metric: str, condition: str = "") -> Estimate | None:
        """Return a score, or None if it was not measured.

        Args:
            arm: the arm.
            task: the task.
            metric: the metric.
            condition: the condition.
        """
        estimate = self._by_name.get((arm, task, metric, condition))
        return estimate if estimate and estimate.n else None

    def over_conditions(self, task: str, metric: str) -> list[Arm]:
        """Return the arms with their estimates on a task, under each condition.

        Args:
            task: the task.
            metric: the metric.
        """
        return [
            Arm(arm, self.styles[arm], [self.get(arm, task, metric, condition) for condition in self.conditions])
            for arm in self._drawn
        ]

    def over_tasks(self, tasks: Sequence[str], metric: str, condition: str = "") -> list[Arm]:
        """Return the arms with their estimates on each task.

        Args:
            tasks: the tasks.
            metric: the metric.
            condition: the condition.
        """
        return [
            Arm(arm, self.styles[arm], [self.get(arm, task, metric, condition) for task in tasks])
            for arm in self._drawn
        ]

    @property
    def _drawn(self) -> tuple[str, ...]:
        """The arms that charts show: as many as colours and shapes tell apart."""
        return self.evaluation.arms[:STYLES]
