"""The result of an audit: what it found in each part of the data, as values, JSON and lines of text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Tally = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Example:
    """A row that shows what was found.

    Args:
        place: the file and the row's number in it, counted from 1.
        text: the puzzle in notation, or what cannot be read, or what is wrong; cut where it is long.
        same_as: the place of the row that says the same, where that is what was found.
        same_text: that row's puzzle.
    """

    place: str
    text: str
    same_as: str = ""
    same_text: str = ""


@dataclass(frozen=True)
class Finding:
    """How often something was found, and where.

    Args:
        what: what was found.
        count: how often.
        of: among how many.
        by_people: for each number of people how often, and among how many; only where it was found.
        examples: a few of them.

    >>> Finding("wrong answer", 1, 4).share
    0.25
    """

    what: str
    count: int
    of: int
    by_people: tuple[tuple[int, int, int], ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def share(self) -> float:
        """The count's share, 0 where there is nothing to count."""
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True)
class Part:
    """What was found in one dataset, or in one split of it.

    Args:
        name: the split, or the dataset.
        rows: how many rows there are.
        faults: rows that are wrong, one finding for each of `FAULTS`.
        trivial: rows with a statement that is true, or false, whoever is what.
        knights: people who are knights, in puzzles with one solution.
        duplicates: rows that repeat an earlier row of the part, for each level that could be looked at.
        kinds: how many statements there are of each kind.
        people: how many puzzles there are of each number of people.
        not_compared: puzzles too symmetric for their trees to be compared under renaming; all that would be found of
            them there is found at the level `logical`.
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


@dataclass(frozen=True)
class Leak:
    """Rows of one part that stand in another.

    Args:
        source: the part they stand in, as train.
        target: the part they are counted in, as test.
        levels: the findings, for each level that could be looked at.
    """

    source: str
    target: str
    levels: tuple[Finding, ...]


@dataclass(frozen=True)
class Audit:
    """What is the matter with one or two datasets.

    Args:
        parts: the splits of the one, or the two.
        leaks: for each two parts, which rows of the later stand in the earlier.
    """

    parts: tuple[Part, ...]
    leaks: tuple[Leak, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no wrong row, no duplicate and no leak, at any level.

        Trivial statements and shares of roles and kinds are told, and are nobody's fault.
        """
        found = [finding for part in self.parts for finding in (*part.faults, *part.duplicates)]
        found += [finding for leak in self.leaks for finding in leak.levels]
        return not any(finding.count for finding in found)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as dicts, lists, numbers and strings, as JSON has them.

        >>> Audit((), ()).to_dict()
        {'ok': True, 'parts': [], 'leaks': []}
        """
        return {
            "ok": self.ok,
            "parts": [_part_dict(part) for part in self.parts],
            "leaks": [
                {"source": leak.source, "target": leak.target, "levels": [_finding_dict(f) for f in leak.levels]}
                for leak in self.leaks
            ],
        }

    def table(self) -> list[str]:
        """Return all of it as lines of text, to be read by people.

        >>> Audit((Part("train", 0, (), Finding("t", 0, 0), Finding("knights", 1, 2), (), (), (), 0),), ()).table()[0]
        'train: 0 rows'
        """
        lines = []
        for part in self.parts:
            lines += _part_lines(part)
        for leak in self.leaks:
            lines.append(f"{leak.target} rows that stand in {leak.source}")
            lines += [line for finding in leak.levels for line in _finding_lines(finding)]
        return lines


def _finding_dict(finding: Finding) -> dict[str, Any]:
    return {
        "what": finding.what,
        "count": finding.count,
        "of": finding.of,
        "share": round(finding.share, 6),
        "by_people": {str(people): [count, of] for people, count, of in finding.by_people},
        "examples": [{key: value for key, value in vars(example).items() if value} for example in finding.examples],
    }


def _part_dict(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "rows": part.rows,
        "faults": list(map(_finding_dict, part.faults)),
        "trivial": _finding_dict(part.trivial),
        "knights": _finding_dict(part.knights),
        "duplicates": list(map(_finding_dict, part.duplicates)),
        "kinds": dict(part.kinds),
        "people": dict(part.people),
        "not_compared": part.not_compared,
    }


def _part_lines(part: Part) -> list[str]:
    lines = [f"{part.name}: {part.rows:,} rows"]
    lines.append(f"  people             {_tally_line(part.people)}")
    lines.append(f"  statements         {_tally_line(part.kinds)}")
    for finding in (*part.faults, part.trivial, part.knights):
        lines += _finding_lines(finding)
    lines.append("  rows that repeat an earlier one")
    lines += [line for finding in part.duplicates for line in _finding_lines(finding)]
    if part.not_compared:
        lines.append(f"  {part.not_compared:,} puzzles are too symmetric to be compared under renaming")
    return lines


def _tally_line(tally: Tally) -> str:
    return ", ".join(f"{name}: {count:,}" for name, count in tally)


def _finding_lines(finding: Finding) -> list[str]:
    sizes = ", ".join(f"{people}: {count:,}/{of:,}" for people, count, of in finding.by_people)
    head = f"  {finding.what:22} {finding.count:>9,} of {finding.of:>9,} {finding.share:>7.1%}"
    lines = [f"{head}  by people {sizes}" if sizes else head]
    for example in finding.examples:
        lines.append(f"      {example.place}  {example.text}")
        if example.same_as:
            lines.append(f"      = {example.same_as}  {example.same_text}")
    return lines
