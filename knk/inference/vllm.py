"""The engine inside vLLM: its own batches, on the GPUs of this machine, without a server.

vLLM's class `LLM` knows no data parallelism in one process; its asynchronous engine does, and shares the questions out
among the copies of the model itself. It is also what hands out each answer when it is done, and not when all are.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from knk.errors import BadSpec, ModelFailed
from knk.inference.concurrency import drive
from knk.inference.engine import Answer, Ask, Asks, Batch, Failure, Notice, Sink
from knk.inference.registry import import_packages
from knk.inference.sampling import Sampling, seed_of


@dataclass(frozen=True)
class VllmEngine:
    """vLLM inside this process.

    Args:
        model: the model: a folder, or a name on the Hub.
        data_parallel: how many copies of the model share the questions.
        tensor_parallel: how many GPUs each copy is spread over.
        max_model_len: how many tokens prompt and answer have together; the model's own if not given.
        concurrency: how many answers are under way at once.

    Raises:
        BadSpec: a value that cannot be.

    >>> VllmEngine("m", data_parallel=8).arguments()["data_parallel_size"]
    8
    """

    model: str
    data_parallel: int = 1
    tensor_parallel: int = 1
    max_model_len: int | None = None
    concurrency: int = 256
    name: str = field(default="vllm", init=False)
    per_request: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        if min(self.data_parallel, self.tensor_parallel, self.concurrency) < 1:
            raise BadSpec("data_parallel, tensor_parallel and concurrency are at least 1")

    def identity(self) -> dict[str, Any]:
        """Return nothing: how many GPUs there are says nothing of the answers."""
        return {}

    def used(self, sampling: Sampling) -> Sampling:
        """Return the sampling, all of which is asked for."""
        if sampling.max_tokens is None:
            raise BadSpec("say how long an answer may be: vLLM would end it after 16 tokens")
        return sampling

    def arguments(self) -> dict[str, Any]:
        """Return what vLLM's engine is made with."""
        given = {
            "model": self.model,
            "data_parallel_size": self.data_parallel,
            "tensor_parallel_size": self.tensor_parallel,
            "max_model_len": self.max_model_len,
            "enable_prefix_caching": True,
            "trust_remote_code": False,
        }
        return {name: value for name, value in given.items() if value is not None}

    def sampling_arguments(self, sampling: Sampling, key: str, sample: int) -> dict[str, Any]:
        """Return what one answer is drawn with; what is not given is as in vLLM's `SamplingParams`.

        Args:
            sampling: how answers are drawn.
            key: the puzzle's key.
            sample: the number of the answer.
        """
        given = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "max_tokens": sampling.max_tokens,
            "stop": list(sampling.stop) or None,
            "seed": None if sampling.seed is None else seed_of(sampling.seed, key, sample),
        }
        return {name: value for name, value in given.items() if value is not None}

    def work(self, asks: Asks, sampling: Sampling, sink: Sink, notice: Notice) -> None:
        """Ask all questions, and hand each answer to the sink the moment it is there.

        Raises:
            MissingPackage: vLLM is not installed.
            ModelFailed: the engine dies.
        """
        asyncio.run(_answer_all(self, asks, sampling, sink, notice))


async def _answer_all(engine: VllmEngine, asks: Asks, sampling: Sampling, sink: Sink, notice: Notice) -> None:
    vllm, model = _vllm()
    notice(f"vLLM loads {engine.model}")
    running = model.AsyncLLM.from_engine_args(vllm.AsyncEngineArgs(**engine.arguments()))
    numbers = count()
    try:
        tokenizer = running.get_tokenizer()

        async def one(ask: Ask) -> None:
            prompt = {"prompt_token_ids": _token_ids(tokenizer, ask)}
            for sample in ask.samples:
                arguments = engine.sampling_arguments(sampling, ask.row["id"], sample)
                parameters = vllm.SamplingParams(
                    **arguments, output_kind=vllm.sampling_params.RequestOutputKind.FINAL_ONLY
                )
                sink(await _answered(running, ask, sample, prompt, parameters, str(next(numbers))))

        await drive(asks, one, engine.concurrency)
    finally:
        running.shutdown()


def _vllm() -> list[Any]:
    # Its log goes to the standard output if nobody says anything, in between a command's results.
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")
    return import_packages("vllm", "vllm", "vllm.v1.engine.async_llm")


def _token_ids(tokenizer: Any, ask: Ask) -> list[int]:
    if isinstance(ask.prompt, str):
        return list(tokenizer.encode(ask.prompt))
    # As text and then as tokens, so that the answer is the same for all versions of transformers.
    text = tokenizer.apply_chat_template(ask.prompt, add_generation_prompt=True, tokenize=False)
    return list(tokenizer.encode(text, add_special_tokens=False))


async def _answered(running: Any, ask: Ask, sample: int, prompt: dict[str, Any], parameters: Any, number: str) -> Batch:
    """Return one answer, or that vLLM does not take the question."""
    started = time.monotonic()
    result = None
    try:
        async for found in running.generate(prompt, parameters, number):
            result = found
    except ValueError as error:  # A prompt that is too long, say.
        return Batch([Failure(ask, sample, " ".join(str(error).split()))])
    except RuntimeError as error:
        raise ModelFailed(f"vLLM failed: {' '.join(str(error).split()) or type(error).__name__}") from error
    if result is None:
        raise ModelFailed("vLLM ended a request without an answer")
    (output,) = result.outputs
    prompt_tokens, tokens = len(result.prompt_token_ids), len(output.token_ids)
    stop = output.stop_reason if isinstance(output.stop_reason, str) else None
    latency = time.monotonic() - started
    answer = Answer(ask, sample, output.text, str(output.finish_reason), stop, prompt_tokens, tokens, latency)
    return Batch([answer], prompt_tokens, tokens)
