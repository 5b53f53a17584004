"""The engine inside transformers: batches on this machine's GPU, or on its processor.

Each answer is drawn with noise of its own (the Gumbel trick: the likeliest token after noise is a draw), so that it
follows from the seed, the item and the sample's number, and not from what happens to be in the same batch. What a batch
still does is round a little differently, which may turn a token that was nearly as likely as another.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from knk.errors import BadSpec, ModelFailed
from knk.inference.engine import Answer, Ask, Asks, Batch, Failure, Notice, Sink
from knk.inference.registry import import_packages
from knk.inference.sampling import Sampling, seed_of

_WINDOW: Final = 8
"""Batches that are read ahead, so that prompts of like length can go together."""
_HASHED: Final = ("*.safetensors", "*.json", "*.jinja", "*.model")


@dataclass(frozen=True)
class TransformersEngine:
    """A model inside this process, by transformers.

    What the sampling does not say is as in the model's own generation settings, and otherwise off.

    Args:
        path: the model: a folder, or a name on the Hub. Code that a model brings along is never run, and weights are
            read from safetensors alone.
        batch_size: how many answers are written at once.

    Raises:
        BadSpec: a value that cannot be.

    >>> TransformersEngine("Qwen/Qwen2.5-3B").model
    'Qwen/Qwen2.5-3B'
    """

    path: str
    batch_size: int = 16
    name: str = field(default="transformers", init=False)
    per_request: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise BadSpec("batch_size is at least 1")

    @property
    def model(self) -> str:
        """The model's name; of a folder no more than its own name, which is nobody's secret."""
        return Path(self.path).resolve().name if _is_folder(self.path) else self.path

    def identity(self) -> dict[str, Any]:
        """Return the SHA-256 of a folder's weights and settings: what is trained again is another model."""
        return {"weights": self._weights} if _is_folder(self.path) else {}

    @cached_property
    def _weights(self) -> str:
        whole = hashlib.sha256()
        for file in sorted(path for pattern in _HASHED for path in Path(self.path).glob(pattern)):
            with file.open("rb") as content:
                whole.update(f"{file.name} {hashlib.file_digest(content, 'sha256').hexdigest()}\n".encode())
        return whole.hexdigest()

    def used(self, sampling: Sampling) -> Sampling:
        """Return the sampling, all of which is looked at."""
        if sampling.max_tokens is None:
            raise BadSpec("say how long an answer may be: a model may never end it")
        return sampling

    def work(self, asks: Asks, sampling: Sampling, sink: Sink, notice: Notice) -> None:
        """Ask all questions, and hand the answers of each batch to the sink when it is done.

        Raises:
            MissingPackage: transformers or torch is not installed.
            ModelFailed: there is no such model, or its context cannot hold an answer.
        """
        wanted = filter(None, asks)
        writer: _Writer | None = None
        while window := list(islice(wanted, self.batch_size * _WINDOW)):
            if writer is None:  # Where nothing is asked for, nothing need be loaded.
                notice(f"transformers asks {self.model}")
                writer = _writer(self.path, sampling)
            ready = writer.ready(window, sink)
            while batch := list(islice(ready, self.batch_size)):
                sink(writer.written(batch))


def _is_folder(path: str) -> bool:
    return Path(path).is_dir()


@dataclass(frozen=True)
class _Ready:
    """A question as tokens."""

    ask: Ask
    sample: int
    tokens: Sequence[int]


