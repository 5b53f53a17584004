"""A run: items asked, and the answers stored."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from knk.inference.engine import Answer, Batch, Engine
from knk.inference.requests import Prompter, asks
from knk.inference.sampling import Sampling
from knk.inference.store import opened
from knk.tasks.source import Row
from knk.version import __version__

log = logging.getLogger(__name__)


class Observer(Protocol):
    """Is told how a run goes."""

    def there(self, answers: int) -> None:
        """So many answers need not be asked for: they are there."""
        ...

    def done(self, answers: int, tokens: int) -> None:
        """So many more answers are stored or given up, and the stored ones have so many tokens."""
        ...

    def notice(self, text: str) -> None:
        """Something happened that a person may want to know."""
        ...


class _Silent:
    """An observer that keeps it to itself."""

    def there(self, answers: int) -> None:
        """Say nothing."""

    def done(self, answers: int, tokens: int) -> None:
        """Say nothing."""

    def notice(self, text: str) -> None:
        """Leave a line in the log."""
        log.info("%s", text)


@dataclass(frozen=True)
class Summary:
    """What a run came to.

    Args:
        there: answers that were there before.
        repeated: items that came again, and were not asked again.
        stored: answers stored now.
        truncated: those of them that were cut off for their length.
        failed: answers given up.
        dropped: answers that came although nobody had asked for them.
        prompt_tokens: tokens of the prompts sent, as far as the engine says so.
        completion_tokens: tokens of the answers, likewise.
        seconds: how long it took.
    """

    there: int
    repeated: int
    stored: int
    truncated: int
    failed: int
    dropped: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the values as JSON has them."""
        return asdict(self)


class _Tally:
    """Counts what a run does."""

    def __init__(self, observer: Observer, n: int) -> None:
        self._observer = observer
        self._n = n
        self._started = time.monotonic()
        self.counts = dict.fromkeys(("there", "repeated", "stored", "truncated", "failed", "dropped"), 0)
        self.tokens = {"prompt_tokens": 0, "completion_tokens": 0}

    def passed(self, answers: int | None) -> None:
        """Count answers that were there, or an item that was met before."""
        if answers is None:
            self.counts["repeated"] += 1
        else:
            self.counts["there"] += answers
        self._observer.there(self._n if answers is None else answers)

    def batch(self, batch: Batch) -> None:
        """Count what one request came to."""
        answers = [outcome for outcome in batch.outcomes if isinstance(outcome, Answer)]
        self.counts["stored"] += len(answers)
        self.counts["truncated"] += sum(answer.finish_reason == "length" for answer in answers)
        self.counts["failed"] += len(batch.outcomes) - len(answers)
        self.counts["dropped"] += batch.dropped
        self.tokens["prompt_tokens"] += batch.prompt_tokens
        self.tokens["completion_tokens"] += batch.completion_tokens
        self._observer.done(len(batch.outcomes), batch.completion_tokens)

    def summary(self) -> Summary:
        """Return what was counted."""
        return Summary(**self.counts, **self.tokens, seconds=round(time.monotonic() - self._started, 3))


def ask(
    rows: Iterable[Row],
    prompt: Prompter,
    folder: str | os.PathLike[str],
    engine: Engine,
    sampling: Sampling,
    header: Mapping[str, Any],
    *,
    columns: Sequence[str] = (),
    observer: Observer | None = None,
) -> Summary:
    """Ask a model about every item and store its answers, or go on where that was cut off.

    Args:
        rows: the items; "id" names each, 32 hexadecimal digits, and one that comes again is not asked again.
        prompt: makes an item's prompt.
        folder: where answers are stored; made if it is not there.
        engine: what answers.
        sampling: how answers are drawn.
        header: what else tells this run from others; a run with another is refused the folder.
        columns: which of an item's columns are stored with each answer.
        observer: is told how it goes.

    Raises:
        BadFolder: the folder holds something else, or another run, or another process is at work in it.
        BadSpec: the sampling lacks what the engine needs.
        ModelFailed: the engine refuses, or has not answered for too long; what was answered is stored.
    """
    used = engine.used(sampling)
    whole = {
        "engine": engine.name,
        "model": engine.model,
        **engine.identity(),
        **header,
        "parameters": used.as_dict(),
        "version": __version__,
    }
    observer = observer or _Silent()
    tally = _Tally(observer, used.n)
    with opened(Path(folder), whole, columns) as store:

        def keep(batch: Batch) -> None:
            for outcome in batch.outcomes:
                store.add(outcome)
            tally.batch(batch)

        wanted = asks(rows, prompt, store.missing, engine.per_request, tally.passed, used.n)
        engine.work(wanted, used, keep, observer.notice)
    return tally.summary()
