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

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any, Final

from knk.datasets.audit.sources import text_of
from knk.errors import GaveUp
from knk.logic.labelling import Labelling, connected
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
    renamed, folded = (_tree_fingerprint(puzzle, fold) for fold in (False, True))
    return of_text, of_tree, renamed, folded, int(puzzle.key[:16], 16) or 1


def _tree_fingerprint(puzzle: Puzzle, fold: bool) -> int:
    try:
        return _digest(tree_form(puzzle, fold))
    except GaveUp:
        return 0


def _digest(text: str) -> int:
    """Return a 64-bit hash that is never 0."""
    return int.from_bytes(blake2b(text.encode(errors="replace"), digest_size=8).digest(), "big") or 1


def tree_form(puzzle: Puzzle, fold: bool = False) -> str:
    """Return a text that two puzzles share if and only if renaming and reordering makes their trees equal.

    Args:
        puzzle: the puzzle.
        fold: whether to ignore also what the level `folded` ignores.

    Raises:
        GaveUp: the puzzle is too symmetric: it would take more than `MAX_LABELLINGS` labellings.

    >>> from knk.logic.notation import decode
    >>> first, second = decode("Ann,Bob 0:-1 1:&(+0,-1)"), decode("Cid,Dora 0:&(+1,-0) 1:-0")
    >>> tree_form(first) == tree_form(second), tree_form(first) == tree_form(decode("Ann,Bob 0:-1 1:&(-1,+0)"))
    (True, False)
    >>> tree_form(first, fold=True) == tree_form(decode("Ann,Bob 0:~+1 1:&(-1,+0)"), fold=True)
    True
    """
    utterances: Iterable[Utterance] = puzzle.statements
    if fold:
        names = {person: str(person) for person in range(len(puzzle.names))}
        folded = [Utterance(speaker, _folded(statement)) for speaker, statement in utterances]
        utterances = {_line(utterance, names, fold): utterance for utterance in folded}.values()
    components = connected(utterances, _people_of)
    involved = {person for component in components for utterance in component for person in _people_of(utterance)}
    forms = sorted(_TreeLabelling(component, fold).canonical_form() for component in components)
    return "\n\n".join([f"{len(puzzle.names) - len(involved)} silent", *forms])


def _people_of(utterance: Utterance) -> frozenset[int]:
    """Return the speaker and everybody whom the statement is about."""
    return utterance.statement.people | {utterance.speaker}


@lru_cache(maxsize=16384)
def _folded(statement: Statement) -> Statement:
    """Return the statement with "not" moved into atoms and double negations removed."""
    if not statement.parts:
        return statement
    parts = [_folded(part) for part in statement.parts]
    if isinstance(statement, Not) and isinstance(parts[0], Atom | Not):
        return parts[0].negated()
    return type(statement)(*parts)


def _format(statement: Statement, names: Mapping[int, str], fold: bool) -> str:
    """Return the statement as text, with the given names of the people."""
    arguments = [_format(part, names, fold) for part in statement.parts] or [names[p] for p in statement.named]
    if fold and statement.is_symmetric:
        arguments.sort()
    head = " ".join([type(statement).__name__, *map(str, statement.parameters)])
    return f"{head}({','.join(arguments)})"


def _line(utterance: Utterance, names: Mapping[int, str], fold: bool) -> str:
    return f"{names[utterance.speaker]}:{_format(utterance.statement, names, fold)}"


def _views(utterance: Utterance, names: dict[int, str], fold: bool) -> list[tuple[int, int]]:
    """Return each person of an utterance with a hash of the utterance in which that person is marked."""
    views = []
    for person in _people_of(utterance):
        name, names[person] = names[person], "*"
        views.append((person, _digest(_line(utterance, names, fold))))
        names[person] = name
    return views


@lru_cache(maxsize=65536)
def _first_views(utterance: Utterance, fold: bool) -> list[tuple[int, int]]:
    return _views(utterance, dict.fromkeys(_people_of(utterance), "_"), fold)


class _TreeLabelling(Labelling[str]):
    """The canonical form of utterances that share people: their text under the best labelling."""

    def __init__(self, utterances: list[Utterance], fold: bool) -> None:
        self._utterances = utterances
        self._fold = fold
        self._people = sorted({person for utterance in utterances for person in _people_of(utterance)})
        super().__init__(len(self._people), MAX_LABELLINGS)
        self._index = {person: index for index, person in enumerate(self._people)}

    def canonical_form(self) -> str:
        """Return a text that is equal if and only if the utterances are the same up to renaming."""
        views = [view for utterance in self._utterances for view in _first_views(utterance, self._fold)]
        colours = self._refined_colours([0] * self.size, views)
        return self.least_form(colours if len(set(colours)) == self.size else self.refined(colours))

    def recoloured(self, colours: list[int]) -> list[int]:
        """Return each person's colour mixed with their views of the utterances."""
        names = self._names(colours)
        views = [view for utterance in self._utterances for view in _views(utterance, names, self._fold)]
        return self._refined_colours(colours, views)

    def individualised(self, colour: int, rank: int) -> int:
        """Return the new colour of the person who is singled out of those of one colour as number `rank`."""
        return _digest(f"{rank} {colour}")

    def are_twins(self, person: int, other: int) -> bool:
        """Whether two people can be swapped without a change of the form."""
        labels = list(range(self.size))
        labels[person], labels[other] = other, person
        return self.form(labels) == self._unswapped

    def repeats(self, person: int, tried: list[int], fixed: tuple[int, ...]) -> bool:  # noqa: ARG002 - swaps suffice
        """Whether a person can be swapped with one of those tried; other symmetries cost labellings."""
        return any(self.are_twins(person, other) for other in tried)

    def form(self, labels: list[int]) -> str:
        """Return the text of all utterances, one a line."""
        names = self._names(labels)
        return "\n".join(sorted(_line(utterance, names, self._fold) for utterance in self._utterances))

    @cached_property
    def _unswapped(self) -> str:
        return self.form(list(range(self.size)))

    def _names(self, numbers: list[int]) -> dict[int, str]:
        return {person: str(number) for person, number in zip(self._people, numbers, strict=True)}

    def _refined_colours(self, colours: list[int], views: Iterable[tuple[int, int]]) -> list[int]:
        """Return new colours, of each person's colour and views."""
        of_person: list[list[int]] = [[] for _ in colours]
        for person, view in views:
            of_person[self._index[person]].append(view)
        return [_digest(f"{colour} {sorted(seen)}") for colour, seen in zip(colours, of_person, strict=True)]
