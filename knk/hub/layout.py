"""The layout of a published dataset: Parquet files by number of people and by grade.

Each row is in one file: `data/people-5/train-00000.parquet`, or `data/people-5/grade-2/train-00000.parquet` if rows
have a grade, or `data/train-00000.parquet` if they have neither. The configurations that can be loaded by name
(`configs`) choose among these files, so no row is stored twice. The bytes depend only on the rows and their order, not
on the files they come from, unless more files are being written than may be open at a time.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from knk.datasets.files import read
from knk.datasets.manifest import MANIFEST, File, Manifest
from knk.errors import BadFile, BadFolder
from knk.hub.shards import DEFAULT_LIMITS, ShardLimits, open_shards

if TYPE_CHECKING:
    import pyarrow as pa

DATA: Final = "data"
"""The folder of the rows."""
LEVELS: Final = ("people", "grade")
"""The columns that rows are laid out by, if they exist and hold whole numbers."""
_ROWS_READ: Final = 4096
_FIRST_SPLITS: Final = ("train", "validation", "test")


def lay_out(
    manifest: Manifest, folder: Path, into: Path, limits: ShardLimits = DEFAULT_LIMITS
) -> tuple[tuple[File, ...], pa.Schema]:
    """Write the rows of a dataset in the published layout, and return the files and the schema of all rows.

    Args:
        manifest: the dataset's manifest.
        folder: the dataset's folder.
        into: an empty folder.
        limits: the sizes of the files.

    Raises:
        BadFolder: a file is missing or was changed, or there are no rows.
        BadFile: a file cannot be read as rows, or its columns do not fit those of the other files.
    """
    files = [file for file in manifest.files if file.split]
    if not sum(file.rows for file in files):
        raise BadFolder(f"{folder / MANIFEST} lists no rows")
    for file in files:
        file.check(folder)
    schema = _common_schema(folder, files)
    with open_shards(into, DATA, schema, limits) as shards:
        for file in files:
            rows = 0
            for table in _tables(folder / file.path, schema):
                rows += len(table)
                for part, group in _by_part(table):
                    shards.add(part, file.split, group)
            if rows != file.rows:
                raise BadFolder(f"{folder / file.path} has {rows} rows, and {MANIFEST} says {file.rows}")
        return shards.finish(), schema


# Reading files of different formats and columns.


def _common_schema(folder: Path, files: Iterable[File]) -> pa.Schema:
    """Return the schema that fits the rows of all files."""
    import pyarrow as pa

    common = pa.schema([])
    for file in files:
        for schema in _schemas(folder / file.path):
            try:
                common = pa.unify_schemas([common, schema.remove_metadata()], promote_options="permissive")
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise BadFile(
                    f"the columns of {file.path} do not fit those of the files before it: {_first_line(error)}"
                ) from error
    return common


def _schemas(path: Path) -> Iterator[pa.Schema]:
    """Iterate over the schemas of a file's batches of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix == ".parquet":
        try:
            yield pq.read_schema(path)
        except pa.ArrowInvalid as error:
            raise BadFile(f"{path.name} is not a Parquet file: {_first_line(error)}") from error
        return
    for rows in _batches(path):
        yield pa.schema(list(_struct_array(rows, None, path).type))


def _tables(path: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    """Iterate over a file's rows as tables with the schema."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix != ".parquet":
        for rows in _batches(path):
            yield pa.Table.from_struct_array(_struct_array(rows, pa.struct(list(schema)), path))
        return
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_ROWS_READ):
                table = pa.Table.from_batches([batch]).replace_schema_metadata()
                padded = pa.concat_tables([schema.empty_table(), table], promote_options="permissive")
                yield padded.combine_chunks()
    except pa.ArrowInvalid as error:
        raise BadFile(f"{path.name} is not a Parquet file: {_first_line(error)}") from error


def _batches(path: Path) -> Iterator[list[dict[str, Any]]]:
    rows = read(path)
    while batch := list(islice(rows, _ROWS_READ)):
        yield batch


def _struct_array(rows: list[dict[str, Any]], kind: pa.DataType | None, path: Path) -> pa.StructArray:
    import pyarrow as pa

    try:
        return pa.array(rows, type=kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise BadFile(f"{path.name}: a column holds values of several types: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _by_part(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Split rows by the folder of their part."""
    import pyarrow as pa

    names = [
        name for name in LEVELS if name in table.column_names and pa.types.is_integer(table.schema.field(name).type)
    ]
    if not names:
        yield "", table
        return
    indices: defaultdict[tuple[int | None, ...], list[int]] = defaultdict(list)
    for index, values in enumerate(zip(*(table[name].to_pylist() for name in names), strict=True)):
        indices[values].append(index)
    for values, chosen in indices.items():
        yield "/".join(map(_folder_name, names, values)), table.take(chosen)


def _folder_name(level: str, value: int | None) -> str:
    return f"{level}-{'unknown' if value is None else value}"


# What can be loaded by name.


def configs(files: Iterable[File]) -> dict[str, dict[str, str]]:
    """Return the configurations of a published dataset: for each name the pattern of each split's files.

    >>> file = File("data/people-3/train-00000.parquet", "train", "people-3", 7, "")
    >>> configs([file])
    {'default': {'train': 'data/*/train-*.parquet'}, 'people-3': {'train': 'data/people-3/train-*.parquet'}}
    """
    patterns: dict[str, dict[str, str]] = {}
    data = [file for file in files if file.split]
    for file in sorted(data, key=lambda file: (split_order(file.split), file.path)):
        levels = file.part.split("/") if file.part else []
        for config in ["", *levels]:
            folder = "/".join([DATA, *(level if level == config else "*" for level in levels)])
            patterns.setdefault(config or "default", {})[file.split] = f"{folder}/{file.split}-*.parquet"
    return {name: patterns[name] for name in sorted(patterns, key=_config_order)}


def _config_order(name: str) -> tuple[int, int, str]:
    """Return the sort key of a configuration: the default, then by people, then by grade, in numerical order."""
    level, _, number = name.rpartition("-")
    return (LEVELS.index(level) if level in LEVELS else -1), (int(number) if number.isdecimal() else 1 << 40), name


def split_order(split: str) -> tuple[int, str]:
    """Return the sort key of a split: train, validation and test come first.

    >>> sorted(["test", "extra", "train"], key=split_order)
    ['train', 'test', 'extra']
    """
    return (_FIRST_SPLITS.index(split) if split in _FIRST_SPLITS else len(_FIRST_SPLITS)), split


def file_sizes(folder: Path) -> dict[str, int]:
    """Return the size in bytes of each file below a folder, by path, sorted."""
    paths = sorted(Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
