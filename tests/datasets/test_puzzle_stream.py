"""Puzzle streams: rows in the order of the jobs, repetitions left out, and a reason where they end."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from knk.datasets.puzzle_stream import PuzzleStream, interleave, useful_process_count
from knk.errors import NotEnough
from knk.generation.draws import IndexArray
from knk.generation.sieve import Search
from knk.generation.spec import Spec
from knk.parallel.executors import open_executor

SPEC = Spec(people=3)


@dataclass
class Numbers:
    """The rows of a job: some numbers."""

    table: pa.Table


def make(job: int) -> Numbers:
    """Return four numbers from the job's own: each job repeats three of the job before."""
    return Numbers(pa.table({"n": list(range(job, job + 4))}))


class OnlyHigher:
    """A filter that lets numbers pass that are above all earlier ones, and ends after some jobs."""

    def __init__(self, jobs: int) -> None:
        self.search = Search(SPEC, 0)
        self.jobs = jobs
        self.highest = -1
        self.taken: list[int] = []

    def new_rows(self, result: Numbers) -> IndexArray:
        numbers = np.array(result.table["n"].to_pylist())
        new = np.flatnonzero(numbers > self.highest)
        self.highest = int(numbers.max())
        return new

    def take(self, result: Numbers, rows: IndexArray) -> None:
        self.taken += [result.table["n"].to_pylist()[row] for row in rows]

    def finish(self, result: Numbers, taken: int) -> None:  # noqa: ARG002 - the protocol passes them
        self.jobs -= 1
        if not self.jobs:
            raise NotEnough("no more", len(self.taken))


@pytest.mark.parametrize("sizes", [[10], [1] * 10, [3, 0, 7], [6, 4]])
def test_rows_are_new_and_in_order_however_they_are_taken(sizes: list[int]) -> None:
    row_filter = OnlyHigher(jobs=100)
    reported: list[int] = []
    with open_executor(processes=1) as (executor, workers):
        stream = PuzzleStream(SPEC, make, row_filter, executor, workers, expected=10, progress=reported.append)
        rows: list[int] = []
        for size in sizes:
            tables, error = stream.take(size)
            assert error is None
            assert sum(map(len, tables)) == size
            rows += [number for table in tables for number in table["n"].to_pylist()]
    assert rows == list(range(10)) == row_filter.taken
    assert sum(reported) == 10


def test_a_stream_that_ends_gives_its_last_rows_and_the_reason() -> None:
    with open_executor(processes=1) as (executor, workers):
        stream = PuzzleStream(SPEC, make, OnlyHigher(jobs=3), executor, workers, expected=10)
        tables, error = stream.take(10)
        assert sum(map(len, tables)) == 6
        assert str(error) == "no more"
        assert stream.take(0) == ([], None)
        assert stream.take(1) == ([], error)


def test_tables_are_interleaved_by_position() -> None:
    tables = [pa.table({"n": [10, 30]}), pa.table({"n": [0, 20]})]
    assert interleave(tables, [np.array([1, 3]), np.array([0, 2])])["n"].to_pylist() == [0, 10, 20, 30]


def test_few_rows_use_one_process_unless_they_need_a_search() -> None:
    assert useful_process_count(100, 4, searching=False) == 1
    assert useful_process_count(100, 4, searching=True) == 4
    assert useful_process_count(100, 4, searching=False, single_process_rows=99) == 4
