"""Answers that cheat, and honest answers in unusual forms: which are right, and why the others are not."""

from collections import Counter

import pytest

from knk.answers.verdict import Verdict
from knk.answers.verify import verify
from knk.logic.notation import encode
from knk.logic.solver import solve
from knk.tasks import load
from tests.support.attacks.kk import ATTACKS, JACKS, Attack


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.idea for attack in ATTACKS])
def test_verdict(attack: Attack) -> None:
    verdict = verify(attack.completion, attack.puzzle)
    assert verdict.correct is attack.correct, verdict
    assert verdict.correct is (verdict.reason == "right")
    if attack.reason:
        assert verdict.reason == attack.reason


def test_the_task_gives_the_same_verdicts() -> None:
    task = load("kk")
    rows = [{"puzzle": encode(attack.puzzle)} for attack in ATTACKS]
    verdicts = task.verify_many([attack.completion for attack in ATTACKS], rows)
    assert verdicts == [verify(attack.completion, attack.puzzle) for attack in ATTACKS]


def test_the_corpus_is_large_and_varied_and_has_no_duplicate_case() -> None:
    ideas = [(attack.idea, attack.puzzle) for attack in ATTACKS]
    assert len(set(ideas)) == len(ideas)
    assert len({attack.completion for attack in ATTACKS}) == len(ATTACKS) >= 150
    assert Counter(attack.correct for attack in ATTACKS)[False] >= 150
    assert {len(attack.puzzle.names) for attack in ATTACKS} >= {2, 3, 4, 5, 6, 7}


def test_the_corpus_puzzles_have_their_documented_solutions() -> None:
    assert dict(zip(JACKS.names, solve(JACKS), strict=True)) == {"Jack": False, "Jackson": True}
    assert all(solve(attack.puzzle) for attack in ATTACKS)


def test_a_verdict_lists_the_claims_of_a_complete_answer() -> None:
    assert verify("Jack: knave, Jackson: knight", JACKS) == Verdict(True, "right", (("Jack", False), ("Jackson", True)))
