"""Rows to evaluate on are checked as those to train on are, and none may be trained on."""

from pathlib import Path
from typing import Any

import pytest

from knk import tasks
from knk.datasets.files import write
from knk.errors import BadConfig
from knk.tasks import kk
from knk.teacher.export import ExportFormat, export_rows
from knk.training.checks.evaluation import _check_identities, _check_settings, _unsaved, identities
from knk.training.data import Source
from knk.training.evaluation import with_evaluation
from knk.training.recipe import Recipe


def source(path: Path, rows: Any) -> tuple[Source, ...]:
    """Write rows to a file and return it as data."""
    write(path, list(rows))
    return (Source("json", "train", (path,)),)


def puzzles(split: str, style: str = "paper", seed: int = 0) -> list[dict[str, Any]]:
    """Return rows of puzzles for GRPO."""
    return list(tasks.prompts(tasks.load("kk"), kk.rows(split, n=5, seed=seed), style))


def exported(split: str, style: str) -> list[dict[str, Any]]:
    """Return rows of the same puzzles for SFT, which have no column with the puzzle."""
    return [
        {name: row[name] for name in ("prompt", "completion")}
        for row in export_rows(kk.rows(split, n=5), ExportFormat("sft", style, "brief"))
    ]


@pytest.mark.parametrize("other", [puzzles("train", "chat"), exported("train", "paper"), exported("train", "chat")])
def test_a_puzzle_is_known_in_any_style(tmp_path: Path, other: list[dict[str, Any]]) -> None:
    data, recipe = source(tmp_path / "train.jsonl", puzzles("train")), Recipe(Path("x.yaml"), "grpo", {})
    _check_identities(recipe, data, source(tmp_path / "held.jsonl", puzzles("held-out")))
    mixed = source(tmp_path / "mixed.jsonl", [*exported("held-out", "paper"), *other])
    with pytest.raises(BadConfig, match=r"mixed\.jsonl, row 6: 5 of 10 rows .* items of the training data"):
        _check_identities(recipe, data, mixed)


def test_a_puzzle_is_known_under_other_names(tmp_path: Path) -> None:
    row = puzzles("train")[0]
    names, _, statements = row["puzzle"].partition(" ")
    renamed = ",".join(f"Person{letter}" for letter in "abcdefg"[: len(names.split(","))])
    other = {"prompt": "Who is what?", "id": "0" * 32, "puzzle": f"{renamed} {statements}"}
    held_out = source(tmp_path / "held.jsonl", [other])
    with pytest.raises(BadConfig, match="1 of 1 rows"):
        _check_identities(Recipe(Path("x.yaml"), "grpo", {}), source(tmp_path / "train.jsonl", [row]), held_out)


def test_a_question_is_known_in_any_style_and_by_its_identity() -> None:
    task = tasks.load("hendrycks_math")
    row = {"problem": "What is 1 + 1?", "answer": "2", "subject": "Algebra", "level": 1, "id": "0123456789abcdef"}
    paper, chat = ({"prompt": task.prompt(row, style)} for style in ("paper", "chat"))
    assert identities(paper) == identities(chat)
    assert identities({"prompt": "another text", "id": row["id"]}) & identities({"prompt": "1 + 1", "id": row["id"]})
    assert not identities({"prompt": "a", "id": "1"}) & identities({"prompt": "b", "id": "1"})  # Only a row's number.
    assert not identities({"tokens": [1]})


def test_a_curriculum_draws_from_the_split_for_training(tmp_path: Path) -> None:
    recipe = Recipe(Path("x.yaml"), "grpo", {"curriculum": {}})
    _check_identities(recipe, (), source(tmp_path / "held.jsonl", puzzles("held-out")))
    with pytest.raises(BadConfig, match="5 of 5 rows of 'eval_data' are puzzles of the split that 'curriculum' draws"):
        _check_identities(recipe, (), source(tmp_path / "train.jsonl", puzzles("train")))


@pytest.mark.parametrize(
    ("trainer", "settings", "message"),
    [
        ("grpo", {"num_generations_eval": 4}, "4 greedy completions of a prompt are equal"),
        ("grpo", {"save_total_limit": 1}, "'save_total_limit' to be at least 2"),
        ("sft", {"eval_sampling": {"temperature": 1.0}}, "remove 'eval_sampling'"),
    ],
)
def test_settings_that_contradict_each_other(
    tmp_path: Path, trainer: str, settings: dict[str, Any], message: str
) -> None:
    write(tmp_path / "held.jsonl", puzzles("held-out"))
    recipe = Recipe(Path("x.yaml"), trainer, {"eval_data": str(tmp_path / "held.jsonl"), **settings})
    with pytest.raises(BadConfig, match=message):
        _check_settings(with_evaluation(recipe))


def test_evaluations_without_checkpoints_are_noted() -> None:
    settings = {"eval_strategy": "steps", "save_steps": 10}
    assert _unsaved({**settings, "eval_steps": 20}) == ""
    assert "set eval_steps to a multiple" in _unsaved({**settings, "eval_steps": 5})
