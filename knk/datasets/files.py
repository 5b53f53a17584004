"""Files of rows: read and written in batches, and written whole or not at all."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from knk.errors import BadFile
from knk.files import json_object, whole_file

FORMATS: Final = (".parquet", ".jsonl")
"""The formats of files of rows; `.jsonl.gz` can be read too."""
_BATCH: Final = 4096


def read(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """Return an iterator over the rows of a Parquet or JSON lines file, in order; one batch is in memory at a time.

    Args:
        path: the file, ending in `.parquet`, `.jsonl` or `.jsonl.gz`.

    Raises:
        BadFile: the name has another ending, or the content is not in the format of the ending.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        return _read_parquet(path)
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        return _read_lines(path)
    raise BadFile(f"{path.name!r} should end in {' or '.join(FORMATS)}")


def _read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH):
                yield from batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise BadFile(f"{path} is not a Parquet file: {str(error).splitlines()[0]}") from error


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", errors="replace") as file:
        try:
            for number, line in enumerate(file, 1):
                yield json_object(line, f"{path}, line {number}")
        except (gzip.BadGzipFile, EOFError) as error:
            raise BadFile(f"{path} is not a complete gzip file") from error


def write(path: str | os.PathLike[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows to a Parquet or JSON lines file, whole or not at all, and return the number of rows.

    Args:
        path: the file, ending in `.parquet` or `.jsonl`.
        rows: the rows, all with the same fields; one batch is in memory at a time.

    Raises:
        BadFile: the name has another ending, or there are no rows.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise BadFile(f"{path.name!r} should end in {' or '.join(FORMATS)}")
    rows = iter(rows)
    count = 0
    with whole_file(path) as file:
        append = _parquet_appender(file) if path.suffix == ".parquet" else _lines_appender(file)
        while batch := list(islice(rows, _BATCH)):
            append(batch)
            count += len(batch)
        if not count:
            raise BadFile(f"there are no rows to write to {path.name}")
        append([])
    return count


def _parquet_appender(file: IO[bytes]) -> Callable[[list[Mapping[str, Any]]], None]:
    """Return a function that writes rows; called without rows, it completes the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writers: list[Any] = []

    def append(batch: list[Mapping[str, Any]]) -> None:
        if not batch:
            writers[0].close()
            return
        table = pa.Table.from_pylist(batch, schema=writers[0].schema if writers else None)
        if not writers:
            writers.append(pq.ParquetWriter(file, table.schema, compression="zstd"))
        writers[0].write_table(table)

    return append


def _lines_appender(file: IO[bytes]) -> Callable[[list[Mapping[str, Any]]], None]:
    def append(batch: list[Mapping[str, Any]]) -> None:
        file.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in batch).encode())

    return append


def split_readme(splits: Sequence[str], title: str, text: str) -> str:
    """Return a README with metadata from which `datasets` knows the folder of each split.

    Args:
        splits: the splits; each has a folder of Parquet files with its name.
        title: the heading.
        text: the text below it.

    >>> split_readme(["train"], "Rows", "Seven.").splitlines()[5:7]
    ['    path: train/*.parquet', '---']
    """
    lines = ["---", "configs:", "- config_name: default", "  data_files:"]
    for split in splits:
        lines += [f"  - split: {split}", f"    path: {split}/*.parquet"]
    return "\n".join([*lines, "---", "", f"# {title}", "", text, ""])
