"""A proof as a careful person finds it: `trace` builds one, `check` confirms every step of it.

First what follows at once: "the speaker is a knight if and only if the statement is true", for one statement at a time,
under the roles known so far. When nothing follows any more, somebody's role is supposed, a contradiction is found, and
the supposition is retracted. Of all suppositions that can be refuted the one with the shortest refutation is taken, of
equally short ones that whose retraction lets the most roles follow; suppositions within suppositions are tried
only where simple ones do not do. At the end every statement is verified.

Glossary: a *state* is what is known, two bits a person in one integer: bit 2i for "person i is a knave", bit 2i + 1
for "person i is a knight". A *rule* is what one person's saying one thing allows. A *line* is an argument under
construction: the main one, or one under a supposition; its *own* people are those whose roles it found itself.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import prod
from typing import Final

import numpy as np
import numpy.typing as npt

from knk.errors import BadTrace, GaveUp, ManySolutions, NoSolution
from knk.logic.algebra import masks
from knk.logic.keys import MAX_TABLE_ENTRIES, meaning
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.solver import (
    Solution,
    follows,
    sat_solver,
    solve,
)
from knk.logic.statements import And, Iff, Implies, Knave, Knight, Not, Or, Statement

CONFLICT: Final = -1
"""In place of a state: no roles fit."""
PATIENCE: Final = 4_000_000
"""Looks at a rule after which a search is given up, a few seconds' worth."""
_CONTENT: Final = 20
"""A search that has a refutation looks for a shorter one for one part in so many of its patience."""
_LONG: Final = 1 << 30
_NARROW: Final = 8
"""People of a statement up to which its truth table is used as it is."""
_KEPT: Final = 4096
"""Answers that a rule keeps."""


# The steps of a proof.


