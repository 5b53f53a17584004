"""The rows of a corpus: with keys and perhaps measures, each key once in the whole corpus, part by part."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import astuple, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from knk.datasets.config import CorpusConfig
from knk.datasets.jobs import blocks_per_job, job_blocks, select_puzzles
from knk.datasets.puzzle_stream import PuzzleStream, interleave
from knk.datasets.rows import schema, table_of
from knk.datasets.split import Shares, key_words, split_indices, split_of
from knk.errors import GaveUp, NotEnough
from knk.generation.draws import IndexArray
from knk.generation.hashset import HashSet
from knk.generation.sieve import Search, SearchLimits, SearchState
from knk.generation.spec import Spec
from knk.generation.targets import Verdicts
from knk.logic.mixing import UInt64Array
from knk.logic.puzzle import Puzzle
from knk.proofs.difficulty import MEASURES, difficulty

if TYPE_CHECKING:
    import pyarrow as pa


def corpus_schema(measures: bool = False) -> pa.Schema:
    """Return the Arrow schema of a corpus: the columns of rows, the puzzle's `key`, and perhaps its measures.

    Args:
        measures: whether there are columns of measures, named as in `knk.proofs.difficulty.MEASURES`; they are null
            for a puzzle that is too hard to measure.

    >>> corpus_schema().names[-1]
    'key'
    >>> corpus_schema(measures=True).names[7:]
    ['grade', 'widest', 'rounds', 'suppositions', 'nesting', 'steps']
    """
    import pyarrow as pa

    fields = [pa.field("key", pa.string()), *(pa.field(name, pa.int32()) for name in MEASURES if measures)]
    return pa.schema([*schema(), *fields])


class PartStream:
    """The rows of a part of a corpus: each number of people has its own stream, and they take turns.

    Args:
        config: the corpus config.
        index: the index of the part.
        seen: the keys of all rows of the corpus so far.
        executor: runs the jobs.
        workers: how many processes the executor has.
        limits: when the search for new puzzles is given up.
        states: where to resume: what `states` returned after the last batch of the part.
    """

    def __init__(
        self,
        config: CorpusConfig,
        index: int,
        seen: HashSet,
        executor: Executor,
        workers: int,
        limits: SearchLimits,
        states: Mapping[str, Sequence[int]],
    ) -> None:
        part = config.parts[index]
        seed = _part_seed(config.seed, index)
        minimum, maximum = part.spec.people_range
        self._name = part.name
        self._filters: dict[int, _KeyFilter] = {}
        self._streams: dict[int, PuzzleStream[_JobRows]] = {}
        for people in range(minimum, maximum + 1):
            spec = replace(part.spec, people=people)
            search = Search(spec, seed, limits, SearchState(*states.get(str(people), ())))
            task = _Task(spec, seed, config.style, config.shares, part.splits, config.measures)
            self._filters[people] = _KeyFilter(search, seen, blocks_per_job(spec))
            self._streams[people] = PuzzleStream(
                spec,
                partial(_make_rows, task),
                self._filters[people],
                executor,
                workers,
                expected=-(-part.rows // (maximum - minimum + 1)),
            )

    def take(self, start: int, rows: int) -> pa.Table:
        """Return the next rows.

        Args:
            start: how many rows of the part come before them.
            rows: how many rows.

        Raises:
            NotEnough: there are not so many rows, or no more could be found.
        """
        stream_indices = (start + np.arange(rows)) % len(self._streams)
        tables, positions = [], []
        for stream_index, stream in enumerate(self._streams.values()):
            positions.append(np.flatnonzero(stream_indices == stream_index))
            parts, error = stream.take(len(positions[-1]))
            if error:
                raise NotEnough(f"part {self._name}: {error}", error.found)
            tables += parts
        return interleave(tables, positions)

    def states(self) -> dict[str, list[int]]:
        """Return the state of the search for each number of people."""
        return {str(people): list(astuple(rows.search.state)) for people, rows in self._filters.items()}

    def cancel(self) -> None:
        """Cancel the jobs that were started ahead."""
        for stream in self._streams.values():
            stream.cancel()


def _part_seed(seed: int, index: int) -> int:
    """Return the seed of a part; without it, parts of the same specification would begin with the same puzzles."""
    return int.from_bytes(hashlib.blake2b(f"{seed} {index}".encode(), digest_size=8).digest())


@dataclass(frozen=True)
class _Task:
    """What the jobs of a stream have in common."""

    spec: Spec
    seed: int
    style: str
    shares: Shares
    splits: tuple[str, ...]
    measures: bool


@dataclass(frozen=True)
class _JobRows:
    """What a job made.

    Args:
        keys: the keys of the rows, all different, shape (rows, 2).
        table: the rows.
        verdicts: verdicts on all puzzles of the job's blocks, if there is a target.
    """

    keys: UInt64Array
    table: pa.Table
    verdicts: Verdicts | None


def _make_rows(task: _Task, number: int) -> _JobRows:
    """Return the rows of a job."""
    # A key costs less than measuring, and tells whether that is needed.
    accepts = partial(_is_in_splits, task.splits, task.shares) if task.splits else None
    blocks = job_blocks(task.spec, task.seed, number)
    puzzles, solutions, verdicts = select_puzzles(blocks, task.seed, number, accepts)
    keys = [puzzle.key for puzzle in puzzles]
    words = key_words(keys)
    new_indices = set({key: index for index, key in reversed(list(enumerate(keys)))}.values())
    if task.splits and keys:
        task_splits = [index for index, (split, _) in enumerate(task.shares) if split in task.splits]
        new_indices &= set(np.flatnonzero(np.isin(split_indices(words, task.shares), task_splits)).tolist())
    indices = sorted(new_indices)
    chosen = [puzzles[i] for i in indices]
    table = table_of(chosen, [solutions[i] for i in indices], task.seed, task.style)
    return _JobRows(words[indices], _with_keys(table, chosen, [keys[i] for i in indices], task.measures), verdicts)


def _is_in_splits(splits: tuple[str, ...], shares: Shares, puzzle: Puzzle) -> bool:
    return split_of(puzzle.key, shares) in splits


def _with_keys(table: pa.Table, puzzles: Sequence[Puzzle], keys: Sequence[str], measures: bool) -> pa.Table:
    """Return rows with their keys and, if requested, their measures."""
    import pyarrow as pa

    columns: list[Any] = [pa.array(keys, pa.string())]
    if measures:
        rows = list(map(_measures, puzzles))
        columns += [pa.array([row[index] for row in rows], pa.int32()) for index in range(len(MEASURES))]
    return pa.table([*table.columns, *columns], schema=corpus_schema(measures))


def _measures(puzzle: Puzzle) -> tuple[int | None, ...]:
    try:
        measured = difficulty(puzzle)
    except GaveUp:
        return (None,) * len(MEASURES)
    return tuple(getattr(measured, name) for name in MEASURES)


class _KeyFilter:
    """Tells new rows by their keys, among all rows of the corpus.

    Rows that are left over when a batch is full are not recorded as seen. So the number of a job, and the keys of the
    rows that were written, are all that is needed to resume.
    """

    def __init__(self, search: Search, seen: HashSet, blocks: int) -> None:
        self.search = search
        self._seen = seen
        self._blocks = blocks

    def new_rows(self, result: _JobRows) -> IndexArray:
        """Return the indices of a result's new rows."""
        return np.flatnonzero(self._seen.is_new(result.keys))

    def take(self, result: _JobRows, rows: IndexArray) -> None:
        """Record that rows were taken."""
        self._seen.add(result.keys[rows])
        if result.verdicts is None:
            self.search.state.new += len(rows)
        else:
            self.search.state.matching += len(rows)

    def finish(self, result: _JobRows, taken: int) -> None:
        """Record that a result is used up and more rows are needed."""
        if result.verdicts is None:
            self.search.note_new(taken, len(result.keys))
        else:
            # Puzzles that do not match have no keys, so all that were examined count as new.
            self.search.state.new += len(result.verdicts)
            self.search.note_verdicts(result.verdicts, taken)
        self.search.finish_blocks(self._blocks)
