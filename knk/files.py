"""Files and folders: written whole or not at all, locked, hashed, and read as JSON."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from knk.errors import BadFile, BadFolder, KnkError


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Yield a temporary file that replaces `path` on success and is deleted on an error.

    Args:
        path: the file to write; its folder has to exist.

    Raises:
        FileNotFoundError: the folder does not exist.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder, "a.txt")) as file:
    ...         _ = file.write(b"done")
    ...     Path(folder, "a.txt").read_text()
    'done'
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(path.parent))
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            umask = os.umask(0)
            os.umask(umask)
            Path(file.name).chmod(0o666 & ~umask)
            Path(file.name).replace(path)
        except BaseException:
            # The temporary file no longer exists if the interruption came right after the replacement.
            Path(file.name).unlink(missing_ok=True)
            raise


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a hidden folder beside `path` that becomes `path` on success and is deleted on an error.

    A killed process leaves the hidden folder; the next call for the same path deletes it.

    Args:
        path: the folder to write; it must be empty or not exist.

    Raises:
        BadFolder: `path` is not empty, or another process writes it.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as parent:
    ...     with whole_folder(Path(parent, "a")) as folder:
    ...         _ = (folder / "b.txt").write_text("done")
    ...     Path(parent, "a", "b.txt").read_text()
    'done'
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise BadFolder(f"{path} is not empty: choose another folder or remove that one")
    hidden = path.parent / f".{path.name}.unfinished"
    hidden.mkdir(parents=True, exist_ok=True)
    with _locked_folder(hidden, f"{path}: another process writes this folder: wait for it, or stop it"):
        try:
            _empty(hidden)
            yield hidden
            if path.exists():
                path.rmdir()
            hidden.rename(path)
        except BaseException:
            shutil.rmtree(hidden, ignore_errors=True)
            raise


@contextmanager
def _locked_folder(folder: Path, message: str) -> Iterator[None]:
    if sys.platform == "win32":  # It cannot open a folder.
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        lock(descriptor, message)
        yield
    finally:
        os.close(descriptor)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def lock(file: IO[bytes] | int, message: str) -> None:
    """Lock an open file until this process, and every process that inherits the file, has closed it.

    On Windows nothing is locked.

    Args:
        file: the open file, or its descriptor.
        message: the error message if another process holds the lock.

    Raises:
        BadFolder: another process holds the lock.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as first, open(first.name, "rb") as second:
    ...     lock(first, "in use")
    ...     lock(second, "in use")
    Traceback (most recent call last):
    knk.errors.BadFolder: in use
    """
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadFolder(message) from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 hash of a file's bytes, in hexadecimal digits.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     sha256_of(Path(file.name))[:8]
    'e3b0c442'
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def json_object(text: str | bytes, where: str, error: type[KnkError] = BadFile) -> dict[str, Any]:
    """Return the JSON object that a text holds.

    Args:
        text: the text.
        where: where the text is from, for the error message.
        error: the class of the error to raise.

    Raises:
        BadFile: the text is not a JSON object.

    >>> json_object('{"a": 1}', "line 1")
    {'a': 1}
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise error(f"{where}: not JSON") from problem
    if not isinstance(value, dict):
        raise error(f"{where}: expected a JSON object, got {type(value).__name__}")
    return value


def read_json(path: Path, error: type[KnkError] = BadFile) -> dict[str, Any]:
    """Return the JSON object in a file.

    Args:
        path: the file.
        error: the class of the error to raise.

    Raises:
        BadFile: the file does not hold a JSON object.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = Path(file.name).write_text('{"people": 3}')
    ...     read_json(Path(file.name))
    {'people': 3}
    """
    return json_object(path.read_bytes(), str(path), error)
