"""How commands end when they are interrupted or terminated: in order, with nothing half written."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Any, Final

import typer

_TERMINATIONS: Final = (signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
"""The signals of `kill` and of a terminal that is closed."""
_SHELL_STATUS: Final = 128
"""A shell reports this number and the signal's for a program that a signal ended."""


@contextmanager
def exit_on_termination() -> Iterator[None]:
    """Let a SIGTERM or SIGHUP end this process as an error would, so that cleanup runs."""

    def terminate(number: int, _frame: object) -> None:
        raise SystemExit(_SHELL_STATUS + number)

    with _handled({number: terminate for number in _TERMINATIONS if signal.getsignal(number) is signal.SIG_DFL}):
        yield


@contextmanager
def interrupt_on_termination() -> Iterator[None]:
    """Treat a SIGTERM or SIGHUP as an interrupt, which lets work that is under way finish its bookkeeping."""
    received: list[int] = []

    def interrupt(number: int, frame: Any) -> None:
        received.append(number)
        # Look the handler up when the signal comes: asyncio sets its own while it runs.
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):
            handler(signal.SIGINT, frame)

    # A program that nohup starts ignores SIGHUP, and goes on doing so. A job that a script starts in the background
    # ignores SIGINT, and asyncio would then not handle it.
    handlers: dict[signal.Signals, Any] = {
        number: interrupt for number in _TERMINATIONS if signal.getsignal(number) is not signal.SIG_IGN
    }
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        handlers[signal.SIGINT] = signal.default_int_handler
    try:
        with _handled(handlers):
            yield
    except KeyboardInterrupt:
        if received:
            raise typer.Exit(_SHELL_STATUS + received[0]) from None
        raise


@contextmanager
def _handled(handlers: Mapping[signal.Signals, Any]) -> Iterator[None]:
    """Handle signals in the main thread, the only one that can; afterwards, as before."""
    if current_thread() is not main_thread():
        yield
        return
    previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def resume_hint() -> Iterator[None]:
    """Say on stderr, if the command is interrupted, that running it again resumes it."""
    try:
        yield
    except KeyboardInterrupt:
        print("knk: stopped; run the same command again to resume", file=sys.stderr)
        raise
