"""TRL's `VLLMGeneration` without vLLM: its own code, with an engine of transformers in vLLM's place.

`install` replaces one name, `trl.trainer.grpo_trainer.VLLMGeneration`. What is TRL's own stays TRL's own: the settings,
the order of syncing and generating, the merging of adapters at each sync, and the requests to a server. Replaced are
vLLM's `LLM` (mode colocate) and TRL's client of vLLM's server (mode server): both pass on to one `Engine`, which loads
the model from its folder, and from then on knows only the weights that are sent to it.

It covers one process, text prompts and the log-probability of the token drawn. Anything else raises an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl.generation.vllm_generation import VLLMGeneration

REPLACED = "trl.trainer.grpo_trainer.VLLMGeneration"
"""The only name that `install` replaces."""


@dataclass(frozen=True)
class SamplingParams:
    """The fields of vLLM's `SamplingParams` that the engine knows; any other is a TypeError."""

    n: int = 1
    repetition_penalty: float = 1.0
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    max_tokens: int = 16
    logprobs: int | None = 0
    stop: Sequence[str] = ()
    ignore_eos: bool = False
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.logprobs != 0:
            raise NotImplementedError(f"expected logprobs to be 0, got {self.logprobs}")


@dataclass(frozen=True)
class Completion:
    """What the engine generated after a prompt: tokens and their log-probabilities."""

    prompt: list[int]
    tokens: list[int]
    logprobs: list[float]


def processed_logprobs(logits: torch.Tensor, seen: Sequence[Sequence[int]], params: SamplingParams) -> torch.Tensor:
    """Return the log-probabilities that tokens are drawn with, as vLLM does under `processed_logprobs`.

    vLLM's order: repetition penalty, temperature, min-p, top-k, top-p; what is left is normalised again.

    Args:
        logits: the model's logits, in the shape (rows, tokens).
        seen: the tokens of each row's prompt and answer so far.
        params: how tokens are drawn.
    """
    logits = logits.float().clone()
    for row, tokens in zip(logits, seen, strict=True) if params.repetition_penalty != 1 else ():
        repeated = torch.tensor(sorted(set(tokens)))
        scores = row[repeated]
        row[repeated] = torch.where(scores > 0, scores / params.repetition_penalty, scores * params.repetition_penalty)
    if params.temperature == 0:
        return logits.log_softmax(-1)
    logits /= params.temperature
    probabilities = logits.softmax(-1)
    logits[probabilities < params.min_p * probabilities.amax(-1, keepdim=True)] = -torch.inf
    scores, order = logits.sort(dim=-1)
    if params.top_k > 0:
        scores[:, : -params.top_k] = -torch.inf
    rejected = scores.softmax(-1).cumsum(-1) <= 1 - params.top_p
    rejected[:, -1] = False
    scores[rejected] = -torch.inf
    return logits.scatter(-1, order, scores).log_softmax(-1)


