"""Rows of puzzles by the million: made by all processors, and written to a file whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import numpy as np

from knk.datasets.files import FORMATS
from knk.datasets.jobs import job_blocks, select_puzzles
from knk.datasets.puzzle_stream import PuzzleStream, interleave, useful_process_count
from knk.datasets.rows import (
    DEFAULT_STYLE,
    Row,
    schema,
    table_of,
)
from knk.errors import BadFile, NotEnough
from knk.files import whole_file
from knk.generation.draws import IndexArray
from knk.generation.generate import sizes
from knk.generation.sieve import Sieve
from knk.generation.spec import Spec
from knk.generation.targets import Verdicts, matches_target
from knk.logic.mixing import UInt64Array
from knk.parallel.executors import open_executor

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK: Final = 1 << 16
"""People in the rows that are ordered and written at a time; these rows are a row group of a Parquet file."""


def rows(spec: Spec, n: int, seed: int = 0, style: str = DEFAULT_STYLE, processes: int | None = 1) -> Iterator[Row]:
    """Return an iterator over the rows of the puzzles that `generate` gives for the same arguments.

    Args:
        spec: which puzzles to generate.
        n: how many rows.
        seed: any integer.
        style: the style of the English, one of `knk.text.styles.STYLES`.
        processes: how many processes make them, None for one per core; a script that uses more than one has to
            guard its start with `if __name__ == "__main__"`.

    Raises:
        NotEnough: there are not `n` puzzles, or no more could be found; the rows of those that were found come first.

    >>> from knk.generation.spec import Spec
    >>> [row["people"] for row in rows(Spec(people=(3, 4)), 4, seed=1)]
    [3, 4, 4, 4]
    """
    for table in tables(spec, n, seed, style, processes):
        yield from table.to_pylist()


def write(
    path: str | os.PathLike[str],
    spec: Spec,
    n: int,
    seed: int = 0,
    style: str = DEFAULT_STYLE,
    processes: int | None = 1,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write rows to a file, in Parquet or JSON lines according to its name; the file appears whole or not at all.

    Args:
        path: the file, ending in `.parquet` or `.jsonl`.
        spec: which puzzles to generate.
        n: how many rows.
        seed: any integer; the same seed and versions give the same bytes.
        style: the style of the English, one of `knk.text.styles.STYLES`.
        processes: how many processes make them, None for one per core; a script that uses more than one has to
            guard its start with `if __name__ == "__main__"`.
        progress: called with the number of rows made since the last call; they are written a little later.

    Raises:
        BadFile: the name has another ending.
        NotEnough: there are not `n` puzzles, or no more could be found.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise BadFile(f"expected a file name ending in {' or '.join(FORMATS)}, got {path.name!r}")
    with whole_file(path) as file:
        writer = _parquet_writer if path.suffix == ".parquet" else _json_lines_writer
        with writer(file) as append:
            for table in tables(spec, n, seed, style, processes, progress):
                append(table)


@contextmanager
def _parquet_writer(file: IO[bytes]) -> Iterator[Callable[[pa.Table], None]]:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(
        file, schema(), compression="zstd", compression_level=1, use_dictionary=["names.list.element"]
    ) as writer:
        yield writer.write_table


@contextmanager
def _json_lines_writer(file: IO[bytes]) -> Iterator[Callable[[pa.Table], None]]:
    encoder = json.JSONEncoder(ensure_ascii=False)

    def append(table: pa.Table) -> None:
        file.write("".join([f"{encoder.encode(row)}\n" for row in table.to_pylist()]).encode())

    yield append


def tables(
    spec: Spec,
    n: int,
    seed: int = 0,
    style: str = DEFAULT_STYLE,
    processes: int | None = 1,
    progress: Callable[[int], None] | None = None,
) -> Iterator[pa.Table]:
    """Return an iterator over the rows that `rows` gives, as Arrow tables of many rows each.

    Args:
        spec: which puzzles to generate.
        n: how many rows.
        seed: any integer.
        style: the style of the English, one of `knk.text.styles.STYLES`.
        processes: as for `rows`.
        progress: called with the number of rows made since the last call.

    Raises:
        NotEnough: there are not `n` puzzles, or no more could be found; the rows of those that were found come first.

    >>> from knk.generation.spec import Spec
    >>> [table.num_rows for table in tables(Spec(people=4), 10)]
    [10]
    """
    minimum, maximum = spec.people_range
    with open_executor(useful_process_count(n, processes, bool(spec.target))) as (executor, workers):
        streams = {
            people: PuzzleStream(
                (one_size := replace(spec, people=people)),
                partial(_make_rows, one_size, seed, style),
                _SieveFilter(one_size, seed),
                executor,
                workers,
                expected=-(-n // (maximum - minimum + 1)),
                progress=progress,
            )
            for people in range(minimum, maximum + 1)
        }
        people = sizes(spec, seed)
        chunk = max(1, CHUNK // maximum)
        for start in range(0, n, chunk):
            table, error = _ordered(streams, list(islice(people, min(chunk, n - start))))
            if len(table):
                yield table
            if error:
                made = start + len(table)
                raise NotEnough(f"{n:,} puzzles requested, {made:,} made: {error}", error.found)


def _ordered(
    streams: dict[int, PuzzleStream[_JobRows]], sizes_in_order: list[int]
) -> tuple[pa.Table, NotEnough | None]:
    """Return rows of the given numbers of people, in that order, up to the first that is missing, and why it is."""
    order = np.array(sizes_in_order)
    tables, positions, end, missing = [schema().empty_table()], [], len(order), None
    for people, stream in streams.items():
        slots = np.flatnonzero(order == people)
        parts, error = stream.take(len(slots))
        rows = sum(map(len, parts))
        if rows < len(slots) and slots[rows] < end:
            end, missing = int(slots[rows]), error
        tables += parts
        positions.append(slots[:rows])
    return interleave(tables, positions).slice(0, end).combine_chunks(), missing


@dataclass(frozen=True)
class _JobRows:
    """What a job made.

    Args:
        fingerprints: the fingerprints of the puzzles of each block.
        verdicts: verdicts on all these puzzles, if there is a target.
        table: the rows of all these puzzles; of those that match, if there is a target.
    """

    fingerprints: list[UInt64Array]
    verdicts: Verdicts | None
    table: pa.Table


def _make_rows(spec: Spec, seed: int, style: str, job: int) -> _JobRows:
    """Return the rows of a job, and what is needed to tell which of them are new."""
    blocks = job_blocks(spec, seed, job)
    puzzles, solutions, verdicts = select_puzzles(blocks, seed, job)
    return _JobRows([block.fingerprints for block in blocks], verdicts, table_of(puzzles, solutions, seed, style))


class _SieveFilter:
    """Tells new rows by the fingerprints of their puzzles, block by block, as `generate` does."""

    def __init__(self, spec: Spec, seed: int) -> None:
        self.search = Sieve(spec, seed)
        self._end: NotEnough | None = None

    def new_rows(self, result: _JobRows) -> IndexArray:
        """Return the indices of a result's new rows, up to the block at which the search ends."""
        is_new = np.zeros(sum(map(len, result.fingerprints)), dtype=bool)
        start = 0
        for number, fingerprints in enumerate(result.fingerprints):
            try:
                if number:
                    self.search.finish_blocks()
            except NotEnough as error:
                self._end = error
                break
            indices = start + self.search.new_indices(fingerprints)
            is_new[indices] = True
            if result.verdicts is not None:
                self.search.add_verdicts(result.verdicts[indices])
            start += len(fingerprints)
        if result.verdicts is not None:
            is_new = is_new[matches_target(result.verdicts)]
        return np.flatnonzero(is_new)

    def take(self, result: _JobRows, rows: IndexArray) -> None:
        """Do nothing: the sieve knows all rows that it has seen, taken or not."""

    def finish(self, result: _JobRows, taken: int) -> None:  # noqa: ARG002 - what `PuzzleStream` passes
        """Record that a result is used up and more rows are needed."""
        if self._end:
            raise self._end
        self.search.finish_blocks()
