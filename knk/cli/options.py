"""What commands that ask a model have in common: the options, the engine they name, and how a run ends in order."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from knk.errors import BadSpec
from knk.inference.registry import ENGINES
from knk.tasks.format import PromptStyle

if TYPE_CHECKING:
    EngineName = str
else:
    EngineName = Literal[tuple(ENGINES)]  # Typer reads the names from here when the program runs.
Dialect = Literal["vllm", "transformers", "openai"]
_TERMINATED: Final = 143
"""What a shell reports for a program that SIGTERM ended."""

BaseUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="Where the server's API is: http://localhost:8000/v1.")
]
Temperature = Annotated[float | None, typer.Option(metavar="X", help="The temperature.")]
TopP = Annotated[float | None, typer.Option(metavar="X", help="The share of the probability to draw from.")]
TopK = Annotated[int | None, typer.Option(metavar="N", help="How many tokens to draw from.")]
MaxTokens = Annotated[int | None, typer.Option(metavar="N", help="How long an answer may be.")]
Stop = Annotated[
    list[str] | None, typer.Option(metavar="TEXT", help="A text that ends an answer; may be given several times.")
]
Seed = Annotated[int | None, typer.Option(metavar="N", help="Give each answer a seed of its own, made from this one.")]
Style = Annotated[
    PromptStyle,
    typer.Option(help="Prompts as plain text for base models, or as messages for chat models."),
]
Concurrency = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Requests under way at once; 64, and 256 inside vLLM.")
]
ServerDialect = Annotated[
    Dialect | None,
    typer.Option(
        "--dialect",
        show_default="vllm",
        help="How the server takes top-k: vLLM's, as most do, or transformers' way; OpenAI has none.",
    ),
]
Timeout = Annotated[
    float | None, typer.Option(metavar="SECONDS", show_default="1800", help="How long a request may take.")
]
Retries = Annotated[
    int | None, typer.Option(metavar="N", min=0, show_default="8", help="How often a request that fails is made again.")
]
Patience = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", show_default="600", help="How long the server may be away, or too busy."),
]
KeyName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        show_default="KNK_API_KEY",
        help="The environment variable that holds the server's key, if it wants one.",
    ),
]
DataParallel = Annotated[
    int | None, typer.Option(metavar="N", min=1, show_default="1", help="Copies of the model inside vLLM.")
]
TensorParallel = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, show_default="1", help="GPUs that each copy inside vLLM is spread over."),
]
MaxModelLen = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Tokens of prompt and answer together inside vLLM.")
]
BatchSize = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, show_default="16", help="Answers that are written at once inside transformers."),
]

Split = Literal["train", "held-out", "test"]

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="A .jsonl or .parquet file; else they are printed."),
]
Processes = Annotated[int | None, typer.Option(metavar="N", min=1, help="Processes at work; all cores if not given.")]
Progress = Annotated[
    bool | None,
    typer.Option("--progress/--no-progress", help="Show a bar; if not given, on a terminal after two seconds."),
]
Executor = Annotated[
    Literal["local", "ray"],
    typer.Option(help="Processes of this machine, or the Ray cluster at RAY_ADDRESS (pip install 'knk[ray]')."),
]
Recipe = Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe: a YAML file of TRL's settings.")]
Overlays = Annotated[
    list[Path] | None,
    typer.Option("--with", metavar="FILE", help="Further settings, which go before the recipe's. May be repeated."),
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting, which goes before all others. May be repeated."),
]
Groups = Annotated[bool, typer.Option("--groups", help="Show sizes, grades, levels and subjects as well.")]
Json = Annotated[bool, typer.Option("--json", help="Print a JSON object instead of a table.")]
HubName = Annotated[str, typer.Argument(metavar="ORG/NAME", help="The name on the Hub.")]


def number_or_range(option: str, value: str | None) -> int | tuple[int, int] | None:
    """Return what an option's value says: a number, a range, or None where there is none.

    Args:
        option: the option's name, for the message.
        value: as it was written.

    Raises:
        BadSpec: it is neither.
    """
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", value)
    if not found:
        raise BadSpec(f"{option} is a number, or a range such as 3-7, not {value!r}")
    least, most = found.groups()
    return int(least) if most is None else (int(least), int(most))


@contextmanager
def terminable() -> Iterator[None]:
    """Take SIGTERM for an interruption, which ends all that is under way in good order."""
    came: list[int] = []

    def interrupt(number: int, frame: Any) -> None:
        came.append(number)
        # What is to happen at an interruption changes while it runs: asyncio has its own way.
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):
            handler(signal.SIGINT, frame)

    # In a job that a script started in the background SIGINT is ignored, and asyncio would then know no interruption.
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        if came:
            raise typer.Exit(_TERMINATED) from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