class Engine:
    """A model in a folder that generates as vLLM does, with a random generator of its own.

    Args:
        folder: the folder of the model.
        seed: the seed of the random generator.
    """

    def __init__(self, folder: str, seed: int = 0) -> None:
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto").eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self._generator = torch.Generator().manual_seed(seed)
        self._has_weights = True
        configured = self.model.generation_config.eos_token_id
        self._ends = {*(configured if isinstance(configured, list) else [configured]), self.tokenizer.eos_token_id}

    def load_weights(self, weights: Iterable[tuple[str, torch.Tensor]]) -> None:
        """Take over weights; a name that the model does not have is a KeyError, as in vLLM."""
        own = self.model.state_dict()
        for name, tensor in weights:
            own[name].copy_(tensor)
        self._has_weights = True

    def discard_weights(self) -> None:
        """Forget the weights, as vLLM's sleep at level 2 does: generating fails until they are sent again."""
        self._has_weights = False

    def generate(self, prompts: Sequence[list[int]], params: SamplingParams) -> list[Completion]:
        """Return `n` completions for each prompt; those of one prompt are adjacent."""
        if not self._has_weights:
            raise RuntimeError("the engine is asleep: its weights were discarded and not sent again")
        prompts = [list(prompt) for prompt in prompts for _ in range(params.n)]
        tokens: list[list[int]] = [[] for _ in prompts]
        logprobs: list[list[float]] = [[] for _ in prompts]
        inputs, mask = _padded(prompts)
        generator = self._generator if params.seed is None else torch.Generator().manual_seed(params.seed)
        cache = None
        while open_rows := [row for row in range(len(prompts)) if not self._has_ended(tokens[row], params)]:
            positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -inputs.shape[1] :]
            with torch.inference_mode():
                output = self.model(inputs, attention_mask=mask, position_ids=positions, past_key_values=cache)
            cache = output.past_key_values
            seen = [prompt + answer for prompt, answer in zip(prompts, tokens, strict=True)]
            scores = processed_logprobs(output.logits[:, -1], seen, params)
            inputs = self._draw(scores, params, generator)
            mask = torch.cat([mask, torch.ones_like(inputs)], dim=-1)
            for row in open_rows:
                tokens[row].append(int(inputs[row]))
                logprobs[row].append(float(scores[row, inputs[row]]))
        return [Completion(*parts) for parts in zip(prompts, tokens, logprobs, strict=True)]

    def _draw(self, scores: torch.Tensor, params: SamplingParams, generator: torch.Generator) -> torch.Tensor:
        if params.temperature == 0:
            return scores.argmax(-1, keepdim=True)
        return torch.multinomial(scores.exp(), 1, generator=generator)

    def _has_ended(self, tokens: Sequence[int], params: SamplingParams) -> bool:
        if not tokens:
            return False
        if len(tokens) == params.max_tokens or (tokens[-1] in self._ends and not params.ignore_eos):
            return True
        # vLLM keeps the tokens of a stop string, and adds no token that ends the answer.
        return bool(params.stop) and any(stop in self.tokenizer.decode(tokens) for stop in params.stop)


