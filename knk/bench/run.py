"""A model benchmarked: asked, marked, and told of in tables that others can read.

| file | what it holds |
|---|---|
| `bench.json` | the run: model, benchmarks, sampling, versions |
| `BENCHMARK/run.json`, `answers.jsonl`, `failed.jsonl` | what was asked of whom, and every answer as it came |
| `BENCHMARK/verdicts.jsonl` | a mark for each answer |
| `results.json` | the figures, for `knk report` |
| `humaneval_plus/evalplus.json` | EvalPlus's scores of the same programs, and each difference with its reason |
| `lm_eval/MODEL/results_DATE.json`, `samples_TASK_DATE.jsonl` | the same as lm-eval writes it |
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from knk import results
from knk.bench import harness
from knk.bench.evalplus import figure, held_out, problems_of, sample_of, score
from knk.bench.evalplus_compare import Difference
from knk.bench.evalplus_compare import compare as compare_programs
from knk.bench.items import Benchmark, Data, benchmark, digest, items
from knk.bench.marks import Mark, mark, marks_in, stored
from knk.bench.scores import Summary, by_group, memorisation, summary
from knk.errors import BadFolder, BadSpec, MissingPackage
from knk.files import read_json, whole_file
from knk.inference import Engine, Observer, Sampling, ask
from knk.intervals import Estimate
from knk.results import Results, Score
from knk.tasks.source import Row

FILE: Final = "bench.json"
FORMAT: Final = "knk-bench-1"
PAPER: Final = Sampling(
    n=4, temperature=0.7, top_p=0.95, max_tokens=4096, stop=("Question:", "Assistant:", "User:"), seed=0
)
"""How the paper samples in evaluation; it asks for 8,192 tokens of a model that is given 4,096."""
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


@dataclass(frozen=True)
class Plan:
    """What is to be asked.

    Args:
        benchmarks: the benchmarks' names.
        sampling: how answers are drawn.
        style: the style of the prompts, "paper" or "chat"; see `knk.tasks.form`.
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

    def there(self, answers: int) -> None:
        """So many answers need not be asked for: they are there."""

    def done(self, answers: int, tokens: int) -> None:
        """So many more answers are stored or given up."""

    def notice(self, text: str) -> None:
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
    asked = {one.name: plan.items(one.name) for one in chosen}
    if lm_eval:
        harness.check()
    if evalplus:
        _check_evalplus(plan)
    _check_folder(folder)
    for one in chosen:
        rows = asked[one.name]
        watcher.begins(one.name, "asked", len(rows) * plan.sampling.n)
        header = {"benchmark": one.name, "benchmark_version": one.version, "items": digest(rows), "style": plan.style}
        ask(rows, _prompter(one, plan.style), folder / one.name, engine, plan.sampling, header, observer=watcher)
    marks = {}
    for one in chosen:
        rows = asked[one.name]
        watcher.begins(one.name, "marked", len(rows) * plan.sampling.n)
        marks[one.name] = mark(one, rows, folder / one.name, watcher.marked)
    run = Run(arm or engine.model, engine.model, marks, engine.used(plan.sampling).as_dict(), plan.style)
    _write(folder, run, asked)
    if lm_eval:
        watcher.notice("lm-eval scores the same answers")
        for item in write_as_lm_eval(folder, run, plan):
            watcher.notice(f"lm-eval scores {item} otherwise: one of the two verdicts came too late")
    if evalplus:
        watcher.notice("EvalPlus scores the programs of HumanEval+")
        for differing in write_evalplus(folder, asked[_HUMANEVAL], plan):
            why = differing.explanation or "not explained"
            watcher.notice(f"{differing.task_id}: EvalPlus says {differing.evalplus}, knk {differing.ours}: {why}")
    return run


def _prompter(one: Benchmark, style: str) -> Callable[[Row], Any]:
    return lambda row: one.prompt(row, style)


def _check_folder(folder: Path) -> None:
    """See that a folder is free, or that of a run."""
    known = {FILE, results.FILE, "lm_eval", "evalplus"}
    if folder.is_dir() and any(
        path.name not in known and not (path / "run.json").is_file() and not path.name.startswith(".")
        for path in folder.iterdir()
    ):
        raise BadFolder(f"{folder} is not empty, and holds no benchmark's run: choose another folder")


def _write(folder: Path, run: Run, asked: Mapping[str, Sequence[Row]]) -> None:
    told = {
        "format": FORMAT,
        "arm": run.arm,
        "model": run.model,
        "style": run.style,
        "parameters": dict(run.parameters),
        "benchmarks": {
            name: {"items": len(rows), "digest": digest(rows), "version": benchmark(name).version}
            for name, rows in asked.items()
        },
        "knk": str(import_module("knk").__version__),
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
        runs: the runs.
        groups: whether to give each benchmark's groups as well.

    Raises:
        BadRow: the runs are not of the same items.
    """
    found = []
    for name in runs[0].marks:
        marks = [run.marks[name] for run in runs if name in run.marks]
        heading = benchmark(name).heading
        found.append(summary(heading, marks))
        if name == "humaneval_plus":
            found += [replace_name(one, HELD_OUT) for one in by_group(heading, marks) if one.name.endswith("held-out")]
        if groups:
            found += by_group(heading, marks)
    return found


def replace_name(one: Summary, name: str) -> Summary:
    """Return a summary under another name."""
    return Summary(name, one.samples, one.metrics, one.deviation, one.undecided)


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
    told = harness.evaluate(
        _lm_eval_names(run.marks, plan.limit is None),
        whole,
        tasks=harness.sampled(run.parameters),
        metadata={"style": plan.style, **{name: str(path) for name, path in plan.data.items()}},
    )
    harness.write_results(folder / "lm_eval", run.model, told)
    return differences(run, told)


_HUMANEVAL: Final = "humaneval_plus"


def _check_evalplus(plan: Plan) -> None:
    if _HUMANEVAL not in plan.benchmarks or _HUMANEVAL not in plan.data:
        raise BadSpec("EvalPlus scores humaneval_plus alone, and needs the file of its release: give it as data")
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


def _lm_eval_names(names: Iterable[str], whole: bool) -> list[str]:
    # Of a few items a task may have none, and a group of all its tasks cannot be had.
    return [task for name in names for task in ((name,) if whole and name in harness.GROUPS else harness.TASKS[name])]


def differences(run: Run, told: Mapping[str, Any]) -> list[str]:
    """Return the items that lm-eval scores otherwise than this library: the harness's parity, item by item.

    Args:
        run: the run.
        told: what `knk.bench.harness.evaluate` returned for its answers.
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
