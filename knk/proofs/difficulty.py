"""What a proof costs: `difficulty` measures a puzzle and gives it a grade.

Nothing here depends on names or on the order of people and statements. Propagation goes in rounds, in each of which all
follows that any one statement forces under the roles known at the round's start. Where nothing follows any more, the
supposition with the shortest refutation is retracted, of equally short ones that after which the most is known; where
several are equal in this too, all of them are pursued and the shortest whole counts. docs/difficulty.md has the
definitions in full and what they come to on public puzzles. `least_nestings` finds one measure of thousands of puzzles
at once, for searches: few of them need be measured then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from knk.errors import GaveUp, ManySolutions
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution, solve
from knk.proofs.rules import Rule, rule_of
from knk.proofs.states import CONFLICT, bit_of

PATIENCE: Final = 20_000_000
"""Looks at a rule after which a search is given up, some seconds' worth."""
GRADES: Final = (
    "propagation alone",
    "one supposition",
    "several suppositions, one after the other",
    "a supposition within a supposition",
    "suppositions nested three deep or more",
)
"""What the grades from 1 up stand for."""


@dataclass(frozen=True)
class Difficulty:
    """What it takes to solve a puzzle by hand.

    Args:
        grade: the technique it takes, from 1 to 5 (see `GRADES`).
        people: how many people there are.
        statements: how many statements are made.
        widest: the most people that one statement is about.
        rounds: rounds of propagation outside suppositions until everybody's role is known.
        suppositions: how often propagation stops short and a supposition has to be refuted, outside other suppositions.
        nesting: how many suppositions have to be open at once.
        steps: roles found, suppositions and contradictions, within suppositions too.
    """

    grade: int
    people: int
    statements: int
    widest: int
    rounds: int
    suppositions: int
    nesting: int
    steps: int


def difficulty(puzzle: Puzzle, patience: int = PATIENCE) -> Difficulty:
    """Return a puzzle's measures and grade, the same however its people and statements are named and ordered.

    Args:
        puzzle: the puzzle.
        patience: how long to search, in looks at what one person said.

    Raises:
        NoSolution: nothing fits what the people say.
        ManySolutions: more than one assignment of roles does.
        GaveUp: the suppositions it takes were not found within `patience`.

    >>> from knk.logic.notation import decode
    >>> difficulty(decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)"))
    Difficulty(grade=2, people=3, statements=3, widest=2, rounds=1, suppositions=1, nesting=1, steps=7)
    """
    solution = solve(puzzle)
    proof = _Prover(puzzle, patience).whole(solution)
    return Difficulty(
        grade=_grade(proof),
        people=len(puzzle.names),
        statements=len(puzzle.statements),
        widest=max((len(said.statement.people) for said in puzzle.statements), default=0),
        rounds=proof.rounds,
        suppositions=proof.suppositions,
        nesting=proof.nesting,
        steps=proof.steps,
    )


MEASURES: Final = tuple(field.name for field in fields(Difficulty) if field.name not in ("people", "statements"))
"""What a proof costs, the grade first; the rest of `Difficulty` is known before any proof."""
UNBOUNDED: Final = 1 << 30
"""In place of the most that a measure may be, where nothing is known."""


def grade_bounds(grade: int, people: int) -> dict[str, tuple[int, int]]:
    """Return what each measure is at least and at most where a puzzle of so many people has that grade.

    >>> grade_bounds(2, 5)["suppositions"], grade_bounds(1, 5)["steps"]
    ((1, 1), (5, 5))
    """
    bounds = dict.fromkeys(MEASURES, (0, UNBOUNDED)) | {"grade": (grade, grade), "widest": (0, people)}
    if grade == 1:
        return bounds | {"suppositions": (0, 0), "nesting": (0, 0), "steps": (people, people)}
    nesting = max(1, grade - 2)
    return bounds | {
        "suppositions": {2: (1, 1), 3: (2, UNBOUNDED)}.get(grade, (1, UNBOUNDED)),
        "nesting": (nesting, nesting if grade < len(GRADES) else UNBOUNDED),
        # Beside all roles there are a supposition and its contradiction.
        "steps": (people + 2, UNBOUNDED),
    }


def _grade(proof: _Proof) -> int:
    if proof.nesting < 2:
        return 1 + min(proof.suppositions, 2)
    return 2 + min(proof.nesting, 3)


