"""A curriculum has puzzles at each level, and the trainer logs what it needs."""

from __future__ import annotations

from typing import Final

from knk.errors import BadConfig, NotEnough
from knk.training.curriculum import Curriculum
from knk.training.recipe import Recipe
from knk.training.trl_scripts import number

_KK_REWARDS: Final = "knk.rewards.kk_"


def check_curriculum(recipe: Recipe) -> str:
    """Check that a recipe can follow its curriculum, and return one line about it.

    Args:
        recipe: the recipe, with a curriculum.

    Raises:
        BadConfig: it cannot.
    """
    settings = recipe.settings
    if recipe.trainer != "grpo":
        raise BadConfig(f"{recipe.path}: 'curriculum' needs trainer: grpo")
    if settings.get("datasets") or settings.get("dataset_name"):
        raise BadConfig(f"{recipe.path}: expected 'datasets' or 'curriculum', got both: remove one")
    if not isinstance(settings["curriculum"], dict):
        raise BadConfig(f"{recipe.path}: expected 'curriculum' to be a mapping such as {{window: 4}}")
    if settings.get("logging_steps") != 1:
        raise BadConfig(f"{recipe.path}: 'curriculum' needs logging_steps: 1, as each step's success rate is used")
    if not isinstance(settings.get("max_steps"), int) or settings["max_steps"] < 1:
        raise BadConfig(f"{recipe.path}: 'curriculum' needs max_steps, as its puzzles have no end")
    if not any(str(name).startswith(_KK_REWARDS) for name in settings.get("reward_funcs") or []):
        raise BadConfig(f"{recipe.path}: 'curriculum' needs a reward for puzzles, such as knk.rewards.kk_reward")
    _check_generation(recipe)
    curriculum = Curriculum.from_settings(settings["curriculum"])
    _check_levels(recipe, curriculum)
    return f"curriculum: {len(curriculum.levels)} levels"


def _check_generation(recipe: Recipe) -> None:
    """Check that a step has at most one batch of completions, so that the log has the success rate of each batch."""
    accumulated = number(recipe, "gradient_accumulation_steps")
    size = number(recipe, "per_device_train_batch_size") * recipe.processes
    generated = recipe.number("generation_batch_size", size * recipe.number("steps_per_generation", accumulated))
    if generated < size * accumulated:
        raise BadConfig(
            f"{recipe.path}: 'curriculum' needs the {size * accumulated} completions of a step to be generated at a "
            f"time, got {generated}: remove generation_batch_size and steps_per_generation"
        )


def _check_levels(recipe: Recipe, curriculum: Curriculum) -> None:
    """Check that each level has puzzles."""
    for index, level in enumerate(curriculum.levels):
        try:
            curriculum.row(index, "check")
        except NotEnough as error:
            raise BadConfig(
                f"{recipe.path}: 'curriculum': no puzzle of {level.people} people has grade {level.grade}: "
                "remove this level"
            ) from error
