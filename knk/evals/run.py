"""A model benchmarked: asked, marked, and told of in tables that others can read.

| file | what it holds |
|---|---|
| `bench.json` | the run: model, benchmarks, sampling, versions |
| `BENCHMARK/inference.json`, `answers.jsonl`, `failed.jsonl` | what was asked of whom, and every answer as it came |
| `BENCHMARK/verdicts.jsonl` | a mark for each answer |
| `results.json` | the figures, for `knk report` |
| `humaneval_plus/evalplus.json` | EvalPlus's scores of the same programs, and each difference with its reason |
| `lm_eval/MODEL/results_DATE.json`, `samples_TASK_DATE.jsonl` | the same as lm-eval writes it |
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from knk.errors import BadFolder, BadSpec, MissingPackage
from knk.evals import lm_eval as harness
from knk.evals import results
from knk.evals.evalplus import (
    figure,
    held_out,
    problems_of,
    sample_of,
    score,
)
from knk.evals.evalplus_compare import Difference
from knk.evals.evalplus_compare import compare as compare_programs
from knk.evals.grades import Mark, mark, stored
from knk.evals.items import (
    BENCHMARKS,
    Benchmark,
    Data,
    benchmark,
    digest,
    items,
)
from knk.evals.records import (
    FILE,
    Run,
    read,
    write,
)
from knk.files import whole_file
from knk.inference.engine import Engine
from knk.inference.run import Observer, collect_answers
from knk.inference.sampling import Sampling
from knk.inference.store import HEADER, check_folder
from knk.tasks.source import Row

PAPER: Final = Sampling(
    n=4, temperature=0.7, top_p=0.95, max_tokens=4096, stop=("Question:", "Assistant:", "User:"), seed=0
)
"""How the paper samples in evaluation; it asks for 8,192 tokens of a model that is given 4,096."""


@dataclass(frozen=True)
class Plan:
    """What is to be asked.

    Args:
        benchmarks: the benchmarks' names.
        sampling: how answers are drawn.
        style: the style of the prompts, "paper" or "chat"; see `knk.tasks.format`.
        data: local files in place of the Hub, by the benchmarks' names.
        without: identities of items to leave out, such as those that the model was trained on.
        limit: how many items of each benchmark; all if not given.

    >>> Plan(("knk",)).sampling.n
    4
    """

    benchmarks: tuple[str, ...]
    sampling: Sampling = PAPER
    style: str = "paper"
    data: Data = field(default_factory=dict)
    without: Collection[str] = frozenset()
    limit: int | None = None

    def items(self, name: str) -> list[Row]:
        """Return a benchmark's items."""
        return items(name, self.data.get(name), without=self.without, limit=self.limit)


class Watcher(Observer):
    """Is told how a run goes, benchmark by benchmark."""

    def begins(self, name: str, work: str, many: int) -> None:
        """So many answers of a benchmark are to be asked for, or marked."""

    def marked(self, answers: int) -> None:
        """So many more answers are marked."""

    def skipped(self, answers: int) -> None:
        """So many answers need not be asked for: they are there."""

    def done(self, answers: int, tokens: int) -> None:
        """So many more answers are stored or given up."""

    def notify(self, message: str) -> None:
        """Something happened that a person may want to know."""


