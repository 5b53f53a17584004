"""Stop strings: where they work, and what they do to a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from knk.errors import BadConfig
from knk.training.recipe import Recipe

_TRANSFORMERS: Final = "stop_strings"
_VLLM: Final = ("stop", "stop_token_ids")


def check_stops(recipe: Recipe) -> str | None:
    """Check that stop strings are possible and useful, and return one line about them; None if there are none.

    TRL passes no tokenizer to transformers' `generate`, which needs one for stop strings. With vLLM it counts every
    completion that does not end in the end token as clipped:
    https://github.com/huggingface/trl/blob/v1.16.0/trl/trainer/grpo_trainer.py (`is_truncated`)

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: there are stop strings without vLLM, or under a name that it does not have, or the completions that
            they end would be left out of the loss.
    """
    options = _generation_options(recipe)
    uses_vllm = bool(recipe.settings.get("use_vllm"))
    if options.get(_TRANSFORMERS) is not None:
        cure = "vLLM calls them 'stop'" if uses_vllm else "TRL passes no tokenizer to generate, which needs it for them"
        raise BadConfig(f"{recipe.path}: remove {_TRANSFORMERS!r} from generation_kwargs: {cure}")
    name = next((name for name in _VLLM if options.get(name)), None)
    if name is None or not uses_vllm:
        return None
    if recipe.settings.get("mask_truncated_completions"):
        raise BadConfig(
            f"{recipe.path}: remove {name!r} from generation_kwargs: a completion that it ends counts as clipped, and "
            "mask_truncated_completions leaves those out of the loss"
        )
    return f"stops: completions that {name!r} ends count as clipped, and the model does not learn to end them itself"


def _generation_options(recipe: Recipe) -> Mapping[str, Any]:
    """Return `generation_kwargs`, which may be JSON in a string."""
    options = recipe.settings.get("generation_kwargs")
    if isinstance(options, str):
        try:
            options = json.loads(options)
        except (ValueError, RecursionError) as error:
            raise BadConfig(f"{recipe.path}: expected 'generation_kwargs' to be a mapping, or JSON of one") from error
    return options if isinstance(options, Mapping) else {}
