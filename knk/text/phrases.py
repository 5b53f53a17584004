"""Sets of phrases that are recognised among tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from knk.text.tokens import LIE, PERSON, TRUTH, Token, words_of

T = TypeVar("T")


class Phrases(Generic[T]):
    """A set of phrases, each with a value, as a tree of words.

    A number among the tokens stands for a person and matches `PERSON`.

    >>> Phrases({"at least": 1, "at": 2}).match(("at", "least", "one"), 0)
    (1, 2)
    """

    def __init__(self, phrases: Mapping[str, T]) -> None:
        self._root: dict[str, Any] = {}
        for phrase, value in phrases.items():
            self.add(words_with_marks(phrase), value)

    def add(self, words: Sequence[str], value: T) -> None:
        """Add a phrase, given as tokens; a phrase added twice keeps its first value."""
        node = self._root
        for word in words:
            node = node.setdefault(word, {})
        node.setdefault("", value)

    def match(self, tokens: Sequence[Token], at: int, skip: str = "") -> tuple[T, int] | None:
        """Return the value of the longest phrase at an index and where it ends, or None.

        Args:
            tokens: the tokens.
            at: the index.
            skip: a token that may stand anywhere in a phrase, and is ignored.
        """
        node: dict[str, Any] | None = self._root
        longest = None
        size = len(tokens)
        while at < size:
            token = tokens[at]
            if token == skip:
                at += 1
                continue
            node = node.get(token if isinstance(token, str) else PERSON)  # type: ignore[union-attr]
            if node is None:
                break
            at += 1
            if "" in node:
                longest = (node[""], at)
        return longest


def phrase_set(phrases: Iterable[str]) -> Phrases[bool]:
    """Return phrases that have no value but True."""
    return Phrases(dict.fromkeys(phrases, True))


def words_with_marks(phrase: str) -> tuple[str, ...]:
    """Return the keys of a phrase's words, in which `TRUTH`, `LIE` and `PERSON` stand for themselves.

    >>> words_with_marks("a <truth> is <person>")
    ('a', '<truth>', 'is', '<person>')
    """
    pieces: list[str] = []
    for piece in phrase.split():
        pieces.extend((piece,) if piece in (TRUTH, LIE, PERSON, "'s") else words_of(piece))
    return tuple(pieces)
