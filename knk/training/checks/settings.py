"""TRL knows every setting."""

from __future__ import annotations

from knk.errors import BadConfig
from knk.training.options import OWN_SETTINGS
from knk.training.recipe import LAUNCH_SETTINGS, Recipe
from knk.training.trl_scripts import defaults
from knk.yaml_config import suggestion


def check_keys(recipe: Recipe) -> None:
    """Check that TRL knows every setting.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: it does not know one; the message suggests the nearest name.
        MissingPackage: TRL is not installed.
    """
    known = {*defaults(recipe.trainer), *LAUNCH_SETTINGS, *OWN_SETTINGS}
    for name in recipe.settings:
        if name not in known:
            raise BadConfig(f"{recipe.path}: trl {recipe.trainer} has no setting {name!r}{suggestion(name, known)}")
