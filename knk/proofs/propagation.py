"""Propagation: everything that single utterances force, step by step, with the reasons for each role.

A *line* is an argument under construction: the main argument, or one under a supposition. Its *own* people are those
whose roles it established itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from knk.logic.puzzle import Puzzle
from knk.proofs.rules import Rule, rule_of
from knk.proofs.states import bit_of, people_of
from knk.proofs.steps import Contradiction, Follows, Step

_Derivation = tuple[tuple[int, int, int], bool, tuple[int, ...]]
"""A role derived from a rule: its rank (steps, people used, index of the rule), the role, and the people used."""


class Line:
    """An argument under construction: what is known, and why.

    Args:
        rules: the puzzle's rules.
        state: what is known.
        pending: the part of it whose consequences have not been drawn yet.
        own: the person whose role is supposed, as the set `1 << person`, or 0 for the main line.
    """

    def __init__(self, rules: Sequence[Rule], state: int, pending: int, own: int) -> None:
        self.rules = rules
        self.state = state
        self.pending = pending
        self.own = own
        self.derivations: dict[int, tuple[Step, ...]] = {}
        # For each own person, the set of own people on whose roles theirs depends, including themselves.
        self.needs: dict[int, int] = {own.bit_length() - 1: own} if own else {}
        self.weights: dict[int, int] = {}

    def propagate(self) -> Contradiction | None:
        """Draw all consequences, in rounds, and return the contradiction if one is reached."""
        while self.pending:
            state, pending = self.state, self.pending
            violated: list[int] = []
            derived: dict[int, _Derivation] = {}
            for index, rule in enumerate(self.rules):
                if not rule.mask & pending:
                    continue
                known = state & rule.mask
                forced = rule.forced(known)
                if forced < 0:
                    violated.append(index)
                    continue
                for person, knight in people_of(forced ^ known):
                    cost, using = self._cheapest(rule.reasons(known, bit_of(person, knight)))
                    rank = (cost, len(using), index)
                    if person not in derived or rank < derived[person][0]:
                        derived[person] = rank, knight, using
            if violated:
                return self._contradiction(violated)
            self._add_derived(derived)
        return None

    def _add_derived(self, derived: dict[int, _Derivation]) -> None:
        before = self.state
        for person, ((_, _, index), knight, using) in sorted(
            derived.items(), key=lambda item: (item[1][0][2], item[0])
        ):
            self.add(person, knight, using, (Follows(index, using, person, knight),), 1)
        self.pending = self.state ^ before

    def add(self, person: int, knight: bool, using: Iterable[int], derivation: tuple[Step, ...], weight: int) -> None:
        """Add a role that has been established.

        Args:
            person: whose role it is.
            knight: whether they are a knight.
            using: the people whose roles it was derived from.
            derivation: the steps that derive it.
            weight: how many steps these are, including those inside suppositions.
        """
        self.state |= bit_of(person, knight)
        self.derivations[person] = derivation
        if self.own:
            self.needs[person] = self.needed(using) | 1 << person
            self.own |= 1 << person
            if weight > 1:
                self.weights[person] = weight

    def needed(self, using: Iterable[int]) -> int:
        """Return the set of own people on whose roles the given people's depend."""
        total = 0
        for person in using:
            total |= self.needs.get(person, 0)
        return total

    def cost(self, people: int) -> int:
        """Return how many steps derive the roles of a set of own people."""
        count = people.bit_count()
        if self.weights:
            count += sum(weight - 1 for person, weight in self.weights.items() if people >> person & 1)
        return count

    def _cheapest(self, groups: Iterable[tuple[int, ...]]) -> tuple[int, tuple[int, ...]]:
        """Return the fewest steps that derive the roles of one of the groups, and that group."""
        ranked = [(self.cost(self.needed(using)), len(using), using) for using in groups]
        cost, _, using = min(ranked)
        return cost, using

    def _contradiction(self, violated: Iterable[int]) -> Contradiction:
        ranked = []
        for index in violated:
            rule = self.rules[index]
            cost, using = self._cheapest(rule.reasons(self.state & rule.mask, 0))
            ranked.append((cost, len(using), index, using))
        _, _, index, using = min(ranked)
        return Contradiction(index, using)

    def steps(self, people: int) -> tuple[Step, ...]:
        """Return the steps that derive the roles of a set of own people, in the order of derivation."""
        return tuple(step for person, steps in self.derivations.items() if people >> person & 1 for step in steps)


def consequences(puzzle: Puzzle, known: Mapping[int, bool], person: int, knight: bool) -> tuple[Step, ...]:
    """Return what follows from a supposition by propagation alone; a contradiction, if one is reached, comes last.

    Args:
        puzzle: the puzzle.
        known: the roles that are known already.
        person: the person whose role is supposed.
        knight: whether they are supposed to be a knight.

    >>> from knk.logic.notation import decode
    >>> consequences(decode("Ann,Bob 0:&(-0,-1)"), {}, 1, False)
    (Contradiction(statement=0, using=(1,)),)
    """
    supposed = bit_of(person, knight)
    state = supposed | sum(bit_of(other, role) for other, role in known.items())
    line = Line([rule_of(utterance) for utterance in puzzle.statements], state, -1, 1 << person)
    contradiction = line.propagate()
    return (*line.steps(-1), contradiction) if contradiction else line.steps(-1)
