"""Fingerprints of a row: two rows have the same one at a level if they differ only in what the level ignores.

| level | what it ignores |
|---|---|
| `text` | white space |
| `tree` | wording, names and role words |
| `renamed` | also the order of people and of statements: who is called what, throughout |
| `folded` | also "not a knave" for "a knight", the order of what "and" and its like join, repeated statements |
| `logical` | also any other way to say the same (`Puzzle.key`) |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any, Final

from knk.datasets.audit.sources import text_of
from knk.errors import GaveUp
from knk.logic.notation import encode
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.statements import Atom, Not, Statement

LEVELS: Final = ("text", "tree", "renamed", "folded", "logical")
"""The levels of sameness, the strictest first."""
MOST_LEAVES: Final = 100
"""Labellings of people who look alike that are tried before a puzzle's trees are not compared under renaming."""


def fingerprints(row: Mapping[str, Any], puzzle: Puzzle | None) -> tuple[int, ...]:
    """Return a number for each level, 0 where there is none."""
    text = text_of(row)
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
    if isinstance(statement, Not) and isinstance(parts[0], Atom | Not):
        return parts[0].negated()
    return type(statement)(*parts)


def _written(statement: Statement, names: Mapping[int, str], loose: bool) -> str:
    """Return the statement in writing, the people by the names given."""
    inside = [_written(part, names, loose) for part in statement.parts] or [names[p] for p in statement.named]
    if loose and statement.is_symmetric:
        inside.sort()
    head = " ".join([type(statement).__name__, *map(str, statement.parameters)])
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
