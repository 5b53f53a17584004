"""What adapters share: rows by name and options, prompts, verdicts; and the error for a missing framework."""

import subprocess
import sys
from pathlib import Path

import pytest

from knk.answers.verdict import Verdict
from knk.errors import BadFile, BadRow, BadSpec, BadTask, NoVerdict
from knk.integrations.common import chat_prompt, rows_of, score_of, verdict_of, verifier_columns
from knk.tasks import NAMES, kk, load
from tests.support.completions import cases, unknown, write_mmlu

FRAMEWORKS = {"reasoning_gym": "reasoning-gym", "inspect_ai": "inspect", "verifiers": "verifiers"}


def test_rows_match_the_task() -> None:
    assert rows_of("kk", "held-out", n=4, seed=2) == list(kk.rows("held-out", n=4, seed=2))
    graded = rows_of("kk", "train", n=3, people=[3, 4], grade=2, seed=None)
    assert all(row["people"] in (3, 4) for row in graded)
    assert rows_of("kk", "train", n=3, people="3-4", grade=2) == graded


def test_rows_of_other_tasks(tmp_path: Path) -> None:
    write_mmlu(tmp_path / "math.jsonl")
    rows = rows_of("mmlu_pro", "train", tmp_path / "math.jsonl", subject="math", n=2)
    assert [row["answer"] for row in rows] == ["B", "B"]
    assert set(verifier_columns("mmlu_pro", rows[0])) == {"options", "answer"}
    assert rows[0]["question"] in chat_prompt("mmlu_pro", rows[0])


@pytest.mark.parametrize(
    ("name", "split", "data", "options", "error", "message"),
    [
        ("chess", "train", None, {}, BadTask, "unknown task 'chess'"),
        ("kk", "validation", None, {}, BadFile, "unknown split 'validation'"),
        ("kk", "train", None, {"subject": "physics"}, BadTask, "no option 'subject'; it has n, people, grade, seed"),
        ("kk", "train", "puzzles.jsonl", {"people": 3}, BadTask, "people cannot be used with data"),
        ("kk", "train", "nowhere.jsonl", {}, BadFile, "nowhere.jsonl: no such file or folder"),
        ("kk", "train", None, {"people": "three"}, BadSpec, "expected people as a number or a range from 1"),
        ("kk", "train", None, {"people": [3, 4, 5]}, BadSpec, "expected people as a number or a range from 1"),
        ("kk", "train", None, {"people": "5-3"}, BadSpec, "expected people as a number or a range from 1"),
    ],
)
def test_invalid_arguments(
    name: str, split: str, data: str | None, options: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        rows_of(name, split, data, **options)


def test_verdicts_match_the_task() -> None:
    assert all(verdict_of(case.task, case.completion, case.row) == case.verdict for case in cases())


def test_a_row_of_another_task_is_an_error() -> None:
    for name in NAMES:
        with pytest.raises(BadRow):
            verdict_of(name, "B", {"quiz": "?"})


def test_an_undecided_completion_is_verified_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([Verdict(None, "failed"), Verdict(True, "right"), Verdict(None, "failed"), Verdict(None, "failed")])
    monkeypatch.setattr(kk, "verify", lambda *_: next(answers))
    assert verdict_of("kk", "", {}) == Verdict(True, "right")
    assert verdict_of("kk", "", {}) == Verdict(None, "failed")
    assert next(answers, None) is None


def test_an_undecided_completion_has_no_score() -> None:
    assert score_of(Verdict(True, "right")) == 1
    assert score_of(Verdict(False, "retracted")) == 0
    with pytest.raises(NoVerdict, match="could not decide whether an answer is right: timed out"):
        score_of(unknown())


@pytest.mark.parametrize("module", FRAMEWORKS)
def test_the_error_for_a_missing_framework_names_the_extra_to_install(module: str) -> None:
    code = f"import sys; sys.modules[{module!r}] = None; import knk.integrations.{module}"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = process.stderr.splitlines()[-1]
    assert last.startswith("knk.errors.MissingPackage: ")
    assert f"pip install '.[{FRAMEWORKS[module]}]'" in last


def test_the_prompt_matches_training() -> None:
    (row,) = rows_of("kk", "train", n=1)
    assert load("kk").prompt(row, "chat") == [{"role": "user", "content": chat_prompt("kk", row)}]
