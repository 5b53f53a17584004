"""The journal of an unfinished build: one JSON line per batch, on the disk before the next batch begins."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from knk.datasets.manifest import MANIFEST, README, File, check_file, check_same
from knk.datasets.split import Shares, key_words, split_places
from knk.datasets.stream import CHUNK
from knk.errors import BadFolder
from knk.files import lock, whole_file
from knk.logic.mixing import UInt64Array

if TYPE_CHECKING:
    import pyarrow as pa

UNFINISHED: Final = ".unfinished"
_JOURNAL: Final = "journal.jsonl"


class Journal:
    """The batches that are done, a line of JSON each, on the disk before the next is begun.

    Args:
        folder: where the journal and the batches' files are.
        file: the journal, open for reading and appending.
    """

    def __init__(self, folder: Path, file: IO[bytes]) -> None:
        self.folder = folder
        self._file = file
        file.seek(0)
        lines = file.read().split(b"\n")
        # The last line is empty, unless the process was killed while writing it.
        file.truncate(sum(len(line) + 1 for line in lines[:-1]))
        try:
            self.header, *self.entries = [dict(json.loads(line)) for line in lines[:-1]]
        except (ValueError, TypeError) as error:
            raise BadFolder(f"{folder / _JOURNAL} cannot be read: remove the folder and build it again") from error

    @property
    def rows(self) -> int:
        """How many rows are done."""
        return sum(file["rows"] for entry in self.entries for file in entry["files"])

    def written_keys(self) -> Iterator[UInt64Array]:
        """Iterate over the keys in the files, a file at a time, and see that they are as they were written."""
        import pyarrow.parquet as pq

        for entry in self.entries:
            for file in entry["files"]:
                content = check_file(self.folder / file["path"], file["sha256"])
                yield key_words(pq.read_table(io.BytesIO(content), columns=["key"])["key"].to_pylist())

    def write(
        self, place: int, name: str, number: int, table: pa.Table, shares: Shares, streams: dict[str, list[int]]
    ) -> None:
        """Write a batch's files, one a split, and then its line."""
        places = split_places(key_words(table["key"].to_pylist()), shares)
        files = []
        for split_place, (split, _) in enumerate(shares):
            chosen = table.filter(places == split_place)
            if len(chosen):
                path = self.folder / split / f"{name}-{number:05}.parquet"
                sha256 = _write_table(path, chosen)
                files.append(asdict(File(f"{split}/{path.name}", split, name, len(chosen), sha256)))
        entry = {"part": place, "files": files, "streams": streams}
        self._file.write(json.dumps(entry).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.entries.append(entry)


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
def open_journal(folder: Path, header: dict[str, Any]) -> Iterator[Journal]:
    """Give the journal of the build in a folder, begun now or earlier, to this process alone."""
    inside = folder / UNFINISHED
    if not inside.exists() and folder.exists() and any(folder.iterdir()):
        raise BadFolder(f"{folder} is not empty, and holds no corpus")
    inside.mkdir(parents=True, exist_ok=True)
    with (inside / _JOURNAL).open("a+b") as file:
        lock(file, f"another process is building in {folder}")
        if not _first_line(file):
            file.truncate(0)
            file.write(json.dumps(header).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        journal = Journal(inside, file)
        check_same(journal.header, header, folder)
        _put_in_order(folder, journal)
        yield journal


def _first_line(file: IO[bytes]) -> bool:
    """Whether the first line is whole."""
    file.seek(0)
    return file.readline().endswith(b"\n")


def _put_in_order(folder: Path, journal: Journal) -> None:
    """Take back what was moved when the end was cut off, and remove the files that the journal does not know."""
    for split, _ in journal.header["recipe"]["shares"]:
        if (folder / split).exists():
            (folder / split).rename(journal.folder / split)
    for path in folder.iterdir():
        if path.name in (README, MANIFEST) or path.name.startswith((f".{README}.", f".{MANIFEST}.")):
            path.unlink()
    known = {journal.folder / file["path"] for entry in journal.entries for file in entry["files"]}
    for path in journal.folder.glob("*/*"):
        if path not in known:
            path.unlink()
