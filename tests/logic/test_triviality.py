"""Trivial statements, against their truth tables."""

from hypothesis import given

from knk.logic.algebra import masks
from knk.logic.statements import Count, Knave, Knight, Or, Statement
from knk.logic.triviality import MAX_TRIVIALITY_PEOPLE, is_trivial
from tests.support.strategies import statements


@given(statements(4))
def test_trivial_statements_have_a_constant_table(statement: Statement) -> None:
    _, all_true = masks(4)
    assert is_trivial(statement) == (statement.table(4) in (0, all_true))


def test_statements_about_too_many_people_are_not_evaluated() -> None:
    everybody = tuple(range(MAX_TRIVIALITY_PEOPLE + 1))
    assert not is_trivial(Or(Count("exactly", 1, everybody), Knight(0), Knave(0)))
    assert is_trivial(Count("at least", 0, everybody))
