"""The memory of a training GPU, computed part by part. The assumptions are those of `knk.training.estimate`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from knk.training.gpus import GIB
from knk.training.shapes import HALF
from knk.training.workload import Workload

FULL: Final = 4
"""The bytes of a float32 number."""
ADAM_BYTES: Final = 8
OPTIMIZER_BYTES: Final = {
    **dict.fromkeys(("adamw_8bit", "adamw_bnb_8bit", "adamw_torch_8bit", "ademamix_8bit"), 2),
    **dict.fromkeys(("adamw_torch_4bit", "lion_8bit", "rmsprop_bnb_8bit"), 1),
    **dict.fromkeys(("lion_32bit", "rmsprop", "rmsprop_bnb", "rmsprop_bnb_32bit", "adagrad"), 4),
    **dict.fromkeys(("sgd", "adafactor"), 0),
}
"""Bytes per trained parameter of the states of optimizers; others, such as AdamW, have two float32 numbers.

The states of paged optimizers are not counted: they move to the CPU's memory if the GPU is full.
"""
QUANTIZED_BYTES: Final = {4: 0.5 + FULL / 64, 8: 1.0}
"""Bytes per quantized weight: bitsandbytes keeps a float32 scale for each 64 weights of 4 bits."""
REDUCE_BUCKET: Final = 500_000_000
LIVE_PARAMETERS: Final = 1_000_000_000
"""DeepSpeed's defaults: elements of the buffer in which gradients are reduced, and of parameters gathered at a time."""
HEAD_TILE: Final = 4096 * 32_768
"""The logits that TRL computes at a time."""
SYNC_BUFFER_BYTES: Final = 2 * GIB
"""vLLM's two buffers in which weights are sent to a server."""
CUDA_BYTES: Final = 1.5 * GIB
FRAGMENTATION: Final = 0.05
_MASK_BYTES: Final = 3
"""An attention mask is a byte for each pair of tokens, and as a bfloat16 number two more."""


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


@dataclass(frozen=True)
class Memory:
    """The memory of the fullest training GPU.

    Args:
        kept: what is there all the time.
        training: what is there in addition while it trains.
        generating: what is there in addition while completions are generated and weights are sent to vLLM.
    """

    kept: tuple[Cost, ...]
    training: tuple[Cost, ...]
    generating: tuple[Cost, ...]

    @property
    def is_fullest_in_training(self) -> bool:
        """Whether the GPU is fuller in training than in generation."""
        return _total(self.training) >= _total(self.generating)

    @property
    def fullest(self) -> tuple[Cost, ...]:
        """The parts at the moment when the GPU is fullest."""
        return (*self.kept, *(self.training if self.is_fullest_in_training else self.generating))

    @property
    def other(self) -> float:
        """The bytes in the other phase."""
        return _total(self.kept) + _total(self.generating if self.is_fullest_in_training else self.training)


def _total(costs: tuple[Cost, ...]) -> float:
    return sum(cost.amount for cost in costs)


def memory_of(work: Workload) -> Memory:
    """Return the memory of the fullest training GPU.

    Args:
        work: the recipe on some GPUs.
    """
    return Memory(tuple(_kept(work)), tuple(_training(work)), tuple(_generating(work)))


def _kept(work: Workload) -> Iterator[Cost]:
    yield from _frozen(work) if work.adapters else _trained(work)
    if work.is_grpo and not work.adapters and work.setting("beta", 0.0):
        each = HALF if _is_half(work) or work.zero_stage else FULL
        yield Cost("reference model", each * _share(work), "as beta is not 0")
    if work.vllm_share and not work.has_server and not work.setting("vllm_enable_sleep_mode"):
        yield Cost("vLLM", work.vllm_share * work.gpu.memory, "its share of the GPU")
    yield Cost("CUDA and fragmentation", CUDA_BYTES + FRAGMENTATION * work.gpu.memory)


def _is_half(work: Workload) -> bool:
    return work.setting("dtype") in ("bfloat16", "float16")


def _share(work: Workload) -> float:
    """Return the parameters of the model that a GPU holds."""
    return work.shape.parameters / (work.processes if work.is_sharded else 1)


