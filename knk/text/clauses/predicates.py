"""Plain clauses: a subject, and what it is or does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from knk.logic.statements import Not, SameKind, Statement
from knk.text import wordings
from knk.text.clauses.amounts import read_role
from knk.text.clauses.cursor import Cursor
from knk.text.clauses.people import read_person
from knk.text.clauses.subjects import Subject, check_both, read_subject
from knk.text.phrases import Phrases

HABITS: Final = Phrases(wordings.HABITS)
STATES: Final = Phrases(wordings.STATES)
SAME: Final = Phrases(wordings.READ_SAME)
SAME_AS: Final = Phrases(wordings.READ_SAME_AS)
_QUANTIFIERS: Final = ("both", "all", "each")


def read_predication(cursor: Cursor) -> Statement:
    """Read who is or does what."""
    start = cursor.at
    subject = read_subject(cursor)
    cursor.subject_start = start
    if subject.is_list:
        _read_quantifier(cursor, subject)
    habit = cursor.accept_phrase(HABITS)
    if habit is not None:
        return subject.statement(*habit)
    if cursor.peek() not in wordings.BE:
        cursor.fail("expected a verb such as 'is' or 'lies'")
    cursor.at += 1
    return _read_being(cursor, subject)


def _read_quantifier(cursor: Cursor, subject: Subject) -> bool:
    """Read "both", "all" or "each", if one comes, and return whether it does."""
    word = cursor.peek()
    if word not in _QUANTIFIERS:
        return False
    check_both(cursor, word, subject)
    cursor.at += 1
    return True


def _read_being(cursor: Cursor, subject: Subject) -> Statement:
    """Read on from "is"."""
    start = cursor.subject_start
    is_whole = subject.is_list and _read_quantifier(cursor, subject)
    negated = cursor.accept("not") or cursor.accept("n't")
    is_partial = negated and not is_whole and subject.is_list and _read_quantifier(cursor, subject)
    for read in PREDICATES:
        statement = read(cursor, subject)
        if statement is not None:
            return Not(statement) if negated else statement
    if not negated and cursor.accept("no"):
        negated, truth = True, read_role(cursor)
    else:
        state = cursor.accept_phrase(STATES)
        if state is None:
            cursor.fail("expected a role, 'lying', 'telling the truth' or 'of the same kind as ...'")
        truth = state
    if is_partial:
        return Not(subject.statement(truth, False))
    if negated and is_whole:
        cursor.fail("'all ... not' is ambiguous; use 'not all' or 'none'", start)
    return subject.statement(truth, negated)


def _read_same_kind(cursor: Cursor, subject: Subject) -> Statement | None:
    """Read "of the same kind" or "of the same kind as X", or nothing."""
    before = cursor.at
    if len(subject.group) == 1 and not subject.is_list:
        return _read_same_kind_as(cursor, subject.group[0])
    same = cursor.accept_phrase(SAME)
    if same is None:
        return None
    if not subject.is_list or len(subject.group) != 2:
        cursor.fail("a comparison needs two people", before)
    return SameKind(*subject.group, same)


def _read_same_kind_as(cursor: Cursor, person: int) -> Statement | None:
    same = cursor.accept_phrase(SAME_AS)
    if same is None:
        return None
    other = read_person(cursor)
    if other is None:
        cursor.fail("expected a person")
    if other == person:
        cursor.fail("a person is compared with themselves", cursor.subject_start)
    cursor.mentioned.add(other)
    return SameKind(person, other, same)


PREDICATES: Final[tuple[Callable[[Cursor, Subject], Statement | None], ...]] = (_read_same_kind,)
"""What may follow "is" besides a role: each reads its words, or nothing."""
