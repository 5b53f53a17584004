"""Statements as sympy formulas, and back."""

import pytest
import sympy
from hypothesis import given

from knk.errors import BadPuzzle
from knk.logic.algebra import masks
from knk.logic.statements import (
    And,
    Iff,
    Implies,
    Knave,
    Knight,
    Not,
    Parity,
    SameKind,
    Statement,
)
from knk.logic.sympy_formulas import from_sympy, to_sympy
from tests.support.strategies import statements

A, B, C = Knight(0), Knight(1), Knight(2)
EVERYBODY = (0, 1, 2)


@given(statements(3, max_leaves=5))
def test_from_sympy_keeps_the_meaning(statement: Statement) -> None:
    symbols = sympy.symbols("a b c")
    formula = to_sympy(statement, symbols)
    roles, all_true = masks(3)
    if formula in (sympy.true, sympy.false):
        with pytest.raises(BadPuzzle):
            from_sympy(formula, symbols)
        assert statement.value(roles, all_true) == (all_true if formula == sympy.true else 0)
    else:
        assert from_sympy(formula, symbols).value(roles, all_true) == statement.value(roles, all_true)


@pytest.mark.parametrize(
    ("formula", "statement"),
    [
        ("~a", Knave(0)),
        ("a & ~b", And(A, Knave(1))),
        ("Implies(a, b)", Implies(A, B)),
        ("Equivalent(a, b)", Iff(A, B)),
        ("a ^ b", SameKind(0, 1, same=False)),
        ("a ^ b ^ c", Parity(False, EVERYBODY)),
        ("ITE(a, b, c)", And(Implies(A, B), Implies(Not(A), C))),
    ],
)
def test_from_sympy(formula: str, statement: Statement) -> None:
    symbols = sympy.symbols("a b c")
    assert from_sympy(sympy.sympify(formula, convert_xor=False), symbols) == statement


def test_from_sympy_refuses_unknown_expressions() -> None:
    a, b = sympy.symbols("a b")
    with pytest.raises(BadPuzzle, match="no statement expresses"):
        from_sympy(a, [b])
