"""Solving: truth tables and SAT against each other and against the definition."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knk.errors import ManySolutions, NoSolution
from knk.generation.generate import generate
from knk.generation.spec import Spec
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.sat import Circuit, sat_possibilities, sat_solutions
from knk.logic.solver import count, follows, is_unique, models, solutions, solve
from knk.logic.statements import (
    Count,
    Knight,
    Not,
    Or,
    Parity,
    SameKind,
)
from tests.support.strategies import puzzles, statements

RICH = Spec(kinds=tuple((kind, 1.0) for kind in ("atom", "not", "and", "or", "one of", "if", "iff", "count", "parity")))


def by_definition(puzzle: Puzzle) -> list[tuple[bool, ...]]:
    """Every assignment in which a statement is true if and only if its speaker is a knight."""
    return [
        world
        for world in itertools.product((False, True), repeat=len(puzzle.names))
        if all(
            bool(statement.value(list(map(int, world)), 1)) == world[speaker]
            for speaker, statement in puzzle.statements
        )
    ]


@given(puzzles(most_people=6))
def test_the_solutions_match_the_definition(puzzle: Puzzle) -> None:
    expected = sorted(by_definition(puzzle))
    assert sorted(solutions(puzzle)) == expected
    assert sorted(sat_solutions(len(puzzle.names), puzzle.statements)) == expected
    assert count(puzzle) == len(expected)
    assert count(puzzle, limit=1) == min(1, len(expected))
    assert is_unique(puzzle) == (len(expected) == 1)


@given(st.data(), puzzles(most_people=5))
def test_a_statement_follows_if_every_solution_makes_it_true(data: st.DataObject, puzzle: Puzzle) -> None:
    people = len(puzzle.names)
    statement = data.draw(statements(people))
    truths = {bool(statement.value(list(map(int, world)), 1)) for world in by_definition(puzzle)}
    possible = sat_possibilities(people, puzzle.statements, statement)
    assert possible == (True in truths, False in truths)
    if not truths:
        with pytest.raises(NoSolution):
            follows(puzzle, statement)
    else:
        assert follows(puzzle, statement) is (None if len(truths) == 2 else truths.pop())


def test_puzzles_without_exactly_one_solution_raise() -> None:
    assert solve(decode("Ann,Bob 0:&(-0,-1)")) == (False, True)
    with pytest.raises(NoSolution):
        solve(decode("Ann,Bob 0:-0"))
    with pytest.raises(ManySolutions):
        solve(decode("Ann,Bob 0:+1"))


def test_unmentioned_people_may_be_either_kind() -> None:
    assert count(decode("Ann,Bob,Cid 0:&(-0,-1)")) == 2
    people = 30
    puzzle = Puzzle(tuple(f"P{i}" for i in range(people)), ((0, Knight(1)),))
    assert count(puzzle, limit=1000) == 1000


def test_puzzles_of_five_hundred_people_are_solved() -> None:
    people = 500
    chain = tuple(Utterance(i, Parity(True, (i, (i + 1) % people))) for i in range(people))
    half = Utterance(0, Count("exactly", 250, tuple(range(people))))
    assert count(Puzzle(tuple(f"P{i}" for i in range(people)), chain), limit=5) == 1
    assert not is_unique(Puzzle(tuple(f"P{i}" for i in range(people)), (half,)))


def test_a_circuit_simplifies_constants() -> None:
    circuit = Circuit(2)
    true = circuit.true.literal
    assert circuit.literal(Count("at least", 0, (0, 1))) == true
    assert circuit.literal(Count("at most", 2, (0, 1))) == true
    assert circuit.literal(Or(Knight(0), Not(Knight(0)))) == true
    assert circuit.literal(SameKind(0, 1)) not in (true, -true)


@pytest.mark.slow
def test_sat_and_truth_tables_agree_on_100_000_puzzles() -> None:
    puzzles_solved = 0
    for people in range(2, 12):
        spec = Spec(people=people, kinds=RICH.kinds, width=4, depth=2, self_accusation=True)
        for puzzle in generate(spec.with_changes(duplicates=True), 5_000, seed=people):
            # Without its last statement a puzzle mostly has more than one solution, or the same one.
            for utterances in (puzzle.statements, puzzle.statements[:-1]):
                puzzles_solved += 1
                table = models(people, utterances)
                by_sat = sorted(sat_solutions(people, utterances))
                assert by_sat == sorted(solutions(Puzzle.trusted(puzzle.names, utterances)))
                assert len(by_sat) == table.bit_count()
    assert puzzles_solved == 100_000
