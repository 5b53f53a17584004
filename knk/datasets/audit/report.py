"""The result of an audit: what was found in each part of the data, as values, as JSON and as lines of text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Tally = tuple[tuple[str, int], ...]
"""Names, each with a count."""


@dataclass(frozen=True)
class ExampleRow:
    """A row that shows what was found.

    Args:
        row: its file and its number in the file, from 1, such as "train.jsonl:5".
        text: the puzzle in notation, or what is wrong with the row; cut if it is long.
        same_as: the row that it equals, "" if the finding is not about equal rows.
        same_text: that row's puzzle.
    """

    row: str
    text: str
    same_as: str = ""
    same_text: str = ""


@dataclass(frozen=True)
class Finding:
    """How often something was found, and where.

    Args:
        name: what was found.
        count: how often.
        total: the number of rows, or of people, among which it was looked for.
        by_people: for each number of people that it was found with, the count and the total.
        examples: a few rows that show it.

    >>> Finding("wrong answer", 1, 4).share
    0.25
    """

    name: str
    count: int
    total: int
    by_people: tuple[tuple[int, int, int], ...] = ()
    examples: tuple[ExampleRow, ...] = ()

    @property
    def share(self) -> float:
        """The count divided by the total, 0 if the total is 0."""
        return self.count / self.total if self.total else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON holds it."""
        return {
            "name": self.name,
            "count": self.count,
            "total": self.total,
            "share": round(self.share, 6),
            "by_people": {str(people): [count, total] for people, count, total in self.by_people},
            "examples": [{key: value for key, value in vars(example).items() if value} for example in self.examples],
        }

    def lines(self) -> list[str]:
        """Return the finding as lines of text: the counts, and two lines for each example."""
        sizes = ", ".join(f"{people}: {count:,}/{total:,}" for people, count, total in self.by_people)
        head = f"  {self.name:22} {self.count:>9,} of {self.total:>9,} {self.share:>7.1%}"
        lines = [f"{head}  by people {sizes}" if sizes else head]
        for example in self.examples:
            lines.append(f"      {example.row}  {example.text}")
            if example.same_as:
                lines.append(f"      = {example.same_as}  {example.same_text}")
        return lines


@dataclass(frozen=True)
class PartReport:
    """What was found in one dataset, or in one split of it.

    Args:
        name: the name of the split or the dataset.
        rows: the number of rows.
        faults: rows with a fault, one finding for each of `knk.datasets.audit.checks.FAULTS`.
        trivial: rows with a statement that is true, or false, whatever the roles are.
        knights: people who are knights, in puzzles with exactly one solution.
        duplicates: rows that equal an earlier row of the part, for each level that could be compared.
        kinds: the number of statements of each kind.
        people: the number of puzzles of each number of people.
        not_compared: the number of puzzles that are too symmetric to be compared at `renamed` and `folded`; equal ones
            are found at `logical`.
    """

    name: str
    rows: int
    faults: tuple[Finding, ...]
    trivial: Finding
    knights: Finding
    duplicates: tuple[Finding, ...]
    kinds: Tally
    people: Tally
    not_compared: int

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON holds it."""
        return {
            "name": self.name,
            "rows": self.rows,
            "faults": [finding.to_dict() for finding in self.faults],
            "trivial": self.trivial.to_dict(),
            "knights": self.knights.to_dict(),
            "duplicates": [finding.to_dict() for finding in self.duplicates],
            "kinds": dict(self.kinds),
            "people": dict(self.people),
            "not_compared": self.not_compared,
        }

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        lines = [
            f"{self.name}: {self.rows:,} rows",
            f"  people             {_tally_line(self.people)}",
            f"  statements         {_tally_line(self.kinds)}",
            *_lines((*self.faults, self.trivial, self.knights)),
            "  rows that equal an earlier row",
            *_lines(self.duplicates),
        ]
        if self.not_compared:
            lines.append(f"  {self.not_compared:,} puzzles are too symmetric to be compared under renaming")
        return lines


@dataclass(frozen=True)
class Leak:
    """Rows of one part that are also in another.

    Args:
        source: the other part, such as train.
        target: the part that the rows are counted in, such as test.
        levels: the findings, one for each level that could be compared.
    """

    source: str
    target: str
    levels: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the leak as JSON holds it."""
        return {
            "source": self.source,
            "target": self.target,
            "levels": [finding.to_dict() for finding in self.levels],
        }

    def lines(self) -> list[str]:
        """Return the leak as lines of text."""
        return [f"{self.target} rows that are also in {self.source}", *_lines(self.levels)]


@dataclass(frozen=True)
class Audit:
    """What was found in one or two datasets.

    Args:
        parts: a report for each split of the one dataset, or for each of the two datasets.
        leaks: for each two parts, the rows of the later part that are also in the earlier one.
    """

    parts: tuple[PartReport, ...]
    leaks: tuple[Leak, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no faulty row, no duplicate and no leak, at any level.

        Trivial statements and the shares of roles and kinds are reported, but are not faults.
        """
        findings = [finding for part in self.parts for finding in (*part.faults, *part.duplicates)]
        findings += [finding for leak in self.leaks for finding in leak.levels]
        return not any(finding.count for finding in findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as JSON holds it.

        >>> Audit((), ()).to_dict()
        {'ok': True, 'parts': [], 'leaks': []}
        """
        return {
            "ok": self.ok,
            "parts": [part.to_dict() for part in self.parts],
            "leaks": [leak.to_dict() for leak in self.leaks],
        }

    def table(self) -> list[str]:
        """Return the audit as lines of text.

        >>> part = PartReport("train", 0, (), Finding("t", 0, 0), Finding("knights", 1, 2), (), (), (), 0)
        >>> Audit((part,), ()).table()[0]
        'train: 0 rows'
        """
        lines = [line for part in self.parts for line in part.lines()]
        return lines + [line for leak in self.leaks for line in leak.lines()]


def _lines(findings: Iterable[Finding]) -> list[str]:
    return [line for finding in findings for line in finding.lines()]


def _tally_line(tally: Tally) -> str:
    return ", ".join(f"{name}: {count:,}" for name, count in tally)
