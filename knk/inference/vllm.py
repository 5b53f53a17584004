"""The engine that runs vLLM in this process, on the GPUs of this machine, without a server.

vLLM's class `LLM` has no data parallelism in one process; its asynchronous engine has, and distributes requests over
the copies of the model itself. It also returns each answer as soon as it is complete, not when all are.

vLLM loads the base of a LoRA adapter, and computes the adapter's changes with each request
(https://docs.vllm.ai/en/latest/features/lora/).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, Final

from knk.errors import BadFolder, BadSpec, ModelFailed
from knk.files import read_json
from knk.inference.concurrency import run_concurrently
from knk.inference.engine import Answer, Batch, Failure, Notify, Request, Requests, Sink
from knk.inference.registry import import_packages
from knk.inference.sampling import Sampling, derive_seed
from knk.models import ADAPTER_CONFIG, Adapter, base_of, name_of, read_adapter, tokenizer_of, weights_of

_MAX_RANKS: Final = (8, 16, 32, 64, 128, 256, 320, 512)
"""The values that vLLM takes for the largest rank of an adapter."""


@dataclass(frozen=True)
class VllmEngine:
    """vLLM in this process.

    Args:
        path: the model: a folder, or a name on the Hub. A folder may hold a LoRA adapter.
        data_parallel: how many copies of the model share the requests.
        tensor_parallel: how many GPUs each copy is split over.
        max_model_len: the most tokens of prompt and answer together; by default the model's own limit.
        concurrency: how many answers are in flight at once.

    Raises:
        BadSpec: a value is out of range.

    >>> VllmEngine("m", data_parallel=8).engine_arguments()["data_parallel_size"]
    8
    """

    path: str
    data_parallel: int = 1
    tensor_parallel: int = 1
    max_model_len: int | None = None
    concurrency: int = 256
    name: str = field(default="vllm", init=False)
    per_request: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        for name in ("data_parallel", "tensor_parallel", "concurrency"):
            if getattr(self, name) < 1:
                raise BadSpec(f"{name} must be at least 1, got {getattr(self, name)}")

    @property
    def model(self) -> str:
        """The model's name; for a folder its last part alone, which gives nothing away."""
        return name_of(self.path)

    def identity(self) -> dict[str, Any]:
        """Return the SHA-256 of a folder's weights and settings; answers do not depend on the number of GPUs.

        Raises:
            BadFolder: the folder holds an adapter that cannot be used, or whose base is missing.
        """
        return self._identity

    @cached_property
    def _identity(self) -> dict[str, Any]:
        return weights_of(self.path)

    def effective_sampling(self, sampling: Sampling) -> Sampling:
        """Return the sampling unchanged: vLLM uses all of it."""
        if sampling.max_tokens is None:
            raise BadSpec("missing --max-tokens: vLLM ends an answer after 16 tokens otherwise")
        return sampling

    def engine_arguments(self) -> dict[str, Any]:
        """Return the arguments of vLLM's engine.

        Raises:
            BadFolder: the model is an adapter that vLLM cannot use, or whose base is missing.
        """
        arguments = {
            "model": self.path,
            "data_parallel_size": self.data_parallel,
            "tensor_parallel_size": self.tensor_parallel,
            "max_model_len": self.max_model_len,
            "enable_prefix_caching": True,
            "trust_remote_code": False,
            **_adapter_arguments(self.path),
        }
        return {name: value for name, value in arguments.items() if value is not None}

    def sampling_arguments(self, sampling: Sampling, key: str, sample: int) -> dict[str, Any]:
        """Return the arguments of vLLM's `SamplingParams` for one answer, without those left to its defaults.

        Args:
            sampling: how answers are drawn.
            key: the item's id.
            sample: the index of the answer.
        """
        arguments = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "max_tokens": sampling.max_tokens,
            "stop": list(sampling.stop) or None,
            "seed": None if sampling.seed is None else derive_seed(sampling.seed, key, sample),
        }
        return {name: value for name, value in arguments.items() if value is not None}

    def run(self, requests: Requests, sampling: Sampling, sink: Sink, notify: Notify) -> None:
        """Answer all requests, and pass each answer to the sink as soon as it is complete.

        Raises:
            BadFolder: the model is an adapter that vLLM cannot use, or whose base is missing.
            MissingPackage: vLLM is not installed.
            ModelFailed: vLLM fails.
        """
        asyncio.run(_answer_all(self, requests, sampling, sink, notify))


