"""What an engine must have, and what passes through it: requests in, answers and failures out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from knk.inference.sampling import Sampling
from knk.tasks.format import Prompt
from knk.tasks.source import Row


@dataclass(frozen=True)
class Request:
    """A prompt to be answered, once or several times.

    Args:
        row: the item's row, as its task in `knk.tasks` writes it; "id" names the item.
        prompt: the prompt: text, or messages.
        samples: the indices of the answers to draw.
    """

    row: Row
    prompt: Prompt
    samples: tuple[int, ...]


@dataclass(frozen=True)
class Answer:
    """What a model wrote, unchanged.

    Args:
        request: the request that it answers.
        sample: the index of the answer.
        completion: its text.
        finish_reason: why it ends, in the engine's words: "stop", or "length" if it was truncated.
        stop: the stop string that ended it, which is not in the text; None if the engine does not report it.
        prompt_tokens: tokens of the prompt; None if the engine does not report them.
        completion_tokens: tokens of this answer; None if the engine does not report them for each answer.
        latency: seconds from the request to the answer.
        reasoning: the reasoning that a server with a reasoning parser removed from the text.
    """

    request: Request
    sample: int
    completion: str
    finish_reason: str
    stop: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    latency: float = 0.0
    reasoning: str | None = None


@dataclass(frozen=True)
class Failure:
    """An answer that the engine gave up.

    Args:
        request: the request.
        sample: the index of the answer.
        reason: why, in one line.
    """

    request: Request
    sample: int
    reason: str


@dataclass(frozen=True)
class Batch:
    """Results that an engine hands over together.

    Args:
        outcomes: the answers and failures.
        prompt_tokens: tokens of the prompts, 0 where the engine does not report them.
        completion_tokens: tokens of all answers together, 0 where the engine does not report them.
        dropped: how many answers were received that had not been requested.
    """

    outcomes: Sequence[Answer | Failure]
    prompt_tokens: int = 0
    completion_tokens: int = 0
    dropped: int = 0


Requests = Iterator[Request | None]
"""Requests, made as they are needed; None for an item that needs none, so that the reader can do other work."""
Sink = Callable[[Batch], None]
"""Stores results."""
Notify = Callable[[str], None]
"""Shows a message to the user."""


class Engine(Protocol):
    """Answers requests."""

    @property
    def name(self) -> str:
        """The engine's name."""
        ...

    @property
    def model(self) -> str:
        """The model's name."""
        ...

    @property
    def per_request(self) -> int:
        """The most answers that one request may ask for."""
        ...

    def identity(self) -> dict[str, Any]:
        """Return what else identifies the source of the answers, without any secret."""
        ...

    def effective_sampling(self, sampling: Sampling) -> Sampling:
        """Return the sampling with the settings that the engine ignores reset to their defaults.

        Raises:
            BadSpec: a setting that the engine needs is missing, or one that it does not support is given.
        """
        ...

    def run(self, requests: Requests, sampling: Sampling, sink: Sink, notify: Notify) -> None:
        """Answer all requests, and pass each result to the sink as soon as it exists."""
        ...
