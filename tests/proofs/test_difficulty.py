"""Difficulty: the measures mean what they say, and depend on nothing but the puzzle."""

from collections import Counter
from dataclasses import replace
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knk.errors import GaveUp, ManySolutions, NoSolution
from knk.generation.generate import generate
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution
from knk.proofs.difficulty import (
    GRADES,
    MEASURES,
    Difficulty,
    difficulty,
    grade_bounds,
)
from knk.proofs.trace import trace
from tests.support.proofs import NESTED, solvable

Known = dict[int, bool]


class Trials:
    """Nesting and rounds by trying all assignments, slowly and without any of the library's propagation."""

    def __init__(self, puzzle: Puzzle) -> None:
        everyone = list(product((False, True), repeat=len(puzzle.names)))
        self.people = range(len(puzzle.names))
        self.allowed = [
            [roles for roles in everyone if roles[who] == bool(what.value(roles, True))]
            for who, what in puzzle.statements
        ]

    def round(self, known: Known) -> Known | None:
        """All roles that one statement forces, added to those known; None at a contradiction."""
        forced = dict(known)
        for allowed in self.allowed:
            left = [roles for roles in allowed if all(roles[p] == role for p, role in known.items())]
            if not left:
                return None
            for p in self.people:
                if len({roles[p] for roles in left}) == 1 and forced.setdefault(p, left[0][p]) != left[0][p]:
                    return None
        return forced

    def closed(self, known: Known | None, depth: int) -> tuple[Known | None, int]:
        """All that follows by suppositions nested so deep, and in how many rounds by propagation alone."""
        rounds = 0
        while known is not None:
            after = self.round(known)
            if after == known:
                break
            rounds += after is not None
            known = after
        if known is not None and depth:
            for p, role in product(self.people, (False, True)):
                if p not in known and self.closed(known | {p: role}, depth - 1)[0] is None:
                    return self.closed(known | {p: not role}, depth)
        return known, rounds

    def nesting(self) -> int:
        """The least nesting that finds everybody's role."""
        return next(n for n in range(len(self.people) + 1) if len(self.closed({}, n)[0] or ()) == len(self.people))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Ann,Bob 0:&(-0,-1)", Difficulty(1, 2, 1, 2, rounds=1, suppositions=0, nesting=0, steps=2)),
        # Each in turn tells of the next, from the last on.
        (
            "Ann,Bob,Cid 0:-1 1:-2 2:|(+2,-2)",
            Difficulty(1, 3, 3, 1, rounds=3, suppositions=0, nesting=0, steps=3),
        ),
        # Suppose Ann a knight: Bob and Cid are knaves, which Bob denies. So she is a knave, and Bob a knight.
        (
            "Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)",
            Difficulty(2, 3, 3, 2, rounds=1, suppositions=1, nesting=1, steps=7),
        ),
        (NESTED, Difficulty(4, 4, 4, 2, rounds=1, suppositions=2, nesting=2, steps=17)),
    ],
)
def test_measures_of_puzzles_worked_out_by_hand(line: str, expected: Difficulty) -> None:
    assert difficulty(decode(line)) == expected


def test_grades_of_all_classic_puzzles_of_three_people() -> None:
    grades = Counter(difficulty(puzzle).grade for puzzle in generate(people=3, n=1964, seed=2))
    assert grades == {1: 1302, 2: 540, 3: 122}


@settings(max_examples=50)
@given(solvable())
def test_rounds_and_nesting_agree_with_trials(planted: tuple[Puzzle, Solution]) -> None:
    puzzle, _ = planted
    measures, trials = difficulty(puzzle), Trials(puzzle)
    assert measures.nesting == trials.nesting() == trace(puzzle).nesting
    assert (measures.suppositions == 0) == (measures.nesting == 0)
    if not measures.nesting:
        assert (measures.rounds, measures.steps) == (trials.closed({}, 0)[1], len(puzzle.names))


@settings(max_examples=50)
@given(solvable(), st.randoms(use_true_random=False))
def test_names_and_order_make_no_difference(planted: tuple[Puzzle, Solution], random: Random) -> None:
    puzzle, _ = planted
    order = list(range(len(puzzle.names)))
    random.shuffle(order)
    moved = puzzle.reordered(order)
    utterances = list(moved.statements)
    random.shuffle(utterances)
    assert difficulty(Puzzle(tuple("VWXYZ"[: len(order)]), tuple(utterances), ("owl", "fox"))) == difficulty(puzzle)


@pytest.mark.parametrize("preset", ["classic", "rich"])
def test_order_makes_no_difference_to_generated_puzzles(preset: str) -> None:
    for puzzle in generate(preset=preset, people=(5, 8), n=60, seed=4):
        moved = puzzle.reordered(reversed(range(len(puzzle.names))))
        assert difficulty(replace(moved, statements=moved.statements[::-1])) == difficulty(puzzle)


def test_a_repeated_statement_changes_only_the_number_of_statements() -> None:
    puzzle = decode(NESTED)
    twice = replace(puzzle, statements=puzzle.statements * 2)
    assert difficulty(twice) == replace(difficulty(puzzle), statements=8)


def test_grades_match_the_required_technique() -> None:
    for puzzle in generate(preset="rich", people=5, n=200, seed=9):
        measures = difficulty(puzzle)
        expected = 1 + min(measures.suppositions, 2) if measures.nesting < 2 else 4 if measures.nesting == 2 else 5
        assert measures.grade == expected <= len(GRADES)


def test_puzzles_of_fifty_people_have_a_difficulty() -> None:
    for puzzle in generate(people=50, n=1, seed=3):
        assert difficulty(puzzle).people == 50


@pytest.mark.parametrize(("line", "error"), [("Ann 0:-0", NoSolution), ("Ann 0:+0", ManySolutions)])
def test_only_puzzles_of_one_solution_have_a_difficulty(line: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        difficulty(decode(line))


def test_a_search_ends_at_its_patience() -> None:
    with pytest.raises(GaveUp):
        difficulty(decode(NESTED), patience=20)


def test_a_grade_bounds_the_measures() -> None:
    grades = set()
    for puzzle in [*generate(preset="rich", people=(3, 8), n=300, seed=9), decode(NESTED)]:
        measured = difficulty(puzzle)
        bounds = grade_bounds(measured.grade, measured.people)
        assert bounds.keys() == set(MEASURES)
        assert all(least <= getattr(measured, name) <= most for name, (least, most) in bounds.items())
        grades.add(measured.grade)
    assert grades >= {1, 2, 3, 4}
