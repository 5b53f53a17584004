"""`knk bench run`: benchmarks run on a model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from knk.cli.bench.table import print_scores
from knk.cli.options import (
    EngineName,
    EngineOptions,
    Groups,
    Json,
    MaxTokens,
    OutputFolder,
    Progress,
    Samples,
    SamplingOptions,
    Seed,
    Style,
    Temperature,
    TopP,
    require_output,
    split_list,
)
from knk.cli.signals import interrupt_on_termination, resume_hint
from knk.errors import KnkError

if TYPE_CHECKING:
    from knk.evals.records import BenchmarkRun
    from knk.evals.run import BenchmarkObserver, BenchmarkPlan

_FAILED: Final = 1

Engine = Annotated[
    EngineName | None,
    typer.Option(
        help="Engine that answers; 'trace' is the library's own proofs, to try the command without a model: MODEL then "
        "has no effect (default: server with --base-url, else transformers)."
    ),
]


@dataclass(frozen=True)
class ItemOptions:
    """Which items of which benchmarks are used."""

    tasks: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Benchmarks, comma-separated: knk, knk_grades, knk_perturbed, math500, humaneval_plus, mmlu_pro.",
        ),
    ] = "knk"
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="Read a benchmark from this file instead of from the Hub (repeatable)."),
    ] = None
    without: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Leave out the items of this file, written by 'knk task' (repeatable)."),
    ] = None
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Use only N items of each benchmark, always the same.")
    ] = None


@dataclass(frozen=True)
class PaperSamplingOptions(SamplingOptions):
    """How completions are sampled, by default as in the paper's evaluation."""

    n: Samples = 4
    temperature: Temperature = 0.7
    top_p: TopP = 0.95
    max_tokens: MaxTokens = 4096
    stop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help="Stop string (repeatable; default: 'Question:', 'Assistant:' and 'User:', none with --style chat).",
        ),
    ] = None
    seed: Seed = 0


@dataclass(frozen=True)
class ScorerOptions:
    """Other programs that score the completions too."""

    lm_eval: Annotated[
        bool, typer.Option("--lm-eval/--no-lm-eval", help="Also score with lm-eval, and write its result files.")
    ] = True
    evalplus: Annotated[
        bool,
        typer.Option("--evalplus", help="Also score HumanEval+ with EvalPlus; needs --data humaneval_plus=FILE."),
    ] = False


def run(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A folder (also of a LoRA adapter), a name on the Hub, or the model's name on the server.",
        ),
    ],
    *,
    output: OutputFolder = None,
    items: ItemOptions,
    engine: Engine = None,
    sampling: PaperSamplingOptions,
    style: Style = "paper",
    arm: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Name of the model in tables (default: its own name).")
    ] = None,
    scorers: ScorerOptions,
    engines: EngineOptions,
    groups: Groups = False,
    progress: Progress = None,
    as_json: Json = False,
) -> None:
    """Run benchmarks on a model and score its completions.

    Sampling and stop strings are the paper's (arXiv 2505.13718): 4 completions per item, temperature 0.7, top-p 0.95.
    Answers are judged as by 'knk verify' and the rewards; thinking that a server moves out of an answer is put back.
    Intervals are 95%, over items; SD is over samples, as in the paper's tables. MMLU-Pro leaves out the items that RLVR
    trains on.

    DIR has every completion (BENCHMARK/answers.jsonl), its verdict (verdicts.jsonl), the results (results.json, for
    'knk report'), and lm-eval's result files (lm_eval/). After an interruption, run the same command again to resume.

    Needs, in the clone, pip install '.[bench]', and PyTorch unless a server answers. With a server and --no-lm-eval,
    '.[teacher,math]' is enough. --evalplus also scores with EvalPlus, from the file HumanEvalPlus.jsonl.gz of its
    release: --data humaneval_plus=HumanEvalPlus.jsonl.gz.

    Exit status: 0 all completions are stored, 1 some requests were given up (the results are of the others), 2 the
    input is bad or the model cannot be run.

    \b
    knk bench models/warmed -o bench/warmed
    knk bench Qwen/Qwen2.5-3B --engine vllm --tasks math500,humaneval_plus,mmlu_pro -o bench/base
    knk bench qwen --base-url http://localhost:8000/v1 --style chat -o bench/qwen
    """
    from knk.evals.run import run_benchmarks
    from knk.inference.registry import ENGINES

    folder = require_output(output)
    plan = _plan(items, sampling, style)
    name = engine or ("server" if engines.base_url else "transformers")
    chosen = engines.build(name, model if "model" in ENGINES[name].required else None)
    with _progress_bars(progress) as observer, interrupt_on_termination(), resume_hint():
        result = run_benchmarks(folder, chosen, plan, arm=arm, **vars(scorers), observer=observer)
    print_scores([[result]], groups, as_json)
    if _report_missing(folder, plan, result):
        raise typer.Exit(_FAILED)


def _plan(items: ItemOptions, sampling: SamplingOptions, style: str) -> BenchmarkPlan:
    from knk.evals.items import identities
    from knk.evals.run import PAPER_SAMPLING, BenchmarkPlan

    files = dict(map(_parse_data, items.data or []))
    trained = frozenset(name for path in items.without or [] for name in identities(path))
    settings = sampling.apply_to(PAPER_SAMPLING, style)
    return BenchmarkPlan(tuple(split_list(items.tasks)), settings, style, files, trained, items.limit)


def _report_missing(folder: Path, plan: BenchmarkPlan, result: BenchmarkRun) -> int:
    """Report on stderr how many answers each benchmark lacks, and return their number."""
    total = 0
    for name, completions in result.completions.items():
        if missing := len(plan.items(name)) * plan.sampling.n - len(completions):
            reasons = folder / name / "failed.jsonl"
            print(f"knk: {missing:,} answers of {name} are missing; {reasons} has the reasons", file=sys.stderr)
            total += missing
    return total


def _parse_data(text: str) -> tuple[str, str]:
    from knk.evals.items import benchmark

    name, _, path = text.partition("=")
    if not path:
        raise KnkError(f"--data: expected a benchmark and a file such as math500=math500.jsonl, got {text!r}")

    return benchmark(name).name, path


# What is shown while the run goes on.


@contextmanager
def _progress_bars(show: bool | None) -> Iterator[BenchmarkObserver]:
    """Yield an observer that shows a progress bar for each phase of each benchmark, and prints messages."""
    from tqdm import tqdm

    from knk.evals.run import BenchmarkObserver

    class ProgressBars(BenchmarkObserver):
        bar: Any = None

        def phase_started(self, name: str, phase: str, total: int) -> None:
            self.close()
            # tqdm takes None to mean "unless stderr is not a terminal".
            disable = None if show is None else not show
            self.bar = tqdm(
                total=total, desc=f"{name} {phase}", unit=" answers", disable=disable, delay=0 if show else 2
            )

        def skipped(self, answers: int) -> None:
            if not self.bar.disable:
                self.bar.initial += answers  # Stored answers do not count towards the speed.
            self.bar.update(answers)

        def done(self, answers: int, tokens: int) -> None:  # noqa: ARG002 - answers are counted
            self.bar.update(answers)

        def scored(self, completions: int) -> None:
            self.bar.update(completions)

        def notify(self, message: str) -> None:
            tqdm.write(f"knk: {message}", file=sys.stderr)

        def close(self) -> None:
            if self.bar is not None:
                self.bar.close()

    bars = ProgressBars()
    try:
        yield bars
    finally:
        bars.close()
