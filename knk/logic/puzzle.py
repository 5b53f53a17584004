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
LONGEST_NAME: Final = 60
_NAME_MARKS: Final = frozenset("-'’.")


class Utterance(NamedTuple):
    """A statement and the person who makes it, by their place in the puzzle.

    >>> from knk.logic.statements import Knave
    >>> Utterance(0, Knave(1)).speaker
    0
    """

    speaker: int
    statement: Statement


@dataclass(frozen=True, init=False)
class Puzzle:
    """People, by name, and what they say, in order.

    Equal puzzles have the same people in the same order, with the same statements in the same order and the same role
    words. Puzzles that are the same in a looser sense have the same `key`.

    Args:
        names: the people, all different; a person's place here is their number in the statements.
        statements: pairs of speaker and statement; a speaker may have several, one or none.
        roles: the words for one who always tells the truth and for one who always lies.

    Raises:
        BadPuzzle: nobody is there, two names are the same but for case, a name or role word has something else in it
            than letters, digits, spaces and `- ' .`, or a statement is by or about somebody who is not there.

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
        object.__setattr__(self, "statements", tuple(Utterance(*said) for said in statements))
        object.__setattr__(self, "roles", tuple(roles))
        _check_words(self.names, "people", 1)
        if len(self.roles) != 2:
            raise BadPuzzle(f"a puzzle has two role words, not {len(self.roles)}")
        _check_words(self.roles, "role words", 2)
        for speaker, statement in self.statements:
            for person in (speaker, *statement.people):
                if not 0 <= person < len(self.names):
                    raise BadPuzzle(f"there is no person {person} among {len(self.names)} (they count from 0)")

    @classmethod
    def trusted(cls, names: tuple[str, ...], statements: tuple[Utterance, ...], roles: Roles = DEFAULT_ROLES) -> Self:
        """Return a puzzle of parts known to be sound, without looking at them again.

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
        """Return the same puzzle with its people listed in another order: `order[i]` says who comes i-th.

        >>> from knk.logic.statements import Knave
        >>> Puzzle(("Ann", "Bob"), ((0, Knave(1)),)).reordered([1, 0])
        Puzzle(names=('Bob', 'Ann'), statements=(Utterance(speaker=1, statement=Knave(0)),), roles=('knight', 'knave'))
        """
        order = tuple(order)
        if sorted(order) != list(range(len(self.names))):
            raise BadPuzzle(f"an order lists each of the {len(self.names)} people once, not {order}")
        place = {old: new for new, old in enumerate(order)}
        said = tuple(
            (place[speaker], statement.with_people(place.__getitem__)) for speaker, statement in self.statements
        )
        return Puzzle(tuple(self.names[old] for old in order), said, self.roles)


@lru_cache(maxsize=4096)
def _check_words(words: tuple[str, ...], what: str, fewest: int) -> None:
    if len(words) < fewest:
        raise BadPuzzle(f"a puzzle needs at least {fewest} {what}")
    for word in words:
        if not is_name(word):
            raise BadPuzzle(f"{word[:LONGEST_NAME]!r} cannot be read as one of the {what}: letters, digits, - ' . only")
    if len({word.casefold() for word in words}) < len(words):
        raise BadPuzzle(f"two of the {what} are the same")


def is_name(word: str) -> bool:
    """Whether a word can name a person or a role: letters first, then also digits, single spaces and `- ' .`.

    >>> is_name("Mary-Jane O'Neil"), is_name("2 many"), is_name("a, b")
    (True, False, False)
    """
    if not word or len(word) > LONGEST_NAME or word != word.strip() or "  " in word:
        return False
    kinds = [unicodedata.category(letter)[0] for letter in word]
    return kinds[0] == "L" and all(
        kind in "LMN" or letter == " " or letter in _NAME_MARKS for kind, letter in zip(kinds, word, strict=True)
    )