async def _answer_all(engine: VllmEngine, requests: Requests, sampling: Sampling, sink: Sink, notify: Notify) -> None:
    # By default vLLM logs to the standard output, where it would end up among a command's results.
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")
    vllm, async_llm, errors = import_packages("vllm", "vllm", "vllm.v1.engine.async_llm", "vllm.exceptions")
    rejections = (ValueError, getattr(errors, "VLLMClientError", ValueError))
    notify(f"loading {engine.model} with vLLM")
    llm = async_llm.AsyncLLM.from_engine_args(vllm.AsyncEngineArgs(**engine.engine_arguments()))
    request_ids = map(str, count())
    try:
        tokenizer = llm.get_tokenizer()
        adapter = await _load_adapter(llm, engine.path)

        async def answer(request: Request) -> None:
            prompt = {"prompt_token_ids": _encode(tokenizer, request)}
            for sample in request.samples:
                parameters = vllm.SamplingParams(
                    **engine.sampling_arguments(sampling, request.row["id"], sample),
                    output_kind=vllm.sampling_params.RequestOutputKind.FINAL_ONLY,
                )
                outputs = llm.generate(prompt, parameters, next(request_ids), lora_request=adapter)
                sink(await _answer_once(outputs, request, sample, rejections))

        await run_concurrently(requests, answer, engine.concurrency)
    finally:
        llm.shutdown()


def _adapter_arguments(model: str) -> dict[str, Any]:
    """Return the arguments that are different if the model is an adapter."""
    adapter = read_adapter(model)
    if adapter is None:
        return {}
    return {
        "model": base_of(model),
        "tokenizer": tokenizer_of(model),
        "revision": adapter.revision,
        "tokenizer_revision": adapter.revision,
        "enable_lora": True,
        "max_lora_rank": _max_rank(adapter),
    }


def _max_rank(adapter: Adapter) -> int:
    """Return the lowest rank that vLLM takes and that is enough for all of an adapter's modules."""
    config = read_json(adapter.folder / ADAPTER_CONFIG, BadFolder)
    pattern = config.get("rank_pattern") or {}
    ranks = [config.get("r"), *(pattern.values() if isinstance(pattern, dict) else [pattern])]
    for rank in ranks:
        if not isinstance(rank, int) or isinstance(rank, bool) or not 1 <= rank <= _MAX_RANKS[-1]:
            raise BadFolder(
                f"{adapter.folder}: expected ranks from 1 to {_MAX_RANKS[-1]}, which vLLM takes, got {str(rank)[:40]}: "
                "merge the adapter first ('knk merge')"
            )
    return next(limit for limit in _MAX_RANKS if limit >= max(ranks))


async def _load_adapter(llm: Any, model: str) -> Any:
    """Load an adapter, and return what requests name it by; None for other models.

    An adapter that vLLM rejects would otherwise fail one request after the other.
    """
    adapter = read_adapter(model)
    if adapter is None:
        return None
    (lora,) = import_packages("vllm", "vllm.lora.request")
    request = lora.LoRARequest("adapter", 1, str(adapter.folder.resolve()))
    try:
        await llm.add_lora(request)
    except Exception as error:  # The errors of vLLM's other processes have no class of their own.
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1][:200]
        raise ModelFailed(
            f"vLLM cannot use the adapter {adapter.folder} ({reason}): merge it first ('knk merge')"
        ) from error
    return request


def _encode(tokenizer: Any, request: Request) -> list[int]:
    if isinstance(request.prompt, str):
        return list(tokenizer.encode(request.prompt))
    # First as text and then as tokens, so that the result is the same in all versions of transformers.
    text = tokenizer.apply_chat_template(request.prompt, add_generation_prompt=True, tokenize=False)
    return list(tokenizer.encode(text, add_special_tokens=False))


async def _answer_once(
    outputs: AsyncIterator[Any], request: Request, sample: int, rejections: tuple[type[Exception], ...]
) -> Batch:
    """Return one answer, or a failure if vLLM rejects the request."""
    started = time.monotonic()
    result = None
    try:
        async for output in outputs:
            result = output
    except Exception as error:  # vLLM's classes of errors differ between its versions.
        if isinstance(error, rejections):  # For example a prompt that is too long.
            return Batch([Failure(request, sample, " ".join(str(error).split()))])
        raise ModelFailed(f"vLLM failed: {' '.join(str(error).split()) or type(error).__name__}") from error
    if result is None:
        raise ModelFailed("vLLM ended a request without an answer")
    (output,) = result.outputs
    prompt_tokens, tokens = len(result.prompt_token_ids), len(output.token_ids)
    stop = output.stop_reason if isinstance(output.stop_reason, str) else None
    latency = time.monotonic() - started
    answer = Answer(request, sample, output.text, str(output.finish_reason), stop, prompt_tokens, tokens, latency)
    return Batch([answer], prompt_tokens, tokens)
