"""Rules: which roles one utterance forces, given roles that are known.

The speaker is a knight if and only if the statement is true. A rule for few people reads this off a truth table, a rule
for a symmetric statement about many people counts knights in classes, and any other rule asks a SAT solver.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from math import prod
from typing import Final

import numpy as np
import numpy.typing as npt

from knk.logic.algebra import masks
from knk.logic.folded_table import MAX_TABLE_ENTRIES, folded_table
from knk.logic.puzzle import Utterance
from knk.logic.sat import sat_solver
from knk.logic.statements import Iff, Knight
from knk.proofs.states import CONFLICT, bit_of, people_of

ALL_PASSES: Final = 1 << 30
"""As the bound on `closed`: pass over the rules until nothing changes."""
_MAX_TRUTH_TABLE_PEOPLE: Final = 8
"""Up to this many people a statement's own truth table is used."""
_MAX_CACHE_ENTRIES: Final = 4096
"""Results that a rule keeps."""


class Rule:
    """What one utterance forces: its speaker is a knight if and only if its statement is true.

    Args:
        people: the speaker and everybody whom the statement is about.

    Attributes:
        mask: the bits of these people in a state.
        cache: results of `forced`, for loops in which a method call would cost too much.
    """

    def __init__(self, people: Sequence[int]) -> None:
        self.people = tuple(people)
        self.mask = sum(3 << 2 * person for person in people)
        self.cache: dict[int, int] = {}
        self._reasons: dict[tuple[int, int], tuple[tuple[int, ...], ...]] = {}

    def forced(self, known: int) -> int:
        """Return `known` and all roles that this rule forces, or `CONFLICT`; `known` is about its people only."""
        state = self.cache.get(known)
        if state is None:
            if len(self.cache) >= _MAX_CACHE_ENTRIES:
                self.cache.clear()
            state = self.cache[known] = self._force(known)
        return state

    def reasons(self, known: int, goal: int) -> tuple[tuple[int, ...], ...]:
        """Return minimal groups of people whose known roles force a goal.

        Args:
            known: roles of this rule's people.
            goal: the bit of the role that is forced, 0 for a conflict.
        """
        groups = self._reasons.get((known, goal))
        if groups is None:
            if len(self._reasons) >= _MAX_CACHE_ENTRIES:
                self._reasons.clear()
            groups = self._reasons[known, goal] = self._explain(known, goal)
        return groups

    def _force(self, known: int) -> int:
        raise NotImplementedError

    def _explain(self, known: int, goal: int) -> tuple[tuple[int, ...], ...]:
        """Return one minimal group, found by dropping each person who is not needed in turn."""
        for person in self.people:
            smaller = known & ~(3 << 2 * person)
            if smaller != known and _reaches(self._force(smaller), goal):
                known = smaller
        return (tuple(person for person, _ in people_of(known)),)


def _reaches(state: int, goal: int) -> bool:
    """Whether a state has the goal's bit, or is a conflict where the goal is 0."""
    return state == CONFLICT if not goal else state != CONFLICT and bool(state & goal)


class _TruthTable:
    """A rule for people numbered from 0, read off a truth table and shared by all rules of the same form."""

    def __init__(self, size: int, table: int) -> None:
        self.size = size
        self.table = table
        self._forced: dict[int, int] = {}
        self._reasons: dict[tuple[int, int], tuple[int, ...]] = {}

    def forced(self, known: int) -> int:
        """Return `known` and all roles that the table forces, or `CONFLICT`."""
        state = self._forced.get(known)
        if state is None:
            state = self._forced[known] = self._force(known)
        return state

    def _force(self, known: int) -> int:
        roles, _ = masks(self.size)
        left = self.table
        for person, knight in people_of(known):
            left &= roles[person] if knight else ~roles[person]
        if not left:
            return CONFLICT
        for person, x in enumerate(roles):
            known |= bit_of(person, True) if not left & ~x else bit_of(person, False) if not left & x else 0
        return known

    def reasons(self, known: int, goal: int) -> tuple[int, ...]:
        """Return all minimal parts of `known` that force a goal, smallest first."""
        states = self._reasons.get((known, goal))
        if states is None:
            states = self._reasons[known, goal] = tuple(self._explain(known, goal))
        return states

    def _explain(self, known: int, goal: int) -> list[int]:
        bits = [bit_of(person, knight) for person, knight in people_of(known)]
        minimal: list[int] = []
        for size in range(len(bits) + 1):
            for subset in map(sum, combinations(bits, size)):
                if _reaches(self.forced(subset), goal) and not any(subset & part == part for part in minimal):
                    minimal.append(subset)
        return minimal


@lru_cache(maxsize=16384)
def _table(size: int, table: int) -> _TruthTable:
    return _TruthTable(size, table)


