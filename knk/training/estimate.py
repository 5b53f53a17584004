"""The memory and time of a run, computed from the model's size and from stated assumptions. Nothing is measured.

| quantity | assumption |
|---|---|
| trained weights | 16 bytes per parameter: weights, gradients, Adam's two moments; sharded by ZeRO-3 and FSDP2 |
| frozen weights | 2 bytes per parameter in bfloat16, 4 otherwise |
| activations | a layer's input for each token and layer, plus one whole layer; without checkpointing, every layer |
| log-probabilities | computed by TRL in chunks: 1 GiB |
| vLLM beside the trainer | its share of the GPU; while it sleeps, the activations use that memory |
| overhead per GPU | 1.5 GiB for CUDA, and 5% lost to fragmentation |
| vLLM's server | 90% of a GPU of its own |
| without vLLM | keys and values of a pass's completions, and the whole model gathered if it is sharded |
| speed | 35% of the GPU's bfloat16 peak in training, 60% of its bandwidth in generation; no communication cost |
| a generation step | 5 ms of overhead with vLLM, 30 ms without |
| an RLVR step | prompts of 256 tokens; the longest completion is four times the mean, and all are padded to it |
| not counted | rewards, loading, saving, communication of weights and gradients |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from knk.training.gpus import GIB, Gpu
from knk.training.recipe import Recipe
from knk.training.shapes import HALF, Shape

_BYTES_PER_TRAINED_PARAMETER: Final = 16
_LOG_PROBABILITY_BYTES: Final = GIB
_CUDA_BYTES: Final = 1.5 * GIB
_FRAGMENTATION: Final = 0.05
_COMPUTE_EFFICIENCY: Final = 0.35
_BANDWIDTH_EFFICIENCY: Final = 0.6
_STEP_OVERHEAD: Final = {True: 0.005, False: 0.030}
"""Seconds of overhead per generated token, with vLLM and without."""
_MAX_LENGTH_PER_MEAN: Final = 4
_PROMPT_TOKENS: Final = 256
DEFAULT_ROWS: Final = 18_000
"""Rows of SFT if the data do not exist yet: four completions for each of 4,500 puzzles."""
DEFAULT_TOKENS: Final = 1_600
"""Tokens per completion: about the mean that the paper reports for MATH after warm-up, 1,624."""


@dataclass(frozen=True)
class Cost:
    """A part of the memory or time that a run needs.

    Args:
        name: what needs it.
        amount: bytes of one GPU, or seconds.
        detail: how it is computed.
    """

    name: str
    amount: float
    detail: str = ""


def has_vllm_server(recipe: Recipe) -> bool:
    """Whether a vLLM server has a GPU of its own."""
    return bool(recipe.settings.get("use_vllm")) and recipe.settings.get("vllm_mode", "colocate") == "server"


@dataclass(frozen=True)
class RunEstimate:
    """The memory and time of a recipe on some GPUs, computed part by part.

    Args:
        recipe: the recipe.
        gpus: the number of GPUs of one machine.
        gpu: their kind.
        tokens: the mean number of tokens per completion.
        rows: the number of rows of SFT.
        shape: the shape of the model.
    """

    recipe: Recipe
    gpus: int
    gpu: Gpu
    tokens: int
    rows: int
    shape: Shape

    @cached_property
    def launch(self) -> Mapping[str, Any]:
        """The accelerate configuration."""
        return self.recipe.launch

    @cached_property
    def is_sharded(self) -> bool:
        """Whether the weights are sharded over the GPUs, by DeepSpeed ZeRO-3 or by FSDP."""
        is_partial = self.recipe.settings.get("accelerate_config") in ("zero1", "zero2")
        return self.launch.get("distributed_type") in ("DEEPSPEED", "FSDP") and self.processes > 1 and not is_partial

    @cached_property
    def processes(self) -> int:
        """The number of training processes."""
        if self.launch.get("distributed_type") == "NO":
            return 1
        return max(1, self.gpus - (1 if has_vllm_server(self.recipe) else 0))

    @cached_property
    def is_grpo(self) -> bool:
        """Whether the trainer is GRPO."""
        return self.recipe.trainer == "grpo"

    @cached_property
    def batch(self) -> int:
        """The number of examples per step."""
        return (
            self._number("per_device_train_batch_size", 8)
            * self._number("gradient_accumulation_steps", 1)
            * self.recipe.processes
        )

    @cached_property
    def device_batch(self) -> int | None:
        """The number of examples per pass on one GPU that keeps the recipe's batch size; None if no number does."""
        largest = self._number("per_device_train_batch_size", 8)
        sizes = (size for size in range(largest, 0, -1) if self.batch % (size * self.processes) == 0)
        return next(sizes, None)

    @cached_property
    def max_tokens(self) -> int:
        """The number of tokens of the longest example."""
        if self.is_grpo:
            return _PROMPT_TOKENS + self._number("max_completion_length", 512)
        return self._number("max_length", 1024)

    @cached_property
    def adapters(self) -> int:
        """The number of adapter parameters; 0 if all weights are trained."""
        if not self.recipe.settings.get("use_peft"):
            return 0
        return self.shape.adapter_parameters(self._number("lora_r", 16))

    def _number(self, name: str, default: int) -> int:
        return self.recipe.number(name, default)

    def changed_settings(self) -> dict[str, Any]:
        """Return the settings that differ from the recipe's because of the number of GPUs."""
        size = self.device_batch
        if size is None:
            return {}
        settings = {
            "num_processes": self.processes,
            "per_device_train_batch_size": size,
            "gradient_accumulation_steps": self.batch // (size * self.processes),
        }
        current = {**self.recipe.settings, "num_processes": self.recipe.processes}
        return {name: value for name, value in settings.items() if value != current.get(name)}

    def problems(self) -> Iterator[str]:
        """Iterate over the reasons why the recipe cannot run."""
        needed = sum(cost.amount for cost in self.memory())
        if has_vllm_server(self.recipe) and self.gpus < 2:
            yield "the vLLM server needs a GPU of its own beside those that train"
        if self.device_batch is None:
            yield f"{self.batch} examples per step cannot be divided among {self.processes} processes"
        if needed > self.gpu.memory:
            yield f"{(needed - self.gpu.memory) / GIB:.1f} GiB more than a GPU has"
        vllm_bytes = self._vllm_share * self.gpu.memory
        needed_bytes = HALF * self.shape.parameters + self.max_tokens * self.shape.cache_bytes
        if vllm_bytes and needed_bytes > vllm_bytes:
            needed_gib = f"{needed_bytes / GIB:.1f}"
            yield f"vLLM has {vllm_bytes / GIB:.1f} GiB, but the weights and one completion need {needed_gib}"

    @property
    def _vllm_share(self) -> float:
        """The share of a GPU's memory that vLLM uses; 0 without vLLM."""
        if not self.recipe.settings.get("use_vllm"):
            return 0.0
        if has_vllm_server(self.recipe):
            return 0.9
        return self.recipe.share("vllm_gpu_memory_utilization", 0.3)

    def memory(self) -> Iterator[Cost]:
        """Iterate over the memory of the fullest training GPU."""
        shape, shards = self.shape, self.processes if self.is_sharded else 1
        sharding = f", sharded over {shards}" if shards > 1 else ""
        if self.adapters:
            each = HALF if self.recipe.settings.get("dtype") == "bfloat16" else 2 * HALF
            yield Cost(
                "frozen weights",
                each * shape.parameters / shards,
                f"{shape.parameters / 1e9:.2f}B, {each} bytes each{sharding}",
            )
            yield Cost(
                "adapters",
                _BYTES_PER_TRAINED_PARAMETER * self.adapters / shards,
                f"{self.adapters / 1e6:.0f}M, trained{sharding}",
            )
        else:
            yield Cost(
                "weights, gradients, Adam",
                _BYTES_PER_TRAINED_PARAMETER * shape.parameters / shards,
                f"{shape.parameters / 1e9:.2f}B, {_BYTES_PER_TRAINED_PARAMETER} bytes each{sharding}",
            )
        if shards > 1:
            yield Cost(
                "gathered layers",
                HALF * (2 * shape.layer_parameters + shape.embedding_parameters),
                "two layers and the embedding",
            )
        elif not self.adapters:
            yield Cost("weights in bfloat16", HALF * shape.parameters, "the copy used in computation")
        yield from self._transient_memory()
        yield Cost("log-probabilities", _LOG_PROBABILITY_BYTES, "in chunks")
        yield Cost("CUDA and fragmentation", _CUDA_BYTES + _FRAGMENTATION * self.gpu.memory)

    def _transient_memory(self) -> Iterator[Cost]:
        """Iterate over the memory that is not always used: activations, the cache, vLLM."""
        tokens, shape = (self.device_batch or 1) * self.max_tokens, self.shape
        one_layer = 2 * shape.layer_activations * tokens
        layer_inputs = HALF * shape.hidden * shape.layers * tokens
        checkpointed = self.recipe.settings.get("gradient_checkpointing", True) is not False
        stored = layer_inputs if checkpointed else shape.layers * shape.layer_activations * tokens
        active = stored + one_layer
        detail = f"{tokens:,} tokens per pass{', checkpointed' if checkpointed else ''}"
        vllm_bytes = self._vllm_share * self.gpu.memory if not has_vllm_server(self.recipe) else 0.0
        if vllm_bytes and self.recipe.settings.get("vllm_enable_sleep_mode"):
            yield Cost("activations, or vLLM awake", max(active, vllm_bytes), detail)
            return
        yield Cost("activations", active, detail)
        if vllm_bytes:
            yield Cost("vLLM", vllm_bytes, "its share of the GPU")
        elif self.is_grpo and not self._vllm_share:
            yield Cost("cache", shape.cache_bytes * tokens * self._generated_passes, "keys and values in generation")
            if self.is_sharded:
                yield Cost("model in generation", HALF * shape.parameters, "gathered")

    @property
    def _generated_passes(self) -> int:
        """The number of passes whose completions are generated at a time."""
        return self.batch // ((self.device_batch or 1) * self.processes)

    def time(self) -> Iterator[Cost]:
        """Iterate over the time of the run."""
        if not self.is_grpo:
            steps = self.recipe.settings.get("max_steps")
            rows = steps * self.batch if isinstance(steps, int) and steps > 0 else self.rows * self._epochs
            tokens = rows * min(self.tokens + _PROMPT_TOKENS, self.max_tokens)
            yield Cost("training", self._training_seconds(tokens), f"{tokens / 1e6:,.0f}M tokens")
            return
        steps = self._number("max_steps", 100)
        mean = min(self.tokens, self.max_tokens - _PROMPT_TOKENS)
        yield Cost("generation", steps * self._generation_seconds(mean), f"{steps} steps of {self.batch} completions")
        # The training passes, and one more for the log-probabilities before them.
        padded = self.batch * (self._longest_completion(mean) + _PROMPT_TOKENS)
        yield Cost("training", steps * self._training_seconds(padded) * 10 / 8, "completions padded to the longest")

    @property
    def _epochs(self) -> float:
        return self.recipe.share("num_train_epochs", 3.0)

    def _training_seconds(self, tokens: float) -> float:
        """Return the seconds to train on tokens: forward, backward, and the second forward pass of checkpointing."""
        return 8 * self.shape.parameters * tokens / (self.processes * self.gpu.flops * _COMPUTE_EFFICIENCY)

    def _generation_seconds(self, mean: int) -> float:
        """Return the seconds to generate a step's completions: each token reads the weights and the caches once."""
        devices = 1 if has_vllm_server(self.recipe) else self.processes
        sequences = self.batch / devices
        caches = sequences * self.shape.cache_bytes * (mean / 2 + _PROMPT_TOKENS)
        overhead = _STEP_OVERHEAD[self._vllm_share > 0]
        token = (HALF * self.shape.parameters + caches) / (self.gpu.bandwidth * _BANDWIDTH_EFFICIENCY) + overhead
        return self._longest_completion(mean) * token

    def _longest_completion(self, mean: int) -> int:
        return min(_MAX_LENGTH_PER_MEAN * mean, self.max_tokens - _PROMPT_TOKENS)
