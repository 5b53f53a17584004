"""The engine that runs a model by transformers in this process, in batches on the GPU or on the CPU.

Each answer is drawn with noise of its own (the Gumbel trick: the most likely token after adding noise is a draw), so
that it depends on the seed, the item and the index of the sample, and not on the rest of its batch. Rounding may still
differ with the batch, which can swap two tokens that are nearly equally likely.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any, Final

from knk.errors import BadSpec, ModelFailed
from knk.inference.engine import Answer, Batch, Failure, Notify, Request, Requests, Sink
from knk.inference.logits import GumbelNoise, StopStrings
from knk.inference.registry import import_packages
from knk.inference.sampling import Sampling, derive_seed
from knk.models import load_model, load_tokenizer, name_of, weights_of

_WINDOW: Final = 8
"""Batches that are read ahead, so that prompts of similar length share a batch."""


@dataclass(frozen=True)
class TransformersEngine:
    """A model in this process, run by transformers.

    Settings that the sampling leaves out are those of the model's own generation config, if it has any.

    Args:
        path: the model: a folder, or a name on the Hub. A folder may hold a LoRA adapter, which is merged into its base
            in memory. Code that comes with a model is never executed, and only safetensors weights are read.
        batch_size: how many answers are generated at once.

    Raises:
        BadSpec: a value is out of range.

    >>> TransformersEngine("Qwen/Qwen2.5-3B").model
    'Qwen/Qwen2.5-3B'
    """

    path: str
    batch_size: int = 16
    name: str = field(default="transformers", init=False)
    per_request: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise BadSpec(f"batch_size must be at least 1, got {self.batch_size}")

    @property
    def model(self) -> str:
        """The model's name; for a folder its last part alone, which gives nothing away."""
        return name_of(self.path)

    def identity(self) -> dict[str, Any]:
        """Return the SHA-256 of a folder's weights and settings: a model trained further is another model.

        An adapter has its base's, too.

        Raises:
            BadFolder: the folder holds an adapter that cannot be used, or whose base is missing.
        """
        return self._identity

    @cached_property
    def _identity(self) -> dict[str, Any]:
        return weights_of(self.path)

    def effective_sampling(self, sampling: Sampling) -> Sampling:
        """Return the sampling unchanged: the engine uses all of it."""
        if sampling.max_tokens is None:
            raise BadSpec("missing --max-tokens: a model may never end an answer")
        return sampling

    def run(self, requests: Requests, sampling: Sampling, sink: Sink, notify: Notify) -> None:
        """Answer all requests, and pass the answers of each batch to the sink.

        Raises:
            MissingPackage: transformers or torch is not installed.
            BadFolder: the model is an adapter that cannot be merged into its base.
            ModelFailed: there is no such model, or its context is too short for an answer.
        """
        remaining = filter(None, requests)
        model: _LoadedModel | None = None
        while window := list(islice(remaining, self.batch_size * _WINDOW)):
            if model is None:  # If nothing is requested, nothing is loaded.
                notify(f"loading {self.model} with transformers")
                model = _load_model(self.path, sampling)
            prompts = model.tokenize(window, sink)
            while batch := list(islice(prompts, self.batch_size)):
                sink(model.answer(batch))


@dataclass(frozen=True)
class _TokenizedPrompt:
    """A prompt as tokens, for one answer."""

    request: Request
    sample: int
    tokens: Sequence[int]


