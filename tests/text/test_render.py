"""Pinned texts of `render`, and that `parse` reads them back."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knk.errors import BadPuzzle
from knk.logic.notation import MAX_DEPTH, decode
from knk.logic.puzzle import Puzzle
from knk.logic.statements import (
    Knave,
    Knight,
    Not,
    Statement,
)
from knk.text.parse import parse
from knk.text.render import render
from knk.text.styles import STYLES
from knk.text.vocabulary import NAMES, ROLE_PAIRS
from tests.support.paths import ROOT
from tests.support.strategies import puzzles, statements

GOLDEN = ROOT / "tests" / "golden"
CASES = {
    "atoms": "Ann,Bob,Cid 0:+1 1:-0 2:~+2 2:~-0 0:~~+1",
    "and_or": "Ann,Bob,Cid 0:&(+1,-2) 1:|(+0,+2) 2:&(+0,+1,+2) 0:&(~+1,~+2) 1:&(-0,|(+1,-2),~&(+0,-1)) 2:^(+0,-1)",
    "one_of": "Ann,Bob,Cid 0:^(+1,+2) 1:^(+0,-1,~+2) 2:^(&(+0,+1),+2)",
    "conditions": "Ann,Bob,Cid 0:>(+1,-2) 1:=(+0,-2) 2:>(&(+0,+1),|(-0,-1)) 0:>(>(+1,+2),=(+0,-1))",
    "counts": "Ann,Bob,Cid 0:K=2(0,1,2) 1:V>=1(0,1,2) 2:K<=1(0,1) 0:V=0(1,2) 1:K=1(2) 2:V>=3(2,0,1)",
    "parity_and_kinds": "Ann,Bob,Cid 0:K%0(0,1,2) 1:V%1(0,2) 2:K%0(2) 0:S(0,1) 1:D(2,0) 2:~S(1,2)",
    "two_people": "Zoe,Max angel/demon 0:&(-0,-1) 1:S(0,1) 0:K=1(0,1)",
    "one_person": "Zoe owl/fox 0:+0 0:|(+0,-0)",
    "silent": "Ann,Bob hero/villain",
    "reversed_roles": "Ann,Bob,Cid knave/knight 0:+1 1:K=2(0,1,2)",
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("case", CASES)
def test_texts_are_pinned(case: str, style: str) -> None:
    puzzle = decode(CASES[case])
    texts = [render(puzzle, seed, style) for seed in range(1 if style == "classic" else 3)]
    golden = (GOLDEN / f"{case}.{style}.txt").read_text(encoding="utf-8")
    assert "\n\n".join(texts) + "\n" == golden
    assert all(parse(text) == puzzle for text in texts)


@settings(max_examples=200, deadline=None)
@given(puzzles(), st.integers(-(2**70), 2**70), st.sampled_from(STYLES))
def test_a_rendered_puzzle_is_read_back(puzzle: Puzzle, seed: int, style: str) -> None:
    text = render(puzzle, seed, style)
    assert parse(text) == puzzle
    assert render(puzzle, seed, style) == text


DIFFICULT_NAMES = (
    *("Jack", "Jackson", "Jack-Son", "JACKIE", "Mary", "Mary-Jane", "Mary Jane", "Mary Jane Lee", "O'Neil", "O’Hara"),
    *(
        "José",
        "Zoë",
        "Łukasz",
        "D'Arcy-Smith",
        "zoey",
        "mcGee",
        "Ng",
        "A",
        "B",
        "X",
        "Joan of Arc",
        "R2",
        "J.R",
        "李明",
    ),
    *("Ólafur", "Jean-Luc", "Dr. Moss", "Ana", "Anna", "Annan", "प्रिया", "Zoë Ann", "Max", "Maxi", "Émile", "Éric"),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(DIFFICULT_NAMES), min_size=1, max_size=8, unique=True),
    st.sampled_from([*ROLE_PAIRS, ("knave", "knight"), ("Jedi", "Sith"), ("wise man", "fool"), ("axe", "ox")]),
    st.data(),
)
def test_difficult_names_and_roles_are_read_back(names: list[str], roles: tuple[str, str], data: st.DataObject) -> None:
    utterances = st.tuples(st.integers(0, len(names) - 1), statements(len(names), 4))
    puzzle = Puzzle(tuple(names), tuple(data.draw(st.lists(utterances, max_size=5))), roles)
    for style in STYLES:
        assert parse(render(puzzle, data.draw(st.integers(0, 999)), style)) == puzzle


@pytest.mark.parametrize(
    "name",
    [
        "If",
        "Knight",
        "knaves",
        "Neither",
        "I",
        "Said",
        "And",
        "Not Ann",
        "Ann Lies",
        "Ann.",
        "Ann's",
        "Ann-",
        "St",
    ],
)
@pytest.mark.parametrize("style", STYLES)
def test_names_that_look_like_other_words_are_refused(name: str, style: str) -> None:
    puzzle = Puzzle((name, "Bob"), ((0, Knave(1)), (1, Knight(0))))
    with pytest.raises(BadPuzzle, match="ordinary word"):
        render(puzzle, 0, style)


@pytest.mark.parametrize("roles", [("if", "knave"), ("sheep", "sheeps"), ("person who lies", "knave"), ("a", "b")])
def test_role_words_that_look_like_other_words_are_refused(roles: tuple[str, str]) -> None:
    with pytest.raises(BadPuzzle):
        render(Puzzle(("Ann",), (), roles))


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(BadPuzzle, match="varied"):
        render(Puzzle(("Ann",), ()), style="plain")


def test_a_statement_nested_too_deep_is_refused() -> None:
    deep: Statement = Knight(0)
    for _ in range(MAX_DEPTH + 1):
        deep = Not(deep)
    with pytest.raises(BadPuzzle, match="deeper"):
        render(Puzzle(("Ann",), ((0, deep),)))


@pytest.mark.parametrize("style", STYLES)
def test_puzzles_of_five_hundred_people_are_read_back(style: str) -> None:
    names = tuple(f"{name}{number}" for number in range(2) for name in NAMES)[:500]
    names += tuple(f"P{number}" for number in range(500 - len(names)))
    utterances = tuple((person, Knave((person + 1) % 500)) for person in range(500))
    puzzle = Puzzle(names, utterances)
    assert parse(render(puzzle, 3, style)) == puzzle


def test_seeds_give_different_texts() -> None:
    puzzle = decode(CASES["conditions"])
    assert len({render(puzzle, seed) for seed in range(50)}) == 50
    assert len({render(puzzle, seed, "classic") for seed in range(50)}) == 50
    assert len({render(puzzle, seed, "dialogue") for seed in range(50)}) > 40


@pytest.mark.parametrize("roles", ROLE_PAIRS)
def test_articles_and_plurals_are_right(roles: tuple[str, str]) -> None:
    puzzle = Puzzle(("Ann", "Bob"), decode(CASES["two_people"]).statements, roles)
    for seed in range(100):
        words = render(puzzle, seed, STYLES[seed % 3]).replace(",", "").replace('"', "").split()
        for article, word in pairwise(words):
            assert article not in ("a", "A") or word[0] not in "aeio", (article, word)
            assert article not in ("an", "An") or word[0] in "aeio", (article, word)
        assert not {"elfs", "heros", "allys", "thiefs", "foxs", "witnesss"} & set(words)
