"""Training recipes: read and merged, their data found, their manifests; and real runs that are killed."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadConfig, BadFolder
from knk.training import manifest as records
from knk.training.data import sources
from knk.training.recipe import Recipe, load, parse_change
from tests.support.training import write_recipes

needs_trl = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
]


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# Reading.


def test_a_recipe_overrides_what_it_extends(tmp_path: Path) -> None:
    put(tmp_path / "paper.yaml", "trainer: grpo\nmade_by: knk task kk\nlearning_rate: 1e-6\nbeta: 0.0\noutput_dir: out")
    put(tmp_path / "more" / "mine.yaml", "extends: ../paper.yaml\nlearning_rate: 2e-5")
    overlay = put(tmp_path / "small.yaml", "beta: 0.1\nseed: 3")
    recipe = load(tmp_path / "more" / "mine.yaml", [overlay], {"seed": 4})
    assert (recipe.trainer, recipe.made_by, recipe.output) == ("grpo", "knk task kk", Path("out"))
    assert recipe.settings == {"learning_rate": 2e-5, "beta": 0.1, "output_dir": "out", "seed": 4}


def test_the_yaml_for_trl_has_the_same_settings(tmp_path: Path) -> None:
    import yaml

    recipe = load(
        put(tmp_path / "a.yaml", "trainer: sft\nlearning_rate: 1e-6\ndatasets: [{path: json}]\nmax_length: null")
    )
    assert (
        yaml.safe_load(recipe.yaml())
        == recipe.settings
        == {
            "learning_rate": 1e-6,
            "datasets": [{"path": "json"}],
            "max_length": None,
        }
    )


def test_an_accelerate_configuration_is_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    launch = put(tmp_path / "accelerate" / "two.yaml", "num_processes: 2")
    put(tmp_path / "paper.yaml", "trainer: sft\naccelerate_config: accelerate/two.yaml")
    recipe = load(put(tmp_path / "deep" / "mine.yaml", "extends: ../paper.yaml"))
    assert recipe.settings["accelerate_config"] == str(launch.resolve())
    assert recipe.processes == 2
    named = load(put(tmp_path / "named.yaml", "trainer: sft\naccelerate_config: zero3"))
    assert (named.settings["accelerate_config"], named.processes) == ("zero3", 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1", "expected 'trainer' to be sft or grpo, got none"),
        ("trainer: dpo", "'dpo'"),
        ("extends: mine.yaml\ntrainer: sft", "extends itself"),
        ("extends: [1]", "expected 'extends' to be the path"),
        ("- a\n- b", "expected a mapping"),
        ("a: [", "not YAML"),
        ("a: !!python/object/apply:os.system ['true']", "not YAML"),
        ("trainer: sft\ntrust_remote_code: true", "run code"),
        ("trainer: sft\nenv: {HF_TOKEN: x}", "environment"),
        ("a: " + "x" * 70_000, "characters"),
    ],
)
def test_an_invalid_recipe_is_an_error_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as caught:
        load(put(tmp_path / "mine.yaml", text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["seed", "=3", "a b=3", "a=[1"])
def test_an_invalid_change_is_an_error(text: str) -> None:
    with pytest.raises(BadConfig):
        parse_change(text)


def test_a_change_is_parsed_as_yaml() -> None:
    assert parse_change("a=[x, 1]") == ("a", ["x", 1])
    assert parse_change("a=1e-6") == ("a", 1e-6)
    assert parse_change("a=b=c") == ("a", "b=c")
    assert parse_change("a=null") == ("a", None)


# Data.


def recipe_of(**settings: Any) -> Recipe:
    return Recipe(Path("mine.yaml"), "sft", settings, "knk task kk -o rows.jsonl")


def test_manifest_entries_have_the_hashes_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        put(tmp_path / f"part-{number}.jsonl", '{"a": 1}\n' * number)
    (source,) = sources(recipe_of(datasets=[{"path": "json", "data_files": "part-*.jsonl", "split": "train"}]))
    assert [entry["rows"] for entry in source.manifest_entries()] == [1, 2]
    assert {entry["file"] for entry in source.manifest_entries()} == {"part-1.jsonl", "part-2.jsonl"}
    assert len(list(source.rows())) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "missing setting 'datasets'"),
        ({"datasets": ["a"]}, "'path'"),
        ({"datasets": [{"path": "json"}]}, "'data_files'"),
        ({"datasets": [{"path": "json", "data_files": "none.jsonl"}]}, "make it with: knk task kk -o rows.jsonl"),
    ],
)
def test_missing_data_are_an_error(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        sources(recipe_of(**settings))


# Manifests.


def test_a_manifest_contains_no_path_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "rows.jsonl", '{"text": "a"}\n')
    data = [{"path": "json", "data_files": str(tmp_path / "rows.jsonl")}]
    recipe = Recipe(
        tmp_path / "mine.yaml", "sft", {"datasets": data, "model_name_or_path": "/home/ann/tiny", "output_dir": "out"}
    )
    manifest = records.new_manifest(recipe)
    assert str(tmp_path) not in json.dumps(manifest)
    assert "/home" not in json.dumps(manifest)
    assert manifest["settings"]["datasets"][0]["data_files"] == "rows.jsonl"
    assert manifest["data"][0]["rows"] == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "knk-run-1"}'])
def test_an_invalid_manifest_is_an_error(text: str, tmp_path: Path) -> None:
    put(tmp_path / "run.json", text)
    with pytest.raises(BadFolder):
        records.read(tmp_path)


# Real runs.


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model and data for both trainers."""
    folder = tmp_path_factory.mktemp("bench")
    write_recipes(folder)
    return folder


class TestRuns:
    pytestmark = needs_trl

    @pytest.mark.parametrize(
        ("trainer", "change", "message"),
        [
            ("sft", "max_lenght=3", "did you mean 'max_length'"),
            ("sft", "max_length=600", "longer than 600 tokens"),
            ("sft", "max_length=9000", "the model's context of 4096 tokens"),
            ("sft", "model_name_or_path=nobody", "cannot be read"),
            ("grpo", "num_generations=3", "a multiple of num_generations 3, got 8 completions"),
            ("grpo", "per_device_train_batch_size=256", "drop"),
            ("grpo", "max_completion_length=4000", "lower max_completion_length to"),
            ("grpo", "reward_funcs=[knk.rewards.nothing]", "cannot be imported: no reward"),
            ("grpo", "reward_funcs=[knk.rewards.math_reward]", "cannot be imported: no reward"),
            ("grpo", "reward_funcs=[knk.rewards.mmlu_pro_reward]", "knk task mmlu_pro"),
            ("grpo", "reward_weights=[1.0, 2.0]", "expected 1 number in 'reward_weights'"),
        ],
    )
    def test_impossible_settings_are_errors_before_the_start(
        self, trainer: str, change: str, message: str, bench: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from knk.training.preflight import check

        monkeypatch.chdir(bench)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        name, value = parse_change(change)
        with pytest.raises(BadConfig) as caught:
            check(load(f"{trainer}.yaml", (), {name: value}))
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.fixture(autouse=True)
def _no_import_left_over() -> Iterator[None]:
    before = list(sys.path)
    yield
    assert sys.path == before
