"""The memory and time of a run, computed from the model's size and from stated assumptions. Nothing is measured here.

| quantity | assumption |
|---|---|
| trained weights | 16 bytes per parameter: weights, gradients, AdamW; ZeRO-3 and FSDP shard all, ZeRO-1 and 2 a part |
| other optimizers | 8-bit AdamW 2 bytes per parameter in place of 8; paged states none, as they move to the CPU |
| `dtype: bfloat16` without DeepSpeed | weights, gradients and AdamW's states take half |
| several GPUs without sharding | another copy of the gradients, in which they are reduced |
| frozen weights | 4 bytes per parameter; 2 in bfloat16 or with DeepSpeed; quantized 0.56 in 4 bits, 1 in 8 |
| activations | a layer's input for each token and layer, plus one whole layer; without checkpointing, every layer |
| log-probabilities | tiles of 4,096 tokens and 32,768 words, and float32 gradients of the head and its input |
| attention mask | 3 bytes for each pair of tokens, if a pass has several sequences and no FlashAttention |
| ZeRO-3 | 1 billion gathered parameters (at most the model), and a bucket of 500 million gradients |
| FSDP | two layers and the embedding gathered, and the largest gradient in float32 |
| vLLM beside the trainer | its share of the GPU; asleep, none |
| weights sent to vLLM | the largest matrix, or under sharding with adapters the whole model; 2 GiB for a server |
| vLLM's cache | its share, less the weights and 1.5 GiB; a server has 90% of a GPU of its own |
| without vLLM | keys and values of a step's completions, and the whole model gathered if it is sharded |
| overhead per GPU | 1.5 GiB for CUDA, and 5% lost to fragmentation |
| training speed | 45% of the GPU's bfloat16 peak, but at least 1.6 ms per layer and pass |
| generation speed | 70% of the GPU's bandwidth, and 2 ms per token with vLLM, 30 ms without |
| communication | 60% of NVLink if the GPU has it, else of PCIe 4: sharded weights twice, and gradients, in each pass |
| an RLVR step | prompts of 256 tokens; the longest completion is four times the mean, and all are padded to it |
| completions that do not fit vLLM's cache | wait until others end |
| evaluation (`eval_data`) | at the start, every `eval_steps`; a completion takes its share of a step's generation |
| not counted | rewards, loading, saving, vLLM waking up |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from knk.training.batches import division_of, evaluation_refusal, refusal
from knk.training.checks.generation import generation_refusal
from knk.training.gpus import GIB
from knk.training.memory import Memory, memory_of
from knk.training.serving import Cache, cache_of, model_length, vllm_weights
from knk.training.workload import PROMPT_TOKENS, Workload

DEFAULT_ROWS: Final = 18_000
"""Rows of SFT if the data do not exist yet: four completions for each of 4,500 puzzles."""
DEFAULT_TOKENS: Final = 1_600
"""Tokens per completion: about the mean that the paper reports for MATH after warm-up, 1,624."""


@dataclass(frozen=True)
class Estimate:
    """The memory of a recipe on some GPUs, and the reasons why it cannot run.

    Args:
        work: the recipe on some GPUs.
        gpus: the number of GPUs of the machine.
    """

    work: Workload
    gpus: int

    @cached_property
    def memory(self) -> Memory:
        """The memory of the fullest training GPU."""
        return memory_of(self.work)

    @cached_property
    def cache(self) -> Cache | None:
        """The cache of a vLLM engine, or None without vLLM."""
        return cache_of(self.work)

    def problems(self) -> Iterator[str]:
        """Iterate over the reasons why the recipe cannot run."""
        work = self.work
        needed = sum(cost.amount for cost in self.memory.fullest)
        if work.has_server and self.gpus < 2:
            yield "the vLLM server needs a GPU of its own beside those that train"
        if needed > work.gpu.memory:
            yield f"{(needed - work.gpu.memory) / GIB:.1f} GiB more than a GPU has"
        own = division_of(work.recipe)
        refused = refusal(work.recipe.settings, work.recipe.trainer, own.processes) if work.division == own else None
        yield from filter(None, (refused, evaluation_refusal(work.recipe)))
        yield from filter(None, (generation_refusal(work.recipe),))
        if work.quantized_bits and not work.adapters:
            yield "quantized weights cannot be trained: add --set use_peft=true, or remove the quantization"
        yield from _vllm_problems(work, self.cache)


def _vllm_problems(work: Workload, cache: Cache | None) -> Iterator[str]:
    if cache is None:
        return
    if work.quantized_bits == 8 and not work.has_server:
        yield "vLLM cannot generate with 8-bit weights: use load_in_4bit, or remove the quantization"
    share, weights, length = work.vllm_share * work.gpu.memory / GIB, vllm_weights(work) / GIB, model_length(work)
    if length < work.max_tokens:
        yield (
            f"vLLM allows {length:,} tokens, but a prompt of {PROMPT_TOKENS} and a completion of "
            f"{work.max_completion:,} have {work.max_tokens:,}: raise vllm_max_model_length, or lower "
            "max_completion_length"
        )
    if cache.tokens < length:
        yield (
            f"vLLM has {share:.1f} GiB, of which the weights take {weights:.1f}, and its cache holds {cache.tokens:,} "
            f"tokens of the {length:,} that one completion may need"
        )
