"""The writers of statements."""

from knk.logic.statements import STATEMENT_KINDS
from knk.text.compose import WRITERS


def test_every_kind_of_statement_has_a_writer() -> None:
    assert set(WRITERS) == set(STATEMENT_KINDS)
