"""Hypothesis strategies for the library's values, shared by all tests."""

from hypothesis import strategies as st

from knk.logic.puzzle import Puzzle
from knk.logic.statements import (
    RELATIONS,
    And,
    Count,
    Iff,
    Implies,
    Knave,
    Knight,
    Not,
    OneOf,
    Or,
    Parity,
    SameKind,
    Statement,
)
from knk.text.vocabulary import NAMES, ROLE_PAIRS


def groups(people: int, smallest: int = 1) -> st.SearchStrategy[tuple[int, ...]]:
    """Some of the people, in any order."""
    return st.lists(st.integers(0, people - 1), min_size=smallest, max_size=people, unique=True).map(tuple)


@st.composite
def counts(draw: st.DrawFn, people: int) -> Count:
    """A count over some of the people."""
    group = draw(groups(people))
    return Count(draw(st.sampled_from(RELATIONS)), draw(st.integers(0, len(group))), group, draw(st.booleans()))


def leaves(people: int) -> st.SearchStrategy[Statement]:
    """A statement with no statement inside."""
    person = st.integers(0, people - 1)
    kinds: list[st.SearchStrategy[Statement]] = [
        person.map(Knight),
        person.map(Knave),
        counts(people),
        st.builds(Parity, st.booleans(), groups(people), st.booleans()),
    ]
    if people > 1:
        pair = st.lists(person, min_size=2, max_size=2, unique=True)
        kinds.append(st.builds(lambda two, same: SameKind(two[0], two[1], same), pair, st.booleans()))
    return st.one_of(kinds)


def statements(people: int, max_leaves: int = 8) -> st.SearchStrategy[Statement]:
    """Any statement about people numbered below `people`, nested at will."""

    def wider(inner: st.SearchStrategy[Statement]) -> st.SearchStrategy[Statement]:
        several = st.lists(inner, min_size=2, max_size=4)
        two = st.lists(inner, min_size=2, max_size=2)
        return st.one_of(
            inner.map(Not),
            st.builds(lambda kind, parts: kind(*parts), st.sampled_from([And, Or, OneOf]), several),
            st.builds(lambda kind, parts: kind(*parts), st.sampled_from([Implies, Iff]), two),
        )

    return st.recursive(leaves(people), wider, max_leaves=max_leaves)


@st.composite
def puzzles(draw: st.DrawFn, most_people: int = 7, most_statements: int = 8) -> Puzzle:
    """Any puzzle, with any number of solutions, of names and role words that the library brings."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=most_people, unique=True))
    said = st.tuples(st.integers(0, len(names) - 1), statements(len(names)))
    return Puzzle(
        tuple(names),
        tuple(draw(st.lists(said, max_size=most_statements))),
        draw(st.sampled_from(ROLE_PAIRS)),
    )
