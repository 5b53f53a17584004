"""`knk bench run`: a model asked the benchmarks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from knk.cli.bench.figures import print_arms
from knk.cli.options import (
    BaseUrl,
    BatchSize,
    Concurrency,
    DataParallel,
    EngineName,
    Groups,
    Json,
    KeyName,
    MaxModelLen,
    Patience,
    Retries,
    ServerDialect,
    Style,
    TensorParallel,
    Timeout,
    terminable,
)
from knk.errors import KnkError

if TYPE_CHECKING:
    from knk.evals.run import BenchmarkObserver

_FAILED: Final = 1


def run(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A folder, a name on the Hub, or the model's name on the server.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="The folder to keep everything in.")
    ] = None,
    tasks: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="What to ask, with commas: knk, knk_grades, knk_perturbed, math500, humaneval_plus, mmlu_pro.",
        ),
    ] = "knk",
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="A local file in place of the Hub for one of them; may be given often."),
    ] = None,
    without: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Leave out the items in this file, which 'knk task' wrote for training."),
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Ask only N items of each, the same N.")] = None,
    engine: Annotated[
        EngineName | None,
        typer.Option(
            help="What answers; 'trace' is the library's own proofs, to try the command without a model. If not given: "
            "the server if there is a URL, else transformers."
        ),
    ] = None,
    base_url: BaseUrl = None,
    n: Annotated[int, typer.Option("--n", "-n", metavar="N", min=1, help="Answers to each item.")] = 4,
    temperature: Annotated[float, typer.Option(metavar="X", min=0, help="The temperature; 0 for the likeliest.")] = 0.7,
    top_p: Annotated[float, typer.Option(metavar="X", help="The share of the probability to draw from.")] = 0.95,
    top_k: Annotated[int | None, typer.Option(metavar="N", help="How many tokens to draw from; else all.")] = None,
    max_tokens: Annotated[int, typer.Option(metavar="N", min=1, help="How long an answer may be.")] = 4096,
    stop: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="A text that ends an answer; else 'Question:', 'Assistant:' and 'User:'."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="The seed that answers are drawn with.")] = 0,
    style: Style = "paper",
    arm: Annotated[str | None, typer.Option(metavar="TEXT", help="What tables call the model; else its name.")] = None,
    lm_eval: Annotated[
        bool, typer.Option("--lm-eval/--no-lm-eval", help="Have lm-eval score the answers too, in its own format.")
    ] = True,
    evalplus: Annotated[
        bool,
        typer.Option("--evalplus", help="Have EvalPlus score HumanEval+ too, from the local file of its release."),
    ] = False,
    batch_size: BatchSize = None,
    concurrency: Concurrency = None,
    dialect: ServerDialect = None,
    timeout: Timeout = None,
    retries: Retries = None,
    patience: Patience = None,
    api_key_env: KeyName = None,
    data_parallel: DataParallel = None,
    tensor_parallel: TensorParallel = None,
    max_model_len: MaxModelLen = None,
    groups: Groups = False,
    progress: Annotated[
        bool | None,
        typer.Option("--progress/--no-progress", help="Show a bar; if not given, on a terminal after two seconds."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask a model some benchmarks, and mark its answers.

    Sampling and stops are the paper's (arXiv 2505.13718): four answers to each item, temperature 0.7, top-p 0.95. All
    verdicts are those of 'knk verify' and of the rewards. Intervals are 95%, over items; SD is over the answers' draws,
    as the paper's tables have it. MMLU-Pro leaves out what RLVR trains on.

    DIR holds every answer (BENCHMARK/answers.jsonl) and its mark (verdicts.jsonl), the figures (results.json, for
    'knk report'), and the same as lm-eval writes it (lm_eval/). Whatever ends the command, run it again: it goes on.

    Exit status: 0 all is answered, 1 some answers were given up (the figures are of the others), 2 the input is bad or
    the model cannot be asked.

    \b
    knk bench models/warmed -o bench/warmed
    knk bench Qwen/Qwen2.5-3B --engine vllm --tasks math500,humaneval_plus,mmlu_pro -o bench/base
    knk bench qwen --base-url http://localhost:8000/v1 --style chat -o bench/qwen
    """
    from knk.evals.items import identities
    from knk.evals.run import PAPER_SAMPLING, BenchmarkPlan, run_benchmarks
    from knk.inference.registry import ENGINES, build_engine

    if output is None:
        raise KnkError("there is no folder to keep the answers in: give one after -o")
    drawn: dict[str, Any] = {"n": n, "temperature": temperature, "top_p": top_p, "top_k": top_k}
    sampling = replace(
        PAPER_SAMPLING, **drawn, max_tokens=max_tokens, stop=tuple(stop) if stop else PAPER_SAMPLING.stop, seed=seed
    )
    names = tuple(name.strip() for name in tasks.split(",") if name.strip())
    files = dict(_pair(one) for one in data or [])
    trained = frozenset(name for path in without or [] for name in identities(path))
    kind = engine or ("server" if base_url else "transformers")
    chosen = build_engine(
        kind,
        {
            "model": model if "model" in ENGINES[kind].required else None,
            "base_url": base_url,
            "api_key_env": api_key_env,
            "dialect": dialect,
            "timeout": timeout,
            "retries": retries,
            "patience": patience,
            "data_parallel": data_parallel,
            "tensor_parallel": tensor_parallel,
            "max_model_len": max_model_len,
            "concurrency": concurrency,
            "batch_size": batch_size,
        },
    )
    plan = BenchmarkPlan(names, sampling, style, files, trained, limit)
    with _progress_bars(progress) as observer, terminable(), _stoppable():
        found = run_benchmarks(output, chosen, plan, arm=arm, lm_eval=lm_eval, evalplus=evalplus, observer=observer)
    print_arms([[found]], groups, as_json, paper=False)
    missing = {name: len(plan.items(name)) * n - len(scored) for name, scored in found.completions.items()}
    for name, count in missing.items():
        if count:
            print(
                f"knk: {count:,} answers of {name} are missing; {output / name / 'failed.jsonl'} says why",
                file=sys.stderr,
            )
    if any(missing.values()):
        raise typer.Exit(_FAILED)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Say at an interruption that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        print("knk: stopped; the same command goes on", file=sys.stderr)
        raise


