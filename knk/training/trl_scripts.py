"""TRL's own scripts: their parsers, and the settings that they take."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

from knk.errors import MissingPackage
from knk.training.recipe import Recipe


def script(trainer: str) -> Any:
    """Return the TRL module that runs `trl sft` or `trl grpo`.

    Args:
        trainer: `sft` or `grpo`.

    Raises:
        MissingPackage: TRL is not installed.
    """
    try:
        return import_module(f"trl.scripts.{trainer}")
    except ImportError as error:
        raise MissingPackage("training needs TRL: pip install '.[train]'") from error


@lru_cache(maxsize=2)
def defaults(trainer: str) -> Mapping[str, Any]:
    """Return all settings of a TRL trainer, with their defaults.

    Args:
        trainer: `sft` or `grpo`.

    Raises:
        MissingPackage: TRL is not installed.
    """
    actions = script(trainer).make_parser()._actions  # noqa: SLF001 - argparse has no other way to list its options
    return {action.dest: action.default for action in actions}


def number(recipe: Recipe, name: str) -> int:
    """Return a setting that is a positive integer, TRL's default if the recipe does not have it.

    Args:
        recipe: the recipe.
        name: the setting's name.

    Raises:
        BadConfig: it is something else.
        MissingPackage: TRL is not installed.
    """
    return recipe.number(name, defaults(recipe.trainer)[name])
