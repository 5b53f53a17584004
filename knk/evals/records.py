"""A finished benchmark run: its scored completions, its metrics, and the files that hold them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from knk.errors import BadFolder
from knk.evals import results
from knk.evals.intervals import Estimate
from knk.evals.items import benchmark
from knk.evals.memorisation import memorisation_by_change
from knk.evals.metrics import BenchmarkSummary, group_summaries, in_group, summary
from knk.evals.results import ArmScore, Results
from knk.evals.scoring import ScoredCompletion, read_scored
from knk.files import read_json, whole_file
from knk.version import __version__

RUN_FILE: Final = "bench.json"
FORMAT: Final = "knk-bench-1"
_PERTURBED: Final = "knk_perturbed"
"""The benchmark of changed puzzles, from which the memorisation score is computed."""


@dataclass(frozen=True)
class BenchmarkRun:
    """A finished run.

    Args:
        arm: the model's name in tables.
        model: the model's name.
        completions: the scored completions of each benchmark, by its name.
        parameters: the sampling parameters, as the store of completions names them.
        style: the style of the prompts.
    """

    arm: str
    model: str
    completions: Mapping[str, Sequence[ScoredCompletion]]
    parameters: Mapping[str, Any]
    style: str


def write_run(folder: str | os.PathLike[str], run: BenchmarkRun) -> None:
    """Write `bench.json` and `results.json` into a run's folder.

    Args:
        folder: the run's folder, which holds its benchmarks' folders.
        run: the run.
    """
    folder = Path(folder)
    record = {
        "format": FORMAT,
        "arm": run.arm,
        "model": run.model,
        "style": run.style,
        "parameters": dict(run.parameters),
        "benchmarks": {
            name: {
                "items": len({completion.item for completion in completions}),
                "version": benchmark(name).version,
            }
            for name, completions in run.completions.items()
        },
        "knk": __version__,
    }
    with whole_file(folder / RUN_FILE) as file:
        file.write(json.dumps(record, indent=1).encode() + b"\n")
    results.write(folder, results_of([[run]], f"Benchmarks of {run.arm}"))


def read_run(folder: str | os.PathLike[str]) -> BenchmarkRun:
    """Return the finished run in a folder.

    Raises:
        BadFolder: the folder does not hold a finished run.
        BadFile: a file of the run is broken.
    """
    folder = Path(folder)
    if not folder.exists():
        raise BadFolder(f"{folder}: no such folder")
    if not (folder / RUN_FILE).is_file():
        raise BadFolder(f"{folder} has no {RUN_FILE}: expected the folder of a finished 'knk bench run'")
    record = read_json(folder / RUN_FILE)
    names = record.get("benchmarks")
    if record.get("format") != FORMAT or not isinstance(names, dict):
        raise BadFolder(f"{folder / RUN_FILE} is not of the format {FORMAT!r}")
    return BenchmarkRun(
        str(record.get("arm", folder.name)),
        str(record.get("model", "")),
        {benchmark(name).name: read_scored(folder / name) for name in names},
        dict(record.get("parameters", {})),
        str(record.get("style", "")),
    )


def summaries(runs: Sequence[BenchmarkRun], groups: bool = False) -> list[BenchmarkSummary]:
    """Return the metrics of each benchmark, over one run or over one arm's runs with different training seeds.

    Args:
        runs: the runs; benchmarks that some of them lack are left out.
        groups: whether to summarise the benchmarks' groups as well.

    Raises:
        BadRow: the runs are not over the same items.
    """
    rows: list[BenchmarkSummary] = []
    for name in runs[0].completions:
        if not all(name in run.completions for run in runs):
            continue
        completions = [run.completions[name] for run in runs]
        heading, headline_group = benchmark(name).heading, benchmark(name).entry.headline_group
        rows.append(summary(heading, completions))
        headline = [in_group(scored, headline_group) for scored in completions]
        if any(headline):
            rows.append(summary(f"{heading} {headline_group}", headline))
        if groups:
            rows += group_summaries(heading, completions)
    return rows


def results_of(arms: Sequence[Sequence[BenchmarkRun]], title: str) -> Results:
    """Return the metrics of some arms as the results that `knk report` reads.

    Args:
        arms: the runs of each arm: one, or several with different training seeds.
        title: the title of the results.

    Raises:
        BadRow: an arm's runs are not over the same items.
    """
    by_arm = {runs[0].arm: summaries(runs) for runs in arms}
    scores = [
        ArmScore(arm, entry.name, metric, estimate)
        for arm, arm_summaries in by_arm.items()
        for entry in arm_summaries
        for metric, estimate in entry.metrics.items()
    ]
    scores += [
        ArmScore(runs[0].arm, f"K&K: {kind}", "memorisation", estimate)
        for runs in arms
        for kind, estimate in arm_memorisation(runs).items()
    ]
    tasks = tuple(dict.fromkeys(entry.name for arm_summaries in by_arm.values() for entry in arm_summaries))
    return Results(title, tuple(by_arm), tasks, tuple(scores), facts=_facts(arms, by_arm))


def arm_memorisation(runs: Sequence[BenchmarkRun]) -> dict[str, Estimate]:
    """Return the memorisation score for each kind of change; empty if no run has changed puzzles.

    Args:
        runs: the arm's runs.
    """
    completions = [run.completions[_PERTURBED] for run in runs if _PERTURBED in run.completions]
    return memorisation_by_change(completions) if completions else {}


def _facts(arms: Sequence[Sequence[BenchmarkRun]], by_arm: Mapping[str, Sequence[BenchmarkSummary]]) -> dict[str, str]:
    facts = {}
    for runs in arms:
        run = runs[0]
        sampling = ", ".join(f"{name} {value}" for name, value in run.parameters.items() if value not in (None, []))
        facts[f"{run.arm}: model, prompts and sampling"] = f"{run.model}; {run.style}; {sampling}"
        for entry in by_arm[run.arm]:
            if entry.deviation is not None:
                facts[f"{run.arm}: {entry.name}: SD over {entry.samples} samples"] = f"{entry.deviation:.4f}"
            if entry.undecided:
                facts[f"{run.arm}: {entry.name}: answers without a verdict"] = str(entry.undecided)
    return facts
