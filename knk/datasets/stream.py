"""Rows by the million: made block by block by all processors, and written to a file whole or not at all."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from knk.datasets.files import FORMATS
from knk.datasets.rows import (
    DEFAULT_STYLE,
    Row,
    schema,
    table_of,
)
from knk.errors import BadFile, NotEnough
from knk.files import whole_file
from knk.generation.generate import (
    Sieve,
    candidates,
    first_occurrences,
    looked_at,
    sizes,
)
from knk.generation.sampled import MAX_SAMPLED_PEOPLE, Block
from knk.generation.spec import Spec
from knk.generation.targets import Verdicts, that_fit
from knk.logic.mixing import UInt64Array
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution
from knk.parallel.executors import open_executor

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK: Final = 1 << 16
"""People in the rows that are put in order and written at a time; these rows are a row group of a Parquet file."""
SINGLE_PROCESS_ROWS: Final = 20_000
"""Up to this many rows, unless they are searched for, one process is faster: more take longer to start than to work."""
_PLANTED_BLOCKS: Final = 16
_READ: Final = 4096


def rows(spec: Spec, n: int, seed: int = 0, style: str = DEFAULT_STYLE, processes: int | None = 1) -> Iterator[Row]:
    """Return an iterator over the rows of the puzzles that `generate` gives for the same arguments.

    Args:
        spec: what puzzles to make.
        n: how many rows.
        seed: any whole number.
        style: the style of the English, one of `knk.text.styles.STYLES`.
        processes: how many processes make them, None for one a processor; a script that asks for more than one has
            to guard its start with `if __name__ == "__main__"`.

    Raises:
        NotEnough: there are not that many puzzles, or no more could be found; the rows of those there are come first.

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
    """Write rows to a file, Parquet or JSON lines by its name; the file appears whole or not at all.

    Args:
        path: the file, ending in `.parquet` or `.jsonl`.
        spec: what puzzles to make.
        n: how many rows.
        seed: any whole number; the same seed and versions give the same bytes.
        style: the style of the English, one of `knk.text.styles.STYLES`.
        processes: how many processes make them, None for one a processor; a script that asks for more than one has
            to guard its start with `if __name__ == "__main__"`.
        progress: called with the number of rows made since it was called last; they are written a little later.

    Raises:
        BadFile: the name ends in something else.
        NotEnough: there are not that many puzzles, or no more could be found.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise BadFile(f"{path.name!r} should end in {' or '.join(FORMATS)}")
    with whole_file(path) as file:
        writer = _parquet_writer if path.suffix == ".parquet" else _lines_writer
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
def _lines_writer(file: IO[bytes]) -> Iterator[Callable[[pa.Table], None]]:
    encoder = json.JSONEncoder(ensure_ascii=False)

    def append(table: pa.Table) -> None:
        file.write("".join([f"{encoder.encode(row)}\n" for row in table.to_pylist()]).encode())

    yield append


# The rows, in pieces of `CHUNK`: each number of people has its own stream, and a piece takes from each what it needs.


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
        spec: what puzzles to make.
        n: how many rows.
        seed: any whole number.
        style: the style of the English, one of `knk.text.styles.STYLES`.
        processes: as for `rows`.
        progress: called with the number of rows made since it was called last.

    Raises:
        NotEnough: there are not that many puzzles, or no more could be found; the rows of those there are come first.

    >>> from knk.generation.spec import Spec
    >>> [table.num_rows for table in tables(Spec(people=4), 10)]
    [10]
    """
    least, most = spec.people_range
    with open_executor(worth_starting(n, processes, bool(spec.target))) as (pool, workers):
        streams = {
            people: _Stream(replace(spec, people=people), seed, style, pool, workers, progress or _ignore)
            for people in range(least, most + 1)
        }
        wanted = sizes(spec, seed)
        chunk = max(1, CHUNK // most)
        for start in range(0, n, chunk):
            table, missing = _interleaved(streams, list(islice(wanted, min(chunk, n - start))))
            if len(table):
                yield table
            if missing:
                made = f"({start + len(table)} of the {n} asked for were made)"
                raise NotEnough(f"{missing} {made}", missing.found)


def _ignore(_rows: int) -> None:
    """Take no notice of progress."""


def _interleaved(streams: dict[int, _Stream], wanted: list[int]) -> tuple[pa.Table, NotEnough | None]:
    """Return rows of the sizes wanted, in that order, up to the first that cannot be had, and why it cannot."""
    import pyarrow as pa

    order = np.array(wanted)
    parts, places, end, missing = [], [], len(order), None
    for people, stream in streams.items():
        where = np.flatnonzero(order == people)
        part, error = stream.take(len(where))
        if len(part) < len(where) and where[len(part)] < end:
            end, missing = int(where[len(part)]), error
        parts.append(part)
        places.append(where[: len(part)])
    table = pa.concat_tables(parts)
    if len(streams) > 1:
        table = table.take(np.argsort(np.concatenate(places)))
    return table.slice(0, end).combine_chunks(), missing


def worth_starting(rows: int, processes: int | None, searching: bool) -> int | None:
    """Return how many processes to start for so many rows: one if they take less time than the start of more.

    >>> worth_starting(100, None, searching=False), worth_starting(100, None, searching=True)
    (1, None)
    """
    return processes if searching or rows > SINGLE_PROCESS_ROWS else 1


class _Stream:
    """The rows of one number of people, made ahead by an executor."""

    def __init__(
        self, spec: Spec, seed: int, style: str, executor: Executor, workers: int, progress: Callable[[int], None]
    ) -> None:
        self._job = (spec, seed, style)
        self._executor = executor
        self._ahead = 2 * workers if workers > 1 else 1
        self._progress = progress
        self._sieve = Sieve(spec, seed)
        self._numbers = count()
        self._under_way: deque[Future[_Made]] = deque()
        self._left: pa.Table = schema().empty_table()
        self._end: NotEnough | None = None

    def take(self, rows: int) -> tuple[pa.Table, NotEnough | None]:
        """Return the next rows, and if there are fewer why."""
        import pyarrow as pa

        tables = [self._left]
        have = min(len(self._left), rows)
        self._progress(have)
        while have < rows and self._end is None:
            tables.append(self._next_table())
            new = min(len(tables[-1]), rows - have)
            self._progress(new)
            have += new
        table = pa.concat_tables(tables)
        self._left = table.slice(rows)
        return table.slice(0, rows), self._end

    def _next_table(self) -> pa.Table:
        """Return the rows of a job that are new, up to where the search ends if that is in it."""
        while len(self._under_way) < self._ahead:
            self._under_way.append(self._executor.submit(_make, *self._job, next(self._numbers)))
        try:
            self._sieve.next_block()
        except NotEnough as error:
            self._end = error
            return schema().empty_table()
        made = self._under_way.popleft().result()
        fresh = self._fresh(made)
        if made.verdicts is not None:
            fresh = fresh[that_fit(made.verdicts)]
        return made.table if fresh.all() else made.table.filter(fresh)

    def _fresh(self, made: _Made) -> npt.NDArray[np.bool_]:
        """Return which of a job's puzzles are new, for whose first block the sieve is ready."""
        fresh = np.zeros(sum(map(len, made.marks)), dtype=bool)
        start = 0
        for number, marks in enumerate(made.marks):
            try:
                if number:
                    self._sieve.next_block()
            except NotEnough as error:
                self._end = error
                break
            places = start + self._sieve.fresh(marks)
            fresh[places] = True
            if made.verdicts is not None:
                self._sieve.note(made.verdicts[places])
            start += len(marks)
        return fresh


@dataclass(frozen=True)
class _Made:
    """What a job made.

    Args:
        marks: the marks of each block's puzzles.
        verdicts: verdicts on all puzzles, where there is a target.
        table: the rows of all puzzles, of those that fit where there is a target.
    """

    marks: list[UInt64Array]
    verdicts: Verdicts | None
    table: pa.Table


def blocks_a_job(spec: Spec) -> int:
    """Return how many blocks one job makes."""
    return 1 if spec.people_range[0] <= MAX_SAMPLED_PEOPLE else _PLANTED_BLOCKS


def _make(spec: Spec, seed: int, style: str, job: int) -> _Made:
    """Return the marks and rows of a job's blocks."""
    blocks = job_blocks(spec, seed, job)
    puzzles, solutions, verdicts = wanted_of(blocks, seed, job)
    table = table_of(puzzles, solutions, seed, style)
    return _Made([block.marks for block in blocks], verdicts, table)


def wanted_of(
    blocks: list[Block], seed: int, job: int, wanted: Callable[[Puzzle], bool] | None = None
) -> tuple[list[Puzzle], list[Solution], Verdicts | None]:
    """Return the puzzles of a job's blocks that meet the target, all if there is none, and their solutions.

    Args:
        blocks: the blocks.
        seed: their seed.
        job: the job's number.
        wanted: what else is asked of puzzles, where there is a target.

    Returns:
        The puzzles, their solutions, and the verdicts on all puzzles; None if there is no target.
    """
    if not blocks[0].spec.target:
        solutions = [solution for block in blocks for solution in block.solutions_as_roles()]
        return [puzzle for block in blocks for puzzle in block.puzzles()], solutions, None
    puzzles, solutions, every = [], [], []
    for number, block in enumerate(blocks, job * len(blocks)):
        verdicts, found = looked_at(block, seed, number, wanted)
        puzzles += list(found)
        solutions += list(block.only(that_fit(verdicts)).solutions_as_roles())
        every.append(verdicts)
    return puzzles, solutions, np.concatenate(every)


def job_blocks(spec: Spec, seed: int, job: int) -> list[Block]:
    """Return a job's blocks, each without its own duplicates."""
    blocks = [candidates(spec, seed, job * blocks_a_job(spec) + number) for number in range(blocks_a_job(spec))]
    if spec.duplicates:
        return blocks
    # Those of other blocks are dropped later; those of the same are many where there are few puzzles.
    return [block.only(first_occurrences(block.marks)) for block in blocks]
