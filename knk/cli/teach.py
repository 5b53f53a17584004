"""`knk teach`: a teacher's answers to the puzzles of a corpus."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NoReturn

import typer

from knk.cli.options import (
    BaseUrl,
    BatchSize,
    Concurrency,
    DataParallel,
    EngineName,
    KeyName,
    MaxModelLen,
    MaxTokens,
    Patience,
    Retries,
    Seed,
    ServerDialect,
    Stop,
    Style,
    Temperature,
    TensorParallel,
    Timeout,
    TopK,
    TopP,
    terminable,
)
from knk.errors import KnkError

if TYPE_CHECKING:
    from tqdm import tqdm

    from knk.teacher import CostEstimate, Observer, Sampling, Summary

Preset = Literal["paper"]
Split = Literal["train", "held-out", "test"]
_FAILED: Final = 1


def teach(
    corpus: Annotated[str, typer.Argument(metavar="CORPUS", help="A corpus, or a .parquet or .jsonl file of rows.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="The folder to store the answers in.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="The model: its name on the server, or its folder.")
    ] = None,
    base_url: BaseUrl = None,
    engine: Annotated[
        EngineName | None,
        typer.Option(
            help="What answers: a server, vLLM or transformers inside this process, or the library's own proofs, which "
            "need no model. "
            "If not given: the server if there is a URL, else the proofs."
        ),
    ] = None,
    preset: Annotated[
        Preset | None,
        typer.Option(
            help="Sampling to start from: 'paper' is n 4, temperature 0.6, top-p 0.95, top-k 40, 8192 tokens, "
            "and stops at '</answer>', 'User:' and 'Assistant:'."
        ),
    ] = None,
    n: Annotated[
        int | None, typer.Option("--n", "-n", metavar="N", min=1, help="Answers to each puzzle; 1 if not given.")
    ] = None,
    temperature: Temperature = None,
    top_p: TopP = None,
    top_k: TopK = None,
    max_tokens: MaxTokens = None,
    stop: Stop = None,
    seed: Seed = None,
    style: Style = "paper",
    split: Annotated[
        Split, typer.Option(help="Which puzzles to ask. Of a file 'test' is all, and the others those of that split.")
    ] = "train",
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Ask only the first N puzzles.")] = None,
    concurrency: Concurrency = None,
    per_request: Annotated[
        int | None, typer.Option(metavar="N", min=1, show_default="1", help="Answers to ask for in one request.")
    ] = None,
    dialect: ServerDialect = None,
    timeout: Timeout = None,
    retries: Retries = None,
    patience: Patience = None,
    api_key_env: KeyName = None,
    data_parallel: DataParallel = None,
    tensor_parallel: TensorParallel = None,
    max_model_len: MaxModelLen = None,
    batch_size: BatchSize = None,
    progress: Annotated[
        bool | None,
        typer.Option("--progress/--no-progress", help="Show a bar; if not given, on a terminal after two seconds."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object instead of a table.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask nothing; say how many requests and tokens it would take.")
    ] = False,
    tokenizer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="For the dry run: count prompts with this tokenizer, not by characters / 4."),
    ] = None,
    answer_tokens: Annotated[
        float | None,
        typer.Option(metavar="N", min=0, help="For the dry run: tokens of an answer on average; else --max-tokens."),
    ] = None,
    tokens_per_second: Annotated[
        float | None,
        typer.Option(metavar="N", min=0.001, help="For the dry run: what one GPU writes, to tell the GPU hours."),
    ] = None,
) -> None:
    """Ask a teacher about every puzzle of a corpus.

    Its answers are stored. The teacher is any server that speaks the OpenAI API, a model inside vLLM or transformers,
    or, with no model, the library's own proofs. Each answer is stored the moment it arrives, exactly as it came.
    Whatever ends the command, run the same command again: it goes on, and asks for nothing that is there. A server that
    is away is waited for.

    DIR/answers.jsonl holds an answer a line, DIR/failed.jsonl what was given up, DIR/inference.json the
    settings. What is not given is left to the server or the model, but for --max-tokens, which is required.

    The key that a server may want is read from an environment variable, and neither stored nor shown.

    Exit status: 0 all answers are there, 1 some were given up (the same command asks for them again), 2 the input is
    bad, the folder is not free, or the server refuses.

    \b
    knk teach corpus -o told
    knk teach corpus --preset paper --model QwQ --base-url http://localhost:8000/v1 -o answers
    knk teach corpus --preset paper --dry-run --tokens-per-second 2500
    """
    from knk.inference.registry import build_engine
    from knk.teacher import teach as taught

    sampling = _sampling(preset, n, temperature, top_p, top_k, max_tokens, stop, seed)
    name = engine or ("server" if base_url else "trace")
    if dry_run:
        _tell_cost(
            _cost(
                corpus,
                output,
                sampling,
                name,
                style,
                split,
                limit,
                per_request or 1,
                tokenizer,
                answer_tokens,
                tokens_per_second,
            ),
            tokenizer,
            answer_tokens,
            as_json,
        )
        return
    if output is None:
        raise KnkError("there is no folder to store the answers in: give one after -o")
    chosen = build_engine(
        name,
        {
            "model": model,
            "base_url": base_url,
            "api_key_env": api_key_env,
            "dialect": dialect,
            "per_request": per_request,
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

    with _observer(corpus, split, limit, sampling.n, progress) as observer, terminable():
        summary = taught(corpus, output, chosen, sampling, style=style, split=split, limit=limit, observer=observer)
    _tell(output, summary, as_json)
    if summary.failed:
        raise typer.Exit(_FAILED)


def _sampling(
    preset: str | None,
    n: int | None,
    temperature: float | None,
    top_p: float | None,
    top_k: int | None,
    max_tokens: int | None,
    stop: list[str] | None,
    seed: int | None,
) -> Sampling:
    from knk.teacher import PRESETS, Sampling

    given: dict[str, Any] = {
        "n": n,
        "temperature": temperature,
        "top_p": top_p,
        "top_k": top_k,
        "max_tokens": max_tokens,
        "stop": tuple(stop) if stop else None,
        "seed": seed,
    }
    start = PRESETS[preset] if preset else Sampling()
    return replace(start, **{name: value for name, value in given.items() if value is not None})


# What it would cost.


def _cost(
    corpus: str,
    output: Path | None,
    sampling: Sampling,
    engine: str,
    style: str,
    split: str,
    limit: int | None,
    per_request: int,
    tokenizer: str | None,
    answer_tokens: float | None,
    tokens_per_second: float | None,
) -> CostEstimate:
    from knk.teacher import estimate_cost
    from knk.teacher.tokens import prompt_counter

    if engine != "trace" and sampling.max_tokens is None and answer_tokens is None:
        raise KnkError("say how long an answer may be: --max-tokens, or --answer-tokens for the average")
    return estimate_cost(
        corpus,
        sampling,
        folder=output,
        style=style,
        split=split,
        limit=limit,
        per_request=per_request,
        answer_tokens=answer_tokens,
        tokens_per_second=tokens_per_second,
        count_tokens=prompt_counter(tokenizer) if tokenizer else None,
    )


def _tell_cost(found: CostEstimate, tokenizer: str | None, answer_tokens: float | None, as_json: bool) -> None:
    import json

    if as_json:
        print(json.dumps({"dry_run": True} | found.to_dict()))
        return
    rule = f"by the tokenizer {tokenizer}" if tokenizer else "a token for every 4 characters"
    most = "" if answer_tokens is not None else "at most "
    print(f"{found.puzzles:,} puzzles, {found.requests:,} requests, {found.answers:,} answers")
    print(f"{found.prompt_tokens:,} tokens of prompts ({rule})")
    if found.completion_tokens:
        print(f"{most}{found.completion_tokens:,} tokens of answers")
    if found.gpu_hours is not None:
        print(f"{most}{found.gpu_hours:,.1f} GPU hours for the answers")


# What happens, and what came of it.


class _Lines:
    """Says in a line each what a person may want to know."""

    def skipped(self, answers: int) -> None:
        """Say nothing."""

    def done(self, answers: int, tokens: int) -> None:
        """Say nothing."""

    def notify(self, message: str) -> None:
        """Say it."""
        print(f"knk: {message}", file=sys.stderr)


class _Bar:
    """Moves a bar that shows tokens a second and the time left."""

    def __init__(self, bar: tqdm[NoReturn]) -> None:
        self._bar = bar
        self._tokens = 0

    def skipped(self, answers: int) -> None:
        """Move on, and leave what was there out of the speed."""
        self._bar.initial += answers
        self._bar.update(answers)

    def done(self, answers: int, tokens: int) -> None:
        """Move on."""
        self._tokens += tokens
        seconds = self._bar.format_dict["elapsed"]
        if self._tokens and seconds:
            self._bar.set_postfix_str(f"{self._tokens / seconds:,.0f} tokens/s", refresh=False)
        self._bar.update(answers)

    def notify(self, message: str) -> None:
        """Say it above the bar."""
        self._bar.write(f"knk: {message}", file=sys.stderr)


@contextmanager
def _observer(corpus: str, split: str, limit: int | None, n: int, wanted: bool | None) -> Iterator[Observer]:
    """Give what shows how the run goes: a bar, or where none is wanted lines."""
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield _Lines()
        return
    from tqdm import tqdm

    from knk.teacher.run import count_puzzles

    total = count_puzzles(corpus, split, limit) * n
    with tqdm(total=total, unit=" answers", delay=0 if wanted else 2, smoothing=0.05) as bar:
        yield _Bar(bar)


def _tell(output: Path, summary: Summary, as_json: bool) -> None:
    import json

    if as_json:
        print(json.dumps({"folder": str(output)} | summary.to_dict()))
        return
    there = f", {summary.existing:,} were there" if summary.existing else ""
    print(f"{output}: {summary.stored:,} answers{there}, {summary.truncated:,} cut off, {summary.failed:,} given up")
    if summary.duplicates:
        print(f"{summary.duplicates:,} puzzles came again, maybe under other names, and were asked once")
    if summary.dropped:
        print(f"{summary.dropped:,} answers came that were not asked for, and were dropped")
    if summary.completion_tokens:
        speed = summary.completion_tokens / summary.seconds if summary.seconds else 0.0
        print(f"{summary.completion_tokens:,} tokens in {summary.seconds:,.1f} s ({speed:,.0f} a second)")
    if summary.failed:
        print(f"{output / 'failed.jsonl'} says why; the same command asks again")
