"""Relations: reading is the inverse of writing, and checks are right to the word."""

from itertools import combinations, product

import pytest

from recipes.laptop.relations import Clause, Pair, Relation, parse
from tests.support.laptop import checks_in

PAIRS = [Pair(*people, same=same) for people in combinations("ABC", 2) for same in (False, True)]
CLAUSES = [
    Clause(((one, value), (other, second)))
    for one, other in combinations("ABC", 2)
    for value, second in product(("in", "out"), repeat=2)
]


@pytest.mark.parametrize(
    ("opening", "separator", "relations"), [("<sides> ", " ", PAIRS), ("<sides> ", " ; ", CLAUSES)], ids=["#", "or"]
)
def test_reading_is_the_inverse_of_writing(opening: str, separator: str, relations: list[Relation]) -> None:
    assert parse(opening + separator.join(map(str, relations))) == relations


def test_a_puzzle_has_no_relations() -> None:
    assert parse("<roles> A: B-knave ; B: A-knave& B-knave") == []


@pytest.mark.parametrize("relation", [*PAIRS, *CLAUSES], ids=str)
def test_checks_are_right_to_the_word_for_all_values(relation: Relation) -> None:
    for values in product(("in", "out"), repeat=3):
        value_of = dict(zip("ABC", values, strict=True))
        assert [(relation.check(value_of), relation.holds(value_of))] == list(checks_in(f"<x> {relation}", value_of))


def test_relations_are_told_in_english() -> None:
    assert [relation.in_words() for relation in parse("<sides> A~B C#D")] == [
        "A and B are the same",
        "C and D differ",
    ]
    assert parse("<sides> A-in or B-out")[0].in_words() == "A is in or B is out"
