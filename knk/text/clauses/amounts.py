"""How many people are of a role: "exactly two", "an even number of", "the number of knights among us is odd"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from knk.logic.statements import Count, Parity, Relation, Statement
from knk.text import wordings
from knk.text.clauses.cursor import Cursor
from knk.text.clauses.people import everybody, read_among, read_number
from knk.text.phrases import Phrases
from knk.text.tokens import LIE, TRUTH

RELATIONS: Final = Phrases(wordings.READ_RELATIONS)


class Amount(NamedTuple):
    """How many of a group are of a role.

    Args:
        statement: makes a statement of a group, and whether the role is that of truth-tellers.
        has_of: whether "of" has been read.
    """

    statement: Callable[[tuple[int, ...], bool], Statement]
    has_of: bool = False


class AmountForm(NamedTuple):
    """A kind of amount; either function reads it, or nothing.

    Args:
        read: reads it before a role or a group: "exactly two", "an even number of".
        read_value: reads it after "the number of knights is": "exactly two", "even".
    """

    read: Callable[[Cursor], Amount | None]
    read_value: Callable[[Cursor], Amount | None]


def read_amount(cursor: Cursor) -> Amount | None:
    """Read an amount before a role or a group, or nothing."""
    for form in AMOUNTS:
        amount = form.read(cursor)
        if amount is not None:
            return amount
    return None


def read_role(cursor: Cursor) -> bool:
    """Read a role word, and return whether it means a truth-teller."""
    for role in (TRUTH, LIE):
        if cursor.accept(role):
            return role == TRUTH
    return cursor.fail("expected a role word")


def read_there_are(cursor: Cursor) -> Statement:
    """Read "there are exactly two knights among us"."""
    cursor.expect("there")
    if cursor.peek() not in wordings.BE:
        cursor.fail("expected 'is' or 'are'")
    cursor.at += 1
    amount = read_amount(cursor)
    if amount is None:
        if not cursor.accept("no"):
            cursor.fail("expected 'exactly', 'at least', 'at most' or 'no'")
        amount = _count(cursor, "exactly", 0)
    truth = read_role(cursor)
    group = read_among(cursor, has_verb=True) or everybody(cursor)
    return amount.statement(group, truth)


def read_the_number_of(cursor: Cursor) -> Statement:
    """Read on from "the number of": "knights among us is even"."""
    truth = read_role(cursor)
    group = read_among(cursor, has_verb=False) or everybody(cursor)
    cursor.expect("is")
    for form in AMOUNTS:
        amount = form.read_value(cursor)
        if amount is not None:
            return amount.statement(group, truth)
    return cursor.fail("expected a number, 'even' or 'odd'")


def _read_parity(cursor: Cursor) -> Amount | None:
    for word in ("even", "odd"):
        if cursor.accept("an", word, "number", "of"):
            return _parity(word)
    return None


def _read_parity_value(cursor: Cursor) -> Amount | None:
    for word in ("even", "odd"):
        if cursor.accept(word):
            return _parity(word)
    return None


def _parity(word: str) -> Amount:
    return Amount(lambda group, truth: Parity(word == "even", group, truth), has_of=True)


def _read_count(cursor: Cursor) -> Amount | None:
    start = cursor.at
    match = cursor.accept_phrase(RELATIONS)
    if match is None:
        return None
    relation, more = match
    k = read_number(cursor) + more
    if k < 0:
        cursor.fail("no count is below zero", start)
    return _count(cursor, relation, k)


def _read_count_value(cursor: Cursor) -> Amount | None:
    count = _read_count(cursor)
    if count is None and cursor.peek() != "no":
        count = _count(cursor, "exactly", read_number(cursor))
    return count


def _count(cursor: Cursor, relation: Relation, k: int) -> Amount:
    def statement(group: tuple[int, ...], truth: bool) -> Statement:
        if k > len(group):
            cursor.fail(f"the group has only {len(group)} people", cursor.at - 1)
        return Count(relation, k, group, truth)

    return Amount(statement)


AMOUNTS: Final = (AmountForm(_read_parity, _read_parity_value), AmountForm(_read_count, _read_count_value))
"""The kinds of amount, in the order in which they are tried."""
