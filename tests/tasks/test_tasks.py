"""What all tasks have in common."""

import pytest

from knk import tasks
from knk.datasets.rows import row_of
from knk.errors import BadTask
from knk.generation.generate import generate
from knk.teacher.export import ExportFormat, export_rows


def test_an_unknown_task() -> None:
    with pytest.raises(BadTask, match="expected one of kk, hendrycks_math"):
        tasks.load("gsm8k")


@pytest.mark.parametrize("name", tasks.NAMES)
def test_every_task_has_the_names_of_a_task(name: str) -> None:
    task = tasks.load(name)
    assert name == task.NAME
    assert task.REWARD_SCHEME.right == 2
    assert task.REWARD_SCHEME.no_format == -2
    assert all(callable(function) for function in (task.rows, task.prompt, task.verify, task.verify_many))
    assert task.COLUMNS


def test_exported_rows_match_the_task() -> None:
    rows = [row_of(puzzle) | {"id": puzzle.key} for puzzle in generate(people=3, n=20, seed=4)]
    for style in ("paper", "chat"):
        exported = export_rows(rows, ExportFormat("grpo", style))
        assert list(exported) == list(tasks.prompts(tasks.load("kk"), rows, style))
