"""Training recipes: read, merged and written as YAML."""

from pathlib import Path

import pytest

from knk.errors import BadConfig
from knk.training.recipe import load, parse_change
from tests.support.folders import put


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
