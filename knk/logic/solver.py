"""All ways to assign roles that fit what the people say, and what follows from it.

Few people: each statement is a truth table held as one big integer, and the puzzle is their conjunction. Many people:
a SAT solver, where a model blocked and nothing found is the proof that it was the only one. `MAX_TABLE_PEOPLE` is where
the second becomes faster, as `python benchmarks/speed/run.py --only crossing` measures it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, product
from typing import TYPE_CHECKING, Final

from knk.errors import ManySolutions, NoSolution
from knk.logic.algebra import masks
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.statements import Statement

if TYPE_CHECKING:
    from pysat.solvers import Minisat22

Solution = tuple[bool, ...]
MAX_TABLE_PEOPLE: Final = 17
"""Up to this many people truth tables are used, above it SAT."""
_LISTED_PEOPLE: Final = 8
"""Up to this many people all assignments are listed once, to be looked up."""
NARROW: Final = 5
"""People a statement may touch for its clauses to be read off its truth table; wider ones become a circuit."""


def solutions(puzzle: Puzzle) -> Iterator[Solution]:
    """Iterate over all solutions, each a tuple of bool in the order of `puzzle.names`, True for a knight.

    >>> from knk.logic.notation import decode
    >>> list(solutions(decode("Ann,Bob 0:&(-0,-1)")))
    [(False, True)]
    """
    people = len(puzzle.names)
    if people > MAX_TABLE_PEOPLE:
        yield from _sat_solutions(people, puzzle.statements)
        return
    table = _models(people, puzzle.statements)
    while table:
        lowest = table & -table
        yield unpacked(people, lowest.bit_length() - 1)
        table ^= lowest


def count(puzzle: Puzzle, limit: int | None = None) -> int:
    """Return how many solutions there are, or `limit` where there are at least so many.

    >>> from knk.logic.notation import decode
    >>> count(decode("Ann,Bob 0:+1")), count(decode("Ann,Bob 0:+1"), limit=1)
    (2, 1)
    """
    people = len(puzzle.names)
    if people > MAX_TABLE_PEOPLE:
        return sum(1 for _ in islice(_sat_solutions(people, puzzle.statements), limit))
    found = _models(people, puzzle.statements).bit_count()
    return found if limit is None else min(found, limit)


def is_unique(puzzle: Puzzle) -> bool:
    """Whether there is exactly one solution.

    >>> from knk.logic.notation import decode
    >>> is_unique(decode("Ann,Bob 0:&(-0,-1)")), is_unique(decode("Ann,Bob 0:+1"))
    (True, False)
    """
    return count(puzzle, 2) == 1


def solve(puzzle: Puzzle) -> Solution:
    """Return the one solution, True for a knight.

    Raises:
        NoSolution: nothing fits what the people say.
        ManySolutions: more than one assignment does.

    >>> from knk.logic.notation import decode
    >>> solve(decode("Ann,Bob 0:&(-0,-1)"))
    (False, True)
    """
    people = len(puzzle.names)
    if people <= MAX_TABLE_PEOPLE:
        table = _models(people, puzzle.statements)
        if table and not table & (table - 1):
            return unpacked(people, table.bit_length() - 1)
    found = list(islice(solutions(puzzle), 2))
    if not found:
        raise NoSolution("no assignment of roles fits what the people say")
    if len(found) > 1:
        raise ManySolutions("more than one assignment of roles fits what the people say")
    return found[0]


def follows(puzzle: Puzzle, statement: Statement) -> bool | None:
    """Whether a statement holds in every solution (True), in none (False), or in some only (None).

    Raises:
        NoSolution: nothing fits what the people say, so that everything would follow.

    >>> from knk.logic.notation import decode
    >>> from knk.logic.statements import Iff, Knight
    >>> puzzle = decode("Ann,Bob,Cid 0:+1")
    >>> follows(puzzle, Knight(0)), follows(puzzle, Iff(Knight(0), Knight(1)))
    (None, True)
    """
    people = len(puzzle.names)
    if people > MAX_TABLE_PEOPLE:
        possible, avoidable = _sat_follows(people, puzzle.statements, statement)
    else:
        table = _models(people, puzzle.statements)
        holds = statement.table(people)
        possible, avoidable = bool(table & holds), bool(table & ~holds)
    if not possible and not avoidable:
        raise NoSolution("no assignment of roles fits what the people say")
    return None if possible and avoidable else possible


# Truth tables.


def _models(people: int, statements: Iterable[Utterance]) -> int:
    """Return the table of the assignments that fit: bit t is for person i a knight just if bit i of t is set."""
    xs, full = masks(people)
    left = full
    for speaker, statement in statements:
        left &= full ^ xs[speaker] ^ statement.table(people)
    return left


def unpacked(people: int, assignment: int) -> Solution:
    """Return a solution from the number whose bit i says whether person i is a knight.

    >>> unpacked(3, 0b110)
    (False, True, True)
    """
    if people <= _LISTED_PEOPLE:
        return _assignments(people)[assignment]
    return tuple(bit == "1" for bit in reversed(f"{assignment:0{people}b}"))


@cache
def _assignments(people: int) -> list[Solution]:
    return [roles[::-1] for roles in product((False, True), repeat=people)]


# SAT.


def sat_solver(people: int, statements: Iterable[Utterance]) -> Minisat22:
    """Return a SAT solver that holds what the people say; variable i + 1 is "person i is a knight"."""
    from pysat.solvers import Minisat22

    circuit = Circuit(people)
    for said in statements:
        circuit.clauses.extend(clauses(circuit, said))
    # Names every person to the solver, also those nobody mentions.
    circuit.clauses.append([people, -people])
    return Minisat22(bootstrap_with=circuit.clauses)


def clauses(circuit: Circuit, said: Utterance) -> Sequence[list[int]]:
    """Return clauses that hold just if the speaker is a knight if and only if the statement is true.

    Clauses about other variables that they need are added to the circuit.
    """
    speaker, statement = said
    if len(statement.people) < NARROW:
        people = sorted(statement.people | {speaker})
        xs, full = masks(len(people))
        value = dict(zip(people, xs, strict=True))
        return _clauses_of(people, full ^ value[speaker] ^ statement.value(value, full))  # type: ignore[arg-type]
    literal = circuit.literal(statement)
    return [[-(speaker + 1), literal], [speaker + 1, -literal]]


def narrow_clauses(statement: Statement) -> tuple[list[list[int]], list[list[int]]] | tuple[None, None]:
    """Return clauses that hold just if a statement is true, and such that do just if it is false.

    There are none for a statement about more than `NARROW` people.

    >>> from knk.logic.statements import And, Knave, Knight
    >>> narrow_clauses(And(Knight(0), Knave(2)))
    ([[-3], [1]], [[-1, 3]])
    """
    people = sorted(statement.people)
    if len(people) > NARROW:
        return None, None
    xs, full = masks(len(people))
    table = statement.value(dict(zip(people, xs, strict=True)), full)  # type: ignore[arg-type]
    return _clauses_of(people, table), _clauses_of(people, full ^ table)


def _clauses_of(people: Sequence[int], table: int) -> list[list[int]]:
    return [[(people[i] + 1) * sign for i, sign in clause] for clause in _prime_clauses(len(people), table)]


@cache
def _prime_clauses(people: int, table: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Return clauses for a truth table: pairs of variable and sign, shortest first, until all is said."""
    xs, full = masks(people)
    left, chosen = full ^ table, []
    by_length = sorted(product((0, 1, -1), repeat=people), key=lambda signs: sum(map(abs, signs)))
    for signs in by_length:
        excluded = full
        for x, sign in zip(xs, signs, strict=True):
            excluded &= x if sign < 0 else full ^ x if sign > 0 else full
        if not excluded & table and excluded & left:
            left &= ~excluded
            chosen.append(tuple((i, sign) for i, sign in enumerate(signs) if sign))
    return tuple(chosen)


