"""MATH as a task: its rows and splits, and a verifier that is hard to fool and does not hang."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knk.answers.verdict import Verdict
from knk.errors import BadFile, BadRow, MissingPackage
from knk.parallel.pool import Outcome
from knk.tasks import load
from knk.tasks.hendrycks_math import (
    TRAIN,
    prompt,
    rows,
    verify,
    verify_many,
)
from knk.tasks.math import verdicts
from knk.tasks.math.answers import read_answer
from knk.tasks.math.boxes import boxes
from knk.tasks.math.forms import plain
from knk.tasks.math.numbers import number_of
from knk.tasks.math.values import differ
from knk.tasks.math.verdicts import Job, MathVerify, verdicts_on
from knk.tasks.source import Source
from tests.support.attacks.math import ATTACKS, boxed, tagged
from tests.support.growth import assert_linear
from tests.support.paths import ROOT

DATA = Path(os.environ.get("KNK_DATA", ROOT.parent / "shared" / "data"))
PUBLISHED, TRAINING = DATA / "math500.jsonl.gz", DATA / "math-train-answers.jsonl.gz"
needs_data = pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published problems are missing; set KNK_DATA")


def item(number: int, **changes: Any) -> dict[str, Any]:
    """Return a row as in the published test set."""
    return {
        "problem": f"What is ${number} + {number}$?",
        "solution": rf"It is $\boxed{{{2 * number}}}$.",
        "answer": f"{2 * number}",
        "subject": "Algebra",
        "level": number % 5 + 1,
        "unique_id": f"test/algebra/{number}.json",
        **changes,
    }


def trained(number: int, **changes: Any) -> dict[str, Any]:
    """Return a row as in the published training set."""
    return {
        "problem": f"What is ${number} + {number}$?",
        "level": f"Level {number % 5 + 1}",
        "type": "Algebra",
        "solution": rf"It is not $\boxed{{0}}$ but $\boxed{{\frac{{{4 * number}}}{{2}}}}.$",
        **changes,
    }


def written(items: list[dict[str, Any]], path: Path) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in items), encoding="utf-8")
    return path


def row(answer: str, problem: str = "") -> dict[str, str]:
    return {"answer": answer, "problem": problem}


# Rows and splits.


def test_test_rows_are_the_published_rows_with_an_id(tmp_path: Path) -> None:
    first = next(rows("test", written([item(7)], tmp_path / "test.jsonl")))
    assert first == {
        "id": first["id"],
        "problem": "What is $7 + 7$?",
        "answer": "14",
        "subject": "Algebra",
        "level": 3,
    }


def test_training_rows_have_the_answer_of_the_last_box(tmp_path: Path) -> None:
    first = next(rows("train", written([trained(7)], tmp_path / "train.jsonl"), n=1))
    assert (first["answer"], first["level"], first["subject"]) == (r"\frac{28}{2}", 3, "Algebra")
    unbraced = trained(7, solution=r"It is $\boxed 2$.")
    assert next(rows("train", written([unbraced], tmp_path / "train.jsonl"), n=1))["answer"] == "2"


def test_an_unknown_level_is_0(tmp_path: Path) -> None:
    assert next(rows("test", written([item(1, level="Level ?")], tmp_path / "test.jsonl")))["level"] == 0


@pytest.mark.parametrize("changes", [{"level": "Level 9"}, {"problem": None}, {"answer": 5}, {"level": None}])
def test_rows_of_another_dataset_are_errors(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(BadRow):
        list(rows("test", written([item(1, **changes)], tmp_path / "test.jsonl")))


def test_a_solution_without_an_answer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadRow, match="boxed"):
        list(rows("train", written([trained(1, solution="Nobody knows.")], tmp_path / "train.jsonl"), n=1))


def test_training_items_do_not_depend_on_the_order(tmp_path: Path) -> None:
    items = [trained(number) for number in range(50)]
    first = {row["id"] for row in rows("train", written(items, tmp_path / "a.jsonl"), n=20)}
    again = {row["id"] for row in rows("train", written(items[::-1], tmp_path / "b.jsonl"), n=20)}
    assert first == again
    assert len(first) == 20
    assert {row["id"] for row in rows("train", tmp_path / "a.jsonl", n=5)} < first
    with pytest.raises(BadFile, match="51"):
        rows("train", tmp_path / "a.jsonl", n=51)


def test_no_training_item_is_held_out_when_the_sets_overlap(tmp_path: Path) -> None:
    train = written([trained(number) for number in range(40)], tmp_path / "train.jsonl")
    test = written(
        [item(number, problem=f"What  is ${number} + {number}$?") for number in range(60)], tmp_path / "t.jsonl"
    )
    chosen = {row["id"] for row in rows("train", train, n=30)}
    held_out = [row["id"] for row in rows("held-out", test, train=train, n=30)]
    assert len(held_out) == 30
    assert not chosen & set(held_out)
    assert len(list(rows("test", test))) == 60


def test_held_out_needs_the_training_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = written([item(1)], tmp_path / "test.jsonl")

    def offline(*_: Any) -> Iterator[Any]:
        raise ConnectionError("no network")

    monkeypatch.setattr(Source, "_downloaded", offline)
    with pytest.raises(ConnectionError):
        list(rows("held-out", test))
    with pytest.raises(BadFile, match="nowhere"):
        list(rows("held-out", test, train=tmp_path / "nowhere.jsonl"))


def test_every_part_of_the_training_set_is_loaded_from_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def load_dataset(repo: str, config: str, *, split: str, revision: str) -> list[dict[str, Any]]:
        asked.append((repo, config, split, revision))
        return [trained(len(asked))]

    monkeypatch.setitem(sys.modules, "datasets", cast("ModuleType", SimpleNamespace(load_dataset=load_dataset)))
    assert len(list(rows("train", n=7))) == 7
    assert [config for _, config, _, _ in asked] == list(TRAIN.configs)
    assert {(repo, split, revision) for repo, _, split, revision in asked} == {(TRAIN.repo, "train", TRAIN.revision)}


def test_the_task_has_a_name_and_a_prompt() -> None:
    task = load("hendrycks_math")
    assert task.NAME == "hendrycks_math"
    paper = prompt(row("2", "What is $1+1$?"))
    assert isinstance(paper, str)
    assert "What is $1+1$?" in paper
    assert paper.endswith("Assistant: <think>\n")
    assert r"\boxed{}" in paper


# The judge.


def test_every_attack_gets_its_reason() -> None:
    verdicts = verify_many(
        [attack.completion for attack in ATTACKS], [row(attack.gold, attack.problem) for attack in ATTACKS]
    )
    got = {attack.idea: verdict.reason for attack, verdict in zip(ATTACKS, verdicts, strict=True)}
    assert [
        attack.idea for attack, verdict in zip(ATTACKS, verdicts, strict=True) if verdict.reason != attack.reason
    ] == [], got
    assert all(verdict.correct is (verdict.reason == "right") for verdict in verdicts)


def test_the_attack_corpus_is_large_and_varied() -> None:
    wrong = [attack for attack in ATTACKS if attack.reason != "right"]
    assert len(wrong) >= 60
    assert all(attack.idea for attack in ATTACKS)
    assert len({(attack.gold, attack.completion, attack.problem) for attack in ATTACKS}) == len(ATTACKS)


def test_completions_may_be_messages() -> None:
    assert verify([{"role": "assistant", "content": boxed("5")}], row("5"))


def test_rows_without_an_answer_or_a_problem_are_errors() -> None:
    with pytest.raises(BadRow):
        verify(boxed("5"), {"problem": "?"})
    with pytest.raises(BadRow):
        verify(boxed("5"), {"answer": "5"})


def test_an_empty_gold_answer_has_no_verdict() -> None:
    assert verify(boxed("5"), row("")) == Verdict(None, "failed", detail="the gold answer is empty")


def test_the_error_for_missing_math_verify_names_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "_is_installed", lambda: False)
    with pytest.raises(MissingPackage, match=r"pip install '\.\[math\]'"):
        verify(boxed("5"), row("5"))


def test_math_verify_stays_in_the_workers_which_end_silently() -> None:
    question, gold = boxed(r"\sqrt{20}"), row(r"2\sqrt{5}")
    code = (
        f"import sys; from knk.tasks.hendrycks_math import verify; print(verify({question!r}, {gold!r})); "
        "print(*{'math_verify', 'sympy'} & set(sys.modules))"
    )
    root = str(ROOT)
    process = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
        check=False,
    )
    assert (process.stdout, process.stderr) == ("right: \\sqrt{20}\n\n", "")


def test_verify_works_in_other_threads() -> None:
    with ThreadPoolExecutor(4) as threads:
        verdicts = threads.map(lambda _: verify(boxed(r"\sqrt{20}"), row(r"2\sqrt{5}")).correct, range(8))
    assert list(verdicts) == [True] * 8


def test_equal_questions_are_verified_once() -> None:
    asked: list[Job] = []

    def run(jobs: list[Job]) -> list[Outcome]:
        asked.extend(jobs)
        return [Outcome("done", ["right", ""])] * len(jobs)

    assert all(verdicts_on([boxed(r"\sqrt{20}")] * 50, [row(r"2\sqrt{5}")] * 50, MathVerify(run)))
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("ending", "sound", "verdict"),
    [
        ("timed out", True, Verdict(False, "unreadable", detail="timed out twice")),
        ("no memory", True, Verdict(False, "unreadable", detail="no memory twice")),
        ("timed out", False, Verdict(None, "timed out", detail="timed out")),
        ("died", True, Verdict(None, "failed", detail="died")),
        ("died", False, Verdict(None, "failed", detail="died")),
    ],
)
def test_a_failure_counts_against_the_completion_only_if_the_gold_answer_is_sound(
    ending: Any, sound: bool, verdict: Verdict
) -> None:
    def run(jobs: list[Job]) -> list[Outcome]:
        return [Outcome(ending) if "answer" in job else Outcome("done", sound) for job in jobs]

    assert verdicts_on([boxed(r"\sqrt{20}")], [row(r"2\sqrt{5}")], MathVerify(run)) == [verdict]


def test_a_slow_machine_gets_a_second_try() -> None:
    outcomes = iter([Outcome("timed out"), Outcome("done", ["right", ""])])

    def run(jobs: list[Job]) -> list[Outcome]:
        return [next(outcomes) for _ in jobs]

    assert verdicts_on([boxed(r"\sqrt{20}")], [row(r"2\sqrt{5}")], MathVerify(run)) == [
        Verdict(True, "right", detail=r"\sqrt{20}")
    ]


@given(st.text(max_size=60), st.sampled_from(["5", r"\frac{1}{2}", r"\text{even}", "(1,2)"]))
@settings(max_examples=300)
def test_any_text_can_be_read(text: str, gold: str) -> None:
    answer = read_answer(text, gold)
    assert (answer.problem is None) is bool(answer.text)
    assert isinstance(plain(text), str)
    assert number_of(plain(text)) is None or answer.problem in (None, "unreadable")
    differ(gold, plain(text))
    boxes(text)


@given(st.fractions(max_denominator=1000), st.booleans())
def test_a_written_number_is_read_back(number: Fraction, spaced: bool) -> None:
    gap = " " if spaced else ""
    sign = "-" if number < 0 else ""
    text = rf"{sign}\frac{gap}{{{abs(number.numerator)}}}{gap}{{{number.denominator}}}"
    read_back = number_of(plain(text))
    assert read_back is not None
    assert read_back.value == number


PIECES = ("{", "}", "(", r"\text{", r"\frac", r"\boxed{", "1,", "x=", r"\left.", "^{", "a ", "1 ", r"\text{a}")


@pytest.mark.parametrize("piece", PIECES)
def test_long_completions_take_linear_time(piece: str) -> None:
    def verified(n: int) -> None:
        verify(tagged(rf"\boxed{{{piece * n}}}") + tagged(piece * n), row("5"))

    assert_linear(verified, 2500)


@pytest.mark.parametrize("piece", PIECES)
def test_unbalanced_texts_can_be_read(piece: str) -> None:
    assert isinstance(read_answer((piece * 200)[:150], "5").text, str)
    assert isinstance(plain((piece * 200)[:600]), str)


# The published problems.


@pytest.fixture(scope="module")
def published() -> list[dict[str, Any]]:
    with gzip.open(PUBLISHED, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@needs_data
def test_official_solutions_are_right_and_those_of_other_problems_wrong(published: list[dict[str, Any]]) -> None:
    problems = list(rows("test", PUBLISHED))
    solutions = [row["solution"] for row in published]
    assert sum(map(bool, verify_many(solutions, problems))) == 500
    for index, verdict in enumerate(verify_many(solutions[1:] + solutions[:1], problems)):
        if verdict:
            assert problems[index]["answer"] in (
                problems[(index + 1) % 500]["answer"],
                problems[(index + 1) % 500]["answer"][2:],
            )


@needs_data
def test_gold_answers_in_another_spelling_are_right(published: list[dict[str, Any]]) -> None:
    problems = [*rows("test", PUBLISHED), *rows("train", TRAINING, n=7500)]
    known = [row for row in problems if row["answer"]]
    respelled = [row["answer"].replace(r"\frac", r"\dfrac").replace(r"\left", r"\Big") for row in known]
    respelled = [text.replace(r"\right", r"\Big") for text in respelled]
    assert len(known) == 7998
    verdicts = verify_many([boxed(f"${text}$") for text in respelled], known)
    assert [row["answer"] for row, verdict in zip(known, verdicts, strict=True) if not verdict] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_no_wrong_mutated_completion_is_accepted(seed: int) -> None:
    from tests.support.fuzz_math import run

    result = run(3000, seed)
    assert result.wrong_accepted == []
    assert result.right_rejected == []
    assert len(result.undecided) < 10
    assert not {"failed", "timed out"} & set(result.reasons)
