"""Fingerprints of rows at each level of sameness: equal if two rows differ only in what the level ignores.

| level | what it ignores |
|---|---|
| `text` | white space |
| `tree` | wording, names and role words |
| `renamed` | also the order of people, throughout, and of statements |
| `folded` | also "not a knave" for "a knight", the order of the parts of `and`, `or`, `iff`, repeated statements |
| `logical` | also any other equivalent wording: the same `Puzzle.key` |
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
MAX_LABELLINGS: Final = 100
"""The most labellings of a puzzle's people that are tried; a puzzle that needs more is not compared under renaming."""


def fingerprints(row: Mapping[str, Any], puzzle: Puzzle | None) -> tuple[int, ...]:
    """Return a row's fingerprint at each level, 0 where it has none.

    Args:
        row: the row.
        puzzle: its puzzle, None if it is unreadable.
    """
    text = text_of(row)
    of_text = _digest(" ".join(text.split())) if isinstance(text, str) else 0
    if puzzle is None:
        return of_text, 0, 0, 0, 0
    statements = [field for field in encode(puzzle).split(" ")[1:] if ":" in field]
    of_tree = _digest(" ".join([str(len(puzzle.names)), *statements]))
    renamed, folded = (_tree_fingerprint(puzzle, loose) for loose in (False, True))
    return of_text, of_tree, renamed, folded, int(puzzle.key[:16], 16) or 1


def _tree_fingerprint(puzzle: Puzzle, loose: bool) -> int:
    try:
        return _digest(tree_form(puzzle, loose))
    except GaveUp:
        return 0


def _digest(text: str) -> int:
    """Return a 64-bit hash that is never 0."""
    return int.from_bytes(blake2b(text.encode(errors="replace"), digest_size=8).digest(), "big") or 1


def tree_form(puzzle: Puzzle, loose: bool = False) -> str:
    """Return a text that two puzzles share if and only if renaming and reordering makes their trees equal.

    Args:
        puzzle: the puzzle.
        loose: whether to ignore also what the level `folded` ignores.

    Raises:
        GaveUp: the puzzle is too symmetric: it would take more than `MAX_LABELLINGS` labellings.

    >>> from knk.logic.notation import decode
    >>> first, second = decode("Ann,Bob 0:-1 1:&(+0,-1)"), decode("Cid,Dora 0:&(+1,-0) 1:-0")
    >>> tree_form(first) == tree_form(second), tree_form(first) == tree_form(decode("Ann,Bob 0:-1 1:&(-1,+0)"))
    (True, False)
    >>> tree_form(first, loose=True) == tree_form(decode("Ann,Bob 0:~+1 1:&(-1,+0)"), loose=True)
    True
    """
    utterances: Iterable[Utterance] = puzzle.statements
    if loose:
        names = {person: str(person) for person in range(len(puzzle.names))}
        folded = [Utterance(speaker, _folded(statement)) for speaker, statement in utterances]
        utterances = {_line(utterance, names, loose): utterance for utterance in folded}.values()
    components = _components(utterances)
    involved = {person for component in components for utterance in component for person in _people_of(utterance)}
    forms = sorted(_Labelling(component, loose).form() for component in components)
    return "\n\n".join([f"{len(puzzle.names) - len(involved)} silent", *forms])


def _people_of(utterance: Utterance) -> frozenset[int]:
    """Return the speaker and everybody whom the statement is about."""
    return utterance.statement.people | {utterance.speaker}


def _components(utterances: Iterable[Utterance]) -> list[list[Utterance]]:
    """Split utterances into components that have no people in common."""
    components: list[tuple[set[int], list[Utterance]]] = []
    for utterance in utterances:
        people, members = set(_people_of(utterance)), [utterance]
        others = []
        for component in components:
            if people.isdisjoint(component[0]):
                others.append(component)
            else:
                people |= component[0]
                members = component[1] + members
        components = [*others, (people, members)]
    return [members for _, members in components]


@lru_cache(maxsize=16384)
def _folded(statement: Statement) -> Statement:
    """Return the statement with "not" moved into atoms and double negations removed."""
    if not statement.parts:
        return statement
    parts = [_folded(part) for part in statement.parts]
    if isinstance(statement, Not) and isinstance(parts[0], Atom | Not):
        return parts[0].negated()
    return type(statement)(*parts)


def _format(statement: Statement, names: Mapping[int, str], loose: bool) -> str:
    """Return the statement as text, with the given names of the people."""
    arguments = [_format(part, names, loose) for part in statement.parts] or [names[p] for p in statement.named]
    if loose and statement.is_symmetric:
        arguments.sort()
    head = " ".join([type(statement).__name__, *map(str, statement.parameters)])
    return f"{head}({','.join(arguments)})"


