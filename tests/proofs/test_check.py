"""`check` accepts every sound proof and refuses every small change that is unsound."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from knk.errors import BadTrace
from knk.logic.notation import decode
from knk.logic.puzzle import Utterance
from knk.logic.statements import (
    Not,
)
from knk.proofs.check import check
from knk.proofs.steps import Contradiction, Follows, Retract, Step, Suppose, Trace, Verified
from knk.proofs.trace import trace
from tests.support.proofs import NESTED, SAMPLES, judged


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
def test_errors_name_the_step(change: dict[str, Any], place: str, problem: str) -> None:
    proof = trace(decode("Ann,Bob 0:&(-0,-1)"))
    first = replace(proof.steps[0], **change)
    with pytest.raises(BadTrace, match=problem) as caught:
        check(replace(proof, steps=(first, *proof.steps[1:])))
    assert caught.value.step == place


def test_errors_inside_suppositions_give_the_path_of_the_step() -> None:
    proof = trace(decode(NESTED))
    outer = proof.steps[0]
    assert isinstance(outer, Suppose)
    inner = outer.steps[0]
    assert isinstance(inner, Suppose)
    worse = replace(inner, steps=(*inner.steps[:-1], Contradiction(0, (2, 3))))
    with pytest.raises(BadTrace) as caught:
        check(replace(proof, steps=(replace(outer, steps=(worse, *outer.steps[1:])), *proof.steps[1:])))
    assert caught.value.step == "1.1.3"


def test_objects_that_are_not_steps_are_refused() -> None:
    proof = trace(decode("Ann,Bob 0:&(-0,-1)"))
    with pytest.raises(BadTrace, match="Verified is no step"):
        check(replace(proof, steps=(*proof.verified, *proof.steps)))  # type: ignore[arg-type]


def test_a_proof_of_a_puzzle_with_two_solutions_is_refused() -> None:
    with pytest.raises(BadTrace, match="does not end in a contradiction"):
        check(Trace(decode("Ann 0:+0"), (Suppose(0, False, ()), Retract(0, True)), (Verified(0, True),), (True,)))


def test_a_proof_by_cases_does_not_prove_a_unique_solution() -> None:
    puzzle = decode("Ann,Bob 0:S(0,1)")
    steps = (Follows(0, (), 1, True), Suppose(0, False, (Contradiction(0, (0, 1)),)), Retract(0, True))
    with pytest.raises(BadTrace):
        check(Trace(puzzle, steps, (Verified(0, True),), (True, True)))
