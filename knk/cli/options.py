"""Options that several commands share, one by one or in groups (see `knk.cli.groups`).

To give a group's option another default or help text in one command, derive a dataclass in that command's module.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from knk.errors import BadSpec, KnkError
from knk.inference.registry import ENGINES
from knk.text.styles import PromptStyle

if TYPE_CHECKING:
    from knk.inference.engine import Engine
    from knk.inference.sampling import Sampling
    from knk.training.recipe import Recipe

    EngineName = str
else:
    EngineName = Literal[tuple(ENGINES)]  # Typer reads the names from here when the program runs.

Split = Literal["train", "held-out", "test"]
Dialect = Literal["vllm", "transformers", "openai"]

# Arguments and options on their own.

PuzzleSource = Annotated[
    str | None, typer.Argument(metavar="PUZZLE|FILE", help="A puzzle, a file of puzzles, or - for stdin (the default).")
]
HubName = Annotated[str, typer.Argument(metavar="ORG/NAME", help="Repository on the Hugging Face Hub.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to this .jsonl or .parquet file instead of stdout."),
]
OutputFolder = Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder to write to.")]
Json = Annotated[bool, typer.Option("--json", help="Print a JSON object instead of a table.")]
JsonLines = Annotated[bool, typer.Option("--json", help="Print one JSON object per puzzle, one per line.")]
Style = Annotated[
    PromptStyle, typer.Option(help="Prompt style: plain text for base models, or messages for chat models.")
]
Processes = Annotated[int | None, typer.Option(metavar="N", min=1, help="Number of processes (default: all cores).")]
Progress = Annotated[
    bool | None,
    typer.Option("--progress/--no-progress", help="Show a progress bar (default: on a terminal, after two seconds)."),
]
Executor = Annotated[
    Literal["local", "ray"],
    typer.Option(help="Run on this machine, or on the Ray cluster at RAY_ADDRESS (pip install '.[ray]')."),
]
Groups = Annotated[bool, typer.Option("--groups", help="Also show results by size, grade, level and subject.")]

# Options whose default differs from command to command.

Samples = Annotated[int | None, typer.Option("--n", "-n", metavar="N", min=1, help="Number of completions per prompt.")]
Temperature = Annotated[float | None, typer.Option(metavar="X", help="Sampling temperature; 0 is greedy decoding.")]
TopP = Annotated[float | None, typer.Option(metavar="X", help="Nucleus sampling threshold (top-p).")]
MaxTokens = Annotated[int | None, typer.Option(metavar="N", help="Maximum number of tokens per completion.")]
Seed = Annotated[int | None, typer.Option(metavar="N", help="Random seed; each completion gets one derived from it.")]


@dataclass(frozen=True)
class SamplingOptions:
    """How completions are sampled; the preset, the server or the model sets what is None."""

    n: Samples = None
    temperature: Temperature = None
    top_p: TopP = None
    top_k: Annotated[int | None, typer.Option(metavar="N", help="Sample from the N most likely tokens (top-k).")] = None
    max_tokens: MaxTokens = None
    stop: Annotated[list[str] | None, typer.Option(metavar="TEXT", help="Stop string (repeatable).")] = None
    seed: Seed = None

    def apply_to(self, sampling: Sampling, style: str) -> Sampling:
        """Return the sampling, changed where an option was given.

        Args:
            sampling: the sampling of a preset.
            style: the style of the prompts; a preset's stop strings are for the style "paper" only.
        """
        overrides = {name: value for name, value in vars(self).items() if value is not None}
        if style != "paper":
            # A chat model ends its answers itself, and thinks about the words of its prompt, where servers stop it too.
            overrides["stop"] = ()
        if self.stop is not None:
            overrides["stop"] = tuple(self.stop)
        return replace(sampling, **overrides)


@dataclass(frozen=True)
class EngineOptions:
    """How each kind of engine is reached or started; an engine rejects options of other engines."""

    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="(server only) Base URL of its API: http://localhost:8000/v1.")
    ] = None
    api_key_env: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="(server only) Environment variable that holds the API key (default: KNK_API_KEY).",
        ),
    ] = None
    dialect: Annotated[
        Dialect | None,
        typer.Option(help="(server only) Which API variant the server speaks; 'openai' has no top-k (default: vllm)."),
    ] = None
    stream: Annotated[
        bool | None,
        typer.Option("--stream", help="(server only) Stream the answers, for servers that send no others."),
    ] = None
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="(server only) Time limit of a request (default: 1800).")
    ] = None
    retries: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="(server only) Retries of a failed request (default: 8).")
    ] = None
    patience: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help="(server only) How long to wait for a server that is unavailable (default: 600)."
        ),
    ] = None
    concurrency: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Maximum number of concurrent requests (default: server 64, vLLM 256)."),
    ] = None
    data_parallel: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="(vLLM only) Number of copies of the model (default: 1).")
    ] = None
    tensor_parallel: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="(vLLM only) Number of GPUs per copy (default: 1).")
    ] = None
    max_model_len: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="(vLLM only) Maximum length of prompt and completion, in tokens."),
    ] = None
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="(transformers only) Completions per batch (default: 16).")
    ] = None

    def build(self, name: str, model: str | None, **options: object) -> Engine:
        """Return a new engine.

        Args:
            name: the engine's name.
            model: the model's name or folder; None if the engine needs none.
            options: further options of the engine, None if they are not given.

        Raises:
            BadSpec: the engine does not take one of the options, or lacks one.
        """
        from knk.inference.registry import build_engine

        return build_engine(name, {"model": model} | asdict(self) | options)


@dataclass(frozen=True)
class RecipeOptions:
    """A training recipe and the settings that override it."""

    path: Annotated[Path, typer.Argument(metavar="RECIPE", help="A training recipe: a YAML file of TRL settings.")]
    overlays: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="FILE", help="YAML file that overrides settings of the recipe (repeatable)."),
    ] = None
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Override one setting, after all files (repeatable)."),
    ] = None

    def load(self) -> Recipe:
        """Return the recipe with all overrides.

        Raises:
            BadConfig: a file or a setting is not valid.
        """
        from knk.training.recipe import load, parse_change

        return load(self.path, self.overlays or (), dict(map(parse_change, self.changes or ())))


# How values of options are read.

_RANGE: Final = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def number_or_range(option: str, text: str | None) -> int | tuple[int, int] | None:
    """Return the number or the range that an option gives, None if it is not given.

    Args:
        option: the option's name, for the error message.
        text: the option's value.

    Raises:
        BadSpec: the value is neither.

    >>> number_or_range("--people", "5"), number_or_range("--people", "3-7")
    (5, (3, 7))
    """
    if text is None:
        return None
    match = _RANGE.fullmatch(text)
    if not match:
        raise BadSpec(f"{option}: expected a number or a range such as 3-7, got {text!r}")
    minimum, maximum = match.groups()
    return int(minimum) if maximum is None else (int(minimum), int(maximum))


def require_output(output: Path | None) -> Path:
    """Return the folder that --output names.

    Raises:
        KnkError: the option is not given.
    """
    if output is None:
        raise KnkError("missing --output DIR")
    return output


def split_list(text: str) -> list[str]:
    """Return the items of a comma-separated list.

    >>> split_list("knk, math500,")
    ['knk', 'math500']
    """
    return [item.strip() for item in text.split(",") if item.strip()]