def _states(work: Workload, are_half: bool = False) -> int:
    """Return the optimizer's bytes per trained parameter."""
    name = str(work.setting("optim", "adamw_torch"))
    if name.startswith("paged_"):
        return 0
    return OPTIMIZER_BYTES.get(name, ADAM_BYTES // 2 if are_half else ADAM_BYTES)


def _trained(work: Workload) -> Iterator[Cost]:
    """Iterate over the memory of weights that are all trained, with gradients and optimizer."""
    parameters, processes = work.shape.parameters, work.processes
    number = FULL if work.zero_stage or not _is_half(work) else HALF
    weights, states = number, _states(work, are_half=number == HALF)
    # DeepSpeed computes with bfloat16 weights and gradients, and keeps float32 weights beside them.
    parts = (HALF, HALF, FULL + states) if work.zero_stage is not None else (weights, weights, states)
    sharded = 3 if work.is_fsdp else work.zero_stage or 0
    each = sum(part / (processes if sharded > 2 - index else 1) for index, part in enumerate(parts))
    detail = f"{parameters / 1e9:.2f}B, {sum(parts)} bytes each"
    sharding = {1: "; optimizer", 2: "; optimizer and gradients", 3: ""}.get(sharded, "")
    detail += f"{sharding}, sharded over {processes}" if sharded and processes > 1 else ""
    yield Cost("weights, gradients, optimizer", each * parameters, detail)
    if work.zero_stage is None and not work.is_fsdp and number == FULL:
        yield Cost("weights in bfloat16", HALF * parameters, "the copy used in computation")
    if not sharded and work.zero_stage is None and processes > 1:
        yield Cost("gradients being reduced", number * parameters, "the buckets of PyTorch's data parallelism")


def _frozen(work: Workload) -> Iterator[Cost]:
    """Iterate over the memory of frozen weights, and of adapters with gradients and optimizer."""
    shape, shards = work.shape, work.processes if work.is_sharded else 1
    half = work.zero_stage is not None or _is_half(work)
    each, bits, sharding = HALF if half else FULL, work.quantized_bits, f", sharded over {shards}" if shards > 1 else ""
    if bits:
        others = shape.parameters - shape.linear_parameters
        amount = QUANTIZED_BYTES[bits] * shape.linear_parameters + each * others
        yield Cost(
            "frozen weights", amount, f"{shape.linear_parameters / 1e9:.2f}B in {bits} bits, the rest in {8 * each}"
        )
    else:
        detail = f"{shape.parameters / 1e9:.2f}B, {each} bytes each{sharding}"
        yield Cost("frozen weights", each * shape.parameters / shards, detail)
    # TRL keeps the adapters of a quantized model in bfloat16, and PEFT all others in float32.
    number = HALF if bits else FULL
    size = 2 * number + _states(work, are_half=bool(bits))
    detail = f"{work.adapters / 1e6:.0f}M, {size} bytes each, trained{sharding}"
    yield Cost("adapters", size * work.adapters / shards, detail)


def _training(work: Workload) -> Iterator[Cost]:
    yield _activations(work)
    yield _head(work)
    if work.has_padding and work.max_tokens > 1:
        amount = _MASK_BYTES * work.division.device_batch * work.max_tokens**2
        yield Cost(
            "attention mask", amount, f"{work.division.device_batch} of {work.max_tokens:,} x {work.max_tokens:,}"
        )
    yield from _gathered(work)


def _activations(work: Workload) -> Cost:
    shape, tokens = work.shape, work.division.device_batch * work.max_tokens
    one_layer = 2 * shape.layer_activations * tokens
    layer_inputs = HALF * shape.hidden * shape.layers * tokens
    stored = layer_inputs if work.is_checkpointed else shape.layers * shape.layer_activations * tokens
    detail = f"{tokens:,} tokens per pass{', checkpointed' if work.is_checkpointed else ''}"
    return Cost("activations", stored + one_layer, detail)


def _head(work: Workload) -> Cost:
    """Return the memory of the log-probabilities, with their gradients in float32."""
    tokens = work.division.device_batch * work.max_tokens
    hidden, gradient = FULL * work.shape.hidden * tokens, FULL * work.shape.embedding_parameters
    if work.adapters:
        return Cost("log-probabilities", HALF * HEAD_TILE + hidden, "in tiles; the head is frozen")
    return Cost("log-probabilities", HALF * HEAD_TILE + hidden + gradient, "in tiles, and the head's float32 gradient")


def _gathered(work: Workload) -> Iterator[Cost]:
    """Iterate over the weights and gradients that are gathered while the model is computed."""
    shape = work.shape
    layers = 2 * shape.layer_parameters + shape.embedding_parameters
    if work.is_sharded and work.zero_stage:
        live = HALF * min(shape.parameters, max(LIVE_PARAMETERS, layers))
        yield Cost("gathered weights", live, "DeepSpeed's live parameters")
    elif work.is_sharded:
        yield Cost("gathered weights", HALF * layers, "two layers and the embedding")
    trained = work.adapters or shape.parameters
    if work.zero_stage and work.processes > 1:
        yield Cost("gradients being reduced", HALF * min(REDUCE_BUCKET, trained), "DeepSpeed's bucket")
    elif work.is_fsdp and work.processes > 1 and not work.adapters:
        size = FULL * max(shape.layer_parameters, shape.embedding_parameters)
        yield Cost("gradients being reduced", size, "the largest part")


def _generating(work: Workload) -> Iterator[Cost]:
    if not work.is_grpo:
        return
    shape, tokens = work.shape, work.division.device_batch * work.division.accumulation * work.max_tokens
    if not work.vllm_share:
        yield Cost("cache", shape.cache_bytes * tokens, "keys and values of the completions of a step")
        if work.is_sharded:
            yield Cost("model in generation", HALF * shape.parameters, "gathered")
        return
    if not work.has_server and work.setting("vllm_enable_sleep_mode"):
        yield Cost("vLLM awake", work.vllm_share * work.gpu.memory, "its share of the GPU")
    if work.is_sharded and work.adapters:
        yield Cost("model with merged adapters", HALF * shape.parameters, "gathered to be sent to vLLM")
    elif work.is_sharded:
        yield Cost("weights being sent", HALF * shape.embedding_parameters, "the largest, gathered")
    elif work.adapters:
        largest = max(shape.hidden * shape.inner, shape.hidden * shape.hidden)
        yield Cost("adapter being merged", FULL * largest, "the largest matrix of a layer")
    if work.has_server:
        yield Cost("buffers to the server", SYNC_BUFFER_BYTES, "two of 1 GiB")
