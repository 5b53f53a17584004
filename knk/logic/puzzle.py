"""A puzzle: some people, and who says what."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple, Self

from knk.errors import BadPuzzle
from knk.logic import keys
from knk.logic.statements import Statement

Roles = tuple[str, str]
DEFAULT_ROLES: Final[Roles] = ("knight", "knave")
MAX_NAME_LENGTH: Final = 60
"""Characters of a name or role word."""
_NAME_PUNCTUATION: Final = frozenset("-'’.")


class Utterance(NamedTuple):
    """A statement and the index of the person who makes it.

    >>> from knk.logic.statements import Knave
    >>> Utterance(0, Knave(1)).speaker
    0
    """

    speaker: int
    statement: Statement


@dataclass(frozen=True, init=False)
class Puzzle:
    """People, by name, and what they say, in order.

    Equal puzzles have the same people in the same order, the same statements in the same order and the same role words.
    Puzzles that are the same in a looser sense have the same `key`.

    Args:
        names: the people's distinct names; statements refer to people by their index here.
        statements: pairs of speaker and statement; a person may make several, one or none.
        roles: the words for a person who always tells the truth and for one who always lies.

    Raises:
        BadPuzzle: there are no people, two names differ only in case, a name or role word has characters other than
            letters, digits, spaces and `- ' .`, or a statement is by or about an unknown person.

    >>> from knk.logic.statements import And, Knave
    >>> puzzle = Puzzle(("Ann", "Bob"), ((0, And(Knave(0), Knave(1))),))
    >>> puzzle.statements[0].speaker
    0
    """

    names: tuple[str, ...]
    statements: tuple[Utterance, ...]
    roles: Roles

    def __init__(
        self, names: Iterable[str], statements: Iterable[tuple[int, Statement]], roles: Roles = DEFAULT_ROLES
    ) -> None:
        object.__setattr__(self, "names", tuple(names))
        object.__setattr__(self, "statements", tuple(Utterance(*pair) for pair in statements))
        object.__setattr__(self, "roles", tuple(roles))
        _check_words(self.names, "people", 1)
        if len(self.roles) != 2:
            raise BadPuzzle(f"expected two role words, got {len(self.roles)}")
        _check_words(self.roles, "role words", 2)
        for speaker, statement in self.statements:
            for person in (speaker, *statement.people):
                if not 0 <= person < len(self.names):
                    raise BadPuzzle(f"there is no person {person} among {len(self.names)} (numbered from 0)")

    @classmethod
    def trusted(cls, names: tuple[str, ...], statements: tuple[Utterance, ...], roles: Roles = DEFAULT_ROLES) -> Self:
        """Return a puzzle without checking its parts, which must be valid.

        >>> Puzzle.trusted(("Ann",), ()) == Puzzle(("Ann",), ())
        True
        """
        puzzle = cls.__new__(cls)
        puzzle.__dict__.update(names=names, statements=statements, roles=roles)
        return puzzle

    @cached_property
    def key(self) -> str:
        """The puzzle's fingerprint: 32 hexadecimal digits, the same on every machine and release.

        Equal for puzzles that differ only in names, role words, the order of people, the order or repetition of
        statements, or in how a logically equal statement is written.

        >>> from knk.logic.statements import Knave, Knight, Not
        >>> first = Puzzle(("Ann", "Bob"), ((0, Knave(1)),))
        >>> first.key == Puzzle(("Cid", "Dora"), ((1, Not(Knight(0))),)).key
        True
        """
        return keys.key(len(self.names), self.statements)

    def reordered(self, order: Iterable[int]) -> Puzzle:
        """Return the same puzzle with its people in another order.

        Args:
            order: the old index of each person, in the new order.

        Raises:
            BadPuzzle: the order does not list each person exactly once.

        >>> from knk.logic.statements import Knave
        >>> Puzzle(("Ann", "Bob"), ((0, Knave(1)),)).reordered([1, 0])
        Puzzle(names=('Bob', 'Ann'), statements=(Utterance(speaker=1, statement=Knave(0)),), roles=('knight', 'knave'))
        """
        order = tuple(order)
        if sorted(order) != list(range(len(self.names))):
            raise BadPuzzle(f"expected an order of the people from 0 to {len(self.names) - 1}, got {order}")
        index = {old: new for new, old in enumerate(order)}
        statements = tuple(
            (index[speaker], statement.with_people(index.__getitem__)) for speaker, statement in self.statements
        )
        return Puzzle(tuple(self.names[old] for old in order), statements, self.roles)


@lru_cache(maxsize=4096)
def _check_words(words: tuple[str, ...], what: str, minimum: int) -> None:
    """Check names or role words, which error messages call `what`."""
    if len(words) < minimum:
        raise BadPuzzle(f"a puzzle needs at least {minimum} {what}")
    for word in words:
        if not is_name(word):
            raise BadPuzzle(f"{word[:MAX_NAME_LENGTH]!r} is not valid for {what}: use only letters, digits, - ' .")
    if len({word.casefold() for word in words}) < len(words):
        raise BadPuzzle(f"two of the {what} are the same")


def is_name(word: str) -> bool:
    """Whether a word can name a person or a role: a letter, then letters, digits, single spaces and `- ' .`.

    >>> is_name("Mary-Jane O'Neil"), is_name("2 many"), is_name("a, b")
    (True, False, False)
    """
    if not word or len(word) > MAX_NAME_LENGTH or word != word.strip() or "  " in word:
        return False
    kinds = [unicodedata.category(letter)[0] for letter in word]
    return kinds[0] == "L" and all(
        kind in "LMN" or letter == " " or letter in _NAME_PUNCTUATION for kind, letter in zip(kinds, word, strict=True)
    )
