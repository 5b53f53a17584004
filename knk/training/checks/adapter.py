"""The modules that a LoRA adapter names are in the model."""

from __future__ import annotations

import warnings
from typing import Any

from knk.errors import BadConfig
from knk.models import base_of
from knk.training.checks.settings import Parsed, one_line
from knk.training.recipe import Recipe
from knk.yaml_config import suggestion


def check_adapter(recipe: Recipe, parsed: Parsed) -> str | None:
    """Check that the model has the modules that the adapter names, and return one line about it; None without LoRA.

    PEFT itself says nothing of a module that is missing beside others that are there.

    Args:
        recipe: the recipe.
        parsed: its settings as TRL parsed them.

    Raises:
        BadConfig: a module is not there, or PEFT or TRL refuses it.
    """
    if not parsed.model.use_peft:
        return None
    model = _empty_model(recipe)
    if model is None:
        return "adapter: not checked, as the model's configuration is not that of a causal language model"
    names = {name for name, _ in model.named_modules() if name}
    for setting in ("lora_target_modules", "lora_modules_to_save"):
        _check_modules(recipe, setting, getattr(parsed.model, setting), names)
    trained = _adapted(recipe, parsed, model)
    return f"adapter: {trained:,} parameters"


def _empty_model(recipe: Recipe) -> Any:
    """Return the model without weights, made from its configuration; None if it is not a causal language model."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base_of(recipe.model)))
    except (OSError, ValueError, KeyError):
        return None


def _check_modules(recipe: Recipe, setting: str, modules: Any, names: set[str]) -> None:
    """Check that each module in a list is there; a string is a pattern or a word of PEFT's.

    TRL makes a list of one name that name, which PEFT then takes for a pattern of whole names.
    """
    leaves = sorted({name.rpartition(".")[2] for name in names})
    if isinstance(modules, str) and modules in leaves and modules not in names:
        raise BadConfig(
            f"{recipe.path}: {setting}: TRL takes a single name for a pattern, and none of the model's modules is "
            f"{modules!r} alone: write '.*{modules}'"
        )
    if modules is None or (isinstance(modules, str) and not modules.isidentifier()):
        return
    for module in [modules] if isinstance(modules, str) else modules:
        if not any(name == module or name.endswith(f".{module}") for name in names):
            raise BadConfig(
                f"{recipe.path}: {setting}: the model has no module {str(module)[:60]!r}{suggestion(module, leaves)}"
            )


def _adapted(recipe: Recipe, parsed: Parsed, model: Any) -> int:
    """Return the number of parameters that PEFT would train."""
    from peft import get_peft_model
    from peft.tuners.tuners_utils import BaseTunerLayer
    from trl import get_peft_config

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # The trainer warns again when it starts.
            adapted = get_peft_model(model, get_peft_config(parsed.model))
    except (ValueError, TypeError) as error:
        raise BadConfig(f"{recipe.path}: lora_target_modules: {one_line(error)}") from error
    if isinstance(adapted.get_output_embeddings(), BaseTunerLayer):
        raise BadConfig(f"{recipe.path}: lora_target_modules: TRL does not train an adapter on the output layer")
    return sum(parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad)
