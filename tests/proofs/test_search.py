"""`search` tries each candidate once, rejects none without a contradiction, and finds what the solver finds."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import knk
from knk.errors import BadPuzzle, BadSpec
from knk.generation.generate import generate
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution, follows, solutions
from knk.logic.statements import And, Knave, Knight, Not
from knk.proofs.search import MAX_PEOPLE, Check, Try, search, try_roles
from tests.support.proofs import SAMPLES, solvable
from tests.support.strategies import puzzles

PUZZLE = decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)")
SEEDS = st.integers(-(2**70), 2**70)


def utterance_refutes(puzzle: Puzzle, index: int, roles: Solution) -> bool:
    """Whether the solver says that nobody can make one utterance under these roles."""
    alone = Puzzle(puzzle.names, (puzzle.statements[index],))
    atoms = [Knight(person) if knight else Knave(person) for person, knight in enumerate(roles)]
    candidate = And(*atoms) if len(atoms) > 1 else atoms[0]
    try:
        return follows(alone, Not(candidate)) is True
    except knk.NoSolution:
        return True


def test_a_search() -> None:
    assert search(PUZZLE, seed=0).tries == (
        Try((True, True, True), (Check(0, False, False),)),
        Try((True, False, True), (Check(0, True, True), Check(1, False, True), Check(2, False, False))),
        Try((False, True, False), (Check(0, False, True), Check(1, True, True), Check(2, False, True))),
    )


@pytest.mark.parametrize("puzzle", SAMPLES, ids=range(len(SAMPLES)))
def test_the_solution_is_found(puzzle: Puzzle) -> None:
    assert {search(puzzle, seed=seed).found for seed in range(5)} == {knk.solve(puzzle)}


@given(solvable(), SEEDS)
def test_the_only_solution_of_any_puzzle_is_found(planted: tuple[Puzzle, Solution], seed: int) -> None:
    puzzle, solution = planted
    assert search(puzzle, seed=seed).found == solution


@given(puzzles(most_people=5), SEEDS)
def test_a_search_ends_at_a_solution_or_has_tried_everything(puzzle: Puzzle, seed: int) -> None:
    result = search(puzzle, seed=seed)
    fitting = set(solutions(puzzle))
    tried = [attempt.roles for attempt in result.tries]
    assert len(set(tried)) == len(tried)
    assert [roles in fitting for roles in tried] == [attempt.fits for attempt in result.tries]
    assert not any(attempt.fits for attempt in result.tries[:-1])
    if fitting:
        assert result.found in fitting
    else:
        assert result.found is None
        assert set(tried) == set(product((False, True), repeat=len(puzzle.names)))


@settings(max_examples=50)
@given(puzzles(most_people=4, most_statements=5), SEEDS)
def test_the_solver_agrees_with_every_check(puzzle: Puzzle, seed: int) -> None:
    for attempt in search(puzzle, seed=seed).tries:
        assert [check.statement for check in attempt.checks] == list(range(len(attempt.checks)))
        assert all(check.holds for check in attempt.checks[:-1])
        assert not attempt.fits or len(attempt.checks) == len(puzzle.statements)
        for check in attempt.checks:
            speaker = puzzle.statements[check.statement].speaker
            assert check.holds is (check.is_true is attempt.roles[speaker])
            assert check.holds is not utterance_refutes(puzzle, check.statement, attempt.roles)


@pytest.mark.parametrize(("people", "different_orders"), [(1, 2), (2, 24), (3, 290), (8, 300)])
def test_every_answer_is_tried_once_in_an_order_of_the_seed(people: int, different_orders: int) -> None:
    names = [f"P{'abcdefgh'[person]}" for person in range(people)]
    impossible = Puzzle(names, ((0, Knave(0)),))
    orders = set()
    for seed in range(300):
        tries = search(impossible, seed=seed).tries
        assert tries == search(impossible, seed=seed).tries
        orders.add(tuple(attempt.roles for attempt in tries))
    assert all(sorted(order) == sorted(product((False, True), repeat=people)) for order in orders)
    assert len(orders) >= different_orders


def test_every_answer_is_the_first_as_often_as_any_other() -> None:
    first = [search(PUZZLE, seed=seed).tries[0].roles for seed in range(4000)]
    for roles in product((False, True), repeat=3):
        assert 400 < first.count(roles) < 600


def test_given_candidates_are_tried_in_order_and_only_until_one_fits() -> None:
    taken: list[Solution] = []

    def candidates() -> Iterator[Solution]:
        for roles in ((True, True, True), (True, True, True), (False, True, False), (False, False, False)):
            taken.append(roles)
            yield roles

    result = search(PUZZLE, candidates())
    assert taken == [(True, True, True), (True, True, True), (False, True, False)]
    assert [attempt.roles for attempt in result.tries] == taken
    assert result.found == (False, True, False)


def test_a_search_without_a_fit_has_found_nothing() -> None:
    assert search(PUZZLE, []).found is None
    assert search(PUZZLE, [(True, True, True)]).found is None
    assert search(decode("Ann 0:-0")).found is None
    # Without statements, everything fits.
    assert search(Puzzle(("Ann",), ())).tries[0].checks == ()
    assert search(Puzzle(("Ann",), ())).found is not None


def test_the_package_exports_the_search() -> None:
    assert knk.search(PUZZLE) == search(PUZZLE)
    assert isinstance(knk.search(PUZZLE), knk.Search)
    assert knk.search(PUZZLE).tries[0] == try_roles(PUZZLE, knk.search(PUZZLE).tries[0].roles)
    assert isinstance(try_roles(PUZZLE, (True, True, True)), knk.Try)


def test_candidates_of_many_people_can_be_tried() -> None:
    (puzzle,) = generate(people=50, n=1, seed=3)
    solution = knk.solve(puzzle)
    wrong = tuple(not knight for knight in solution)
    assert search(puzzle, [wrong, solution]).found == solution


def test_too_many_people_are_refused() -> None:
    (puzzle,) = generate(people=MAX_PEOPLE + 1, n=1, seed=3)
    with pytest.raises(BadPuzzle, match="expected at most 16 people to try all their roles, got 17: give candidates"):
        search(puzzle)


@pytest.mark.parametrize(
    ("roles", "error"),
    [
        ((True, True), "expected 3 roles, one for each person, got 2"),
        ((True,) * 4, "expected 3 roles, one for each person, got 4"),
        ((True, 1, False), "expected True for a knight or False for a knave, got 1"),
        ("TFT", "expected a tuple of 3 roles, True for a knight, got str"),
        (None, "expected a tuple of 3 roles, True for a knight, got NoneType"),
    ],
)
def test_a_wrong_candidate_is_refused(roles: Any, error: str) -> None:
    with pytest.raises(BadSpec, match=f"^roles: {error}$"):
        try_roles(PUZZLE, roles)
    with pytest.raises(BadSpec, match=f"^candidate 2: {error}$"):
        search(PUZZLE, [(True, True, True), roles])


def test_wrong_arguments_are_refused() -> None:
    wrong: Any
    for wrong in ("Ann 0:+0", None):
        with pytest.raises(BadPuzzle, match="expected a Puzzle, got"):
            search(wrong)
        with pytest.raises(BadPuzzle, match="expected a Puzzle, got"):
            try_roles(wrong, (True,))
    for wrong in ("1", 1.0, True, None):
        with pytest.raises(BadSpec, match="expected an integer seed, got"):
            search(PUZZLE, seed=wrong)
    wrong = 3
    with pytest.raises(BadSpec, match="expected an iterable of candidates, got int"):
        search(PUZZLE, wrong)
