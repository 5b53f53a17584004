"""Rows in other forms: the public data's columns, and TRL's prompts and completions."""

import json
from pathlib import Path
from typing import Any

import pytest

from knk.datasets.rows import row_of
from knk.errors import BadRow
from knk.generation.generate import generate
from knk.logic.notation import decode
from knk.logic.solver import solve
from knk.tasks import kk, load
from knk.tasks.format import has_format, text_of
from knk.teacher.export import (
    FORMS,
    Form,
    completion_row,
    exported,
    prompt_row,
    public_row,
    public_statements,
)
from knk.text.styles import PROOF_STYLES

ROWS: list[dict[str, Any]] = [dict(row_of(puzzle)) for puzzle in generate(people=(2, 6), n=20, seed=5)]
PUBLIC_COLUMNS = (
    "quiz names knight_knave solution solution_text solution_text_format cot_head cot_repeat_steps cot_foot statements "
    "index data_source prompt ability reward_model extra_info"
).split()


def test_the_public_form_has_the_public_columns_in_their_order_and_types() -> None:
    for row in exported(ROWS, Form("public")):
        assert list(row) == PUBLIC_COLUMNS
        assert [type(row[name]) for name in PUBLIC_COLUMNS] == [
            *(str, list, dict, list, str, str, str, list, str, str, int, str, list, str, dict, dict)
        ]
        assert list(row["knight_knave"]) == ["Knave", "Knight", "a_knave", "a_knight", "knave", "knight"]


def test_a_public_row_as_a_whole() -> None:
    text = "Ann: Cid is not a knave. Bob: If I am a knave, Ann is too. Cid: Bob is an angel."
    row = public_row({"puzzle": "Ann,Bob,Cid 0:~-2 1:>(-1,-0) 2:|(-0,-1)", "text": text}, 7, "test")
    assert row["quiz"] == text
    assert row["statements"] == (
        "(('not', ('lying', 2)), ('->', ('lying', 1), ('lying', 0)), ('or', ('lying', 0), ('lying', 1)))"
    )
    assert row["solution"] == list(solve(decode("Ann,Bob,Cid 0:~-2 1:>(-1,-0) 2:|(-0,-1)")))
    assert row["extra_info"] == {"index": 7, "split": "test"}
    assert row["reward_model"]["ground_truth"]["statements"] == row["statements"]
    assert row["prompt"][0]["role"] == "user"
    assert text in row["prompt"][0]["content"]


@pytest.mark.parametrize(
    ("notation", "expected"),
    [
        ("A,B 0:=(+0,+1) 1:+0", "(('<=>', ('telling-truth', 0), ('telling-truth', 1)), ('telling-truth', 0))"),
        ("A,B 0:-1 0:+0 1:+0", "(('and', ('lying', 1), ('telling-truth', 0)), ('telling-truth', 0))"),
    ],
)
def test_statements_in_the_public_notation(notation: str, expected: str) -> None:
    assert public_statements(decode(notation)) == expected


def test_what_the_public_notation_cannot_say_is_an_error() -> None:
    rich = [dict(row_of(puzzle)) for puzzle in generate(preset="rich", people=4, kinds=(("parity", 1),), n=1)]
    with pytest.raises(BadRow, match="row 0: the public data has no statement of the kind 'parity'"):
        list(exported(rich, Form("public")))
    with pytest.raises(BadRow, match="Bob says nothing"):
        public_statements(decode("Ann,Bob 0:&(-0,-1)"))


def test_a_form_that_there_is_not_is_an_error() -> None:
    with pytest.raises(BadRow, match="there are public, grpo, sft"):
        list(exported(ROWS, Form("csv")))


@pytest.mark.parametrize("style", ["paper", "chat"])
@pytest.mark.parametrize("proof_style", [style for style in PROOF_STYLES if style != "answer-only"])
def test_an_sft_completion_has_the_form_and_the_right_answer(style: str, proof_style: str) -> None:
    for row in ROWS:
        made = completion_row(row, style, proof_style, seed=3)
        assert isinstance(made["prompt"], str if style == "paper" else list)
        assert has_format(text_of(made["completion"]))
        assert kk.verify(made["completion"], row).correct


def test_answer_only_gives_no_reason_and_so_has_nothing_before_the_tags() -> None:
    assert completion_row(ROWS[0], proof_style="answer-only")["completion"].startswith("\n\n</think>\n<answer>(1) ")


def test_an_sft_prompt_is_the_prompt_that_is_asked_in_training_by_reward() -> None:
    for style in ("paper", "chat"):
        assert completion_row(ROWS[0], style)["prompt"] == prompt_row(ROWS[0], style)["prompt"]
    assert prompt_row(ROWS[0], "paper")["prompt"].endswith("Assistant: <think>")


def test_a_grpo_row_has_what_the_rewards_look_at() -> None:
    assert set(load("kk").COLUMNS) <= set(prompt_row(ROWS[0]))


@pytest.mark.parametrize("form", FORMS)
def test_datasets_reads_each_form(form: str, tmp_path: Path) -> None:
    from datasets import load_dataset

    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in exported(ROWS, Form(form))), encoding="utf-8")
    read = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert read.to_list() == list(exported(ROWS, Form(form)))


def test_several_processes_give_the_same_rows_in_the_same_order() -> None:
    rows = [dict(row_of(puzzle)) for puzzle in generate(people=3, n=1200, seed=8)]
    form = Form("public", seed=3, split="test")
    alone = list(exported(rows, form))
    assert [row["index"] for row in alone] == list(range(1200))
    assert list(exported(iter(rows), form, processes=2)) == alone
