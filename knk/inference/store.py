"""The folder of a run: its settings, its answers and its failures. Runs resume from it.

| file | contents |
|---|---|
| `inference.json` | engine, model, sampling and what else identifies the run; another run is refused the folder |
| `answers.jsonl` | the answers, one a line, each written as soon as it arrives |
| `failed.jsonl` | the answers that were given up and why, one a line; the next run requests them again |

A line that a killed process left unfinished is cut off. Which answers exist is held in memory: some 130 bytes an item,
for a moment twice that while the table grows, whatever the length of the answers.
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

HEADER: Final = "inference.json"
ANSWERS: Final = "answers.jsonl"
FAILED: Final = "failed.jsonl"
SYNC_SECONDS: Final = 1.0
"""How often writes are forced onto the disk: a killed process loses nothing, a machine that fails this much."""
_KEY: Final = re.compile("[0-9a-f]{32}")
_MAY_DIFFER: Final = ("base_url",)
"""Fields of the header that may change between the runs of a folder: a server may have moved."""


class Store:
    """The answers and failures of a run, open for more.

    Args:
        folder: the run's folder.
        answers: its file of answers, open for reading and appending.
        failed: its file of failures, open for reading and appending.
        header: the run's header.
        columns: the columns of an item that are stored with each answer.
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
        self._claimed = read_sample_masks(answers, self._parameters["n"], folder / ANSWERS)
        self._synced = time.monotonic()
        self._drop_old_failures()

    def claim(self, key: str) -> tuple[int, ...] | None:
        """Return which answers of an item have yet to be requested, and mark them as requested.

        The result is None if the item occurred before in this run: the same puzzle in another row, perhaps under other
        names.
        """
        item = bytes.fromhex(key)
        n = self._parameters["n"]
        mask = self._claimed.get(item, 0)
        # The bit after those of the answers says that the item occurred in this run.
        self._claimed[item] = (1 << n + 1) - 1
        return None if mask >> n else tuple(sample for sample in range(n) if not mask >> sample & 1)

    def add(self, outcome: Answer | Failure) -> None:
        """Write an answer or a failure."""
        if isinstance(outcome, Answer):
            _append(self._answers, self._answer_line(outcome))
        else:
            _append(self._failed, self._item_fields(outcome) | {"reason": outcome.reason})
        if time.monotonic() - self._synced >= SYNC_SECONDS:
            self.sync()

    def sync(self) -> None:
        """Force all writes onto the disk."""
        os.fsync(self._answers.fileno())
        os.fsync(self._failed.fileno())
        self._synced = time.monotonic()

    def _item_fields(self, outcome: Answer | Failure) -> dict[str, Any]:
        row = outcome.request.row
        return {"id": row["id"], "sample": outcome.sample, **{name: row[name] for name in self._columns}}

    def _answer_line(self, answer: Answer) -> dict[str, Any]:
        line = {
            **self._item_fields(answer),
            "prompt": answer.request.prompt,
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

    def _drop_old_failures(self) -> None:
        """Remove the failures of answers that exist by now, and all but the last failure of each other answer."""
        remaining = {}
        self._failed.seek(0)
        for line in self._failed:
            try:
                entry = json.loads(line)
                key, sample = bytes.fromhex(entry["id"]), int(entry["sample"])
            except (ValueError, TypeError, KeyError, RecursionError):
                # An unfinished line. Its answer does not exist, so it is requested again.
                continue
            if not self._claimed.get(key, 0) >> sample & 1:
                remaining[key, sample] = line
        self._failed.truncate(0)
        for line in remaining.values():
            self._failed.write(line)
        self._failed.flush()


def _append(file: IO[bytes], value: Mapping[str, Any]) -> None:
    # ASCII, so that any text a model can send is read back unchanged: half a surrogate pair is no UTF-8.
    file.write(json.dumps(value).encode("ascii") + b"\n")
    file.flush()


def read_sample_masks(file: IO[bytes], n: int, path: Path) -> dict[bytes, int]:
    """Return which answers a file holds: for each item's key a bit mask over the samples.

    An unfinished last line is cut off if the file is writable.

    Args:
        file: the file, open for reading.
        n: how many answers each item gets.
        path: the file's path, for error messages.

    Raises:
        BadFolder: a line is not an answer of the run, or an answer occurs twice.
    """
    masks: dict[bytes, int] = {}
    file.seek(0)
    size = 0
    for number, line in enumerate(file, 1):
        if not line.endswith(b"\n"):
            break
        size += len(line)
        key, sample = _parse_line(line, n, f"{path}, line {number}")
        mask = masks.get(key, 0)
        if mask >> sample & 1:
            raise BadFolder(f"{path}, line {number}: answer {sample} of {key.hex()} occurs twice")
        masks[key] = mask | 1 << sample
    if file.writable():
        file.truncate(size)
        file.seek(0, os.SEEK_END)
    return masks


def _parse_line(line: bytes, n: int, where: str) -> tuple[bytes, int]:
    """Return the item's key and the index of the sample in a line of the file of answers."""
    try:
        entry = json.loads(line)
        key, sample = entry["id"], entry["sample"]
        is_valid = bool(_KEY.fullmatch(key)) and type(sample) is int and 0 <= sample < n
    except (ValueError, TypeError, KeyError, RecursionError):
        is_valid = False
    if not is_valid:
        raise BadFolder(f"{where}: not an answer of this run; move the folder away and start again")
    return bytes.fromhex(key), sample


@contextmanager
def open_store(folder: Path, header: Mapping[str, Any], columns: Sequence[str] = ()) -> Iterator[Store]:
    """Open the folder of a run, new or resumed, for this process alone.

    Args:
        folder: the folder; created if it does not exist.
        header: the run's header.
        columns: the columns of an item that are stored with each answer.

    Raises:
        BadFolder: the folder holds something else or another run, or another process is using it.
    """
    check_folder(folder, header)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ANSWERS).open("a+b") as answers, (folder / FAILED).open("a+b") as failed:
        lock(answers, f"another process is writing answers to {folder}")
        # Once more: another process may have started a run in the meantime.
        check_folder(folder, header)
        for leftover in folder.glob(f".{HEADER}.*"):
            leftover.unlink()
        with whole_file(folder / HEADER) as file:
            file.write(json.dumps(header, indent=1, ensure_ascii=False).encode() + b"\n")
        store = Store(folder, answers, failed, header, columns)
        try:
            yield store
        finally:
            store.sync()


