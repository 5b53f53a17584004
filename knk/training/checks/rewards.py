"""The rewards of a recipe can be imported, and the data have the columns that they need."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from knk import tasks
from knk.errors import BadConfig
from knk.training.data import Source, rows_of
from knk.training.recipe import Recipe


def check_rewards(recipe: Recipe, data: Iterable[Source]) -> str:
    """Check the rewards of a recipe, and return one line about them.

    Args:
        recipe: the recipe.
        data: its datasets.

    Raises:
        BadConfig: a reward cannot be imported, a weight is missing, or the data lack a column.
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
        if "." in name:
            _resolve(recipe, name)
            _check_columns(recipe, name, data)
    return f"rewards: {', '.join(names)}"


def _resolve(recipe: Recipe, name: str) -> None:
    """Check that a dotted path is a callable; TRL looks in the working directory, too."""
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


def _check_columns(recipe: Recipe, name: str, data: Iterable[Source]) -> None:
    """Check that the data have the columns that a reward of this library needs, in rows of its own task."""
    task = next((task for task in tasks.NAMES if name.startswith(f"knk.rewards.{task}_")), None)
    if task is None or (first := next(rows_of(data), None)) is None:
        return
    columns = tasks.load(task).COLUMNS
    # Rows of several tasks may be mixed; those of another task lack the first column, or have None in it.
    row = next((row for row in rows_of(data) if row.get(columns[0]) is not None), first)
    missing = [column for column in columns if column not in row]
    if missing:
        raise BadConfig(
            f"{recipe.path}: the data lack the column {missing[0]!r}, which {name} needs: 'knk task {task}' writes it"
        )
