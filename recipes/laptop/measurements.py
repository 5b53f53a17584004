"""What a study measured: scores by condition, arm, task, item and base, with intervals over items and bases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from knk.errors import BadFile
from knk.evals.intervals import Estimate, SeedScores, average, difference, proportion, ratio
from knk.evals.results import Curve
from recipes.laptop import gate
from recipes.laptop.cell import STARTS, Rollouts, Scale, Stage, rl_arm
from recipes.laptop.record import Record

ACCURACY_IF_ANSWERED: Final = "accuracy if answered"
FORCED: Final = "accuracy if made to answer"
CHECKS: Final = tuple(f"right {name} checks" for name in ("first", "second", "later"))
"""The shares of right checks at the first try, at the second, and at all later ones."""
METRICS: Final = ("accuracy", "answered", ACCURACY_IF_ANSWERED, FORCED, "tries", *CHECKS, "tokens")
_PROPORTIONS: Final = ("accuracy", "answered", FORCED)
_DENOMINATORS: Final = {ACCURACY_IF_ANSWERED: "answered"} | {name: name.removeprefix("right ") for name in CHECKS}


class FirstStep(NamedTuple):
    """The first evaluated step of an RLVR run with a target accuracy; None if it was not reached."""

    record: Record
    stage: Stage
    step: int | None

    @property
    def tokens(self) -> float | None:
        """The tokens of the prompts and completions up to that step, without those of the warm-up."""
        if self.step is None:
            return None
        return max(
            (entry["num_tokens"] for entry in self.record.rl[self.stage.name] if entry["step"] <= self.step), default=0
        )


class Measurements:
    """The measurements of the cells of one condition: several bases with the same latent rate.

    Args:
        records: the records of the cells, all of the same scale and latent rate.

    Raises:
        BadFile: the cells differ in more than their seeds, or two have the same seed.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = sorted(records, key=lambda record: record.seed)
        first = self.records[0]
        if any((record.scale, record.latent) != (first.scale, first.latent) for record in self.records):
            raise BadFile("expected cells of one scale and one latent rate")
        if len({record.seed for record in self.records}) < len(self.records):
            raise BadFile(f"{self.condition}: two records have the same seed: remove one")

    @property
    def scale(self) -> Scale:
        """The scale of the cells."""
        return self.records[0].cell.scale

    @property
    def condition(self) -> str:
        """The name of the condition."""
        return self.records[0].cell.condition

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of each cell."""
        return self.records[0].cell.stages

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms: the base and the warm-ups, then those of RLVR."""
        ordered = sorted(self.stages, key=lambda stage: stage.rl_run is not None)
        return tuple(dict.fromkeys(stage.arm for stage in ordered))

    @property
    def gate_failures(self) -> list[str]:
        """What the bases fail at in the gate."""
        return [f"seed {record.seed}, {failure}" for record in self.records for failure in gate.failures(record.gate)]

    def scores(self, arm: str, tasks: Sequence[str], metric: str = "accuracy", step: int | None = None) -> SeedScores:
        """Return an arm's scores by item, one mapping for each base; runs of RLVR are averaged.

        Args:
            arm: the arm.
            tasks: the tasks.
            metric: the metric.
            step: the step of a checkpoint of RLVR; None for the final model.
        """
        names = [stage.name for stage in self.stages if stage.arm == arm]
        return [_mean_scores(record, names, tasks, metric, step) for record in self.records]

    def gains(self, arm: str, baseline: str, tasks: Sequence[str]) -> list[dict[str, float]]:
        """Return the differences in accuracy between an arm and a baseline arm by item, for each base."""
        pairs = zip(self.scores(arm, tasks), self.scores(baseline, tasks), strict=True)
        return [{item: after[item] - before[item] for item in after} for after, before in pairs]

    def gain(self, arm: str, baseline: str, tasks: Sequence[str], metric: str = "accuracy") -> Estimate:
        """Return the difference between an arm and a baseline arm on some tasks."""
        return difference(self.scores(arm, tasks, metric), self.scores(baseline, tasks, metric))

    def estimate(self, arm: str, tasks: Sequence[str], metric: str = "accuracy") -> Estimate | None:
        """Return an arm's score on some tasks; None if there is nothing to count, such as second checks."""
        if metric in _DENOMINATORS:
            numerator = "accuracy" if metric == ACCURACY_IF_ANSWERED else metric
            below = self.scores(arm, tasks, _DENOMINATORS[metric])
            if not any(any(scores.values()) for scores in below):
                return None
            return ratio(self.scores(arm, tasks, numerator), below)
        return (proportion if metric in _PROPORTIONS else average)(self.scores(arm, tasks, metric))

    def curve(self, start: str, rollouts: Rollouts) -> Curve:
        """Return the accuracy in the domain of RLVR over the steps of RLVR from a start."""
        domain, arm = [self.scale.rl_domain], rl_arm(start, rollouts)
        points = [(0, proportion(self.scores(start, domain)))]
        points += [
            (step, proportion(self.scores(arm, domain, step=self._step(step)))) for step in self.scale.checkpoints
        ]
        return Curve(arm, self.scale.rl_domain, "accuracy", tuple(points), self.condition)

    def first_steps(self, rollouts: Rollouts) -> list[tuple[FirstStep, FirstStep]]:
        """Return for each pair of RLVR runs, from base and warmed, the first step with base + RL's final accuracy."""
        arm, domain = rl_arm(STARTS[0], rollouts), [self.scale.rl_domain]
        targets = [_mean(scores) for scores in self.scores(arm, domain)]
        pairs = []
        for record, target in zip(self.records, targets, strict=True):
            for run in range(self.scale.rl_seeds):
                stages = [stage for stage in self.stages if stage.rollouts == rollouts and stage.rl_run == run]
                base, warmed = (FirstStep(record, stage, self._first_step(record, stage, target)) for stage in stages)
                pairs.append((base, warmed))
        return pairs

    def _first_step(self, record: Record, stage: Stage, target: float) -> int | None:
        assert stage.start is not None
        domain = [self.scale.rl_domain]
        if _mean(_mean_scores(record, [stage.start], domain, "accuracy", None)) >= target:
            return 0
        for step in self.scale.checkpoints:
            if _mean(_mean_scores(record, [stage.name], domain, "accuracy", self._step(step))) >= target:
                return step
        return None

    def _step(self, step: int) -> int | None:
        return None if step == self.scale.rl_steps else step


def by_condition(records: Sequence[Record]) -> list[Measurements]:
    """Return the measurements of each condition, ordered by latent rate; those with fewer domains come last.

    Args:
        records: the records of all cells.

    Raises:
        BadFile: they are not of one scale, or two are of the same cell.
    """
    if len(scales := {record.scale for record in records}) > 1:
        raise BadFile(f"expected records of one scale, got {' and '.join(sorted(scales))}")
    groups: dict[tuple[bool, float, tuple[str, ...]], list[Record]] = {}
    for record in records:
        latent = record.latent
        groups.setdefault((len(latent.domains) == 1, latent.rate, latent.domains), []).append(record)
    return [Measurements(groups[key]) for key in sorted(groups)]


def _mean_scores(
    record: Record, stages: Sequence[str], tasks: Sequence[str], metric: str, step: int | None
) -> dict[str, float]:
    """Return the score of each item, averaged over some stages."""
    tables = [record.scores[stage, step] for stage in stages]
    return {
        f"{task}/{item}": sum(table[task][metric][item] for table in tables) / len(tables)
        for task in tasks
        for item in tables[0][task][metric]
    }


def _mean(scores: Mapping[str, float]) -> float:
    return sum(scores.values()) / len(scores)
