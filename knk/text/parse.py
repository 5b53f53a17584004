"""English read as puzzles: `parse`, the inverse of `knk.text.render.render`.

A text is read in steps: it is cut into tokens (`tokens`); framing sentences, as openings, rules and questions, are
recognised by their wordings (`framing`); people and role words are taken from them, or from the rest of the text, and
replaced by what they stand for (`lookup`); and what remains must be sentences in which somebody says something
(`sentences`, and `clauses` for their statements). Nothing is skipped: what is not understood is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from knk.errors import BadPuzzle, BadText
from knk.logic.puzzle import DEFAULT_ROLES, Puzzle, Roles
from knk.logic.statements import Statement
from knk.text.framing.finder import find_framing
from knk.text.framing.roles import resolve_roles
from knk.text.lookup import discover_names, lookup_of, replace_names
from knk.text.names import known_pair
from knk.text.sentences import FULL_STOPS, SentenceReader
from knk.text.tokens import MAX_QUOTE_LENGTH, tokenize

MAX_TEXT_LENGTH: Final = 4_000_000
"""Characters of a text that is read; no puzzle that people could want is longer."""


def parse(text: str) -> Puzzle:
    """Return the puzzle that a text states; `render` is its inverse.

    Reads what `render` writes, the public Knights & Knaves data, and what a person would type. People are those that
    the opening lists, or else all who speak or are named, in order; the role words are those of the opening, or else
    the first known pair that is used, with "liar" and "truth-teller" understood throughout. "Either ... or" is
    inclusive unless "but not both" follows. Sentences within one pair of quotation marks are as many statements.

    Raises:
        BadText: something cannot be read, or has more than one meaning; the error has the words and their position.

    >>> parse("Ann: Bob is lying. Bob says that we are both knaves.").statements
    (Utterance(speaker=0, statement=Knave(1)), Utterance(speaker=1, statement=And(Knave(0), Knave(1))))
    """
    _check_text(text)
    tokens = tokenize(text)
    if not tokens.keys:
        raise BadText("expected a puzzle, got an empty text")
    framing = find_framing(tokens)
    roles = resolve_roles(framing, tokens)
    if roles is None:
        roles = known_pair(tokens.keys) or DEFAULT_ROLES
    try:
        names = framing.names if framing.names is not None else discover_names(tokens, framing.spans, roles)
        if not names:
            raise BadText("the text names nobody", text[:MAX_QUOTE_LENGTH].strip())
        items = replace_names(tokens, framing.spans, lookup_of(names, roles))
        return Puzzle(names, SentenceReader(tokens, items, len(names)).read_text(), roles)
    except BadPuzzle as error:
        raise BadText(str(error)) from error


def read_statement(
    text: str, names: Sequence[str], roles: Roles = DEFAULT_ROLES, speaker: int | None = None
) -> Statement:
    """Return the statement that one clause makes about people whose names are known.

    Args:
        text: the clause, as in "If Ann is a knight, then so-and-so is a knave".
        names: everybody, in the order in which statements number them.
        roles: the words for those who tell the truth and those who lie.
        speaker: who is "I".

    Raises:
        BadText: the clause cannot be read, or the names cannot be told from its other words.

    >>> read_statement("neither Bob nor I am a knave", ["Ann", "Bob"], speaker=0)
    And(Not(Knave(1)), Not(Knave(0)))
    """
    _check_text(text)
    tokens = tokenize(text)
    try:
        items = replace_names(tokens, {}, lookup_of(tuple(names), roles))
    except BadPuzzle as error:
        raise BadText(str(error)) from error
    reader = SentenceReader(tokens, items, len(names))
    statement, end = reader.read_statement(0, len(items.tokens), speaker)
    if end < len(items.tokens) and items.tokens[end] in FULL_STOPS:
        end += 1
    if end < len(items.tokens):
        reader.fail("expected the end of the statement", end)
    return statement


def _check_text(text: object) -> None:
    if not isinstance(text, str):
        raise BadText(f"expected a str, got {type(text).__name__}")
    if len(text) > MAX_TEXT_LENGTH:
        raise BadText(f"the text is longer than {MAX_TEXT_LENGTH} characters", text[:20])
