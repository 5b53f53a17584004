"""Batches that TRL would refuse are refused with settings that it takes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadConfig
from knk.training.checks.batches import check_batches, check_redraws
from knk.training.recipe import Recipe

pytest.importorskip("trl")
RECIPE = Recipe(
    Path("grpo.yaml"),
    "grpo",
    {
        "num_generations": 10,
        "num_processes": 5,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 5,
        "generation_batch_size": 100,
    },
)


def changed(**changes: Any) -> Recipe:
    """Return the recipe with other settings."""
    return replace(RECIPE, settings={**RECIPE.settings, **changes})


def test_eight_processes_are_told_what_fits() -> None:
    with pytest.raises(BadConfig) as caught:
        check_batches(changed(num_processes=8), ())
    message = str(caught.value)
    assert "multiple of 32 completions per pass" in message
    assert "\n" not in message
    for settings in (part.split(" with ")[0] for part in message.split(": ", 2)[2].split("; or ")):
        words = [word.split("=") for word in settings.split() if "=" in word]
        assert check_batches(changed(**{"num_processes": 8} | {name: int(value) for name, value in words}), ())


def test_parts_of_groups_are_told_what_fits() -> None:
    with pytest.raises(BadConfig, match=r"multiple of num_generations 10, got 96.*: --set"):
        check_batches(changed(num_processes=8, gradient_accumulation_steps=3, generation_batch_size=None), ())
    with pytest.raises(BadConfig, match=r"whole groups of 10 in each process.*--set .*; or remove redraws"):
        check_redraws(changed(num_processes=4, redraws=1))


def test_a_batch_of_whole_groups_and_passes_is_valid() -> None:
    assert check_batches(RECIPE, ()) == "batches: 100 completions for 10 prompts"
