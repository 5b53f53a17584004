"""vLLM beside a trainer: how many completions it generates at a time, and the command of its server."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from knk.models import read_adapter
from knk.training.gpus import GIB
from knk.training.memory import QUANTIZED_BYTES
from knk.training.recipe import Recipe
from knk.training.shapes import HALF
from knk.training.workload import PROMPT_TOKENS, SERVER_SHARE, Workload

OVERHEAD_BYTES: Final = 1.5 * GIB
"""vLLM's activations and CUDA graphs: its logs report 1.4 GiB for a model of 7B."""
SERVER_SEQUENCES: Final = 256
"""The number of sequences that a vLLM server computes at a time by default."""
_MARGIN: Final = 1_024
_ANY_HOST: Final = "0.0.0.0"
_LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True)
class Cache:
    """The cache in which one vLLM engine keeps the keys and values of completions.

    Args:
        tokens: the tokens that it holds.
        sequences: the completions of mean length that are generated at a time.
        wanted: the completions of a step that this engine generates.
    """

    tokens: int
    sequences: int
    wanted: int

    @property
    def waves(self) -> float:
        """How many times the completions that fit at a time a step has; at least 1."""
        return max(1.0, self.wanted / max(1, self.sequences))

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "tokens": self.tokens,
            "sequences": self.sequences,
            "wanted": self.wanted,
            "waves": round(self.waves, 2),
        }


def cache_of(work: Workload) -> Cache | None:
    """Return the cache of a vLLM engine, or None without vLLM.

    Args:
        work: the recipe on some GPUs.
    """
    if not work.vllm_share or not work.is_grpo:
        return None
    engines = 1 if work.has_server else max(1, work.processes // work.tensor_parallel)
    wanted = -(-work.division.batch // engines)
    tokens = max(0, int(_cache_bytes(work) * work.tensor_parallel / work.shape.cache_bytes))
    limit = work.number("vllm_max_num_seqs", SERVER_SEQUENCES) if work.has_server else wanted
    fitting = tokens // (PROMPT_TOKENS + work.mean_completion)
    return Cache(tokens, min(fitting, wanted, limit), wanted)


def _cache_bytes(work: Workload) -> float:
    """Return the bytes of a GPU that are left for the cache."""
    return work.vllm_share * work.gpu.memory - vllm_weights(work) - OVERHEAD_BYTES


def vllm_weights(work: Workload) -> float:
    """Return the bytes of the model's weights on each GPU of a vLLM engine.

    Args:
        work: the recipe on some GPUs.
    """
    shape = work.shape
    if work.quantized_bits == 4 and not work.has_server:
        others = shape.parameters - shape.linear_parameters
        return (QUANTIZED_BYTES[4] * shape.linear_parameters + HALF * others) / work.tensor_parallel
    return HALF * shape.parameters / work.tensor_parallel


def model_length(work: Workload) -> int:
    """Return the tokens of prompt and completion that vLLM allows, or has to allow if the recipe does not say.

    Args:
        work: the recipe on some GPUs.
    """
    return work.number("vllm_max_model_length", work.max_tokens)


def server_command(recipe: Recipe) -> str:
    """Return the command of the vLLM server that a recipe needs.

    An adapter is merged first: the server loads a whole model, and is sent the weights of one.

    TRL's trainer sends weights to the server and reads log-probabilities from it, for which vLLM's server needs these
    options: https://huggingface.co/docs/trl/vllm_integration

    Args:
        recipe: a recipe with `vllm_mode: server`.

    Raises:
        BadConfig: the recipe has no model, or a length in it is invalid.
        BadFolder: its model is an adapter that cannot be used.
    """
    settings: Mapping[str, Any] = recipe.settings
    length = recipe.number("vllm_max_model_length", recipe.number("max_completion_length", 512) + _MARGIN)
    host = str(settings.get("vllm_server_host") or _LOOPBACK)
    options = {
        "--host": _LOOPBACK if host == _ANY_HOST else host,
        "--port": str(settings.get("vllm_server_port") or 8000),
        "--max-model-len": str(length),
        "--gpu-memory-utilization": str(SERVER_SHARE),
        "--weight-transfer-config": '{"backend": "nccl"}',
        "--logprobs-mode": "processed_logprobs",
        "--max-logprobs": "-1",
    }
    words = [word for option in options.items() for word in option]
    model, merging = _served(recipe.model)
    return f"{merging}VLLM_SERVER_DEV_MODE=1 {shlex.join(['vllm', 'serve', model, *words])}"


def _served(model: str) -> tuple[str, str]:
    """Return the whole model that a server can load, and the command that makes it of an adapter."""
    if read_adapter(model) is None:
        return model, ""
    merged = f"{model.rstrip('/')}-merged"
    return merged, f"{shlex.join(['knk', 'merge', model, '-o', merged])} && "
