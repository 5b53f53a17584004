"""What can be said: all statements that a specification allows a speaker, or a draw from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from knk.errors import BadSpec
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

EVERYBODY: Final = 8
"""Up to this many people a count or a parity may be about everybody."""
SHARES: Final = 1 << 14
"""Into how many equal shares the odds of statements are cut."""
_Item = TypeVar("_Item")
_GROUP_STATEMENTS: Final = {kind.kind: kind for kind in GROUP_STATEMENTS}
_CONNECTIVES: Final = {kind.kind: kind for kind in COMPOUNDS if kind is not Not}


class Draws:
    """An endless row of random numbers that is the same on every machine and release.

    NumPy promises that the raw words of a bit generator never change, and nothing of that kind for what is made of
    them: so the rest is done here.

    Args:
        seed: whole numbers that name the row.
    """

    def __init__(self, *seed: int) -> None:
        self._source = np.random.PCG64(np.random.SeedSequence([part & 0xFFFFFFFFFFFFFFFF for part in seed]))
        self._kept: list[int] = []

    def words(self, count: int) -> npt.NDArray[np.uint64]:
        """Return the next 64-bit words, shape (count,)."""
        return self._source.random_raw(count)

    def shares(self, *shape: int) -> npt.NDArray[np.intp]:
        """Return the next numbers below `SHARES`, in any shape."""
        count = int(np.prod(shape))
        halves = self.words(-(-count // 4)).astype("<u8").view("<u2")[:count].reshape(shape)
        return (halves & np.uint16(SHARES - 1)).astype(np.intp)

    def below(self, bound: int) -> int:
        """Return a number from 0 to `bound - 1`, all equally likely to within one part in 2**30."""
        if not self._kept:
            self._kept = self.words(256).tolist()
        return (self._kept.pop() >> 16) * bound >> 48

    def pick(self, items: Sequence[_Item]) -> _Item:
        """Return one of the items, all equally likely."""
        return items[self.below(len(items))]

    def sample(self, items: Sequence[_Item], count: int) -> list[_Item]:
        """Return `count` different items, in random order."""
        pool = list(items)
        for place in range(count):
            other = place + self.below(len(pool) - place)
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:count]


class Grammar:
    """What a specification lets somebody among `people` people say.

    Args:
        spec: the specification.
        people: how many people there are.

    Raises:
        BadSpec: no kind of statement with any weight can be made by so few people.
    """

    def __init__(self, spec: Spec, people: int) -> None:
        self.spec = spec
        self.people = people
        fits = {kind: people >= (group.group_size or 1) for kind, group in _GROUP_STATEMENTS.items()}
        fits["one of"] = people > 1 or spec.trivial
        self.weights = {
            kind: max(1, int(weight * (1 << 20)))
            for kind, weight in spec.kinds
            if weight > 0 and fits.get(kind, True) and (spec.depth or kind == Atom.kind or kind in _GROUP_STATEMENTS)
        }
        if not self.weights:
            raise BadSpec(f"{people} people can say nothing of the kinds {[kind for kind, _ in spec.kinds]}")
        self._kinds = list(self.weights)
        self._bounds = np.cumsum(list(self.weights.values())).tolist()
        self._atoms: list[Statement] = [kind(person) for person in range(people) for kind in (Knight, Knave)]
        self._groups_of_all = [tuple(range(people))] if spec.width < people <= EVERYBODY else []

    def everything(self, limit: int) -> list[tuple[Statement, int]] | None:
        """Return all statements with their odds as whole numbers, or None where there are more than `limit`.

        Only flat grammars with parts in pairs are listed.
        """
        if self.spec.depth > 1 or self.spec.width > 2:
            return None
        listed: list[tuple[Statement, int]] = []
        for kind in self._kinds:
            found = [statement for statement in self._listed(kind) if self.allows(None, statement)]
            if len(listed) + len(found) > limit:
                return None
            listed += [(statement, (self.weights[kind] << 24) // len(found)) for statement in found]
        return listed

    def draw(self, draws: Draws) -> Statement:
        """Return a random statement, which `allows` has still to judge."""
        return self._drawn(draws, self.spec.depth)

    def allows(self, speaker: int | None, statement: Statement) -> bool:
        """Whether the specification lets the speaker, or anybody, make a statement."""
        return self.lets_speak(speaker, statement) and (self.spec.trivial or not is_trivial(statement))

    def lets_speak(self, speaker: int | None, statement: Statement) -> bool:
        """Whether the specification lets the speaker make a statement that somebody may make."""
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
            yield from (_CONNECTIVES[kind](*two) for two in permutations(self._atoms, 2))
        elif size := _GROUP_STATEMENTS[kind].group_size:
            for group in permutations(everyone, size):
                yield from _GROUP_STATEMENTS[kind].about(group)
        else:
            for group in [*combinations(everyone, min(2, self.people)), *self._groups_of_all]:
                yield from _GROUP_STATEMENTS[kind].about(group)

    def _drawn(self, draws: Draws, depth: int) -> Statement:
        place = draws.below(self._bounds[-1])
        kind = next(kind for kind, bound in zip(self._kinds, self._bounds, strict=True) if place < bound)
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
        # With one person there may be too few different parts: then fewer do.
        for _ in range(20):
            part = self._part(draws, depth)
            if part not in parts:
                parts.append(part)
            if len(parts) == width:
                break
        return kind(*parts) if len(parts) > 1 else parts[0]

    def _part(self, draws: Draws, depth: int) -> Statement:
        return self._atom(draws) if depth == 1 or draws.below(2) else self._drawn(draws, depth - 1)

    def _atom(self, draws: Draws) -> Statement:
        return draws.pick(self._atoms)

    def _group(self, draws: Draws, kind: type[GroupStatement]) -> Sequence[int]:
        if kind.group_size:
            return draws.sample(range(self.people), kind.group_size)
        if self._groups_of_all and draws.below(4) == 0:
            return self._groups_of_all[0]
        most = min(self.spec.width, self.people)
        size = most if most < 2 else 2 + draws.below(most - 1)
        return tuple(draws.sample(range(self.people), size))
