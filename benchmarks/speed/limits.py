"""What nobody could do better on this machine: bytes copied in memory, and the same files written by pyarrow alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks.speed.ours import COMMAND, CORPUS
from benchmarks.speed.timing import Done, Jobs

if TYPE_CHECKING:
    import pyarrow as pa

COPIED: Final = 1 << 27
"""Bytes that are copied at a time: more than any cache holds."""


def copied() -> Jobs:
    """An array copied to another that was written before."""
    source, target = np.ones(COPIED, dtype=np.uint8), np.ones(COPIED, dtype=np.uint8)

    def job() -> Done:
        np.copyto(target, source)
        return Done(COPIED, COPIED)

    while True:
        yield job


def command_written(folder: Path) -> Jobs:
    """The file of the whole command, its rows in memory, written by pyarrow alone."""
    from knk.datasets.rows import schema

    return _written([folder / COMMAND], schema(), folder / "again")


def corpus_written(folder: Path) -> Jobs:
    """The files of the corpus, their rows in memory, written by pyarrow alone."""
    from knk.datasets.corpus_rows import corpus_schema

    return _written(sorted((folder / CORPUS).rglob("*.parquet")), corpus_schema(), folder / "again")


def _written(paths: list[Path], schema: pa.Schema, folder: Path) -> Jobs:
    tables = [_row_groups(path, schema) for path in paths]
    folder.mkdir(exist_ok=True)
    written = [folder / f"{number}.parquet" for number in range(len(paths))]

    def job() -> Done:
        for path, groups in zip(written, tables, strict=True):
            _write(path, schema, groups)
        rows = sum(len(group) for groups in tables for group in groups)
        return Done(rows, sum(path.stat().st_size for path in written))

    yield job
    for path, again in zip(paths, written, strict=True):
        if path.read_bytes() != again.read_bytes():
            raise SystemExit(f"pyarrow alone wrote other bytes than those of {path.name}")


def _row_groups(path: Path, schema: pa.Schema) -> list[pa.Table]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    # Parquet does not keep all of Arrow's schema: without the cast other bytes come out.
    return [file.read_row_group(number).cast(schema).combine_chunks() for number in range(file.num_row_groups)]


def _write(path: Path, schema: pa.Schema, groups: list[pa.Table]) -> None:
    import pyarrow.parquet as pq

    options = {"compression": "zstd", "compression_level": 1, "use_dictionary": ["names.list.element"]}
    with pq.ParquetWriter(path, schema, **options) as writer:
        for group in groups:
            writer.write_table(group)
