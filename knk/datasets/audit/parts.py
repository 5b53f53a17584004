"""A part of the data while it is audited: the rows are read once, and only counts and fingerprints are kept."""

from __future__ import annotations

from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import numpy as np

from knk.datasets.audit.checks import FAULTS, CheckedRow, check_rows, quote, shortened
from knk.datasets.audit.report import ExampleRow, Finding, PartReport
from knk.datasets.audit.sameness import LEVELS
from knk.datasets.audit.sources import SourceFile
from knk.logic.mixing import UInt64Array

MAX_EXAMPLES: Final = 3
"""The most examples of one finding."""
_CHUNK: Final = 200
_RENAMED, _FOLDED = LEVELS.index("renamed"), LEVELS.index("folded")


@dataclass
class FindingCounter:
    """Counts one finding row by row.

    Args:
        name: what is counted.
        by_people: the count for each number of people.
        count: how often it was found.
        total: the number of rows, or of people, among which it was looked for.
        examples: the first rows that show it.
    """

    name: str
    by_people: Counter[int] = field(default_factory=Counter)
    count: int = 0
    total: int = 0
    examples: list[ExampleRow] = field(default_factory=list)

    def add(self, people: int, row: str, text: str) -> None:
        """Count a row, which has so many people."""
        self.count += 1
        self.by_people[people] += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(ExampleRow(row, shortened(text)))

    def finding(self, totals: Mapping[int, int]) -> Finding:
        """Return the finding, with the total for each number of people."""
        by_people = tuple((people, count, totals[people]) for people, count in sorted(self.by_people.items()) if people)
        return Finding(self.name, self.count, self.total, by_people, tuple(self.examples))


class Part:
    """A split, or a whole dataset, that is audited.

    Args:
        name: its name.
        files: its files.
    """

    def __init__(self, name: str, files: list[SourceFile]) -> None:
        self.name = name
        self.rows = 0
        self.sizes = array("I")
        self.people: Counter[int] = Counter()
        self._files = files
        self._ends: list[int] = []  # For each file the number of rows up to its end.
        self._fingerprints = [array("Q") for _ in LEVELS]
        self._roles: Counter[int] = Counter()
        self._kinds: Counter[str] = Counter()
        self._not_compared = 0
        self._faults = {name: FindingCounter(name) for name in FAULTS}
        self._trivial = FindingCounter("trivial statement")
        self._knights = FindingCounter("knights")

    def read(self, executor: Executor, ahead: int, progress: Callable[[int], None]) -> None:
        """Check every row.

        Args:
            executor: what checks rows.
            ahead: how many jobs to submit before the first result is read.
            progress: called with the number of rows checked since it was called last.
        """
        for file in self._files:
            number = 0
            for rows in _checked(executor, ahead, _chunks(file.read())):
                for row in rows:
                    number += 1
                    self._add(row, f"{file.name}:{number}")
                progress(len(rows))
            self._ends.append(self.rows)

    def fingerprints(self, level: int) -> UInt64Array:
        """Return the rows' fingerprints at a level, by its index; 0 where a row has none."""
        fingerprints = self._fingerprints[level]
        return np.frombuffer(fingerprints, dtype=np.uint64) if fingerprints else np.zeros(0, dtype=np.uint64)

    def row_name(self, row: int) -> str:
        """Return what to call a row, given by its index in the part: its file and its number in the file."""
        file = next(index for index, end in enumerate(self._ends) if row < end)
        return f"{self._files[file].name}:{row - (self._ends[file - 1] if file else 0) + 1}"

    def quotes(self, rows: set[int]) -> Iterator[tuple[int, str]]:
        """Read the files again, and iterate over some rows, given by their indices, with their puzzles."""
        start = 0
        for file, end in zip(self._files, self._ends, strict=True):
            in_file = {row for row in rows if start <= row < end}
            if in_file:
                contents = islice(enumerate(file.read(), start), max(in_file) - start + 1)
                yield from ((row, quote(content)) for row, content in contents if row in in_file)
            start = end

    def report(self, duplicates: Iterable[Finding]) -> PartReport:
        """Return the report on the part, with the rows that equal an earlier one."""
        return PartReport(
            self.name,
            self.rows,
            tuple(fault.finding(self.people) for fault in self._faults.values()),
            self._trivial.finding(self.people),
            self._knights.finding(self._roles),
            tuple(duplicates),
            tuple(self._kinds.most_common()),
            tuple((str(people), count) for people, count in sorted(self.people.items())),
            self._not_compared,
        )

    def _add(self, row: CheckedRow, name: str) -> None:
        """Add a row to the counts."""
        self.rows += 1
        self.sizes.append(row.people)
        for fingerprints, fingerprint in zip(self._fingerprints, row.fingerprints, strict=True):
            fingerprints.append(fingerprint)
        self._faults["unreadable"].total += 1
        if not row.people:
            self._faults["unreadable"].add(0, name, row.unreadable)
            return
        self.people[row.people] += 1
        self._kinds.update(row.kinds)
        self._not_compared += not (row.fingerprints[_RENAMED] and row.fingerprints[_FOLDED])
        self._trivial.total += 1
        if row.trivial:
            self._trivial.add(row.people, name, row.trivial)
        for fault, problem in row.problems:
            self._faults[fault].total += 1
            if problem:
                self._faults[fault].add(row.people, name, problem)
        if row.knights is not None:
            self._roles[row.people] += row.people
            self._knights.total += row.people
            self._knights.count += row.knights
            self._knights.by_people[row.people] += row.knights


def _chunks(rows: Iterator[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _checked(executor: Executor, ahead: int, chunks: Iterable[list[Mapping[str, Any]]]) -> Iterator[list[CheckedRow]]:
    """Iterate over the checked rows of each chunk, in order, with so many chunks submitted at a time."""
    futures: deque[Future[list[CheckedRow]]] = deque()
    for chunk in chunks:
        futures.append(executor.submit(check_rows, chunk))
        if len(futures) == ahead:
            yield futures.popleft().result()
    while futures:
        yield futures.popleft().result()