def check_folder(folder: Path, header: Mapping[str, Any]) -> None:
    """Check that a folder is free for a run, or holds a run with the same header.

    Args:
        folder: the folder; it need not exist.
        header: the run's header, or some of its fields.

    Raises:
        BadFolder: it is not.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise BadFolder(f"{folder} is a file: choose another folder")
    if not (folder / HEADER).is_file():
        others = [path.name for path in folder.iterdir() if not path.name.startswith(f".{HEADER}.")]
        if set(others) - {ANSWERS, FAILED} or any((folder / name).stat().st_size for name in others):
            raise BadFolder(f"{folder} is not empty and holds no answers of a model: choose another folder")
        return
    if not any((folder / name).is_file() and (folder / name).stat().st_size for name in (ANSWERS, FAILED)):
        return  # No answers yet, so the header may change: the name of the model may have been a typing error.
    stored = read_json(folder / HEADER, BadFolder)
    for name in header:
        if name not in _MAY_DIFFER and stored.get(name) != header[name]:
            raise BadFolder(
                f"{folder} holds answers with another {_difference(name, stored, header)}: "
                "choose another folder or remove it"
            )


def _difference(name: str, stored: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    """Return a field of the header that differs, and both values."""
    old, new = stored.get(name), header[name]
    if name == "parameters" and isinstance(old, dict):
        name = next(inner for inner in {**new, **old} if old.get(inner) != new.get(inner))
        old, new = old.get(name), new.get(name)
    if name == "corpus":
        return "corpus"
    return f"{name} ({old!r}, not {new!r})"
