"""Generation with transformers leaves the weights as they are trained."""

from __future__ import annotations

from knk.errors import BadConfig
from knk.training.recipe import Recipe


def check_generation(recipe: Recipe) -> None:
    """Check that generation with transformers does not change the precision of the weights.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: it does.
    """
    if refused := generation_refusal(recipe):
        raise BadConfig(f"{recipe.path}: {refused}")


def generation_refusal(recipe: Recipe) -> str | None:
    """Return why generation with transformers would change the precision of the weights; None if it would not.

    For continuous batching, TRL turns the model that it trains into half precision, and not back. A learning rate of RL
    changes most such weights by less than they can show. With DeepSpeed, which keeps float32 weights beside them, no
    harm is done: https://github.com/huggingface/trl/blob/v1.16.0/trl/trainer/grpo_trainer.py (`generate_batch`)

    Args:
        recipe: the recipe.
    """
    settings = recipe.settings
    is_batching = settings.get("use_transformers_continuous_batching") or settings.get("use_transformers_paged")
    is_half = settings.get("bf16") is not False or bool(settings.get("fp16"))
    has_deepspeed = recipe.launch.get("distributed_type") == "DEEPSPEED" or bool(settings.get("deepspeed"))
    if not is_batching or settings.get("use_vllm") or not is_half or has_deepspeed:
        return None
    return (
        "continuous batching turns the trained weights into half precision unless DeepSpeed keeps them: add "
        "--set use_transformers_continuous_batching=false, or an accelerate_config for DeepSpeed"
    )
