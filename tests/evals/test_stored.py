"""Stored completions: those of a benchmark and of a teacher, and rows of every task, scored again."""

import json
from pathlib import Path
from typing import Any

import pytest

from knk.cli import main
from knk.datasets.files import read, write
from knk.errors import BadFile, BadRow, BadTask
from knk.evals.records import read_run
from knk.evals.stored import score_file

PUZZLE = {"puzzle": "Ann,Bob 0:-1 1:&(-0,-1)"}
RIGHT = "<think>x</think><answer>Ann is a knight, Bob is a knave.</answer>"
WRONG = "<think>x</think><answer>Ann is a knave, Bob is a knave.</answer>"


def put(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_benchmarks_answers_get_the_verdicts_of_its_run(runs: tuple[Path, Path]) -> None:
    for name, completions in read_run(runs[0]).completions.items():
        scored = score_file(runs[0] / name / "answers.jsonl")
        assert {(entry.item, entry.sample): entry for entry in scored.completions} == {
            (entry.item, entry.sample): entry for entry in completions
        }


def test_answers_to_other_items_are_an_error(runs: tuple[Path, Path], tmp_path: Path) -> None:
    write(tmp_path / "answers.jsonl", [{"id": "0" * 32, "sample": 0, "completion": RIGHT}])
    (tmp_path / "inference.json").write_bytes((runs[0] / "knk" / "inference.json").read_bytes())
    with pytest.raises(BadRow, match="row 1: no item '0000"):
        score_file(tmp_path)


@pytest.mark.parametrize(
    ("task", "columns", "right", "wrong"),
    [
        ("kk", PUZZLE, RIGHT, WRONG),
        (
            "hendrycks_math",
            {"problem": "1 + 1?", "answer": "2"},
            "<answer>\\boxed{2}</answer>",
            "<answer>\\boxed{3}</answer>",
        ),
        ("mmlu_pro", {"options": ["one", "two"], "answer": "B"}, "<answer>B</answer>", "<answer>A</answer>"),
    ],
)
def test_rows_of_a_task_are_scored_by_its_verifier(
    task: str, columns: dict[str, Any], right: str, wrong: str, tmp_path: Path
) -> None:
    message = [{"role": "assistant", "reasoning_content": "x", "content": right}]
    rows = [columns | {"completion": completion} for completion in (right, wrong, message)]
    scored = score_file(put(tmp_path, *rows))
    assert scored.name == task
    assert [entry.correct for entry in scored.completions] == [True, False, True]
    assert [entry.sample for entry in scored.completions] == [0, 1, 2]
    assert len({entry.item for entry in scored.completions}) == 1
    assert score_file(put(tmp_path, *rows), task) == scored


def test_rows_that_cannot_be_scored_are_errors_with_their_number(tmp_path: Path) -> None:
    good = PUZZLE | {"completion": RIGHT}
    with pytest.raises(BadRow, match="row 2: expected a 'completion'"):
        score_file(put(tmp_path, good, PUZZLE))
    with pytest.raises(BadRow, match="row 2: expected the columns of kk, got none named 'puzzle'"):
        score_file(put(tmp_path, good, {"completion": RIGHT}))
    with pytest.raises(BadRow, match="the columns are those of no task: name it with --task"):
        score_file(put(tmp_path, {"completion": RIGHT}))
    with pytest.raises(BadTask):
        score_file(put(tmp_path, good), "chess")
    with pytest.raises(BadFile, match="no such file"):
        score_file(tmp_path / "none.jsonl")
    with pytest.raises(BadFile, match="empty"):
        score_file(put(tmp_path))


def test_the_command_prints_scores_and_writes_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, verdicts = put(tmp_path, *(PUZZLE | {"completion": text} for text in (RIGHT, WRONG))), tmp_path / "v.jsonl"
    assert main(["bench", "score", str(path), "-o", str(verdicts)]) == 0
    assert "50.0" in capsys.readouterr().out
    assert [row["correct"] for row in read(verdicts)] == [True, False]
    assert main(["bench", "score", str(path), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["scores"]
    assert (entry["name"], entry["accuracy"]["mean"]) == ("kk", 0.5)
    assert main(["bench", "score", str(tmp_path / "none.jsonl")]) == 2


@pytest.mark.parametrize(
    ("task", "columns", "right", "after"),
    [
        ("kk", PUZZLE, RIGHT, " Wait, no: Ann is a knave."),
        ("hendrycks_math", {"problem": "1 + 1?", "answer": "2"}, "x</think><answer>\\boxed{2}</answer>", " or 3"),
        ("mmlu_pro", {"options": ["one", "two"], "answer": "B"}, "x</think><answer>B</answer>", "<answer>A</answer>"),
    ],
)
def test_what_follows_a_closed_answer_counts_only_if_strict(
    task: str, columns: dict[str, Any], right: str, after: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path, *(columns | {"completion": completion} for completion in (right, right + after)))
    scored = {strict: score_file(path, strict=strict).completions for strict in (False, True)}
    assert [completion.correct for completion in scored[False]] == [True, True]
    assert [completion.correct for completion in scored[True]] == [True, False]
    # The format is that of the whole completion in both.
    assert [completion.has_format for completion in scored[False]] == [True, False]
    assert main(["bench", "score", str(path), "--task", task, "--strict", "--json"]) == 0
    (score,) = json.loads(capsys.readouterr().out)["scores"]
    assert score["accuracy"]["mean"] == 0.5


@pytest.mark.parametrize(
    ("finish_reason", "stop", "stops", "has_format"),
    [
        ("stop", "</answer>", ["</answer>"], True),
        ("stop", None, ["</answer>"], True),
        ("stop", None, ["User:"], False),
        ("stop", "User:", ["</answer>", "User:"], False),
        ("length", None, ["</answer>"], False),
    ],
)
def test_an_answer_is_closed_only_if_generation_stopped_at_its_tag(
    finish_reason: str, stop: str | None, stops: list[str], has_format: bool, runs: tuple[Path, Path], tmp_path: Path
) -> None:
    source = runs[0] / "knk"
    answer = next(iter(read(source / "answers.jsonl"))) | {
        "completion": "x</think><answer>dunno",
        "finish_reason": finish_reason,
        "stop": stop,
        "parameters": {"stop": stops},
    }
    write(tmp_path / "answers.jsonl", [answer])
    (tmp_path / "inference.json").write_bytes((source / "inference.json").read_bytes())
    (scored,) = score_file(tmp_path).completions
    assert scored.has_format is has_format
