"""Every row of the data is read, and a broken one is named."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from knk import tasks
from knk.errors import BadConfig, KnkError
from knk.tasks import kk
from knk.training.checks.rows import check_entries, check_rows
from knk.training.data import sources
from knk.training.recipe import Recipe
from tests.support.trl_installed import needs_trl

SFT = {"prompt": "1 + 1 = ", "completion": "2"}
CHAT = {"prompt": [{"role": "user", "content": "1 + 1?"}], "completion": [{"role": "assistant", "content": "2"}]}
PUZZLES = list(tasks.prompts(tasks.load("kk"), list(kk.rows("train", n=3)), "paper"))
MATH = {"prompt": "1 + 1?", "problem": "1 + 1?", "answer": "2"}


def put(path: Path, rows: Iterable[Mapping[str, Any] | str]) -> Path:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def recipe_of(trainer: str, path: Path, rewards: Iterable[str] = (), split: str = "train", **entry: Any) -> Recipe:
    data = {"datasets": [{"path": "json", "data_files": str(path), "split": split, **entry}]}
    funcs = {"reward_funcs": [f"knk.rewards.{name}" if "." not in name else name for name in rewards]}
    return Recipe(Path("mine.yaml"), trainer, data | (funcs if rewards else {}))


def line(recipe: Recipe) -> str:
    return check_rows(recipe, sources(recipe))


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        (SFT, '{"prompt": "1', "line 3: not JSON"),
        (SFT, "[1]", "line 3: expected a JSON object"),
        (SFT, {"prompt": "1 + 1 = "}, "row 3: it has no column 'completion'"),
        (SFT, {"prompt": "1 + 1 = ", "completion": None}, "row 3: expected 'completion' to be text, got None"),
        (SFT, {"prompt": "", "completion": "2"}, "row 3: expected 'prompt' to be text, got ''"),
        (SFT, CHAT, "row 3: expected 'prompt' to be text"),
        (CHAT, SFT, "row 3: expected 'prompt' to be a list of messages"),
        (CHAT, CHAT | {"completion": [{"content": "2"}]}, "to have 'role' and 'content'"),
        ({"text": "a"}, {"text": 3}, "row 3: expected 'text' to be text, got 3"),
        ({"messages": CHAT["prompt"]}, {"messages": []}, "row 3: expected 'messages' to be a list of messages"),
    ],
)
def test_a_broken_row_of_sft_is_named(good: dict[str, Any], bad: Any, message: str, tmp_path: Path) -> None:
    path = put(tmp_path / "rows.jsonl", [good, good, bad])
    with pytest.raises(KnkError) as caught:
        line(recipe_of("sft", path))
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert line(recipe_of("sft", put(path, [good] * 3))) == "rows: 3"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"puzzle": "nonsense"}, "row 4: the task kk cannot read it: "),
        ({"puzzle": 3}, "row 4: the task kk cannot read it: expected the column 'puzzle' as str"),
        ({"puzzle": None}, "row 4: no reward can judge it: it is not a row of kk"),
        ({"prompt": None}, "row 4: expected 'prompt' to be text, got None"),
    ],
)
def test_a_row_that_a_reward_cannot_read_is_named(bad: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = put(tmp_path / "rows.jsonl", [*PUZZLES, PUZZLES[0] | bad])
    with pytest.raises(BadConfig) as caught:
        line(recipe_of("grpo", path, ["kk_reward", "kk_correct"]))
    assert message in str(caught.value)


def test_rows_of_several_tasks_may_be_mixed(tmp_path: Path) -> None:
    path = put(tmp_path / "rows.jsonl", [*PUZZLES, MATH])
    assert line(recipe_of("grpo", path, ["kk_reward", "hendrycks_math_reward"])) == "rows: 4"
    assert line(recipe_of("grpo", path, ["kk_reward", "my.reward"])) == "rows: 4"
    with pytest.raises(BadConfig, match="a reward of mmlu_pro has no row to judge"):
        line(recipe_of("grpo", path, ["kk_reward", "hendrycks_math_reward", "mmlu_pro_reward"]))
    with pytest.raises(BadConfig, match="row 4: no reward can judge it"):
        line(recipe_of("grpo", path, ["kk_reward"]))


@pytest.mark.parametrize(("trainer", "row"), [("sft", {"question": "a"}), ("grpo", {"text": "a"})])
def test_data_without_the_trainers_columns_are_an_error(trainer: str, row: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"row 1: expected the columns .*prompt.*, got (question|text)"):
        line(recipe_of(trainer, put(tmp_path / "rows.jsonl", [row])))


def test_columns_that_a_recipe_leaves_out_are_not_there(tmp_path: Path) -> None:
    path = put(tmp_path / "rows.jsonl", PUZZLES)
    assert line(recipe_of("grpo", path, ["kk_reward"], columns=["prompt", "puzzle", "solution"])) == "rows: 3"
    with pytest.raises(BadConfig, match="no reward can judge it"):
        line(recipe_of("grpo", path, ["kk_reward"], columns=["prompt"]))


@pytest.mark.parametrize("split", ["train[:2]", "train[1:]", "train[:50%]+train[1:2]", "train[-2:]"])
def test_only_the_rows_of_a_slice_are_read(split: str, tmp_path: Path) -> None:
    path = put(tmp_path / "rows.jsonl", [SFT | {"completion": str(number)} for number in range(3)])
    (source,) = sources(recipe_of("sft", path, split=split))
    expected = {"train[:2]": [0, 1], "train[1:]": [1, 2], "train[:50%]+train[1:2]": [0, 1, 1], "train[-2:]": [1, 2]}
    assert [row["completion"] for row in source.rows()] == [str(number) for number in expected[split]]


@pytest.mark.parametrize("split", ["test", "train+test", "train[:x]", "trian", "train[", "train[:5]test"])
def test_a_split_that_local_files_do_not_have_is_an_error(split: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as caught:
        sources(recipe_of("sft", put(tmp_path / "rows.jsonl", [SFT]), split=split))
    assert split in str(caught.value)
    assert "\n" not in str(caught.value)


class TestEntries:
    pytestmark = needs_trl

    def test_an_unknown_key_is_an_error(self, tmp_path: Path) -> None:
        path = put(tmp_path / "rows.jsonl", [SFT])
        check_entries(recipe_of("sft", path))
        with pytest.raises(BadConfig, match="has no key 'splti'; did you mean 'split'"):
            check_entries(recipe_of("sft", path, splti="train"))

    def test_the_only_split_is_train(self, tmp_path: Path) -> None:
        recipe = recipe_of("sft", put(tmp_path / "rows.jsonl", [SFT]))
        with pytest.raises(BadConfig, match="expected 'dataset_train_split' to be train, got 'test'"):
            check_entries(Recipe(recipe.path, "sft", {**recipe.settings, "dataset_train_split": "test"}))
