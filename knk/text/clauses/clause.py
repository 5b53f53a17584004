"""Whole clauses: units, and the "and", "or", "if" and "if and only if" between them.

Glossary: a *unit* is a clause that no conjunction joins at the top. A unit is *open* when nothing marks its end ("it is
not the case that ...", "if ... then ..."), so that no conjunction may follow it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from knk.logic.notation import MAX_DEPTH
from knk.logic.statements import And, Iff, Implies, Not, OneOf, Or, Relation, Statement
from knk.text import wordings
from knk.text.clauses.amounts import RELATIONS, read_the_number_of, read_there_are
from knk.text.clauses.cursor import Cursor, Unread
from knk.text.clauses.predicates import read_predication
from knk.text.phrases import Phrases, phrase_set
from knk.text.tokens import QUOTE, Token

_NOT_THAT: Final = Phrases(
    {**dict.fromkeys(wordings.READ_NOT_THAT, True), **dict.fromkeys(wordings.READ_SO_THAT, False)}
)
_IFF: Final = phrase_set(wordings.READ_IFF)
_CLAIMS: Final = phrase_set(wordings.READ_CLAIMS)
_NOT_BOTH: Final = phrase_set(wordings.BUT_NOT_BOTH)
_OR_BOTH: Final = phrase_set(wordings.OR_BOTH)
_CLAUSE_ENDS: Final = frozenset((",", ".", ";", ":", "!", "?", ")", "then", "<end>"))
_MAX_NESTING: Final = 2 * MAX_DEPTH
"""Brackets and conditions within one another that are read: a statement needs at most two a level."""
_AMBIGUOUS: Final = "ambiguous; add brackets to show what belongs together"

ClaimsKind = type[And] | type[Or] | type[OneOf] | None
_CLAIMS_KINDS: Final[dict[tuple[Relation, int], ClaimsKind]] = {("exactly", 0): OneOf, ("at least", 0): Or}
"""Kinds of statement by the phrase before "one of these claims"."""
Conjunction = type[And] | type[Or] | None
Joiner = Callable[[Statement, Statement], Statement]
"""Makes a conditional or the like of the clauses before and after "if", "only if" or "if and only if"."""


@lru_cache(maxsize=65536)
def read_clause(tokens: tuple[Token, ...], people: int, speaker: int | None) -> tuple[Statement, int]:
    """Return the statement that tokens begin with, and where it ends.

    Raises:
        Unread: no statement can be read.

    >>> from knk.text.tokens import TRUTH
    >>> read_clause((0, "is", "not", "a", TRUTH, "."), 1, None)
    (Not(Knight(0)), 5)
    """
    cursor = Cursor(tokens, people, speaker)
    statement, _ = _read_joined(cursor, 0)
    if cursor.is_deep and statement.depth > MAX_DEPTH:
        raise Unread(0, f"a statement is nested deeper than {MAX_DEPTH} levels")
    return statement, cursor.at


# Clauses.


def _read_joined(cursor: Cursor, depth: int, is_premise: bool = False) -> tuple[Statement, bool]:
    """Read units and what joins them; return the statement and whether its end is open."""
    start = cursor.at
    statement, is_open, conjunction = _read_chain(cursor, depth)
    end = cursor.at
    comma = cursor.accept(",")
    join = _read_joiner(cursor, is_premise)
    if join is None:
        cursor.at = end
        return statement, is_open
    if is_open or conjunction is not None:
        cursor.fail(_AMBIGUOUS, start)
    other, _, other_conjunction = _read_chain(cursor, depth)
    if other_conjunction is not None or (not comma and _read_joiner(cursor, is_premise) is not None):
        cursor.fail(_AMBIGUOUS, start)
    return join(statement, other), True


def _read_joiner(cursor: Cursor, is_premise: bool) -> Joiner | None:
    """Read "if and only if", "only if" or "if", or nothing; a premise has no "if" of its own."""
    if cursor.accept_phrase(_IFF):
        return Iff
    if cursor.accept("only", "if"):
        return Implies
    if not is_premise and (cursor.accept("if") or cursor.accept("provided", "that")):
        return _implied_by
    return None


def _implied_by(conclusion: Statement, premise: Statement) -> Statement:
    return Implies(premise, conclusion)


def _read_chain(cursor: Cursor, depth: int) -> tuple[Statement, bool, Conjunction]:
    """Read units joined by "and", or by "or"; return the statement, whether it is open, and which of the two."""
    start = cursor.at
    statement, is_open = _read_unit(cursor, depth)
    parts: list[Statement] = [statement]
    kind: Conjunction = None
    first_end: int | None = None
    while True:
        before = cursor.at
        comma = cursor.accept(",")
        if comma and len(parts) == 1:
            first_end = before
        joined = None if _is_afterthought(cursor) else _read_conjunction(cursor)
        if joined is None and not (comma and kind is None and _may_follow_comma(cursor)):
            cursor.at = before
            break
        if is_open or (kind not in (None, joined) and joined is not None):
            cursor.fail(_AMBIGUOUS, start)
        kind = joined or kind
        statement, is_open = _read_unit(cursor, depth, is_last=True)
        parts.append(statement)
    if len(parts) > 1 and kind is None:
        # "A, B": the comma does not join, so what follows it belongs to the clause around this one.
        assert first_end is not None
        cursor.at = first_end
        statement, is_open, _ = cursor.units[start]
        return statement, is_open, None
    if kind is Or and len(parts) == 2:
        if _read_afterthought(cursor, _NOT_BOTH):
            return OneOf(*parts), True, None
        _read_afterthought(cursor, _OR_BOTH)
    return (kind(*parts) if kind else statement), is_open, kind


def _read_conjunction(cursor: Cursor) -> Conjunction:
    word = cursor.peek()
    if word in wordings.AND_WORDS:
        cursor.at += 1
        return And
    if word == "or":
        cursor.at += 1
        return Or
    return None


def _may_follow_comma(cursor: Cursor) -> bool:
    """Whether a unit may come after a comma alone: one whose own words say where it ends."""
    return cursor.peek() not in ("if", "either", "it", "then", "so", "provided", "", QUOTE)


def _is_afterthought(cursor: Cursor) -> bool:
    """Whether "but not both" or "or both" comes next."""
    return _ends_with(cursor, _NOT_BOTH) or _ends_with(cursor, _OR_BOTH)


def _ends_with(cursor: Cursor, phrases: Phrases[bool]) -> bool:
    """Whether one of the phrases comes next and nothing of the clause after it."""
    match = phrases.match(cursor.tokens, cursor.at)
    return match is not None and (match[1] >= cursor.size or cursor.tokens[match[1]] in _CLAUSE_ENDS)


def _read_afterthought(cursor: Cursor, phrases: Phrases[bool]) -> bool:
    """Read one of the phrases, after a comma or none, if it ends the clause; return whether it does."""
    before = cursor.at
    cursor.accept(",")
    if _ends_with(cursor, phrases) and cursor.accept_phrase(phrases):
        return True
    cursor.at = before
    return False


# Units.


def _read_unit(cursor: Cursor, depth: int, is_last: bool = False) -> tuple[Statement, bool]:
    """Read a unit and the denials before it; return the statement and whether it is open."""
    if depth > _MAX_NESTING:
        cursor.fail("brackets or conditions are nested too deeply")
    cursor.is_deep = cursor.is_deep or depth > 1
    known = cursor.units.get(cursor.at)
    if known:
        statement, is_open, cursor.at = known
        return statement, is_open
    start = cursor.at
    denials = 0
    while (denied := cursor.accept_phrase(_NOT_THAT)) is not None:
        denials += denied
    is_prefixed = cursor.at > start
    if denials > _MAX_NESTING:
        cursor.fail("denials are nested too deeply", start)
    # Brackets are read here and not in a function of their own: every frame counts in a deep statement.
    if cursor.accept("("):
        statement, _ = _read_joined(cursor, depth + 1)
        cursor.expect(")")
        is_open = False
    else:
        statement, is_open = _read_plain_unit(cursor, depth, is_last or is_prefixed)
    for _ in range(denials):
        statement = Not(statement)
    cursor.is_deep = cursor.is_deep or denials > 1
    cursor.units[start] = statement, is_open or is_prefixed, cursor.at
    return statement, is_open or is_prefixed


def _read_plain_unit(cursor: Cursor, depth: int, is_bounded: bool) -> tuple[Statement, bool]:
    """Read a unit by its first word; one that is bounded takes no conjunction into itself."""
    form = UNITS.get(cursor.peek())
    unit = form(cursor, depth, is_bounded) if form is not None else None
    return unit or (read_predication(cursor), False)


def _read_if(cursor: Cursor, depth: int, is_bounded: bool) -> tuple[Statement, bool]:
    """Read "if A, then B"."""
    cursor.expect("if")
    premise, _ = _read_joined(cursor, depth + 1, is_premise=True)
    comma = cursor.accept(",")
    if not cursor.accept("then") and not comma:
        cursor.fail("expected 'then'")
    conclusion = _read_unit(cursor, depth + 1)[0] if is_bounded else _read_chain(cursor, depth + 1)[0]
    return Implies(premise, conclusion), True


def _read_either(cursor: Cursor, depth: int, _is_bounded: bool) -> tuple[Statement, bool]:
    """Read "either A or B", "but not both" or "or both" after it."""
    start = cursor.at
    cursor.expect("either")
    parts = [_read_unit(cursor, depth + 1)[0]]
    while True:
        before = cursor.at
        cursor.accept(",")
        if _is_afterthought(cursor) or not cursor.accept("or"):
            cursor.at = before
            break
        parts.append(_read_unit(cursor, depth + 1)[0])
    if len(parts) == 1:
        # "Either Ann or Bob is a knave": the unit has the "or".
        if not (isinstance(parts[0], Or) and cursor.tokens[start + 1] != "("):
            cursor.fail("expected 'or'")
        parts = list(parts[0].parts)
    if len(parts) == 2:
        if _read_afterthought(cursor, _NOT_BOTH):
            return OneOf(*parts), True
        _read_afterthought(cursor, _OR_BOTH)
    return Or(*parts), True


def _read_claims(cursor: Cursor, depth: int, _is_bounded: bool) -> tuple[Statement, bool] | None:
    """Read "exactly one of these claims is true: A; B", or nothing."""
    before = cursor.at
    kind = _read_claims_opening(cursor)
    if kind is None:
        cursor.at = before
        return None
    if not any(cursor.accept(*words) for words in (("is", "true"), ("are", "true"), ("holds",), ("hold",))):
        cursor.fail("expected 'is true:'")
    cursor.accept(":")
    parts = [_read_unit(cursor, depth + 1)[0]]
    while cursor.peek() in (";", ",") and cursor.peek(1) not in ("", "then"):
        cursor.at += 1
        if cursor.peek() in ("and", "or"):
            cursor.at += 1
        parts.append(_read_unit(cursor, depth + 1)[0])
    if len(parts) < 2:
        cursor.fail("expected two or more claims, separated by ';'")
    return kind(*parts), True


def _read_claims_opening(cursor: Cursor) -> ClaimsKind:
    """Read "exactly one of these claims", "at least one of ..." or "all of ..."; return the kind of statement."""
    kind: ClaimsKind = And
    if not cursor.accept("all"):
        relation = cursor.accept_phrase(RELATIONS)
        kind = _CLAIMS_KINDS.get(relation) if relation else None
        if not cursor.accept("one"):
            return None
    return kind if cursor.accept("of") and cursor.accept_phrase(_CLAIMS) else None


def _read_there_are(cursor: Cursor, _depth: int, _is_bounded: bool) -> tuple[Statement, bool]:
    return read_there_are(cursor), False


def _read_the_number_of(cursor: Cursor, _depth: int, _is_bounded: bool) -> tuple[Statement, bool] | None:
    return (read_the_number_of(cursor), False) if cursor.accept("the", "number", "of") else None


Unit = Callable[[Cursor, int, bool], tuple[Statement, bool] | None]
UNITS: Final[dict[Token, Unit]] = {
    "if": _read_if,
    "either": _read_either,
    "there": _read_there_are,
    "the": _read_the_number_of,
    "all": _read_claims,
    **dict.fromkeys((phrase.split()[0] for phrase in wordings.READ_RELATIONS), _read_claims),
}
"""Units by their first word: each form reads a unit, or nothing; then the unit is a subject and a predicate."""