def _sat_solutions(people: int, statements: Iterable[Utterance]) -> Iterator[Solution]:
    with sat_solver(people, statements) as solver:
        while solver.solve():
            model = solver.get_model()[:people]
            yield tuple(literal > 0 for literal in model)
            solver.add_clause([-literal for literal in model])


def _sat_follows(people: int, statements: Iterable[Utterance], statement: Statement) -> tuple[bool, bool]:
    """Return whether the statement can be true, and whether it can be false."""
    with sat_solver(people, statements) as solver:
        circuit = Circuit(max(people, solver.nof_vars()))
        literal = circuit.literal(statement)
        solver.append_formula(circuit.clauses)
        return solver.solve(assumptions=[literal]), solver.solve(assumptions=[-literal])


@dataclass
class Circuit:
    """Statements as gates of clauses (Tseitin 1968): each gate is a new variable, equal to its inputs' and or xor.

    Args:
        variables: the highest variable in use; person i is variable i + 1.
        clauses: what has to hold for the gates.
    """

    variables: int
    clauses: list[list[int]] = field(default_factory=list)

    def literal(self, statement: Statement) -> int:
        """Return a literal that is true just if the statement is, adding the clauses that make it so."""
        xs = {person: _Gate(self, person + 1) for person in statement.people}
        gate: _Gate = statement.value(xs, self.true)  # type: ignore[arg-type]
        return gate.literal

    @property
    def true(self) -> _Gate:
        """The gate that is always true; it and its negation are folded away wherever they are an input."""
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
        g = self.circuit.new()
        self.circuit.clauses += [
            [-g.literal, a, b],
            [-g.literal, -a, -b],
            [g.literal, -a, b],
            [g.literal, a, -b],
        ]
        return g
