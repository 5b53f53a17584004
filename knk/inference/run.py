"""A run: an engine answers the items of a task, and the answers are stored."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from knk.inference.engine import Answer, Batch, Engine
from knk.inference.requests import PromptBuilder, make_requests
from knk.inference.sampling import Sampling
from knk.inference.store import open_store
from knk.tasks.source import Row
from knk.version import __version__

log = logging.getLogger(__name__)


class Observer(Protocol):
    """Receives the progress of a run."""

    def skipped(self, answers: int) -> None:
        """Receive how many more answers need not be requested, because they exist already."""
        ...

    def done(self, answers: int, tokens: int) -> None:
        """Receive how many more answers were stored or given up, and the tokens of those that were stored."""
        ...

    def notify(self, message: str) -> None:
        """Receive a message for the user."""
        ...


class _LogObserver:
    """An observer that writes messages to the log and ignores the rest."""

    def skipped(self, answers: int) -> None:
        """Ignore it."""

    def done(self, answers: int, tokens: int) -> None:
        """Ignore it."""

    def notify(self, message: str) -> None:
        """Write the message to the log."""
        log.info("%s", message)


@dataclass(frozen=True)
class Summary:
    """The counts of a run.

    Args:
        existing: answers that were stored before the run.
        duplicates: items that occurred before in the same run, and were not requested again.
        stored: answers stored in this run.
        truncated: those of them that were cut off at the limit of tokens.
        empty: those of them that are empty, or thinking that the server split off and nothing more.
        failed: answers given up.
        dropped: answers received that had not been requested.
        prompt_tokens: tokens of the prompts sent, as far as the engine reports them.
        completion_tokens: tokens of the answers, as far as the engine reports them.
        seconds: how long the run took.
    """

    existing: int
    duplicates: int
    stored: int
    truncated: int
    empty: int
    failed: int
    dropped: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return asdict(self)


class _Counter:
    """Counts the results of a run and passes its progress on."""

    def __init__(self, observer: Observer, n: int) -> None:
        self._observer = observer
        self._n = n
        self._started = time.monotonic()
        self._counts = dict.fromkeys(("existing", "duplicates", "stored", "truncated", "empty", "failed", "dropped"), 0)
        self._tokens = {"prompt_tokens": 0, "completion_tokens": 0}

    def skip(self, answers: int | None) -> None:
        """Count answers that exist already, or with None an item that occurred before."""
        if answers is None:
            self._counts["duplicates"] += 1
        else:
            self._counts["existing"] += answers
        self._observer.skipped(self._n if answers is None else answers)

    def add(self, batch: Batch) -> None:
        """Count a batch of results."""
        answers = [outcome for outcome in batch.outcomes if isinstance(outcome, Answer)]
        self._counts["stored"] += len(answers)
        self._counts["truncated"] += sum(answer.finish_reason == "length" for answer in answers)
        self._counts["empty"] += sum(not answer.completion.strip() for answer in answers)
        self._counts["failed"] += len(batch.outcomes) - len(answers)
        self._counts["dropped"] += batch.dropped
        self._tokens["prompt_tokens"] += batch.prompt_tokens
        self._tokens["completion_tokens"] += batch.completion_tokens
        self._observer.done(len(batch.outcomes), batch.completion_tokens)

    def summary(self) -> Summary:
        """Return the counts so far."""
        return Summary(**self._counts, **self._tokens, seconds=round(time.monotonic() - self._started, 3))


def collect_answers(
    rows: Iterable[Row],
    build_prompt: PromptBuilder,
    folder: str | os.PathLike[str],
    engine: Engine,
    sampling: Sampling,
    header: Mapping[str, Any],
    *,
    columns: Sequence[str] = (),
    observer: Observer | None = None,
) -> Summary:
    """Have an engine answer every item and store the answers, or resume a run that was interrupted.

    Args:
        rows: the items; "id" names each by 32 hexadecimal digits, and an item that occurs again is skipped.
        build_prompt: returns an item's prompt.
        folder: where answers are stored; created if it does not exist.
        engine: what answers.
        sampling: how answers are drawn.
        header: what else identifies the run; a folder with another header is refused.
        columns: the columns of an item that are stored with each answer.
        observer: receives the progress; by default messages go to the log.

    Raises:
        BadFolder: the folder holds something else or another run, or another process is using it.
        BadSpec: the engine needs a setting that the sampling does not have.
        ModelFailed: the engine refuses, or has not answered for too long; answers received so far are stored.
    """
    sampling = engine.effective_sampling(sampling)
    full_header = {
        "engine": engine.name,
        "model": engine.model,
        **engine.identity(),
        **header,
        "parameters": sampling.to_dict(),
        "version": __version__,
    }
    observer = observer or _LogObserver()
    counter = _Counter(observer, sampling.n)
    with open_store(Path(folder), full_header, columns) as store:

        def store_batch(batch: Batch) -> None:
            for outcome in batch.outcomes:
                store.add(outcome)
            counter.add(batch)

        requests = make_requests(rows, build_prompt, store.claim, engine.per_request, counter.skip, sampling.n)
        engine.run(requests, sampling, store_batch, observer.notify)
    return counter.summary()
