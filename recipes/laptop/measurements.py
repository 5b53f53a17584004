"""What a study measured: scores by arm, task, item and seed, with intervals over items and base seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from knk.evals.intervals import Estimate, SeedScores, average, difference, proportion, ratio
from knk.evals.results import Curve
from knk.files import read_json
from recipes.laptop.domains import SEARCHES
from recipes.laptop.evaluate import FORCED, Scores, read_scores
from recipes.laptop.lineage import GATE, Lineage, Scale, Stage, stages

ACCURACY_IF_ANSWERED: Final = "accuracy if answered"
GATE_THRESHOLD: Final = 0.95
_PROPORTIONS: Final = ("accuracy", "answered", "format", FORCED)


class FirstStep(NamedTuple):
    """The first evaluated step of an RLVR run with a target accuracy; None if it was not reached."""

    lineage: Lineage
    stage: Stage
    step: int | None


class Measurements:
    """The measurements of a study, by seed.

    Args:
        scale: the size of the study.
        output: the folder of the study.
    """

    def __init__(self, scale: Scale, output: Path) -> None:
        self.scale = scale
        self.lineages = [Lineage(scale, output / f"seed-{seed}", seed) for seed in range(scale.seeds)]
        self.arms = tuple(dict.fromkeys(stage.arm for stage in sorted(stages(scale), key=_table_order)))
        self.gates: list[dict[str, float]] = [read_json(lineage.folder / GATE) for lineage in self.lineages]
        self._scores: dict[Path, Scores] = {}

    @property
    def gated_domains(self) -> list[str]:
        """The search domains that pass the gate: every base checks candidates correctly often enough."""
        return [domain for domain in SEARCHES if min(gate[domain] for gate in self.gates) >= GATE_THRESHOLD]

    def scores(self, arm: str, tasks: Sequence[str], metric: str = "accuracy", step: int | None = None) -> SeedScores:
        """Return an arm's scores by item, one mapping for each base seed; runs of RLVR are averaged.

        Args:
            arm: the arm.
            tasks: the tasks.
            metric: the metric.
            step: the step of a checkpoint of RLVR; None for the final model.
        """
        arm_stages = [stage for stage in stages(self.scale) if stage.arm == arm]
        return [
            self._mean_scores([lineage.samples(stage, step) for stage in arm_stages], tasks, metric)
            for lineage in self.lineages
        ]

    def gain(self, arm: str, baseline: str, tasks: Sequence[str], metric: str = "accuracy") -> Estimate:
        """Return the difference between an arm and a baseline arm on some tasks."""
        return difference(self.scores(arm, tasks, metric), self.scores(baseline, tasks, metric))

    def estimate(self, arm: str, task: str, metric: str) -> Estimate:
        """Return an arm's score on a task."""
        if metric == ACCURACY_IF_ANSWERED:
            answered = self.scores(arm, [task], "answered")
            if not any(any(seed_scores.values()) for seed_scores in answered):
                return Estimate(0.0, 0.0, 1.0, 0, len(answered))
            return ratio(self.scores(arm, [task]), answered)
        return (proportion if metric in _PROPORTIONS else average)(self.scores(arm, [task], metric))

    def curve(self, start: str) -> Curve:
        """Return the accuracy on the domain of RLVR over the steps of RLVR from a start."""
        task = self.scale.rl_domain
        points = [(0, proportion(self.scores(start, [task])))]
        points += [
            (step, proportion(self.scores(f"{start} + RL", [task], step=step))) for step in self.scale.checkpoints
        ]
        return Curve(f"{start} + RL", task, "accuracy", tuple(points))

    def first_steps(self, start: str) -> list[FirstStep]:
        """Return for each run of RLVR from a start the first step with base + RL's final accuracy for the same base."""
        targets = [
            _mean(scores)
            for scores in self.scores("base + RL", [self.scale.rl_domain], step=self.scale.checkpoints[-1])
        ]
        return [
            FirstStep(lineage, stage, self._first_step(lineage, stage, target))
            for lineage, target in zip(self.lineages, targets, strict=True)
            for stage in stages(self.scale)
            if stage.rl_run is not None and stage.start == start
        ]

    def _first_step(self, lineage: Lineage, stage: Stage, target: float) -> int | None:
        assert stage.start is not None
        paths = {0: lineage.samples(Stage(stage.start))}
        paths |= {step: lineage.samples(stage, step) for step in self.scale.checkpoints}
        for step, path in paths.items():
            if _mean(self._mean_scores([path], [self.scale.rl_domain], "accuracy")) >= target:
                return step
        return None

    def _mean_scores(self, paths: Sequence[Path], tasks: Sequence[str], metric: str) -> dict[str, float]:
        """Return the score of each item, averaged over some files of samples."""
        tables = [self._read(path) for path in paths]
        return {
            f"{task}/{item}": sum(table[task][metric][item] for table in tables) / len(tables)
            for task in tasks
            for item in tables[0][task][metric]
        }

    def _read(self, path: Path) -> Scores:
        if path not in self._scores:
            self._scores[path] = read_scores(path)
        return self._scores[path]


def _table_order(stage: Stage) -> int:
    """Return the sort key of a stage in tables: the base, the warm-ups, RLVR."""
    if stage.start is None:
        return 0
    return 1 if stage.rl_run is None else 2


def _mean(scores: Mapping[str, float]) -> float:
    return sum(scores.values()) / len(scores)