@dataclass(frozen=True, slots=True)
class Follows:
    """What somebody said forces a role, given roles that are known already.

    Args:
        said: the statement, by its place in `puzzle.statements`.
        using: the people whose known roles it takes, besides.
        person: whose role follows.
        knight: whether they are a knight.
    """

    said: int
    using: tuple[int, ...]
    person: int
    knight: bool


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What somebody said cannot fit roles that are known or supposed.

    Args:
        said: the statement, by its place in `puzzle.statements`.
        using: the people whose roles it does not fit.
    """

    said: int
    using: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Suppose:
    """A supposition and all that comes of it; the last of its steps is the contradiction.

    Args:
        person: whose role is supposed.
        knight: whether they are supposed to be a knight.
        steps: what follows under the supposition.
    """

    person: int
    knight: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Retract:
    """The supposition just before led to a contradiction, so the opposite holds.

    Args:
        person: whose role had been supposed.
        knight: whether they are a knight, as is now known.
    """

    person: int
    knight: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """A statement compared with all roles, at the end: true from a knight, false from a knave.

    Args:
        said: the statement, by its place in `puzzle.statements`.
        true: whether it is true.
    """

    said: int
    true: bool


Step = Follows | Contradiction | Suppose | Retract


@dataclass(frozen=True)
class Trace:
    """A proof that a puzzle has its solution and no other.

    Args:
        puzzle: the puzzle.
        steps: how everybody's role is found; each `Suppose` is followed by its `Retract`.
        verified: every statement, compared with the roles found.
        solution: the roles, True for a knight.
    """

    puzzle: Puzzle
    steps: tuple[Step, ...]
    verified: tuple[Verified, ...]
    solution: Solution

    def walk(self) -> Iterator[Step]:
        """Iterate over all steps in the order of the proof, those inside suppositions after their `Suppose`.

        >>> from knk.logic.notation import decode
        >>> [type(step).__name__ for step in trace(decode("Ann,Bob 0:&(-0,-1)")).walk()]
        ['Follows', 'Follows']
        """
        yield from _walk(self.steps)

    @property
    def length(self) -> int:
        """How many steps there are before the verification, those inside suppositions included."""
        return sum(1 for _ in self.walk())

    @property
    def suppositions(self) -> int:
        """How many suppositions are made, those within others included."""
        return sum(isinstance(step, Suppose) for step in self.walk())

    @property
    def nesting(self) -> int:
        """How many suppositions are open at once, at most."""
        return _nesting(self.steps)


def _walk(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if isinstance(step, Suppose):
            yield from _walk(step.steps)


def _nesting(steps: Iterable[Step]) -> int:
    return max((1 + _nesting(step.steps) for step in steps if isinstance(step, Suppose)), default=0)


# What one statement forces.


def bit_of(person: int, knight: bool) -> int:
    """Return the state in which only this is known.

    >>> bit_of(0, False), bit_of(1, True)
    (1, 8)
    """
    return (2 if knight else 1) << 2 * person


def people_of(state: int) -> Iterator[tuple[int, bool]]:
    """Iterate over the people whose roles a state knows, with their roles, lowest number first.

    >>> list(people_of(0b1001))
    [(0, False), (1, True)]
    """
    while state:
        place = (state & -state).bit_length() - 1
        yield place >> 1, bool(place & 1)
        state &= state - 1


class Rule:
    """What one person's saying one thing allows: that they are a knight just if it is true.

    Args:
        people: everybody it touches.
    """

    def __init__(self, people: Sequence[int]) -> None:
        self.people = tuple(people)
        self.mask = sum(3 << 2 * person for person in people)
        self.kept: dict[int, int] = {}
        self._reasons: dict[tuple[int, int], tuple[tuple[int, ...], ...]] = {}

    def forced(self, known: int) -> int:
        """Return `known` with all that follows by this rule alone, or `CONFLICT`; `known` is of its people only."""
        found = self.kept.get(known)
        if found is None:
            if len(self.kept) >= _KEPT:
                self.kept.clear()
            found = self.kept[known] = self._force(known)
        return found

    def reasons(self, known: int, goal: int) -> tuple[tuple[int, ...], ...]:
        """Return groups of people whose known roles suffice to force a role (0: a conflict), and nobody to spare."""
        found = self._reasons.get((known, goal))
        if found is None:
            if len(self._reasons) >= _KEPT:
                self._reasons.clear()
            found = self._reasons[known, goal] = self._explain(known, goal)
        return found

    def _force(self, known: int) -> int:
        raise NotImplementedError

    def _explain(self, known: int, goal: int) -> tuple[tuple[int, ...], ...]:
        """Drop whoever is not needed, one after the other: one group, of which nobody can be spared."""
        for person in self.people:
            less = known & ~(3 << 2 * person)
            if less != known and _reaches(self._force(less), goal):
                known = less
        return (tuple(person for person, _ in people_of(known)),)


def _reaches(state: int, goal: int) -> bool:
    return state == CONFLICT if not goal else state != CONFLICT and bool(state & goal)


class _Table:
    """The same for people numbered from 0, from a truth table; shared by all rules of the same form."""

    def __init__(self, size: int, table: int) -> None:
        self.size = size
        self.table = table
        self.kept: dict[int, int] = {}
        self.groups: dict[tuple[int, int], tuple[int, ...]] = {}

    def forced(self, known: int) -> int:
        found = self.kept.get(known)
        if found is None:
            found = self.kept[known] = self._force(known)
        return found

    def _force(self, known: int) -> int:
        xs, _ = masks(self.size)
        left = self.table
        for person, knight in people_of(known):
            left &= xs[person] if knight else ~xs[person]
        if not left:
            return CONFLICT
        for person, x in enumerate(xs):
            known |= bit_of(person, True) if not left & ~x else bit_of(person, False) if not left & x else 0
        return known

    def reasons(self, known: int, goal: int) -> tuple[int, ...]:
        """Return all states within `known` that suffice and in which nobody can be spared, smallest first."""
        found = self.groups.get((known, goal))
        if found is None:
            found = self.groups[known, goal] = tuple(self._explain(known, goal))
        return found

    def _explain(self, known: int, goal: int) -> list[int]:
        bits = [bit_of(*one) for one in people_of(known)]
        found: list[int] = []
        for size in range(len(bits) + 1):
            for chosen in map(sum, combinations(bits, size)):
                if _reaches(self.forced(chosen), goal) and not any(chosen & less == less for less in found):
                    found.append(chosen)
        return found


@lru_cache(maxsize=16384)
def _table(size: int, table: int) -> _Table:
    return _Table(size, table)


class _NarrowRule(Rule):
    """A rule that touches few people."""

    def __init__(self, said: Utterance) -> None:
        super().__init__(sorted(said.statement.people | {said.speaker}))
        xs, full = masks(len(self.people))
        value = dict(zip(self.people, xs, strict=True))
        allowed = full ^ value[said.speaker] ^ said.statement.value(value, full)  # type: ignore[arg-type]
        self._table = _table(len(self.people), allowed)

    def _inside(self, state: int) -> int:
        return sum((state >> 2 * person & 3) << 2 * place for place, person in enumerate(self.people))

    def _outside(self, state: int) -> int:
        return sum((state >> 2 * place & 3) << 2 * person for place, person in enumerate(self.people))

    def _force(self, known: int) -> int:
        found = self._table.forced(self._inside(known))
        return found if found == CONFLICT else self._outside(found)

    def _explain(self, known: int, goal: int) -> tuple[tuple[int, ...], ...]:
        found = self._table.reasons(self._inside(known), self._inside(goal))
        return tuple(tuple(self.people[place] for place, _ in people_of(state)) for state in found)


class _FoldedRule(Rule):
    """A rule in which people of one class count only by how many of them are knights."""

    def __init__(self, classes: tuple[tuple[int, ...], ...], table: bytes) -> None:
        super().__init__(sorted(person for members in classes for person in members))
        self._classes = [(members, sum(3 << 2 * person for person in members)) for members in classes]
        sizes = [len(members) + 1 for members in classes]
        self._allowed: npt.NDArray[np.bool_] = np.frombuffer(table, dtype=np.uint8).reshape(sizes) != 0

    def _force(self, known: int) -> int:
        left, start = self._allowed, []
        for axis, (members, mask) in enumerate(self._classes):
            roles = [knight for _, knight in people_of(known & mask)]
            least = sum(roles)
            start.append(least)
            most = least + len(members) - len(roles)
            left = left[(slice(None),) * axis + (slice(least, most + 1),)]
        if not left.any():
            return CONFLICT
        for axis, (members, _) in enumerate(self._classes):
            others = tuple(other for other in range(left.ndim) if other != axis)
            some: npt.NDArray[np.bool_] = np.asarray(left.any(axis=others))
            # Whoever is open may be swapped with any other of the class, so all follow or none.
            if len(some) > 1 and not (some[1:].any() and some[:-1].any()):
                knight = bool(some[1:].any())
                known |= sum(bit_of(person, knight) for person in members if not known >> 2 * person & 3)
        return known


class _SatRule(Rule):
    """A rule that touches many people, each in a way of their own."""

    def __init__(self, said: Utterance) -> None:
        super().__init__(sorted(said.statement.people | {said.speaker}))
        self._solver = sat_solver(self.people[-1] + 1, [said])
        # Rules are kept till the end, when the solver's own clearing up would find half the interpreter gone.
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
def rule_of(said: Utterance) -> Rule:
    """Return what somebody's saying something allows.

    >>> rule = rule_of(Utterance(0, And(Knave(0), Knave(1))))
    >>> list(people_of(rule.forced(0)))
    [(0, False), (1, True)]
    """
    if len(said.statement.people | {said.speaker}) <= _NARROW:
        return _NarrowRule(said)
    meant = meaning(Iff(Knight(said.speaker), said.statement))
    if prod(len(members) + 1 for members in meant.classes) <= MAX_TABLE_ENTRIES:
        return _FoldedRule(meant.classes, meant.table)
    return _SatRule(said)


def closed(rules: Sequence[Rule], state: int, fresh: int = -1, passes: int = _LONG) -> int:
    """Return a state with all that follows from one rule at a time, over and over, or `CONFLICT`.

    Args:
        rules: the rules.
        state: what is known.
        fresh: the part of it whose consequences have not been drawn yet; all, if not given.
        passes: how often to go through the rules at most.

    >>> rules = [rule_of(Utterance(0, Knave(1))), rule_of(Utterance(1, Knave(2)))]
    >>> list(people_of(closed(rules, bit_of(0, True))))
    [(0, True), (1, False), (2, True)]
    """
    while fresh and passes:
        passes -= 1
        before = state
        for rule in rules:
            mask = rule.mask
            if mask & fresh:
                known = state & mask
                found = rule.kept.get(known)
                if found is None:
                    found = rule.forced(known)
                if found < 0:
                    return CONFLICT
                state |= found
                fresh |= state ^ before
        # A rule passed early in this round has not seen what came late in it.
        fresh = state ^ before
    return state


# The search for a proof.


class _Line:
    """An argument under construction: what is known, and why.

    Args:
        rules: the puzzle's rules.
        state: what is known.
        fresh: the part of it whose consequences have not been drawn yet.
        own: the person supposed, as a set of one in bits, or 0 for the main line.
    """

    def __init__(self, rules: Sequence[Rule], state: int, fresh: int, own: int) -> None:
        self.rules = rules
        self.state = state
        self.fresh = fresh
        self.own = own
        self.why: dict[int, tuple[Step, ...]] = {}
        # For each own person: the own people whose roles theirs rests on, themselves included, in bits.
        self.needs: dict[int, int] = {own.bit_length() - 1: own} if own else {}
        self.weights: dict[int, int] = {}

    def propagate(self) -> Contradiction | None:
        """Draw all consequences, in rounds, and return the contradiction if there is one."""
        while self.fresh:
            state, fresh = self.state, self.fresh
            broken: list[int] = []
            found: dict[int, tuple[tuple[int, int, int], bool, tuple[int, ...]]] = {}
            for place, rule in enumerate(self.rules):
                if not rule.mask & fresh:
                    continue
                known = state & rule.mask
                forced = rule.forced(known)
                if forced < 0:
                    broken.append(place)
                    continue
                for person, knight in people_of(forced ^ known):
                    cost, using = self._best(rule.reasons(known, bit_of(person, knight)))
                    ranked = (cost, len(using), place)
                    if person not in found or ranked < found[person][0]:
                        found[person] = ranked, knight, using
            if broken:
                return self._contradiction(broken)
            self._learn(found)
        return None

    def _learn(self, found: dict[int, tuple[tuple[int, int, int], bool, tuple[int, ...]]]) -> None:
        before = self.state
        for person, ((_, _, place), knight, using) in sorted(found.items(), key=lambda one: (one[1][0][2], one[0])):
            self.add(person, knight, using, (Follows(place, using, person, knight),), 1)
        self.fresh = self.state ^ before

    def add(self, person: int, knight: bool, using: Iterable[int], why: tuple[Step, ...], weight: int) -> None:
        """Take in a role that has been found, the steps by which it was, and how many these are."""
        self.state |= bit_of(person, knight)
        self.why[person] = why
        if self.own:
            self.needs[person] = self.needed(using) | 1 << person
            self.own |= 1 << person
            if weight > 1:
                self.weights[person] = weight

    def needed(self, using: Iterable[int]) -> int:
        """Return the own people that these people's roles rest on, in bits."""
        total = 0
        for person in using:
            total |= self.needs.get(person, 0)
        return total

    def cost(self, people: int) -> int:
        """Return how many steps the roles of these own people take."""
        count = people.bit_count()
        if self.weights:
            count += sum(weight - 1 for person, weight in self.weights.items() if people >> person & 1)
        return count

    def _best(self, groups: Iterable[tuple[int, ...]]) -> tuple[int, tuple[int, ...]]:
        """Return the group of people whose roles take the fewest steps, and how many."""
        ranked = [(self.cost(self.needed(using)), len(using), using) for using in groups]
        cost, _, using = min(ranked)
        return cost, using

    def _contradiction(self, broken: Iterable[int]) -> Contradiction:
        ranked = []
        for place in broken:
            rule = self.rules[place]
            cost, using = self._best(rule.reasons(self.state & rule.mask, 0))
            ranked.append((cost, len(using), place, using))
        _, _, place, using = min(ranked)
        return Contradiction(place, using)

    def steps(self, people: int) -> tuple[Step, ...]:
        """Return the steps that find the roles of these own people, in the order in which they were found."""
        return tuple(step for person, steps in self.why.items() if people >> person & 1 for step in steps)


