"""Benchmark a model: ask it, score its completions, write the results, and cross-check them.

| file | contents |
|---|---|
| `bench.json` | the run: model, benchmarks, sampling, versions |
| `BENCHMARK/inference.json`, `answers.jsonl`, `failed.jsonl` | model and sampling, completions, failed requests |
| `BENCHMARK/verdicts.jsonl` | the verdict on each completion |
| `results.json` | the metrics, for `knk report` |
| `humaneval_plus/evalplus.json` | EvalPlus's scores of the same programs, and each disagreement with its reason |
| `lm_eval/MODEL/results_DATE.json`, `samples_TASK_DATE.jsonl` | lm-eval's scores, in its own format |
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from knk.errors import BadFolder, BadSpec
from knk.evals import results
from knk.evals.evalplus.crosscheck import crosscheck_evalplus, require_evalplus
from knk.evals.items import (
    BENCHMARKS,
    Benchmark,
    LocalFiles,
    benchmark,
    items,
    items_digest,
)
from knk.evals.lm_eval.crosscheck import crosscheck_lm_eval
from knk.evals.lm_eval.tasks import require_lm_eval
from knk.evals.records import (
    RUN_FILE,
    BenchmarkRun,
    read_run,
    write_run,
)
from knk.evals.scoring import ScoredCompletion, score_folder
from knk.inference.engine import Engine
from knk.inference.run import Observer, collect_answers
from knk.inference.sampling import Sampling
from knk.inference.store import HEADER, check_folder
from knk.tasks.source import Row

PAPER_SAMPLING: Final = Sampling(
    n=4, temperature=0.7, top_p=0.95, max_tokens=4096, stop=("Question:", "Assistant:", "User:"), seed=0
)
"""The paper's sampling in evaluation, except that the paper asks for 8,192 tokens of a model with a limit of 4,096.

