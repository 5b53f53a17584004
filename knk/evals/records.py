"""A run that is done: its marks, its figures, and the files that hold them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from knk.errors import BadFolder
from knk.evals import results
from knk.evals.grades import Mark, marks_in
from knk.evals.intervals import Estimate
from knk.evals.items import benchmark
from knk.evals.results import Results, Score
from knk.evals.scores import (
    Summary,
    by_group,
    memorisation,
    summary,
)
from knk.files import read_json, whole_file
from knk.version import __version__

FILE: Final = "bench.json"
FORMAT: Final = "knk-bench-1"
HELD_OUT: Final = "HumanEval+ held-out"
"""What RLVR on HumanEval+ does not train on: 114 of 164, as many as in the paper."""


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder.

    Args:
        arm: what tables call the model.
        model: the model's name.
        marks: the marks of each benchmark, by its name.
        parameters: how answers were drawn, in the store's words.
        style: the style of the prompts.
    """

    arm: str
    model: str
    marks: Mapping[str, Sequence[Mark]]
    parameters: Mapping[str, Any]
    style: str


def write(folder: str | os.PathLike[str], run: Run) -> None:
    """Write what a run is and what came of it, beside its benchmarks' folders.

    Args:
        folder: the run's folder.
        run: the run.
    """
    folder = Path(folder)
    told = {
        "format": FORMAT,
        "arm": run.arm,
        "model": run.model,
        "style": run.style,
        "parameters": dict(run.parameters),
        "benchmarks": {
            name: {"items": len({one.item for one in marks}), "version": benchmark(name).version}
            for name, marks in run.marks.items()
        },
        "knk": __version__,
    }
    with whole_file(folder / FILE) as file:
        file.write(json.dumps(told, indent=1).encode() + b"\n")
    results.write(folder, results_of([[run]], f"Benchmarks of {run.arm}"))


def read(folder: str | os.PathLike[str]) -> Run:
    """Return a finished run from its folder.

    Raises:
        BadFolder: it is no run's, or the run is not finished.
        BadFile: a file in it is broken.
    """
    folder = Path(folder)
    if not (folder / FILE).is_file():
        raise BadFolder(f"{folder} holds no finished run of 'knk bench'")
    told = read_json(folder / FILE)
    names = told.get("benchmarks")
    if told.get("format") != FORMAT or not isinstance(names, dict):
        raise BadFolder(f"{folder / FILE} is not of the format {FORMAT!r}")
    return Run(
        str(told.get("arm", folder.name)),
        str(told.get("model", "")),
        {benchmark(name).name: marks_in(folder / name) for name in names},
        dict(told.get("parameters", {})),
        str(told.get("style", "")),
    )


# What came of it.


def summaries(runs: Sequence[Run], groups: bool = False) -> list[Summary]:
    """Return what each benchmark came to, over one run or several of one arm with other seeds of training.

    Args:
        runs: the runs; a benchmark that not all of them have is left out.
        groups: whether to give each benchmark's groups as well.

    Raises:
        BadRow: the runs are not of the same items.
    """
    found = []
    for name in runs[0].marks:
        if not all(name in run.marks for run in runs):
            continue
        marks = [run.marks[name] for run in runs]
        heading = benchmark(name).heading
        found.append(summary(heading, marks))
        if name == "humaneval_plus":
            found += [replace(one, name=HELD_OUT) for one in by_group(heading, marks) if one.name.endswith("held-out")]
        if groups:
            found += by_group(heading, marks)
    return found


def results_of(arms: Sequence[Sequence[Run]], title: str) -> Results:
    """Return the figures of some arms as `knk report` reads them.

    Args:
        arms: for each arm its runs: one, or several with other seeds of training.
        title: what to call it.

    Raises:
        BadRow: an arm's runs are not of the same items.
    """
    found = {runs[0].arm: summaries(runs) for runs in arms}
    scores = [
        Score(arm, one.name, metric, estimate)
        for arm, told in found.items()
        for one in told
        for metric, estimate in one.metrics.items()
    ]
    scores += [
        Score(runs[0].arm, f"K&K: {kind}", "memorisation", estimate)
        for runs in arms
        for kind, estimate in _memorisation(runs).items()
    ]
    tasks = tuple(dict.fromkeys(one.name for told in found.values() for one in told))
    return Results(title, tuple(found), tasks, tuple(scores), facts=_facts(arms, found))


def _memorisation(runs: Sequence[Run]) -> dict[str, Estimate]:
    marks = [run.marks["knk_perturbed"] for run in runs if "knk_perturbed" in run.marks]
    return memorisation(marks) if marks else {}


def _facts(arms: Sequence[Sequence[Run]], found: Mapping[str, Sequence[Summary]]) -> dict[str, str]:
    facts = {}
    for runs in arms:
        run = runs[0]
        drawn = ", ".join(f"{name} {value}" for name, value in run.parameters.items() if value not in (None, []))
        facts[f"{run.arm}: model, prompts and sampling"] = f"{run.model}; {run.style}; {drawn}"
        for one in found[run.arm]:
            if one.deviation is not None:
                facts[f"{run.arm}: {one.name}: SD over {one.samples} samples"] = f"{one.deviation:.4f}"
            if one.undecided:
                facts[f"{run.arm}: {one.name}: answers without a verdict"] = str(one.undecided)
    return facts
