"""The packages that a recipe uses are installed."""

from __future__ import annotations

from importlib.util import find_spec

from knk.errors import MissingPackage
from knk.training.recipe import Recipe


def check_packages(recipe: Recipe) -> None:
    """Check that the packages which a recipe uses beside TRL are installed.

    Args:
        recipe: the recipe.

    Raises:
        MissingPackage: one is not.
    """
    if recipe.launch.get("distributed_type") == "DEEPSPEED" and find_spec("deepspeed") is None:
        raise MissingPackage(
            f"{recipe.path}: its accelerate_config needs DeepSpeed, which is not installed: pip install deepspeed, or "
            "choose another accelerate_config"
        )
    if recipe.settings.get("use_vllm") and find_spec("vllm") is None:
        raise MissingPackage(
            f"{recipe.path}: use_vllm needs vLLM, which is not installed: pip install vllm, or add --set use_vllm=false"
        )
