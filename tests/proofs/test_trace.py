"""Proofs: what `trace` builds is sound and complete, and `check` tells every sound proof from every other."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knk.errors import BadTrace, GaveUp, ManySolutions, NoSolution
from knk.generation.generate import generate
from knk.logic.meaning import meaning
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.solver import solutions
from knk.logic.statements import (
    And,
    Iff,
    Knave,
    Knight,
    Not,
    Or,
)
from knk.proofs.check import check
from knk.proofs.rules import Rule, _FoldedRule, _NarrowRule, _SatRule, closed, rule_of
from knk.proofs.states import CONFLICT, bit_of, people_of
from knk.proofs.steps import Contradiction, Follows, Retract, Step, Suppose, Trace, Verified
from knk.proofs.trace import trace
from tests.support.strategies import puzzles, statements

NESTED = "Ann,Bob,Cid,Dora 0:=(-3,+2) 1:=(-2,+3) 2:=(+1,+0) 3:=(-1,-0)"
WIDE = "Ann,Bob,Cid,Dora,Eve,Finn,Gus,Hal,Ida,Jan 0:K=3(0,1,2,3,4,5,6,7,8,9) 1:&(-0,V>=7(0,1,2,3,4,5,6,7,8,9)) "
SAMPLES = [
    *(decode(line) for line in ("Ann,Bob 0:&(-0,-1)", "Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)", NESTED)),
    *generate(people=(3, 6), n=12, seed=11),
    *generate(preset="rich", people=(3, 5), n=12, seed=12),
]


# What a proof looks like.


def test_what_follows_at_once_is_found_without_supposing() -> None:
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
    found = list(solutions(puzzle))
    if len(found) != 1:
        with pytest.raises(ManySolutions if found else NoSolution):
            trace(puzzle)
        return
    proof = trace(puzzle)
    check(proof)
    assert proof.solution == found[0]
    assert judged(proof)


@st.composite
def solvable(draw: st.DrawFn) -> tuple[Puzzle, tuple[bool, ...]]:
    """A puzzle of any statements and its only solution."""
    roles = draw(st.lists(st.booleans(), min_size=2, max_size=5).map(tuple))
    people = len(roles)
    drawn = draw(st.lists(st.tuples(st.integers(0, people - 1), statements(people)), max_size=6))
    fitting = [Utterance(who, what if what.value(roles, True) == roles[who] else Not(what)) for who, what in drawn]
    while True:
        puzzle = Puzzle(tuple("ABCDE"[:people]), tuple(fitting))
        others = [other for other in solutions(puzzle) if other != roles]
        if not others:
            return puzzle, roles
        # "I am a knight if and only if this is so" is said only where it is so.
        person = next(p for p in range(people) if others[0][p] != roles[p])
        so = Knight(person) if roles[person] else Knave(person)
        speaker = draw(st.integers(0, people - 1))
        fitting.append(Utterance(speaker, Iff(so, Knight(speaker))))


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


def test_fifty_people_are_no_trouble() -> None:
    for puzzle in (*generate(people=50, n=1, seed=3), *generate(preset="rich", people=50, n=1, seed=3)):
        proof = trace(puzzle)
        check(proof)
        assert len(proof.solution) == 50


@pytest.mark.slow
def test_two_hundred_people_are_proved_or_given_up() -> None:
    for preset in ("classic", "rich"):
        for puzzle in generate(preset=preset, people=200, n=2, seed=5):
            try:
                check(trace(puzzle))
            except GaveUp as error:
                assert "200 people" in str(error)  # noqa: PT017 - which of the two is not the point


def test_a_search_ends_at_its_patience() -> None:
    with pytest.raises(GaveUp):
        trace(decode(NESTED), patience=20)


def test_the_same_proof_comes_of_every_run() -> None:
    closed.__globals__["rule_of"].cache_clear()
    first = [trace(puzzle) for puzzle in SAMPLES]
    assert [trace(puzzle) for puzzle in reversed(SAMPLES)] == first[::-1]


# Rules.


def folded(said: Utterance) -> Rule:
    """The rule by classes."""
    meant = meaning(Iff(Knight(said.speaker), said.statement))
    return _FoldedRule(meant.classes, meant.table)


@settings(max_examples=60)
@given(statements(4), st.integers(0, 3), st.lists(st.sampled_from([None, True, False]), min_size=4, max_size=4))
def test_all_kinds_of_rule_force_what_all_fitting_roles_share(
    statement: Any, speaker: int, roles: list[bool | None]
) -> None:
    said = Utterance(speaker, statement)
    left = [
        full
        for full in product((False, True), repeat=4)
        if full[speaker] == bool(statement.value(full, True))
        and all(role in (None, have) for role, have in zip(roles, full, strict=True))
    ]
    for rule in (_NarrowRule(said), folded(said), _SatRule(said)):
        state = sum(bit_of(p, role) for p, role in enumerate(roles) if role is not None and p in rule.people)
        forced = rule.forced(state)
        if left:
            shared = [{full[p] for full in left} for p in range(4)]
            expected = [(p, min(s)) for p, s in enumerate(shared) if len(s) == 1 and p in rule.people]
            assert list(people_of(forced)) == expected
        else:
            assert forced == CONFLICT
        for goal in [0] if not left else [bit_of(*one) for one in people_of(forced ^ state)]:
            for using in rule.reasons(state, goal):
                less = sum(state & 3 << 2 * p for p in using)
                enough = rule.forced(less)
                assert enough == CONFLICT if not goal else enough & goal
                for spared in using:
                    rest = rule.forced(less & ~(3 << 2 * spared))
                    assert rest != CONFLICT if not goal else not rest & goal


def test_wide_statements_are_used_by_counting() -> None:
    puzzle = decode(WIDE + "2:+0 3:+1 4:-3 5:+4 6:+5 7:-6 8:-7 9:+7")
    assert isinstance(rule_of(puzzle.statements[0]), _FoldedRule)
    proof = trace(puzzle)
    check(proof)
    assert proof.solution == next(iter(solutions(puzzle)))


def test_statements_too_wide_to_tabulate_are_used_through_sat() -> None:
    pairs = [And(Knight(p), Knave(p + 1)) for p in range(0, 18, 2)]
    utterances = [Utterance(p, Knight(p + 1) if p % 2 else Knave(p + 1)) for p in range(17)]
    puzzle = Puzzle(tuple(f"P{n}" for n in range(18)), (*utterances, Utterance(17, Or(*pairs))))
    assert isinstance(rule_of(puzzle.statements[-1]), _SatRule)
    assert len(list(solutions(puzzle))) == 1
    proof = trace(puzzle)
    check(proof)
    assert proof.solution == next(iter(solutions(puzzle)))


def test_closing_a_state_stops_at_its_passes() -> None:
    rules = [rule_of(Utterance(person, Knave(person - 1))) for person in range(4, 0, -1)]
    once = closed(rules, bit_of(0, True), passes=1)
    assert once != closed(rules, bit_of(0, True)) == closed(rules, once)


# Checking: every small change of a proof is put to `check` and to a judge that tries all assignments.


class Judge:
    """Says whether a proof is sound and complete, by trying all assignments at every step."""

    def __init__(self, puzzle: Puzzle) -> None:
        self.puzzle = puzzle
        self.all_roles = list(product((False, True), repeat=len(puzzle.names)))

    def fitting(self, step: Follows | Contradiction, known: dict[int, bool]) -> list[tuple[bool, ...]]:
        """All assignments that fit the statement and the roles that a step uses."""
        speaker, statement = self.puzzle.statements[step.statement]
        return [
            roles
            for roles in self.all_roles
            if roles[speaker] == bool(statement.value(roles, True)) and all(roles[p] == known[p] for p in step.using)
        ]

    def passes(self, step: Step, before: Step | None, known: dict[int, bool]) -> bool:
        """Whether a step is sound after another."""
        if isinstance(before, Contradiction) or isinstance(before, Suppose) != isinstance(step, Retract):
            return False
        match step:
            case Follows():
                if step.person in known or not known.keys() >= set(step.using):
                    return False
                left = self.fitting(step, known)
                return bool(left) and all(roles[step.person] == step.knight for roles in left)
            case Contradiction():
                return known.keys() >= set(step.using) and not self.fitting(step, known)
            case Suppose(person, knight, steps):
                ends = bool(steps) and isinstance(steps[-1], Contradiction)
                return person not in known and ends and self.line(steps, known | {person: knight}) is not None
            case Retract(person, knight):
                return isinstance(before, Suppose) and (before.person, before.knight) == (person, not knight)

    def line(self, steps: tuple[Step, ...], known: dict[int, bool]) -> dict[int, bool] | None:
        """All roles known at the end of a line of argument, or None where it is not sound."""
        known = dict(known)
        for step, before in zip(steps, (None, *steps), strict=False):
            if not self.passes(step, before, known):
                return None
            if isinstance(step, Follows | Retract):
                known[step.person] = step.knight
        return None if steps and isinstance(steps[-1], Suppose) else known


def judged(proof: Trace) -> bool:
    """Whether a proof is sound and complete."""
    if any(isinstance(step, Contradiction) for step in proof.steps):
        return False
    known = Judge(proof.puzzle).line(proof.steps, {})
    if known is None or proof.solution != tuple(known.get(p) for p in range(len(proof.puzzle.names))):
        return False
    truths = [bool(statement.value(proof.solution, True)) for _, statement in proof.puzzle.statements]
    told = truths == [proof.solution[speaker] for speaker, _ in proof.puzzle.statements]
    return told and proof.verified == tuple(Verified(place, true) for place, true in enumerate(truths))


def changed_steps(steps: tuple[Step, ...], people: int, utterances: int) -> Iterator[tuple[Step, ...]]:
    """All small changes to a line of argument: steps dropped, doubled, swapped or altered, at any depth."""
    for at, step in enumerate(steps):
        before, after = steps[:at], steps[at + 1 :]
        yield before + after
        yield (*before, step, step, *after)
        if after:
            yield (*before, after[0], step, *after[1:])
        for other in changed_step(step, people, utterances):
            yield (*before, other, *after)
        if isinstance(step, Suppose):
            yield (*before, *step.steps, *after)
            for inner in changed_steps(step.steps, people, utterances):
                yield (*before, replace(step, steps=inner), *after)


def changed_step(step: Step, people: int, utterances: int) -> Iterator[Step]:
    """All changes to one step's references."""
    if not isinstance(step, Contradiction):
        yield replace(step, knight=not step.knight)
        yield from (replace(step, person=person) for person in range(people) if person != step.person)
    if isinstance(step, Follows | Contradiction):
        yield from (replace(step, statement=other) for other in range(utterances) if other != step.statement)
        yield from (replace(step, using=tuple(p for p in step.using if p != spared)) for spared in step.using)
        yield from (replace(step, using=(*step.using, more)) for more in range(people) if more not in step.using)


