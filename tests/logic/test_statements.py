"""Statements: each kind's truth table written out, the algebras agree, sympy there and back."""

import itertools
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from knk.errors import BadPuzzle
from knk.logic.algebra import masks
from knk.logic.puzzle import Puzzle
from knk.logic.solver import solutions
from knk.logic.statements import (
    STATEMENT_KINDS,
    And,
    Compound,
    Count,
    Iff,
    Implies,
    Knave,
    Knight,
    Not,
    OneOf,
    Or,
    Parity,
    SameKind,
    Statement,
)
from knk.logic.sympy_formulas import to_sympy
from knk.logic.triviality import is_trivial
from knk.proofs.trace import trace
from tests.support.strategies import statements

A, B, C = Knight(0), Knight(1), Knight(2)
EVERYBODY = (0, 1, 2)
# Truth for (A, B, C) from (knave, knave, knave) up, C changing fastest.
TABLES: dict[Statement, str] = {
    A: "00001111",
    Knave(1): "11001100",
    Not(C): "10101010",
    And(A, B): "00000011",
    And(A, B, C): "00000001",
    Or(A, B): "00111111",
    Or(A, B, C): "01111111",
    OneOf(A, B, C): "01101000",
    Implies(A, B): "11110011",
    Iff(B, C): "10011001",
    Count("exactly", 2, EVERYBODY): "00010110",
    Count("at least", 2, EVERYBODY): "00010111",
    Count("at most", 1, EVERYBODY): "11101000",
    Count("exactly", 0, EVERYBODY): "10000000",
    Count("at least", 3, EVERYBODY): "00000001",
    Count("exactly", 2, EVERYBODY, knights=False): "01101000",
    Count("at most", 0, (0, 2), knights=False): "00000101",
    Parity(True, EVERYBODY): "10010110",
    Parity(False, EVERYBODY): "01101001",
    Parity(True, EVERYBODY, knights=False): "01101001",
    Parity(False, (0, 1), knights=False): "00111100",
    SameKind(0, 2): "10100101",
    SameKind(0, 2, same=False): "01011010",
}


@pytest.mark.parametrize(("statement", "table"), TABLES.items(), ids=repr)
def test_truth_table(statement: Statement, table: str) -> None:
    worlds = itertools.product((0, 1), repeat=3)
    assert "".join(str(statement.value(world, 1)) for world in worlds) == table


def test_every_kind_has_a_pinned_truth_table() -> None:
    assert {type(statement) for statement in TABLES} == set(STATEMENT_KINDS)


@given(statements(4))
def test_the_negation_is_the_opposite(statement: Statement) -> None:
    _, all_true = masks(4)
    assert statement.negated().table(4) == all_true ^ statement.table(4)


@given(statements(4))
def test_the_order_of_parts_matters_to_asymmetric_kinds_only(statement: Statement) -> None:
    if statement.parts and statement.is_symmetric:
        assert type(statement)(*reversed(statement.parts)).table(4) == statement.table(4)
    assert Implies(A, B).table(2) != Implies(B, A).table(2)


class Neither(Compound):
    """A kind that the library does not have: no part holds."""

    kind = "neither"

    def value(self, roles: Sequence[Any], all_true: Any) -> Any:
        return all_true ^ Or(*self.parts).value(roles, all_true)


def test_a_new_kind_needs_only_its_value_to_be_solved_keyed_and_proved() -> None:
    names = ("Ann", "Bob", "Cid")
    new = Puzzle(names, [(0, Neither(A, B)), (2, Not(Neither(A, B)))])
    old = Puzzle(names, [(0, Not(Or(A, B))), (2, Or(A, B))])
    assert list(solutions(new)) == list(solutions(old)) == [(False, True, True)]
    assert new.key == old.key
    assert trace(new).steps == trace(old).steps
    assert is_trivial(Neither(A, Knave(0)))


@given(statements(4))
def test_algebras_agree(statement: Statement) -> None:
    roles, all_true = masks(4)
    table = statement.value(roles, all_true)
    arrays = [np.array([world >> i & 1 for world in range(16)], dtype=np.uint8) for i in range(4)]
    as_array = statement.value(arrays, np.ones(16, dtype=np.uint8))
    symbols = sympy.symbols("a b c d")
    formula = to_sympy(statement, symbols)
    for world in range(16):
        world_roles = [world >> i & 1 for i in range(4)]
        truth = statement.value(world_roles, 1)
        assert truth == table >> world & 1 == as_array[world]
        assert bool(formula.subs(dict(zip(symbols, map(bool, world_roles), strict=True)))) == bool(truth)


@given(st.data(), statements(5))
def test_renaming_people_permutes_the_truth_table(data: st.DataObject, statement: Statement) -> None:
    order = data.draw(st.permutations(range(5)))
    moved = statement.with_people(order.__getitem__)
    for world in itertools.product((0, 1), repeat=5):
        assert moved.value([world[order.index(i)] for i in range(5)], 1) == statement.value(world, 1)


@given(statements(4))
def test_a_statement_is_a_value(statement: Statement) -> None:
    again = pickle.loads(pickle.dumps(statement))
    assert again == statement
    assert hash(again) == hash(statement)
    assert eval(repr(statement)) == statement
    assert statement != Not(statement)


@pytest.mark.parametrize(
    "make",
    [
        lambda: And(A),
        lambda: Implies(A, B, C),
        lambda: Not(A, B),
        lambda: Count("exactly", 3, (0, 1)),
        lambda: Count("about", 1, (0, 1)),  # type: ignore[arg-type]
        lambda: Count("exactly", 0, ()),
        lambda: Parity(True, (1, 1)),
        lambda: SameKind(2, 2),
    ],
)
def test_impossible_statements_are_refused(make: object) -> None:
    with pytest.raises(BadPuzzle):
        make()  # type: ignore[operator]


def test_people_depth_and_walk() -> None:
    statement = Or(Not(And(A, C)), Count("exactly", 1, (3, 1)))
    assert statement.people == {0, 1, 2, 3}
    assert statement.depth == 3
    assert [type(part).__name__ for part in statement.walk()] == ["Or", "Not", "And", "Knight", "Knight", "Count"]
