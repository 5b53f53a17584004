"""How difficult a puzzle is to solve by hand: `difficulty` measures a puzzle and gives it a grade.

The measures do not depend on names or on the order of people and statements. Propagation goes in rounds, each of which
adds every role that a single statement forces under the roles known at its start. When nothing more follows, the
supposition with the shortest refutation is retracted, and of equally short ones the one after which most roles are
known. If several are equal in this too, all of them are pursued and the shortest whole proof counts. docs/difficulty.md
has the full definitions and the values on public puzzles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

from knk.errors import GaveUp, ManySolutions
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution, solve
from knk.proofs.rules import Rule, rule_of
from knk.proofs.states import CONFLICT, bit_of

PATIENCE: Final = 20_000_000
"""Rule evaluations after which a search is given up, some seconds' worth."""
GRADES: Final = (
    "propagation alone",
    "one supposition",
    "several suppositions, one after the other",
    "a supposition within a supposition",
    "suppositions nested three deep or more",
)
"""The techniques that the grades stand for, from grade 1."""


@dataclass(frozen=True)
class Difficulty:
    """What it takes to solve a puzzle by hand.

    Args:
        grade: the technique that is needed, from 1 to 5 (see `GRADES`).
        people: the number of people.
        statements: the number of statements.
        widest: the most people that one statement is about.
        rounds: rounds of propagation outside suppositions until everybody's role is known.
        suppositions: suppositions that have to be refuted, not counting those inside others.
        nesting: how many suppositions have to be open at once.
        steps: roles derived, suppositions and contradictions, including those inside suppositions.
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
        patience: how many rules the search may evaluate.

    Raises:
        NoSolution: no assignment of roles fits the statements.
        ManySolutions: more than one does.
        GaveUp: no proof was found within `patience`.

    >>> from knk.logic.notation import decode
    >>> difficulty(decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)"))
    Difficulty(grade=2, people=3, statements=3, widest=2, rounds=1, suppositions=1, nesting=1, steps=7)
    """
    solution = solve(puzzle)
    proof = _Prover(puzzle, patience).proof(solution)
    return Difficulty(
        grade=_grade(proof),
        people=len(puzzle.names),
        statements=len(puzzle.statements),
        widest=max((len(statement.people) for _, statement in puzzle.statements), default=0),
        rounds=proof.rounds,
        suppositions=proof.suppositions,
        nesting=proof.nesting,
        steps=proof.steps,
    )


MEASURES: Final = tuple(field.name for field in fields(Difficulty) if field.name not in ("people", "statements"))
"""The measures of a proof, the grade first; the other fields of `Difficulty` are known before any proof."""
UNBOUNDED: Final = 1 << 30
"""The upper bound of a measure that has none."""


