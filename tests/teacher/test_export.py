"""Export formats: TRL's prompts and completions, and the order of exported rows."""

import json
from pathlib import Path
from typing import Any

import pytest

from knk.datasets.rows import row_of
from knk.errors import BadRow
from knk.generation.generate import generate
from knk.tasks import kk, load
from knk.tasks.format import has_format
from knk.tasks.messages import text_of
from knk.teacher.export import (
    EXPORT_FORMATS,
    ExportFormat,
    completion_row,
    export_rows,
    prompt_row,
)
from knk.text.styles import PROOF_STYLES

ROWS: list[dict[str, Any]] = [dict(row_of(puzzle)) for puzzle in generate(people=(2, 6), n=20, seed=5)]


def test_an_unknown_format_is_an_error() -> None:
    with pytest.raises(BadRow, match="expected one of public, grpo, sft"):
        list(export_rows(ROWS, ExportFormat("csv")))


def test_a_row_that_has_no_proof_in_the_style_is_named() -> None:
    rows = [ROWS[0], dict(row_of(next(iter(generate(people=7, n=1, seed=5)))))]
    with pytest.raises(BadRow, match=r"^row 1: expected at most 6 people for the style 'search', got 7: use 'long'$"):
        list(export_rows(rows, ExportFormat("sft", proof_style="search")))


@pytest.mark.parametrize("style", ["paper", "chat"])
@pytest.mark.parametrize("proof_style", [style for style in PROOF_STYLES if style != "answer-only"])
def test_an_sft_completion_has_the_format_and_the_correct_answer(style: str, proof_style: str) -> None:
    for row in ROWS:
        sft_row = completion_row(row, style, proof_style, seed=3)
        assert isinstance(sft_row["prompt"], str if style == "paper" else list)
        assert has_format(text_of(sft_row["completion"]))
        assert kk.verify(sft_row["completion"], row).correct


def test_an_answer_only_completion_has_no_text_before_the_tags() -> None:
    assert completion_row(ROWS[0], proof_style="answer-only")["completion"].startswith("</think>\n<answer>(1) ")


def test_sft_and_grpo_rows_have_the_same_prompt() -> None:
    for style in ("paper", "chat"):
        assert completion_row(ROWS[0], style)["prompt"] == prompt_row(ROWS[0], style)["prompt"]
    assert prompt_row(ROWS[0], "paper")["prompt"].endswith("Assistant: <think>\n")


def test_a_grpo_row_has_the_columns_that_the_rewards_read() -> None:
    assert set(load("kk").COLUMNS) <= set(prompt_row(ROWS[0]))


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_datasets_reads_each_format(name: str, tmp_path: Path) -> None:
    from datasets import load_dataset

    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in export_rows(ROWS, ExportFormat(name))), encoding="utf-8")
    read = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert read.to_list() == list(export_rows(ROWS, ExportFormat(name)))


def test_several_processes_give_the_same_rows_in_the_same_order() -> None:
    rows = [dict(row_of(puzzle)) for puzzle in generate(people=3, n=1200, seed=8)]
    public = ExportFormat("public", seed=3, split="test")
    expected = list(export_rows(rows, public))
    assert [row["index"] for row in expected] == list(range(1200))
    assert list(export_rows(iter(rows), public, processes=2)) == expected
