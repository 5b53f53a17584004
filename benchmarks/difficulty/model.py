"""A small causal transformer that learns to write proofs, on one thread of the CPU."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

from benchmarks.difficulty.language import END, PAD, WORDS
from knk.inference.transformers import generate_batch

LOG: Final = logging.getLogger(__name__)
TOKENS: Final = {word: token for token, word in enumerate(WORDS)}
TEMPERATURE: Final = 0.7
_MAX_WARM_UP_STEPS: Final = 50
_BATCHES_PER_WINDOW: Final = 32
"""Examples are sorted by length within this many batches."""
_GENERATION_BATCH: Final = 100
_LOG_STEPS: Final = 50
_IGNORED_LABEL: Final = -100
"""The label of tokens without loss, in transformers."""


@dataclass(frozen=True)
class Shape:
    """The size of a model and the settings of its training.

    Args:
        width: hidden size.
        layers: number of layers.
        rate: peak learning rate, reached after the warm-up; it then decays to a twentieth.
        batch: examples per step.
    """

    width: int = 192
    layers: int = 6
    rate: float = 2e-3
    batch: int = 16


@dataclass(frozen=True)
class Example:
    """A question and the reply to learn, as words."""

    question: tuple[str, ...]
    reply: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self.question) + len(self.reply)


@dataclass(frozen=True)
class Training:
    """A trained model with a summary of its training.

    Args:
        model: the model.
        parameters: number of parameters.
        tokens: number of tokens in the examples, without padding.
        seconds: wall time of the training.
        loss: mean loss per token of the replies over the last tenth of the steps.
    """

    model: Any
    parameters: int
    tokens: int
    seconds: float
    loss: float


def train(examples: Sequence[Example], shape: Shape, seed: int) -> Training:
    """Train a new model for one epoch."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    start = time.perf_counter()
    model = _new_model(shape, max(map(len, examples)))
    optimizer = torch.optim.AdamW(model.parameters(), lr=shape.rate, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
    batches = _batches(examples, shape.batch, random.Random(seed))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate_factor(step, len(batches)))
    losses: list[float] = []
    for number, batch in enumerate(batches, 1):
        losses.append(_step(model, batch, optimizer))
        schedule.step()
        if number % _LOG_STEPS == 0:
            LOG.info(
                "step %d of %d: loss %.3f, %.0f s",
                number,
                len(batches),
                sum(losses[-_LOG_STEPS:]) / _LOG_STEPS,
                time.perf_counter() - start,
            )
    last = losses[-max(1, len(losses) // 10) :]
    return Training(
        model.eval(),
        sum(weights.numel() for weights in model.parameters()),
        sum(map(len, examples)),
        time.perf_counter() - start,
        sum(last) / len(last),
    )


def _new_model(shape: Shape, max_tokens: int) -> Any:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(WORDS),
            hidden_size=shape.width,
            intermediate_size=shape.width * 8 // 3 // 32 * 32,
            num_hidden_layers=shape.layers,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=2 * max_tokens,
            tie_word_embeddings=True,
            pad_token_id=TOKENS[PAD],
            eos_token_id=TOKENS[END],
            bos_token_id=None,
        )
    )


def _rate_factor(step: int, steps: int) -> float:
    warm_up = min(_MAX_WARM_UP_STEPS, max(1, steps // 10))
    if step < warm_up:
        return (step + 1) / warm_up
    progress = (step - warm_up) / max(1, steps - warm_up)
    return 0.05 + 0.95 * (1 + math.cos(math.pi * progress)) / 2


def _batches(examples: Sequence[Example], size: int, draws: random.Random) -> list[list[Example]]:
    """Return the examples in random batches of similar lengths, so that there is little padding."""
    order = draws.sample(examples, len(examples))
    batches: list[list[Example]] = []
    for window_start in range(0, len(order), size * _BATCHES_PER_WINDOW):
        window = sorted(order[window_start : window_start + size * _BATCHES_PER_WINDOW], key=len)
        batches.extend(window[start : start + size] for start in range(0, len(window), size))
    draws.shuffle(batches)
    return batches


def _step(model: Any, batch: Sequence[Example], optimizer: torch.optim.Optimizer) -> float:
    length = max(map(len, batch))
    inputs = torch.full((len(batch), length), TOKENS[PAD])
    labels = torch.full((len(batch), length), _IGNORED_LABEL)
    for row, example in enumerate(batch):
        tokens = torch.tensor([TOKENS[word] for word in (*example.question, *example.reply)])
        inputs[row, : len(tokens)] = tokens
        labels[row, len(example.question) : len(tokens)] = tokens[len(example.question) :]
    # Padding is on the right, where causal attention never looks, so no mask is needed.
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(input_ids=inputs, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.detach())


def replies(
    model: Any, questions: Sequence[Sequence[str]], max_words: int, samples: int = 0, seed: int = 0
) -> list[list[list[str]]]:
    """Return the model's replies to each question: a greedy one, or several samples.

    Args:
        model: the model.
        questions: the questions, as words.
        max_words: maximum length of a reply.
        samples: number of samples at temperature 0.7; 0 for one greedy reply.
        seed: seed of the samples.
    """
    torch.manual_seed(seed)
    config = GenerationConfig(
        max_new_tokens=max_words,
        do_sample=samples > 0,
        num_return_sequences=max(1, samples),
        pad_token_id=TOKENS[PAD],
        eos_token_id=TOKENS[END],
        **({"temperature": TEMPERATURE, "top_k": 0, "top_p": 1.0} if samples else {}),
    )
    written: list[list[list[str]]] = [[] for _ in questions]
    order = sorted(range(len(questions)), key=lambda index: len(questions[index]))
    size = max(1, _GENERATION_BATCH // max(1, samples))
    for start in range(0, len(order), size):
        indices = order[start : start + size]
        tokenized = [[TOKENS[word] for word in questions[index]] for index in indices]
        outputs = generate_batch(model, tokenized, TOKENS[PAD], generation_config=config)
        for number, tokens in enumerate(outputs):
            written[indices[number // max(1, samples)]].append([WORDS[token] for token in tokens])
    return written