class _Writer:
    """Writes answers with one loaded model."""

    def __init__(self, path: str, sampling: Sampling) -> None:
        self._torch, self._library = import_packages("transformers", "torch", "transformers")
        self._sampling = sampling
        bars = self._library.utils.logging
        shown = bars.is_progress_bar_enabled()
        bars.disable_progress_bar()
        # It would tell of each of its tries to reach the Hub.
        hub = logging.getLogger("huggingface_hub")
        level = hub.level
        hub.setLevel(logging.ERROR)
        try:
            self._tokenizer = self._library.AutoTokenizer.from_pretrained(path, padding_side="left")
            self._device = "cuda" if self._torch.cuda.is_available() else "cpu"
            # A processor computes in single precision; bfloat16 is for what has units for it.
            dtype = "auto" if self._device == "cuda" else self._torch.float32
            model = self._library.AutoModelForCausalLM.from_pretrained(path, dtype=dtype, use_safetensors=True)
        except (OSError, ValueError) as error:
            told = " ".join(str(error).split())[:200]
            if _is_folder(path):
                raise ModelFailed(f"{path!r} cannot be loaded: {told}") from error
            raise ModelFailed(
                f"there is no folder {path!r}, and no model of this name can be had from the Hub ({told})"
            ) from error
        finally:
            hub.setLevel(level)
            if shown:
                bars.enable_progress_bar()
        self._model = model.eval().to(self._device)
        self._own = {} if model.generation_config is None else model.generation_config.to_diff_dict()
        self._ends = _ends(model.generation_config, self._tokenizer)
        self._room = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        most = sampling.max_tokens or 0
        if self._room is not None and most >= self._room:
            raise ModelFailed(
                f"the model reads {self._room:,} tokens in all: an answer of {most:,} needs a lower limit"
            )

    def ready(self, window: Sequence[Ask], sink: Sink) -> Iterator[_Ready]:
        """Return the questions as tokens, those of like length together; what does not fit is given up."""
        found = [_Ready(ask, sample, self._tokens(ask)) for ask in window for sample in ask.samples]
        for one in sorted(found, key=lambda one: len(one.tokens)):
            wanted = len(one.tokens) + (self._sampling.max_tokens or 0)
            if self._room is not None and wanted > self._room:
                told = f"its prompt and an answer may take {wanted:,} tokens, and the model reads {self._room:,}"
                sink(Batch([Failure(one.ask, one.sample, told)]))
            else:
                yield one

    def _tokens(self, ask: Ask) -> list[int]:
        if isinstance(ask.prompt, str):
            return list(self._tokenizer.encode(ask.prompt))
        if not self._tokenizer.chat_template:
            raise ModelFailed("the model has no chat template: ask it in the style 'paper'")
        text = self._tokenizer.apply_chat_template(ask.prompt, add_generation_prompt=True, tokenize=False)
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    def written(self, batch: Sequence[_Ready]) -> Batch:
        """Return the answers to a batch of questions."""
        torch, started = self._torch, time.monotonic()
        longest = max(len(one.tokens) for one in batch)
        padding = self._tokenizer.pad_token_id if self._tokenizer.pad_token_id is not None else self._ends[0]
        ids = torch.tensor([[padding] * (longest - len(one.tokens)) + list(one.tokens) for one in batch])
        mask = torch.tensor([[0] * (longest - len(one.tokens)) + [1] * len(one.tokens) for one in batch])
        with torch.inference_mode():
            outputs = self._model.generate(
                input_ids=ids.to(self._device),
                attention_mask=mask.to(self._device),
                generation_config=self._library.GenerationConfig(
                    max_new_tokens=self._sampling.max_tokens,
                    do_sample=False,
                    eos_token_id=self._ends,
                    pad_token_id=padding,
                    repetition_penalty=self._own.get("repetition_penalty"),
                ),
                logits_processor=self._drawing(batch),
                stopping_criteria=self._stopping(longest),
            )
        seconds = time.monotonic() - started
        rows = outputs[:, longest:].tolist()
        answers = [self._answer(one, row, seconds) for one, row in zip(batch, rows, strict=True)]
        tokens = sum(answer.completion_tokens or 0 for answer in answers)
        return Batch(answers, sum(len(one.tokens) for one in batch), tokens)

    def _answer(self, one: _Ready, row: list[int], seconds: float) -> Answer:
        end = next((place for place, token in enumerate(row) if token in self._ends), None)
        tokens = row if end is None else row[:end]
        text = self._tokenizer.decode(tokens, skip_special_tokens=True)
        cuts = [(text.index(stop), stop) for stop in self._sampling.stop if stop in text]
        place, stop = min(cuts, default=(len(text), None))
        reason = "length" if end is None and stop is None else "stop"
        return Answer(one.ask, one.sample, text[:place], reason, stop, len(one.tokens), len(tokens), seconds)

    def _stopping(self, longest: int) -> list[Any]:
        return [_Stops(self._torch, self._tokenizer, self._sampling.stop, longest)] if self._sampling.stop else []

    def _drawing(self, batch: Sequence[_Ready]) -> list[Any]:
        """Return what turns likelihoods into draws; nothing where the likeliest token is taken."""
        given = self._sampling
        sampled = bool(self._own.get("do_sample"))
        temperature = self._chosen(given.temperature, "temperature", 1.0 if sampled else 0.0)
        if not temperature:
            return []
        top_k, top_p = self._chosen(given.top_k, "top_k", 0), self._chosen(given.top_p, "top_p", 1.0)
        library = self._library
        steps: list[Any] = [library.TemperatureLogitsWarper(float(temperature))]
        if top_k > 0:
            steps.append(library.TopKLogitsWarper(int(top_k)))
        if top_p < 1:
            steps.append(library.TopPLogitsWarper(float(top_p)))
        seeds = [seed_of(given.seed or 0, one.ask.row["id"], one.sample) for one in batch]
        return [*steps, _Noise(self._torch, seeds)]

    def _chosen(self, given: float | None, name: str, otherwise: float) -> float:
        found = self._own.get(name, otherwise) if given is None else given
        return otherwise if found is None else float(found)


