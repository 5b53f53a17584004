"""Noun phrases: the people that a clause names, one or several."""

from __future__ import annotations

from typing import Final

from knk.text import wordings
from knk.text.clauses.cursor import Cursor
from knk.text.vocabulary import number_of

VERB_STARTS: Final = wordings.BE | frozenset(
    ("always", "never", "only", "does", "do", "both", "all", "tells", "tell", "lies", "lie", "speaks", "speak")
)
"""Words that begin a verb: a name before one of them may be the subject of another clause."""
_UNCLEAR_THEY: Final = "unclear who 'they' are; use names"


def everybody(cursor: Cursor) -> tuple[int, ...]:
    """Return all people of the puzzle."""
    return tuple(range(cursor.people))


def read_number(cursor: Cursor) -> int:
    """Read a number in words or digits."""
    word = cursor.peek()
    number = 0 if word == "no" else number_of(word) if isinstance(word, str) else None
    if number is None:
        cursor.fail("expected a number")
    cursor.at += 1
    return number


def read_person(cursor: Cursor) -> int | None:
    """Read a name, "I" or "me", or nothing."""
    token = cursor.peek()
    if isinstance(token, int):
        cursor.at += 1
        return token
    if token in ("i", "me", "myself"):
        if cursor.speaker is None:
            cursor.fail("unclear who 'I' is")
        cursor.at += 1
        return cursor.speaker
    return None


def read_names(cursor: Cursor, has_verb: bool = False) -> tuple[tuple[int, ...], str | None]:
    """Read a list of people, and its "and", "or" or "nor".

    Args:
        cursor: where the list begins.
        has_verb: whether the clause has its verb already, so that a name before a verb begins another clause.
    """
    start = cursor.at
    first = read_person(cursor)
    if first is None:
        cursor.fail("expected a name")
    people, conjunction = [first], None
    while True:
        before = cursor.at
        cursor.accept(",")
        allowed = (conjunction,) if conjunction else ("and", "or", "nor")
        joined = next((word for word in allowed if cursor.accept(word)), None)
        following = read_person(cursor) if joined or (cursor.at > before and not conjunction) else None
        if following is None or (has_verb and cursor.peek() in VERB_STARTS):
            cursor.at = before
            break
        people.append(following)
        conjunction = joined or conjunction
    if len(people) > 1 and conjunction is None:
        cursor.fail("expected 'and' or 'or' in the list of people")
    if len(set(people)) < len(people):
        cursor.fail("a list names the same person twice", start)
    cursor.mentioned.update(people)
    return tuple(people), conjunction


def read_group(cursor: Cursor, has_verb: bool = False) -> tuple[int, ...]:
    """Read the people after "of" or "among"; for `has_verb` see `read_names`."""
    if cursor.accept("us"):
        cursor.accept("all")
        return everybody(cursor)
    if cursor.accept("them") or cursor.accept("the", "others"):
        return read_others(cursor)
    if cursor.accept("the"):
        return _read_total(cursor)
    names, conjunction = read_names(cursor, has_verb)
    if conjunction not in (None, "and"):
        cursor.fail("names in a group need 'and' between them", cursor.at - 1)
    cursor.accept("alone")
    return names


def _read_total(cursor: Cursor) -> tuple[int, ...]:
    """Read on from "the": "three of us"."""
    start = cursor.at - 1
    total = read_number(cursor)
    cursor.accept("people")
    if cursor.accept("of"):
        cursor.expect("us")
    if total != cursor.people:
        cursor.fail(f"there are {cursor.people} people, not {total}", start)
    return everybody(cursor)


def read_others(cursor: Cursor) -> tuple[int, ...]:
    """Return the people that "they" or "the others", just read, stand for: everybody but the speaker."""
    start = cursor.at - 1
    if cursor.speaker is None:
        cursor.fail(_UNCLEAR_THEY, start)
    others = tuple(person for person in range(cursor.people) if person != cursor.speaker)
    if not others or (cursor.mentioned and cursor.mentioned - {cursor.speaker} != set(others)):
        cursor.fail(_UNCLEAR_THEY, start)
    return others


def read_among(cursor: Cursor, has_verb: bool) -> tuple[int, ...] | None:
    """Read "among us", "among Ann and Bob" or "here", or nothing; for `has_verb` see `read_names`."""
    if cursor.accept("here"):
        return everybody(cursor)
    if not (cursor.accept("among") or cursor.accept("amongst") or cursor.accept("in", "the", "group", "of")):
        return None
    group = read_group(cursor, has_verb)
    cursor.accept("alone")
    return group
