"""What is the matter with a dataset: rows that are wrong, rows that are there twice, and test rows that are in train.

Any set of knights and knaves puzzles will do, this library's or another's. In each row the puzzle is looked for in
`PUZZLE_COLUMN`, then in `TEXT_COLUMNS`, and the stored answer in `ANSWER_COLUMNS`. Rows stream past; what is kept of
each is a 64-bit fingerprint for each level of sameness. (Among a million rows two that differ are taken for the same
less than once in a million audits.)

Two puzzles are the same at a level when they differ only in what it overlooks, and each level overlooks more:

| level | what it overlooks |
|---|---|
| `text` | white space |
| `tree` | wording, names and role words |
| `renamed` | also the order of people and of statements: who is called what, throughout |
| `folded` | also "not a knave" for "a knight", the order of what "and" and its like join, repeated statements |
| `logical` | also any other way to say the same (`Puzzle.key`) |
"""

from __future__ import annotations

import os
import re
from array import array
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from hashlib import blake2b
from itertools import combinations, islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from knk.answers.verify import verify
from knk.datasets.files import FORMATS, read
from knk.errors import BadFile, GaveUp, KnkError
from knk.generation.grammar import is_trivial
from knk.logic.keys import Meaning, meaning
from knk.logic.notation import decode, encode
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.solver import Solution, solutions
from knk.logic.statements import (
    Count,
    Implies,
    Knave,
    Knight,
    Not,
    Parity,
    SameKind,
    Statement,
)
from knk.parallel.executors import executor
from knk.text.parse import parse

PUZZLE_COLUMN: Final = "puzzle"
"""The column of a puzzle in notation."""
TEXT_COLUMNS: Final = ("text", "quiz", "question")
"""Columns of a puzzle in English; the first that is there counts."""
ANSWER_COLUMNS: Final = ("solution", "solution_text", "answer")
"""Columns of an answer, a list of roles or English; each that is there is checked."""
LEVELS: Final = ("text", "tree", "renamed", "folded", "logical")
"""The levels of sameness, the strictest first."""
FAULTS: Final = ("unreadable", "no solution", "several solutions", "wrong answer", "text of another puzzle")
"""What may be wrong with a row by itself."""
EXAMPLES: Final = 3
LONGEST_EXAMPLE: Final = 120
"""Characters of a row that an example quotes."""
ROWS_ALONE: Final = 2000
"""Up to this many rows one process looks at all: more would take longer to start than to work."""
MOST_LEAVES: Final = 100
"""Labellings of people who look alike that are tried before a puzzle's trees are not compared under renaming."""

Tally = tuple[tuple[str, int], ...]
_CHUNK: Final = 200
_SPLITS: Final = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SPLIT_WORDS: Final = {word: split for split, words in _SPLITS.items() for word in words}
_HUB_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")
_KINDS: Final = {
    "Knight": "atom",
    "Knave": "atom",
    "OneOf": "one of",
    "Implies": "if",
    "SameKind": "same kind",
}


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


