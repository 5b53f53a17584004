"""What an engine is: it takes questions and hands answers on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from knk.inference.sampling import Sampling
from knk.tasks.format import Prompt
from knk.tasks.source import Row


@dataclass(frozen=True)
class Ask:
    """An item to be asked.

    Args:
        row: the item's row, as its task in `knk.tasks` has it; "id" names it.
        prompt: what is asked: text, or messages.
        samples: the numbers of the answers that are wanted.
    """

    row: Row
    prompt: Prompt
    samples: tuple[int, ...]


@dataclass(frozen=True)
class Answer:
    """What a model wrote, exactly as it came.

    Args:
        ask: what was asked.
        sample: the number of the answer.
        completion: its text.
        finish_reason: why it ends, in the engine's words: "stop", or "length" for one that was cut off.
        stop: the stop string that ended it and is not in the text, if the engine says which.
        prompt_tokens: how many tokens the prompt has, if the engine says so.
        completion_tokens: how many the answer has, if the engine says so of this answer alone.
        latency: how many seconds it took.
        reasoning: what a server that takes the reasoning out of the text gave beside it.
    """

    ask: Ask
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
    """An answer that was given up.

    Args:
        ask: what was asked.
        sample: the number of the answer.
        reason: why, in one line.
    """

    ask: Ask
    sample: int
    reason: str


@dataclass(frozen=True)
class Batch:
    """What one request came to.

    Args:
        outcomes: its answers or failures.
        prompt_tokens: how many tokens its prompt has, 0 where nobody says.
        completion_tokens: how many tokens its answers have together, likewise.
        dropped: how many answers came that nobody had asked for.
    """

    outcomes: Sequence[Answer | Failure]
    prompt_tokens: int = 0
    completion_tokens: int = 0
    dropped: int = 0


Asks = Iterator[Ask | None]
"""Questions as they are wanted; None where an item was passed over, so that whoever waits can look round."""
Sink = Callable[[Batch], None]
Notice = Callable[[str], None]


class Engine(Protocol):
    """What answers questions."""

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
        """How many answers one question may ask for."""
        ...

    def identity(self) -> dict[str, Any]:
        """Return what else there is to know about where answers come from, without any secret."""
        ...

    def used(self, sampling: Sampling) -> Sampling:
        """Return what of the sampling the engine looks at; the rest is as if it had not been asked for.

        Raises:
            BadSpec: the engine cannot do without something, or cannot do it.
        """
        ...

    def work(self, asks: Asks, sampling: Sampling, sink: Sink, notice: Notice) -> None:
        """Ask all questions, and hand each answer to the sink the moment it is there."""
        ...
