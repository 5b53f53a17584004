"""Puzzles for many people: roles first, then statements that fit them, then repair until no other roles fit.

Random statements of many people almost never have exactly one solution. So the roles are planted, each person makes a
statement that fits their role, and a SAT solver looks for other roles that fit as well. As long as it finds some, one
of the people whose role differs gets another statement, one that rules those roles out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple

import numpy as np

from knk.errors import NotEnough
from knk.generation.block import Block
from knk.generation.draws import Draws
from knk.generation.grammar import Grammar
from knk.generation.spec import NOBODY_SPEAKS, Spec
from knk.logic.algebra import masks
from knk.logic.folded_table import folded_table
from knk.logic.mixing import mix
from knk.logic.puzzle import Utterance
from knk.logic.sat import MAX_CLAUSE_PEOPLE, Circuit, narrow_clauses
from knk.logic.statements import Statement

MAX_PLANTINGS: Final = 10
"""How often roles are planted before a specification is taken to have no puzzles."""
PUZZLES_PER_EPOCH: Final = 1024
"""Puzzles whose statements come from one repertoire: what is computed for a statement serves them all."""
_MIN_REPERTOIRE: Final = 4096
_REPERTOIRE_PER_PERSON: Final = 16
_MAX_STATEMENT_DRAWS: Final = 400
_MIN_REPAIRS: Final = 50
_REPAIRS_PER_PERSON: Final = 4
_WORD_MASK: Final = (1 << 64) - 1
_Clauses = list[list[int]]


def planted_block(spec: Spec, seed: int, number: int) -> Block:
    """Return a block of one puzzle.

    Args:
        spec: the specification, for one number of people.
        seed: any integer.
        number: which block, from 0.

    Raises:
        NotEnough: repair failed for every planting: too few statements can tell roles apart.
    """
    people = spec.people_range[0]
    repertoire = _repertoire(spec, people, seed, number // PUZZLES_PER_EPOCH)
    draws = Draws(seed, 5, people, number)
    for _ in range(MAX_PLANTINGS):
        roles = [draws.below(2) for _ in range(people)]
        lines = _Planting(repertoire, draws, roles).repaired()
        if lines is not None:
            return Block(
                spec,
                [[Utterance(line.speaker, line.entry.statement)] for line in lines],
                np.zeros((1, len(lines)), dtype=np.intp),
                np.array([sum(role << person for person, role in enumerate(roles))], dtype=object),
                np.array([_fingerprint(lines)], dtype=np.uint64),
                (seed, 5, people, number, 1),
                np.zeros(1, dtype=np.intp),
                1,
            )
    if spec.statements_range[1] == 0:
        raise NotEnough(NOBODY_SPEAKS, 0)
    raise NotEnough(
        f"found no puzzle of {people} people in {MAX_PLANTINGS} tries; ask for more statements, or for more kinds of "
        "statements (preset rich)",
        0,
    )


class _Entry(NamedTuple):
    """A statement of the repertoire, with what is computed for it once.

    Args:
        statement: the statement.
        when_true: clauses that hold if and only if it is true; None for a statement about many people.
        when_false: clauses that hold if and only if it is false, likewise.
        dependence: each person on whom its truth depends, with a number for how it does.
    """

    statement: Statement
    when_true: _Clauses | None
    when_false: _Clauses | None
    dependence: tuple[tuple[int, int], ...]


class _Line(NamedTuple):
    speaker: int
    entry: _Entry


@dataclass(frozen=True)
class _Repertoire:
    grammar: Grammar
    entries: list[_Entry]


@lru_cache(maxsize=4)
def _repertoire(spec: Spec, people: int, seed: int, epoch: int) -> _Repertoire:
    grammar, draws = Grammar(spec, people), Draws(seed, 7, people, epoch)
    entries: list[_Entry] = []
    while len(entries) < max(_MIN_REPERTOIRE, _REPERTOIRE_PER_PERSON * people):
        statement = grammar.draw(draws)
        if grammar.allows(None, statement):
            when_true, when_false = narrow_clauses(statement)
            entries.append(_Entry(statement, when_true, when_false, _dependence(statement)))
    return _Repertoire(grammar, entries)


@dataclass
class _Planting:
    """Planted roles, 0 or 1 for each person, and the search for lines to which they are the only solution."""

    repertoire: _Repertoire
    draws: Draws
    roles: list[int]

    def repaired(self) -> list[_Line] | None:
        """Return lines to which the planted roles are the only solution, or None if none were found."""
        from pysat.solvers import Minisat22

        people = len(self.roles)
        lines = self._first_lines()
        if lines is None:
            return None
        circuit = Circuit(people)
        circuit.clauses.append([-(i + 1) if role else i + 1 for i, role in enumerate(self.roles)])
        switches = [self._add_line(circuit, line) for line in lines]
        with Minisat22(bootstrap_with=circuit.clauses) as solver:
            for _ in range(_MIN_REPAIRS + _REPAIRS_PER_PERSON * people):
                if not solver.solve(assumptions=switches):
                    return lines
                others = [int(literal > 0) for literal in solver.get_model()[:people]]
                slot = self._slot_to_change(lines, others)
                line = None if slot is None else self._line(lines[slot].speaker, others)
                if slot is None or line is None:
                    return None
                circuit.clauses = [[-switches[slot]]]
                lines[slot], switches[slot] = line, self._add_line(circuit, line)
                solver.append_formula(circuit.clauses)
        return None

    def _first_lines(self) -> list[_Line] | None:
        minimum, maximum = self.repertoire.grammar.spec.statements_range
        lines = []
        for speaker in range(len(self.roles)):
            for _ in range(minimum + self.draws.below(maximum - minimum + 1)):
                line = self._line(speaker, None)
                if line is None:
                    return None
                lines.append(line)
        return lines

    def _line(self, speaker: int, others: Sequence[int] | None) -> _Line | None:
        """Return a line that fits the planted roles and does not fit the other roles, if these are given."""
        role, entries = self.roles[speaker], self.repertoire.entries
        for _ in range(_MAX_STATEMENT_DRAWS):
            entry = entries[self.draws.below(len(entries))]
            if entry.statement.value(self.roles, 1) != role:
                continue
            if others is not None and entry.statement.value(others, 1) == others[speaker]:
                continue
            if self.repertoire.grammar.permits(speaker, entry.statement):
                return _Line(speaker, entry)
        return None

    def _slot_to_change(self, lines: Sequence[_Line], others: Sequence[int]) -> int | None:
        changed = [slot for slot, line in enumerate(lines) if others[line.speaker] != self.roles[line.speaker]]
        return self.draws.pick(changed or range(len(lines))) if lines else None

    def _add_line(self, circuit: Circuit, line: _Line) -> int:
        """Add the clauses of a line to the circuit, in force only if a new variable is true, and return it."""
        speaker, (statement, when_true, when_false, _) = line.speaker + 1, line.entry
        if when_true is None or when_false is None:
            literal = circuit.literal(statement)
            when_true, when_false = [[literal]], [[-literal]]
        switch = circuit.new().literal
        circuit.clauses += [[-switch, -speaker, *clause] for clause in when_true]
        circuit.clauses += [[-switch, speaker, *clause] for clause in when_false]
        return switch


def _fingerprint(lines: Sequence[_Line]) -> int:
    """Return a number that is equal for puzzles of equal keys: one round of colour refinement."""
    colours: dict[int, int] = {}
    for speaker, dependence in {(line.speaker, line.entry.dependence) for line in lines}:
        base = sum([number for _, number in dependence]) & _WORD_MASK
        for person, number in dependence:
            if person == speaker:
                base ^= mix(number)
        colours[speaker] = colours.get(speaker, 0) + mix(base ^ 1)
        for person, number in dependence:
            colours[person] = colours.get(person, 0) + mix(base ^ number)
    return mix(sum([mix(colour & _WORD_MASK) for colour in colours.values()]) & _WORD_MASK)


def _dependence(statement: Statement) -> tuple[tuple[int, int], ...]:
    """Return each person on whom the statement's truth depends, with a number for how it does."""
    people = sorted(statement.people)
    if len(people) > MAX_CLAUSE_PEOPLE:
        return tuple((person, mix(len(group))) for group in folded_table(statement).classes for person in group)
    roles, all_true = masks(len(people))
    table = statement.value(dict(zip(people, roles, strict=True)), all_true)  # type: ignore[arg-type]
    return tuple((people[index], number) for index, number in _dependence_in_table(len(people), table))


@cache
def _dependence_in_table(people: int, table: int) -> tuple[tuple[int, int], ...]:
    true = [assignment for assignment in range(1 << people) if table >> assignment & 1]
    relevant = [i for i in range(people) if any(assignment ^ (1 << i) not in true for assignment in true)]
    projected = {tuple(assignment >> i & 1 for i in relevant) for assignment in true}
    result = []
    for index, person in enumerate(relevant):
        counts = [0] * (2 * len(relevant) + 2)
        for roles in projected:
            counts[2 * sum(roles) + roles[index]] += 1
        number = len(relevant)
        for count in counts:
            number = mix(number * 64 + count)
        result.append((person, number))
    return tuple(result)