def grade_bounds(grade: int, people: int) -> dict[str, tuple[int, int]]:
    """Return the least and the greatest value of each measure of puzzles of a grade.

    Args:
        grade: the grade, from 1.
        people: how many people the puzzles have.

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
        # One for each role, a supposition and its contradiction.
        "steps": (people + 2, UNBOUNDED),
    }


def _grade(proof: _Proof) -> int:
    if proof.nesting < 2:
        return 1 + min(proof.suppositions, 2)
    return 2 + min(proof.nesting, 3)


@dataclass(frozen=True, slots=True)
class _Proof:
    """An unfinished proof: its state (see `knk.proofs.states`), closed under propagation, and its measures so far."""

    state: int
    steps: int
    rounds: int
    suppositions: int = 0
    nesting: int = 0


class _Prover:
    """The search for the shortest proof, bounded by the number of rules it evaluates."""

    def __init__(self, puzzle: Puzzle, patience: int) -> None:
        self.people = len(puzzle.names)
        self.rules: list[Rule] = [rule_of(utterance) for utterance in puzzle.statements]
        self.patience = patience
        self.everybody = (1 << 2 * self.people) - 1

    def proof(self, solution: Solution) -> _Proof:
        """Return the shortest proof of the solution; it supposes only wrong roles, as no other can be refuted."""
        goal = sum(bit_of(person, knight) for person, knight in enumerate(solution))
        proof = self.shortest(self.closed(0, -1), goal, self.everybody ^ goal, self.people)
        if proof is None:
            raise ManySolutions("more than one assignment of roles fits what the people say")
        return proof

    def shortest(self, start: _Proof, goal: int, suppositions: int, depth: int) -> _Proof | None:
        """Return the shortest continuation of a proof that reaches a goal, or None.

        Args:
            start: the proof to continue.
            goal: the state to reach.
            suppositions: the roles that may be supposed, as a state.
            depth: how many suppositions may be open at once.
        """
        layer = [start]
        while layer:
            finished = [proof for proof in layer if proof.state == goal]
            if finished:
                return min(finished, key=_cost)
            by_state: dict[int, _Proof] = {}
            for proof in layer:
                for longer in self.continuations(proof, suppositions, depth):
                    by_state[longer.state] = min(by_state.get(longer.state, longer), longer, key=_cost)
            layer = list(by_state.values())
        return None

    def continuations(self, proof: _Proof, suppositions: int, depth: int) -> list[_Proof]:
        """Return the proof continued by each of the shortest refutations after which the most roles are known."""
        bits = [bit for bit in _bits(suppositions) if not proof.state & _both_role_bits(bit)]
        for nesting in range(1, depth + 1):
            lengths = [(self.refutation_length(proof.state, bit, nesting - 1), bit) for bit in bits]
            refuted = [(length, bit) for length, bit in lengths if length >= 0]
            if refuted:
                shortest, _ = min(refuted)
                longer = [self.retracted(proof, bit, length, nesting) for length, bit in refuted if length == shortest]
                most = max(map(self.roles_known, longer))
                return [proof for proof in longer if self.roles_known(proof) == most]
        return []

    def refutation_length(self, state: int, bit: int, depth: int) -> int:
        """Return how many steps lead from a supposition to its contradiction, or -1 if none do."""
        proof = self.shortest(self.closed(state | bit, bit), CONFLICT, self.everybody if depth else 0, depth)
        return proof.steps if proof else -1

    def retracted(self, proof: _Proof, bit: int, length: int, nesting: int) -> _Proof:
        """Return the proof continued by a refutation of some length and nesting, the retraction, and what follows."""
        opposite = _both_role_bits(bit) ^ bit
        after = self.closed(proof.state | opposite, opposite)
        return _Proof(
            after.state,
            # The supposition, what followed from it, the contradiction, the retraction, and what follows from that.
            proof.steps + 1 + length + 1 + 1 + after.steps,
            proof.rounds + after.rounds,
            proof.suppositions + 1,
            max(proof.nesting, nesting),
        )

    def roles_known(self, proof: _Proof) -> int:
        """Return how many roles are known, more than all at a conflict."""
        return self.people + 1 if proof.state == CONFLICT else proof.state.bit_count()

    def closed(self, state: int, pending: int) -> _Proof:
        """Return a proof of everything that follows from a state by propagation, with its steps and rounds."""
        steps = rounds = 0
        while pending and state != CONFLICT:
            self.patience -= len(self.rules)
            if self.patience < 0:
                raise GaveUp(f"the proofs for {self.people} people are too many or too long to compare")
            after = self.round(state, pending)
            if after != CONFLICT:
                pending = after ^ state
                steps += pending.bit_count()
                rounds += bool(pending)
            state = after
        return _Proof(state, steps, rounds)

    def round(self, state: int, pending: int) -> int:
        """Return a state with all roles that a single rule forces, or `CONFLICT`."""
        after = state
        for rule in self.rules:
            if rule.mask & pending:
                forced = rule.forced(state & rule.mask)
                if forced == CONFLICT:
                    return CONFLICT
                after |= forced
        knaves = self.everybody // 3
        return CONFLICT if after & after >> 1 & knaves else after


def _cost(proof: _Proof) -> tuple[int, int, int]:
    return proof.nesting, proof.steps, proof.rounds


def _bits(state: int) -> Iterator[int]:
    while state:
        yield state & -state
        state &= state - 1


def _both_role_bits(bit: int) -> int:
    """Return both role bits of the person to whom a bit belongs."""
    return 3 << (bit.bit_length() - 1 & ~1)
