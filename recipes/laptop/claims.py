"""The laptop study's figures: every arm on every task, and the criteria of CRITERIA.md with what decides them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from knk import results
from knk.files import read
from knk.intervals import Estimate, Runs, average, difference, mean, ratio
from knk.results import Claim, Curve, Results, Score
from recipes.laptop.domains import SEARCHES
from recipes.laptop.evaluate import TASKS, table

if TYPE_CHECKING:
    from recipes.laptop.study import Scale

Scores = Mapping[str, Mapping[str, Mapping[str, float]]]
STARTS: Final = ("base", "warmed")
PUZZLES: Final = tuple(task for task in TASKS if task.startswith("kk"))
_SHARES: Final = ("accuracy", "answered", "format")


class Measured:
    """What was measured in a study, seed by seed.

    Args:
        scale: how much of everything.
        output: the study's folder.
    """

    def __init__(self, scale: Scale, output: Path) -> None:
        self.scale = scale
        self.folders = [output / f"seed-{seed}" for seed in range(scale.seeds)]
        self.arms = ("base", *scale.arms, *(f"{start} + RL" for start in STARTS))
        self._tables: dict[Path, Scores] = {}

    def runs(self, arm: str, tasks: Sequence[str], metric: str) -> Runs:
        """Return an arm's scores on the items of some tasks, a mapping for each base seed; RL seeds are averaged."""
        return [self._averaged(self._files(folder, arm), tasks, metric) for folder in self.folders]

    def gain(self, arm: str, over: str, tasks: Sequence[str], metric: str = "accuracy") -> Estimate:
        """Return by how much an arm is above another on some tasks."""
        return difference(self.runs(arm, tasks, metric), self.runs(over, tasks, metric))

    def estimate(self, arm: str, task: str, metric: str) -> Estimate:
        """Return an arm's figure on a task."""
        if metric == "accuracy if answered":
            answered = self.runs(arm, [task], "answered")
            if not any(any(run.values()) for run in answered):
                return Estimate(0.0, 0.0, 1.0, 0, len(answered))
            return ratio(self.runs(arm, [task], "accuracy"), answered)
        measure = mean if metric in _SHARES else average
        return measure(self.runs(arm, [task], metric))

    def curve(self, start: str) -> Curve:
        """Return how the accuracy on the domain of RLVR moved from a start."""
        domain = self.scale.domain
        points = [(0, self._at(start, None))]
        points += [(step, self._at(start, step)) for step in self.steps(start)]
        return Curve(f"{start} + RL", domain, "accuracy", tuple(points))

    def steps(self, start: str) -> list[int]:
        """Return the steps at which the checkpoints of RLVR from a start were measured."""
        found = sorted((self.folders[0] / "curves" / f"{start}-rl-0").glob("*.jsonl"))
        return sorted(int(path.stem) for path in found)

    def to_reach(self, start: str, score: Sequence[float]) -> list[list[int | None]]:
        """Return for each base and RL seed the first measured step with at least that base seed's score."""
        return [
            [self._first(folder, start, number, score[place]) for number in range(self.scale.rl_seeds)]
            for place, folder in enumerate(self.folders)
        ]

    def final(self, start: str) -> list[float]:
        """Return the accuracy after the last step for each base seed, on the items of the curve."""
        step = self.steps(start)[-1]
        return [sum(run.values()) / len(run) for run in self._curve_runs(start, step)]

    def _first(self, folder: Path, start: str, number: int, score: float) -> int | None:
        for step in self.steps(start):
            run = self._of(folder / "curves" / f"{start}-rl-{number}" / f"{step}.jsonl")[self.scale.domain]["accuracy"]
            if sum(run.values()) / len(run) >= score:
                return step
        return None

    def _at(self, start: str, step: int | None) -> Estimate:
        return mean(self._curve_runs(start, step))

    def _curve_runs(self, start: str, step: int | None) -> Runs:
        task = [self.scale.domain]
        if step is None:
            whole = self.runs(start, task, "accuracy")
            names = [f"{task[0]}/{item}" for item in range(self.scale.curve)]
            return [{name: run[name] for name in names} for run in whole]
        files = [
            [folder / "curves" / f"{start}-rl-{number}" / f"{step}.jsonl" for number in range(self.scale.rl_seeds)]
            for folder in self.folders
        ]
        return [self._averaged(of, task, "accuracy") for of in files]

    def _files(self, folder: Path, arm: str) -> list[Path]:
        from recipes.laptop.study import named

        names = [f"{arm} {number}" for number in range(self.scale.rl_seeds)] if arm.endswith("+ RL") else [arm]
        return [folder / "samples" / f"{named(name)}.jsonl" for name in names]

    def _averaged(self, files: Sequence[Path], tasks: Sequence[str], metric: str) -> dict[str, float]:
        tables = [self._of(path) for path in files]
        return {
            f"{task}/{item}": sum(found[task][metric][item] for found in tables) / len(tables)
            for task in tasks
            for item in tables[0][task][metric]
        }

    def _of(self, path: Path) -> Scores:
        if path not in self._tables:
            self._tables[path] = table(path)
        return self._tables[path]


def summary(scale: Scale, output: Path) -> Results:
    """Work out a study's results from its samples, write them to `results.json`, and return them.

    Args:
        scale: how much of everything.
        output: the study's folder.
    """
    found = Measured(scale, output)
    metrics = ("accuracy", "answered", "accuracy if answered", "format", "tokens", "tries")
    scores = [
        Score(arm, task, metric, found.estimate(arm, task, metric))
        for arm in found.arms
        for task in TASKS
        for metric in metrics
    ]
    curves = tuple(found.curve(start) for start in STARTS)
    told = Results(
        "Warm-up and RLVR on a CPU",
        found.arms,
        TASKS,
        tuple(scores),
        curves,
        tuple(claims(found)),
        facts(found, output),
    )
    results.write(output, told)
    return told