@dataclass(frozen=True, slots=True)
class _Refutation:
    suppose: Suppose
    length: int
    using: tuple[int, ...]  # The people outside whose roles it takes.


class _Search:
    def __init__(self, puzzle: Puzzle, patience: int) -> None:
        self.people = len(puzzle.names)
        self.rules = [rule_of(said) for said in puzzle.statements]
        self.patience = patience

    def prove(self, solution: Solution) -> tuple[Step, ...]:
        """Return the steps that lead to the solution."""
        line = _Line(self.rules, 0, -1, 0)
        while True:
            if line.propagate():
                raise NoSolution("no assignment of roles fits what the people say")
            wrong = [(person, not solution[person]) for person in self._open(line.state)]
            if not wrong:
                return line.steps(-1)
            self._retract(line, self._smallest(line, wrong))

    def _smallest(self, line: _Line, suppositions: list[tuple[int, bool]]) -> _Refutation:
        """Return the shortest refutation of one of the suppositions, at the lowest nesting at which there is one."""
        for depth in range(1, self.people + 1):
            found = self._refuted(line, suppositions, depth)
            if found:
                return found
        raise ManySolutions("more than one assignment of roles fits what the people say")

    def _refuted(self, line: _Line, suppositions: list[tuple[int, bool]], depth: int) -> _Refutation | None:
        best: _Refutation | None = None
        enough = self.patience - self.patience // _CONTENT
        for person, knight in suppositions:
            bit = bit_of(person, knight)
            if depth == 1 and not self._breaks(line.state | bit, bit, best):
                continue
            found = self._refute(line, person, knight, depth)
            if found and (best is None or self._better(line.state, found, best)):
                best = found
            if best and self.patience < enough:
                break
        return best

    def _better(self, state: int, one: _Refutation, other: _Refutation) -> bool:
        """Whether a refutation is shorter than another, or as short and of more use."""
        if one.length != other.length:
            return one.length < other.length
        return self._use(state, one.suppose) > self._use(state, other.suppose)

    def _use(self, state: int, refuted: Suppose) -> int:
        """Return how many roles are known once a supposition is retracted; more than all where that is a conflict."""
        bit = bit_of(refuted.person, not refuted.knight)
        self._work()
        after = closed(self.rules, state | bit, bit)
        return self.people + 1 if after == CONFLICT else after.bit_count()

    def _breaks(self, state: int, fresh: int, best: _Refutation | None) -> bool:
        """Whether propagation leads to a conflict, so soon that a refutation as short as the best may come of it."""
        self._work()
        # Each round needs a role from the round before: a conflict in round n takes n - 1 roles and 2 steps more.
        rounds = best.length - 1 if best else _LONG
        return closed(self.rules, state, fresh, rounds) == CONFLICT

    def _refute(self, outside: _Line, person: int, knight: bool, depth: int) -> _Refutation | None:
        """Return the refutation of a supposition, if so deep a nesting finds one."""
        bit = bit_of(person, knight)
        line = _Line(self.rules, outside.state | bit, bit, 1 << person)
        while True:
            self._work()
            contradiction = line.propagate()
            if contradiction:
                return self._written(line, person, knight, contradiction)
            inner = self._shallowest(line, depth - 1)
            if inner is None:
                return None
            self._retract(line, inner)

    def _shallowest(self, line: _Line, depth: int) -> _Refutation | None:
        """Return the shortest refutation of any supposition, at the lowest nesting up to a depth."""
        both = [(person, role) for person in self._open(line.state) for role in (True, False)]
        return next(filter(None, (self._refuted(line, both, less) for less in range(1, depth + 1))), None)

    def _retract(self, line: _Line, refutation: _Refutation) -> None:
        suppose = refutation.suppose
        person, knight = suppose.person, not suppose.knight
        steps = (suppose, Retract(person, knight))
        line.add(person, knight, refutation.using, steps, refutation.length + 1)
        line.fresh = bit_of(person, knight)

    def _written(self, line: _Line, person: int, knight: bool, contradiction: Contradiction) -> _Refutation:
        needed = line.needed(contradiction.using)
        steps = (*line.steps(needed), contradiction)
        suppose = Suppose(person, knight, steps)
        outside = {used for step in _walk(steps) for used in _used(step)} - _found(suppose)
        return _Refutation(suppose, sum(1 for _ in _walk([suppose])), tuple(sorted(outside)))

    def _open(self, state: int) -> list[int]:
        return [person for person in range(self.people) if not state >> 2 * person & 3]

    def _work(self) -> None:
        self.patience -= len(self.rules)
        if self.patience < 0:
            raise GaveUp(f"no proof was found among {self.people} people before the search became too long")


