"""Puzzles for many people: roles first, then statements that fit them, then repair until no other roles fit.

Among many people a random row of statements almost never has exactly one solution. So the roles are planted, each
person says something that suits their role, and a SAT solver looks for other roles that fit as well. As long as it
finds some, one of the people whose role they change says something else, which they rule out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from knk.candidates import Block
from knk.canonical import meaning, mix
from knk.errors import NotEnough
from knk.grammar import Draws, Grammar
from knk.puzzle import Said
from knk.solver import Circuit, clauses
from knk.spec import Spec
from knk.statements import masks

PLANTINGS: Final = 10
"""How often roles are planted anew before a specification is held to have no puzzles."""
_WORD: Final = (1 << 64) - 1


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
    grammar, draws = Grammar(spec, people), Draws(seed, 5, people, number)
    for _ in range(PLANTINGS):
        roles = [draws.below(2) for _ in range(people)]
        saids = _Planting(grammar, draws, roles).repaired()
        if saids is not None:
            return Block(
                spec,
                [[said] for said in saids],
                np.zeros((1, len(saids)), dtype=np.intp),
                np.array([sum(role << person for person, role in enumerate(roles))], dtype=object),
                np.array([_mark(saids)], dtype=np.uint64),
                (seed, 5, people, number, 1),
                np.zeros(1, dtype=np.intp),
                1,
            )
    raise NotEnough(f"no puzzle of {people} people to this specification was found in {PLANTINGS} plantings", 0)


@dataclass
class _Planting:
    """Planted roles, 0 or 1 a person, and the search for statements that leave them the only solution."""

    grammar: Grammar
    draws: Draws
    roles: list[int]

    def repaired(self) -> list[Said] | None:
        """Return statements to which the planted roles are the only solution, or None where none were found."""
        from pysat.solvers import Minisat22

        people = len(self.roles)
        saids = self._first_saids()
        if saids is None:
            return None
        circuit = Circuit(people)
        circuit.clauses.append([-(i + 1) if role else i + 1 for i, role in enumerate(self.roles)])
        switches = [self._switched(circuit, said) for said in saids]
        with Minisat22(bootstrap_with=circuit.clauses) as solver:
            for _ in range(50 + 4 * people):
                if not solver.solve(assumptions=switches):
                    return saids
                others = [int(literal > 0) for literal in solver.get_model()[:people]]
                slot = self._slot_to_change(saids, others)
                said = None if slot is None else self._said(saids[slot].speaker, others)
                if slot is None or said is None:
                    return None
                circuit.clauses = [[-switches[slot]]]
                saids[slot], switches[slot] = said, self._switched(circuit, said)
                solver.append_formula(circuit.clauses)
        return None

    def _first_saids(self) -> list[Said] | None:
        least, most = self.grammar.spec.statements_range
        saids = []
        for speaker in range(len(self.roles)):
            for _ in range(least + self.draws.below(most - least + 1)):
                said = self._said(speaker, None)
                if said is None:
                    return None
                saids.append(said)
        return saids

    def _said(self, speaker: int, others: Sequence[int] | None) -> Said | None:
        """Return something that suits the planted roles and, where given, does not suit the other roles."""
        for _ in range(200):
            statement = self.grammar.draw(self.draws)
            if statement.value(self.roles, 1) != self.roles[speaker]:
                continue
            if others is not None and statement.value(others, 1) == others[speaker]:
                continue
            if self.grammar.allows(speaker, statement):
                return Said(speaker, statement)
        return None

    def _slot_to_change(self, saids: Sequence[Said], others: Sequence[int]) -> int | None:
        changed = [slot for slot, said in enumerate(saids) if others[said.speaker] != self.roles[said.speaker]]
        return self.draws.pick(changed or range(len(saids))) if saids else None

    def _switched(self, circuit: Circuit, said: Said) -> int:
        """Add the clauses of a said to the circuit, in force only under a new variable, and return that."""
        needed = clauses(circuit, said)
        switch = circuit.new().literal
        circuit.clauses.extend([-switch, *clause] for clause in needed)
        return switch


def _mark(saids: Sequence[Said]) -> int:
    """Return a number that is equal for puzzles of equal keys: one round of colour refinement."""
    colours: dict[int, int] = {}
    for speaker, roles in {(said.speaker, _roles(said)) for said in saids}:
        inside = dict(roles)
        base = mix(sum(map(mix, inside.values())) ^ mix(inside.get(speaker, 0)))
        colours[speaker] = colours.get(speaker, 0) + mix(base ^ 1)
        for person, role in roles:
            colours[person] = colours.get(person, 0) + mix(base ^ role)
    return mix(sum(mix(colour & _WORD) for colour in colours.values()) & _WORD)


def _roles(said: Said) -> tuple[tuple[int, int], ...]:
    """Return everybody on whom the statement's truth depends, with a number for the way it does."""
    people = sorted(said.statement.people)
    if len(people) > 5:
        meant = meaning(said.statement)
        return tuple((person, len(members)) for members in meant.classes for person in members)
    xs, full = masks(len(people))
    table = said.statement.value(dict(zip(people, xs, strict=True)), full)  # type: ignore[arg-type]
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
