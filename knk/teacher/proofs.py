"""The engine that needs no model: it tells the library's own proofs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Final

from knk.errors import KnkError
from knk.inference.engine import Answer, Ask, Asks, Batch, Failure, Notice, Sink
from knk.inference.sampling import Sampling, seed_of
from knk.tasks.format import text_of
from knk.teacher.export import completion_row


@dataclass(frozen=True)
class TraceEngine:
    """The library's own proofs as a teacher: no model, and every answer right.

    Of the sampling it looks at `n` and `seed`; another answer to a puzzle is the same proof in other words.

    >>> TraceEngine().name
    'trace'
    """

    name: str = field(default="trace", init=False)
    model: str = field(default="trace", init=False)
    per_request: int = field(default=1, init=False)

    def identity(self) -> dict[str, Any]:
        """Return nothing: the version of the library says it all."""
        return {}

    def used(self, sampling: Sampling) -> Sampling:
        """Return the sampling's number of answers and its seed."""
        return Sampling(n=sampling.n, seed=sampling.seed or 0)

    def work(self, asks: Asks, sampling: Sampling, sink: Sink, notice: Notice) -> None:  # noqa: ARG002 - all is well
        """Tell each puzzle's proof as often as it is asked for."""
        for ask in filter(None, asks):
            for sample in ask.samples:
                sink(Batch([_told(ask, sample, sampling.seed or 0)]))


_STYLES: Final = {str: "paper", list: "chat"}


def _told(ask: Ask, sample: int, seed: int) -> Answer | Failure:
    started = time.perf_counter()
    try:
        wording = seed_of(seed, ask.row["id"], sample)
        row = completion_row(ask.row, _STYLES[type(ask.prompt)], "long", wording)
    except KnkError as error:
        return Failure(ask, sample, str(error))
    return Answer(ask, sample, text_of(row["completion"]), "stop", latency=time.perf_counter() - started)