class NarrowRule(Rule):
    """A rule for few people, from the statement's truth table."""

    def __init__(self, utterance: Utterance) -> None:
        super().__init__(sorted(utterance.statement.people | {utterance.speaker}))
        roles, all_true = masks(len(self.people))
        value = dict(zip(self.people, roles, strict=True))
        allowed = all_true ^ value[utterance.speaker] ^ utterance.statement.value(value, all_true)  # type: ignore[arg-type]
        self._table = _table(len(self.people), allowed)

    def _to_local(self, state: int) -> int:
        """Return a state with this rule's people numbered from 0."""
        return sum((state >> 2 * person & 3) << 2 * index for index, person in enumerate(self.people))

    def _to_global(self, state: int) -> int:
        """Return a state with people's numbers in the puzzle; the inverse of `_to_local`."""
        return sum((state >> 2 * index & 3) << 2 * person for index, person in enumerate(self.people))

    def _force(self, known: int) -> int:
        state = self._table.forced(self._to_local(known))
        return state if state == CONFLICT else self._to_global(state)

    def _explain(self, known: int, goal: int) -> tuple[tuple[int, ...], ...]:
        states = self._table.reasons(self._to_local(known), self._to_local(goal))
        return tuple(tuple(self.people[index] for index, _ in people_of(state)) for state in states)


class FoldedRule(Rule):
    """A rule in which only the number of knights in each class of people matters."""

    def __init__(self, classes: tuple[tuple[int, ...], ...], table: bytes) -> None:
        super().__init__(sorted(person for members in classes for person in members))
        self._classes = [(members, sum(3 << 2 * person for person in members)) for members in classes]
        sizes = [len(members) + 1 for members in classes]
        self._allowed: npt.NDArray[np.bool_] = np.frombuffer(table, dtype=np.uint8).reshape(sizes) != 0

    def _force(self, known: int) -> int:
        left, start = self._allowed, []
        for axis, (members, mask) in enumerate(self._classes):
            roles = [knight for _, knight in people_of(known & mask)]
            fewest_knights = sum(roles)
            start.append(fewest_knights)
            most_knights = fewest_knights + len(members) - len(roles)
            left = left[(slice(None),) * axis + (slice(fewest_knights, most_knights + 1),)]
        if not left.any():
            return CONFLICT
        for axis, (members, _) in enumerate(self._classes):
            others = tuple(other for other in range(left.ndim) if other != axis)
            possible: npt.NDArray[np.bool_] = np.asarray(left.any(axis=others))
            # People of a class whose roles are open are interchangeable, so that all their roles follow or none.
            if len(possible) > 1 and not (possible[1:].any() and possible[:-1].any()):
                knight = bool(possible[1:].any())
                known |= sum(bit_of(person, knight) for person in members if not known >> 2 * person & 3)
        return known


class SatRule(Rule):
    """A rule for many people of whom no two are interchangeable, from a SAT solver."""

    def __init__(self, utterance: Utterance) -> None:
        super().__init__(sorted(utterance.statement.people | {utterance.speaker}))
        self._solver = sat_solver(self.people[-1] + 1, [utterance])
        # Rules stay cached until the interpreter exits, too late for the solver's own `__del__`.
        weakref.finalize(self, self._solver.delete)

    def _force(self, known: int) -> int:
        assumed = [person + 1 if knight else -1 - person for person, knight in people_of(known)]
        if not self._solver.solve(assumptions=assumed):
            return CONFLICT
        model = self._solver.get_model()
        for person in self.people:
            if not known >> 2 * person & 3 and not self._solver.solve(assumptions=[*assumed, -model[person]]):
                known |= bit_of(person, model[person] > 0)
        return known


@lru_cache(maxsize=65536)
def rule_of(utterance: Utterance) -> Rule:
    """Return the rule of an utterance.

    >>> from knk.logic.statements import And, Knave
    >>> rule = rule_of(Utterance(0, And(Knave(0), Knave(1))))
    >>> list(people_of(rule.forced(0)))
    [(0, False), (1, True)]
    """
    if len(utterance.statement.people | {utterance.speaker}) <= _MAX_TRUTH_TABLE_PEOPLE:
        return NarrowRule(utterance)
    constraint = folded_table(Iff(Knight(utterance.speaker), utterance.statement))
    if prod(len(members) + 1 for members in constraint.classes) <= MAX_TABLE_ENTRIES:
        return FoldedRule(constraint.classes, constraint.table)
    return SatRule(utterance)


def closed(rules: Sequence[Rule], state: int, pending: int = -1, passes: int = ALL_PASSES) -> int:
    """Return a state with everything that the rules force, applied one at a time until nothing changes, or `CONFLICT`.

    Args:
        rules: the rules.
        state: what is known.
        pending: the part of it whose consequences have not been drawn yet; by default all.
        passes: the most passes over the rules.

    >>> from knk.logic.statements import Knave
    >>> rules = [rule_of(Utterance(0, Knave(1))), rule_of(Utterance(1, Knave(2)))]
    >>> list(people_of(closed(rules, bit_of(0, True))))
    [(0, True), (1, False), (2, True)]
    """
    while pending and passes:
        passes -= 1
        before = state
        for rule in rules:
            mask = rule.mask
            if mask & pending:
                known = state & mask
                forced = rule.cache.get(known)
                if forced is None:
                    forced = rule.forced(known)
                if forced < 0:
                    return CONFLICT
                state |= forced
                pending |= state ^ before
        # A rule applied early in this pass has not seen what was forced late in it.
        pending = state ^ before
    return state