def _used(step: Step) -> tuple[int, ...]:
    return step.using if isinstance(step, Follows | Contradiction) else ()


def _found(suppose: Suppose) -> set[int]:
    """Return the people whose roles are supposed or found anywhere under a supposition."""
    return {step.person for step in _walk([suppose]) if not isinstance(step, Contradiction)}


def trace(puzzle: Puzzle, patience: int = PATIENCE) -> Trace:
    """Return a proof that the puzzle has its solution and no other; `check` confirms it.

    Names and role words make no difference to it: the same puzzle renamed has the same steps.

    Args:
        puzzle: the puzzle.
        patience: how long to search, in looks at what one person said.

    Raises:
        NoSolution: nothing fits what the people say.
        ManySolutions: more than one assignment of roles does.
        GaveUp: no proof was found within `patience`.

    >>> from knk.logic.notation import decode
    >>> proof = trace(decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)"))
    >>> proof.steps[0].steps[-1]
    Contradiction(said=1, using=(1, 2))
    >>> proof.steps[1], proof.solution
    (Retract(person=0, knight=False), (False, True, False))
    """
    solution = solve(puzzle)
    steps = _Search(puzzle, patience).prove(solution)
    verified = tuple([Verified(place, solution[said.speaker]) for place, said in enumerate(puzzle.statements)])
    return Trace(puzzle, steps, verified, solution)


