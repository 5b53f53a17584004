"""The laptop study's figures: every arm on every task, and the criteria of CRITERIA.md with what decides them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read
from knk.evals import results
from knk.evals.intervals import (
    Estimate,
    SeedScores,
    average,
    difference,
    proportion,
    ratio,
)
from knk.evals.results import (
    ArmScore,
    Curve,
    Results,
    StudyClaim,
)
from knk.files import read_json
from knk.tables import format_table
from knk.training.manifest import MANIFEST
from knk.training.manifest import METRICS as LOGGED
from recipes.laptop.domains import SEARCHES
from recipes.laptop.evaluate import FORCED, METRICS, TASKS, scores_of
from recipes.laptop.lineage import BASE, GATE, STARTS, WARMED, Lineage, Scale, Stage, stages

ANSWERED_RIGHT: Final = "accuracy if answered"
RIGHT_ENOUGH: Final = 0.95
PUZZLES: Final = ("kk2", "kk3")
_SHARES: Final = ("accuracy", "answered", "format", FORCED)
_ABOVE: Final = "the 95% interval of the difference lies above 0"


class Measured:
    """What was measured in a study, seed by seed.

    Args:
        scale: how much of everything.
        output: the study's folder.
    """

    def __init__(self, scale: Scale, output: Path) -> None:
        self.scale = scale
        self.lineages = [Lineage(scale, output / f"seed-{seed}", seed) for seed in range(scale.seeds)]
        self.arms = tuple(dict.fromkeys(stage.arm for stage in sorted(stages(scale), key=self._place)))
        self.gates: list[dict[str, float]] = [read_json(one.folder / GATE) for one in self.lineages]
        self._scores: dict[Path, Mapping[str, Mapping[str, Mapping[str, float]]]] = {}

    def _place(self, stage: Stage) -> int:
        """Where a stage's arm stands in tables: the base, the warm-ups, RLVR."""
        return 0 if stage.start is None else 1 if stage.number is None else 2

    @property
    def searches(self) -> list[str]:
        """The domains of search in which every base's checks are right often enough for a warm-up to be tested."""
        return [task for task in SEARCHES if min(gate[task] for gate in self.gates) >= RIGHT_ENOUGH]

    def runs(self, arm: str, tasks: Sequence[str], metric: str = "accuracy", step: int | None = None) -> SeedScores:
        """Return an arm's scores on the items of some tasks, a mapping for each base seed; RL seeds are averaged.

        Args:
            arm: the arm.
            tasks: the tasks.
            metric: what was measured.
            step: of RLVR, the step of a checkpoint; the end if not given.
        """
        of_arm = [stage for stage in stages(self.scale) if stage.arm == arm]
        files = [[one.samples(stage, step) for stage in of_arm] for one in self.lineages]
        return [self._averaged([self._of(path) for path in paths], tasks, metric) for paths in files]

    def gain(self, arm: str, over: str, tasks: Sequence[str], metric: str = "accuracy") -> Estimate:
        """Return by how much an arm is above another on some tasks."""
        return difference(self.runs(arm, tasks, metric), self.runs(over, tasks, metric))

    def estimate(self, arm: str, task: str, metric: str) -> Estimate:
        """Return an arm's figure on a task."""
        if metric == ANSWERED_RIGHT:
            answered = self.runs(arm, [task], "answered")
            if not any(any(run.values()) for run in answered):
                return Estimate(0.0, 0.0, 1.0, 0, len(answered))
            return ratio(self.runs(arm, [task]), answered)
        return (proportion if metric in _SHARES else average)(self.runs(arm, [task], metric))

    @property
    def steps(self) -> list[int]:
        """The steps of RLVR at which checkpoints were measured."""
        return list(range(self.scale.every, self.scale.steps + 1, self.scale.every))

    def curve(self, start: str) -> Curve:
        """Return how the accuracy on the domain of RLVR moved from a start."""
        task = self.scale.domain
        points = [(0, proportion(self.runs(start, [task])))]
        points += [(step, proportion(self.runs(f"{start} + RL", [task], step=step))) for step in self.steps]
        return Curve(f"{start} + RL", task, "accuracy", tuple(points))

    def reached(self, start: str) -> list[tuple[Lineage, Stage, int | None]]:
        """Return for each run of RLVR the first measured step with base + RL's last accuracy of the same base seed."""
        task = [self.scale.domain]
        wanted = [_share(run) for run in self.runs("base + RL", task, step=self.steps[-1])]
        found = []
        for lineage, score in zip(self.lineages, wanted, strict=True):
            for stage in stages(self.scale):
                if stage.number is None or stage.start != start:
                    continue
                paths = {0: lineage.samples(Stage(start))} | {step: lineage.samples(stage, step) for step in self.steps}
                shares = {
                    step: _share(self._averaged([self._of(path)], task, "accuracy")) for step, path in paths.items()
                }
                found.append((lineage, stage, next((step for step, share in shares.items() if share >= score), None)))
        return found

    def _averaged(self, tables: Sequence[Any], tasks: Sequence[str], metric: str) -> dict[str, float]:
        return {
            f"{task}/{item}": sum(found[task][metric][item] for found in tables) / len(tables)
            for task in tasks
            for item in tables[0][task][metric]
        }

    def _of(self, path: Path) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
        if path not in self._scores:
            self._scores[path] = scores_of(path)
        return self._scores[path]


