"""Rows that are the same as other rows, at each level: within a part, and across two parts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from knk.datasets.audit.parts import MAX_EXAMPLES, FindingCounter, Part
from knk.datasets.audit.report import ExampleRow, Finding
from knk.datasets.audit.sameness import LEVELS


class Matches:
    """The rows of a part that are the same, at one level, as a row of a part.

    Args:
        level: the level.
        part: the part of the rows.
        source: the part of the rows that they are the same as.
        rows: the indices of the rows.
        same_as: for each row the index of the row that it is the same as.
        total: the number of rows that could be compared.
    """

    def __init__(
        self,
        level: str,
        part: Part,
        source: Part,
        rows: npt.NDArray[np.intp],
        same_as: npt.NDArray[np.intp],
        total: int,
    ) -> None:
        by_people = Counter(part.sizes[row] for row in rows.tolist())
        self.part = part
        self.source = source
        self.examples = list(zip(rows[:MAX_EXAMPLES].tolist(), same_as[:MAX_EXAMPLES].tolist(), strict=True))
        self._counter = FindingCounter(level, by_people, len(rows), total)

    def finding(self, quotes: dict[tuple[str, int], str]) -> Finding:
        """Return the finding, with examples.

        Args:
            quotes: the puzzles of the rows in `examples`, by the part's name and the row.
        """
        self._counter.examples = [
            ExampleRow(
                self.part.row_name(row),
                quotes[self.part.name, row],
                self.source.row_name(other),
                quotes[self.source.name, other],
            )
            for row, other in self.examples
        ]
        return self._counter.finding(self.part.people)


def duplicates(part: Part) -> list[Matches]:
    """Return for each level the rows of a part that are the same as an earlier row."""
    matches = []
    for index, level in enumerate(LEVELS):
        fingerprints = part.fingerprints(index)
        rows = np.flatnonzero(fingerprints)
        _, first, inverse = np.unique(fingerprints[rows], return_index=True, return_inverse=True)
        repeats = first[inverse] != np.arange(len(rows))
        if len(rows):
            matches.append(Matches(level, part, part, rows[repeats], rows[first[inverse[repeats]]], len(rows)))
    return matches


def leaks(source: Part, target: Part) -> list[Matches]:
    """Return for each level the rows of the target that are the same as a row of the source."""
    matches = []
    for index, level in enumerate(LEVELS):
        fingerprints, others = target.fingerprints(index), source.fingerprints(index)
        rows = np.flatnonzero(fingerprints)
        known, first = np.unique(others, return_index=True)
        if not len(rows) or not others.any():
            continue
        positions = np.searchsorted(known, fingerprints[rows]).clip(max=len(known) - 1)
        equal = known[positions] == fingerprints[rows]
        matches.append(Matches(level, target, source, rows[equal], first[positions[equal]], len(rows)))
    return matches


def quotes(parts: Sequence[Part], matches: Sequence[Matches]) -> dict[tuple[str, int], str]:
    """Return the puzzles of all examples, by the part's name and the row: the files are read a second time."""
    rows: defaultdict[str, set[int]] = defaultdict(set)
    for match in matches:
        for row, other in match.examples:
            rows[match.part.name].add(row)
            rows[match.source.name].add(other)
    return {(part.name, row): text for part in parts for row, text in part.quotes(rows[part.name])}
