"""`knk teach`: a teacher's answers to the puzzles of a corpus."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, NoReturn

import typer

from knk.cli.options import (
    EngineName,
    EngineOptions,
    Json,
    OutputFolder,
    Progress,
    SamplingOptions,
    Split,
    Style,
    require_output,
)
from knk.cli.output import print_json
from knk.cli.signals import interrupt_on_termination
from knk.errors import KnkError

if TYPE_CHECKING:
    from tqdm import tqdm

    from knk.teacher import CostEstimate, Observer, Sampling, Summary

Preset = Literal["paper"]
_FAILED: Final = 1


@dataclass(frozen=True)
class TeacherOptions:
    """The teacher, and how it is asked."""

    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Model: a folder, a name on the Hub, or the name on the server.")
    ] = None
    engine: Annotated[
        EngineName | None,
        typer.Option(
            help="Engine that answers; 'trace' is the library's own proofs, which need no model (default: server with "
            "--base-url, else trace)."
        ),
    ] = None
    per_request: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="(server only) Completions per request (default: 1).")
    ] = None
    preset: Annotated[
        Preset | None,
        typer.Option(
            help="Sampling preset: 'paper' is n 4, temperature 0.6, top-p 0.95, top-k 40, 8192 tokens, and, unless "
            "--style is chat, the stop strings '</answer>', 'User:' and 'Assistant:'."
        ),
    ] = None


@dataclass(frozen=True)
class PromptOptions:
    """Which puzzles are asked, and in which style."""

    style: Style = "paper"
    split: Annotated[
        Split, typer.Option(help="Split of the corpus; rows of a file belong to splits by key. All rows: --split test.")
    ] = "train"
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only the first N puzzles.")] = None


@dataclass(frozen=True)
class EstimateOptions:
    """The inputs of a cost estimate."""

    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Estimate requests, tokens and GPU hours; send nothing.")
    ] = False
    tokenizer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="--dry-run: count prompt tokens with this tokenizer, not as characters / 4."),
    ] = None
    answer_tokens: Annotated[
        float | None,
        typer.Option(metavar="N", min=0, help="--dry-run: average tokens per completion (default: --max-tokens)."),
    ] = None
    tokens_per_second: Annotated[
        float | None,
        typer.Option(metavar="N", min=0.001, help="--dry-run: tokens per second of one GPU, to estimate GPU hours."),
    ] = None


def teach(
    corpus: Annotated[str, typer.Argument(metavar="CORPUS", help="A corpus, or a .parquet or .jsonl file of rows.")],
    *,
    output: OutputFolder = None,
    teacher: TeacherOptions,
    sampling: SamplingOptions,
    prompts: PromptOptions,
    engines: EngineOptions,
    progress: Progress = None,
    as_json: Json = False,
    costs: EstimateOptions,
) -> None:
    """Ask a teacher model to solve every puzzle of a corpus.

    The teacher is a server with the OpenAI API, a model in vLLM or transformers, or, without a model, the library's own
    proofs. Each answer is stored, unchanged, as soon as it arrives. After an interruption, run the same command
    again: it resumes without repeating answered requests. It waits for a server that is unavailable.

    DIR/answers.jsonl has one answer per line, DIR/failed.jsonl the requests that were given up, and DIR/inference.json
    the settings of the run. The server or the model sets the sampling options you leave out, except --max-tokens, which
    is required with a model and without --preset.

    The server's API key is read from an environment variable, and neither stored nor shown.

    Exit status: 0 all answers are stored, 1 some requests were given up (run the same command to retry them), 2 the
    input is bad, the folder is in use, or the server rejects a request.

    \b
    knk teach corpus -o answers
    knk teach corpus --preset paper --model QwQ --base-url http://localhost:8000/v1 -o answers
    knk teach corpus --preset paper --dry-run --tokens-per-second 2500
    """
    from knk.teacher import PRESETS, Sampling
    from knk.teacher import teach as ask_teacher

    settings = sampling.apply_to(PRESETS[teacher.preset] if teacher.preset else Sampling(), prompts.style)
    name = teacher.engine or ("server" if engines.base_url else "trace")
    if costs.dry_run:
        if name != "trace" and settings.max_tokens is None and costs.answer_tokens is None:
            raise KnkError("missing --max-tokens N, or --answer-tokens N for the average")
        _print_estimate(_estimate(corpus, output, settings, prompts, teacher.per_request, costs), costs, as_json)
        return
    for option, value in vars(costs).items():
        if value is not None and option != "dry_run":
            raise KnkError(f"--{option.replace('_', '-')} needs --dry-run")
    folder = require_output(output)
    engine = engines.build(name, teacher.model, per_request=teacher.per_request)
    with _observer(corpus, prompts, settings.n, progress) as observer, interrupt_on_termination():
        summary = ask_teacher(corpus, folder, engine, settings, **vars(prompts), observer=observer)
    _print_summary(folder, summary, as_json)
    if summary.failed:
        raise typer.Exit(_FAILED)


def _estimate(
    corpus: str,
    output: Path | None,
    sampling: Sampling,
    prompts: PromptOptions,
    per_request: int | None,
    costs: EstimateOptions,
) -> CostEstimate:
    from knk.teacher import estimate_cost
    from knk.teacher.tokens import prompt_counter

    return estimate_cost(
        corpus,
        sampling,
        folder=output,
        **vars(prompts),
        per_request=per_request or 1,
        answer_tokens=costs.answer_tokens,
        tokens_per_second=costs.tokens_per_second,
        count_tokens=prompt_counter(costs.tokenizer) if costs.tokenizer else None,
    )


def _print_estimate(estimate: CostEstimate, costs: EstimateOptions, as_json: bool) -> None:
    if as_json:
        print_json({"dry_run": True} | estimate.to_dict())
        return
    method = f"tokenizer {costs.tokenizer}" if costs.tokenizer else "one per 4 characters"
    at_most = "" if costs.answer_tokens is not None else "at most "
    print(f"{estimate.puzzles:,} puzzles, {estimate.requests:,} requests, {estimate.answers:,} answers")
    print(f"{estimate.prompt_tokens:,} prompt tokens ({method})")
    if estimate.completion_tokens:
        print(f"{at_most}{estimate.completion_tokens:,} completion tokens")
    if estimate.gpu_hours is not None:
        print(f"{at_most}{estimate.gpu_hours:,.1f} GPU hours for the completions")


def _print_summary(folder: Path, summary: Summary, as_json: bool) -> None:
    if as_json:
        print_json({"folder": str(folder)} | summary.to_dict())
        return
    existing = f", {summary.existing:,} already there" if summary.existing else ""
    print(
        f"{folder}: {summary.stored:,} answers{existing}, {summary.truncated:,} truncated, {summary.failed:,} given up"
    )
    if summary.duplicates:
        print(f"{summary.duplicates:,} puzzles repeat an earlier one, maybe under other names, and were asked once")
    if summary.empty:
        print(f"{summary.empty:,} answers are empty or only thinking, and can never be rows for SFT")
    if summary.dropped:
        print(f"{summary.dropped:,} answers arrived that were not asked for, and were dropped")
    if summary.completion_tokens:
        tokens_per_second = summary.completion_tokens / summary.seconds if summary.seconds else 0.0
        print(f"{summary.completion_tokens:,} tokens in {summary.seconds:,.1f} s ({tokens_per_second:,.0f} tokens/s)")
    if summary.failed:
        print(f"{folder / 'failed.jsonl'} has the reasons; run the same command again to retry")


# What is shown while the run goes on.


class _MessagePrinter:
    """Prints messages, and shows no progress."""

    def skipped(self, answers: int) -> None:
        """Ignore it."""

    def done(self, answers: int, tokens: int) -> None:
        """Ignore it."""

    def notify(self, message: str) -> None:
        """Print the message."""
        print(f"knk: {message}", file=sys.stderr)


class _BarUpdater:
    """Updates a bar that shows tokens per second and the time left."""

    def __init__(self, bar: tqdm[NoReturn]) -> None:
        self._bar = bar
        self._tokens = 0

    def skipped(self, answers: int) -> None:
        """Advance the bar by answers that were stored before, which do not count towards the speed."""
        self._bar.initial += answers
        self._bar.update(answers)

    def done(self, answers: int, tokens: int) -> None:
        """Advance the bar."""
        self._tokens += tokens
        seconds = self._bar.format_dict["elapsed"]
        if self._tokens and seconds:
            self._bar.set_postfix_str(f"{self._tokens / seconds:,.0f} tokens/s", refresh=False)
        self._bar.update(answers)

    def notify(self, message: str) -> None:
        """Print the message above the bar."""
        self._bar.write(f"knk: {message}", file=sys.stderr)


@contextmanager
def _observer(corpus: str, prompts: PromptOptions, n: int, show: bool | None) -> Iterator[Observer]:
    """Yield what shows the progress of a run: a bar, or lines if no bar is to be shown."""
    if not (sys.stderr.isatty() if show is None else show):
        yield _MessagePrinter()
        return
    from tqdm import tqdm

    from knk.teacher.run import count_puzzles

    total = count_puzzles(corpus, prompts.split, prompts.limit) * n
    with tqdm(total=total, unit=" answers", delay=0 if show else 2, smoothing=0.05) as bar:
        yield _BarUpdater(bar)