def summary(scale: Scale, output: Path) -> Results:
    """Work out a study's results from its samples, write them to `results.json`, and return them.

    Args:
        scale: how much of everything.
        output: the study's folder.
    """
    found = Measured(scale, output)
    scores = [
        ArmScore(arm, task, metric, found.estimate(arm, task, metric))
        for arm in found.arms
        for task in TASKS
        for metric in ("accuracy", ANSWERED_RIGHT, *METRICS[1:], *([FORCED] if task in SEARCHES else []))
    ]
    told = Results(
        "Warm-up and RLVR on a CPU",
        found.arms,
        TASKS,
        tuple(scores),
        tuple(map(found.curve, STARTS)),
        tuple(claims(found)),
        dict(facts(found)),
    )
    results.write(output, told)
    return told


def claims(found: Measured) -> Iterator[StudyClaim]:
    """Iterate over the criteria, with the figures that decide them.

    Args:
        found: what was measured.
    """
    yield _gate(found)
    yield _above("Warm-up teaches puzzles: held-out ones of two and three people", found.gain(WARMED, BASE, PUZZLES))
    if found.searches:
        yield from _warm_up(found, found.searches)
    yield from _rlvr(found, [found.scale.domain])
    others = [task for task in TASKS if task not in (found.scale.domain, *PUZZLES, "kk4")]
    pairs = (("base + RL", BASE), ("warmed + RL", BASE), ("warmed + RL", WARMED), ("warmed + RL", "base + RL"))
    for arm, over in pairs:
        yield _above(f"In the domains that RLVR did not train, {arm} is above {over}", found.gain(arm, over, others))
    yield _above("On puzzles, RLVR on another domain keeps what the warm-up taught (or more)",
                 found.gain("warmed + RL", WARMED, PUZZLES))  # fmt: skip
    yield _sooner(found)


def _gate(found: Measured) -> StudyClaim:
    told = "; ".join(
        f"seed {seed}: " + ", ".join(f"{name} {share:.3f}" for name, share in gate.items())
        for seed, gate in enumerate(found.gates)
    )
    text = f"The base's checks are right: {', '.join(found.searches) or 'no domain'} can be tested"
    criterion = f"at least {RIGHT_ENOUGH} in every base, domain by domain; others decide nothing about warm-up"
    return StudyClaim(text, criterion, None, len(found.searches) == len(SEARCHES), told)


def _warm_up(found: Measured, tasks: list[str]) -> Iterator[StudyClaim]:
    named = ", ".join(tasks)
    yield _above(f"Warm-up alone raises accuracy where it taught nothing ({named})", found.gain(WARMED, BASE, tasks))
    yield _above("... and when all are made to answer, so that it is no mere readiness to guess",
                 found.gain(WARMED, BASE, tasks, FORCED))  # fmt: skip
    for arm in found.scale.arms:
        if arm != WARMED:
            yield _above(f"... and above the control '{arm}'", found.gain(WARMED, arm, tasks))
    yield _reported("Answers given there", found.gain(WARMED, BASE, tasks, "answered"))
    yield _reported("Suppositions made there", found.gain(WARMED, BASE, tasks, "tries"))


