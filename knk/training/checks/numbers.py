"""The trainer's own classes accept its numbers: of the optimizer and its schedule, of sampling, and of LoRA."""

from __future__ import annotations

from typing import Any

from knk.errors import BadConfig
from knk.training.checks.settings import Parsed, one_line
from knk.training.recipe import Recipe


def check_numbers(recipe: Recipe, parsed: Parsed) -> None:
    """Check that the optimizer, the learning rate's schedule, the sampling and the adapter can be made.

    Args:
        recipe: the recipe.
        parsed: its settings as TRL parsed them.

    Raises:
        BadConfig: one of them refuses its numbers, or its package is not installed.
    """
    makers = {"optimizer": _optimizer, "adapter": _adapter}
    if recipe.trainer == "grpo":
        makers["sampling"] = _sampling
    for part, make in makers.items():
        try:
            make(parsed)
        except Exception as error:
            raise BadConfig(f"{recipe.path}: the {part} cannot be made: {one_line(error)}") from error


def _optimizer(parsed: Parsed) -> None:
    import torch
    from transformers import Trainer, get_scheduler

    arguments = parsed.training
    if arguments.optim_target_modules or "lomo" in arguments.optim:
        return  # These need the model itself.
    kind, options = Trainer.get_optimizer_cls_and_kwargs(arguments)
    optimizer = kind([torch.nn.Parameter(torch.zeros(1))], **options)
    get_scheduler(
        arguments.lr_scheduler_type,
        optimizer,
        num_warmup_steps=1,
        num_training_steps=100,
        scheduler_specific_kwargs=arguments.lr_scheduler_kwargs,
    )


def _adapter(parsed: Parsed) -> None:
    from trl import get_peft_config

    get_peft_config(parsed.model)


def _sampling(parsed: Parsed) -> None:
    """Make what transformers makes of the settings for sampling; vLLM takes the same ranges."""
    import transformers

    arguments = parsed.training
    unlimited = (0, -1) if arguments.use_vllm else (0,)
    processors: list[tuple[str, Any, bool]] = [
        ("TemperatureLogitsWarper", arguments.temperature, True),
        ("TopPLogitsWarper", arguments.top_p, True),
        ("TopKLogitsWarper", arguments.top_k, arguments.top_k not in unlimited),
        ("MinPLogitsWarper", arguments.min_p, arguments.min_p is not None),
        ("RepetitionPenaltyLogitsProcessor", arguments.repetition_penalty, True),
    ]
    for name, value, is_used in processors:
        if is_used:
            getattr(transformers, name)(value)
    if not arguments.use_vllm:
        options = arguments.generation_kwargs or {}
        transformers.GenerationConfig(**{"cache_implementation": arguments.cache_implementation, **options})