def _line(utterance: Utterance, names: Mapping[int, str], loose: bool) -> str:
    return f"{names[utterance.speaker]}:{_format(utterance.statement, names, loose)}"


def _views(utterance: Utterance, names: dict[int, str], loose: bool) -> list[tuple[int, int]]:
    """Return each person of an utterance with a hash of the utterance in which that person is marked."""
    views = []
    for person in _people_of(utterance):
        name, names[person] = names[person], "*"
        views.append((person, _digest(_line(utterance, names, loose))))
        names[person] = name
    return views


@lru_cache(maxsize=65536)
def _first_views(utterance: Utterance, loose: bool) -> list[tuple[int, int]]:
    return _views(utterance, dict.fromkeys(_people_of(utterance), "_"), loose)


class _Labelling:
    """The search for the labels of a component's people under which its text is the smallest.

    People are coloured by the utterances that involve them until no more colours can be told apart. If several people
    still share a colour, each in turn is labelled first; of people who can be swapped, only one has to be tried.
    """

    def __init__(self, utterances: list[Utterance], loose: bool) -> None:
        self._utterances = utterances
        self._loose = loose
        self._people = sorted({person for utterance in utterances for person in _people_of(utterance)})
        self._best: str | None = None
        self._labellings = 0

    def form(self) -> str:
        """Return the smallest text of the component."""
        views = [view for utterance in self._utterances for view in _first_views(utterance, self._loose)]
        self._search(self._refined(self._recoloured(dict.fromkeys(self._people, 0), views)))
        assert self._best is not None
        return self._best

    def _search(self, colours: dict[int, int]) -> None:
        cell = self._smallest_cell(colours)
        if not cell:
            self._labellings += 1
            if self._labellings > MAX_LABELLINGS:
                raise GaveUp(f"more than {MAX_LABELLINGS} labellings of {len(self._people)} people who look alike")
            order = sorted(self._people, key=colours.__getitem__)
            form = self._form({person: str(label) for label, person in enumerate(order)})
            self._best = form if self._best is None else min(self._best, form)
            return
        if all(self._are_twins(cell[0], person) for person in cell[1:]):
            # The order of twins does not change the form, so all can be labelled at once.
            new = {person: _digest(f"{index} {colours[person]}") for index, person in enumerate(cell)}
            self._search(self._refined(colours | new))
            return
        tried: list[int] = []
        for person in cell:
            if not any(self._are_twins(person, other) for other in tried):
                tried.append(person)
                self._search(self._refined({**colours, person: _digest(f"first {colours[person]}")}))

    def _refined(self, colours: dict[int, int]) -> dict[int, int]:
        """Recolour people by their views of the utterances until the number of colours stays the same."""
        count = len(set(colours.values()))
        while count < len(colours):
            names = {person: str(colour) for person, colour in colours.items()}
            views = [view for utterance in self._utterances for view in _views(utterance, names, self._loose)]
            colours = self._recoloured(colours, views)
            previous, count = count, len(set(colours.values()))
            if count == previous:
                break
        return colours

    def _recoloured(self, colours: dict[int, int], views: Iterable[tuple[int, int]]) -> dict[int, int]:
        """Return new colours, of each person's colour and views."""
        of_person: defaultdict[int, list[int]] = defaultdict(list)
        for person, view in views:
            of_person[person].append(view)
        return {person: _digest(f"{colour} {sorted(of_person[person])}") for person, colour in colours.items()}

    def _smallest_cell(self, colours: dict[int, int]) -> list[int]:
        """Return the smallest set of several people of one colour, empty if all colours differ."""
        cells: defaultdict[int, list[int]] = defaultdict(list)
        for person, colour in colours.items():
            cells[colour].append(person)
        shared = [(len(people), colour) for colour, people in cells.items() if len(people) > 1]
        return cells[min(shared)[1]] if shared else []

    @cached_property
    def _unswapped(self) -> str:
        return self._form({person: str(person) for person in self._people})

    def _are_twins(self, first: int, second: int) -> bool:
        """Whether two people can be swapped without a change of the form."""
        names = {person: str(person) for person in self._people}
        names[first], names[second] = names[second], names[first]
        return self._form(names) == self._unswapped

    def _form(self, names: Mapping[int, str]) -> str:
        return "\n".join(sorted(_line(utterance, names, self._loose) for utterance in self._utterances))
