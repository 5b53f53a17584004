"""Signals that end a command: in order, with the exit status that a shell reports."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import typer

from knk.cli.signals import exit_on_termination, interrupt_on_termination

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _handlers_stay() -> Iterator[None]:
    before: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in (*SIGNALS, signal.SIGINT)}
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == [signal.SIG_DFL, signal.SIG_DFL]
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def _cleanup() -> Iterator[list[bool]]:
    """Yield a list that is not empty after an interrupt."""
    done: list[bool] = []
    try:
        yield done
    except KeyboardInterrupt:
        done.append(True)
        raise


@pytest.mark.parametrize("number", SIGNALS)
def test_a_termination_is_an_exit(number: signal.Signals) -> None:
    with pytest.raises(SystemExit) as caught, exit_on_termination():
        os.kill(os.getpid(), number)
    assert caught.value.code == 128 + number


@pytest.mark.parametrize("number", SIGNALS)
def test_a_termination_is_an_interrupt_with_its_own_status(number: signal.Signals) -> None:
    with pytest.raises(typer.Exit) as caught, exit_on_termination(), interrupt_on_termination(), _cleanup() as done:
        os.kill(os.getpid(), number)
    assert (done, caught.value.exit_code) == ([True], 128 + number)


def test_a_command_that_nohup_starts_outlives_its_terminal() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with exit_on_termination(), interrupt_on_termination():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