def claims(found: Measured) -> list[Claim]:
    """Return the criteria with the figures that decide them.

    Args:
        found: what was measured.
    """
    scale, searches = found.scale, list(SEARCHES)
    other = [task for task in SEARCHES if task != scale.domain]
    puzzles = [task for task in PUZZLES if task != "kk4"]
    told = [
        _above(
            "Warm-up teaches puzzles: held-out puzzles of two and three people", found.gain("warmed", "base", puzzles)
        ),
        _above("Warm-up alone raises accuracy on untouched search domains", found.gain("warmed", "base", searches)),
        _above(
            "Warm-up alone: answers given on untouched domains", found.gain("warmed", "base", searches, "answered"), ""
        ),
        _above("Warm-up alone: tries on untouched domains", found.gain("warmed", "base", searches, "tries"), ""),
    ]
    told += [
        _above(f"Warm-up is above the control '{arm}' on untouched domains", found.gain("warmed", arm, searches))
        for arm in scale.arms
        if arm not in ("warmed", "warmed, no replay")
    ]
    told += [
        _above(f"RLVR raises held-out {scale.domain} from {start}", found.gain(f"{start} + RL", start, [scale.domain]))
        for start in STARTS
    ]
    rl = ("warmed + RL", "base + RL")
    told.append(
        _above("After RLVR, warmed is above base in the trained domain", found.gain(rl[0], rl[1], [scale.domain]))
    )
    told.append(_above("RLVR's own gain is larger from the warm start", _difference_of_gains(found, [scale.domain])))
    told += [
        _above(f"On the other search domains, {arm} against {over}", found.gain(arm, over, other))
        for arm, over in (("base + RL", "base"), ("warmed + RL", "base"), ("warmed + RL", "warmed"), rl)
    ]
    return [*told, _sooner(found)]


def _above(text: str, gain: Estimate, criterion: str = "the 95% interval of the difference lies above 0") -> Claim:
    holds = True if gain.low > 0 else False if gain.high < 0 else None
    return Claim(text, criterion or "reported, decides nothing", gain, holds if criterion else None)


def _difference_of_gains(found: Measured, tasks: Sequence[str]) -> Estimate:
    gains = []
    for start in STARTS:
        after, before = (found.runs(arm, tasks, "accuracy") for arm in (f"{start} + RL", start))
        pairs = zip(after, before, strict=True)
        gains.append([{item: one[item] - other[item] for item in one} for one, other in pairs])
    return difference(gains[1], gains[0])


def _sooner(found: Measured) -> Claim:
    """Whether the warm start reaches base + RL's last score in fewer steps, in every pair of seeds."""
    score = found.final("base")
    base, warm = (found.to_reach(start, score) for start in STARTS)
    pairs = [
        (one, other) for ones, others in zip(base, warm, strict=True) for one, other in zip(ones, others, strict=True)
    ]
    sooner = [other is not None and (one is None or other < one) for one, other in pairs]
    holds = True if all(sooner) else None if any(sooner) else False
    told = "; ".join(f"{one or 'never'} and {other or 'never'}" for one, other in pairs)
    return Claim(
        "Warm-up reaches base + RL's last accuracy in fewer steps",
        "fewer steps in every pair of seeds; open if in some",
        None,
        holds,
        f"steps from base and from warmed: {told}; the warm-up's own tokens are not counted",
    )


def facts(found: Measured, output: Path) -> dict[str, str]:
    """Return what a reader must know: seeds, gates, tokens and seconds, hardware.

    Args:
        found: what was measured.
        output: the study's folder.
    """
    gates = [json.loads((folder / "gate.json").read_text(encoding="utf-8")) for folder in found.folders]
    runs = {path.parent.name: _run(path) for path in sorted(found.folders[0].glob("*/run.json"))}
    seconds = sum(_run(path)["seconds"] for path in output.glob("seed-*/*/run.json"))
    hardware = next(iter(runs.values()))["hardware"]
    told = {
        "base seeds": str(found.scale.seeds),
        "RL seeds from each start": str(found.scale.rl_seeds),
        "checks right before warm-up": "; ".join(
            f"seed {seed}: " + ", ".join(f"{name} {share:.3f}" for name, share in gate.items())
            for seed, gate in enumerate(gates)
        ),
        "items of each task": f"{found.scale.items}, {found.scale.samples} samples each at temperature 0.7, top-p 0.95",
        "seconds of training, all runs": f"{seconds:.0f}",
        "hardware": f"{hardware['processor']}, {hardware['cores']} cores, one for each run",
    }
    for start in STARTS:
        told[f"RLVR from {start}"] = _cost(found, start)
    return told


def _cost(found: Measured, start: str) -> str:
    """The tokens and seconds of a run of RLVR, and of its way to base + RL's last accuracy."""
    folder = found.folders[0] / f"{start}-rl-0"
    entries = [entry for entry in read(folder / "metrics.jsonl") if "num_tokens" in entry]
    whole = f"{_run(folder / 'run.json')['seconds']:.0f} s, {entries[-1]['num_tokens']:,.0f} tokens"
    (first, *_), *_ = found.to_reach(start, found.final("base"))
    if first is None:
        return f"{whole} (first seed); base + RL's last accuracy not reached"
    there = [entry for entry in entries if entry["step"] <= first]
    seconds = sum(entry.get("step_time", 0.0) for entry in there)
    reached = f"at step {first}: {there[-1]['num_tokens']:,.0f} tokens, {seconds:.0f} s"
    return f"{whole} (first seed); base + RL's last accuracy {reached}"


def _run(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
