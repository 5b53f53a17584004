"""The model of a recipe can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from knk.errors import BadConfig, MissingPackage
from knk.models import base_of, tokenizer_of
from knk.training.recipe import Recipe

_CONTEXTS: Final = ("max_position_embeddings", "n_positions")


@dataclass(frozen=True)
class Model:
    """What the checks read of a model.

    Args:
        tokenizer: its tokenizer.
        config: its configuration.
    """

    tokenizer: Any
    config: Mapping[str, Any]

    @property
    def context(self) -> int | None:
        """The tokens of the longest text that it was made for; None if its configuration does not say."""
        sizes = (self.config.get(name) for name in _CONTEXTS)
        return next((size for size in sizes if isinstance(size, int)), None)


def read_model(recipe: Recipe) -> Model:
    """Return the tokenizer and the configuration of a recipe's model; the configuration of an adapter is its base's.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: the model cannot be read, or an adapter that is trained on it could not be merged into it.
        BadFolder: it is an adapter that cannot be used, or whose base is missing.
        MissingPackage: transformers is not installed.
    """
    try:
        from transformers import AutoConfig, AutoTokenizer
    except ImportError as error:
        raise MissingPackage("training needs transformers: pip install '.[train]'") from error
    if Path(recipe.model).is_absolute() and not Path(recipe.model).is_dir():
        raise BadConfig(f"{recipe.model}: no such folder")
    tokenizer_source, base = tokenizer_of(recipe.model), base_of(recipe.model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(tokenizer_source)
        model = Model(tokenizer, AutoConfig.from_pretrained(base).to_dict())
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise BadConfig(f"{recipe.path}: the model {recipe.model!r} cannot be read: {why}") from error
    if recipe.settings.get("use_peft") and model.config.get("quantization_config"):
        raise BadConfig(
            f"{recipe.path}: the model {recipe.model!r} is quantised, so that no adapter can be merged into it: name "
            "the model that it was made from, and set load_in_4bit: true"
        )
    return model
