"""The statements that a specification allows: a list of all of them, or random ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from typing import Final

import numpy as np

from knk.errors import BadSpec
from knk.generation.draws import Draws
from knk.generation.spec import Spec
from knk.logic.statements import (
    COMPOUNDS,
    GROUP_STATEMENTS,
    Atom,
    Compound,
    GroupStatement,
    Knave,
    Knight,
    Not,
    Statement,
)
from knk.logic.triviality import is_trivial

MAX_GROUP_OF_ALL: Final = 8
"""Up to this many people a count or a parity may be about all of them."""
_MAX_PART_DRAWS: Final = 20
_WEIGHT_BITS: Final = 20
_ODDS_BITS: Final = 24
_GROUP_STATEMENTS: Final = {kind.kind: kind for kind in GROUP_STATEMENTS}
_CONNECTIVES: Final = {kind.kind: kind for kind in COMPOUNDS if kind is not Not}


class Grammar:
    """The statements that a specification allows among `people` people.

    Args:
        spec: the specification.
        people: how many people there are.

    Raises:
        BadSpec: so few people cannot make any of the specification's kinds of statement.
    """

    def __init__(self, spec: Spec, people: int) -> None:
        self.spec = spec
        self.people = people
        possible = {kind: people >= (group.group_size or 1) for kind, group in _GROUP_STATEMENTS.items()}
        possible["one of"] = people > 1 or spec.trivial
        self.weights = {
            kind: max(1, int(weight * (1 << _WEIGHT_BITS)))
            for kind, weight in spec.kinds
            if weight > 0
            and possible.get(kind, True)
            and (spec.depth or kind == Atom.kind or kind in _GROUP_STATEMENTS)
        }
        if not self.weights:
            raise BadSpec(f"{people} people can make no statement of the kinds {[kind for kind, _ in spec.kinds]}")
        self._kinds = list(self.weights)
        self._bounds = np.cumsum(list(self.weights.values())).tolist()
        self._atoms: list[Statement] = [kind(person) for person in range(people) for kind in (Knight, Knave)]
        self._groups_of_all = [tuple(range(people))] if spec.width < people <= MAX_GROUP_OF_ALL else []

    def list_all(self, limit: int) -> list[tuple[Statement, int]] | None:
        """Return all statements with their odds as integers, or None if there are more than `limit`.

        Only statements of depth 1 with two parts are listed; other grammars return None.
        """
        if self.spec.depth > 1 or self.spec.width > 2:
            return None
        listed: list[tuple[Statement, int]] = []
        for kind in self._kinds:
            statements = [statement for statement in self._listed(kind) if self.allows(None, statement)]
            if len(listed) + len(statements) > limit:
                return None
            listed += [(statement, (self.weights[kind] << _ODDS_BITS) // len(statements)) for statement in statements]
        return listed

    def draw(self, draws: Draws) -> Statement:
        """Return a random statement, which may not be allowed: check it with `allows`."""
        return self._random(draws, self.spec.depth)

    def allows(self, speaker: int | None, statement: Statement) -> bool:
        """Whether the specification allows a speaker (None for any speaker) a statement."""
        return self.permits(speaker, statement) and (self.spec.trivial or not is_trivial(statement))

    def permits(self, speaker: int | None, statement: Statement) -> bool:
        """Whether a speaker may make a statement that is allowed for other speakers."""
        if self.spec.self_accusation or speaker not in statement.people:
            return True
        return not any(isinstance(part, Knave) and part.person == speaker for part in statement.walk())

    def _listed(self, kind: str) -> Iterator[Statement]:
        everyone = range(self.people)
        if kind == Atom.kind:
            yield from self._atoms
        elif kind == Not.kind:
            yield from map(Not, self._atoms)
        elif kind in _CONNECTIVES:
            yield from (_CONNECTIVES[kind](*pair) for pair in permutations(self._atoms, 2))
        elif size := _GROUP_STATEMENTS[kind].group_size:
            for group in permutations(everyone, size):
                yield from _GROUP_STATEMENTS[kind].about(group)
        else:
            for group in [*combinations(everyone, min(2, self.people)), *self._groups_of_all]:
                yield from _GROUP_STATEMENTS[kind].about(group)

    def _random(self, draws: Draws, depth: int) -> Statement:
        position = draws.below(self._bounds[-1])
        kind = next(kind for kind, bound in zip(self._kinds, self._bounds, strict=True) if position < bound)
        if kind == Not.kind and depth:
            return Not(self._part(draws, depth))
        if kind in _CONNECTIVES and depth:
            return self._compound(draws, depth, _CONNECTIVES[kind])
        if kind in _GROUP_STATEMENTS:
            return draws.pick(_GROUP_STATEMENTS[kind].about(self._group(draws, _GROUP_STATEMENTS[kind])))
        return self._atom(draws)

    def _compound(self, draws: Draws, depth: int, kind: type[Compound]) -> Statement:
        width = kind.max_parts or 2 + draws.below(self.spec.width - 1)
        parts: list[Statement] = []
        # One person may not have enough different parts; then there are fewer.
        for _ in range(_MAX_PART_DRAWS):
            part = self._part(draws, depth)
            if part not in parts:
                parts.append(part)
            if len(parts) == width:
                break
        return kind(*parts) if len(parts) > 1 else parts[0]

    def _part(self, draws: Draws, depth: int) -> Statement:
        return self._atom(draws) if depth == 1 or draws.below(2) else self._random(draws, depth - 1)

    def _atom(self, draws: Draws) -> Statement:
        return draws.pick(self._atoms)

    def _group(self, draws: Draws, kind: type[GroupStatement]) -> Sequence[int]:
        if kind.group_size:
            return draws.sample(range(self.people), kind.group_size)
        if self._groups_of_all and draws.below(4) == 0:
            return self._groups_of_all[0]
        max_size = min(self.spec.width, self.people)
        size = max_size if max_size < 2 else 2 + draws.below(max_size - 1)
        return tuple(draws.sample(range(self.people), size))
