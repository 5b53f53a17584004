"""Rows by the million: made block by block by all processors, and written to a file whole or not at all."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import count, islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Thread
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np

from knk.candidates import TABLE_PEOPLE, Block
from knk.canonical import Words
from knk.errors import BadFile, KnkError, NotEnough
from knk.generate import Sieve, candidates, first_occurrences, sizes
from knk.rows import DEFAULT_STYLE, Row, schema, table_of
from knk.spec import Spec

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS: Final = (".parquet", ".jsonl")
ROWS_ALONE: Final = 20_000
"""Up to this many rows one process makes them all: more would take longer to start than to work."""
CHUNK: Final = 1 << 16
"""People in the rows that are put in order and written at a time; these rows are a row group of a Parquet file."""
_PLANTED_BLOCKS: Final = 16
_READ: Final = 4096


def rows(spec: Spec, n: int, seed: int = 0, style: str = DEFAULT_STYLE, processes: int | None = 1) -> Iterator[Row]:
    """Return an iterator over the rows of the puzzles that `generate` gives for the same arguments.

    Args:
        spec: what puzzles to make.
        n: how many rows.
        seed: any whole number.
        style: the style of the English, one of `knk.text.render.STYLES`.
        processes: how many processes make them, None for one a processor; a script that asks for more than one has
            to guard its start with `if __name__ == "__main__"`.

    Raises:
        NotEnough: there are not that many puzzles, or no more could be found; the rows of those there are come first.

    >>> from knk.spec import Spec
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
        style: the style of the English, one of `knk.text.render.STYLES`.
        processes: how many processes make them, None for one a processor; a script that asks for more than one has
            to guard its start with `if __name__ == "__main__"`.
        progress: called with the number of rows written since it was called last.

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
            for table in tables(spec, n, seed, style, processes):
                append(table)
                if progress:
                    progress(len(table))


def read(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """Return an iterator over the rows of a Parquet or JSON lines file, in order, a piece of it in memory at a time.

    Raises:
        BadFile: the name says nothing of its format, or the content is of another.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise BadFile(f"{path.name!r} should end in {' or '.join(FORMATS)}")
    return _read_parquet(path) if path.suffix == ".parquet" else _read_lines(path)


def _read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_READ):
                yield from batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise BadFile(f"{path.name} is not a Parquet file: {str(error).splitlines()[0]}") from error


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise BadFile(f"{path.name}, line {number}: not JSON") from error
            if not isinstance(row, dict):
                raise BadFile(f"{path.name}, line {number}: a row is a JSON object")
            yield row


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write that takes the path's place at the end, and vanishes if there is an error."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            umask = os.umask(0)
            os.umask(umask)
            Path(file.name).chmod(0o666 & ~umask)
            Path(file.name).replace(path)
        except BaseException:
            # It is gone if the interruption came right after it took its place.
            Path(file.name).unlink(missing_ok=True)
            raise


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
    spec: Spec, n: int, seed: int = 0, style: str = DEFAULT_STYLE, processes: int | None = 1
) -> Iterator[pa.Table]:
    """Return an iterator over the rows that `rows` gives, as Arrow tables of many rows each.

    Args:
        spec: what puzzles to make.
        n: how many rows.
        seed: any whole number.
        style: the style of the English, one of `knk.text.render.STYLES`.
        processes: as for `rows`.

    Raises:
        NotEnough: there are not that many puzzles, or no more could be found; the rows of those there are come first.

    >>> from knk.spec import Spec
    >>> [table.num_rows for table in tables(Spec(people=4), 10)]
    [10]
    """
    least, most = spec.people_range
    with executor(n, processes) as (pool, workers):
        streams = {
            people: _Stream(replace(spec, people=people), seed, style, pool, workers)
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


class _Stream:
    """The rows of one number of people, made ahead by an executor."""

    def __init__(self, spec: Spec, seed: int, style: str, executor: Executor, workers: int) -> None:
        self._job = (spec, seed, style)
        self._executor = executor
        self._ahead = 2 * workers if workers > 1 else 1
        self._sieve = Sieve(spec, seed)
        self._numbers = count()
        self._under_way: deque[Future[tuple[Any, Any]]] = deque()
        self._left: pa.Table = schema().empty_table()

    def take(self, rows: int) -> tuple[pa.Table, NotEnough | None]:
        """Return the next rows, and if there are fewer why."""
        import pyarrow as pa

        tables, error = [self._left], None
        have = len(self._left)
        while have < rows and error is None:
            try:
                tables.append(self._next_table())
                have += len(tables[-1])
            except NotEnough as found:
                error = found
        table = pa.concat_tables(tables)
        self._left = table.slice(rows)
        return table.slice(0, rows), error

    def _next_table(self) -> pa.Table:
        while len(self._under_way) < self._ahead:
            self._under_way.append(self._executor.submit(_make, *self._job, next(self._numbers)))
        for _ in range(blocks_a_job(self._job[0])):
            self._sieve.next_block()
        marks, table = self._under_way.popleft().result()
        fresh = self._sieve.fresh(marks)
        return table if len(fresh) == len(table) else table.take(fresh)


def blocks_a_job(spec: Spec) -> int:
    """Return how many blocks one job makes."""
    return 1 if spec.people_range[0] <= TABLE_PEOPLE else _PLANTED_BLOCKS


def _make(spec: Spec, seed: int, style: str, job: int) -> tuple[Words, pa.Table]:
    """Return the marks and rows of a job's blocks."""
    blocks = job_blocks(spec, seed, job)
    puzzles = [puzzle for block in blocks for puzzle in block.puzzles()]
    solutions = [solution for block in blocks for solution in block.solutions_as_roles()]
    return np.concatenate([block.marks for block in blocks]), table_of(puzzles, solutions, seed, style)


def job_blocks(spec: Spec, seed: int, job: int) -> list[Block]:
    """Return a job's blocks, each without its own duplicates."""
    blocks = [candidates(spec, seed, job * blocks_a_job(spec) + number) for number in range(blocks_a_job(spec))]
    if spec.duplicates:
        return blocks
    # Those of other blocks are dropped later; those of the same are many where there are few puzzles.
    return [block.only(first_occurrences(block.marks)) for block in blocks]


@contextmanager
def executor(n: int, processes: int | None) -> Iterator[tuple[Executor, int]]:
    """Give what makes rows, this process alone for a few of them, and how many processes it has."""
    workers = (os.cpu_count() or 1) if processes is None else processes
    if workers == 1 or n <= ROWS_ALONE:
        yield _Here(), 1
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent)
    try:
        yield pool, workers
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Let this worker end when the process that it works for is killed, instead of waiting for jobs for ever."""

    def wait() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=wait, daemon=True).start()


class _Here(Executor):
    """Does each job when it is submitted, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except KnkError as error:
            future.set_exception(error)
        return future