def _rlvr(found: Measured, domain: list[str]) -> Iterator[StudyClaim]:
    for start in STARTS:
        yield _above(f"RLVR raises accuracy on held-out {domain[0]} from {start}",
                     found.gain(f"{start} + RL", start, domain))  # fmt: skip
    yield _above("After RLVR on the same problems, warmed is above base",
                 found.gain("warmed + RL", "base + RL", domain))  # fmt: skip
    gains = []
    for start in STARTS:
        pairs = zip(found.runs(f"{start} + RL", domain), found.runs(start, domain), strict=True)
        gains.append([{item: after[item] - before[item] for item in after} for after, before in pairs])
    yield _above("RLVR's own gain is larger from the warm start", difference(gains[1], gains[0]))


def _above(text: str, gain: Estimate) -> StudyClaim:
    return StudyClaim(text, _ABOVE, gain, True if gain.low > 0 else False if gain.high < 0 else None)


def _reported(text: str, gain: Estimate) -> StudyClaim:
    return StudyClaim(text, "warmed less base; decides nothing", gain)


def _sooner(found: Measured) -> StudyClaim:
    """Whether the warm start reaches base + RL's last accuracy in fewer steps, in every pair of seeds."""
    base, warm = ([step for *_, step in found.reached(start)] for start in STARTS)
    sooner = [other is not None and (one is None or other < one) for one, other in zip(base, warm, strict=True)]
    told = ", ".join(f"{_step(one)} and {_step(other)}" for one, other in zip(base, warm, strict=True))
    return StudyClaim(
        "Warm-up reaches base + RL's last accuracy in fewer steps",
        "fewer steps in every pair of seeds; open if in some",
        None,
        True if all(sooner) else None if any(sooner) else False,
        f"first steps from base and from warmed: {told}; the warm-up's own tokens are not counted",
    )


def facts(found: Measured) -> Iterator[tuple[str, str]]:
    """Iterate over what a reader must know: seeds, items, tokens and seconds, hardware.

    Args:
        found: what was measured.
    """
    scale = found.scale
    manifests = [read_json(path) for one in found.lineages for path in sorted(one.folder.glob(f"*/{MANIFEST}"))]
    hardware = manifests[0]["hardware"]
    yield "bases", str(scale.seeds)
    yield "runs of RLVR from each start of each base", str(scale.rl_seeds)
    yield "items of each task", f"{scale.items}, one sample each at temperature 0.7 and top-p 0.95"
    yield (
        "tokens",
        f"base {scale.base:,}, each warm-up {scale.warm:,}, of which {scale.replay:.0%} are replayed examples",
    )
    yield "RLVR", f"{scale.problems} problems of {scale.domain}, {scale.steps} steps"
    yield "seconds of training, all runs", f"{sum(one['seconds'] for one in manifests):,.0f}"
    yield "hardware", f"{hardware['processor']}, {hardware['cores']} cores, one for each run"
    for start in STARTS:
        told = "; ".join(_cost(*one) for one in found.reached(start))
        yield f"to base + RL's last accuracy, from {start}", told


def _cost(lineage: Lineage, stage: Stage, step: int | None) -> str:
    """The steps, tokens and seconds of a run of RLVR up to a step; of the whole run where it was not reached."""
    entries = [one for one in read(lineage.folder / stage.name / LOGGED) if "num_tokens" in one]
    done = [one for one in entries if step is None or one["step"] <= step]
    tokens, seconds = done[-1]["num_tokens"] if done else 0, sum(one.get("step_time", 0.0) for one in done)
    return f"{f'not in {len(entries)}' if step is None else step} steps, {tokens:,.0f} tokens, {seconds:.0f} s"


def table(found: Results) -> str:
    """Return the accuracy of each arm on each task with its interval, and what was to be shown, for a terminal.

    Args:
        found: a study's results.
    """
    cells = [["accuracy in %", *found.tasks]]
    cells += [[arm, *(_cell(found.score(arm, task)) for task in found.tasks)] for arm in found.arms]
    marks = {True: "holds", False: "does not hold", None: "open"}
    told = [f"{marks[one.holds]:<13}  {one.text}{_gained(one.estimate)}" for one in found.claims]
    return "\n".join([format_table(cells, "<"), "", *told])


def _gained(estimate: Estimate | None) -> str:
    return f": {estimate.mean:+.3f} [{estimate.low:+.3f}, {estimate.high:+.3f}]" if estimate else ""


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    mean, low, high = (round(100 * value) for value in (estimate.mean, estimate.low, estimate.high))
    return f"{mean} [{low}-{high}]"


def _step(step: int | None) -> str:
    return "never" if step is None else str(step)


def _share(run: Mapping[str, float]) -> float:
    return sum(run.values()) / len(run)