def changed(proof: Trace) -> Iterator[Trace]:
    """All small changes to a proof."""
    people, utterances = len(proof.puzzle.names), len(proof.puzzle.statements)
    for steps in changed_steps(proof.steps, people, utterances):
        yield replace(proof, steps=steps)
    for at, verified in enumerate(proof.verified):
        yield replace(proof, verified=proof.verified[:at] + proof.verified[at + 1 :])
        for other in (replace(verified, true=not verified.true), replace(verified, statement=verified.statement + 1)):
            yield replace(proof, verified=(*proof.verified[:at], other, *proof.verified[at + 1 :]))
    for person, role in enumerate(proof.solution):
        yield replace(proof, solution=(*proof.solution[:person], not role, *proof.solution[person + 1 :]))
    for at, (speaker, statement) in enumerate(proof.puzzle.statements):
        saying = list(proof.puzzle.statements)
        saying[at] = Utterance(speaker, Not(statement))
        yield replace(proof, puzzle=replace(proof.puzzle, statements=tuple(saying)))


def accepted(proof: Trace) -> bool:
    """Whether `check` passes a proof."""
    try:
        check(proof)
    except BadTrace:
        return False
    return True


def test_every_change_to_a_proof_is_refused_unless_it_leaves_it_sound() -> None:
    sound = unsound = 0
    for puzzle in SAMPLES:
        for other in changed(trace(puzzle)):
            verdict = judged(other)
            assert accepted(other) is verdict, other
            sound, unsound = sound + verdict, unsound + (not verdict)
    # Some changes only swap steps that do not need each other, or name one more role than is needed.
    assert sound > 100
    assert unsound > 2000