@dataclass(frozen=True, slots=True)
class _Proof:
    """A line of argument as far as it has come; `state` is as in `knk.trace`, and closed under propagation."""

    state: int
    steps: int
    rounds: int
    suppositions: int = 0
    nesting: int = 0


class _Prover:
    def __init__(self, puzzle: Puzzle, patience: int) -> None:
        self.people = len(puzzle.names)
        self.rules: list[Rule] = [rule_of(said) for said in puzzle.statements]
        self.patience = patience
        self.everybody = (1 << 2 * self.people) - 1

    def whole(self, solution: Solution) -> _Proof:
        """Return the proof of the solution, supposing only what is wrong: nothing else can be refuted."""
        goal = sum(bit_of(person, knight) for person, knight in enumerate(solution))
        found = self.best(self.closed(0, -1), goal, self.everybody ^ goal, self.people)
        if found is None:
            raise ManySolutions("more than one assignment of roles fits what the people say")
        return found

    def best(self, start: _Proof, goal: int, suppositions: int, depth: int) -> _Proof | None:
        """Return the shortest way from a proof to a goal by suppositions nested so deep, or None if there is none.

        Args:
            start: what is known to begin with.
            goal: the state to come to.
            suppositions: the bits that may be supposed.
            depth: how many suppositions may be open at once.
        """
        layer = [start]
        while layer:
            there = [proof for proof in layer if proof.state == goal]
            if there:
                return min(there, key=_cost)
            carried_on: dict[int, _Proof] = {}
            for longer in (longer for proof in layer for longer in self.carried_on(proof, suppositions, depth)):
                same = carried_on.get(longer.state, longer)
                carried_on[longer.state] = min(same, longer, key=_cost)
            layer = list(carried_on.values())
        return None

    def carried_on(self, proof: _Proof, suppositions: int, depth: int) -> list[_Proof]:
        """Return what the shortest refutations lead to, of these those after which the most is known."""
        left = [bit for bit in _bits(suppositions) if not proof.state & _both(bit)]
        for level in range(1, depth + 1):
            refuted = [(steps, bit) for bit in left if (steps := self.refuted(proof.state, bit, level - 1)) >= 0]
            if refuted:
                shortest, _ = min(refuted)
                after = [self.retracted(proof, bit, steps, level) for steps, bit in refuted if steps == shortest]
                most = max(map(self.known, after))
                return [one for one in after if self.known(one) == most]
        return []

    def refuted(self, state: int, bit: int, depth: int) -> int:
        """Return how many steps a supposition takes to its contradiction, or -1 where it comes to none."""
        found = self.best(self.closed(state | bit, bit), CONFLICT, self.everybody if depth else 0, depth)
        return found.steps if found else -1

    def retracted(self, proof: _Proof, bit: int, steps: int, level: int) -> _Proof:
        """Return a proof with a supposition refuted in so many steps, retracted, and what follows."""
        opposite = _both(bit) ^ bit
        after = self.closed(proof.state | opposite, opposite)
        return _Proof(
            after.state,
            # The supposition, what followed from it, the contradiction, the role that is now known, and what follows.
            proof.steps + 1 + steps + 1 + 1 + after.steps,
            proof.rounds + after.rounds,
            proof.suppositions + 1,
            max(proof.nesting, level),
        )

    def known(self, proof: _Proof) -> int:
        """Return how many roles are known, and more than all at a conflict."""
        return self.people + 1 if proof.state == CONFLICT else proof.state.bit_count()

    def closed(self, state: int, fresh: int) -> _Proof:
        """Return a state with all its consequences, and how many roles in how many rounds these are."""
        steps = rounds = 0
        while fresh and state != CONFLICT:
            self.patience -= len(self.rules)
            if self.patience < 0:
                raise GaveUp(f"the proofs for {self.people} people are too many or too long to compare")
            found = self.round(state, fresh)
            if found != CONFLICT:
                fresh = found ^ state
                steps += fresh.bit_count()
                rounds += bool(fresh)
            state = found
        return _Proof(state, steps, rounds)

    def round(self, state: int, fresh: int) -> int:
        """Return a state with all that follows from it by one rule, or `CONFLICT`."""
        found = state
        for rule in self.rules:
            if rule.mask & fresh:
                forced = rule.forced(state & rule.mask)
                if forced == CONFLICT:
                    return CONFLICT
                found |= forced
        knaves = self.everybody // 3
        return CONFLICT if found & found >> 1 & knaves else found


