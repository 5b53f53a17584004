"""The engine that needs no model: it answers with the library's own proofs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from knk.errors import KnkError
from knk.inference.engine import Answer, Batch, Failure, Notify, Request, Requests, Sink
from knk.inference.sampling import Sampling, derive_seed
from knk.tasks.messages import text_of
from knk.teacher.export import completion_row


@dataclass(frozen=True)
class TraceEngine:
    """The library's own proofs as a teacher: no model, and every answer is correct.

    Of the sampling it uses `n` and `seed`; another sample of a puzzle is the same proof in other words.

    >>> TraceEngine().name
    'trace'
    """

    name: str = field(default="trace", init=False)
    model: str = field(default="trace", init=False)
    per_request: int = field(default=1, init=False)

    def identity(self) -> dict[str, Any]:
        """Return nothing: the version of the library identifies the proofs."""
        return {}

    def effective_sampling(self, sampling: Sampling) -> Sampling:
        """Return the sampling's number of answers and its seed, by default 0."""
        return Sampling(n=sampling.n, seed=sampling.seed or 0)

    def run(self, requests: Requests, sampling: Sampling, sink: Sink, notify: Notify) -> None:  # noqa: ARG002 - no messages
        """Answer each request with the puzzle's proof."""
        for request in filter(None, requests):
            for sample in request.samples:
                sink(Batch([_prove(request, sample, sampling.seed or 0)]))


def _prove(request: Request, sample: int, seed: int) -> Answer | Failure:
    started = time.perf_counter()
    style = "paper" if isinstance(request.prompt, str) else "chat"
    try:
        wording_seed = derive_seed(seed, request.row["id"], sample)
        row = completion_row(request.row, style, "long", wording_seed)
    except KnkError as error:
        return Failure(request, sample, str(error))
    return Answer(request, sample, text_of(row["completion"]), "stop", latency=time.perf_counter() - started)