def audit(
    a: str | os.PathLike[str],
    b: str | os.PathLike[str] | None = None,
    progress: Callable[[int], None] | None = None,
    processes: int | None = 1,
    engine: str = "local",
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
        engine: what looks at rows, "local" or "ray"; see `knk.parallel.executors.executor`.

    Raises:
        BadFile: there is no such dataset, or a file of it cannot be read as rows.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "one.jsonl")
    ...     _ = path.write_text('{"puzzle": "Ann,Bob 0:&(-0,-1)", "solution": [true, true]}')
    ...     found = audit(path)
    >>> [(fault.what, fault.count) for fault in found.parts[0].faults if fault.count]
    [('wrong answer', 1)]
    """
    progress = progress or _ignore
    parts = _splits(a) if b is None else _pooled(a, b)
    rows = (row for files in parts.values() for file in files for row in file.read())
    few = len(list(islice(rows, ROWS_ALONE + 1))) <= ROWS_ALONE
    with executor(0, 1 if few else processes, slow=True, engine="local" if few else engine) as (pool, workers):
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


# Where the rows are.


@dataclass(frozen=True)
class _File:
    """Rows that can be read as often as wanted, and what to call them."""

    name: str
    read: Callable[[], Iterator[Mapping[str, Any]]]


_Parts = dict[str, list[_File]]


def _splits(source: str | os.PathLike[str]) -> _Parts:
    """Return the files of a dataset for each split, train first."""
    path = Path(source)
    if path.is_dir():
        files = _folder_files(path)
    elif path.exists():
        return {path.name: [_File(path.name, partial(read, path))]}
    elif _HUB_NAME.fullmatch(os.fspath(source)) and not (os.sep in os.fspath(source) and path.parent.is_dir()):
        files = _hub_files(os.fspath(source))
    else:
        raise BadFile(f"there is no file or folder {os.fspath(source)!r}, and it is no name of a dataset on the Hub")
    parts: defaultdict[str, list[_File]] = defaultdict(list)
    for file in files:
        parts[_split_of(file.name)].append(file)
    order = [*_SPLITS, *sorted(parts)]
    return dict(sorted(parts.items(), key=lambda item: order.index(item[0])))


def _pooled(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> _Parts:
    """Return all files of each of two datasets, by names that differ."""
    names = [Path(a).name, Path(b).name]
    if names[0] == names[1]:
        names = [os.fspath(a), os.fspath(b)]
    if names[0] == names[1]:
        raise BadFile(f"{names[0]} is compared with itself; one dataset alone shows what it holds twice")
    return {
        name: [file for files in _splits(source).values() for file in files]
        for name, source in zip(names, (a, b), strict=True)
    }


def _folder_files(folder: Path) -> list[_File]:
    found = [path for path in folder.rglob("*") if path.suffix in FORMATS and path.is_file()]
    inside = {path.relative_to(folder).as_posix(): path for path in found}
    files = [_File(name, partial(read, path)) for name, path in sorted(inside.items()) if not _is_hidden(name)]
    if not files:
        raise BadFile(f"there is no {' or '.join(FORMATS)} file in {folder.name!r}")
    return files


def _is_hidden(name: str) -> bool:
    return any(piece.startswith((".", "_")) for piece in name.split("/"))


def _split_of(name: str) -> str:
    """Return the split that a file's name mentions, the last word of that kind; else its own name."""
    words = [word for word in re.findall("[a-z]+", name.lower()) if word in _SPLIT_WORDS]
    return _SPLIT_WORDS[words[-1]] if words else name


