"""The journal of an unfinished build: one JSON line per batch, on the disk before the next batch begins.

The journal and the files of the batches are in a hidden folder inside the corpus's folder until the build is finished.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Self

from knk.datasets.manifest import MANIFEST, README, File
from knk.datasets.split import Shares, key_words, split_indices
from knk.datasets.stream import CHUNK
from knk.errors import BadFolder
from knk.files import lock, whole_file
from knk.logic.mixing import UInt64Array

if TYPE_CHECKING:
    import pyarrow as pa

UNFINISHED: Final = ".unfinished"
_JOURNAL: Final = "journal.jsonl"


@dataclass(frozen=True)
class Batch:
    """A batch that is on the disk.

    Args:
        part: the index of its part in the corpus config.
        files: its files, at most one per split.
        streams: for each number of people the state of its stream after the batch.
    """

    part: int
    files: tuple[File, ...]
    streams: Mapping[str, Sequence[int]]

    def to_json(self) -> str:
        """Return the batch as the journal's line."""
        files = [file.to_dict() for file in self.files]
        return json.dumps({"part": self.part, "files": files, "streams": self.streams})

    @classmethod
    def from_json(cls, line: bytes) -> Self:
        """Return the batch on a line of the journal."""
        content = json.loads(line)
        return cls(content["part"], tuple(map(File.from_dict, content["files"])), content["streams"])


class Journal:
    """The batches that are on the disk.

    Args:
        folder: the folder of the journal and the batches' files.
        file: the journal, open for reading and appending.

    Raises:
        BadFolder: the journal cannot be read.
    """

    def __init__(self, folder: Path, file: IO[bytes]) -> None:
        self.folder = folder
        self._file = file
        file.seek(0)
        lines = file.read().split(b"\n")
        # The last piece is empty, unless the process was killed while writing it.
        file.truncate(sum(len(line) + 1 for line in lines[:-1]))
        try:
            self.about: dict[str, Any] = dict(json.loads(lines[0]))
            self.batches = list(map(Batch.from_json, lines[1:-1]))
        except (ValueError, TypeError, KeyError, BadFolder) as error:
            raise BadFolder(f"{folder / _JOURNAL} cannot be read: remove the folder and build it again") from error

    @property
    def files(self) -> list[File]:
        """The files of all batches."""
        return [file for batch in self.batches for file in batch.files]

    @property
    def rows(self) -> int:
        """The number of rows in all batches."""
        return sum(file.rows for file in self.files)

    def written_keys(self) -> Iterator[UInt64Array]:
        """Iterate over the keys in the files, one file at a time.

        Raises:
            BadFolder: a file is missing or was changed.
        """
        import pyarrow.parquet as pq

        for file in self.files:
            file.check(self.folder)
            yield key_words(pq.read_table(self.folder / file.path, columns=["key"])["key"].to_pylist())

    def write(
        self, part: int, name: str, number: int, table: pa.Table, shares: Shares, streams: Mapping[str, Sequence[int]]
    ) -> None:
        """Write a batch: its files, one per split, and then its line.

        Args:
            part: the index of its part.
            name: the name of its part.
            number: its number in the part, from 0.
            table: its rows.
            shares: the splits and their shares.
            streams: for each number of people the state of its stream after the batch.
        """
        indices = split_indices(key_words(table["key"].to_pylist()), shares)
        files = []
        for index, (split, _) in enumerate(shares):
            rows = table.filter(indices == index)
            if len(rows):
                path = f"{split}/{name}-{number:05}.parquet"
                files.append(File(path, split, name, len(rows), _write_table(self.folder / path, rows)))
        batch = Batch(part, tuple(files), streams)
        _append_line(self._file, batch.to_json())
        self.batches.append(batch)


def _append_line(file: IO[bytes], line: str) -> None:
    """Append a line and wait until it is on the disk."""
    file.write(line.encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())


def _write_table(path: Path, table: pa.Table) -> str:
    """Write a file and return its hash."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    table = table.combine_chunks()
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        compression_level=1,
        use_dictionary=["names.list.element"],
        row_group_size=max(1, CHUNK // max(table["people"].to_pylist())),
    )
    path.parent.mkdir(exist_ok=True)
    with whole_file(path) as file:
        file.write(buffer.getbuffer())
    return hashlib.sha256(buffer.getbuffer()).hexdigest()


@contextmanager
def open_journal(folder: Path, about: Mapping[str, Any]) -> Iterator[Journal]:
    """Open the journal of the build in a folder, or begin one; no other process can open it meanwhile.

    Args:
        folder: the corpus's folder.
        about: what the corpus is built from, as its manifest will say.

    Raises:
        BadFolder: the folder holds something else, or another process has the journal open.
    """
    unfinished = folder / UNFINISHED
    if not unfinished.exists() and folder.exists() and any(folder.iterdir()):
        raise BadFolder(f"{folder} is not empty and does not hold a corpus")
    unfinished.mkdir(parents=True, exist_ok=True)
    with (unfinished / _JOURNAL).open("a+b") as file:
        lock(file, f"another process is building in {folder}")
        file.seek(0)
        if not file.readline().endswith(b"\n"):  # The process was killed before it had begun.
            file.truncate(0)
            _append_line(file, json.dumps(about))
        journal = Journal(unfinished, file)
        check_about(journal.about, about, folder)
        _clean_up(folder, journal)
        yield journal


def check_about(actual: Mapping[str, Any], expected: Mapping[str, Any], folder: Path) -> None:
    """Check that a corpus is built from the expected config by the expected version of the library.

    Args:
        actual: what its manifest or journal says.
        expected: what it should say.
        folder: the corpus's folder, for the error message.

    Raises:
        BadFolder: the config or the version differs.
    """
    for name, description in (("config", "config"), ("version", "version of knk")):
        # As texts, since the order of splits and of kinds of statement matters.
        if json.dumps(actual.get(name)) != json.dumps(expected[name]):
            raise BadFolder(
                f"{folder} holds a corpus of another {description}: choose another folder or remove that one"
            )


def _clean_up(folder: Path, journal: Journal) -> None:
    """Move back what was moved before the process was killed, and remove files that are not in the journal."""
    for split in journal.about["config"]["shares"]:
        if (folder / split).exists():
            (folder / split).rename(journal.folder / split)
    for path in folder.iterdir():
        if path.name in (README, MANIFEST) or path.name.startswith((f".{README}.", f".{MANIFEST}.")):
            path.unlink()
    known = {journal.folder / file.path for file in journal.files}
    for path in journal.folder.glob("*/*"):
        if path not in known:
            path.unlink()
