"""What is the matter with a dataset: rows that are wrong, rows that are there twice, and test rows that are in train.

Any set of knights and knaves puzzles will do, this library's or another's. In each row the puzzle is looked for in
`PUZZLE_COLUMN`, then in `TEXT_COLUMNS`, and the stored answer in `ANSWER_COLUMNS`. Rows stream past; what is kept of
each is a 64-bit fingerprint for each level of sameness. (Among a million rows two that differ are taken for the same
less than once in a million audits.)

`knk.datasets.audit.sameness` lists the levels.
"""

from __future__ import annotations

import os
from array import array
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import combinations, islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from knk.datasets.audit.checks import FAULTS, RowFacts, check_rows, quote, shorten
from knk.datasets.audit.report import Audit, Example, Finding, Leak, Part
from knk.datasets.audit.sameness import LEVELS
from knk.datasets.audit.sources import SourceFile, pooled, splits
from knk.parallel.executors import open_executor

EXAMPLES: Final = 3
ROWS_ALONE: Final = 2000
"""Up to this many rows one process looks at all: more would take longer to start than to work."""

_CHUNK: Final = 200


def audit(
    a: str | os.PathLike[str],
    b: str | os.PathLike[str] | None = None,
    progress: Callable[[int], None] | None = None,
    processes: int | None = 1,
    executor: str = "local",
) -> Audit:
    """Return what is the matter with a dataset, or with two and what they share.

    A dataset is a Parquet or JSON lines file, a folder of such, or a name on the Hugging Face Hub. One dataset is
    looked at split by split: a file belongs to the split that its name, or its folder's, mentions. Two are compared
    whole.

    Args:
        a: a dataset; what is counted as a leak is what of the other stands in this one.
        b: another.
        progress: called with the number of rows looked at since it was called last.
        processes: how many processes look at rows, None for one a processor; a script that asks for more than one has
            to guard its start with `if __name__ == "__main__"`.
        executor: what runs the jobs, "local" or "ray"; see `knk.parallel.executors.open_executor`.

    Raises:
        BadFile: there is no such dataset, or a file of it cannot be read as rows.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "one.jsonl")
    ...     _ = path.write_text('{"puzzle": "Ann,Bob 0:&(-0,-1)", "solution": [true, true]}')
    ...     found = audit(path)
    >>> [(fault.what, fault.count) for fault in found.parts[0].faults if fault.count]
    [('wrong answer', 1)]
    """
    progress = progress or _ignore
    parts = splits(a) if b is None else pooled(a, b)
    rows = (row for files in parts.values() for file in files for row in file.read())
    few = len(list(islice(rows, ROWS_ALONE + 1))) <= ROWS_ALONE
    with open_executor(1 if few else processes, "local" if few else executor) as (pool, workers):
        ahead = 1 if workers == 1 else 4 * workers
        seen = [_Seen(name, files).read(pool, ahead, progress) for name, files in parts.items()]
    pairs = list(combinations(seen, 2))
    same_inside = [part.repeated() for part in seen]
    same_across = [target.standing_in(source) for source, target in pairs]
    _Quotes(seen).fill([found for group in (*same_inside, *same_across) for found in group])
    return Audit(
        tuple(part.part(found) for part, found in zip(seen, same_inside, strict=True)),
        tuple(
            Leak(source.name, target.name, tuple(map(_Same.finding, found)))
            for (source, target), found in zip(pairs, same_across, strict=True)
        ),
    )


def _ignore(rows: int) -> None:
    """Take no notice of progress."""


# A part, row by row.


@dataclass
class _Found:
    """A finding in the making."""

    what: str
    by_people: Counter[int] = field(default_factory=Counter)
    count: int = 0
    of: int = 0
    examples: list[Example] = field(default_factory=list)

    def add(self, people: int, place: str, text: str, count: int = 1) -> None:
        self.count += count
        self.by_people[people] += count
        if len(self.examples) < EXAMPLES:
            self.examples.append(Example(place, shorten(text)))

    def finding(self, totals: Mapping[int, int]) -> Finding:
        shares = tuple((people, found, totals[people]) for people, found in sorted(self.by_people.items()) if people)
        return Finding(self.what, self.count, self.of, shares, tuple(self.examples))


