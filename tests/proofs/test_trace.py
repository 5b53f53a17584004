"""Proofs that `trace` builds: pinned steps, soundness, completeness and limits."""

from dataclasses import replace

import pytest
from hypothesis import given

from knk.errors import GaveUp, ManySolutions, NoSolution
from knk.generation.generate import generate
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import solutions
from knk.proofs.check import check
from knk.proofs.rules import closed
from knk.proofs.steps import Contradiction, Follows, Retract, Suppose, Verified
from knk.proofs.trace import trace
from tests.support.proofs import NESTED, SAMPLES, judged, solvable
from tests.support.strategies import puzzles


def test_propagation_needs_no_supposition() -> None:
    proof = trace(decode("Ann,Bob 0:&(-0,-1)"))
    assert proof.steps == (Follows(0, (), 0, False), Follows(0, (), 1, True))
    assert proof.verified == (Verified(0, False),)


def test_the_shortest_supposition_is_refuted_and_retracted() -> None:
    proof = trace(decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)"))
    under = (Follows(0, (0,), 1, False), Follows(2, (0,), 2, False), Contradiction(1, (1, 2)))
    assert proof.steps == (
        Suppose(0, True, under),
        Retract(0, False),
        Follows(0, (0,), 1, True),
        Follows(1, (1,), 2, False),
    )
    assert (proof.length, proof.suppositions, proof.nesting) == (7, 1, 1)


def test_suppositions_are_nested_where_propagation_refutes_none() -> None:
    inner = (Follows(2, (0, 1), 2, True), Follows(3, (0, 1), 3, True), Contradiction(0, (0, 2, 3)))
    under = (
        Suppose(1, True, inner),
        Retract(1, False),
        Follows(2, (0, 1), 2, False),
        Follows(3, (0, 1), 3, False),
        Contradiction(0, (0, 2, 3)),
    )
    proof = trace(decode(NESTED))
    assert proof.steps[:2] == (Suppose(0, True, under), Retract(0, False))
    assert (proof.length, proof.suppositions, proof.nesting) == (17, 3, 2)
    check(proof)


@pytest.mark.parametrize(("line", "error"), [("Ann 0:-0", NoSolution), ("Ann 0:+0", ManySolutions)])
def test_only_puzzles_of_one_solution_have_proofs(line: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        trace(decode(line))


@given(puzzles(most_people=5))
def test_a_proof_is_checked_and_ends_at_the_solution(puzzle: Puzzle) -> None:
    expected = list(solutions(puzzle))
    if len(expected) != 1:
        with pytest.raises(ManySolutions if expected else NoSolution):
            trace(puzzle)
        return
    proof = trace(puzzle)
    check(proof)
    assert proof.solution == expected[0]
    assert judged(proof)


@given(solvable())
def test_every_solvable_puzzle_has_a_proof(planted: tuple[Puzzle, tuple[bool, ...]]) -> None:
    puzzle, roles = planted
    proof = trace(puzzle)
    check(proof)
    assert judged(proof)
    assert proof.solution == roles


@pytest.mark.parametrize("puzzle", SAMPLES, ids=range(len(SAMPLES)))
def test_renaming_changes_no_step(puzzle: Puzzle) -> None:
    renamed = replace(puzzle, names=tuple(f"Someone{n}" for n in range(len(puzzle.names))), roles=("owl", "fox"))
    assert trace(renamed).steps == trace(puzzle).steps
    check(trace(puzzle.reordered(reversed(range(len(puzzle.names))))))


def test_puzzles_of_fifty_people_are_proved() -> None:
    for puzzle in (*generate(people=50, n=1, seed=3), *generate(preset="rich", people=50, n=1, seed=3)):
        proof = trace(puzzle)
        check(proof)
        assert len(proof.solution) == 50


@pytest.mark.slow
def test_puzzles_of_two_hundred_people_are_proved_or_given_up() -> None:
    for preset in ("classic", "rich"):
        for puzzle in generate(preset=preset, people=200, n=2, seed=5):
            try:
                check(trace(puzzle))
            except GaveUp as error:
                assert "200 people" in str(error)  # noqa: PT017 - which of the two is not the point


def test_a_search_ends_at_its_patience() -> None:
    with pytest.raises(GaveUp):
        trace(decode(NESTED), patience=20)


def test_proofs_do_not_depend_on_earlier_runs() -> None:
    closed.__globals__["rule_of"].cache_clear()
    first = [trace(puzzle) for puzzle in SAMPLES]
    assert [trace(puzzle) for puzzle in reversed(SAMPLES)] == first[::-1]
