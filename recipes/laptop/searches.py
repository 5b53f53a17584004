"""The search problems of the laptop recipe: relations between five people, with many candidates and a cheap check.

A model of a million parameters learns a check only if every step is written out, one word per step. So a person and the
person's value are one word, which the person's initial leads to. A check writes initial, word and value of both people,
and then single words that follow from two values each: "same" or "differ", then "fine" or "wrong". A relation has as
many words in a check as in the problem, so that initials are always copied from the same distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product
from random import Random
from typing import Final

from recipes.laptop.words import ALL_FITS, CONTRADICTION, NAMES, assignment

COLOURS: Final = ("red", "green", "blue")
SIDES: Final = ("in", "out")

Values = tuple[str, ...]
"""The value of each person, in the order of `NAMES`."""
Relation = tuple[int, int, str]
"""Two people and the kind of relation between them."""


@dataclass(frozen=True)
class Search:
    """A kind of search problem.

    Args:
        values: the values that a person can have.
        kinds: the kinds of relations.
        relations: the number of relations of a problem.
        max_solutions: the largest number of solutions of a problem.
    """

    values: tuple[str, ...]
    kinds: tuple[str, ...]
    relations: int
    max_solutions: int

    def solutions(self, data: str) -> list[Values]:
        """Return all solutions of a problem."""
        return [values for values in product(self.values, repeat=len(NAMES)) if _fits(values, data)]

    def candidate(self, data: str, random: Random) -> Values:
        """Return a candidate: 60% are random, 20% a solution, 20% a solution with one value changed."""
        choice = random.random()
        if choice < 0.6:
            return tuple(random.choices(self.values, k=len(NAMES)))
        values = random.choice(self.solutions(data))
        if choice < 0.8:
            return values
        index = random.randrange(len(values))
        other = random.choice([value for value in self.values if value != values[index]])
        return (*values[:index], other, *values[index + 1 :])

    def is_right(self, text: str, data: str) -> bool | None:
        """Whether an answer is right; None unless it names each person once, in order, with a known value."""
        pairs = [part.split("_") for part in text.strip().removesuffix(".").split(", ")]
        if [pair[0] for pair in pairs] != list(NAMES) or any(len(pair) != 2 for pair in pairs):
            return None
        values = tuple(pair[1] for pair in pairs)
        return _fits(values, data) if set(values) <= set(self.values) else None

    def problems(self, random: Random) -> Iterator[tuple[str, str]]:
        """Iterate without end over problems with few solutions, as questions and data."""
        pairs = list(combinations(range(len(NAMES)), 2))
        while True:
            drawn = random.sample(pairs, self.relations)
            data = " ".join(f"{first}{second}{random.choice(self.kinds)}" for first, second in drawn)
            if 1 <= len(self.solutions(data)) <= self.max_solutions:
                sentences = " ".join(map(_sentence, _relations(data)))
                yield f"Each is {' or '.join(self.values)}. {sentences} Who is what?", data


def format_values(values: Values) -> str:
    """Return the answer that gives each person a value.

    >>> format_values(("in", "out", "in", "in", "out"))
    'Ann_in, Bob_out, Cal_in, Dan_in, Eve_out'
    """
    return ", ".join(map(assignment, NAMES, values))


def write_check(values: Values, data: str) -> tuple[str, bool]:
    """Return the check of a candidate, up to the first relation that does not hold, and whether all hold."""
    sentences = []
    for relation in _relations(data):
        sentences.append(_check_sentence(relation, values))
        if not _holds(relation, values):
            return " ".join([*sentences, CONTRADICTION]), False
    return " ".join([*sentences, ALL_FITS]), True


@lru_cache(maxsize=4)
def _relations(data: str) -> list[Relation]:
    """Return the relations: `01d`, 0 and 1 differ; `12a`, 1 and 2 agree; `34io`, 3 is in or 4 is out."""
    return [(int(part[0]), int(part[1]), part[2:]) for part in data.split()]


def _sentence(relation: Relation) -> str:
    first, second, kind = NAMES[relation[0]][0], NAMES[relation[1]][0], relation[2]
    if kind in _AGREES:
        return f"{first} always goes {'with' if _AGREES[kind] else 'without'} {second} come what may."
    first_side, second_side = (f"{_SIDE_OF[letter]}side" for letter in kind)
    return f"{first} {first_side} or else {second} {second_side} come what may."


def _holds(relation: Relation, values: Values) -> bool:
    first, second, kind = values[relation[0]], values[relation[1]], relation[2]
    if kind in _AGREES:
        return (first == second) is _AGREES[kind]
    return first == _SIDE_OF[kind[0]] or second == _SIDE_OF[kind[1]]


def _fits(values: Values, data: str) -> bool:
    return all(_holds(relation, values) for relation in _relations(data))


def _check_sentence(relation: Relation, values: Values) -> str:
    """Return the check of one relation: both values, how they compare, and whether the relation holds."""
    first, second, kind = relation
    parts = [
        f"{NAMES[person][0]} {assignment(NAMES[person], values[person])} {values[person]}" for person in (first, second)
    ]
    if kind in _AGREES:
        parts.append("same" if values[first] == values[second] else "differ")
    else:
        required = zip(parts, kind, strict=True)
        parts = [f"{part} {'yes' if part.endswith(f' {_SIDE_OF[letter]}') else 'no'}" for part, letter in required]
    return f"{' '.join(parts)} {'fine' if _holds(relation, values) else 'wrong'}."


_AGREES: Final = {"a": True, "d": False}
_SIDE_OF: Final = {"i": "in", "o": "out"}
SEARCH_DOMAINS: Final[Mapping[str, Search]] = {
    "col": Search(COLOURS, ("d",), 5, 48),
    "pair": Search(SIDES, ("a", "d"), 6, 4),
    "sat": Search(SIDES, ("ii", "io", "oi", "oo"), 6, 8),
}
