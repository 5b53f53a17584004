"""The rewards of a recipe can be imported, and their weights let an answer that cannot be judged count for nothing."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from knk.errors import BadConfig
from knk.training.checks.rows import tasks_of
from knk.training.recipe import Recipe
from knk.training.worker import OVERLONG_REWARD, TRL_REWARDS
from knk.yaml_config import suggestion


def check_rewards(recipe: Recipe) -> str:
    """Check the rewards of a recipe and their weights, and return one line about them.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: a reward cannot be imported, or a weight is missing, or has an effect that nobody wants.
    """
    names = recipe.settings.get("reward_funcs")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise BadConfig(f"{recipe.path}: expected 'reward_funcs' to be a list of names such as knk.rewards.kk_reward")
    weights = recipe.settings.get("reward_weights")
    if weights is not None and (not isinstance(weights, list) or len(weights) != len(names)):
        numbers = "1 number" if len(names) == 1 else f"{len(names)} numbers"
        actual = len(weights) if isinstance(weights, list) else repr(weights)
        raise BadConfig(f"{recipe.path}: expected {numbers} in 'reward_weights', one for each reward, got {actual}")
    for name in names:
        _resolve(recipe, name)
    if weights is not None:
        _check_weights(recipe, names, weights)
    return f"rewards: {', '.join(names)}"


def _check_weights(recipe: Recipe, names: Sequence[str], weights: Sequence[Any]) -> None:
    """Check that weights are numbers, and that no weight of 0 turns "could not be judged" into the best answer.

    A task's reward is None where its verifier could not decide. TRL leaves a completion out if all its rewards are
    None; else it takes None for 0, also beside a reward whose weight is 0. Then the total is 0, which is more than any
    wrong answer earns:
    https://github.com/huggingface/trl/blob/v1.16.0/trl/trainer/grpo_trainer.py (`unscorable_mask`)
    """
    for weight in weights:
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not math.isfinite(weight):
            raise BadConfig(f"{recipe.path}: expected 'reward_weights' to be numbers, got {str(weight)[:40]!r}")
    if not any(weights):
        raise BadConfig(f"{recipe.path}: expected a weight other than 0 in 'reward_weights', got {list(weights)}")
    if recipe.settings.get("multi_objective_aggregation") == "normalize_then_sum":
        return  # Rewards that are centred first: None counts as the mean.
    rewards = list(zip(names, weights, tasks_of(recipe), strict=True))
    is_none_possible = all(task is not None for _, weight, task in rewards if weight)
    unweighted = next((name for name, weight, task in rewards if not weight and task is None), None)
    if unweighted and is_none_possible:
        raise BadConfig(
            f"{recipe.path}: remove {unweighted!r}, whose weight is 0: an answer that cannot be judged would earn 0, "
            "more than a wrong one; the shares of right, whole and well-formed answers are logged without it"
        )


def _resolve(recipe: Recipe, name: str) -> None:
    """Check that a dotted path is a callable; TRL looks in the working directory, too, and has rewards of its own."""
    own = [*TRL_REWARDS, OVERLONG_REWARD]
    if name in own:
        return
    if "." not in name:
        raise BadConfig(
            f"{recipe.path}: expected a reward to be a dotted path, such as knk.rewards.kk_reward, or one of "
            f"{', '.join(own)}, got {name[:60]!r}{suggestion(name, own)}"
        )
    module, _, attribute = name.rpartition(".")
    sys.path.insert(0, str(Path.cwd()))
    try:
        reward = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BadConfig(f"{recipe.path}: the reward {name!r} cannot be imported: {error}") from error
    finally:
        sys.path.remove(str(Path.cwd()))
    if not callable(reward):
        raise BadConfig(f"{recipe.path}: expected the reward {name!r} to be a function, got {type(reward).__name__}")
