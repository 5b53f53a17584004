"""The launcher's process and those that it starts: run until they end, ended together, and why they failed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final

from knk.errors import TrainingFailed
from knk.training.locks import has_trainer

_FAILURE: Final = "KNK_TRAINING_FAILURE"
"""The environment variable with the path of the file to which a training process writes why it failed."""
_MAX_FAILURE: Final = 300
_POLL_SECONDS: Final = 5.0
_TERMINATION_SECONDS: Final = 30.0
_CHECK_SECONDS: Final = 0.1
_PARENT_SECONDS: Final = 1.0


def run_launcher(
    command: Sequence[str],
    folder: Path,
    update: Callable[[], None],
    lock_descriptor: int,
    poll_seconds: float = _POLL_SECONDS,
) -> None:
    """Run the launcher's command until it has ended; if this process is interrupted, end it and all that it started.

    It leads a session of its own, so a signal from the terminal reaches only this process, which ends the others.

    Args:
        command: the command.
        folder: the run's folder.
        update: what to call now and then.
        lock_descriptor: the descriptor of the folder's lock, which the launcher inherits.
        poll_seconds: the seconds between two calls of `update`.

    Raises:
        TrainingFailed: the trainer failed.
    """
    with TemporaryDirectory() as temporary:
        failure = Path(temporary) / "failure"
        environment: Mapping[str, str] = {**os.environ, _FAILURE: str(failure)}
        process = subprocess.Popen(command, pass_fds=(lock_descriptor,), env=environment, start_new_session=True)
        try:
            while (status := _status(process, poll_seconds)) is None:
                update()
        except BaseException:
            _end(process, folder)
            raise
        if status:
            _end(process, folder)
            reason = failure.read_text("utf-8") if failure.exists() else _ending(status)
            raise TrainingFailed(f"the trainer failed: {reason}; its output is above")


def _ending(status: int) -> str:
    return f"it exited with status {status}" if status > 0 else f"it was ended by {signal.Signals(-status).name}"


def report_failure(reason: str) -> None:
    """Tell the process that started the launcher why this training process fails; the first of several is heard.

    Args:
        reason: the reason; only its first 300 characters are told, in one line.
    """
    path = os.environ.get(_FAILURE)
    if path:
        with suppress(OSError), Path(path).open("x", encoding="utf-8") as file:
            file.write(" ".join(reason.split())[:_MAX_FAILURE])


def end_with_parent() -> None:
    """End this process soon after the process that started it has ended, so that no trainer is left behind."""
    Thread(target=_end_after, args=(os.getppid(),), daemon=True).start()


def _end_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_TERMINATION_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    """End a process and its group, and wait until the trainer, which may be in another group, has let the folder go."""
    deadline = time.monotonic() + _TERMINATION_SECONDS
    try:
        _signal(process, signal.SIGTERM)
        _status(process, _TERMINATION_SECONDS)
        while has_trainer(folder) and time.monotonic() < deadline:
            time.sleep(_CHECK_SECONDS)
    finally:
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _status(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