def _hub_files(name: str) -> list[_File]:
    """Return every split of every configuration of a dataset on the Hub; no code of it is run."""
    import datasets

    try:
        loaded = {config: datasets.load_dataset(name, config) for config in datasets.get_dataset_config_names(name)}
    except (OSError, ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadFile(f"{name} cannot be had from the Hub: {reason}") from error
    return [
        _File(split if len(loaded) == 1 else f"{config}/{split}", partial(iter, rows))
        for config, splits in loaded.items()
        for split, rows in splits.items()
    ]


# One row.


def _text_of(row: Mapping[str, Any]) -> Any:
    return next((row[column] for column in TEXT_COLUMNS if row.get(column) is not None), None)


def _puzzle_of(row: Mapping[str, Any]) -> Puzzle:
    if row.get(PUZZLE_COLUMN) is not None:
        return decode(row[PUZZLE_COLUMN])
    text = _text_of(row)
    if text is None:
        raise BadFile(f"none of the columns {', '.join((PUZZLE_COLUMN, *TEXT_COLUMNS))} is there")
    return parse(text)


def _quote(row: Mapping[str, Any]) -> str:
    """Return the row's puzzle in notation; where it cannot be read, what stands there."""
    try:
        return _cut(encode(_puzzle_of(row)))
    except KnkError:
        return _cut(str(row.get(PUZZLE_COLUMN) or _text_of(row)))


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_EXAMPLE else f"{text[: LONGEST_EXAMPLE - 3]}..."


def _wrong_answer(row: Mapping[str, Any], puzzle: Puzzle, solution: Solution) -> str | None:
    """Return what is wrong with the stored answers, "" if nothing is, None if there are none."""
    stored = {column: row[column] for column in ANSWER_COLUMNS if row.get(column) is not None}
    if not stored:
        return None
    for column, value in stored.items():
        problem = _wrong_roles(row, puzzle, solution, value) if isinstance(value, list | tuple) else ""
        if isinstance(value, str):
            verdict = verify(value, puzzle, solution=solution)
            problem = "" if verdict else str(verdict)
        elif not isinstance(value, list | tuple):
            problem = f"neither a list nor English but {type(value).__name__}"
        if problem:
            return f"{column}: {problem}"
    return ""


def _wrong_roles(row: Mapping[str, Any], puzzle: Puzzle, solution: Solution, stored: Sequence[Any]) -> str:
    listed = row.get("names")
    names = list(map(str, listed)) if isinstance(listed, list) else []
    if sorted(names) != sorted(puzzle.names):
        names = list(puzzle.names)
    roles = dict(zip(puzzle.names, solution, strict=True))
    if not all(isinstance(role, bool) for role in stored):
        return f"not a list of true and false: {stored}"
    right = [roles[name] for name in names]
    return "" if list(stored) == right else f"{_signs(stored)} is stored, {_signs(right)} is right"


def _signs(roles: Sequence[bool]) -> str:
    return "".join("+" if role else "-" for role in roles)


def _other_puzzle(row: Mapping[str, Any], puzzle: Puzzle) -> str | None:
    """Return how the English differs from the notation, "" if it does not, None where only one is there."""
    text = _text_of(row)
    if row.get(PUZZLE_COLUMN) is None or text is None:
        return None
    try:
        told = parse(text)
    except KnkError as error:
        return str(error)
    if told.statements == puzzle.statements and told.names == puzzle.names:
        return ""
    if sorted(told.names) != sorted(puzzle.names):
        return f"the text names {', '.join(told.names)}"
    moved = told.reordered([told.names.index(name) for name in puzzle.names])
    return "" if _meanings(moved) == _meanings(puzzle) else f"the text says {encode(told)}"


def _meanings(puzzle: Puzzle) -> set[tuple[int, Meaning]]:
    """Return who says what, whichever way it is put."""
    return {(said.speaker, meaning(said.statement)) for said in puzzle.statements}


# Sameness.


def _fingerprints(row: Mapping[str, Any], puzzle: Puzzle | None) -> tuple[int, ...]:
    """Return a number for each level, 0 where there is none."""
    text = _text_of(row)
    first = _digest(" ".join(text.split())) if isinstance(text, str) else 0
    if puzzle is None:
        return first, 0, 0, 0, 0
    fields = [piece for piece in encode(puzzle).split(" ")[1:] if ":" in piece]
    tree = _digest(" ".join([str(len(puzzle.names)), *fields]))
    renamed, folded = (_tree_fingerprint(puzzle, loose) for loose in (False, True))
    return first, tree, renamed, folded, int(puzzle.key[:16], 16) or 1


def _tree_fingerprint(puzzle: Puzzle, loose: bool) -> int:
    try:
        return _digest(tree_form(puzzle, loose))
    except GaveUp:
        return 0


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(errors="replace"), digest_size=8).digest(), "big") or 1


def tree_form(puzzle: Puzzle, loose: bool = False) -> str:
    """Return a text that is the same just for puzzles with the same trees but for renaming people and reordering.

    Args:
        puzzle: any puzzle.
        loose: whether to overlook also what the level `folded` does.

    Raises:
        GaveUp: too many people look alike for the text to be found.

    >>> from knk.logic.notation import decode
    >>> one, other = decode("Ann,Bob 0:-1 1:&(+0,-1)"), decode("Cid,Dora 0:&(+1,-0) 1:-0")
    >>> tree_form(one) == tree_form(other), tree_form(one) == tree_form(decode("Ann,Bob 0:-1 1:&(-1,+0)"))
    (True, False)
    >>> tree_form(one, loose=True) == tree_form(decode("Ann,Bob 0:~+1 1:&(-1,+0)"), loose=True)
    True
    """
    utterances: Iterable[Utterance] = puzzle.statements
    if loose:
        plain = {person: str(person) for person in range(len(puzzle.names))}
        once = {_line(said, plain, loose): said for said in (Utterance(who, _folded(what)) for who, what in utterances)}
        utterances = once.values()
    groups = _tied(utterances)
    silent = len(puzzle.names) - len({person for group in groups for said in group for person in _everybody(said)})
    forms = sorted(_Labelling(group, loose).form() for group in groups)
    return "\n\n".join([f"{silent} silent", *forms])


def _everybody(said: Utterance) -> frozenset[int]:
    return said.statement.people | {said.speaker}


