"""Retries: how often and after which delays a request is sent again, by a clock that the test advances."""

from typing import Any

import pytest

from knk.errors import ModelFailed
from knk.inference.retries import Attempts, GivenUp, RequestFailed, Retries


class Clock:
    """A clock that stands still until it is advanced."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Rules(Retries):
    """Retries with a clock and messages that a test can read, and without jitter."""

    def __init__(self, **settings: Any) -> None:
        self.time = Clock()
        self.messages: list[str] = []
        defaults: dict[str, Any] = {
            "url": "http://host/v1",
            "limit": 3,
            "patience": 60.0,
            "first_delay": 0.5,
            "max_delay": 2.0,
            "notify_after": 3.0,
            "notify": self.messages.append,
            "clock": self.time,
            "jitter": lambda: 1.0,
        }
        super().__init__(**(defaults | settings))

    def wait(self, failure: RequestFailed, attempts: Attempts) -> float:
        """Wait as long as the rules say, and return how long that was."""
        delay = self.delay(failure, attempts)
        self.time.now += delay
        return delay

    def wait_until_end(self, failure: RequestFailed, attempts: Attempts) -> None:
        """Wait again and again, until the rules raise an error."""
        for _ in range(100):
            self.wait(failure, attempts)


BROKEN = RequestFailed("the response was cut")
UNAVAILABLE = RequestFailed("no connection", unavailable=True)


def test_delays_double_up_to_the_longest_until_the_request_is_given_up() -> None:
    rules, attempts = Rules(limit=4), Attempts()
    assert [rules.wait(BROKEN, attempts) for _ in range(4)] == [0.5, 1.0, 2.0, 2.0]
    with pytest.raises(GivenUp, match=r"the response was cut \(5 tries\)"):
        rules.wait(BROKEN, attempts)


def test_the_delay_is_added_to_what_the_server_asks_for() -> None:
    for unavailable in (False, True):
        assert Rules().delay(RequestFailed("busy", unavailable, retry_after=0.7), Attempts()) == 1.2


def test_jitter_shortens_a_delay_by_at_most_half() -> None:
    rules = Retries("http://host/v1", 3, 60.0, 0.5, 2.0, 3.0, notify=print)
    delays = [rules.delay(BROKEN, Attempts()) for _ in range(100)]
    assert len(set(delays)) > 1
    assert all(0.25 <= delay <= 0.5 for delay in delays)


def test_an_outage_does_not_use_up_the_retries() -> None:
    rules, attempts = Rules(limit=0, max_delay=30.0), Attempts()
    delays = [rules.wait(UNAVAILABLE, attempts) for _ in range(9)]
    assert delays[:6] == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert (attempts.broken, attempts.unavailable) == (0, 9)


def test_patience_ends_the_run_if_no_request_was_answered() -> None:
    rules, attempts = Rules(), Attempts()
    rules.time.now += 1
    with pytest.raises(ModelFailed, match=r"http://host/v1 has not answered for 60 s: no connection"):
        rules.wait_until_end(UNAVAILABLE, attempts)
    assert rules.time.now == 161.0


def test_patience_gives_up_one_request_if_others_were_answered() -> None:
    rules, attempts = Rules(), Attempts()
    rules.wait(UNAVAILABLE, attempts)
    rules.answered()
    with pytest.raises(GivenUp, match=r"no connection \(for 60 s\)"):
        rules.wait_until_end(UNAVAILABLE, attempts)


def test_the_user_is_notified_once_of_an_outage_and_once_of_its_end() -> None:
    rules = Rules()
    for _ in range(2):
        attempts = Attempts()
        while rules.time.now < 110:
            rules.wait(UNAVAILABLE, attempts)
        rules.answered()
        assert rules.messages == [
            "no answers from http://host/v1 (no connection); waiting for them",
            "the server is answering now",
        ]


def test_a_short_outage_is_not_reported() -> None:
    rules, attempts = Rules(notify_after=3.0), Attempts()
    rules.wait(UNAVAILABLE, attempts)
    rules.wait(UNAVAILABLE, attempts)
    rules.answered()
    assert not rules.messages
