"""`parse` of deeply nested statements, long junk, random text and damaged puzzles: each is read or refused."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knk.errors import BadText
from knk.logic.notation import MAX_DEPTH
from knk.logic.puzzle import Puzzle
from knk.logic.statements import And, Iff, Implies, Knave, Knight, Not, OneOf, Or, Statement
from knk.text.parse import MAX_TEXT_LENGTH, parse
from knk.text.render import render
from knk.text.styles import STYLES
from knk.text.vocabulary import NAMES
from tests.support.strategies import puzzles


def nested(kind: str, depth: int) -> Statement:
    inner: Statement = Knight(0)
    kinds: dict[str, Callable[[Statement], Statement]] = {
        "not": Not,
        "and": lambda part: And(part, Knave(1)),
        "or": lambda part: Or(Knave(1), part, Knave(0)),
        "one": lambda part: OneOf(part, Knight(1)),
        "then": lambda part: Implies(Knave(1), part),
        "if": lambda part: Implies(part, Knave(1)),
        "iff": lambda part: Iff(Knave(1), part),
    }
    for _ in range(depth):
        inner = kinds[kind](inner)
    return inner


@pytest.mark.parametrize("kind", ["not", "and", "or", "one", "then", "if", "iff"])
@pytest.mark.parametrize("style", STYLES)
def test_deeply_nested_statements_are_read_back(kind: str, style: str) -> None:
    puzzle = Puzzle(("Ann", "Bob"), ((0, nested(kind, MAX_DEPTH)),))
    assert parse(render(puzzle, 5, style)) == puzzle


@pytest.mark.parametrize(
    "text",
    [
        "Ann: " + "(" * 100_000 + "Bob lies" + ")" * 100_000,
        "(" * 100_000,
        '"' * 100_000,
        "Ann: " + "it is not the case that " * 10_000 + "Bob lies",
        "Ann: " + "if Bob lies, " * 10_000 + "Bob lies",
        "Ann: " + "if (Bob lies), (" * 5_000,
        "Ann: " + "(Bob lies, " * 5_000,
        "Ann: " + "either " * 20_000,
        "Ann: " + "Bob, " * 20_000,
        "You meet a, " * 20_000,
        "You meet a,\n" * 20_000,
        "Knights " * 20_000,
        "Ann: Bob lies; " * 5_000 + "x",
        "x" * (MAX_TEXT_LENGTH + 1),
        "\x00\ud800" * 1_000,
        "there are 99999999999999999999999 people: Ann",
        "",
        "   \n ",
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_long_junk_is_refused(text: str) -> None:
    with pytest.raises(BadText):
        parse(text)


PIECES = st.sampled_from(
    """Ann Bob I we us them knight knaves knave is are a an not n't and or nor if then only either neither both all
    none exactly two one of at least most an even number there among same kind as said says that it case the You meet
    inhabitants always tell lie truth liar ( ) , . ; : " - ? ' \n to but So who""".split(" ")
)


def read_or_refused(text: str) -> Puzzle | None:
    """The puzzle, or None where the text is refused at a position inside it; any other error is raised."""
    try:
        return parse(text)
    except BadText as error:
        position = error.position
    assert 0 <= position <= len(text)
    return None


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map(" ".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    puzzle = read_or_refused(text)
    if puzzle:
        assert parse(render(puzzle)) == puzzle


@settings(max_examples=200, deadline=None)
@given(puzzles(), st.sampled_from(STYLES), st.integers(0, 10**6), st.data())
def test_a_mutated_text_is_read_or_refused(puzzle: Puzzle, style: str, seed: int, data: st.DataObject) -> None:
    text = render(puzzle, seed, style)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    changed = text[:start] + data.draw(st.one_of(st.just(""), PIECES)) + text[end:]
    changed_puzzle = read_or_refused(changed)
    assert changed_puzzle is None or changed_puzzle.names


def test_a_hundred_silent_people_are_read() -> None:
    names = NAMES[:100]
    assert parse(f"You meet 100 people: {', '.join(names)}.").names == names
