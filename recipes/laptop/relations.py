"""Relations between people: what the search problems of the laptop recipe consist of, and how they are checked.

A check writes out every value that it needs, so that each of its words follows from one earlier place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from recipes.laptop.words import DIFFER, NO, OK, SAME, WRONG, YES, assignment, claim

ValueOf = Mapping[str, str]
"""The value of each person."""


@dataclass(frozen=True)
class Pair:
    """Two people who have the same value, or different ones.

    Args:
        first: a person.
        second: another person.
        same: whether they have the same value.

    >>> str(Pair("A", "B", same=False))
    'A#B'
    """

    first: str
    second: str
    same: bool

    def __str__(self) -> str:
        return f"{self.first}{SAME if self.same else DIFFER}{self.second}"

    def holds(self, value_of: ValueOf) -> bool:
        """Whether the relation holds for some values."""
        return (value_of[self.first] == value_of[self.second]) is self.same

    def check(self, value_of: ValueOf) -> str:
        """Return the check of the relation in words.

        >>> Pair("A", "B", same=False).check({"A": "in", "B": "out"})
        'A#B A=in in B=out out differ ok'
        """
        first, second = value_of[self.first], value_of[self.second]
        known = f"{assignment(self.first, first)} {first} {assignment(self.second, second)} {second}"
        return f"{self} {known} {'same' if first == second else 'differ'} {OK if self.holds(value_of) else WRONG}"

    def in_words(self) -> str:
        """Return the relation in English."""
        return f"{self.first} and {self.second} {'are the same' if self.same else 'differ'}"


@dataclass(frozen=True)
class Clause:
    """Two people of whom at least one has a given value.

    Args:
        parts: a person with a value, and another person with a value.

    >>> str(Clause((("A", "in"), ("B", "out"))))
    'A-in or B-out'
    """

    parts: tuple[tuple[str, str], tuple[str, str]]

    def __str__(self) -> str:
        return " or ".join(claim(*part) for part in self.parts)

    def holds(self, value_of: ValueOf) -> bool:
        """Whether the relation holds for some values."""
        return any(value_of[person] == value for person, value in self.parts)

    def check(self, value_of: ValueOf) -> str:
        """Return the check of the relation in words.

        >>> Clause((("A", "in"), ("B", "out"))).check({"A": "out", "B": "out"})
        'A-in A=out no or B-out B=out yes ok'
        """
        return f"{' or '.join(self._checked_parts(value_of))} {OK if self.holds(value_of) else WRONG}"

    def in_words(self) -> str:
        """Return the relation in English."""
        return " or ".join(f"{person} is {value}" for person, value in self.parts)

    def _checked_parts(self, value_of: ValueOf) -> Iterator[str]:
        for person, value in self.parts:
            verdict = YES if value_of[person] == value else NO
            yield f"{claim(person, value)} {assignment(person, value_of[person])} {verdict}"


Relation = Pair | Clause


def parse(question: str) -> list[Relation]:
    """Return the relations in a question, the inverse of writing them one after the other.

    Args:
        question: the words of a question, of which some are relations.

    >>> [str(relation) for relation in parse("<sides> A#B C~D")]
    ['A#B', 'C~D']
    """
    relations: list[Relation] = []
    words = question.split()
    for index, word in enumerate(words):
        if word[1:2] in (DIFFER, SAME):
            relations.append(Pair(word[0], word[2:], word[1] == SAME))
        elif word == "or":
            relations.append(Clause((_part(words, index - 1), _part(words, index + 1))))
    return relations


def _part(words: Sequence[str], index: int) -> tuple[str, str]:
    person, _, value = words[index].partition("-")
    return person, value
