"""Shards: Parquet files of limited size, many written to at a time, with the same bytes for the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from knk.datasets.manifest import File
from knk.files import sha256_of

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class ShardLimits:
    """The sizes of shards.

    Args:
        row_group: rows per row group, which a reader holds in memory; with long answers a row has tens of kilobytes.
        shard_bytes: a shard that has reached this size is followed by the next.
        open_files: the most files open at a time; systems allow a few hundred.
    """

    row_group: int = 1024
    shard_bytes: int = 256 << 20
    open_files: int = 200


DEFAULT_LIMITS: Final = ShardLimits()


@dataclass
class _Shard:
    """A file that rows are being written to."""

    path: Path
    file: IO[bytes]
    writer: Any
    rows: int = 0


class ShardWriter:
    """Writes rows to the shards of their part and split, whole row groups at a time.

    Args:
        root: the folder that the paths of the files are relative to.
        folder: the path below it of the folder to write to.
        schema: the schema of all rows.
        limits: the sizes of shards.
    """

    def __init__(self, root: Path, folder: str, schema: pa.Schema, limits: ShardLimits) -> None:
        self._root = root
        self._folder = folder
        self._schema = schema
        self._limits = limits
        self._waiting: dict[tuple[str, str], pa.Table] = {}
        self._open: dict[tuple[str, str], _Shard] = {}
        self._numbers: Counter[tuple[str, str]] = Counter()
        self._files: list[File] = []

    def add(self, part: str, split: str, table: pa.Table) -> None:
        """Add rows to a split of a part; a row group is written when it is full.

        Args:
            part: the part's folder, "" for none.
            split: the split.
            table: the rows.
        """
        import pyarrow as pa

        key = part, split
        if key in self._waiting:
            table = pa.concat_tables([self._waiting[key], table])
        size = self._limits.row_group
        while len(table) >= size:
            self._write(key, table.slice(0, size))
            table = table.slice(size)
        # Copied, because a slice keeps the whole table in memory.
        self._waiting[key] = table.take(np.arange(len(table))).combine_chunks()

    def finish(self) -> tuple[File, ...]:
        """Write the remaining rows, and return all files, sorted by path."""
        for key, table in self._waiting.items():
            if len(table):
                self._write(key, table)
        for key in list(self._open):
            self._close(key)
        return tuple(sorted(self._files, key=lambda file: file.path))

    def abandon(self) -> None:
        """Close the files that are still open."""
        for shard in self._open.values():
            shard.file.close()

    def _write(self, key: tuple[str, str], table: pa.Table) -> None:
        # The most recently used shard is the last; if too many are open, the first is closed.
        self._open[key] = shard = self._open.pop(key, None) or self._new_shard(key)
        shard.writer.write_table(table.combine_chunks(), row_group_size=self._limits.row_group)
        shard.rows += len(table)
        if shard.file.tell() >= self._limits.shard_bytes:
            self._close(key)
        elif len(self._open) > self._limits.open_files:
            self._close(next(iter(self._open)))

    def _new_shard(self, key: tuple[str, str]) -> _Shard:
        import pyarrow.parquet as pq

        part, split = key
        path = self._root / self._folder / part / f"{split}-{self._numbers[key]:05}.parquet"
        self._numbers[key] += 1
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("wb")
        return _Shard(path, file, pq.ParquetWriter(file, self._schema, compression="zstd"))

    def _close(self, key: tuple[str, str]) -> None:
        shard = self._open.pop(key)
        shard.writer.close()
        shard.file.close()
        part, split = key
        path = shard.path.relative_to(self._root).as_posix()
        self._files.append(File(path, split, part, shard.rows, sha256_of(shard.path)))


@contextmanager
def open_shards(root: Path, folder: str, schema: pa.Schema, limits: ShardLimits) -> Iterator[ShardWriter]:
    """Yield a writer of shards, and close its files if the block fails.

    Args:
        root: the folder that the paths of the files are relative to.
        folder: the path below it of the folder to write to.
        schema: the schema of all rows.
        limits: the sizes of shards.
    """
    writer = ShardWriter(root, folder, schema, limits)
    try:
        yield writer
    finally:
        writer.abandon()
