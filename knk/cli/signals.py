"""How commands end when they are interrupted or terminated: in order, with nothing half written."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Any, Final

import typer

_TERMINATED: Final = 128 + signal.SIGTERM
"""The status that a shell reports for a program that SIGTERM ended."""


@contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Let a SIGTERM end this process as an error would, so that cleanup runs."""

    def terminate(_signal: int, _frame: object) -> None:
        raise SystemExit(_TERMINATED)

    # Only the main thread can set handlers, and a handler that somebody else has set stays.
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def interrupt_on_sigterm() -> Iterator[None]:
    """Treat a SIGTERM as an interrupt, which lets requests that are under way finish their bookkeeping."""
    received: list[int] = []

    def interrupt(number: int, frame: Any) -> None:
        received.append(number)
        # Look the handler up when the signal comes: asyncio sets its own while it runs.
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler):
            handler(signal.SIGINT, frame)

    # A job that a script starts in the background ignores SIGINT, and asyncio would then not handle it.
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        if received:
            raise typer.Exit(_TERMINATED) from None
        raise
    finally:
        signal.signal(signal.SIGTERM, previous)
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def resume_hint() -> Iterator[None]:
    """Say on stderr, if the command is interrupted, that running it again resumes it."""
    try:
        yield
    except KeyboardInterrupt:
        print("knk: stopped; run the same command again to resume", file=sys.stderr)
        raise
