"""Keys: golden counts by enumeration, the two ways of making them, and what they must and must not tell apart."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knk.logic import keys
from knk.logic.algebra import masks
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.solver import count
from knk.logic.statements import (
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
from tests.support.strategies import puzzles, statements

NAMES = ("Ann", "Bob", "Cid", "Dora", "Ed", "Flo", "Gus", "Hal", "Ida", "Jo")


def grammar(people: int, speaker: int, self_accusation: bool) -> list[Statement]:
    """Every statement of the public data's grammar that a speaker may make."""
    atoms = [
        kind(person)
        for person in range(people)
        for kind in (Knight, Knave)
        if self_accusation or (kind, person) != (Knave, speaker)
    ]
    pairs = itertools.permutations(atoms, 2)
    return [*atoms, *map(Not, atoms), *(kind(*two) for two in pairs for kind in (And, Or, Implies, Iff))]


def unique_puzzles(people: int, self_accusation: bool) -> Iterator[tuple[tuple[int, ...], Puzzle]]:
    """Every puzzle of one statement a person that has one solution, with its truth tables."""
    roles, all_true = masks(people)
    utterances = [grammar(people, speaker, self_accusation) for speaker in range(people)]
    tabled = [[(s.value(roles, all_true), s) for s in choices] for choices in utterances]
    for row in itertools.product(*tabled):
        fits = all_true
        for x, (table, _) in zip(roles, row, strict=True):
            fits &= all_true ^ x ^ table
        if fits.bit_count() == 1:
            yield (
                tuple(table for table, _ in row),
                Puzzle.trusted(NAMES[:people], tuple(Utterance(speaker, s) for speaker, (_, s) in enumerate(row))),
            )


@pytest.mark.parametrize(
    ("people", "self_accusation", "trees", "tables", "renamed"),
    [(2, False, 399, 77, 41), (2, True, 1396, 108, 57), (3, False, 304_276, 14_262, 2_430)],
)
def test_golden_counts(people: int, self_accusation: bool, trees: int, tables: int, renamed: int) -> None:
    by_table: dict[tuple[int, ...], Puzzle] = {}
    total = 0
    for table, puzzle in unique_puzzles(people, self_accusation):
        total += 1
        by_table[table] = puzzle
    assert (
        len(grammar(people, 0, self_accusation))
        == {(2, False): 30, (2, True): 56, (3, False): 90}[people, self_accusation]
    )
    assert (total, len(by_table)) == (trees, tables)
    assert len({puzzle.key for puzzle in by_table.values()}) == renamed
    refined = {keys.refined_key(people, puzzle.statements) for puzzle in by_table.values()}
    assert len(refined) == renamed


def test_keys_are_pinned() -> None:
    """A key may never change: splits of published data hang on it."""
    two = Puzzle(NAMES[:2], ((0, Knave(1)), (1, And(Knight(0), Knight(1)))))
    six = Puzzle(NAMES[:6], tuple((i, Knave((i + 1) % 6)) for i in range(6)))
    wide = Puzzle(NAMES, ((0, Count("at least", 4, tuple(range(10)))), (3, Implies(Knight(1), SameKind(2, 5)))))
    assert [puzzle.key for puzzle in (two, six, wide, Puzzle(("Ann",), ()))] == PINNED


PINNED = [
    "006dc53f7b42c2f8d7a3949dca8b2c72",
    "1e24d860c06edefd73334c5177c436b1",
    "2a07488dc15398d94a46f4be2ae5c2d0",
    "910a2dec89025cc1f3203e9039f4a821",
]


@given(st.data(), puzzles(most_people=9))
def test_rewritten_puzzles_have_the_same_key(data: st.DataObject, puzzle: Puzzle) -> None:
    order = data.draw(st.permutations(range(len(puzzle.names))))
    moved = puzzle.reordered(order)
    utterances = list(data.draw(st.permutations(moved.statements)))
    utterances += utterances[:1]
    rewritten = tuple((speaker, data.draw(st.sampled_from(equals(statement)))) for speaker, statement in utterances)
    other = Puzzle(NAMES[: len(order)], rewritten, ("elf", "goblin"))
    assert other.key == puzzle.key
    assert len(puzzle.key) == 32


def equals(statement: Statement) -> list[Statement]:
    """Other ways to say the same."""
    person = min(statement.people)
    always = Or(Knight(person), Knave(person))
    result: list[Statement] = [
        statement,
        Not(Not(statement)),
        And(statement, always),
        Iff(always, statement),
        Or(And(statement, Knight(person)), And(Knave(person), statement)),
        OneOf(statement, Not(always)),
    ]
    if isinstance(statement, Parity):
        result.append(Not(Parity(not statement.even, statement.group[::-1], statement.knights)))
    if isinstance(statement, Knight | Knave):
        result.append(Count("exactly", 0, (statement.person,), knights=isinstance(statement, Knave)))
    return result


