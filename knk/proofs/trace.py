"""A proof as a careful person finds it: `trace` builds one, and `knk.proofs.check.check` confirms every step of it.

First comes what follows at once: "the speaker is a knight if and only if the statement is true", for one utterance at a
time, under the roles known so far. When nothing more follows, somebody's role is supposed, a contradiction is derived,
and the supposition is retracted. Of all suppositions that can be refuted, the search takes one with the shortest
refutation, and of these the one whose retraction lets the most roles follow. It tries suppositions inside suppositions
only where simple ones fail. At the end every statement is verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from knk.errors import GaveUp, ManySolutions, NoSolution
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution, solve
from knk.proofs.propagation import Line
from knk.proofs.rules import ALL_PASSES, closed, rule_of
from knk.proofs.states import CONFLICT, bit_of
from knk.proofs.steps import Contradiction, Follows, Retract, Step, Suppose, Trace, Verified, walk

PATIENCE: Final = 4_000_000
"""Rule evaluations after which a search is given up, a few seconds' worth."""
_IMPROVEMENT_SHARE: Final = 20
"""A search that has a refutation looks for a shorter one for one part in so many of its patience."""


def trace(puzzle: Puzzle, patience: int = PATIENCE) -> Trace:
    """Return a proof that the puzzle has exactly one solution.

    The proof does not depend on names or role words: the same puzzle renamed has the same steps.

    Args:
        puzzle: the puzzle.
        patience: how many rules the search may evaluate.

    Raises:
        NoSolution: no assignment of roles fits the statements.
        ManySolutions: more than one does.
        GaveUp: no proof was found within `patience`.

    >>> from knk.logic.notation import decode
    >>> proof = trace(decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)"))
    >>> proof.steps[0].steps[-1]
    Contradiction(statement=1, using=(1, 2))
    >>> proof.steps[1], proof.solution
    (Retract(person=0, knight=False), (False, True, False))
    """
    solution = solve(puzzle)
    steps = _Search(puzzle, patience).prove(solution)
    verified = tuple([Verified(index, solution[speaker]) for index, (speaker, _) in enumerate(puzzle.statements)])
    return Trace(puzzle, steps, verified, solution)


@dataclass(frozen=True, slots=True)
class _Refutation:
    """A refuted supposition, its length in steps, and the people whose roles it uses from outside."""

    suppose: Suppose
    length: int
    using: tuple[int, ...]


class _Search:
    """The search for the shortest refutations, bounded by the number of rules it evaluates."""

    def __init__(self, puzzle: Puzzle, patience: int) -> None:
        self.people = len(puzzle.names)
        self.rules = [rule_of(utterance) for utterance in puzzle.statements]
        self.patience = patience

    def prove(self, solution: Solution) -> tuple[Step, ...]:
        """Return the steps that lead to the solution."""
        line = Line(self.rules, 0, -1, 0)
        while True:
            if line.propagate():
                raise NoSolution("no assignment of roles fits what the people say")
            wrong = [(person, not solution[person]) for person in self._open(line.state)]
            if not wrong:
                return line.steps(-1)
            self._retract(line, self._shortest_refutation(line, wrong))

    def _shortest_refutation(self, line: Line, suppositions: list[tuple[int, bool]]) -> _Refutation:
        """Return the shortest refutation of one of the suppositions, at the lowest nesting that refutes any."""
        for depth in range(1, self.people + 1):
            refutation = self._best_refutation(line, suppositions, depth)
            if refutation:
                return refutation
        raise ManySolutions("more than one assignment of roles fits what the people say")

    def _best_refutation(self, line: Line, suppositions: list[tuple[int, bool]], depth: int) -> _Refutation | None:
        """Return the best refutation of any of the suppositions with at most `depth` open at once, or None."""
        best: _Refutation | None = None
        stop_at = self.patience - self.patience // _IMPROVEMENT_SHARE
        for person, knight in suppositions:
            bit = bit_of(person, knight)
            if depth == 1 and not self._may_improve(line.state | bit, bit, best):
                continue
            refutation = self._refute(line, person, knight, depth)
            if refutation and (best is None or self._is_better(line.state, refutation, best)):
                best = refutation
            if best and self.patience < stop_at:
                break
        return best

    def _is_better(self, state: int, refutation: _Refutation, other: _Refutation) -> bool:
        """Whether a refutation is shorter than another, or as short and lets more roles follow."""
        if refutation.length != other.length:
            return refutation.length < other.length
        return self._roles_known_after(state, refutation.suppose) > self._roles_known_after(state, other.suppose)

    def _roles_known_after(self, state: int, refuted: Suppose) -> int:
        """Return how many roles are known once a supposition is retracted, more than all where that is a conflict."""
        bit = bit_of(refuted.person, not refuted.knight)
        self._spend_patience()
        after = closed(self.rules, state | bit, bit)
        return self.people + 1 if after == CONFLICT else after.bit_count()

    def _may_improve(self, state: int, pending: int, best: _Refutation | None) -> bool:
        """Whether propagation reaches a conflict in so few rounds that the refutation may be as short as the best."""
        self._spend_patience()
        # Each round needs a role from the round before: a conflict in round n takes n - 1 roles and 2 more steps.
        rounds = best.length - 1 if best else ALL_PASSES
        return closed(self.rules, state, pending, rounds) == CONFLICT

    def _refute(self, outside: Line, person: int, knight: bool, depth: int) -> _Refutation | None:
        """Return the refutation of a supposition with at most `depth` open at once, or None."""
        bit = bit_of(person, knight)
        line = Line(self.rules, outside.state | bit, bit, 1 << person)
        while True:
            self._spend_patience()
            contradiction = line.propagate()
            if contradiction:
                return _refutation(line, person, knight, contradiction)
            inner = self._refute_any(line, depth - 1)
            if inner is None:
                return None
            self._retract(line, inner)

    def _refute_any(self, line: Line, depth: int) -> _Refutation | None:
        """Return the shortest refutation of any supposition, at the lowest nesting up to `depth`."""
        suppositions = [(person, role) for person in self._open(line.state) for role in (True, False)]
        refutations = (self._best_refutation(line, suppositions, nesting) for nesting in range(1, depth + 1))
        return next(filter(None, refutations), None)

    def _retract(self, line: Line, refutation: _Refutation) -> None:
        suppose = refutation.suppose
        person, knight = suppose.person, not suppose.knight
        steps = (suppose, Retract(person, knight))
        line.add(person, knight, refutation.using, steps, refutation.length + 1)
        line.pending = bit_of(person, knight)

    def _open(self, state: int) -> list[int]:
        """Return the people whose roles are unknown."""
        return [person for person in range(self.people) if not state >> 2 * person & 3]

    def _spend_patience(self) -> None:
        self.patience -= len(self.rules)
        if self.patience < 0:
            raise GaveUp(f"no proof was found among {self.people} people before the search became too long")


def _refutation(line: Line, person: int, knight: bool, contradiction: Contradiction) -> _Refutation:
    """Return the refutation of a supposition, with only the steps that its contradiction needs."""
    steps = (*line.steps(line.needed(contradiction.using)), contradiction)
    suppose = Suppose(person, knight, steps)
    used = {other for step in walk(steps) if isinstance(step, Follows | Contradiction) for other in step.using}
    derived = {step.person for step in walk([suppose]) if not isinstance(step, Contradiction)}
    return _Refutation(suppose, sum(1 for _ in walk([suppose])), tuple(sorted(used - derived)))
