"""When a request to a server is sent again, and when it is given up.

A failure is of one of two kinds. After a broken response the request is sent again a limited number of times, with
growing delays. While the server is unavailable, requests are sent again for a limited time; if no request at all was
answered during that time, the run ends.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from knk.errors import ModelFailed
from knk.inference.engine import Notify

_MAX_UNAVAILABLE_DELAY: Final = 5.0
"""The most seconds between two requests to a server that is unavailable."""


class RequestFailed(Exception):
    """A request that failed in a way that need not last.

    Args:
        reason: why it failed, in one line.
        unavailable: whether the server is down or overloaded.
        retry_after: how many seconds the server asks to wait.
    """

    def __init__(self, reason: str, unavailable: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unavailable = unavailable
        self.retry_after = retry_after


class GivenUp(Exception):
    """A request that is not sent again."""


@dataclass
class Attempts:
    """The failed attempts of one request.

    Args:
        broken: how many responses were broken.
        unavailable: how many times the server was unavailable.
        unavailable_since: when it first was, by the clock of `Retries`.
    """

    broken: int = 0
    unavailable: int = 0
    unavailable_since: float | None = None


@dataclass
class Retries:
    """The rules for retries, and what has been heard of the server.

    Args:
        url: the server's URL, for messages.
        limit: how many times a request is sent again after broken responses.
        patience: how many seconds the server may be unavailable.
        first_delay: seconds before the first retry; doubled each time.
        max_delay: the longest delay that doubling leads to.
        notify_after: seconds without an answer after which the user is told that the server is unavailable.
        notify: shows a message to the user.
        clock: returns the time in seconds.
        jitter: returns a random factor for a delay.
    """

    url: str
    limit: int
    patience: float
    first_delay: float
    max_delay: float
    notify_after: float
    notify: Notify
    clock: Callable[[], float] = time.monotonic
    # Requests that failed together should not be sent again together.
    jitter: Callable[[], float] = field(default_factory=lambda: lambda: random.uniform(0.5, 1.0))
    _last_answer: float = field(init=False)
    _notified: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._last_answer = self.clock()

    def answered(self) -> None:
        """Record that the server has answered a request."""
        self._last_answer = self.clock()
        if self._notified:
            self._notified = False
            self.notify("the server is answering now")

    def delay(self, failure: RequestFailed, attempts: Attempts) -> float:
        """Return how many seconds to wait before a request is sent again.

        Args:
            failure: how its last attempt failed.
            attempts: its failed attempts, to which this one is added.

        Raises:
            GivenUp: the request is not sent again.
            ModelFailed: the run ends: the server has answered no request for too long.
        """
        if failure.unavailable:
            return self._delay_while_unavailable(failure, attempts)
        attempts.broken += 1
        if attempts.broken > self.limit:
            raise GivenUp(f"{failure.reason} ({attempts.broken} tries)")
        return (failure.retry_after or 0.0) + self._backoff(attempts.broken, self.max_delay)

    def _delay_while_unavailable(self, failure: RequestFailed, attempts: Attempts) -> float:
        now = self.clock()
        if attempts.unavailable_since is None:
            attempts.unavailable_since = now
        since = attempts.unavailable_since
        if now - since >= self.patience:
            if self._last_answer < since:
                raise ModelFailed(f"{self.url} has not answered for {self.patience:.0f} s: {failure.reason}")
            raise GivenUp(f"{failure.reason} (for {self.patience:.0f} s)")
        if not self._notified and now - self._last_answer > self.notify_after:
            self._notified = True
            self.notify(f"no answers from {self.url} ({failure.reason}); waiting for them")
        attempts.unavailable += 1
        backoff = self._backoff(attempts.unavailable, min(_MAX_UNAVAILABLE_DELAY, self.max_delay))
        return min((failure.retry_after or 0.0) + backoff, since + self.patience - now)

    def _backoff(self, retry: int, longest: float) -> float:
        return min(longest, self.first_delay * 2.0 ** min(retry - 1, 30)) * self.jitter()
