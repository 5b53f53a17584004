"""The worker's output, parsed as hostile and under time limits."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final, Literal

from knk.errors import SandboxFailed
from knk.sandbox.model import Ending, Limits, OnOutput, Output, Run
from knk.sandbox.process import READ_BYTES, START_SECONDS, read_pipe

_CALL_WALL_FACTOR: Final = 5.0
"""Wall-clock seconds per processor second that one call may take, so that a busy machine fails no correct program."""
_TOTAL_WALL_FACTOR: Final = 2.0
"""The same for all calls; less, as few programs need nearly as long as they may."""
_KINDS: Final[dict[bytes, Literal["value", "exception", "other type"]]] = {
    b"=": "value",
    b"!": "exception",
    b"?": "other type",
}


class Reader:
    """Reads what a worker writes.

    Args:
        process: the worker.
        channel: the file descriptor of its pipe.
        limits: the resources it may use.
        calls: the number of calls.
        on_output: called with each output.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], channel: int, limits: Limits, calls: int, on_output: OnOutput | None
    ) -> None:
        self._process = process
        self._channel = channel
        self._limits = limits
        self._calls = calls
        self._on_output = on_output
        self._pieces: list[bytes] = []
        self._size = 0
        self._outputs: list[Output] = []
        self._early: list[bytes] = []
        self._loaded = False

    def wait_until_ready(self) -> dict[str, Any]:
        """Return which optional limits are in place; no model code has run yet.

        Raises:
            SandboxFailed: the worker did not start, or could not isolate itself.
        """
        deadline = time.monotonic() + START_SECONDS
        lines: list[bytes] = []
        while not lines:
            data = read_pipe(self._channel, deadline)
            if not data:
                raise SandboxFailed("the sandbox did not start" if data == b"" else "the sandbox started too slowly")
            lines = self._split(data)
        word, _, content = lines[0].partition(b" ")
        self._early = lines[1:]
        if word != b"ready":
            raise SandboxFailed(f"the sandbox could not be set up: {json.loads(content)}")
        state: dict[str, Any] = json.loads(content)
        return state

    def read_answer(self) -> bytes:
        """Return a script's answer, which is one line.

        Raises:
            SandboxFailed: the script failed, died, took too long, or answered too much.
        """
        deadline = time.monotonic() + self._limits.total_seconds
        lines = self._early
        while not lines:
            data = read_pipe(self._channel, deadline)
            if data is None:
                raise SandboxFailed(f"the script took longer than {self._limits.total_seconds:.0f} seconds")
            if not data:
                raise SandboxFailed("the script died")
            lines = self._split(data)
            if max([self._size, *map(len, lines)]) > self._limits.max_output_bytes(0):
                raise SandboxFailed("the script's answer is too long")
        if lines[0][:1] != b"=":
            raise SandboxFailed(f"the script failed: {lines[0][1:].decode('ascii', 'replace')}")
        return lines[0][1:]

    def read_run(self) -> Run:
        """Return the result of the program."""
        clock = _Clock(self._process.pid, self._limits)
        lines = self._early
        while True:
            for line in lines:
                run = self._read_line(line)
                if run:
                    return run
            call = len(self._outputs)
            max_bytes = self._limits.max_output_bytes(call) if call < self._calls else 0
            if self._size > max_bytes + READ_BYTES:
                return self._run("too much output")
            # Loading has the time limit of a call. Outputs of fast calls arrive several at a time.
            data = clock.read(self._channel, self._limits.call_seconds)
            if data is None:
                return self._run("timed out")
            if not data:
                is_done = self._loaded and call == self._calls
                return self._run("done" if is_done else "died")
            lines = self._split(data)

    def _split(self, data: bytes) -> list[bytes]:
        """Return the lines that data completes; the rest is kept for the next call."""
        first, *others = data.split(b"\n")
        self._pieces.append(first)
        if not others:
            self._size += len(first)
            return []
        lines = [b"".join(self._pieces), *others[:-1]]
        self._pieces = [others[-1]]
        self._size = len(others[-1])
        return lines

    def _read_line(self, line: bytes) -> Run | None:
        """Read one line; return the run if it is over."""
        kind, content, call = line[:1], line[1:], len(self._outputs)
        if not self._loaded:
            self._loaded = kind == b"+"
            return None if self._loaded else self._not_loaded(kind, content)
        if call == self._calls:
            return self._with_times(kind, content)
        if kind not in _KINDS:
            return self._run("garbled")
        if len(content) > self._limits.max_output_bytes(call):
            return self._run("too much output")
        output = Output(_KINDS[kind], content if kind == b"=" else _sanitized(content).encode())
        self._outputs.append(output)
        if self._on_output and not self._on_output(call, output):
            return self._run("stopped")
        return None

    def _not_loaded(self, kind: bytes, content: bytes) -> Run:
        if kind != b"-":
            return self._run("garbled")
        return Run("not loaded", detail=_sanitized(content))

    def _with_times(self, kind: bytes, content: bytes) -> Run:
        if kind != b"#":
            return self._run("garbled")
        try:
            times = tuple(map(float, json.loads(content)))
        except (ValueError, TypeError, RecursionError):
            return self._run("garbled")
        return Run("done", tuple(self._outputs), times=times) if len(times) == self._calls else self._run("garbled")

    def _run(self, ending: Ending) -> Run:
        return Run(ending, tuple(self._outputs))


def _sanitized(text: bytes) -> str:
    """Return the part of a text that is safe to show, as model code may have written it."""
    return "".join(letter for letter in text[:200].decode("ascii", "ignore") if letter.isalnum() or letter in "_: ")


class _Clock:
    """Measures a worker's processor time, where the system reports it, and the wall-clock time.

    A call times out when it has used its processor seconds, or a multiple of them on the wall clock. Where the system
    does not report processor time, only the wall clock counts.

    Args:
        process: the id of the worker that was started.
        limits: the resources it may use.
    """

    def __init__(self, process: int, limits: Limits) -> None:
        self._process = _process_that_runs_code(process)
        self._end = time.monotonic() + limits.total_seconds * _TOTAL_WALL_FACTOR
        self._last = self._used()

    def read(self, channel: int, seconds: float) -> bytes | None:
        """Return what the pipe has, b"" at its end, None if the call has timed out."""
        now = time.monotonic()
        end = min(now + seconds * _CALL_WALL_FACTOR, self._end)
        next_look = min(now + seconds, end)
        while (data := read_pipe(channel, next_look)) is None:
            used = self._used()
            call_used = seconds if used is None or self._last is None else used - self._last
            if time.monotonic() >= end or (used is not None and call_used >= seconds):
                return None
            next_look = min(end, time.monotonic() + max(0.05, seconds - call_used))
        self._last = self._used()
        return data

    def _used(self) -> float | None:
        if self._process is None:
            return None
        try:
            # The clock id that the C library's clock_getcpuclockid returns for a process.
            return time.clock_gettime((~self._process << 3) | 2)
        except OSError:
            return None


def _process_that_runs_code(process: int) -> int | None:
    """Return the process that runs the model's code: the one started, or the last of those that it waits for."""
    if sys.platform != "linux":
        return None
    for _ in range(4):
        try:
            children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
        except OSError:
            return None
        if not children:
            return process
        process = int(children[0])
    return process
