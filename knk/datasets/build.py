"""Corpora: a folder of Parquet files, one folder a split, no puzzle twice, the same bytes whoever builds it.

A corpus is made batch by batch. All of a batch depends on the config, on its own number and on the keys of the puzzles
before it; so it is enough to know which batches are there to go on where a killed process left off. Their files, and a
journal of a line a batch, lie in a hidden folder inside the corpus's until all is done: who reads the folder before
finds no corpus, and never a part of one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from knk.datasets.config import CorpusConfig
from knk.datasets.files import split_readme
from knk.datasets.journal import UNFINISHED, Journal, check_about, open_journal
from knk.datasets.keyset import KeySet
from knk.datasets.manifest import MANIFEST, README, File, Manifest
from knk.datasets.rows import schema, table_of
from knk.datasets.split import (
    Shares,
    key_words,
    split_of,
    split_places,
)
from knk.datasets.stream import (
    blocks_a_job,
    job_blocks,
    wanted_of,
    worth_starting,
)
from knk.errors import GaveUp, NotEnough
from knk.files import whole_file
from knk.generation.generate import (
    NEWS,
    PATIENCE,
    SEARCH,
    note_gave_up,
    told_search,
)
from knk.generation.sampled import (
    MAX_SAMPLED_PEOPLE,
    block_size,
    how_many,
    vocabulary_for,
)
from knk.generation.spec import Spec
from knk.generation.targets import Verdicts, cost
from knk.logic.mixing import UInt64Array
from knk.logic.puzzle import Puzzle
from knk.parallel.executors import open_executor
from knk.proofs.difficulty import MEASURES, difficulty
from knk.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa

BATCH: Final = 1 << 19
"""People in the rows of a batch: what is held in memory, and what a kill may cost."""
SEARCHED_BATCH: Final = 1 << 15
"""The same where rows are searched for, which takes longer."""
JOBS_AHEAD: Final = 4
"""Jobs a process that may be under way or waiting."""


def corpus_schema(measures: bool = False) -> pa.Schema:
    """Return the Arrow schema of a corpus: the columns of rows, `key`, the puzzle's key, and its measures.

    Args:
        measures: whether there are columns of measures, as `knk.proofs.difficulty.MEASURES` names them; they are null
            for a puzzle that is too hard to measure.

    >>> corpus_schema().names[-1]
    'key'
    >>> corpus_schema(measures=True).names[7:]
    ['grade', 'widest', 'rounds', 'suppositions', 'nesting', 'steps']
    """
    import pyarrow as pa

    fields = [pa.field("key", pa.string()), *(pa.field(name, pa.int32()) for name in MEASURES if measures)]
    return pa.schema([*schema(), *fields])


def build(
    config: CorpusConfig,
    folder: str | os.PathLike[str],
    processes: int | None = 1,
    progress: Callable[[int], None] | None = None,
    executor: str = "local",
) -> Manifest:
    """Build a corpus, or go on with one whose building was cut off, and return its manifest.

    `datasets.load_dataset(folder)` reads it, each split by its name. A split that no puzzle fell to is not there.

    Args:
        config: what it is made of.
        folder: where to put it; made if it is not there.
        processes: how many processes make rows, None for one a processor; a script that asks for more than one has
            to guard its start with `if __name__ == "__main__"`.
        progress: called with the number of rows that are done since it was called last; the first call tells of those
            that were there already.
        executor: what runs the jobs, "local" or "ray"; see `knk.parallel.executors.open_executor`. The bytes are the
            same.

    Raises:
        BadFolder: the folder holds something else, or the corpus of another config or version of the library, or
            files of this one that were changed; or another process is building there.
        NotEnough: there are not that many puzzles, or no more could be found; nothing is left in the folder.

    >>> from tempfile import TemporaryDirectory
    >>> from knk.datasets.config import PartConfig
    >>> config = CorpusConfig((PartConfig(Spec(people=3), 100, "small"),))
    >>> with TemporaryDirectory() as folder:
    ...     sum(sum(parts.values()) for parts in build(config, folder).counts().values())
    100
    """
    folder = Path(folder)
    report = progress or (lambda _: None)
    about = {"version": __version__, "config": config.to_dict()}
    try:
        if (folder / MANIFEST).exists() and not (folder / UNFINISHED).exists():
            manifest = Manifest.read(folder)
            check_about(manifest.about, about, folder)
            manifest.check(folder)
            report(config.rows)
            return manifest
        with open_journal(folder, about) as journal:
            _build_batches(config, journal, processes, report, executor)
            manifest = _finish(folder, journal)
    except NotEnough:
        shutil.rmtree(folder / UNFINISHED)
        raise
    shutil.rmtree(folder / UNFINISHED)
    return manifest


def _build_batches(
    config: CorpusConfig, journal: Journal, processes: int | None, report: Callable[[int], None], executor: str
) -> None:
    """Build the batches that are not in the journal."""
    seen = KeySet()
    for keys in journal.written_keys():
        seen.add(keys)
    if journal.rows:
        report(journal.rows)
    searching = any(part.spec.target for part in config.parts)
    processes = worth_starting(config.rows - journal.rows, processes, searching)
    with open_executor(processes, executor) as (pool, workers):
        for index, part in enumerate(config.parts):
            done = [batch for batch in journal.batches if batch.part == index]
            maker = _PartMaker(config, index, seen, done[-1].streams if done else {}, pool, workers)
            size = max(1, (SEARCHED_BATCH if part.spec.target else BATCH) // part.spec.people_range[1])
            for number, start in enumerate(range(0, part.rows, size)):
                if number >= len(done):
                    rows = min(size, part.rows - start)
                    table = maker.batch(start, rows)
                    journal.write(index, part.name, number, table, config.shares, maker.streams_state())
                    report(rows)
            maker.stop()


def _finish(folder: Path, journal: Journal) -> Manifest:
    """Move the batches' files to their places, write the README and the manifest, and return the manifest."""
    files = journal.files
    splits = [split for split in journal.about["config"]["shares"] if any(file.split == split for file in files)]
    text = f"{journal.rows} puzzles. `{MANIFEST}` says how they were made."
    readme = split_readme(splits, "Knights and knaves", text).encode()
    for split in splits:
        (journal.folder / split).rename(folder / split)
    with whole_file(folder / README) as file:
        file.write(readme)
    manifest = Manifest(journal.about, (*files, File(README, "", "", 0, hashlib.sha256(readme).hexdigest())))
    manifest.write(folder)
    return manifest


