"""`PuzzleStream`: the new rows of one number of people, made ahead by an executor and taken as they are needed.

The rows of a file and the rows of a corpus come from such streams. They differ in what a job makes and in how its new
rows are told from repeated ones, which is what a `RowFilter` decides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

import numpy as np

from knk.datasets.jobs import blocks_per_job
from knk.datasets.rows import schema
from knk.errors import NotEnough
from knk.generation.draws import IndexArray
from knk.generation.sampled import MAX_SAMPLED_PEOPLE, block_size
from knk.generation.sieve import Search
from knk.generation.spec import Spec

if TYPE_CHECKING:
    import pyarrow as pa

JOBS_AHEAD: Final = 4
"""How many jobs for each worker process may be running or waiting."""
SINGLE_PROCESS_ROWS: Final = 20_000
"""Up to this many rows, unless they are searched for, one process is faster: more take longer to start than to work."""
_CANDIDATES_PER_ROW: Final = 8


class JobResult(Protocol):
    """What a job made."""

    @property
    def table(self) -> pa.Table:
        """The rows, repeated ones included."""


Result = TypeVar("Result", bound=JobResult)
_JobResult_contra = TypeVar("_JobResult_contra", bound=JobResult, contravariant=True)


class RowFilter(Protocol[_JobResult_contra]):
    """Tells the new rows of job results from repeated ones, and ends a stream when new rows have become too rare."""

    @property
    def search(self) -> Search:
        """How far the search for new rows has come."""

    def new_rows(self, result: _JobResult_contra) -> IndexArray:
        """Return the indices of a result's new rows."""

    def take(self, result: _JobResult_contra, rows: IndexArray) -> None:
        """Record that rows were taken."""

    def finish(self, result: _JobResult_contra, taken: int) -> None:
        """Record that a result is used up and more rows are needed.

        Args:
            result: the result.
            taken: how many of its rows the present request took.

        Raises:
            NotEnough: the search for new rows is given up.
        """


class PuzzleStream(Generic[Result]):
    """The new rows of one number of people.

    Args:
        spec: the specification, for one number of people.
        make: makes the result of a job from its number; it is sent to worker processes.
        row_filter: decides which rows are new; the stream starts where its search stands.
        executor: runs the jobs.
        workers: how many processes the executor has.
        expected: how many rows will be taken, roughly; fewer jobs are started ahead near the end.
        progress: called with the number of rows taken since the last call.
    """

    def __init__(
        self,
        spec: Spec,
        make: Callable[[int], Result],
        row_filter: RowFilter[Result],
        executor: Executor,
        workers: int,
        expected: int,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        people = spec.people_range[0]
        candidates = blocks_per_job(spec) * (block_size(people) if people <= MAX_SAMPLED_PEOPLE else 1)
        self._make = make
        self._filter = row_filter
        self._executor = executor
        self._expected = expected
        self._progress = progress
        self._max_ahead = JOBS_AHEAD * workers if workers > 1 else 1
        # Nobody knows how many rows a search finds next, so each process has a job even if that may be too many.
        self._min_ahead = workers if spec.target else 1
        self._rows_per_job = candidates // _CANDIDATES_PER_ROW + 1
        self._next_job = row_filter.search.state.blocks // blocks_per_job(spec)
        self._futures: deque[Future[Result]] = deque()
        self._result: Result | None = None
        self._rows: IndexArray = np.zeros(0, dtype=np.intp)
        self._table: pa.Table = schema().empty_table()
        self._end: NotEnough | None = None

    def take(self, rows: int) -> tuple[list[pa.Table], NotEnough | None]:
        """Return the next rows, and the reason if there are fewer than requested."""
        tables, taken = [], 0
        while rows and self._end is None:
            try:
                result = self._current_result()
                tables.append(self._take_from(result, rows))
                taken += len(tables[-1])
                rows -= len(tables[-1])
                if rows:
                    self._result = None
                    self._filter.finish(result, taken)
                    taken = 0
            except NotEnough as error:
                self._end = error
        return tables, self._end if rows else None

    def cancel(self) -> None:
        """Cancel the jobs that were started ahead."""
        for future in self._futures:
            future.cancel()
        self._futures.clear()

    def _current_result(self) -> Result:
        if self._result is None:
            remaining = self._expected - self._filter.search.found
            ahead = min(self._max_ahead, self._min_ahead + max(0, remaining) // self._rows_per_job)
            while len(self._futures) < ahead:
                self._futures.append(self._executor.submit(self._make, self._next_job))
                self._next_job += 1
            self._result = self._futures.popleft().result()
            table = self._result.table
            self._rows_per_job = len(table) + 1
            self._rows = self._filter.new_rows(self._result)
            self._table = table if len(self._rows) == len(table) else table.take(self._rows)
        return self._result

    def _take_from(self, result: Result, rows: int) -> pa.Table:
        table, self._table = self._table.slice(0, rows), self._table.slice(rows)
        taken, self._rows = self._rows[:rows], self._rows[rows:]
        self._filter.take(result, taken)
        if self._progress:
            self._progress(len(taken))
        return table


def useful_process_count(
    rows: int, processes: int | None, searching: bool, single_process_rows: int = SINGLE_PROCESS_ROWS
) -> int | None:
    """Return how many processes to start for so many rows: one if the rows take less time than starting more.

    >>> useful_process_count(100, None, searching=False), useful_process_count(100, None, searching=True)
    (1, None)
    """
    return processes if searching or rows > single_process_rows else 1


def interleave(tables: Sequence[pa.Table], positions: Sequence[IndexArray]) -> pa.Table:
    """Return the rows of tables in the order of their positions.

    Args:
        tables: at least one table.
        positions: the positions of all rows; in the order of the rows, in one or several arrays.
    """
    import pyarrow as pa

    table = pa.concat_tables(tables)
    return table if len(positions) == 1 else table.take(np.argsort(np.concatenate(positions)))
