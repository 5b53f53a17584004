"""Limits of the machine: memory copied by numpy, and the same files written by pyarrow alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks.speed.knk_jobs import COMMAND_FILE, CORPUS_FOLDER
from benchmarks.speed.timing import JobResult, Jobs

if TYPE_CHECKING:
    import pyarrow as pa

COPIED_BYTES: Final = 1 << 27
"""Bytes copied per job: more than any cache holds."""
COPY_FOLDER: Final = "copies"
"""The folder for the files that pyarrow writes."""


def copy_memory() -> Jobs:
    """Copy an array to another one, which was written before."""
    source, target = np.ones(COPIED_BYTES, dtype=np.uint8), np.ones(COPIED_BYTES, dtype=np.uint8)

    def job() -> JobResult:
        np.copyto(target, source)
        return JobResult(COPIED_BYTES, COPIED_BYTES)

    while True:
        yield job


def write_command_file(folder: Path) -> Jobs:
    """Write the file of `knk generate` from rows in memory, by pyarrow alone."""
    from knk.datasets.rows import schema

    return _write_copies([folder / COMMAND_FILE], schema(), folder / COPY_FOLDER)


def write_corpus_files(folder: Path) -> Jobs:
    """Write the files of the corpus from rows in memory, by pyarrow alone."""
    from knk.datasets.corpus_rows import corpus_schema

    return _write_copies(sorted((folder / CORPUS_FOLDER).rglob("*.parquet")), corpus_schema(), folder / COPY_FOLDER)


def _write_copies(paths: list[Path], schema: pa.Schema, folder: Path) -> Jobs:
    files = [_row_groups(path, schema) for path in paths]
    folder.mkdir(exist_ok=True)
    copies = [folder / f"{number}.parquet" for number in range(len(paths))]

    def job() -> JobResult:
        for copy, row_groups in zip(copies, files, strict=True):
            _write(copy, schema, row_groups)
        rows = sum(len(row_group) for row_groups in files for row_group in row_groups)
        return JobResult(rows, sum(copy.stat().st_size for copy in copies))

    yield job
    for path, copy in zip(paths, copies, strict=True):
        if path.read_bytes() != copy.read_bytes():
            raise SystemExit(f"the file written by pyarrow alone differs from {path.name}")


def _row_groups(path: Path, schema: pa.Schema) -> list[pa.Table]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    # Parquet does not keep all of Arrow's schema; without the cast, the bytes would differ.
    return [file.read_row_group(number).cast(schema).combine_chunks() for number in range(file.num_row_groups)]


def _write(path: Path, schema: pa.Schema, row_groups: list[pa.Table]) -> None:
    import pyarrow.parquet as pq

    options = {"compression": "zstd", "compression_level": 1, "use_dictionary": ["names.list.element"]}
    with pq.ParquetWriter(path, schema, **options) as writer:
        for row_group in row_groups:
            writer.write_table(row_group)