# The rows.


class _PartMaker:
    """Makes the batches of a part; each number of people has its own stream, and they take turns."""

    def __init__(
        self,
        config: CorpusConfig,
        place: int,
        met: KeySet,
        states: Mapping[str, Sequence[int]],
        pool: Executor,
        workers: int,
    ) -> None:
        part = config.parts[place]
        self._part = part
        self._least, self._most = part.spec.people_range
        seed = _part_seed(config.seed, place)
        self._streams = [
            _Stream(
                _Task(
                    replace(part.spec, people=people), seed, config.style, config.shares, part.splits, config.measures
                ),
                met,
                states.get(str(people), (0, 0, 0, 0, 0)),
                -(-part.rows // (self._most - self._least + 1)),
                pool,
                JOBS_AHEAD * workers if workers > 1 else 1,
            )
            for people in range(self._least, self._most + 1)
        ]

    def batch(self, start: int, rows: int) -> pa.Table:
        """Return so many rows of a part, of which `start` come before them."""
        import pyarrow as pa

        turns = (start + np.arange(rows)) % len(self._streams)
        tables, places = [], []
        for turn, stream in enumerate(self._streams):
            where = np.flatnonzero(turns == turn)
            try:
                tables += stream.take(len(where))
            except NotEnough as error:
                raise NotEnough(f"part {self._part.name}: {error}", error.found) from None
            places.append(where)
        table = pa.concat_tables(tables)
        return table if len(places) == 1 else table.take(np.argsort(np.concatenate(places)))

    def streams_state(self) -> dict[str, list[int]]:
        """Return for each number of people where its stream is."""
        return {str(self._least + turn): stream.state() for turn, stream in enumerate(self._streams)}

    def stop(self) -> None:
        """Forget the jobs that nobody waits for."""
        for stream in self._streams:
            stream.stop()


def _part_seed(seed: int, place: int) -> int:
    """Return a part's seed: parts of one specification would else begin with the same puzzles."""
    return int.from_bytes(hashlib.blake2b(f"{seed} {place}".encode(), digest_size=8).digest())


@dataclass(frozen=True)
class _Task:
    """What the jobs of a stream have in common."""

    spec: Spec
    seed: int
    style: str
    shares: Shares
    splits: tuple[str, ...]
    measures: bool

    @property
    def tries(self) -> int:
        """How many candidates a job looks at."""
        people = self.spec.people_range[0]
        return blocks_a_job(self.spec) * (1 if people > MAX_SAMPLED_PEOPLE else block_size(people))


@lru_cache(maxsize=16)
def _total(task: _Task) -> int | None:
    """Return how many puzzles there are, where they can be counted."""
    people = task.spec.people_range[0]
    return None if people > MAX_SAMPLED_PEOPLE else how_many(vocabulary_for(task.spec, people, task.seed, 0))


@dataclass(frozen=True)
class _Made:
    """What a job made.

    Args:
        keys: the keys of the rows, all different.
        table: the rows.
        verdicts: verdicts on all puzzles of the job's blocks, where there is a target.
    """

    keys: UInt64Array
    table: pa.Table
    verdicts: Verdicts | None


def _job(task: _Task, number: int) -> _Made:
    """Return a job's rows."""
    # A key costs less than measuring, and says whether that is worth it.
    wanted = partial(_is_in, task.splits, task.shares) if task.splits else None
    puzzles, solutions, verdicts = wanted_of(job_blocks(task.spec, task.seed, number), task.seed, number, wanted)
    keys = [puzzle.key for puzzle in puzzles]
    words = key_words(keys)
    kept = set({key: place for place, key in reversed(list(enumerate(keys)))}.values())
    if task.splits and keys:
        ours = [place for place, (split, _) in enumerate(task.shares) if split in task.splits]
        kept &= set(np.flatnonzero(np.isin(split_places(words, task.shares), ours)).tolist())
    places = sorted(kept)
    chosen = [puzzles[i] for i in places]
    table = table_of(chosen, [solutions[i] for i in places], task.seed, task.style)
    return _Made(words[places], _with_more(table, chosen, [keys[i] for i in places], task.measures), verdicts)


def _is_in(splits: tuple[str, ...], shares: Shares, puzzle: Puzzle) -> bool:
    return split_of(puzzle.key, shares) in splits


def _with_more(table: pa.Table, puzzles: Sequence[Puzzle], keys: Sequence[str], measures: bool) -> pa.Table:
    """Return rows with their keys and, if wanted, their measures."""
    import pyarrow as pa

    columns: list[Any] = [pa.array(keys, pa.string())]
    if measures:
        rows = list(map(_measures, puzzles))
        columns += [pa.array([row[place] for row in rows], pa.int32()) for place in range(len(MEASURES))]
    return pa.table([*table.columns, *columns], schema=corpus_schema(measures))


def _measures(puzzle: Puzzle) -> tuple[int | None, ...]:
    try:
        found = difficulty(puzzle)
    except GaveUp:
        return (None,) * len(MEASURES)
    return tuple(getattr(found, name) for name in MEASURES)


class _Stream:
    """The new rows of one number of people, made ahead by an executor.

    The rows of a job that are left over when enough are taken are not remembered as met: those of them that were
    taken are, and so the job's number is all that is needed to go on.
    """

    def __init__(self, task: _Task, met: KeySet, state: Sequence[int], wanted: int, pool: Executor, ahead: int) -> None:
        self._task = task
        self._met = met
        self._number, self._taken, *self._watched = state
        self._pool = pool
        self._wanted = wanted
        self._ahead = ahead
        # Nobody knows how many rows a search finds next, so no process is left idle for the sake of too many.
        self._least_ahead = max(1, ahead // JOBS_AHEAD) if task.spec.target else 1
        self._job_rows = task.tries // 8 + 1
        self._under_way: deque[Future[_Made]] = deque()

    def state(self) -> list[int]:
        """Return what a stream that goes on from here has to be told."""
        return [self._number, self._taken, *self._watched]

    def take(self, rows: int) -> list[pa.Table]:
        """Return the next rows."""
        tables = []
        while rows:
            made = self._current()
            fresh = np.flatnonzero(self._met.lacks(made.keys))[:rows]
            self._met.add(made.keys[fresh])
            tables.append(made.table if len(fresh) == len(made.table) else made.table.take(fresh))
            self._taken += len(fresh)
            rows -= len(fresh)
            if rows:
                self._go_on(found_none=not len(fresh))
        return tables

    def stop(self) -> None:
        """Forget the jobs that were begun."""
        for future in self._under_way:
            future.cancel()
        self._under_way.clear()

    def _current(self) -> _Made:
        ahead = min(self._ahead, self._least_ahead + (self._wanted - self._taken) // self._job_rows)
        while len(self._under_way) < ahead:
            self._under_way.append(self._pool.submit(_job, self._task, self._number + len(self._under_way)))
        made = self._under_way[0].result()
        self._job_rows = len(made.keys) + 1
        return made

    def _go_on(self, found_none: bool) -> None:
        """Go to the next job, or give up where there is no hope."""
        verdicts = self._under_way.popleft().result().verdicts
        self._number += 1
        people = self._task.spec.people_range[0]
        if verdicts is not None:
            self._search_on(verdicts, found_none)
            return
        if found_none and _total(self._task) == self._taken:
            raise NotEnough(f"there are only {self._taken} different puzzles of {people} people", self._taken)
        number, taken, _ = self._watched
        if (self._number - number) * self._task.tries >= PATIENCE:
            if self._taken - taken < (NEWS if _total(self._task) is None else 1):
                raise NotEnough(
                    f"only {self._taken} new puzzles of {people} people were found in "
                    f"{self._number * self._task.tries} tries",
                    self._taken,
                )
            self._watched = [self._number, self._taken, 0]

    def _search_on(self, verdicts: Verdicts, found_none: bool) -> None:
        """Take note of how the search for a target goes, or give it up."""
        spec = self._task.spec
        people = spec.people_range[0]
        spent, looked_at, gave_up = self._watched
        spent = spent + cost(verdicts, people) if found_none else 0
        looked_at += len(verdicts)
        gave_up += note_gave_up(verdicts, people)
        self._watched = [spent, looked_at, gave_up]
        if spent >= SEARCH:
            raise NotEnough(
                f"the search among puzzles of {people} people finds no more that are new"
                + told_search(spec, looked_at, self._taken, gave_up),
                self._taken,
            )
