"""Hypothesis strategies for the library's values, shared by all tests."""

from hypothesis import strategies as st

from knk.logic.puzzle import Puzzle
from knk.logic.statements import (
    COMPOUNDS,
    GROUP_STATEMENTS,
    RELATIONS,
    Compound,
    Count,
    GroupStatement,
    Knave,
    Knight,
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


def group_statements(people: int, kind: type[GroupStatement]) -> st.SearchStrategy[Statement]:
    """A statement of one kind about some of the people."""
    size = kind.group_size
    members = st.lists(st.integers(0, people - 1), min_size=size or 1, max_size=size or people, unique=True)
    return members.flatmap(lambda group: st.sampled_from(kind.about(group)))


def leaves(people: int) -> st.SearchStrategy[Statement]:
    """A statement with no statement inside: an atom, or one of each kind about a group."""
    person = st.integers(0, people - 1)
    fitting = [kind for kind in GROUP_STATEMENTS if people >= (kind.group_size or 1)]
    # `about` leaves out counts that are always true, `counts` does not.
    return st.one_of(
        person.map(Knight), person.map(Knave), counts(people), *(group_statements(people, kind) for kind in fitting)
    )


def compounds(kind: type[Compound], parts: st.SearchStrategy[Statement]) -> st.SearchStrategy[Statement]:
    """A statement of one kind made of other statements, of four at most."""
    several = st.lists(parts, min_size=kind.min_parts, max_size=kind.max_parts or 4)
    return several.map(lambda chosen: kind(*chosen))


def statements(people: int, max_leaves: int = 8) -> st.SearchStrategy[Statement]:
    """Any statement about people numbered below `people`, nested at will."""

    def wider(inner: st.SearchStrategy[Statement]) -> st.SearchStrategy[Statement]:
        return st.one_of([compounds(kind, inner) for kind in COMPOUNDS])

    return st.recursive(leaves(people), wider, max_leaves=max_leaves)


@st.composite
def puzzles(draw: st.DrawFn, most_people: int = 7, most_statements: int = 8) -> Puzzle:
    """Any puzzle, with any number of solutions, of names and role words that the library brings."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=most_people, unique=True))
    utterances = st.tuples(st.integers(0, len(names) - 1), statements(len(names)))
    return Puzzle(
        tuple(names),
        tuple(draw(st.lists(utterances, max_size=most_statements))),
        draw(st.sampled_from(ROLE_PAIRS)),
    )
