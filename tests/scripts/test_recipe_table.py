"""The table of recipes: it is that of the code, every recipe in it fits, and it says no more than what was verified."""

import importlib.util

import pytest

from scripts.recipe_table import PAGE, RECIPES, SAMPLED, SITUATIONS, Situation, page, row_of


def test_the_page_has_the_table_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "recipes/README.md is stale: run python scripts/recipe_table.py"
    assert text.count("\n| ") > len(SITUATIONS)


def test_every_profile_for_some_hardware_is_in_it() -> None:
    named = {path for situation in SITUATIONS for path in situation.overlays}
    assert {path for path in RECIPES.glob("*/profiles/*gb*.yaml") if path.parts[-3] != "laptop"} <= named


def test_profiles_are_for_the_number_of_gpus_in_their_names() -> None:
    counts = {"one": "1x", "four": "4x", "eight": "8x"}
    for situation in SITUATIONS:
        word = situation.profile.partition("-")[0]
        assert situation.gpus.startswith(counts.get(word, ""))


def test_what_does_not_fit_is_no_row() -> None:
    with pytest.raises(ValueError, match=r"on 1xRTX4090: .* GiB more than a GPU has"):
        row_of(Situation("", "1xRTX4090", "warmup/paper.yaml", "one-80gb"))
    with pytest.raises(ValueError, match="needs --set num_processes=3"):
        row_of(Situation("", "3xH100", "warmup/paper.yaml"))


@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
def test_sampled_are_the_profiles_that_are_tested_so() -> None:
    from tests.training.test_vllm import PROFILES

    assert set(SAMPLED) == {"", *PROFILES}
