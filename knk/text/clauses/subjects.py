"""Subjects: whom a clause is about, and what it claims of how many of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from knk.logic.statements import And, Count, Knave, Knight, Not, Or, Statement
from knk.text.clauses.amounts import read_amount
from knk.text.clauses.cursor import Cursor
from knk.text.clauses.people import everybody, read_group, read_names, read_number, read_others
from knk.text.tokens import Token
from knk.text.vocabulary import NUMBER_WORDS

Predication = Callable[[bool, bool], Statement]
"""Makes a statement of a predicate: whether its role is that of truth-tellers, and whether it is negated."""
_NOT_ALL: Final = "'all ... not' is ambiguous; use 'not all' or 'none'"


class Subject(NamedTuple):
    """Whom a clause is about.

    Args:
        statement: makes the statement once the predicate is known.
        group: the people.
        is_list: whether several are named side by side, so that "both" or "all" may follow.
    """

    statement: Predication
    group: tuple[int, ...]
    is_list: bool = False


def read_subject(cursor: Cursor) -> Subject:
    """Read whom a clause is about."""
    word = cursor.peek()
    if isinstance(word, int) or word == "i":
        return _read_list(cursor)
    amount = read_amount(cursor)
    if amount is not None:
        if not amount.has_of:
            cursor.expect("of")
        return _unnegated(
            cursor, read_group(cursor), amount.statement, "a count cannot be negated; state it of the other role"
        )
    form = SUBJECTS.get(word)
    if form is None:
        cursor.fail("expected a subject, such as a name, 'we' or 'exactly one of us'")
    cursor.at += 1
    return form(cursor)


def check_both(cursor: Cursor, word: Token, subject: Subject) -> None:
    """Raise `Unread` where "both" stands with more or fewer than two people."""
    if word == "both" and len(subject.group) != 2:
        cursor.fail(f"'both' needs two people, not {len(subject.group)}", cursor.subject_start)


# What is claimed of a group.


def _atom(person: int, truth: bool, negated: bool) -> Statement:
    atom = Knight(person) if truth else Knave(person)
    return Not(atom) if negated else atom


def _all_of(group: tuple[int, ...]) -> Predication:
    def statement(truth: bool, negated: bool) -> Statement:
        atoms = [_atom(person, truth, negated) for person in group]
        return And(*atoms) if len(atoms) > 1 else atoms[0]

    return statement


def _any_of(group: tuple[int, ...]) -> Predication:
    return lambda truth, negated: Or(*(_atom(person, truth, negated) for person in group))


def _unnegated(
    cursor: Cursor, group: tuple[int, ...], claim: Callable[[tuple[int, ...], bool], Statement], problem: str
) -> Subject:
    """Return a subject whose predicate must not be negated.

    Args:
        cursor: where the clause is read.
        group: the people.
        claim: makes the statement of the group, and whether the role is that of truth-tellers.
        problem: what is wrong where the predicate is negated.
    """

    def statement(truth: bool, negated: bool) -> Statement:
        if negated:
            cursor.fail(problem, cursor.subject_start)
        return claim(group, truth)

    return Subject(statement, group)


def _every(cursor: Cursor, group: tuple[int, ...]) -> Subject:
    return _unnegated(cursor, group, lambda group, truth: _all_of(group)(truth, False), _NOT_ALL)


def _none(cursor: Cursor, group: tuple[int, ...]) -> Subject:
    problem = "'none ... not' is a double negation; leave out 'not'"
    return _unnegated(cursor, group, lambda group, truth: Count("exactly", 0, group, truth), problem)


def _neither(cursor: Cursor, group: tuple[int, ...]) -> Subject:
    problem = "'neither ... not' is a double negation; leave out 'not'"
    return _unnegated(cursor, group, lambda group, truth: _all_of(group)(truth, True), problem)


# Subjects by their first word, which has been read.


def _read_list(cursor: Cursor) -> Subject:
    names, conjunction = read_names(cursor)
    if conjunction == "nor":
        cursor.fail("'nor' needs 'neither' before it", cursor.at - 1)
    if conjunction == "or":
        return Subject(_any_of(names), names)
    return Subject(_all_of(names), names, len(names) > 1)


def _read_both(cursor: Cursor) -> Subject:
    start = cursor.at - 1
    if cursor.accept("of"):
        group = read_group(cursor)
    else:
        group, conjunction = read_names(cursor)
        if conjunction != "and":
            cursor.fail("'both' needs two names joined by 'and'", start)
    subject = Subject(_all_of(group), group, is_list=True)
    cursor.subject_start = start
    check_both(cursor, "both", subject)
    return subject


def _read_all(cursor: Cursor) -> Subject:
    start = cursor.at - 1
    total = read_number(cursor) if cursor.peek() in (*NUMBER_WORDS, "no") else None
    cursor.expect("of")
    group = read_group(cursor)
    if total not in (None, len(group)):
        cursor.fail(f"there are {len(group)} people, not {total}", start)
    return _every(cursor, group)


def _read_each(cursor: Cursor) -> Subject:
    cursor.expect("of")
    return _every(cursor, read_group(cursor))


def _read_every(cursor: Cursor) -> Subject:
    cursor.expect("one", "of")
    return _every(cursor, read_group(cursor))


def _read_everyone(cursor: Cursor) -> Subject:
    cursor.accept("here")
    return _every(cursor, everybody(cursor))


def _read_none(cursor: Cursor) -> Subject:
    cursor.expect("of")
    return _none(cursor, read_group(cursor))


def _read_no(cursor: Cursor) -> Subject:
    cursor.expect("one")
    return _read_nobody(cursor)


def _read_nobody(cursor: Cursor) -> Subject:
    cursor.accept("here")
    return _none(cursor, everybody(cursor))


def _read_not(cursor: Cursor) -> Subject:
    start = cursor.at - 1
    if not (cursor.accept("all", "of") or cursor.accept("both", "of") or cursor.accept("every", "one", "of")):
        cursor.fail("expected 'not all of', 'not both of' or 'not every one of'", start)
    every = _every(cursor, read_group(cursor))
    return Subject(lambda truth, negated: Not(every.statement(truth, negated)), every.group)


def _read_neither(cursor: Cursor) -> Subject:
    start = cursor.at - 1
    if cursor.accept("of"):
        group = read_group(cursor)
        if len(group) != 2:
            cursor.fail(f"'neither' needs two people, not {len(group)}", start)
        return _neither(cursor, group)
    group, conjunction = read_names(cursor)
    if conjunction != "nor":
        cursor.fail("'neither' needs names joined by 'nor'", start)
    return _neither(cursor, group)


def _read_we(cursor: Cursor) -> Subject:
    return Subject(_all_of(everybody(cursor)), everybody(cursor), is_list=True)


def _read_they(cursor: Cursor) -> Subject:
    others = read_others(cursor)
    return Subject(_all_of(others), others, is_list=True)


def _read_the(cursor: Cursor) -> Subject:
    cursor.at -= 1
    group = read_group(cursor)
    return Subject(_all_of(group), group, is_list=True)


SUBJECTS: Final[dict[Token, Callable[[Cursor], Subject]]] = {
    "both": _read_both,
    "all": _read_all,
    "each": _read_each,
    "every": _read_every,
    "everyone": _read_everyone,
    "everybody": _read_everyone,
    "none": _read_none,
    "no": _read_no,
    "nobody": _read_nobody,
    "not": _read_not,
    "neither": _read_neither,
    "we": _read_we,
    "they": _read_they,
    "the": _read_the,
}
"""Subjects by their first word, besides names and amounts."""