class _LoadedModel:
    """A model and its tokenizer in memory, and how it draws answers."""

    def __init__(self, path: str, sampling: Sampling) -> None:
        self._torch, self._transformers = import_packages("transformers", "torch", "transformers")
        self._sampling = sampling
        self._device = "cuda" if self._torch.cuda.is_available() else "cpu"
        # A CPU computes in single precision; bfloat16 is for hardware that supports it.
        model = load_model(path, None if self._device == "cuda" else "float32").model
        self._tokenizer = load_tokenizer(path, padding_side="left")
        self._model = model.eval().to(self._device)
        self._defaults = {} if model.generation_config is None else model.generation_config.to_diff_dict()
        self._end_tokens = _end_tokens(model.generation_config, self._tokenizer)
        self._context = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        max_tokens = sampling.max_tokens or 0
        if self._context is not None and max_tokens >= self._context:
            raise ModelFailed(
                f"the model's context is {self._context:,} tokens: --max-tokens must be lower than that, "
                f"got {max_tokens:,}"
            )

    def tokenize(self, window: Sequence[Request], sink: Sink) -> Iterator[_TokenizedPrompt]:
        """Return the prompts of some requests as tokens, sorted by length; those that are too long are given up."""
        prompts = [
            _TokenizedPrompt(request, sample, self._encode(request)) for request in window for sample in request.samples
        ]
        for prompt in sorted(prompts, key=lambda prompt: len(prompt.tokens)):
            needed = len(prompt.tokens) + (self._sampling.max_tokens or 0)
            if self._context is not None and needed > self._context:
                reason = f"prompt and answer may take {needed:,} tokens, and the model's context is {self._context:,}"
                sink(Batch([Failure(prompt.request, prompt.sample, reason)]))
            else:
                yield prompt

    def _encode(self, request: Request) -> list[int]:
        if isinstance(request.prompt, str):
            return list(self._tokenizer.encode(request.prompt))
        if not self._tokenizer.chat_template:
            raise ModelFailed("the model has no chat template: use --style paper")
        text = self._tokenizer.apply_chat_template(request.prompt, add_generation_prompt=True, tokenize=False)
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    def answer(self, batch: Sequence[_TokenizedPrompt]) -> Batch:
        """Return the answers to a batch of prompts."""
        started = time.monotonic()
        prompts = [prompt.tokens for prompt in batch]
        padding = self._tokenizer.pad_token_id
        padding = self._end_tokens[0] if padding is None else padding
        outputs = generate_batch(
            self._model,
            prompts,
            padding,
            generation_config=self._transformers.GenerationConfig(
                max_new_tokens=self._sampling.max_tokens,
                do_sample=False,
                eos_token_id=self._end_tokens,
                pad_token_id=padding,
                repetition_penalty=self._defaults.get("repetition_penalty"),
            ),
            logits_processor=self._logits_processors(batch),
            stopping_criteria=self._stopping_criteria(max(map(len, prompts))),
        )
        seconds = time.monotonic() - started
        answers = [self._build_answer(prompt, row, seconds) for prompt, row in zip(batch, outputs, strict=True)]
        return Batch(answers, sum(map(len, prompts)), sum(answer.completion_tokens or 0 for answer in answers))

    def _build_answer(self, prompt: _TokenizedPrompt, output: list[int], seconds: float) -> Answer:
        end = next((index for index, token in enumerate(output) if token in self._end_tokens), None)
        tokens = output if end is None else output[:end]
        text = self._tokenizer.decode(tokens, skip_special_tokens=True)
        cuts = [(text.index(stop), stop) for stop in self._sampling.stop if stop in text]
        length, stop = min(cuts, default=(len(text), None))
        reason = "length" if end is None and stop is None else "stop"
        return Answer(
            prompt.request, prompt.sample, text[:length], reason, stop, len(prompt.tokens), len(tokens), seconds
        )

    def _stopping_criteria(self, prompt_length: int) -> list[Any]:
        if not self._sampling.stop:
            return []
        return [StopStrings(self._torch, self._tokenizer, self._sampling.stop, prompt_length)]

    def _logits_processors(self, batch: Sequence[_TokenizedPrompt]) -> list[Any]:
        """Return what turns scores into draws; nothing if the most likely token is always taken."""
        sampling, library = self._sampling, self._transformers
        samples_by_default = bool(self._defaults.get("do_sample"))
        temperature = self._setting(sampling.temperature, "temperature", 1.0 if samples_by_default else 0.0)
        if not temperature:
            return []
        top_k = self._setting(sampling.top_k, "top_k", 0)
        top_p = self._setting(sampling.top_p, "top_p", 1.0)
        processors: list[Any] = [library.TemperatureLogitsWarper(float(temperature))]
        if top_k > 0:
            processors.append(library.TopKLogitsWarper(int(top_k)))
        if top_p < 1:
            processors.append(library.TopPLogitsWarper(float(top_p)))
        seeds = [derive_seed(sampling.seed or 0, prompt.request.row["id"], prompt.sample) for prompt in batch]
        return [*processors, GumbelNoise(self._torch, seeds)]

    def _setting(self, given: float | None, name: str, fallback: float) -> float:
        """Return a setting: as given, else from the model's generation config, else the fallback."""
        value = self._defaults.get(name, fallback) if given is None else given
        return fallback if value is None else float(value)


@lru_cache(maxsize=1)
def _load_model(path: str, sampling: Sampling) -> _LoadedModel:
    # A benchmark run asks the same model the items of several tasks, one task after the other.
    return _LoadedModel(path, sampling)


def generate_batch(model: Any, prompts: Sequence[Sequence[int]], padding: int, **options: Any) -> list[list[int]]:
    """Return the tokens that a model generates after each prompt, padding at their ends included.

    Args:
        model: a causal language model of transformers.
        prompts: the prompts, as tokens; they are padded on the left.
        padding: the token to pad with.
        options: arguments of the model's `generate`; with `num_return_sequences` the outputs of a prompt are adjacent.
    """
    import torch

    longest = max(map(len, prompts))
    ids = torch.tensor([[padding] * (longest - len(tokens)) + list(tokens) for tokens in prompts])
    mask = torch.tensor([[0] * (longest - len(tokens)) + [1] * len(tokens) for tokens in prompts])
    with torch.inference_mode():
        outputs = model.generate(input_ids=ids.to(model.device), attention_mask=mask.to(model.device), **options)
    new_tokens: list[list[int]] = outputs[:, longest:].tolist()
    return new_tokens


def _end_tokens(config: Any, tokenizer: Any) -> list[int]:
    """Return the tokens that end an answer."""
    configured = getattr(config, "eos_token_id", None)
    candidates = [*(configured if isinstance(configured, list) else [configured]), tokenizer.eos_token_id]
    tokens = [token for token in candidates if token is not None]
    if not tokens:
        raise ModelFailed("the model has no token that ends an answer")
    return list(dict.fromkeys(tokens))