@given(st.data(), puzzles(most_people=8))
def test_another_meaning_has_another_key(data: st.DataObject, puzzle: Puzzle) -> None:
    if not puzzle.statements:
        return
    index = data.draw(st.integers(0, len(puzzle.statements) - 1))
    speaker, old = puzzle.statements[index]
    new = data.draw(statements(len(puzzle.names)))
    utterances = list(puzzle.statements)
    utterances[index] = Utterance(speaker, new)
    changed = Puzzle(puzzle.names, tuple(utterances), puzzle.roles)
    # How many solutions there are is the same for the same key, and easy to find out another way.
    if count(changed) != count(puzzle):
        assert changed.key != puzzle.key
    if Puzzle(puzzle.names, (puzzle.statements[index],)).key != Puzzle(puzzle.names, (utterances[index],)).key:
        assert old != new


def brute_key(puzzle: Puzzle) -> frozenset[tuple[int, int]]:
    """The smallest of all relabelled sets of speaker and truth table."""
    people = len(puzzle.names)
    roles, all_true = masks(people)
    forms = []
    for order in itertools.permutations(range(people)):
        moved = [(order[s], t.with_people(order.__getitem__).value(roles, all_true)) for s, t in puzzle.statements]
        forms.append(tuple(sorted(set(moved))))
    return frozenset(min(forms))


@pytest.mark.slow
@given(st.lists(puzzles(most_people=6, most_statements=4), min_size=2, max_size=6))
def test_keys_agree_with_brute_force(some: list[Puzzle]) -> None:
    for one, other in itertools.combinations(some, 2):
        same = len(one.names) == len(other.names) and brute_key(one) == brute_key(other)
        assert (one.key == other.key) == same
        refined = [keys.refined_key(len(p.names), p.statements) for p in (one, other)]
        assert (refined[0] == refined[1]) == same


def ring(sizes: tuple[int, ...], kind: type[Knight | Knave] = Knave) -> Puzzle:
    """Rings in which each says of the next that they are a knave."""
    utterances, start = [], 0
    for size in sizes:
        utterances += [(start + i, kind(start + (i + 1) % size)) for i in range(size)]
        start += size
    return Puzzle(tuple(f"P{i}" for i in range(start)), tuple(utterances))


def test_search_tells_apart_what_refinement_cannot() -> None:
    assert ring((6,)).key != ring((3, 3)).key
    assert ring((4, 3)).key == ring((3, 4)).key != ring((7,)).key
    assert ring((8, 8, 4)).key != ring((8, 6, 6)).key


def test_highly_symmetric_puzzles_are_cheap() -> None:
    """A search without pruning would never end on these."""
    for puzzle in (ring((300,)), ring((2,) * 150), Puzzle(tuple(f"P{i}" for i in range(500)), ())):
        order = list(range(len(puzzle.names)))
        assert puzzle.reordered(order[7:] + order[:7][::-1]).key == puzzle.key
    everybody = tuple(range(500))
    about_all = Puzzle(tuple(f"P{i}" for i in everybody), ((3, Count("at least", 250, everybody)), (4, Knight(3))))
    assert about_all.reordered(everybody[::-1]).key == about_all.key


def test_statements_too_wide_for_a_table_are_compared_as_written() -> None:
    people = 30

    def nested(order: list[int], k: int = 1) -> Statement:
        statement: Statement = Count("at least", k, (order[0], order[1]))
        for person in order[2:]:
            kind = Implies if person % 2 else Iff
            statement = kind(Knave(person), statement)
        return statement

    order = list(range(people))
    names = tuple(f"P{i}" for i in order)
    puzzle = Puzzle(names, ((3, nested(order)), (4, Knight(3)), (9, And(*map(Knight, order[10:20])))))
    for shift in (1, 7, 16):
        assert puzzle.reordered(order[shift:] + order[:shift][::-1]).key == puzzle.key
    swapped = nested([1, 0, *order[2:]])
    assert Puzzle(names, ((3, swapped), *puzzle.statements[1:])).key == puzzle.key
    assert Puzzle(names, ((3, nested(order, 2)), *puzzle.statements[1:])).key != puzzle.key
    assert Puzzle(names, ((4, nested(order)), *puzzle.statements[1:])).key != puzzle.key


def test_wide_statements_are_compared_by_meaning() -> None:
    people = tuple(range(40))
    all_knights: list[Statement] = [
        And(*map(Knight, people)),
        Not(Or(*map(Knave, reversed(people)))),
        Count("exactly", 40, people),
        Count("at most", 0, people, knights=False),
    ]
    names = tuple(f"P{i}" for i in people)
    assert len({Puzzle(names, ((0, statement),)).key for statement in all_knights}) == 1
    assert Puzzle(names, ((0, Count("exactly", 39, people)),)).key != Puzzle(names, ((0, all_knights[0]),)).key
