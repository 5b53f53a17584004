"""Locks on a run's folder: one of the process that runs a recipe, and one of the trainer that it starts.

The trainer has a lock of its own, because accelerate's launcher, which starts it, passes no open files on. So the
folder stays locked as long as a trainer writes there, even if the process that started the run was killed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from knk.errors import BadFolder
from knk.files import lock

_RUN: Final = ".lock"
_TRAINER: Final = ".trainer.lock"


@contextmanager
def lock_run(folder: Path) -> Iterator[int]:
    """Lock a run's folder for this process and those that inherit the lock; yield the descriptor of the lock file.

    Args:
        folder: the run's folder, which is made if it does not exist.

    Raises:
        BadFolder: another process runs a recipe there, or a trainer still writes there, or the folder cannot be made.
    """
    check_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _RUN).open("ab") as file:
        check_trainer_has_ended(folder)
        lock(file, _in_use(folder))
        check_trainer_has_ended(folder)
        yield file.fileno()


@contextmanager
def lock_for_trainer(folder: Path) -> Iterator[None]:
    """Lock a run's folder for the trainer in this process, and leave its process number there.

    Args:
        folder: the run's folder, which is made if it does not exist.

    Raises:
        BadFolder: another trainer writes there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _TRAINER).open("ab") as file:
        lock(file, _in_use(folder, _number(folder)))
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def check_trainer_has_ended(folder: Path) -> None:
    """Check that no trainer writes in a folder.

    Args:
        folder: the run's folder.

    Raises:
        BadFolder: one does; the message says its process number.
    """
    if (folder / _TRAINER).exists():
        with (folder / _TRAINER).open("ab") as file:
            lock(file, _in_use(folder, _number(folder)))


def check_unlocked(folder: Path) -> None:
    """Check that no process runs a recipe in a folder, and that no trainer writes there; nothing is made.

    Args:
        folder: the run's folder.

    Raises:
        BadFolder: one does.
    """
    check_trainer_has_ended(folder)
    if (folder / _RUN).exists():
        with (folder / _RUN).open("rb") as file:
            lock(file, _in_use(folder))


def check_writable(folder: Path) -> None:
    """Check that a folder can be made, or written to if it exists; nothing is made.

    Args:
        folder: the run's folder.

    Raises:
        BadFolder: it, or a folder above it, is a file, or not writable.
    """
    whole = folder.absolute()
    existing = next(path for path in (whole, *whole.parents) if path.exists())
    if not existing.is_dir():
        raise BadFolder(f"{folder}: expected output_dir to be a folder, got a file: choose another output_dir")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise BadFolder(f"{folder}: not writable: choose another output_dir")


def has_trainer(folder: Path) -> bool:
    """Whether a trainer writes in a folder.

    Args:
        folder: the run's folder.
    """
    try:
        check_trainer_has_ended(folder)
    except BadFolder:
        return True
    return False


def _in_use(folder: Path, number: str = "") -> str:
    """Return the message that a process, of this number if it is known, trains in a folder."""
    if number.isdecimal():
        return f"{folder}: process {number} trains here: wait for it, or stop it with 'kill {number}'"
    return f"{folder}: another process trains here: wait for it, or stop it"


def _number(folder: Path) -> str:
    """Return the process number that the last trainer in a folder left, which may have ended."""
    path = folder / _TRAINER
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
