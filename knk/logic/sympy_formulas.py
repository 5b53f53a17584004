"""Statements as sympy formulas, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from knk.errors import BadPuzzle
from knk.logic.algebra import at_least
from knk.logic.statements import (
    And,
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

if TYPE_CHECKING:
    import sympy


def to_sympy(statement: Statement, symbols: Sequence[sympy.Symbol]) -> sympy.Basic:
    """Return a statement as a sympy formula.

    Args:
        statement: the statement.
        symbols: one symbol per person, true for a knight.

    >>> import sympy
    >>> to_sympy(Implies(Knight(0), Knave(1)), sympy.symbols("a b"))
    Implies(a, ~b)
    """
    import sympy.logic.boolalg as logic

    connectives: dict[type[Statement], Callable[..., Any]] = {
        Not: logic.Not,
        And: logic.And,
        Or: logic.Or,
        Implies: logic.Implies,
        Iff: logic.Equivalent,
    }
    if type(statement) in connectives:
        return connectives[type(statement)](*(to_sympy(part, symbols) for part in statement.parts))
    if isinstance(statement, OneOf):
        _, one_or_more, two_or_more = at_least([to_sympy(part, symbols) for part in statement.parts], 2, logic.true)
        return logic.And(one_or_more, logic.Not(two_or_more))
    return statement.value(symbols, logic.true)


def from_sympy(formula: sympy.Basic, symbols: Sequence[sympy.Symbol]) -> Statement:
    """Return a sympy formula as a statement.

    Args:
        formula: a formula over `symbols`.
        symbols: one symbol per person, true for a knight.

    Raises:
        BadPuzzle: the formula is constant, or has a symbol or a function that no statement can express.

    >>> import sympy
    >>> a, b = symbols = sympy.symbols("a b")
    >>> from_sympy((a & ~b) | (a ^ b), symbols)
    Or(And(Knight(0), Knave(1)), SameKind(0, 1, False))
    """
    import sympy.logic.boolalg as logic

    if formula in symbols:
        return Knight(list(symbols).index(formula))
    parts = [from_sympy(arg, symbols) for arg in sorted(formula.args, key=_sympy_order(symbols))]
    match formula:
        case logic.Not():
            return Knave(parts[0].person) if isinstance(parts[0], Knight) else Not(parts[0])
        case logic.And():
            return And(*parts)
        case logic.Or():
            return Or(*parts)
        case logic.Implies():
            return Implies(*(from_sympy(arg, symbols) for arg in formula.args))
        case logic.Equivalent():
            return Iff(*parts) if len(parts) == 2 else Or(And(*parts), Not(Or(*parts)))
        case logic.Xor():
            return _odd(parts)
        case logic.ITE():
            test, if_true, if_false = (from_sympy(arg, symbols) for arg in formula.args)
            return And(Implies(test, if_true), Implies(Not(test), if_false))
    raise BadPuzzle(
        f"no statement expresses {str(formula)[:80]!r}; use symbols, Not, And, Or, Xor, Implies, Equivalent, ITE"
    )


def _sympy_order(symbols: Sequence[sympy.Symbol]) -> Callable[[Any], tuple[Any, ...]]:
    indices = {symbol: index for index, symbol in enumerate(symbols)}
    return lambda arg: (min((indices.get(s, -1) for s in arg.free_symbols), default=-1), str(arg))


def _odd(parts: Sequence[Statement]) -> Statement:
    """Return the statement that an odd number of parts are true."""
    people = [part.person for part in parts if isinstance(part, Knight)]
    if len(people) == len(parts):
        return SameKind(people[0], people[1], same=False) if len(people) == 2 else Parity(False, tuple(people))
    result = parts[0]
    for part in parts[1:]:
        result = Not(Iff(result, part))
    return result
