"""One line of text per puzzle, as FEN is for chess: `encode` and `decode`.

The line has fields separated by single spaces: the people's names, then the role words unless they are knight/knave,
then one field per statement, `speaker:statement`, with people numbered from 0.

    Zoey,Oliver,Jack 0:-1 1:&(+0,~-2) 2:K>=2(0,1,2)
    Ann,Bob angel/devil 0:>(+1,V%0(0,1)) 1:S(0,1)

| field | meaning |
|---|---|
| `+2` `-2` | person 2 is a knight, is a knave |
| `~s` | not s |
| `&(s,s)` `\\|(s,s)` `^(s,s)` | all of, at least one of, exactly one of two or more statements |
| `>(s,s)` `=(s,s)` | if-then, if-and-only-if |
| `K=2(0,1,2)` `K>=2(..)` `K<=2(..)` | exactly, at least, at most 2 of 0, 1 and 2 are knights; `V` for knaves |
| `K%0(0,1,2)` `K%1(..)` | an even, an odd number of them are knights; `V` for knaves |
| `S(0,1)` `D(0,1)` | 0 and 1 are of the same kind, of different kinds |

Space, comma, slash, colon and percent sign in a name or a role word are written as `%` and two hex digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from knk.errors import BadNotation, KnkError
from knk.logic.puzzle import DEFAULT_ROLES, Puzzle, Utterance
from knk.logic.statements import (
    COMPOUNDS,
    Compound,
    Count,
    Knave,
    Knight,
    Not,
    Parity,
    Relation,
    SameKind,
    Statement,
)

_CONNECTIVES: Final = {kind.sign: kind for kind in COMPOUNDS if kind is not Not}
_RELATIONS: Final[dict[str, Relation]] = {"=": "exactly", ">=": "at least", "<=": "at most"}
_COMPARISONS: Final = {relation: sign for sign, relation in _RELATIONS.items()}
_LEAF: Final = re.compile(r"([+-])([0-9]{1,6})|([KV])(=|>=|<=|%)([0-9]{1,6})\(([0-9,]*)\)|([SD])\(([0-9,]*)\)")
_ESCAPED: Final = re.compile(r"[%,/: \s]")
MAX_DEPTH: Final = 100
"""The deepest nesting of statements that `decode` and `parse` accept; a line of brackets must not exhaust the stack."""


class _Unreadable(Exception):
    """A piece of notation that cannot be read.

    Args:
        expected: what was expected.
        position: its index in the piece.
    """

    def __init__(self, expected: str, position: int = 0) -> None:
        super().__init__(expected)
        self.expected = expected
        self.position = position

    def within(self, line: str, offset: int = 0) -> BadNotation:
        """Return the error about a line in which the piece starts at an offset."""
        position = offset + self.position
        actual = repr(line[position : position + 20]) if position < len(line) else "the end of the line"
        return BadNotation(f"expected {self.expected} at character {position}, got {actual}")


def encode(puzzle: Puzzle) -> str:
    """Return the puzzle's one-line notation; `decode` is its inverse.

    >>> from knk.logic.statements import And, Knave, Knight
    >>> encode(Puzzle(("Zoey", "Oliver"), ((0, Knave(1)), (1, And(Knight(0), Knight(1))))))
    'Zoey,Oliver 0:-1 1:&(+0,+1)'
    """
    names = "".join(puzzle.names)
    # Most names are letters only: one test then replaces one for each name.
    fields = [",".join(puzzle.names if names.isalpha() else map(_escape, puzzle.names))]
    if puzzle.roles != DEFAULT_ROLES:
        fields.append("/".join(map(_escape, puzzle.roles)))
    fields.extend(map(_encode_utterance, puzzle.statements))
    return " ".join(fields)


def decode(line: str) -> Puzzle:
    """Return the puzzle that a line of notation describes; `encode` is its inverse.

    Raises:
        BadNotation: the line is not notation, or describes an impossible puzzle.

    >>> decode("Zoey,Oliver 0:-1 1:&(+0,+1)").statements[0]
    Utterance(speaker=0, statement=Knave(1))
    """
    if not isinstance(line, str):
        raise BadNotation(f"expected a str, got {type(line).__name__}")
    names, *fields = line.strip().split(" ")
    roles = DEFAULT_ROLES
    if fields and "/" in fields[0]:
        words = tuple(map(_unescape, fields.pop(0).split("/")))
        if len(words) != 2:
            raise BadNotation(f"expected two role words separated by a slash, got {len(words)}")
        roles = (words[0], words[1])
    try:
        return Puzzle(tuple(map(_unescape, names.split(","))), tuple(map(_decode_utterance, fields)), roles)
    except _Unreadable as error:
        raise error.within(line.rstrip(), _offset(line, fields)) from None
    except BadNotation:
        raise
    except KnkError as error:
        raise BadNotation(str(error)) from error


def encode_statement(statement: Statement) -> str:
    """Return a statement's notation; `decode_statement` is its inverse.

    >>> encode_statement(Count("at most", 1, (0, 2), knights=False))
    'V<=1(0,2)'
    """
    match statement:
        case Knight(person):
            return f"+{person}"
        case Knave(person):
            return f"-{person}"
        case Not():
            return f"{statement.sign}{encode_statement(statement.parts[0])}"
        case Compound():
            return f"{statement.sign}({','.join(map(encode_statement, statement.parts))})"
        case Count(relation, k, group, knights):
            return f"{_letter(knights)}{_COMPARISONS[relation]}{k}({_commas(group)})"
        case Parity(even, group, knights):
            return f"{_letter(knights)}%{0 if even else 1}({_commas(group)})"
        case SameKind(left, right, same):
            return f"{'S' if same else 'D'}({left},{right})"
    raise TypeError(f"{type(statement).__name__} has no notation")


def decode_statement(text: str) -> Statement:
    """Return the statement that a piece of notation makes; `encode_statement` is its inverse.

    Raises:
        BadNotation: the text is not the notation of a statement.

    >>> decode_statement("|(S(0,1),~K%1(0,1,2))")
    Or(SameKind(0, 1, True), Not(Parity(False, (0, 1, 2), True)))
    """
    try:
        return _read_statement(text)
    except _Unreadable as error:
        raise error.within(text) from None


# Both directions are cached: bulk work repeats the same few thousand fields, and a statement that is one object is
# hashed, tabulated and rendered once.
@lru_cache(maxsize=65536)
def _encode_utterance(utterance: Utterance) -> str:
    return f"{utterance.speaker}:{encode_statement(utterance.statement)}"


@lru_cache(maxsize=65536)
def _decode_utterance(field: str) -> Utterance:
    speaker, colon, text = field.partition(":")
    if not colon or not (speaker.isascii() and speaker.isdigit() and len(speaker) < 7):
        raise _Unreadable("'speaker:statement' with people numbered from 0")
    try:
        return Utterance(int(speaker), _read_statement(text))
    except _Unreadable as error:
        raise _Unreadable(error.expected, len(speaker) + 1 + error.position) from None


def _offset(line: str, fields: Sequence[str]) -> int:
    """Return the index in a line at which the first of its last fields starts that cannot be read."""
    offset = len(line.rstrip()) - sum(len(field) + 1 for field in fields) + 1
    for field in fields:
        try:
            _decode_utterance(field)
        except _Unreadable:
            return offset
        offset += len(field) + 1
    return offset


def _read_statement(text: str) -> Statement:
    statement, end = _read(text, 0, 0)
    if end != len(text):
        raise _Unreadable("the end of the statement", end)
    return statement


def _read(text: str, at: int, depth: int) -> tuple[Statement, int]:
    """Return the statement that starts at `at`, and the index of its end."""
    if depth > MAX_DEPTH:
        raise BadNotation(f"statements are nested deeper than {MAX_DEPTH}")
    sign = text[at : at + 1]
    if sign == Not.sign:
        part, end = _read(text, at + 1, depth + 1)
        return Not(part), end
    if sign in _CONNECTIVES and text[at + 1 : at + 2] == "(":
        parts, end = _read_parts(text, at + 2, depth + 1)
        return _build(_CONNECTIVES[sign], *parts), end
    match = _LEAF.match(text, at)
    if not match:
        raise _Unreadable("a statement", at)
    return _leaf(match), match.end()


def _read_parts(text: str, at: int, depth: int) -> tuple[list[Statement], int]:
    parts: list[Statement] = []
    while True:
        part, at = _read(text, at, depth)
        parts.append(part)
        if text[at : at + 1] == ")":
            return parts, at + 1
        if text[at : at + 1] != ",":
            raise _Unreadable("',' or ')'", at)
        at += 1


def _leaf(match: re.Match[str]) -> Statement:
    """Return the statement with no parts that a match of `_LEAF` describes."""
    sign, person, letter, comparison, number, group, kind, pair = match.groups()
    if sign:
        return Knight(int(person)) if sign == "+" else Knave(int(person))
    if kind:
        return _build(SameKind, *_numbers(pair), kind == "S")
    if comparison == "%":
        if number not in ("0", "1"):
            raise BadNotation(f"expected %0 (even) or %1 (odd), got %{number}")
        return _build(Parity, number == "0", _numbers(group), letter == "K")
    return _build(Count, _RELATIONS[comparison], int(number), _numbers(group), letter == "K")


def _build(kind: type[Statement], *args: object) -> Statement:
    try:
        return kind(*args)
    except (KnkError, TypeError) as error:
        raise BadNotation(f"{kind.__name__}: {error}") from error


def _numbers(text: str) -> tuple[int, ...]:
    numbers = text.split(",")
    if not all(number and len(number) < 7 for number in numbers):
        raise BadNotation(f"expected people's numbers separated by commas, got {text[:40]!r}")
    return tuple(map(int, numbers))


def _letter(knights: bool) -> str:
    return "K" if knights else "V"


def _commas(people: tuple[int, ...]) -> str:
    return ",".join(map(str, people))


@lru_cache(maxsize=65536)
def _escape(word: str) -> str:
    return _ESCAPED.sub(lambda match: "".join(f"%{byte:02X}" for byte in match.group().encode()), word)


def _unescape(word: str) -> str:
    return unquote(word, errors="replace") if "%" in word else word