def bench(
    folder: str | os.PathLike[str],
    engine: Engine,
    plan: Plan,
    *,
    arm: str | None = None,
    lm_eval: bool = True,
    evalplus: bool = False,
    watcher: Watcher | None = None,
) -> Run:
    """Ask a model the items of some benchmarks, mark its answers and write what came of it, or go on with that.

    Args:
        folder: where all of it goes; made if it is not there.
        engine: what answers.
        plan: what is to be asked.
        arm: what tables are to call the model; its name if not given.
        lm_eval: whether to write the results as lm-eval does, too, which scores all answers once more by lm-eval.
        evalplus: whether to have EvalPlus score HumanEval+'s answers too, which takes a local file of its release.
        watcher: is told how it goes.

    Raises:
        BadSpec: there is no such benchmark, or no file for EvalPlus, or the sampling lacks what the engine needs.
        BadFile: there is no such file of items.
        BadFolder: the folder holds something else, or another run, or another process is at work in it.
        ModelFailed: the model cannot be asked; what was answered is stored.
        MissingPackage: what it takes is not installed.
    """
    folder, watcher = Path(folder), watcher or Watcher()
    chosen = [benchmark(name) for name in dict.fromkeys(plan.benchmarks)]
    if not chosen:
        raise BadSpec("there is no benchmark to run")
    if lm_eval:
        harness.check()
    if evalplus:
        _check_evalplus(plan)
    asked = {one.name: plan.items(one.name) for one in chosen}
    _check_folder(folder, engine, plan)
    for one in chosen:
        rows = asked[one.name]
        watcher.begins(one.name, "asked", len(rows) * plan.sampling.n)
        header = {"benchmark": one.name, "benchmark_version": one.version, "items": digest(rows), "style": plan.style}
        collect_answers(
            rows, _prompter(one, plan.style), folder / one.name, engine, plan.sampling, header, observer=watcher
        )
    marks = {}
    for one in chosen:
        rows = asked[one.name]
        watcher.begins(one.name, "marked", len(rows) * plan.sampling.n)
        marks[one.name] = mark(one, rows, folder / one.name, watcher.marked)
    model = _shown(engine.model)
    run = Run(arm or model, model, marks, engine.effective_sampling(plan.sampling).to_dict(), plan.style)
    write(folder, replace(run, marks={**_earlier(folder), **marks}))
    if lm_eval:
        watcher.notify("lm-eval scores the same answers")
        for item in write_as_lm_eval(folder, run, plan):
            watcher.notify(f"lm-eval scores {item} otherwise: one of the two verdicts came too late")
    if evalplus:
        watcher.notify("EvalPlus scores the programs of HumanEval+")
        for differing in write_evalplus(folder, asked[_HUMANEVAL], plan):
            why = differing.explanation or "not explained"
            watcher.notify(f"{differing.task_id}: EvalPlus says {differing.evalplus}, knk {differing.ours}: {why}")
    return run


def _shown(model: str) -> str:
    """A model's name in tables; of a path, by which a server may know it, no more than its end."""
    return Path(model).name if model.startswith(("/", "~", ".")) else model


def _prompter(one: Benchmark, style: str) -> Callable[[Row], Any]:
    return lambda row: one.prompt(row, style)


def _check_folder(folder: Path, engine: Engine, plan: Plan) -> None:
    """See that a folder is free, or holds benchmarks that the same model was asked in the same way."""
    if not folder.is_dir():
        return
    there = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if any(path.name not in (FILE, results.FILE, *_HARNESSES, *BENCHMARKS) for path in there):
        raise BadFolder(f"{folder} is not empty, and holds no benchmark's run: choose another folder")
    parameters = engine.effective_sampling(plan.sampling).to_dict()
    wanted = {"engine": engine.name, "model": engine.model, "style": plan.style, "parameters": parameters}
    for path in there:
        if (path / HEADER).is_file():
            check_folder(path, wanted | engine.identity())


def _earlier(folder: Path) -> Mapping[str, Sequence[Mark]]:
    """The marks of benchmarks that were asked into the folder before."""
    return read(folder).marks if (folder / FILE).is_file() else {}


_HARNESSES: Final = ("lm_eval",)


