"""Statements as clauses for a SAT solver, and solutions found with one.

Variable i + 1 is "person i is a knight". A statement about few people gives clauses read off its truth table, any other
becomes a circuit. No solution is left when every model found is blocked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Final

from knk.logic.algebra import masks
from knk.logic.puzzle import Utterance
from knk.logic.statements import Statement

if TYPE_CHECKING:
    from pysat.solvers import Minisat22

MAX_CLAUSE_PEOPLE: Final = 5
"""Up to this many people a statement's clauses are read off its truth table."""


def sat_solver(people: int, statements: Iterable[Utterance]) -> Minisat22:
    """Return a SAT solver with the clauses of all statements."""
    from pysat.solvers import Minisat22

    circuit = Circuit(people)
    for utterance in statements:
        circuit.clauses.extend(clauses(circuit, utterance))
    # Declares a variable for every person, including those whom nobody mentions.
    circuit.clauses.append([people, -people])
    return Minisat22(bootstrap_with=circuit.clauses)


def clauses(circuit: Circuit, utterance: Utterance) -> Sequence[list[int]]:
    """Return clauses for "the speaker is a knight if and only if the statement is true".

    The clauses of gates that they need are added to the circuit.
    """
    speaker, statement = utterance
    if len(statement.people) < MAX_CLAUSE_PEOPLE:
        people = sorted(statement.people | {speaker})
        roles, all_true = masks(len(people))
        value = dict(zip(people, roles, strict=True))
        return _clauses_of(people, all_true ^ value[speaker] ^ statement.value(value, all_true))  # type: ignore[arg-type]
    literal = circuit.literal(statement)
    return [[-(speaker + 1), literal], [speaker + 1, -literal]]


def narrow_clauses(statement: Statement) -> tuple[list[list[int]], list[list[int]]] | tuple[None, None]:
    """Return clauses equivalent to a statement, and clauses equivalent to its negation.

    Both are None for a statement about more than `MAX_CLAUSE_PEOPLE` people.

    >>> from knk.logic.statements import And, Knave, Knight
    >>> narrow_clauses(And(Knight(0), Knave(2)))
    ([[-3], [1]], [[-1, 3]])
    """
    people = sorted(statement.people)
    if len(people) > MAX_CLAUSE_PEOPLE:
        return None, None
    roles, all_true = masks(len(people))
    table = statement.value(dict(zip(people, roles, strict=True)), all_true)  # type: ignore[arg-type]
    return _clauses_of(people, table), _clauses_of(people, all_true ^ table)


def _clauses_of(people: Sequence[int], table: int) -> list[list[int]]:
    return [[(people[i] + 1) * sign for i, sign in clause] for clause in _prime_clauses(len(people), table)]


@cache
def _prime_clauses(people: int, table: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Return clauses equivalent to a truth table, shortest first, each of pairs of variable and sign."""
    roles, all_true = masks(people)
    to_exclude, chosen = all_true ^ table, []
    by_length = sorted(product((0, 1, -1), repeat=people), key=lambda signs: sum(map(abs, signs)))
    for signs in by_length:
        excluded = all_true
        for x, sign in zip(roles, signs, strict=True):
            excluded &= x if sign < 0 else all_true ^ x if sign > 0 else all_true
        if not excluded & table and excluded & to_exclude:
            to_exclude &= ~excluded
            chosen.append(tuple((i, sign) for i, sign in enumerate(signs) if sign))
    return tuple(chosen)


def sat_solutions(people: int, statements: Iterable[Utterance]) -> Iterator[tuple[bool, ...]]:
    """Iterate over all solutions, each a tuple of bool, True for a knight."""
    with sat_solver(people, statements) as solver:
        while solver.solve():
            model = solver.get_model()[:people]
            yield tuple(literal > 0 for literal in model)
            solver.add_clause([-literal for literal in model])


def sat_possibilities(people: int, statements: Iterable[Utterance], statement: Statement) -> tuple[bool, bool]:
    """Return whether a statement is true in some solution, and whether it is false in some."""
    with sat_solver(people, statements) as solver:
        circuit = Circuit(max(people, solver.nof_vars()))
        literal = circuit.literal(statement)
        solver.append_formula(circuit.clauses)
        return solver.solve(assumptions=[literal]), solver.solve(assumptions=[-literal])


@dataclass
class Circuit:
    """Statements as circuits (Tseitin 1968): each gate is a new variable, defined by clauses as its inputs' and or xor.

    Args:
        variables: the highest variable in use; person i is variable i + 1.
        clauses: the clauses that define the gates.
    """

    variables: int
    clauses: list[list[int]] = field(default_factory=list)

    def literal(self, statement: Statement) -> int:
        """Return a literal equivalent to a statement, adding the gates that define it."""
        roles = {person: _Gate(self, person + 1) for person in statement.people}
        gate: _Gate = statement.value(roles, self.true)  # type: ignore[arg-type]
        return gate.literal

    @property
    def true(self) -> _Gate:
        """The gate that is always true; gates that have it or its negation as an input are simplified away."""
        if not hasattr(self, "_true"):
            self._true = self.new()
            self.clauses.append([self._true.literal])
        return self._true

    def new(self) -> _Gate:
        """Return a gate on a fresh variable."""
        self.variables += 1
        return _Gate(self, self.variables)


@dataclass(frozen=True, slots=True)
class _Gate:
    """A literal of a circuit, in the algebra in which statements are evaluated."""

    circuit: Circuit
    literal: int

    def negated(self) -> _Gate:
        return _Gate(self.circuit, -self.literal)

    def __and__(self, other: _Gate) -> _Gate:
        true, a, b = self.circuit.true.literal, self.literal, other.literal
        if a in (true, b) or b == -true:
            return other
        if b == true or a == -true:
            return self
        if a == -b:
            return _Gate(self.circuit, -true)
        gate = self.circuit.new()
        self.circuit.clauses += [[-gate.literal, a], [-gate.literal, b], [gate.literal, -a, -b]]
        return gate

    def __or__(self, other: _Gate) -> _Gate:
        return (self.negated() & other.negated()).negated()

    def __xor__(self, other: _Gate) -> _Gate:
        true, a, b = self.circuit.true.literal, self.literal, other.literal
        if abs(a) == true:
            return other.negated() if a > 0 else other
        if abs(b) == true:
            return self.negated() if b > 0 else self
        if abs(a) == abs(b):
            return _Gate(self.circuit, -true if a == b else true)
        gate = self.circuit.new()
        self.circuit.clauses += [
            [-gate.literal, a, b],
            [-gate.literal, -a, -b],
            [gate.literal, -a, b],
            [gate.literal, a, -b],
        ]
        return gate