def consequences(puzzle: Puzzle, known: Mapping[int, bool], person: int, knight: bool) -> tuple[Step, ...]:
    """Return what follows when a role is supposed, by propagation alone; a contradiction, if there is one, comes last.

    Args:
        puzzle: the puzzle.
        known: the roles known already.
        person: whose role is supposed.
        knight: whether they are supposed to be a knight.

    >>> from knk.logic.notation import decode
    >>> consequences(decode("Ann,Bob 0:&(-0,-1)"), {}, 1, False)
    (Contradiction(said=0, using=(1,)),)
    """
    supposed = bit_of(person, knight)
    state = supposed | sum(bit_of(*one) for one in known.items())
    line = _Line([rule_of(said) for said in puzzle.statements], state, -1, 1 << person)
    contradiction = line.propagate()
    return (*line.steps(-1), contradiction) if contradiction else line.steps(-1)


# Checking. Nothing below uses what is above but the types of the steps: every step is put to the solver.


def check(trace: Trace) -> None:
    """Confirm with the solver that every step of a proof is sound and that it proves what it says.

    A role follows only from the one statement and the roles that its step names, all known by then; a contradiction
    is one; what is retracted was supposed and refuted; every statement is verified; and the end is the only solution.

    Raises:
        BadTrace: something is not so; the error names the step.

    >>> from dataclasses import replace
    >>> from knk.logic.notation import decode
    >>> proof = trace(decode("Ann,Bob 0:&(-0,-1)"))
    >>> check(proof)
    >>> check(replace(proof, steps=proof.steps[1:]))
    Traceback (most recent call last):
        ...
    knk.errors.BadTrace: the role of Ann is never found
    """
    known = _Checker(trace.puzzle).line(trace.steps, {}, "")
    people = range(len(trace.puzzle.names))
    open_ = [trace.puzzle.names[person] for person in people if person not in known]
    if open_:
        raise BadTrace(f"the role of {open_[0]} is never found")
    if trace.solution != tuple(known[person] for person in people):
        raise BadTrace("the solution is not what the steps find")
    _check_verified(trace)
    try:
        only = solve(trace.puzzle)
    except (NoSolution, ManySolutions) as error:
        raise BadTrace(str(error)) from error
    if only != trace.solution:
        raise BadTrace("the solution is another")