def _pair(told: str) -> tuple[str, str]:
    name, found, path = told.partition("=")
    if not found or not path:
        raise KnkError(f"--data is a benchmark and a file, such as math500=math500.jsonl, not {told!r}")
    from knk.evals.items import benchmark

    return benchmark(name).name, path


# What is seen of it.


@contextmanager
def _progress_bars(wanted: bool | None) -> Iterator[BenchmarkObserver]:
    """Give what shows how a run goes."""
    from tqdm import tqdm

    from knk.evals.run import BenchmarkObserver

    class Shown(BenchmarkObserver):
        """Shows a bar for each benchmark, where one is wanted, and says what happens."""

        bar: Any = None

        def phase_started(self, name: str, phase: str, total: int) -> None:
            self.end()
            disable = None if wanted is None else not wanted
            self.bar = tqdm(
                total=total, desc=f"{name} {phase}", unit=" answers", disable=disable, delay=0 if wanted else 2
            )

        def skipped(self, answers: int) -> None:
            if not self.bar.disable:
                self.bar.initial += answers  # What was there says nothing of the speed.
            self.bar.update(answers)

        def done(self, answers: int, tokens: int) -> None:  # noqa: ARG002 - answers are what is counted
            self.bar.update(answers)

        def scored(self, completions: int) -> None:
            self.bar.update(completions)

        def notify(self, message: str) -> None:
            tqdm.write(f"knk: {message}", file=sys.stderr)

        def end(self) -> None:
            if self.bar is not None:
                self.bar.close()

    shown = Shown()
    try:
        yield shown
    finally:
        shown.end()
