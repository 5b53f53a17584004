"""What a run would cost: requests, tokens and GPU hours, estimated without any request."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from knk.inference.requests import ClaimSamples, make_requests
from knk.inference.sampling import Sampling
from knk.inference.store import ANSWERS, read_sample_masks
from knk.tasks import kk
from knk.teacher.run import puzzle_rows
from knk.teacher.tokens import PromptCounter, count_by_characters


@dataclass(frozen=True)
class CostEstimate:
    """What a run would cost.

    Args:
        puzzles: puzzles with answers to request.
        requests: requests to send, if none fails.
        answers: answers to draw.
        prompt_tokens: tokens of the prompts, each counted as often as it is sent.
        completion_tokens: tokens of the answers: at most, or as expected if `answer_tokens` was given.
        gpu_hours: GPU hours for these at the given speed; None if no speed was given.
    """

    puzzles: int
    requests: int
    answers: int
    prompt_tokens: int
    completion_tokens: int
    gpu_hours: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON values."""
        return asdict(self)


def estimate_cost(
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
    count_tokens: PromptCounter | None = None,
) -> CostEstimate:
    """Return what a run would cost; nothing is requested or written.

    Args:
        corpus: the corpus, as `teach` takes it.
        sampling: how answers would be drawn.
        folder: the run's folder; answers that exist in it cost nothing.
        style: the style of the prompts.
        split: "train", "held-out" or "test".
        limit: the number of puzzles.
        per_request: how many answers each request would ask for.
        answer_tokens: tokens of an answer on average; `max_tokens` if not given.
        tokens_per_second: tokens that one GPU generates in a second.
        count_tokens: returns the tokens of a prompt; `count_by_characters` if not given.

    Raises:
        BadFile: there is no such corpus, file or split.
        BadFolder: the folder holds something that is not an answer of such a run.
    """
    existing = _existing_answers(Path(folder) / ANSWERS, sampling.n) if folder is not None else {}
    claim = _claim_without_writing(existing, sampling.n)
    count_tokens = count_tokens or count_by_characters
    rows = puzzle_rows(corpus, split, limit)
    requests = make_requests(rows, partial(kk.prompt, style=style), claim, per_request, _on_skipped, sampling.n)
    puzzles = request_count = answers = prompt_tokens = 0
    previous = None
    for request in filter(None, requests):
        puzzles += request.row["id"] != previous
        previous = request.row["id"]
        request_count += 1
        answers += len(request.samples)
        prompt_tokens += count_tokens(request.prompt)
    tokens = round(answers * (answer_tokens if answer_tokens is not None else sampling.max_tokens or 0))
    hours = tokens / tokens_per_second / 3600 if tokens_per_second else None
    return CostEstimate(puzzles, request_count, answers, prompt_tokens, tokens, hours)


def _claim_without_writing(existing: Mapping[bytes, int], n: int) -> ClaimSamples:
    """Return a function that claims samples as `knk.inference.store.Store.claim` does, without a folder."""
    claimed: set[bytes] = set()

    def claim(key: str) -> tuple[int, ...] | None:
        item = bytes.fromhex(key)
        if item in claimed:
            return None
        claimed.add(item)
        return tuple(sample for sample in range(n) if not existing.get(item, 0) >> sample & 1)

    return claim


def _on_skipped(_answers: int | None) -> None:
    """Ignore what is skipped."""


def _existing_answers(path: Path, n: int) -> dict[bytes, int]:
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        return read_sample_masks(file, n, path)