def _check_verified(trace: Trace) -> None:
    statements = trace.puzzle.statements
    if [verified.said for verified in trace.verified] != list(range(len(statements))):
        raise BadTrace("not every statement is verified once, in order")
    for verified, (speaker, statement) in zip(trace.verified, statements, strict=True):
        true = bool(statement.value(trace.solution, True))
        if verified.true is not true or trace.solution[speaker] is not true:
            raise BadTrace(f"statement {verified.said + 1} is {str(true).lower()}, which does not fit")


class _Checker:
    def __init__(self, puzzle: Puzzle) -> None:
        self.puzzle = puzzle

    def line(self, steps: Sequence[Step], known: dict[int, bool], within: str) -> dict[int, bool]:
        """Confirm the steps of one line of argument, and return all roles known at its end."""
        known = dict(known)
        supposed: Suppose | None = None
        for number, step in enumerate(steps, 1):
            place = f"{within}{number}"
            if supposed and not isinstance(step, Retract):
                raise BadTrace("a refuted supposition is retracted at once", place)
            match step:
                case Follows():
                    self._follows(step, known, place)
                    known[step.person] = step.knight
                case Suppose():
                    self._suppose(step, known, place)
                case Retract():
                    if supposed is None or (step.person, step.knight) != (supposed.person, not supposed.knight):
                        raise BadTrace("what is retracted was not just refuted", place)
                    known[step.person] = step.knight
                case Contradiction():
                    if not within or number < len(steps):
                        raise BadTrace("a contradiction can only end a supposition", place)
                    self._contradiction(step, known, place)
                case _:
                    raise BadTrace(f"{type(step).__name__} is no step of a proof", place)
            supposed = step if isinstance(step, Suppose) else None
        if supposed:
            raise BadTrace("the supposition is never retracted", f"{within}{len(steps)}")
        return known

    def _follows(self, step: Follows, known: dict[int, bool], place: str) -> None:
        self._new(step.person, step.knight, known, place)
        name, speaker = self.puzzle.names[step.person], self._speaker(step.said, place)
        roles = self._roles(step, known, place)
        if self._holds(step.said, Not(roles)):
            raise BadTrace(f"the roles used do not fit what {speaker} says, so that nothing follows", place)
        if not self._holds(step.said, Implies(roles, _role(step.person, step.knight))):
            raise BadTrace(f"what {speaker} says and the roles used do not force this role of {name}", place)

    def _suppose(self, step: Suppose, known: dict[int, bool], place: str) -> None:
        self._new(step.person, step.knight, known, place)
        if not step.steps or not isinstance(step.steps[-1], Contradiction):
            raise BadTrace("the supposition does not end in a contradiction", place)
        self.line(step.steps, known | {step.person: step.knight}, f"{place}.")

    def _contradiction(self, step: Contradiction, known: dict[int, bool], place: str) -> None:
        speaker = self._speaker(step.said, place)
        if not self._holds(step.said, Not(self._roles(step, known, place))):
            raise BadTrace(f"what {speaker} says fits the roles used, so that there is no contradiction", place)

    def _new(self, person: int, knight: bool, known: dict[int, bool], place: str) -> None:
        if not 0 <= person < len(self.puzzle.names) or knight not in (True, False):
            raise BadTrace(f"there is no person {person} or no such role", place)
        if person in known:
            raise BadTrace(f"the role of {self.puzzle.names[person]} is known or supposed already", place)

    def _speaker(self, said: int, place: str) -> str:
        if not 0 <= said < len(self.puzzle.statements):
            raise BadTrace(f"there is no statement {said}", place)
        return self.puzzle.names[self.puzzle.statements[said].speaker]

    def _roles(self, step: Follows | Contradiction, known: dict[int, bool], place: str) -> Statement:
        """Return the statement that the people used have the roles that are known of them."""
        unknown = [person for person in step.using if person not in known]
        if unknown:
            raise BadTrace(f"the role of person {unknown[0]} is used before it is known", place)
        parts = [_role(person, known[person]) for person in step.using]
        speaker = self.puzzle.statements[step.said].speaker
        return And(*parts) if len(parts) > 1 else parts[0] if parts else Or(Knight(speaker), Knave(speaker))

    def _holds(self, said: int, statement: Statement) -> bool:
        """Whether the solver confirms a statement, told nothing but that one person said that one thing."""
        speaker, content = self.puzzle.statements[said]
        people = sorted(content.people | statement.people | {speaker})
        place = {person: number for number, person in enumerate(people)}.__getitem__
        told = Puzzle.trusted(("",) * len(people), (Utterance(place(speaker), content.with_people(place)),))
        try:
            return follows(told, statement.with_people(place)) is True
        except NoSolution:
            return True  # Nobody can say this, so that everything holds.


def _role(person: int, knight: bool) -> Statement:
    return Knight(person) if knight else Knave(person)
