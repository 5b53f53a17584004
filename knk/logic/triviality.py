"""Statements that say nothing: true, or false, whoever is a knight."""

from __future__ import annotations

from typing import Final

from knk.logic.algebra import masks
from knk.logic.statements import Statement

MAX_TRIVIALITY_PEOPLE: Final = 16
"""Up to this many people `is_trivial` evaluates a statement; it takes wider ones to be non-trivial."""


def is_trivial(statement: Statement) -> bool:
    """Whether a statement is true, or false, whoever is a knight.

    >>> from knk.logic.statements import Knave, Knight, Or
    >>> is_trivial(Or(Knight(0), Knave(0))), is_trivial(Or(Knight(0), Knave(1)))
    (True, False)
    """
    if not statement.parts:
        return statement.is_vacuous
    if sum(len(part.people) for part in statement.parts) == len(statement.people) and not any(
        map(is_trivial, statement.parts)
    ):
        # Parts that share nobody and can each be true or false cannot fix the whole.
        return False
    people = sorted(statement.people)
    if len(people) > MAX_TRIVIALITY_PEOPLE:
        return False
    roles, all_true = masks(len(people))
    return statement.value(dict(zip(people, roles, strict=True)), all_true) in (0, all_true)  # type: ignore[arg-type]
