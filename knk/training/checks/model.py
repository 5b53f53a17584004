"""The model of a recipe can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

from knk.errors import BadConfig, MissingPackage
from knk.models import base_of, tokenizer_of
from knk.training.checks.settings import one_line
from knk.training.recipe import Recipe

_CONTEXTS: Final = ("max_position_embeddings", "n_positions")
_WEIGHTS: Final = ("*.safetensors", "*.safetensors.index.json", "*.bin")


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
    folder = Path(recipe.model)
    if _is_path(recipe.model) and not folder.is_dir():
        raise BadConfig(f"{recipe.path}: {recipe.model}: no such folder")
    tokenizer_source, base = tokenizer_of(recipe.model), base_of(recipe.model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(tokenizer_source)
        model = Model(tokenizer, AutoConfig.from_pretrained(base).to_dict())
    except (OSError, ValueError) as error:
        where = "" if folder.is_dir() else "there is no such folder, and as a name on the Hub: "
        raise BadConfig(
            f"{recipe.path}: the model {recipe.model!r} cannot be read: {where}{one_line(error)}"
        ) from error
    if folder.is_dir() and not any(chain.from_iterable(folder.glob(pattern) for pattern in _WEIGHTS)):
        raise BadConfig(f"{recipe.path}: {recipe.model}: the folder has no weights (such as model.safetensors)")
    if recipe.settings.get("use_peft") and model.config.get("quantization_config"):
        raise BadConfig(
            f"{recipe.path}: the model {recipe.model!r} is quantised, so that no adapter can be merged into it: name "
            "the model that it was made from, and set load_in_4bit: true"
        )
    return model


def _is_path(model: str) -> bool:
    """Whether a model's name is a path rather than a name on the Hub, which has at most one slash."""
    path = Path(model)
    is_beside_something = len(path.parts) == 2 and path.parent.is_dir()
    return path.is_absolute() or model.startswith((".", "~")) or len(path.parts) > 2 or is_beside_something