def write_as_lm_eval(folder: str | os.PathLike[str], run: Run, plan: Plan) -> list[str]:
    """Have lm-eval score a run's answers, write that as its own command does, and return the items where it differs.

    Args:
        folder: the run's folder.
        run: the run.
        plan: what was asked.

    Raises:
        MissingPackage: lm-eval is not installed.
    """
    folder = Path(folder)
    completions: dict[str, list[str]] = {}
    answers = {(one["id"], one["sample"]): one["completion"] for name in run.marks for one in stored(folder / name)}
    for item, sample in sorted(answers):
        completions.setdefault(item, []).append(answers[item, sample])
    n = plan.sampling.n
    whole = {item: found for item, found in completions.items() if len(found) == n}
    if not whole:
        return []
    told = harness.evaluate(
        _lm_eval_names(run.marks, plan),
        whole,
        tasks=harness.sampled(run.parameters),
        metadata={"style": plan.style, **{name: str(path) for name, path in plan.data.items()}},
    )
    harness.write_results(folder / "lm_eval", run.model, told)
    return differences(run, told)


_HUMANEVAL: Final = "humaneval_plus"


def _check_evalplus(plan: Plan) -> None:
    if _HUMANEVAL not in plan.benchmarks or _HUMANEVAL not in plan.data:
        raise BadSpec(
            "EvalPlus scores humaneval_plus alone, and needs the file of its release: --data humaneval_plus=FILE"
        )
    if find_spec("evalplus") is None:
        raise MissingPackage('EvalPlus is not installed: pip install "knk[bench]"')


def write_evalplus(folder: str | os.PathLike[str], rows: Sequence[Row], plan: Plan) -> list[Difference]:
    """Have EvalPlus score a run's programs, write that, and return where it and the library's verifier differ.

    Args:
        folder: the run's folder.
        rows: the items of HumanEval+ that were asked.
        plan: what was asked.

    Raises:
        MissingPackage: EvalPlus is not installed.
        SandboxFailed: this machine's walls leave too much open, or EvalPlus did not come to its end.
    """
    place, data = Path(folder) / _HUMANEVAL, plan.data[_HUMANEVAL]
    by_name = {row["id"]: row for row in rows}
    answers = sorted(stored(place), key=lambda one: (str(one["id"]), int(one["sample"])))
    samples = [sample_of(one["completion"], by_name[one["id"]]) for one in answers]
    asked = {one.task_id for one in samples}
    problems = {name: problem for name, problem in problems_of(data).items() if name in asked}
    scores = score(samples, problems)
    differences = compare_programs(scores, samples, data)
    told = {
        "evalplus": scores.version,
        "behind": str(scores.level),
        "as_shipped": scores.as_shipped,
        "all": figure(scores).to_dict(),
        "held_out": figure(scores, held_out(data) & asked).to_dict(),
        "samples": [dict(vars(one)) for one in scores.samples],
        "differences": [one.to_dict() for one in differences],
    }
    with whole_file(place / "evalplus.json") as file:
        file.write(json.dumps(told, indent=1).encode() + b"\n")
    return differences


def _lm_eval_names(names: Iterable[str], plan: Plan) -> list[str]:
    return [task for name in names for task in _lm_eval_tasks(name, plan)]


def _lm_eval_tasks(name: str, plan: Plan) -> tuple[str, ...]:
    if name in harness.OWN and name in plan.data:
        return (harness.OWN[name],)
    # Of a few items a task may have none, and a group of all its tasks cannot be had.
    return (name,) if plan.limit is None and name in harness.GROUPS else harness.TASKS[name]


def differences(run: Run, told: Mapping[str, Any]) -> list[str]:
    """Return the items that lm-eval scores otherwise than this library: the harness's parity, item by item.

    Args:
        run: the run.
        told: what `knk.evals.lm_eval.evaluate` returned for its answers.
    """
    by_item: dict[str, list[Mark]] = {}
    for marks in run.marks.values():
        for one in marks:
            by_item.setdefault(one.item, []).append(one)
    ours = {item: harness.metrics(marks) for item, marks in by_item.items()}
    found = []
    for samples in told.get("samples", {}).values():
        for sample in samples:
            wanted = ours[sample["doc"]["id"]]
            if any(sample[name] != value for name, value in wanted.items()):
                found.append(str(sample["doc"]["id"]))
    return found
