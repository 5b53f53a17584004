"""Corpora: a folder of Parquet files, one folder a split, no puzzle twice, the same bytes whoever builds it.

A corpus is made batch by batch. All of a batch depends on the recipe, on its own number and on the keys of the puzzles
before it; so it is enough to know which batches are there to go on where a killed process left off. Their files, and a
journal of a line a batch, lie in a hidden folder inside the corpus's until all is done: who reads the folder before
finds no corpus, and never a part of one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from knk.datasets.config import Recipe
from knk.datasets.files import split_readme
from knk.datasets.rows import schema, table_of
from knk.datasets.split import (
    Shares,
    key_words,
    split_of,
    split_places,
)
from knk.datasets.stream import (
    CHUNK,
    blocks_a_job,
    job_blocks,
    wanted_of,
)
from knk.errors import BadFolder, GaveUp, NotEnough
from knk.files import lock, whole_file
from knk.generation.generate import (
    NEWS,
    PATIENCE,
    SEARCH,
    note_gave_up,
    told_search,
)
from knk.generation.sampled import (
    TABLE_PEOPLE,
    block_size,
    how_many,
    vocabulary_for,
)
from knk.generation.spec import Spec
from knk.generation.targets import Verdicts, cost
from knk.logic.keys import UInt64Array
from knk.logic.puzzle import Puzzle
from knk.parallel.executors import executor
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
MANIFEST: Final = "manifest.json"
README: Final = "README.md"
_UNFINISHED: Final = ".unfinished"
_JOURNAL: Final = "journal.jsonl"


@dataclass(frozen=True)
class File:
    """A file of a corpus.

    Args:
        path: where it is, in the corpus's folder, with `/` between the parts.
        split: its split, "" for a file that is no data.
        part: the part of the recipe that its rows come from, likewise.
        rows: how many rows it has.
        sha256: the hash of its bytes, in hexadecimal digits.
    """

    path: str
    split: str
    part: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a corpus is: its recipe, what made it, and its files.

    Args:
        recipe: the recipe, as `Recipe.as_dict` has it.
        version: the version of the library.
        files: all files but the manifest's own.
    """

    recipe: Mapping[str, Any]
    version: str
    files: tuple[File, ...]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many rows each split has from each part.

        >>> Manifest({}, "1", (File("train/a-00000.parquet", "train", "a", 7, ""),)).counts()
        {'train': {'a': 7}}
        """
        result: dict[str, dict[str, int]] = {}
        for file in self.files:
            if file.split:
                of_split = result.setdefault(file.split, {})
                of_split[file.part] = of_split.get(file.part, 0) + file.rows
        return result

    def to_json(self) -> str:
        """Return the manifest as JSON: sorted, and the same for the same corpus."""
        content = {
            "counts": self.counts(),
            "files": [asdict(file) for file in sorted(self.files, key=lambda file: file.path)],
            "recipe": self.recipe,
            "version": self.version,
        }
        return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Return the manifest that `to_json` wrote.

        Raises:
            BadFolder: the text is no manifest.
        """
        try:
            content = json.loads(text)
            return cls(content["recipe"], content["version"], tuple(File(**file) for file in content["files"]))
        except (ValueError, TypeError, KeyError) as error:
            raise BadFolder(f"{MANIFEST} is no manifest of a corpus") from error


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
    recipe: Recipe,
    folder: str | os.PathLike[str],
    processes: int | None = 1,
    progress: Callable[[int], None] | None = None,
    engine: str = "local",
) -> Manifest:
    """Build a corpus, or go on with one whose building was cut off, and return its manifest.

    `datasets.load_dataset(folder)` reads it, each split by its name. A split that no puzzle fell to is not there.

    Args:
        recipe: what it is made of.
        folder: where to put it; made if it is not there.
        processes: how many processes make rows, None for one a processor; a script that asks for more than one has
            to guard its start with `if __name__ == "__main__"`.
        progress: called with the number of rows that are done since it was called last; the first call tells of those
            that were there already.
        engine: what makes rows, "local" or "ray"; see `knk.parallel.executors.executor`. The bytes are the same.

    Raises:
        BadFolder: the folder holds something else, or the corpus of another recipe or version of the library, or
            files of this one that were changed; or another process is building there.
        NotEnough: there are not that many puzzles, or no more could be found; nothing is left in the folder.

    >>> from tempfile import TemporaryDirectory
    >>> from knk.datasets.config import Part
    >>> recipe = Recipe((Part(Spec(people=3), 100, "small"),))
    >>> with TemporaryDirectory() as folder:
    ...     sum(sum(parts.values()) for parts in build(recipe, folder).counts().values())
    100
    """
    folder = Path(folder)
    report = progress or (lambda _: None)
    header = {"recipe": json.loads(json.dumps(recipe.as_dict())), "version": __version__}
    if (folder / MANIFEST).exists() and not (folder / _UNFINISHED).exists():
        manifest = _checked(folder, header)
        report(recipe.rows)
        return manifest
    try:
        with _opened(folder, header) as journal:
            _make_batches(recipe, journal, processes, report, engine)
            manifest = _finished(folder, journal, header)
    except NotEnough:
        shutil.rmtree(folder / _UNFINISHED)
        raise
    shutil.rmtree(folder / _UNFINISHED)
    return manifest


