"""Forms of trees, compared with trying every order of the people."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knk.datasets.audit.sameness import tree_form
from knk.logic.notation import decode, encode
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.statements import Count, Knave, Statement
from tests.support.strategies import puzzles, statements


def smallest_text_of_all_orders(puzzle: Puzzle) -> tuple[str, ...]:
    """The least of what the statements look like, sorted, over all orders of the people."""
    orders = permutations(range(len(puzzle.names)))
    return min(tuple(sorted(encode(puzzle.reordered(order)).split(" ")[1:])) for order in orders)


@settings(max_examples=60)
@given(puzzles(most_people=6), st.randoms(use_true_random=False))
def test_a_form_survives_renaming_and_reordering(puzzle: Puzzle, random: Any) -> None:
    order = random.sample(range(len(puzzle.names)), len(puzzle.names))
    moved = puzzle.reordered(order)
    utterances = random.sample(moved.statements, len(moved.statements))
    other = Puzzle([f"N{i}" for i in range(len(order))], utterances)
    for fold in (False, True):
        assert tree_form(other, fold) == tree_form(puzzle, fold)


def short_utterances(people: int) -> st.SearchStrategy[list[Utterance]]:
    """Statements so small that puzzles of them are often the same."""
    utterances = st.builds(Utterance, st.integers(0, people - 1), statements(people, max_leaves=1))
    return st.lists(utterances, min_size=1, max_size=3)


@settings(max_examples=150)
@given(short_utterances(4), short_utterances(4))
def test_forms_are_equal_if_and_only_if_an_order_makes_the_trees_equal(
    one: list[Utterance], other: list[Utterance]
) -> None:
    names = ("Ann", "Bob", "Cid", "Dora")
    puzzles = Puzzle(names, one), Puzzle(names, other)
    mine, yours = map(tree_form, puzzles)
    assert (mine == yours) == (smallest_text_of_all_orders(puzzles[0]) == smallest_text_of_all_orders(puzzles[1]))


@settings(max_examples=150)
@given(short_utterances(3), short_utterances(3))
def test_puzzles_equal_at_a_level_are_equal_at_later_ones(one: list[Utterance], other: list[Utterance]) -> None:
    first, second = (Puzzle(("Ann", "Bob", "Cid"), utterances) for utterances in (one, other))
    if tree_form(first) == tree_form(second):
        assert tree_form(first, fold=True) == tree_form(second, fold=True)
    if tree_form(first, fold=True) == tree_form(second, fold=True):
        assert first.key == second.key


@pytest.mark.parametrize(
    ("one", "other", "strict", "fold"),
    [
        ("A,B 0:+1", "A,B 1:+0", True, True),
        ("A,B 0:+1", "A,B 0:+0", False, False),
        ("A,B 0:+1", "A,B,C 0:+1", False, False),
        ("A,B 0:>(+0,+1)", "A,B 0:>(+1,+0)", False, False),
        ("A,B 0:=(+0,+1)", "A,B 0:=(+1,+0)", False, True),
        ("A,B 0:~~-1", "A,B 0:~+1", False, True),
        ("A,B 0:~S(0,1)", "A,B 0:D(0,1)", False, False),
        ("A,B,C 0:K=2(0,1,2)", "A,B,C 0:K=2(1,2,0)", False, True),
        ("A,B,C 0:K=2(0,1,2)", "A,B,C 0:V=2(0,1,2)", False, False),
        ("A,B 0:-1 0:-1", "A,B 0:-1", False, True),
        ("A,B,C,D 0:-1 1:-0 2:-3 3:-2", "A,B,C,D 0:-1 1:-2 2:-3 3:-0", False, False),
    ],
)
def test_canonical_forms_ignore_the_differences_of_their_level(one: str, other: str, strict: bool, fold: bool) -> None:
    first, second = decode(one), decode(other)
    assert (tree_form(first) == tree_form(second)) is strict
    assert (tree_form(first, fold=True) == tree_form(second, fold=True)) is fold


def ring(people: int) -> list[tuple[int, Statement]]:
    return [(i, Knave((i + 1) % people)) for i in range(people)]


def test_symmetric_puzzles_have_forms() -> None:
    names = [f"N{i}" for i in range(40)]
    everybody = Puzzle(names, [(0, Count("exactly", 7, tuple(range(40))))])
    in_a_ring = Puzzle(names, ring(40))
    order = [(i * 7) % 40 for i in range(40)]
    for puzzle in (everybody, in_a_ring):
        assert tree_form(puzzle, fold=True) == tree_form(puzzle.reordered(order), fold=True)
