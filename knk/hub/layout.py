"""A dataset laid out as it is published: Parquet files by how many people a puzzle has, and by its grade.

Each row is in one file, `data/people-5/train-00000.parquet`, or `data/people-5/grade-2/train-00000.parquet` where rows
have a grade; rows without a number of people or a grade are in `data/train-00000.parquet`. What a reader may load by
name are choices among these files (`configs`), so no row is stored twice. The same dataset gives the same bytes; as
long as no more files are open at a time than may be, they depend on the rows and their order alone, and not on the
files that these come from.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Self

import numpy as np

from knk.datasets.files import read
from knk.datasets.manifest import MANIFEST, File, Manifest
from knk.errors import BadFile, BadFolder
from knk.files import sha256_of

if TYPE_CHECKING:
    import pyarrow as pa

DATA: Final = "data"
"""The folder that rows are put in."""
BY: Final = ("people", "grade")
"""The columns that rows are laid out by, where they are there and hold whole numbers."""
ROW_GROUP: Final = 1024
"""Rows of a row group: long answers make rows of tens of kilobytes, and a reader holds a group in memory."""
SHARD_BYTES: Final = 256 << 20
"""A file that has become as large as this is followed by the next."""
_MOST_OPEN: Final = 200
"""Files that are written to at a time: systems allow a few hundred."""
_READ: Final = 4096
_FIRST_SPLITS: Final = ("train", "validation", "test")


# From the one layout to the other.


def lay_out(manifest: Manifest, folder: Path, into: Path) -> tuple[tuple[File, ...], pa.Schema]:
    """Write the rows of a dataset as they are published, and return the files and the schema of all rows.

    Args:
        manifest: what the dataset's manifest says.
        folder: where the dataset is.
        into: an empty folder.

    Raises:
        BadFolder: a file is missing or is another than it was, or there are no rows.
        BadFile: a file cannot be read as rows, or not as rows of the same columns as the others.
    """
    files = [file for file in manifest.files if file.split]
    if not sum(file.rows for file in files):
        raise BadFolder(f"{folder / MANIFEST} lists no rows")
    for file in files:
        file.check(folder)
    schema = _common_schema(folder, files)
    with _Shards(into, schema) as shards:
        for file in sorted(files, key=lambda file: file.path):
            rows = 0
            for table in _tables(folder / file.path, schema):
                rows += len(table)
                for part, group in _parted(table):
                    shards.add(part, file.split, group)
            if rows != file.rows:
                raise BadFolder(f"{folder / file.path} has {rows} rows, and {MANIFEST} says {file.rows}")
        return shards.finished(), schema


def _common_schema(folder: Path, files: Iterable[File]) -> pa.Schema:
    """Return the schema that the rows of all files fit."""
    import pyarrow as pa

    schema = pa.schema([])
    for file in files:
        for found in _schemas(folder / file.path):
            try:
                schema = pa.unify_schemas([schema, found.remove_metadata()], promote_options="permissive")
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise BadFile(
                    f"{file.path} has other columns than the files before it: {_first_line(error)}"
                ) from error
    return schema


def _schemas(path: Path) -> Iterator[pa.Schema]:
    """Iterate over the schemas of a file's pieces."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix == ".parquet":
        try:
            yield pq.read_schema(path)
        except pa.ArrowInvalid as error:
            raise BadFile(f"{path.name} is not a Parquet file: {_first_line(error)}") from error
        return
    for rows in _pieces(path):
        yield pa.schema(list(_struct(rows, None, path).type))


