"""Puzzles for many people: roles first, then statements that fit them, then repair until no other roles fit.

Among many people a random row of statements almost never has exactly one solution. So the roles are planted, each
person says something that suits their role, and a SAT solver looks for other roles that fit as well. As long as it
finds some, one of the people whose role they change says something else, which they rule out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple

import numpy as np

from knk.errors import NotEnough
from knk.generation.grammar import Draws, Grammar
from knk.generation.sampled import Block
from knk.generation.spec import Spec
from knk.logic.algebra import masks
from knk.logic.meaning import meaning
from knk.logic.mixing import mix
from knk.logic.puzzle import Utterance
from knk.logic.sat import MAX_CLAUSE_PEOPLE, Circuit, narrow_clauses
from knk.logic.statements import Statement

PLANTINGS: Final = 10
"""How often roles are planted anew before a specification is held to have no puzzles."""
EPOCH: Final = 1024
"""Puzzles whose statements are drawn from one repertoire: what is worked out for a statement serves them all."""
_WORD: Final = (1 << 64) - 1
_Clauses = list[list[int]]


def planted_block(spec: Spec, seed: int, number: int) -> Block:
    """Return a block of one puzzle.

    Args:
        spec: the specification, for one number of people.
        seed: any whole number.
        number: which block, from 0.

    Raises:
        NotEnough: repair failed for every planting: the specification leaves too much open.
    """
    people = spec.people_range[0]
    repertoire, draws = _repertoire(spec, people, seed, number // EPOCH), Draws(seed, 5, people, number)
    for _ in range(PLANTINGS):
        roles = [draws.below(2) for _ in range(people)]
        lines = _Planting(repertoire, draws, roles).repaired()
        if lines is not None:
            return Block(
                spec,
                [[Utterance(line.speaker, line.piece.statement)] for line in lines],
                np.zeros((1, len(lines)), dtype=np.intp),
                np.array([sum(role << person for person, role in enumerate(roles))], dtype=object),
                np.array([_mark(lines)], dtype=np.uint64),
                (seed, 5, people, number, 1),
                np.zeros(1, dtype=np.intp),
                1,
            )
    raise NotEnough(f"no puzzle of {people} people to this specification was found in {PLANTINGS} plantings", 0)


class _Piece(NamedTuple):
    """A statement of the repertoire, with what is worked out for it once.

    Args:
        statement: the statement.
        when_true: clauses that hold just if it is true; none are kept for a statement about many people.
        when_false: clauses that hold just if it is false.
        roles: everybody on whom its truth depends, with a number for the way it does.
    """

    statement: Statement
    when_true: _Clauses | None
    when_false: _Clauses | None
    roles: tuple[tuple[int, int], ...]


class _Line(NamedTuple):
    speaker: int
    piece: _Piece


@dataclass(frozen=True)
class _Repertoire:
    grammar: Grammar
    pieces: list[_Piece]


@lru_cache(maxsize=4)
def _repertoire(spec: Spec, people: int, seed: int, epoch: int) -> _Repertoire:
    grammar, draws = Grammar(spec, people), Draws(seed, 7, people, epoch)
    pieces: list[_Piece] = []
    while len(pieces) < max(4096, 16 * people):
        statement = grammar.draw(draws)
        if grammar.allows(None, statement):
            when_true, when_false = narrow_clauses(statement)
            pieces.append(_Piece(statement, when_true, when_false, _roles(statement)))
    return _Repertoire(grammar, pieces)


@dataclass
class _Planting:
    """Planted roles, 0 or 1 a person, and the search for statements that leave them the only solution."""

    repertoire: _Repertoire
    draws: Draws
    roles: list[int]

    def repaired(self) -> list[_Line] | None:
        """Return lines to which the planted roles are the only solution, or None where none were found."""
        from pysat.solvers import Minisat22

        people = len(self.roles)
        lines = self._first_lines()
        if lines is None:
            return None
        circuit = Circuit(people)
        circuit.clauses.append([-(i + 1) if role else i + 1 for i, role in enumerate(self.roles)])
        switches = [self._switched(circuit, line) for line in lines]
        with Minisat22(bootstrap_with=circuit.clauses) as solver:
            for _ in range(50 + 4 * people):
                if not solver.solve(assumptions=switches):
                    return lines
                others = [int(literal > 0) for literal in solver.get_model()[:people]]
                slot = self._slot_to_change(lines, others)
                line = None if slot is None else self._line(lines[slot].speaker, others)
                if slot is None or line is None:
                    return None
                circuit.clauses = [[-switches[slot]]]
                lines[slot], switches[slot] = line, self._switched(circuit, line)
                solver.append_formula(circuit.clauses)
        return None

    def _first_lines(self) -> list[_Line] | None:
        least, most = self.repertoire.grammar.spec.statements_range
        lines = []
        for speaker in range(len(self.roles)):
            for _ in range(least + self.draws.below(most - least + 1)):
                line = self._line(speaker, None)
                if line is None:
                    return None
                lines.append(line)
        return lines

    def _line(self, speaker: int, others: Sequence[int] | None) -> _Line | None:
        """Return something that suits the planted roles and, where given, does not suit the other roles."""
        role, pieces = self.roles[speaker], self.repertoire.pieces
        for _ in range(400):
            piece = pieces[self.draws.below(len(pieces))]
            if piece.statement.value(self.roles, 1) != role:
                continue
            if others is not None and piece.statement.value(others, 1) == others[speaker]:
                continue
            if self.repertoire.grammar.lets_speak(speaker, piece.statement):
                return _Line(speaker, piece)
        return None

    def _slot_to_change(self, lines: Sequence[_Line], others: Sequence[int]) -> int | None:
        changed = [slot for slot, line in enumerate(lines) if others[line.speaker] != self.roles[line.speaker]]
        return self.draws.pick(changed or range(len(lines))) if lines else None

    def _switched(self, circuit: Circuit, line: _Line) -> int:
        """Add the clauses of a line to the circuit, in force only under a new variable, and return that."""
        speaker, (statement, when_true, when_false, _) = line.speaker + 1, line.piece
        if when_true is None or when_false is None:
            literal = circuit.literal(statement)
            when_true, when_false = [[literal]], [[-literal]]
        switch = circuit.new().literal
        circuit.clauses += [[-switch, -speaker, *clause] for clause in when_true]
        circuit.clauses += [[-switch, speaker, *clause] for clause in when_false]
        return switch


def _mark(lines: Sequence[_Line]) -> int:
    """Return a number that is equal for puzzles of equal keys: one round of colour refinement."""
    colours: dict[int, int] = {}
    for speaker, roles in {(line.speaker, line.piece.roles) for line in lines}:
        base = sum([role for _, role in roles]) & _WORD
        for person, role in roles:
            if person == speaker:
                base ^= mix(role)
        colours[speaker] = colours.get(speaker, 0) + mix(base ^ 1)
        for person, role in roles:
            colours[person] = colours.get(person, 0) + mix(base ^ role)
    return mix(sum([mix(colour & _WORD) for colour in colours.values()]) & _WORD)


def _roles(statement: Statement) -> tuple[tuple[int, int], ...]:
    """Return everybody on whom the statement's truth depends, with a number for the way it does."""
    people = sorted(statement.people)
    if len(people) > MAX_CLAUSE_PEOPLE:
        meant = meaning(statement)
        return tuple((person, mix(len(members))) for members in meant.classes for person in members)
    xs, full = masks(len(people))
    table = statement.value(dict(zip(people, xs, strict=True)), full)  # type: ignore[arg-type]
    return tuple((people[place], role) for place, role in _roles_in_table(len(people), table))


@cache
def _roles_in_table(people: int, table: int) -> tuple[tuple[int, int], ...]:
    true = [entry for entry in range(1 << people) if table >> entry & 1]
    needed = [i for i in range(people) if any(entry ^ (1 << i) not in true for entry in true)]
    kept = {tuple(entry >> i & 1 for i in needed) for entry in true}
    roles = []
    for place, person in enumerate(needed):
        counts = [0] * (2 * len(needed) + 2)
        for entry in kept:
            counts[2 * sum(entry) + entry[place]] += 1
        role = len(needed)
        for count in counts:
            role = mix(role * 64 + count)
        roles.append((person, role))
    return tuple(roles)
