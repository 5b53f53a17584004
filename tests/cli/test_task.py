"""`knk task`."""

import json
from pathlib import Path

import pytest

from knk import tasks
from knk.datasets.build import build
from knk.datasets.config import CorpusConfig, PartConfig
from knk.datasets.files import read
from knk.generation.spec import Spec
from knk.logic.notation import decode
from knk.proofs.difficulty import difficulty
from knk.rewards import __getattr__ as reward_named
from tests.support.commands import Run


def test_rewards_accept_the_columns_of_the_rows(run: Run) -> None:
    result = run("task", "kk", "-n", "5")
    rows = [json.loads(line) for line in result.out.splitlines()]
    assert (result.status, len(rows)) == (0, 5)
    columns = {name: [row[name] for row in rows] for name in tasks.load("kk").COLUMNS}
    assert reward_named("kk_reward")(completions=["?"] * 5, **columns) == [-2] * 5


def test_task_writes_a_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    assert run("task", "kk", "-n", "3", "--split", "held-out", "--style", "chat", "-o", path).status == 0
    assert [row["prompt"][0]["role"] for row in read(path)] == ["user"] * 3


def test_task_generates_puzzles_with_the_given_options(run: Run, tmp_path: Path) -> None:
    result = run("task", "kk", "-n", "4", "--people", "4", "--grade", "3", "--seed", "2")
    puzzles = [decode(json.loads(line)["puzzle"]) for line in result.out.splitlines()]
    assert [(len(puzzle.names), difficulty(puzzle).grade) for puzzle in puzzles] == [(4, 3)] * 4
    build(CorpusConfig((PartConfig(Spec(people=4), 60, "four"),)), tmp_path / "corpus")
    assert len(run("task", "kk", "--data", tmp_path / "corpus", "-n", "3").out.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("kk --subject physics", "--subject cannot be used with the task kk, which takes --n, --people"),
        ("kk --revision x", "--revision cannot be used with the task kk"),
        ("mmlu_pro --seed 3", "--seed cannot be used with the task mmlu_pro"),
        ("kk --data x.jsonl --grade 3", "--grade cannot be used with --data"),
        ("kk --people few", "--people: expected a number or a range such as 3-7, got 'few'"),
        ("kk --grade 9", "grade"),
        ("hendrycks_math --data none.jsonl", "none.jsonl: no such file"),
        ("gsm8k", "gsm8k"),
    ],
)
def test_bad_options_are_a_one_line_error(run: Run, arguments: str, message: str) -> None:
    result = run("task", *arguments.split())
    assert result.status == 2
    assert message in result.err
    assert result.err.count("\n") == 1