def _tied(utterances: Iterable[Utterance]) -> list[list[Utterance]]:
    """Split what is said into groups that share nobody."""
    groups: list[tuple[set[int], list[Utterance]]] = []
    for said in utterances:
        people, together = set(_everybody(said)), [said]
        apart = []
        for group in groups:
            if people.isdisjoint(group[0]):
                apart.append(group)
            else:
                people |= group[0]
                together = group[1] + together
        groups = [*apart, (people, together)]
    return [together for _, together in groups]


@lru_cache(maxsize=16384)
def _folded(statement: Statement) -> Statement:
    """Return the statement with "not" taken into atoms, and double ones dropped."""
    if not statement.parts:
        return statement
    parts = [_folded(part) for part in statement.parts]
    if isinstance(statement, Not):
        match parts[0]:
            case Knight(person):
                return Knave(person)
            case Knave(person):
                return Knight(person)
            case Not():
                return parts[0].parts[0]
    return type(statement)(*parts)


def _written(statement: Statement, names: Mapping[int, str], loose: bool) -> str:
    """Return the statement in writing, the people by the names given."""
    inside = [_written(part, names, loose) for part in statement.parts] or [names[p] for p in statement.named]
    if loose and not isinstance(statement, Implies):
        inside.sort()
    match statement:
        case Count(relation, k, _, knights):
            head = f"Count {relation} {k} {knights}"
        case Parity(even, _, knights):
            head = f"Parity {even} {knights}"
        case SameKind(_, _, same):
            head = f"SameKind {same}"
        case _:
            head = type(statement).__name__
    return f"{head}({','.join(inside)})"


def _line(said: Utterance, names: Mapping[int, str], loose: bool) -> str:
    return f"{names[said.speaker]}:{_written(said.statement, names, loose)}"


def _seen_by(said: Utterance, names: dict[int, str], loose: bool) -> list[tuple[int, int]]:
    """Return for each of the people concerned how the said looks to them."""
    looks = []
    for person in _everybody(said):
        kept, names[person] = names[person], "*"
        looks.append((person, _digest(_line(said, names, loose))))
        names[person] = kept
    return looks


@lru_cache(maxsize=65536)
def _first_look(said: Utterance, loose: bool) -> list[tuple[int, int]]:
    return _seen_by(said, dict.fromkeys(_everybody(said), "_"), loose)


class _Labelling:
    """The search for names that make the written statements the same for all puzzles that are the same.

    People are coloured by how what is said looks to them until no more can be told apart; where that leaves several
    alike, each is tried as the first, those passed over whom a swap with one tried changes nothing for.
    """

    def __init__(self, utterances: list[Utterance], loose: bool) -> None:
        self._saids = utterances
        self._loose = loose
        self._people = sorted({person for said in utterances for person in _everybody(said)})
        self._best: str | None = None
        self._leaves = 0

    def form(self) -> str:
        looks = [look for said in self._saids for look in _first_look(said, self._loose)]
        self._search(self._refined(self._gathered(dict.fromkeys(self._people, 0), looks)))
        assert self._best is not None
        return self._best

    def _search(self, colours: dict[int, int]) -> None:
        cell = self._cell(colours)
        if not cell:
            self._leaves += 1
            if self._leaves > MOST_LEAVES:
                raise GaveUp(f"more than {MOST_LEAVES} labellings of {len(self._people)} people who look alike")
            order = sorted(self._people, key=colours.__getitem__)
            form = self._form({person: str(number) for number, person in enumerate(order)})
            self._best = form if self._best is None else min(self._best, form)
            return
        if all(self._are_twins(cell[0], person) for person in cell[1:]):
            # Whoever comes first, the form is the same: all get their places at once.
            self._search(self._refined(colours | {p: _digest(f"{place} {colours[p]}") for place, p in enumerate(cell)}))
            return
        tried: list[int] = []
        for person in cell:
            if not any(self._are_twins(person, other) for other in tried):
                tried.append(person)
                self._search(self._refined({**colours, person: _digest(f"first {colours[person]}")}))

    def _refined(self, colours: dict[int, int]) -> dict[int, int]:
        known = len(set(colours.values()))
        while known < len(colours):
            names = {person: str(colour) for person, colour in colours.items()}
            looks = [look for said in self._saids for look in _seen_by(said, names, self._loose)]
            colours = self._gathered(colours, looks)
            now = len(set(colours.values()))
            if now == known:
                break
            known = now
        return colours

    def _gathered(self, colours: dict[int, int], looks: Iterable[tuple[int, int]]) -> dict[int, int]:
        gathered: defaultdict[int, list[int]] = defaultdict(list)
        for person, look in looks:
            gathered[person].append(look)
        return {person: _digest(f"{colour} {sorted(gathered[person])}") for person, colour in colours.items()}

    def _cell(self, colours: dict[int, int]) -> list[int]:
        """Return the smallest set of people who are not told apart, or nobody."""
        cells: defaultdict[int, list[int]] = defaultdict(list)
        for person, colour in colours.items():
            cells[colour].append(person)
        alike = [(len(members), colour) for colour, members in cells.items() if len(members) > 1]
        return cells[min(alike)[1]] if alike else []

    @cached_property
    def _plain(self) -> str:
        return self._form({person: str(person) for person in self._people})

    def _are_twins(self, one: int, other: int) -> bool:
        names = {person: str(person) for person in self._people}
        names[one], names[other] = names[other], names[one]
        return self._form(names) == self._plain

    def _form(self, names: Mapping[int, str]) -> str:
        return "\n".join(sorted(_line(said, names, self._loose) for said in self._saids))


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
            self.examples.append(Example(place, _cut(text)))

    def finding(self, totals: Mapping[int, int]) -> Finding:
        shares = tuple((people, found, totals[people]) for people, found in sorted(self.by_people.items()) if people)
        return Finding(self.what, self.count, self.of, shares, tuple(self.examples))


