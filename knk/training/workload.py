"""What a recipe asks of some GPUs: lengths, processes, sharding, adapters, and vLLM's share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from knk.training.batches import Division
from knk.training.gpus import Gpu
from knk.training.recipe import Recipe
from knk.training.shapes import Shape
from knk.yaml_config import mapping

PROMPT_TOKENS: Final = 256
SERVER_SHARE: Final = 0.9
"""The share of its GPU's memory that a vLLM server uses by default."""
_COLOCATED_SHARE: Final = 0.3
_ZERO_STAGES: Final = {"zero1": 1, "zero2": 2, "zero3": 3}


def has_vllm_server(recipe: Recipe) -> bool:
    """Whether a vLLM server has a GPU of its own.

    Args:
        recipe: the recipe.
    """
    return bool(recipe.settings.get("use_vllm")) and recipe.settings.get("vllm_mode", "colocate") == "server"


def processes_on(recipe: Recipe, gpus: int) -> int:
    """Return the number of training processes that some GPUs of one machine allow.

    Args:
        recipe: the recipe.
        gpus: the number of GPUs.
    """
    if recipe.launch.get("distributed_type") == "NO":
        return 1
    return max(1, gpus - (1 if has_vllm_server(recipe) else 0))


@dataclass(frozen=True)
class Workload:
    """A recipe on some GPUs.

    Args:
        recipe: the recipe.
        division: how a step is divided.
        gpu: the kind of the GPUs.
        tokens: the mean number of tokens per completion.
        rows: the number of rows of SFT.
        shape: the shape of the model.
    """

    recipe: Recipe
    division: Division
    gpu: Gpu
    tokens: int
    rows: int
    shape: Shape

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a setting, or a default if it is not set.

        Args:
            name: its name.
            default: the default.
        """
        value = self.recipe.settings.get(name)
        return default if value is None else value

    def number(self, name: str, default: int) -> int:
        """Return a setting that is a positive integer.

        Args:
            name: its name.
            default: TRL's default.

        Raises:
            BadConfig: it is something else.
        """
        return self.recipe.number(name, default)

    @cached_property
    def is_grpo(self) -> bool:
        """Whether the trainer is GRPO."""
        return self.recipe.trainer == "grpo"

    @property
    def processes(self) -> int:
        """The number of training processes."""
        return self.division.processes

    @cached_property
    def launch(self) -> Mapping[str, Any]:
        """The accelerate configuration."""
        return self.recipe.launch

    @cached_property
    def zero_stage(self) -> int | None:
        """The stage of DeepSpeed's ZeRO, or None without DeepSpeed."""
        if self.launch.get("distributed_type") != "DEEPSPEED":
            return None
        name = str(self.recipe.settings.get("accelerate_config"))
        if name in _ZERO_STAGES:
            return _ZERO_STAGES[name]
        stage = mapping(self.launch.get("deepspeed_config") or {}, name).get("zero_stage", 3)
        return stage if isinstance(stage, int) else 3

    @cached_property
    def is_fsdp(self) -> bool:
        """Whether the launcher uses FSDP."""
        return self.launch.get("distributed_type") == "FSDP"

    @cached_property
    def is_sharded(self) -> bool:
        """Whether the weights are sharded over the GPUs, by DeepSpeed ZeRO-3 or by FSDP."""
        return (self.is_fsdp or self.zero_stage == 3) and self.processes > 1

    @cached_property
    def is_checkpointed(self) -> bool:
        """Whether activations are computed again for the backward pass; TRL's default."""
        return self.recipe.settings.get("gradient_checkpointing", True) is not False

    @cached_property
    def quantized_bits(self) -> int:
        """The bits of a quantized weight: 4, 8, or 0 if the weights are not quantized."""
        return 4 if self.setting("load_in_4bit") else 8 if self.setting("load_in_8bit") else 0

    @cached_property
    def adapters(self) -> int:
        """The number of adapter parameters; 0 if all weights are trained."""
        return self.shape.adapter_parameters(self.number("lora_r", 16)) if self.setting("use_peft") else 0

    @cached_property
    def has_padding(self) -> bool:
        """Whether a pass has padded sequences and an attention mask, so that attention computes all pairs of tokens."""
        return self.division.device_batch > 1 and "flash" not in str(self.setting("attn_implementation", ""))

    @cached_property
    def max_completion(self) -> int:
        """The largest number of tokens of a completion."""
        return self.number("max_completion_length", 512)

    @cached_property
    def max_tokens(self) -> int:
        """The number of tokens of the longest example."""
        if self.is_grpo:
            return PROMPT_TOKENS + self.max_completion
        return self.number("max_length", 1024)

    @cached_property
    def mean_completion(self) -> int:
        """The mean number of tokens of a completion."""
        return min(self.tokens, self.max_completion if self.is_grpo else self.max_tokens)

    @cached_property
    def has_server(self) -> bool:
        """Whether a vLLM server has a GPU of its own."""
        return has_vllm_server(self.recipe)

    @cached_property
    def vllm_share(self) -> float:
        """The share of a GPU's memory that vLLM uses; 0 without vLLM."""
        if not self.recipe.settings.get("use_vllm"):
            return 0.0
        if self.has_server:
            return SERVER_SHARE
        return self.recipe.share("vllm_gpu_memory_utilization", _COLOCATED_SHARE)

    @cached_property
    def tensor_parallel(self) -> int:
        """The number of GPUs that share one copy of the model in vLLM."""
        return 1 if self.has_server else self.number("vllm_tensor_parallel_size", 1)