def _cost(proof: _Proof) -> tuple[int, int, int]:
    return proof.nesting, proof.steps, proof.rounds


def _bits(state: int) -> Iterator[int]:
    while state:
        yield state & -state
        state &= state - 1


def _both(bit: int) -> int:
    """Return the two bits of the person whose role a bit is."""
    return 3 << (bit.bit_length() - 1 & ~1)


# Many puzzles at once, from truth tables: whether propagation, and whether suppositions not nested, come to the end.

_Tables = npt.NDArray[Any]


def least_nestings(fitting: _Tables, solutions: _Tables, people: int, most: int = 1) -> npt.NDArray[np.int8]:
    """Return the nesting of many puzzles of the same size, those with more than `most` given as one more.

    Args:
        fitting: for each statement and puzzle the assignments of roles that it fits, one bit each in machine words,
            as truth tables have them; shape (statements, puzzles, words).
        solutions: the solution of each puzzle, which has to have just one; bit i is set if person i is a knight.
        people: how many people there are.
        most: 0 or 1.

    >>> only_the_second = np.array([[[0b0100]]], dtype=np.uint32)
    >>> least_nestings(only_the_second, np.array([0b10]), people=2).tolist()
    [0]
    """
    bits = np.arange(8 * fitting.itemsize * fitting.shape[2])
    everything = _packed(bits < 1 << people, fitting)
    knights = [_packed((bits < 1 << people) & (bits >> person & 1 == 1), fitting) for person in range(people)]
    left = _propagated(fitting, np.repeat(everything[None], fitting.shape[1], axis=0), knights)
    active = np.flatnonzero(_several(left))
    result = np.zeros(fitting.shape[1], dtype=np.int8)
    result[active] = 1
    left = left[active] if most else left[:0]
    while len(left):
        fits = fitting[:, active]
        found = left.copy()
        for person, knight in enumerate(knights):
            right = np.where((solutions[active] >> person & 1 == 1)[:, None], knight, everything ^ knight)
            open_ = np.flatnonzero(_some(left & ~right))
            supposed = _propagated(fits[:, open_], (left & ~right)[open_], knights)
            refuted = open_[~_some(supposed)]
            found[refuted] &= right[refuted]
        found = _propagated(fits, found, knights)
        stuck, several = ~_some(found ^ left), _several(found)
        result[active[stuck]] = 2
        active, left = active[several & ~stuck], found[several & ~stuck]
    return result


def _propagated(fitting: _Tables, left: _Tables, knights: list[_Tables]) -> _Tables:
    """Return the assignments that known roles leave, once all that single statements force is known; at a conflict 0.

    Args:
        fitting: as for `least_nestings`.
        left: what the roles leave that are known at first, shape (puzzles, words).
        knights: for each person the assignments in which they are a knight, shape (words,).
    """
    left, active = left.copy(), np.arange(len(left))
    while len(active):
        before = left[active]
        after = before.copy()
        for table in fitting:
            fits = table[active] & before
            for knight in knights:
                as_knight = fits & knight
                after[~_some(as_knight)] &= ~knight
                after[~_some(fits ^ as_knight)] &= knight
        left[active] = after
        active = active[_some(after ^ before)]
    return left


def _packed(bits: npt.NDArray[np.bool_], like: _Tables) -> _Tables:
    """Return bits as machine words of the type of others."""
    return np.packbits(bits, bitorder="little").view(like.dtype)


def _some(tables: _Tables) -> npt.NDArray[np.bool_]:
    """Whether any bit is set, for each puzzle."""
    # Where a table is one word, this is several times as fast as `any`.
    some: npt.NDArray[np.bool_] = tables[:, 0] != 0 if tables.shape[1] == 1 else np.any(tables != 0, axis=1)
    return some


def _several(tables: _Tables) -> npt.NDArray[np.bool_]:
    """Whether more than one bit is set, for each puzzle."""
    result: npt.NDArray[np.bool_] = np.bitwise_count(tables).sum(axis=1, dtype=np.int64) > 1
    return result
