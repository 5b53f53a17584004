"""A position among the tokens of a clause, and the few ways to move it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn, TypeVar

from knk.logic.statements import Statement
from knk.text.phrases import Phrases
from knk.text.tokens import Token

T = TypeVar("T")


class Unread(Exception):
    """Tokens that cannot be read.

    Whoever has the text turns it into a `BadText`.

    Args:
        at: the index of the first of them.
        problem: what is wrong, in one line.
    """

    def __init__(self, at: int, problem: str) -> None:
        super().__init__(problem)
        self.at = at
        self.problem = problem


class Cursor:
    """A position among tokens, with what the readers of one clause share.

    Args:
        tokens: the tokens, names and role words replaced.
        people: how many people the puzzle has.
        speaker: who is "I", if anybody is.
    """

    def __init__(self, tokens: Sequence[Token], people: int, speaker: int | None) -> None:
        self.tokens = tokens
        self.size = len(tokens)
        self.people = people
        self.speaker = speaker
        self.at = 0
        self.is_deep = False  # Whether the statement may be nested deeper than is allowed.
        self.subject_start = 0  # Where the subject of the current clause begins.
        self.mentioned: set[int] = set()
        # Units already read, by index: a unit read to find out what a comma means is not read twice.
        self.units: dict[int, tuple[Statement, bool, int]] = {}

    def peek(self, ahead: int = 0) -> Token:
        """Return a token without moving, or "" past the end."""
        index = self.at + ahead
        return self.tokens[index] if index < self.size else ""

    def accept(self, *words: str) -> bool:
        """Move past words if they come next, and return whether they do."""
        for ahead, word in enumerate(words):
            if self.peek(ahead) != word:
                return False
        self.at += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Move past words that have to come next."""
        if not self.accept(*words):
            self.fail(f"expected {' '.join(words)!r}")

    def accept_phrase(self, phrases: Phrases[T]) -> T | None:
        """Move past the longest of some phrases that comes next, and return its value, or None if none comes."""
        match = phrases.match(self.tokens, self.at)
        if match is None:
            return None
        self.at = match[1]
        return match[0]

    def fail(self, problem: str, at: int | None = None) -> NoReturn:
        """Raise `Unread` from an index on, the current one if none is given."""
        raise Unread(self.at if at is None else at, problem)