class _Facts(NamedTuple):
    """What one row says of itself, whatever the others are.

    Args:
        marks: its fingerprints, one a level.
        unreadable: why it cannot be read, if it cannot; then the rest is empty.
        people: how many people it has.
        kinds: the kinds of its statements.
        trivial: its notation, if it has a trivial statement.
        problems: for each fault that it was looked at for what is wrong, "" if nothing is.
        knights: how many people are knights, where it has just one solution.
    """

    marks: tuple[int, ...]
    unreadable: str = ""
    people: int = 0
    kinds: tuple[str, ...] = ()
    trivial: str = ""
    problems: tuple[tuple[str, str], ...] = ()
    knights: int | None = None


def _facts_of(rows: Sequence[Mapping[str, Any]]) -> list[_Facts]:
    return list(map(_facts, rows))


def _facts(row: Mapping[str, Any]) -> _Facts:
    try:
        puzzle = _puzzle_of(row)
    except KnkError as error:
        return _Facts(_fingerprints(row, None), str(error))
    notation = encode(puzzle)
    found = list(islice(solutions(puzzle), 2))
    problems = {
        "text of another puzzle": _other_puzzle(row, puzzle),
        "no solution": notation if not found else "",
        "several solutions": notation if len(found) > 1 else "",
    }
    if len(found) == 1:
        problem = _wrong_answer(row, puzzle, found[0])
        problems["wrong answer"] = f"{problem}; {notation}" if problem else problem
    return _Facts(
        _fingerprints(row, puzzle),
        people=len(puzzle.names),
        kinds=tuple(kind_of(said.statement) for said in puzzle.statements),
        trivial=notation if any(is_trivial(said.statement) for said in puzzle.statements) else "",
        problems=tuple((what, problem) for what, problem in problems.items() if problem is not None),
        knights=sum(found[0]) if len(found) == 1 else None,
    )


def _chunks(rows: Iterator[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk


def _in_order(pool: Executor, ahead: int, chunks: Iterable[list[Mapping[str, Any]]]) -> Iterator[list[_Facts]]:
    """Iterate over the facts of chunks, in order, so many of which are under way at a time."""
    under_way: deque[Future[list[_Facts]]] = deque()
    for chunk in chunks:
        under_way.append(pool.submit(_facts_of, chunk))
        if len(under_way) == ahead:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


class _Seen:
    """A part's rows, once they are read: their fingerprints and what was found."""

    def __init__(self, name: str, files: list[_File]) -> None:
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

    def _take(self, facts: _Facts, place: str) -> None:
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


def kind_of(statement: Statement) -> str:
    """Return the kind of a statement, by the names that specifications use.

    >>> kind_of(Not(Knight(0))), kind_of(SameKind(0, 1))
    ('not', 'same kind')
    """
    name = type(statement).__name__
    return _KINDS.get(name, name.lower())


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
            yield from ((number, _quote(row)) for number, row in rows if number in here)
        start = end


# What was found, in writing.


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
