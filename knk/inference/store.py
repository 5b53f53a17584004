"""A run's folder: what was asked and of whom, the answers a line each, and what was given up.

| file | what it holds |
|---|---|
| `asked.json` | the run: engine, model, what is asked, sampling; another run is refused the folder |
| `answers.jsonl` | an answer a line, written when it arrives |
| `failed.jsonl` | what was given up and why, a line each; it is asked again by the next run |

A line that a killed process left unfinished is cut off. Which answers are there is kept in memory: some 130 bytes an
item, for a moment twice that while the table grows, whatever the length of the answers.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from knk.errors import BadFolder
from knk.files import lock, read_json, whole_file
from knk.inference.engine import Answer, Failure

RUN: Final = "asked.json"
ANSWERS: Final = "answers.jsonl"
FAILED: Final = "failed.jsonl"
SYNC: Final = 1.0
"""Seconds after which what was written is forced onto the disk; a killed process loses nothing, a machine this much."""
_KEY: Final = re.compile("[0-9a-f]{32}")
_FREE: Final = ("base_url",)
"""What may differ when a run is taken up again: a server may have moved."""


class Store:
    """What is stored of a run, open for more.

    Args:
        folder: the run's folder.
        answers: its file of answers, open for reading and appending.
        failed: its file of failures, likewise.
        header: the run, as `asked.json` has it.
        columns: which of an item's columns are stored with each answer.
    """

    def __init__(
        self,
        folder: Path,
        answers: IO[bytes],
        failed: IO[bytes],
        header: Mapping[str, Any],
        columns: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self._answers = answers
        self._failed = failed
        self._columns = tuple(columns)
        self._model = header["model"]
        self._parameters = header["parameters"]
        self._asked = read_answers(answers, self._parameters["n"], folder / ANSWERS)
        self._synced = time.monotonic()
        self._keep_failures()

    def missing(self, key: str) -> tuple[int, ...] | None:
        """Return which answers of an item have not been asked for, and take them for asked; None if it was met before.

        A puzzle that is met twice is the same in another row, under other names perhaps.
        """
        mark = bytes.fromhex(key)
        n = self._parameters["n"]
        asked = self._asked.get(mark, 0)
        # The bit after those of the answers says that the puzzle was met in this run.
        self._asked[mark] = (1 << n + 1) - 1
        return None if asked >> n else tuple(sample for sample in range(n) if not asked >> sample & 1)

    def add(self, outcome: Answer | Failure) -> None:
        """Write an answer, or that it was given up."""
        if isinstance(outcome, Answer):
            _append(self._answers, self._line(outcome))
        else:
            _append(self._failed, self._named(outcome) | {"reason": outcome.reason})
        if time.monotonic() - self._synced >= SYNC:
            self.sync()

    def sync(self) -> None:
        """Force onto the disk what was written."""
        os.fsync(self._answers.fileno())
        os.fsync(self._failed.fileno())
        self._synced = time.monotonic()

    def _named(self, outcome: Answer | Failure) -> dict[str, Any]:
        row = outcome.ask.row
        return {"id": row["id"], "sample": outcome.sample, **{name: row[name] for name in self._columns}}

    def _line(self, answer: Answer) -> dict[str, Any]:
        line = {
            **self._named(answer),
            "prompt": answer.ask.prompt,
            "completion": answer.completion,
            "finish_reason": answer.finish_reason,
            "stop": answer.stop,
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "latency_s": round(answer.latency, 6),
            "model": self._model,
            "parameters": self._parameters,
        }
        return line if answer.reasoning is None else line | {"reasoning": answer.reasoning}

    def _keep_failures(self) -> None:
        """Forget the failures whose answers are there now; only the last of each is kept."""
        kept = {}
        self._failed.seek(0)
        for line in self._failed:
            try:
                entry = json.loads(line)
                key, sample = bytes.fromhex(entry["id"]), int(entry["sample"])
            except (ValueError, TypeError, KeyError, RecursionError):
                # A line cut off; what it tells of is not among the answers, and so is asked again.
                continue
            if not self._asked.get(key, 0) >> sample & 1:
                kept[key, sample] = line
        self._failed.truncate(0)
        for line in kept.values():
            self._failed.write(line)
        self._failed.flush()


def _append(file: IO[bytes], value: Mapping[str, Any]) -> None:
    # ASCII, so that any text a model can send comes back as it was: half a surrogate pair is no UTF-8.
    file.write(json.dumps(value).encode("ascii") + b"\n")
    file.flush()


def read_answers(file: IO[bytes], n: int, path: Path) -> dict[bytes, int]:
    """Return which answers a file has, a bit a sample, by the items' keys; an unfinished last line is cut off.

    Args:
        file: the file, open for reading and writing.
        n: how many answers each item gets.
        path: what to call the file in messages.

    Raises:
        BadFolder: a line is no answer, or an answer is there twice.
    """
    there: dict[bytes, int] = {}
    file.seek(0)
    whole = 0
    for number, line in enumerate(file, 1):
        if not line.endswith(b"\n"):
            break
        whole += len(line)
        key, sample = _named(line, n, f"{path}, line {number}")
        asked = there.get(key, 0)
        if asked >> sample & 1:
            raise BadFolder(f"{path}, line {number}: answer {sample} of {key.hex()} is there twice")
        there[key] = asked | 1 << sample
    if file.writable():
        file.truncate(whole)
        file.seek(0, os.SEEK_END)
    return there


def _named(line: bytes, n: int, place: str) -> tuple[bytes, int]:
    try:
        entry = json.loads(line)
        key, sample = entry["id"], entry["sample"]
        good = bool(_KEY.fullmatch(key)) and type(sample) is int and 0 <= sample < n
    except (ValueError, TypeError, KeyError, RecursionError):
        good = False
    if not good:
        raise BadFolder(f"{place}: that is no answer of this run; move the folder away and begin anew")
    return bytes.fromhex(key), sample


@contextmanager
def opened(folder: Path, header: Mapping[str, Any], columns: Sequence[str] = ()) -> Iterator[Store]:
    """Give a run's folder, begun now or earlier, to this process alone.

    Args:
        folder: where it is; made if it is not there.
        header: the run.
        columns: which of an item's columns are stored with each answer.

    Raises:
        BadFolder: the folder holds something else, or another run, or another process is at work in it.
    """
    check_folder(folder, header)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ANSWERS).open("a+b") as answers, (folder / FAILED).open("a+b") as failed:
        lock(answers, f"another process is asking a model for {folder}")
        # Once more: another process may have begun a run in the meantime.
        check_folder(folder, header)
        for left in folder.glob(f".{RUN}.*"):
            left.unlink()
        with whole_file(folder / RUN) as file:
            file.write(json.dumps(header, indent=1, ensure_ascii=False).encode() + b"\n")
        store = Store(folder, answers, failed, header, columns)
        try:
            yield store
        finally:
            store.sync()


def check_folder(folder: Path, header: Mapping[str, Any]) -> None:
    """See that a folder is free for a run, or holds this one.

    Raises:
        BadFolder: it is not.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise BadFolder(f"{folder} is a file: choose another folder")
    if not (folder / RUN).is_file():
        others = [path.name for path in folder.iterdir() if not path.name.startswith(f".{RUN}.")]
        if set(others) - {ANSWERS, FAILED} or any((folder / name).stat().st_size for name in others):
            raise BadFolder(f"{folder} is not empty, and holds no answers of a model")
        return
    if not any((folder / name).is_file() and (folder / name).stat().st_size for name in (ANSWERS, FAILED)):
        return  # Nothing was answered, so the run that was begun here binds nobody: its model may have been mistyped.
    there = read_json(folder / RUN, BadFolder)
    for name in header:
        if name not in _FREE and there.get(name) != header[name]:
            raise BadFolder(
                f"{folder} holds answers to another {_told(name, there, header)}: choose another folder or remove it"
            )


def _told(name: str, there: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    """Return what is another, in words."""
    old, new = there.get(name), header[name]
    if name == "parameters" and isinstance(old, dict):
        name = next(inner for inner in {**new, **old} if old.get(inner) != new.get(inner))
        old, new = old.get(name), new.get(name)
    if name == "corpus":
        return "corpus"
    return f"{name} ({old!r}, not {new!r})"