@lru_cache(maxsize=1)
def _writer(path: str, sampling: Sampling) -> _Writer:
    # A run asks one model about several things, one after the other.
    return _Writer(path, sampling)


class _Noise:
    """Noise on the scores of each row, from a generator of the row's own."""

    def __init__(self, torch: Any, seeds: Sequence[int]) -> None:
        self._torch = torch
        self._seeds = seeds
        self._generators: list[Any] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:  # noqa: ARG002 - as transformers calls it
        """Return the scores with noise after which the largest is a draw."""
        if not self._generators:  # Where the scores are, so that none of it travels.
            made = (self._torch.Generator(device=scores.device) for _ in self._seeds)
            self._generators = [one.manual_seed(seed) for one, seed in zip(made, self._seeds, strict=True)]
        drawn = self._torch.empty(scores.shape, device=scores.device)
        for row, generator in zip(drawn, self._generators, strict=True):
            row.exponential_(generator=generator)
        # A zero, rare as it is, would make a token that is ruled out anything but that.
        return scores - drawn.clamp_min_(self._torch.finfo(drawn.dtype).tiny).log()


class _Stops:
    """Ends a row once its answer holds a stop string.

    The one in transformers takes tokenizers apart beforehand, and fails for those that are made of whole words.
    """

    def __init__(self, torch: Any, tokenizer: Any, stops: Sequence[str], prompt: int) -> None:
        self._torch = torch
        self._tokenizer = tokenizer
        self._stops = stops
        self._prompt = prompt
        # A token is a character or more, but for the bytes of a rare one: twice as many are enough.
        self._looked_at = 2 * max(map(len, stops))

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:  # noqa: ARG002 - as transformers calls it
        """Return for each row whether it has ended."""
        ends = input_ids[:, max(self._prompt, input_ids.shape[1] - self._looked_at) :].tolist()
        texts = [self._tokenizer.decode(tokens, skip_special_tokens=True) for tokens in ends]
        found = [any(stop in text for stop in self._stops) for text in texts]
        return self._torch.tensor(found, device=input_ids.device)


def _ends(config: Any, tokenizer: Any) -> list[int]:
    """Return the tokens that end an answer."""
    own = getattr(config, "eos_token_id", None)
    found = own if isinstance(own, list) else [own]
    ends = [token for token in [*found, tokenizer.eos_token_id] if token is not None]
    if not ends:
        raise ModelFailed("the model has no token that ends an answer")
    return list(dict.fromkeys(ends))