def _tables(path: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    """Iterate over a file's rows as tables of that schema."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix != ".parquet":
        for rows in _pieces(path):
            yield pa.Table.from_struct_array(_struct(rows, pa.struct(list(schema)), path))
        return
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_READ):
                table = pa.Table.from_batches([batch]).replace_schema_metadata()
                whole = pa.concat_tables([schema.empty_table(), table], promote_options="permissive")
                yield whole.combine_chunks()
    except pa.ArrowInvalid as error:
        raise BadFile(f"{path.name} is not a Parquet file: {_first_line(error)}") from error


def _pieces(path: Path) -> Iterator[list[dict[str, Any]]]:
    rows = read(path)
    while piece := list(islice(rows, _READ)):
        yield piece


def _struct(rows: list[dict[str, Any]], kind: pa.DataType | None, path: Path) -> pa.StructArray:
    import pyarrow as pa

    try:
        return pa.array(rows, type=kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise BadFile(f"{path.name}: a column holds values of several types: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _parted(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Split rows by where they are put."""
    import pyarrow as pa

    names = [name for name in BY if name in table.column_names and pa.types.is_integer(table.schema.field(name).type)]
    places: defaultdict[tuple[int | None, ...], list[int]] = defaultdict(list)
    for place, values in enumerate(zip(*(table[name].to_pylist() for name in names), strict=True)):
        places[values].append(place)
    if not names:
        yield "", table
    for values, chosen in places.items():
        yield "/".join(map(_level, names, values)), table.take(chosen)


def _level(name: str, value: int | None) -> str:
    return f"{name}-{'unknown' if value is None else value}"


@dataclass
class _Shard:
    """A file that rows are being written to."""

    path: Path
    file: IO[bytes]
    writer: Any
    rows: int = 0


class _Shards:
    """The files that rows are being written to, a few of them open at a time, whole row groups at once."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._schema = schema
        self._waiting: dict[tuple[str, str], pa.Table] = {}
        self._open: dict[tuple[str, str], _Shard] = {}
        self._numbers: Counter[tuple[str, str]] = Counter()
        self._files: list[File] = []

    def add(self, part: str, split: str, table: pa.Table) -> None:
        import pyarrow as pa

        key = part, split
        if key in self._waiting:
            table = pa.concat_tables([self._waiting[key], table])
        while len(table) >= ROW_GROUP:
            self._write(key, table.slice(0, ROW_GROUP))
            table = table.slice(ROW_GROUP)
        # A copy: a slice keeps all in memory that it is a slice of.
        self._waiting[key] = table.take(np.arange(len(table))).combine_chunks()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for shard in self._open.values():
            shard.file.close()

    def finished(self) -> tuple[File, ...]:
        """Write what waits, and return all files."""
        for key, table in self._waiting.items():
            if len(table):
                self._write(key, table)
        for key in list(self._open):
            self._close(key)
        return tuple(sorted(self._files, key=lambda file: file.path))

    def _write(self, key: tuple[str, str], table: pa.Table) -> None:
        # What was written to last stands last: the first is closed where too many are open.
        self._open[key] = shard = self._open.pop(key, None) or self._opened(key)
        shard.writer.write_table(table.combine_chunks(), row_group_size=ROW_GROUP)
        shard.rows += len(table)
        if shard.file.tell() >= SHARD_BYTES:
            self._close(key)
        elif len(self._open) > _MOST_OPEN:
            self._close(next(iter(self._open)))

    def _opened(self, key: tuple[str, str]) -> _Shard:
        import pyarrow.parquet as pq

        part, split = key
        path = self._folder / DATA / part / f"{split}-{self._numbers[key]:05}.parquet"
        self._numbers[key] += 1
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("wb")
        return _Shard(path, file, pq.ParquetWriter(file, self._schema, compression="zstd"))

    def _close(self, key: tuple[str, str]) -> None:
        shard = self._open.pop(key)
        shard.writer.close()
        shard.file.close()
        part, split = key
        path = shard.path.relative_to(self._folder).as_posix()
        self._files.append(File(path, split, part, shard.rows, sha256_of(shard.path)))


# What can be loaded by name.


def configs(files: Iterable[File]) -> dict[str, dict[str, str]]:
    """Return what of a laid out dataset can be loaded by name: for each name each split's files, as a pattern.

    >>> one = File("data/people-3/train-00000.parquet", "train", "people-3", 7, "")
    >>> configs([one])
    {'default': {'train': 'data/*/train-*.parquet'}, 'people-3': {'train': 'data/people-3/train-*.parquet'}}
    """
    found: dict[str, dict[str, str]] = {}
    data = [file for file in files if file.split]
    for file in sorted(data, key=lambda file: (split_order(file.split), file.path)):
        levels = file.part.split("/") if file.part else []
        for chosen in ["", *levels]:
            name = chosen or "default"
            folder = "/".join([DATA, *(level if level == chosen else "*" for level in levels)])
            found.setdefault(name, {})[file.split] = f"{folder}/{file.split}-*.parquet"
    return {name: found[name] for name in sorted(found, key=_config_order)}


def _config_order(name: str) -> tuple[int, int, str]:
    """Return the key by which names are sorted: all of it, then by people, then by grade, numbers as numbers."""
    by, _, number = name.rpartition("-")
    return (BY.index(by) if by in BY else -1), (int(number) if number.isdecimal() else 1 << 40), name


def split_order(split: str) -> tuple[int, str]:
    """Return the key by which splits are sorted: train, validation and test first.

    >>> sorted(["test", "extra", "train"], key=split_order)
    ['train', 'test', 'extra']
    """
    return (_FIRST_SPLITS.index(split) if split in _FIRST_SPLITS else len(_FIRST_SPLITS)), split


def tree_of(folder: Path) -> dict[str, int]:
    """Return the files below a folder and their sizes, sorted by path."""
    paths = sorted(Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