@pytest.mark.parametrize(
    ("change", "place", "problem"),
    [
        ({"statement": 7}, "1", "there is no statement 7"),
        ({"using": (1,)}, "1", "person 1 is used before it is known"),
        ({"person": 9}, "1", "no person 9"),
        ({"knight": True}, "1", "do not force"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change: dict[str, Any], place: str, problem: str) -> None:
    proof = trace(decode("Ann,Bob 0:&(-0,-1)"))
    first = replace(proof.steps[0], **change)
    with pytest.raises(BadTrace, match=problem) as caught:
        check(replace(proof, steps=(first, *proof.steps[1:])))
    assert caught.value.step == place


def test_a_wrong_step_within_suppositions_is_found_at_its_place() -> None:
    proof = trace(decode(NESTED))
    outer = proof.steps[0]
    assert isinstance(outer, Suppose)
    inner = outer.steps[0]
    assert isinstance(inner, Suppose)
    worse = replace(inner, steps=(*inner.steps[:-1], Contradiction(0, (2, 3))))
    with pytest.raises(BadTrace) as caught:
        check(replace(proof, steps=(replace(outer, steps=(worse, *outer.steps[1:])), *proof.steps[1:])))
    assert caught.value.step == "1.1.3"


def test_what_is_no_step_is_refused() -> None:
    proof = trace(decode("Ann,Bob 0:&(-0,-1)"))
    with pytest.raises(BadTrace, match="Verified is no step"):
        check(replace(proof, steps=(*proof.verified, *proof.steps)))  # type: ignore[arg-type]


def test_a_proof_of_a_puzzle_with_two_solutions_is_refused() -> None:
    with pytest.raises(BadTrace, match="does not end in a contradiction"):
        check(Trace(decode("Ann 0:+0"), (Suppose(0, False, ()), Retract(0, True)), (Verified(0, True),), (True,)))


def test_a_proof_by_cases_is_no_proof_of_one_solution() -> None:
    puzzle = decode("Ann,Bob 0:S(0,1)")
    steps = (Follows(0, (), 1, True), Suppose(0, False, (Contradiction(0, (0, 1)),)), Retract(0, True))
    with pytest.raises(BadTrace):
        check(Trace(puzzle, steps, (Verified(0, True),), (True, True)))
