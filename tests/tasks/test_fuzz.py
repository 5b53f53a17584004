"""Mutated completions that are known to be right or wrong: no wrong one is accepted, and none takes long."""

import random

import pytest

from tests.support.fuzzing import MAKERS, fuzz, main


@pytest.mark.parametrize("task", sorted(MAKERS))
@pytest.mark.parametrize("n", [3_000, pytest.param(30_000, marks=pytest.mark.slow)])
def test_no_wrong_answer_is_accepted(task: str, n: int) -> None:
    report = fuzz(task, n, seed=n)
    assert report.n == n
    assert report.right.total() > n / 5
    assert n - report.right.total() > n / 2
    assert not report.wrong_accepted, str(report)
    assert report.rejection_rate < 0.01, str(report)
    assert report.slowest < 1


@pytest.mark.parametrize("task", sorted(MAKERS))
def test_the_same_seed_makes_the_same_cases(task: str) -> None:
    first, again = ([MAKERS[task](rng) for _ in range(200)] for rng in (random.Random(3), random.Random(3)))
    assert first == again
    assert len({case.completion for case in first}) > 190
    assert len({case.origin for case in first}) > 10


def test_the_fuzzer_detects_a_generous_verifier(monkeypatch: pytest.MonkeyPatch) -> None:
    from knk.answers.verdict import Verdict
    from knk.tasks import mmlu_pro

    def generous(completion: str, row: dict[str, object]) -> Verdict:
        return Verdict(str(row["answer"]) in completion, "wrong")

    monkeypatch.setattr(mmlu_pro, "verify", generous)
    report = fuzz("mmlu_pro", 300, seed=1)
    assert len(report.wrong_accepted) > 50
    assert "accepted though wrong" in str(report)


def test_an_error_names_its_case(monkeypatch: pytest.MonkeyPatch) -> None:
    from knk.tasks import kk

    def broken(completion: str, row: dict[str, object]) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(kk, "verify", broken)
    with pytest.raises(ZeroDivisionError) as raised:
        fuzz("kk", 1, seed=1)
    assert "Case(row=" in raised.value.__notes__[0]


def test_the_command_prints_a_report(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["kk", "--n", "50", "--seed", "2"]) == 0
    assert b"wrong, accepted: 0 of " in capfdbinary.readouterr().out