def _padded(prompts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return prompts of one length, padded on the left, and which of their tokens are real."""
    longest = max(map(len, prompts))
    inputs = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    return inputs, mask


class FakeLLM:
    """What TRL uses of vLLM's `LLM`, in the process of the trainer."""

    def __init__(self, engine: Engine, max_model_len: int | None) -> None:
        self.engine = engine
        worker = SimpleNamespace(model_runner=SimpleNamespace(model=engine))
        limit = max_model_len or engine.model.config.max_position_embeddings
        self.llm_engine = SimpleNamespace(
            model_config=SimpleNamespace(max_model_len=limit), model_executor=SimpleNamespace(driver_worker=worker)
        )

    def sleep(self, level: int) -> None:
        """Free the memory."""
        assert level == 2
        self.engine.discard_weights()

    def wake_up(self, tags: Sequence[str]) -> None:
        """Reserve memory again; the weights in it have to be sent."""
        assert set(tags) <= {"weights", "kv_cache"}

    def reset_prefix_cache(self) -> None:
        """Forget what was computed with older weights: nothing is kept here."""


class FakeClient:
    """What TRL uses of its `VLLMClient`; the server is the engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def get_server_info(self) -> dict[str, Any]:
        """Return how the server was started."""
        return {"model_config": {"logprobs_mode": "processed_logprobs"}}

    def update_named_params(
        self, metadata: list[tuple[str, str, list[int]]], named_params: Iterable[tuple[str, torch.Tensor]]
    ) -> None:
        """Receive weights that were announced, in the order in which they were announced."""
        for (name, dtype, shape), (sent, tensor) in zip(metadata, named_params, strict=True):
            assert (name, dtype, shape) == (sent, str(tensor.dtype).removeprefix("torch."), list(tensor.shape))
            self.engine.load_weights([(sent, tensor)])

    def reset_prefix_cache(self) -> None:
        """Forget what was computed with older weights: nothing is kept here."""

    def generate(
        self,
        prompts: list[list[int]],
        features: list[dict[str, Any] | None] | None = None,
        n: int = 1,
        repetition_penalty: float = 1.0,
        temperature: float = 1.0,
        top_p: float = 1.0,
        top_k: int = 0,
        min_p: float = 0.0,
        max_tokens: int = 16,
        logprobs: int | None = 0,
        structured_outputs_regex: str | None = None,
        generation_kwargs: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return completions of prompts, in the form of the server's answer."""
        _require_text(features, structured_outputs_regex)
        settings = {
            "n": n,
            "repetition_penalty": repetition_penalty,
            "temperature": temperature,
            "top_p": top_p,
            "top_k": top_k,
            "min_p": min_p,
            "max_tokens": max_tokens,
            "logprobs": logprobs,
        }
        completions = self.engine.generate(prompts, SamplingParams(**settings | (generation_kwargs or {})))
        _, *answers = _columns(completions)
        names = ("completion_ids", "logprobs", "logprob_token_ids")
        return {"prompt_ids": prompts, **dict(zip(names, answers, strict=True))}


class FakeVLLMGeneration(VLLMGeneration):  # type: ignore[misc] # TRL brings no types
    """TRL's `VLLMGeneration`, whose engine is transformers'; `syncs` counts how often weights were sent."""

    syncs = 0

    @property
    def engine(self) -> Engine:
        """The engine behind the server or the `LLM`."""
        engine: Engine = self.vllm_client.engine if self.mode == "server" else self.llm.engine
        return engine

    def _init_vllm(self) -> None:
        if self.accelerator.num_processes != 1 or self.tensor_parallel_size != 1:
            raise NotImplementedError("expected one process, without tensor parallelism")
        engine = Engine(self.model.name_or_path, seed=self.accelerator.process_index)
        if self.mode == "server":
            self.vllm_client = FakeClient(engine)
        elif self.mode == "colocate":
            self.llm = FakeLLM(engine, self.max_model_length)
            if self.enable_sleep_mode:
                self.llm.sleep(level=2)
            self._llm_weights_sleeping = self.enable_sleep_mode
        else:
            raise ValueError(f"vllm_mode must be either 'server' or 'colocate', got '{self.mode}'.")

    def sync_weights(self) -> None:
        """Send the weights as TRL does, and count it."""
        super().sync_weights()
        self.syncs += 1

    def generate(
        self,
        prompts: list[list[int]],
        images: list[list[Any] | None] | None,
        num_generations: int,
        profiler: Any = None,
    ) -> tuple[Any, ...]:
        """Return prompts, completions, and the log-probabilities of their tokens, as TRL's method does."""
        if self.mode == "server":
            return tuple(super().generate(prompts, images, num_generations, profiler))
        _require_text(images, self.structured_outputs_regex)
        if self.enable_sleep_mode and self._llm_weights_sleeping:
            self.sync_weights()
        settings = {
            "repetition_penalty": self.repetition_penalty,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "min_p": self.min_p or 0.0,
            "max_tokens": self.max_completion_length,
            "logprobs": self.logprobs,
        }
        with profiler or nullcontext():
            completions = self.engine.generate(prompts, SamplingParams(**settings | self.generation_kwargs))
        if self.enable_sleep_mode:
            self.llm.sleep(level=2)
            self._llm_weights_sleeping = True
        return _columns(completions)


def _require_text(images: Any, regex: str | None) -> None:
    if images is not None or regex is not None:
        raise NotImplementedError("expected prompts of text alone, and no structured outputs")


def _columns(completions: Sequence[Completion]) -> tuple[Any, ...]:
    """Return prompts, completions, log-probabilities and their tokens; the last two have lists of one per token."""
    return (
        [completion.prompt for completion in completions],
        [completion.tokens for completion in completions],
        [[[logprob] for logprob in completion.logprobs] for completion in completions],
        [[[token] for token in completion.tokens] for completion in completions],
    )


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have TRL's GRPO trainer generate with the fake until the test ends."""
    monkeypatch.setattr(REPLACED, FakeVLLMGeneration)