Its stop strings are for prompts of the style "paper": servers look for them inside a chat model's thinking too.
"""
_HUMANEVAL: Final = "humaneval_plus"
_LM_EVAL_FOLDER: Final = "lm_eval"


@dataclass(frozen=True)
class BenchmarkPlan:
    """The benchmarks to run, and how to sample completions.

    Args:
        benchmarks: the names of the benchmarks.
        sampling: the sampling parameters.
        style: the style of the prompts, "paper" or "chat"; see `knk.tasks.format`.
        data: local files to read in place of the Hub, by the benchmarks' names.
        without: identities of items to leave out, such as those that the model was trained on.
        limit: the number of items of each benchmark; all if not given.

    >>> BenchmarkPlan(("knk",)).sampling.n
    4
    """

    benchmarks: tuple[str, ...]
    sampling: Sampling = PAPER_SAMPLING
    style: str = "paper"
    data: LocalFiles = field(default_factory=dict)
    without: Collection[str] = frozenset()
    limit: int | None = None

    def items(self, name: str) -> list[Row]:
        """Return the items of a benchmark."""
        return items(name, self.data.get(name), without=self.without, limit=self.limit)


class BenchmarkObserver(Observer):
    """Receives the progress of a run. Its methods do nothing unless they are overridden."""

    def phase_started(self, name: str, phase: str, total: int) -> None:
        """Receive that a phase of a benchmark starts, "generating" or "scoring", and the number of its completions."""

    def scored(self, completions: int) -> None:
        """Receive how many more completions were scored."""

    def skipped(self, answers: int) -> None:
        """Receive how many more answers need not be requested, because they exist already."""

    def done(self, answers: int, tokens: int) -> None:
        """Receive how many more answers were stored or given up, and the tokens of those that were stored."""

    def notify(self, message: str) -> None:
        """Receive a message for the user."""


def run_benchmarks(
    folder: str | os.PathLike[str],
    engine: Engine,
    plan: BenchmarkPlan,
    *,
    arm: str | None = None,
    lm_eval: bool = True,
    evalplus: bool = False,
    observer: BenchmarkObserver | None = None,
) -> BenchmarkRun:
    """Ask a model the items of some benchmarks, score its completions and write the results; an earlier run resumes.

    Args:
        folder: the folder of the run; created if it does not exist.
        engine: the engine that generates completions.
        plan: the benchmarks and the sampling.
        arm: the model's name in tables; its own name if not given.
        lm_eval: whether to have lm-eval score the completions too, and write its results.
        evalplus: whether to have EvalPlus score the programs of HumanEval+ too; this needs a local file of its release.
        observer: receives the progress.

    Raises:
        BadSpec: there is no such benchmark, no file for EvalPlus, or the engine needs another sampling.
        BadFile: there is no such file of items.
        BadFolder: the folder holds something else or another run, or another process is using it.
        ModelFailed: the model cannot be asked; completed answers are stored.
        MissingPackage: a required package is not installed.
    """
    folder, observer = Path(folder), observer or BenchmarkObserver()
    benchmarks = [benchmark(name) for name in dict.fromkeys(plan.benchmarks)]
    _check_plan(plan, lm_eval=lm_eval, evalplus=evalplus)
    rows = {chosen.name: plan.items(chosen.name) for chosen in benchmarks}
    _check_folder(folder, engine, plan)
    for chosen in benchmarks:
        _ask(chosen, rows[chosen.name], folder / chosen.name, engine, plan, observer)
    completions = {
        chosen.name: _score(chosen, rows[chosen.name], folder / chosen.name, plan, observer) for chosen in benchmarks
    }
    model = _display_name(engine.model)
    run = BenchmarkRun(arm or model, model, completions, engine.effective_sampling(plan.sampling).to_dict(), plan.style)
    write_run(folder, replace(run, completions={**_earlier_completions(folder), **completions}))
    if lm_eval:
        _crosscheck_lm_eval(folder, run, plan, observer)
    if evalplus:
        _crosscheck_evalplus(folder, rows[_HUMANEVAL], plan, observer)
    return run


def _check_plan(plan: BenchmarkPlan, *, lm_eval: bool, evalplus: bool) -> None:
    """Check that the plan can be carried out, before any model is asked."""
    if not plan.benchmarks:
        raise BadSpec("there is no benchmark to run")
    if lm_eval:
        require_lm_eval()
    if evalplus:
        if _HUMANEVAL not in plan.benchmarks or _HUMANEVAL not in plan.data:
            raise BadSpec(
                "EvalPlus scores only humaneval_plus, and needs the file of its release: --data humaneval_plus=FILE"
            )
        require_evalplus()


def _check_folder(folder: Path, engine: Engine, plan: BenchmarkPlan) -> None:
    """Check that a folder is free, or holds benchmarks of the same model with the same sampling."""
    if not folder.is_dir():
        return
    paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if any(path.name not in (RUN_FILE, results.RESULTS_FILE, _LM_EVAL_FOLDER, *BENCHMARKS) for path in paths):
        raise BadFolder(f"{folder} is not empty and holds no benchmark run: choose another folder")
    parameters = engine.effective_sampling(plan.sampling).to_dict()
    header = {"engine": engine.name, "model": engine.model, "style": plan.style, "parameters": parameters}
    for path in paths:
        if (path / HEADER).is_file():
            check_folder(path, header | engine.identity())


def _ask(
    chosen: Benchmark,
    rows: Sequence[Row],
    folder: Path,
    engine: Engine,
    plan: BenchmarkPlan,
    observer: BenchmarkObserver,
) -> None:
    """Ask the model a benchmark's items, and store its completions."""
    observer.phase_started(chosen.name, "generating", len(rows) * plan.sampling.n)
    header = {
        "benchmark": chosen.name,
        "benchmark_version": chosen.version,
        "items": items_digest(rows),
        "style": plan.style,
    }
    prompt = partial(chosen.prompt, style=plan.style)
    collect_answers(rows, prompt, folder, engine, plan.sampling, header, observer=observer)


def _score(
    chosen: Benchmark, rows: Sequence[Row], folder: Path, plan: BenchmarkPlan, observer: BenchmarkObserver
) -> list[ScoredCompletion]:
    """Score the stored completions of a benchmark."""
    observer.phase_started(chosen.name, "scoring", len(rows) * plan.sampling.n)
    return score_folder(chosen, rows, folder, observer.scored)


def _display_name(model: str) -> str:
    """A model's name in tables: the last part if it is a path, by which a server may know the model."""
    return Path(model).name if model.startswith(("/", "~", ".")) else model


def _earlier_completions(folder: Path) -> Mapping[str, Sequence[ScoredCompletion]]:
    """The scored completions of benchmarks that were run in the folder before."""
    return read_run(folder).completions if (folder / RUN_FILE).is_file() else {}


def _crosscheck_lm_eval(folder: Path, run: BenchmarkRun, plan: BenchmarkPlan, observer: BenchmarkObserver) -> None:
    observer.notify("lm-eval scores the same completions")
    for item in crosscheck_lm_eval(folder, run, plan.data, is_limited=plan.limit is not None):
        observer.notify(f"lm-eval scores {item} differently: one of the two verdicts timed out")


def _crosscheck_evalplus(folder: Path, rows: Sequence[Row], plan: BenchmarkPlan, observer: BenchmarkObserver) -> None:
    observer.notify("EvalPlus scores the programs of HumanEval+")
    for disagreement in crosscheck_evalplus(folder / _HUMANEVAL, rows, plan.data[_HUMANEVAL]):
        reason = disagreement.explanation or "not explained"
        observer.notify(
            f"{disagreement.task_id}: EvalPlus says {disagreement.evalplus}, knk {disagreement.knk}: {reason}"
        )
