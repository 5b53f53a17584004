"""Rules: each kind of rule forces what all fitting roles share, with minimal reasons."""

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from knk.logic.folded_table import folded_table
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.solver import solutions
from knk.logic.statements import (
    And,
    Iff,
    Knave,
    Knight,
    Or,
)
from knk.proofs.check import check
from knk.proofs.rules import FoldedRule, NarrowRule, Rule, SatRule, closed, rule_of
from knk.proofs.states import CONFLICT, bit_of, people_of
from knk.proofs.trace import trace
from tests.support.proofs import WIDE
from tests.support.strategies import statements


def folded(utterance: Utterance) -> Rule:
    """The rule by classes."""
    folded = folded_table(Iff(Knight(utterance.speaker), utterance.statement))
    return FoldedRule(folded.classes, folded.table)


@settings(max_examples=60)
@given(statements(4), st.integers(0, 3), st.lists(st.sampled_from([None, True, False]), min_size=4, max_size=4))
def test_every_rule_forces_the_roles_that_all_fitting_assignments_share(
    statement: Any, speaker: int, roles: list[bool | None]
) -> None:
    utterance = Utterance(speaker, statement)
    left = [
        full
        for full in product((False, True), repeat=4)
        if full[speaker] == bool(statement.value(full, True))
        and all(role in (None, have) for role, have in zip(roles, full, strict=True))
    ]
    for rule in (NarrowRule(utterance), folded(utterance), SatRule(utterance)):
        state = sum(bit_of(p, role) for p, role in enumerate(roles) if role is not None and p in rule.people)
        forced = rule.forced(state)
        if left:
            shared = [{full[p] for full in left} for p in range(4)]
            expected = [(p, min(s)) for p, s in enumerate(shared) if len(s) == 1 and p in rule.people]
            assert list(people_of(forced)) == expected
        else:
            assert forced == CONFLICT
        for goal in [0] if not left else [bit_of(*one) for one in people_of(forced ^ state)]:
            for using in rule.reasons(state, goal):
                less = sum(state & 3 << 2 * p for p in using)
                enough = rule.forced(less)
                assert enough == CONFLICT if not goal else enough & goal
                for spared in using:
                    rest = rule.forced(less & ~(3 << 2 * spared))
                    assert rest != CONFLICT if not goal else not rest & goal


def test_wide_symmetric_statements_are_counted() -> None:
    puzzle = decode(WIDE + "2:+0 3:+1 4:-3 5:+4 6:+5 7:-6 8:-7 9:+7")
    assert isinstance(rule_of(puzzle.statements[0]), FoldedRule)
    proof = trace(puzzle)
    check(proof)
    assert proof.solution == next(iter(solutions(puzzle)))


def test_statements_too_wide_for_a_table_use_sat() -> None:
    pairs = [And(Knight(p), Knave(p + 1)) for p in range(0, 18, 2)]
    utterances = [Utterance(p, Knight(p + 1) if p % 2 else Knave(p + 1)) for p in range(17)]
    puzzle = Puzzle(tuple(f"P{n}" for n in range(18)), (*utterances, Utterance(17, Or(*pairs))))
    assert isinstance(rule_of(puzzle.statements[-1]), SatRule)
    assert len(list(solutions(puzzle))) == 1
    proof = trace(puzzle)
    check(proof)
    assert proof.solution == next(iter(solutions(puzzle)))


def test_closing_a_state_stops_after_the_given_passes() -> None:
    rules = [rule_of(Utterance(person, Knave(person - 1))) for person in range(4, 0, -1)]
    once = closed(rules, bit_of(0, True), passes=1)
    assert once != closed(rules, bit_of(0, True)) == closed(rules, once)