def _chunks(rows: Iterator[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _in_order(pool: Executor, ahead: int, chunks: Iterable[list[Mapping[str, Any]]]) -> Iterator[list[RowFacts]]:
    """Iterate over the facts of chunks, in order, so many of which are under way at a time."""
    under_way: deque[Future[list[RowFacts]]] = deque()
    for chunk in chunks:
        under_way.append(pool.submit(check_rows, chunk))
        if len(under_way) == ahead:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


class _Seen:
    """A part's rows, once they are read: their fingerprints and what was found."""

    def __init__(self, name: str, files: list[SourceFile]) -> None:
        self.name = name
        self.files = files
        self.ends: list[int] = []
        self.rows = 0
        self.marks = [array("Q") for _ in LEVELS]
        self.sizes = array("I")
        self.people: Counter[int] = Counter()
        self.roles: Counter[int] = Counter()
        self.kinds: Counter[str] = Counter()
        self.not_compared = 0
        self.faults = {what: _Found(what) for what in FAULTS}
        self.trivial = _Found("trivial statement")
        self.knights = _Found("knights")

    def read(self, pool: Executor, ahead: int, progress: Callable[[int], None]) -> _Seen:
        """Look at every row, at so many chunks of them at a time."""
        for file in self.files:
            number = 0
            for found in _in_order(pool, ahead, _chunks(file.read())):
                for facts in found:
                    number += 1
                    self._take(facts, f"{file.name}:{number}")
                progress(len(found))
            self.ends.append(self.rows)
        return self

    def place(self, row: int) -> str:
        """Return the name of a row that is counted from 0 through the part."""
        file = next(number for number, end in enumerate(self.ends) if row < end)
        return f"{self.files[file].name}:{row - (self.ends[file - 1] if file else 0) + 1}"

    def _take(self, facts: RowFacts, place: str) -> None:
        """Take note of what was found out about the next row."""
        people = facts.people
        self.rows += 1
        self.faults["unreadable"].of += 1
        for kept, mark in zip(self.marks, facts.marks, strict=True):
            kept.append(mark)
        self.sizes.append(people)
        if not people:
            self.faults["unreadable"].add(0, place, facts.unreadable)
            return
        self.not_compared += not (facts.marks[2] and facts.marks[3])
        self.people[people] += 1
        self.kinds.update(facts.kinds)
        self.trivial.of += 1
        if facts.trivial:
            self.trivial.add(people, place, facts.trivial)
        for what, problem in facts.problems:
            self.faults[what].of += 1
            if problem:
                self.faults[what].add(people, place, problem)
        if facts.knights is not None:
            self.roles[people] += people
            self.knights.of += people
            self.knights.by_people[people] += facts.knights
            self.knights.count += facts.knights

    def repeated(self) -> list[_Same]:
        """Return for each level the rows that repeat an earlier one."""
        same = []
        for level, marks in zip(LEVELS, map(_words, self.marks), strict=True):
            rows = np.flatnonzero(marks)
            _, first, inverse = np.unique(marks[rows], return_index=True, return_inverse=True)
            again = first[inverse] != np.arange(len(rows))
            if len(rows):
                same.append(_Same(level, self, self, rows[again], rows[first[inverse[again]]], len(rows)))
        return same

    def standing_in(self, source: _Seen) -> list[_Same]:
        """Return for each level the rows that stand in another part too."""
        same = []
        for level, mine, other in zip(LEVELS, map(_words, self.marks), map(_words, source.marks), strict=True):
            rows = np.flatnonzero(mine)
            known, first = np.unique(other, return_index=True)
            if not len(rows) or not other.any():
                continue
            at = np.searchsorted(known, mine[rows]).clip(max=len(known) - 1)
            there = known[at] == mine[rows]
            same.append(_Same(level, self, source, rows[there], first[at[there]], len(rows)))
        return same

    def part(self, duplicates: list[_Same]) -> Part:
        return Part(
            self.name,
            self.rows,
            tuple(found.finding(self.people) for found in self.faults.values()),
            self.trivial.finding(self.people),
            self.knights.finding(self.roles),
            tuple(map(_Same.finding, duplicates)),
            tuple(self.kinds.most_common()),
            tuple((str(people), count) for people, count in sorted(self.people.items())),
            self.not_compared,
        )


def _words(marks: array[int]) -> npt.NDArray[np.uint64]:
    return np.frombuffer(marks, dtype=np.uint64) if marks else np.zeros(0, dtype=np.uint64)


class _Same:
    """Rows of a part that are the same, at a level, as rows of a part."""

    def __init__(
        self,
        level: str,
        part: _Seen,
        source: _Seen,
        rows: npt.NDArray[np.intp],
        same_as: npt.NDArray[np.intp],
        of: int,
    ) -> None:
        self.level = level
        self.part = part
        self.source = source
        self.of = of
        self.count = len(rows)
        self.by_people = Counter(part.sizes[row] for row in rows.tolist())
        self.pairs = list(zip(rows[:EXAMPLES].tolist(), same_as[:EXAMPLES].tolist(), strict=True))
        self.examples: tuple[Example, ...] = ()

    def finding(self) -> Finding:
        found = _Found(self.level, self.by_people, self.count, self.of, list(self.examples))
        return found.finding(self.part.people)


class _Quotes:
    """The rows that examples quote, read a second time: nobody knew before which they would be."""

    def __init__(self, parts: list[_Seen]) -> None:
        self._parts = parts

    def fill(self, found: list[_Same]) -> None:
        """Give everything found its examples."""
        wanted: defaultdict[int, set[int]] = defaultdict(set)
        for same in found:
            for row, other in same.pairs:
                wanted[id(same.part)].add(row)
                wanted[id(same.source)].add(other)
        texts = {(id(part), row): text for part in self._parts for row, text in _reread(part, wanted[id(part)])}
        for same in found:
            same.examples = tuple(
                Example(
                    same.part.place(row),
                    texts[id(same.part), row],
                    same.source.place(other),
                    texts[id(same.source), other],
                )
                for row, other in same.pairs
            )


def _reread(part: _Seen, wanted: set[int]) -> Iterator[tuple[int, str]]:
    start = 0
    for file, end in zip(part.files, part.ends, strict=True):
        here = {row for row in wanted if start <= row < end}
        if here:
            rows = islice(enumerate(file.read(), start), max(here) - start + 1)
            yield from ((number, quote(row)) for number, row in rows if number in here)
        start = end
