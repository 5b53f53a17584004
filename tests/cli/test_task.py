"""`knk task`, `knk corpus export` and `knk corpus sft`."""

import json
from pathlib import Path

import pytest

from knk import tasks
from knk.cli import main
from knk.datasets.build import build
from knk.datasets.config import CorpusConfig, PartConfig
from knk.datasets.files import read
from knk.generation.spec import Spec
from knk.logic.notation import decode
from knk.proofs.difficulty import difficulty
from knk.rewards import __getattr__ as reward_named
from knk.teacher.export import EXPORT_FORMATS
from tests.support.teacher_answers import write_answers


def test_rewards_accept_the_columns_of_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["task", "kk", "-n", "5"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 5
    columns = {name: [row[name] for row in rows] for name in tasks.load("kk").COLUMNS}
    assert reward_named("kk_reward")(completions=["?"] * 5, **columns) == [-2] * 5


def test_task_writes_a_file_and_rejects_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.jsonl"
    assert main(["task", "kk", "-n", "3", "--split", "held-out", "--style", "chat", "-o", str(path)]) == 0
    assert [row["prompt"][0]["role"] for row in read(path)] == ["user"] * 3
    assert main(["task", "hendrycks_math", "--data", "none.jsonl"]) == 2
    assert "there is no file 'none.jsonl'" in capsys.readouterr().err
    assert main(["task", "gsm8k"]) == 2


@pytest.mark.parametrize("form", EXPORT_FORMATS)
@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_export_of_a_corpus(form: str, suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(CorpusConfig((PartConfig(Spec(people=4), 60, "four"),)), tmp_path / "corpus")
    path = tmp_path / f"rows.{suffix}"
    command = ["corpus", "export", str(tmp_path / "corpus"), "--to", form, "--limit", "7", "-o", str(path)]
    assert main(command) == 0
    assert capsys.readouterr().out == f"{path}: 7 rows\n"
    rows = list(read(path))
    assert len(rows) == 7
    assert ("quiz" in rows[0]) == (form == "public")
    assert ("completion" in rows[0]) == (form == "sft")


def test_export_of_a_missing_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "export", str(tmp_path), "--to", "grpo"]) == 2
    assert "no train/*.parquet" in capsys.readouterr().err


def test_sft_prints_a_table_and_writes_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(write_answers(tmp_path / "answers"))
    assert main(["corpus", "sft", folder, "-o", str(tmp_path / "rows"), "--keep", "correct"]) == 0
    result = capsys.readouterr().out
    assert "12 kept" in result
    assert "6 dropped: incorrect" in result
    assert main(["corpus", "sft", folder, "-o", str(tmp_path / "again"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kept"] == 24
    assert main(["corpus", "sft", folder]) == 2
    assert main(["corpus", "sft", folder, "-o", str(tmp_path / "rows")]) == 2
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["kk", "--subject", "physics"],
            "--subject cannot be used with the task kk, which takes --n, --people, --grade, --seed",
        ),
        (["kk", "--revision", "x"], "--revision cannot be used with the task kk"),
        (["mmlu_pro", "--seed", "3"], "--seed cannot be used with the task mmlu_pro"),
        (["kk", "--data", "x.jsonl", "--grade", "3"], "--grade cannot be used with --data"),
        (["kk", "--people", "few"], "--people: expected a number or a range such as 3-7, got 'few'"),
        (["kk", "--grade", "9"], "grade"),
    ],
)
def test_options_of_other_tasks_are_rejected(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["task", *arguments]) == 2
    result = capsys.readouterr().err
    assert complaint in result
    assert result.count("\n") == 1


def test_task_generates_puzzles_with_the_given_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["task", "kk", "-n", "4", "--people", "4", "--grade", "3", "--seed", "2"]) == 0
    puzzles = [decode(json.loads(line)["puzzle"]) for line in capsys.readouterr().out.splitlines()]
    assert [(len(puzzle.names), difficulty(puzzle).grade) for puzzle in puzzles] == [(4, 3)] * 4
    build(CorpusConfig((PartConfig(Spec(people=4), 60, "four"),)), tmp_path / "corpus")
    assert main(["task", "kk", "--data", str(tmp_path / "corpus"), "-n", "3"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