def _make_batches(
    recipe: Recipe, journal: _Journal, processes: int | None, report: Callable[[int], None], engine: str
) -> None:
    """Make the batches that are not there."""
    met = _Keys()
    for keys in journal.written_keys():
        met.add(keys)
    if journal.rows:
        report(journal.rows)
    searching = any(part.spec.target for part in recipe.parts)
    with executor(recipe.rows - journal.rows, processes, searching, engine) as (pool, workers):
        for place, part in enumerate(recipe.parts):
            done = [entry for entry in journal.entries if entry["part"] == place]
            maker = _PartMaker(recipe, place, met, done[-1]["streams"] if done else {}, pool, workers)
            size = max(1, (SEARCHED_BATCH if part.spec.target else BATCH) // part.spec.people_range[1])
            for number, start in enumerate(range(0, part.rows, size)):
                if number >= len(done):
                    rows = min(size, part.rows - start)
                    table = maker.batch(start, rows)
                    journal.write(place, part.name, number, table, recipe.shares, maker.streams_state())
                    report(rows)
            maker.stop()


def _finished(folder: Path, journal: _Journal, header: dict[str, Any]) -> Manifest:
    """Write what goes with the data, move all into its place, and return the manifest."""
    data = [file for entry in journal.entries for file in entry["files"]]
    splits = [split for split, _ in header["recipe"]["shares"] if any(file["split"] == split for file in data)]
    text = f"{journal.rows} puzzles. `{MANIFEST}` says how they were made."
    readme = split_readme(splits, "Knights and knaves", text).encode()
    files = (*(File(**file) for file in data), File(README, "", "", 0, hashlib.sha256(readme).hexdigest()))
    manifest = Manifest(header["recipe"], header["version"], tuple(sorted(files, key=lambda file: file.path)))
    for split in splits:
        (journal.folder / split).rename(folder / split)
    for name, content in ((README, readme), (MANIFEST, manifest.to_json().encode())):
        with whole_file(folder / name) as file:
            file.write(content)
    return manifest


def _checked(folder: Path, header: dict[str, Any]) -> Manifest:
    """Return the manifest of a finished corpus after a look at its files."""
    manifest = Manifest.from_json((folder / MANIFEST).read_text(encoding="utf-8"))
    _check_same({"recipe": manifest.recipe, "version": manifest.version}, header, folder)
    for file in manifest.files:
        _check_file(folder / file.path, file.sha256)
    return manifest


def _check_same(there: Mapping[str, Any], header: Mapping[str, Any], folder: Path) -> None:
    for what, of in (("recipe", "recipe"), ("version", "version of the library")):
        if there.get(what) != header[what]:
            raise BadFolder(f"{folder} holds a corpus of another {of}: choose another folder or remove that one")


def _check_file(path: Path, sha256: str) -> bytes:
    """Return what is in a file that has to have that hash."""
    content = path.read_bytes() if path.is_file() else None
    if content is None or hashlib.sha256(content).hexdigest() != sha256:
        what = "missing" if content is None else "not as it was written"
        raise BadFolder(f"{path} is {what}: remove the folder and build it again")
    return content


# What is known of a build under way.


class _Journal:
    """The batches that are done, a line of JSON each, on the disk before the next is begun.

    Args:
        folder: where the journal and the batches' files are.
        file: the journal, open for reading and appending.
    """

    def __init__(self, folder: Path, file: IO[bytes]) -> None:
        self.folder = folder
        self._file = file
        file.seek(0)
        lines = file.read().split(b"\n")
        # The last line is empty, unless the process was killed while writing it.
        file.truncate(sum(len(line) + 1 for line in lines[:-1]))
        try:
            self.header, *self.entries = [dict(json.loads(line)) for line in lines[:-1]]
        except (ValueError, TypeError) as error:
            raise BadFolder(f"{folder / _JOURNAL} cannot be read: remove the folder and build it again") from error

    @property
    def rows(self) -> int:
        """How many rows are done."""
        return sum(file["rows"] for entry in self.entries for file in entry["files"])

    def written_keys(self) -> Iterator[UInt64Array]:
        """Iterate over the keys in the files, a file at a time, and see that they are as they were written."""
        import pyarrow.parquet as pq

        for entry in self.entries:
            for file in entry["files"]:
                content = _check_file(self.folder / file["path"], file["sha256"])
                yield key_words(pq.read_table(io.BytesIO(content), columns=["key"])["key"].to_pylist())

    def write(
        self, place: int, name: str, number: int, table: pa.Table, shares: Shares, streams: dict[str, list[int]]
    ) -> None:
        """Write a batch's files, one a split, and then its line."""
        places = split_places(key_words(table["key"].to_pylist()), shares)
        files = []
        for split_place, (split, _) in enumerate(shares):
            chosen = table.filter(places == split_place)
            if len(chosen):
                path = self.folder / split / f"{name}-{number:05}.parquet"
                sha256 = _write_table(path, chosen)
                files.append(asdict(File(f"{split}/{path.name}", split, name, len(chosen), sha256)))
        entry = {"part": place, "files": files, "streams": streams}
        self._file.write(json.dumps(entry).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.entries.append(entry)


def _write_table(path: Path, table: pa.Table) -> str:
    """Write a file and return its hash."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    table = table.combine_chunks()
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        compression_level=1,
        use_dictionary=["names.list.element"],
        row_group_size=max(1, CHUNK // max(table["people"].to_pylist())),
    )
    path.parent.mkdir(exist_ok=True)
    with whole_file(path) as file:
        file.write(buffer.getbuffer())
    return hashlib.sha256(buffer.getbuffer()).hexdigest()


@contextmanager
def _opened(folder: Path, header: dict[str, Any]) -> Iterator[_Journal]:
    """Give the journal of the build in a folder, begun now or earlier, to this process alone."""
    inside = folder / _UNFINISHED
    if not inside.exists() and folder.exists() and any(folder.iterdir()):
        raise BadFolder(f"{folder} is not empty, and holds no corpus")
    inside.mkdir(parents=True, exist_ok=True)
    with (inside / _JOURNAL).open("a+b") as file:
        lock(file, f"another process is building in {folder}")
        if not _first_line(file):
            file.truncate(0)
            file.write(json.dumps(header).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        journal = _Journal(inside, file)
        _check_same(journal.header, header, folder)
        _put_in_order(folder, journal)
        yield journal


def _first_line(file: IO[bytes]) -> bool:
    """Whether the first line is whole."""
    file.seek(0)
    return file.readline().endswith(b"\n")


def _put_in_order(folder: Path, journal: _Journal) -> None:
    """Take back what was moved when the end was cut off, and remove the files that the journal does not know."""
    for split, _ in journal.header["recipe"]["shares"]:
        if (folder / split).exists():
            (folder / split).rename(journal.folder / split)
    for path in folder.iterdir():
        if path.name in (README, MANIFEST) or path.name.startswith((f".{README}.", f".{MANIFEST}.")):
            path.unlink()
    known = {journal.folder / file["path"] for entry in journal.entries for file in entry["files"]}
    for path in journal.folder.glob("*/*"):
        if path not in known:
            path.unlink()


# The rows.


class _PartMaker:
    """Makes the batches of a part; each number of people has its own stream, and they take turns."""

    def __init__(
        self,
        recipe: Recipe,
        place: int,
        met: _Keys,
        states: Mapping[str, Sequence[int]],
        pool: Executor,
        workers: int,
    ) -> None:
        part = recipe.parts[place]
        self._part = part
        self._least, self._most = part.spec.people_range
        seed = _part_seed(recipe.seed, place)
        self._streams = [
            _Stream(
                _Task(
                    replace(part.spec, people=people), seed, recipe.style, recipe.shares, part.splits, recipe.measures
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
        return blocks_a_job(self.spec) * (1 if people > TABLE_PEOPLE else block_size(people))


@lru_cache(maxsize=16)
def _total(task: _Task) -> int | None:
    """Return how many puzzles there are, where they can be counted."""
    people = task.spec.people_range[0]
    return None if people > TABLE_PEOPLE else how_many(vocabulary_for(task.spec, people, task.seed, 0))


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

    def __init__(self, task: _Task, met: _Keys, state: Sequence[int], wanted: int, pool: Executor, ahead: int) -> None:
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


class _Keys:
    """A growing set of keys: a hash table with linear probing, 24 to 48 bytes a key, and 72 while it grows."""

    def __init__(self) -> None:
        self._count = 0
        self._cells: UInt64Array = np.zeros((1 << 12, 2), dtype=np.uint64)

    def lacks(self, keys: UInt64Array) -> npt.NDArray[np.bool_]:
        """Return which of the keys are not in the set."""
        lacking = np.ones(len(keys), dtype=bool)
        left, cells = np.arange(len(keys)), self._homes(keys)
        while len(left):
            held = self._cells[cells]
            same = (held == keys[left]).all(axis=1)
            lacking[left[same]] = False
            onward = ~same & held.any(axis=1)
            left, cells = left[onward], (cells[onward] + 1) % len(self._cells)
        return lacking

    def add(self, keys: UInt64Array) -> None:
        """Add keys, all different, that are not in the set."""
        self._count += len(keys)
        if 3 * self._count > 2 * len(self._cells):
            held = self._cells[self._cells.any(axis=1)]
            size = len(self._cells)
            while 3 * self._count > 2 * size:
                size *= 2
            self._cells = np.zeros((size, 2), dtype=np.uint64)
            self._insert(held)
        self._insert(keys)

    def _insert(self, keys: UInt64Array) -> None:
        left, cells = keys, self._homes(keys)
        while len(left):
            free = ~self._cells[cells].any(axis=1)
            self._cells[cells[free]] = left[free]
            # Where several went for one cell the last is in it, and the others go on.
            onward = (self._cells[cells] != left).any(axis=1)
            left, cells = left[onward], (cells[onward] + 1) % len(self._cells)

    def _homes(self, keys: UInt64Array) -> npt.NDArray[np.intp]:
        size = np.uint64(len(self._cells))
        return ((keys[:, 0] >> np.uint64(32)) * size >> np.uint64(32)).astype(np.intp)
