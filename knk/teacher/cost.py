"""What a run would cost, before anything is asked."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from knk.errors import MissingPackage
from knk.inference.requests import asks
from knk.inference.sampling import Sampling
from knk.inference.store import ANSWERS, read_answers
from knk.tasks import kk
from knk.tasks.format import Prompt
from knk.teacher.puzzles import rows_of

CHARACTERS: Final = 4
"""Characters that are taken for a token where no tokenizer is named."""
Counter = Callable[[Prompt], int]


@dataclass(frozen=True)
class Estimate:
    """What a run would cost.

    Args:
        puzzles: puzzles to be asked.
        requests: requests to be made, if none fails.
        answers: answers to be drawn.
        prompt_tokens: tokens of the prompts, each counted as often as it is sent.
        completion_tokens: tokens of the answers: the most there can be, or as many as were expected of each.
        gpu_hours: the time that takes at the speed that was given, if one was.
    """

    puzzles: int
    requests: int
    answers: int
    prompt_tokens: int
    completion_tokens: int
    gpu_hours: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the values as JSON has them."""
        return asdict(self)


def estimate(
    corpus: str | os.PathLike[str],
    sampling: Sampling,
    *,
    folder: str | os.PathLike[str] | None = None,
    style: str = "paper",
    split: str = "train",
    limit: int | None = None,
    per_request: int = 1,
    answer_tokens: float | None = None,
    tokens_per_second: float | None = None,
    count: Counter | None = None,
) -> Estimate:
    """Return what a run would cost; nothing is asked or written.

    Args:
        corpus: the corpus, as `teach` takes it.
        sampling: how answers would be drawn.
        folder: the run's folder; answers that are there cost nothing.
        style: the style of the prompts.
        split: "train", "held-out" or "test".
        limit: how many puzzles.
        per_request: how many answers would be asked for at once.
        answer_tokens: how many tokens an answer has on average; `max_tokens`, the most there can be, if not given.
        tokens_per_second: how many tokens the hardware of one hour's price writes in a second.
        count: counts a prompt's tokens; `by_characters` if not given.

    Raises:
        BadFile: there is no such corpus, file or split.
        BadFolder: the folder holds what is no answer of such a run.
    """
    there = _there(Path(folder) / ANSWERS, sampling.n) if folder is not None else {}
    counted = count or by_characters
    met: set[bytes] = set()
    puzzles = requests = answers = prompt_tokens = 0

    def missing(key: str) -> tuple[int, ...] | None:
        mark = bytes.fromhex(key)
        if mark in met:
            return None
        met.add(mark)
        return tuple(sample for sample in range(sampling.n) if not there.get(mark, 0) >> sample & 1)

    last = None
    rows = rows_of(corpus, split, limit)
    for ask in filter(None, asks(rows, partial(kk.prompt, style=style), missing, per_request, _ignore, sampling.n)):
        puzzles += ask.row["id"] != last
        last = ask.row["id"]
        requests += 1
        answers += len(ask.samples)
        prompt_tokens += counted(ask.prompt)
    tokens = round(answers * (answer_tokens if answer_tokens is not None else sampling.max_tokens or 0))
    hours = tokens / tokens_per_second / 3600 if tokens_per_second else None
    return Estimate(puzzles, requests, answers, prompt_tokens, tokens, hours)


def _ignore(_answers: int | None) -> None:
    """Take no notice of what is there."""


def _there(path: Path, n: int) -> dict[bytes, int]:
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        return read_answers(file, n, path)


def by_characters(prompt: Prompt) -> int:
    """Return a prompt's tokens by a rule of thumb: one for every four characters.

    >>> by_characters("Who is a knight?")
    4
    """
    text = prompt if isinstance(prompt, str) else json.dumps(prompt, ensure_ascii=False)
    return -(-len(text) // CHARACTERS)


def by_tokenizer(name: str) -> Counter:
    """Return what counts a prompt's tokens with a model's tokenizer.

    Args:
        name: a folder, or a name on the Hub.

    Raises:
        MissingPackage: transformers is not installed.
        OSError: there is no such tokenizer.
    """
    try:
        transformers = import_module("transformers")
    except ModuleNotFoundError as error:
        raise MissingPackage('counting with a tokenizer needs transformers: pip install "knk[train]"') from error
    tokenizer = transformers.AutoTokenizer.from_pretrained(name, trust_remote_code=False)

    def count(prompt: Prompt) -> int:
        if isinstance(prompt, str):
            return len(tokenizer.encode(prompt))
        text = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
        return len(tokenizer.encode(text, add_special_tokens=False))

    return count
