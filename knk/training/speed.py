"""The time of a run, computed part by part. The assumptions are those of `knk.training.estimate`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from knk.errors import KnkError
from knk.training.data import eval_sources, rows_of
from knk.training.memory import Cost
from knk.training.recipe import Recipe
from knk.training.serving import cache_of
from knk.training.shapes import HALF
from knk.training.workload import PROMPT_TOKENS, Workload

MAX_LENGTH_PER_MEAN: Final = 4
"""How many times as long as the mean the longest completion of a step is."""


@dataclass(frozen=True)
class Speeds:
    """How fast the hardware is in practice.

    Args:
        compute: the share of the GPU's bfloat16 peak that training reaches.
        bandwidth: the share of its bandwidth that generation reaches.
        layer_seconds: the least time of one layer in one training pass, in which kernels are launched from Python.
        token_seconds: the overhead of one generated token with vLLM.
        plain_token_seconds: the same with transformers.
        link: the share of the bandwidth between GPUs that ZeRO-3 and FSDP reach.
    """

    compute: float = 0.45
    bandwidth: float = 0.7
    layer_seconds: float = 0.0016
    token_seconds: float = 0.002
    plain_token_seconds: float = 0.030
    link: float = 0.6


SPEEDS: Final = Speeds()
LINKS: Final = {"B200": 900e9, "H200": 450e9, "H100": 450e9, "A100-80": 300e9, "A100-40": 300e9}
"""Bytes per second between GPUs in one direction, by NVLink."""
PCIE: Final = 32e9
"""Bytes per second between GPUs without NVLink: sixteen lanes of PCIe 4."""


ASSUMED_EVAL_ROWS: Final = 100
"""The rows to evaluate on if they do not exist yet."""


def time_of(work: Workload, speeds: Speeds = SPEEDS) -> Iterator[Cost]:
    """Iterate over the time of a run.

    Args:
        work: the recipe on some GPUs.
        speeds: how fast the hardware is in practice.
    """
    if not work.is_grpo:
        steps = work.setting("max_steps")
        has_steps = isinstance(steps, int) and steps > 0
        rows = steps * work.division.batch if has_steps else work.rows * work.recipe.share("num_train_epochs", 3.0)
        length = min(work.tokens + PROMPT_TOKENS, work.max_tokens)
        seconds = _training_seconds(work, rows, length, speeds)
        yield Cost("training", seconds, f"{rows * length / 1e6:,.0f}M tokens")
        # A pass forward is a third of a training pass.
        yield from _evaluation(work, rows / work.division.batch, seconds / rows / 3)
        return
    steps, batch = work.number("max_steps", 100), work.division.batch
    generation = _generation_seconds(work, speeds)
    yield Cost("generation", steps * generation, f"{steps} steps of {batch} completions")
    length = longest_completion(work) + PROMPT_TOKENS
    seconds = steps * _training_seconds(work, batch, length, speeds, _extra_forwards(work))
    yield Cost("training", seconds, "completions padded to the longest")
    yield from _evaluation(work, steps, generation / batch)


def _evaluation(work: Workload, steps: float, row_seconds: float) -> Iterator[Cost]:
    """Iterate over the time of the evaluations in a run: none, or one entry.

    Args:
        work: the recipe on some GPUs.
        steps: the steps of the run.
        row_seconds: the seconds that one row or completion takes.
    """
    if work.setting("eval_data") is None or work.setting("eval_strategy", "steps") in ("no", False):
        return
    rows = _evaluated_rows(work.recipe) * (work.number("num_generations_eval", 1) if work.is_grpo else 1)
    every = work.recipe.share("eval_steps", work.recipe.share("save_steps", 500))
    every = every if every >= 1 else every * steps
    times = (1 if work.setting("eval_on_start", True) else 0) + max(1, round(steps / every))
    noun = "completions" if work.is_grpo else "rows"
    yield Cost("evaluation", times * rows * row_seconds, f"{times} times {rows:,} {noun}")


def _evaluated_rows(recipe: Recipe) -> int:
    """Return the number of rows to evaluate on, or an assumption if there are no data yet."""
    try:
        return sum(1 for _ in rows_of(eval_sources(recipe))) or ASSUMED_EVAL_ROWS
    except KnkError:
        return ASSUMED_EVAL_ROWS


def longest_completion(work: Workload) -> int:
    """Return the tokens of the longest completion of a step.

    Args:
        work: the recipe on some GPUs.
    """
    return min(MAX_LENGTH_PER_MEAN * work.mean_completion, work.max_completion)


def _extra_forwards(work: Workload) -> int:
    """Return the forward passes of an RLVR step beside those of training."""
    accumulation = work.division.accumulation
    generated: Any = work.setting("generation_batch_size", work.division.batch)
    is_corrected = bool(work.vllm_share) and work.setting("vllm_importance_sampling_correction", True)
    is_repeated = work.number("num_iterations", 1) > 1 or generated > work.division.batch
    is_repeated |= work.number("steps_per_generation", accumulation) > accumulation
    return (1 if is_corrected or is_repeated else 0) + (1 if work.setting("beta", 0.0) else 0)


def _training_seconds(work: Workload, rows: float, length: int, speeds: Speeds, extra: int = 0) -> float:
    """Return the seconds to train on rows of some length."""
    shape = work.shape
    # In forward passes: the backward pass costs two, or one where the weights are frozen; checkpointing repeats one.
    passes = extra + 1 + (1 if work.adapters else 2) + (1 if work.is_checkpointed else 0)
    pairs = length if work.has_padding else length / 2
    token = 2 * shape.multiplied_parameters + 4 * shape.query_size * shape.layers * pairs
    device_passes = rows / (work.processes * work.division.device_batch)
    tokens = work.division.device_batch * length
    computed = passes * token * tokens / (work.gpu.flops * speeds.compute)
    launched = passes * shape.layers * speeds.layer_seconds
    return device_passes * (max(computed, launched) + _communication(work, speeds))


def _communication(work: Workload, speeds: Speeds) -> float:
    """Return the seconds to gather sharded weights and to reduce gradients in one training pass."""
    if work.processes == 1:
        return 0.0
    transfers = (2 if work.is_sharded else 0) * work.shape.parameters + (work.adapters or work.shape.parameters)
    return HALF * transfers / (LINKS.get(work.gpu.name, PCIE) * speeds.link)


def _generation_seconds(work: Workload, speeds: Speeds) -> float:
    """Return the seconds to generate a step's completions."""
    cache, mean, shape = cache_of(work), work.mean_completion, work.shape
    engines = 1 if work.has_server else max(1, work.processes // work.tensor_parallel)
    sequences = work.division.batch / engines
    # Where not all fit at a time, those that wait start as others end.
    tokens = longest_completion(work) + ((cache.waves if cache else 1.0) - 1) * mean
    overhead = speeds.token_seconds if cache else speeds.plain_token_seconds
    weights = tokens * HALF * shape.parameters
    caches = sequences * mean * shape.cache_bytes * (PROMPT_TOKENS + mean)
    bandwidth = work.gpu.bandwidth * speeds.bandwidth * work.tensor_parallel
    computed = 2 * shape.multiplied_parameters * sequences * mean / (work.gpu.flops * speeds.compute)
    return tokens * overhead + (weights + caches) / bandwidth + computed
