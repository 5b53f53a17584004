"""A small causal transformer, trained on proofs and asked for new ones; on the processor, in one thread."""

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
NUMBER: Final = {word: number for number, word in enumerate(WORDS)}
_WARM_UP: Final = 50
_WINDOW: Final = 32
_BATCH_SAMPLED: Final = 100
_IGNORED: Final = -100


@dataclass(frozen=True)
class Shape:
    """How large a model is and how it learns.

    Args:
        width: numbers that stand for a word.
        layers: how many layers.
        rate: the highest learning rate, reached after the warm-up, from where it falls to a twentieth.
        batch: examples a step.
    """

    width: int = 192
    layers: int = 6
    rate: float = 2e-3
    batch: int = 16


@dataclass(frozen=True)
class Example:
    """What the model is given and what it should write, as words."""

    question: tuple[str, ...]
    reply: tuple[str, ...]


@dataclass(frozen=True)
class Trained:
    """A model and what its training took.

    Args:
        model: the model.
        parameters: how many numbers it learned.
        tokens: words met, questions included, padding left out.
        seconds: how long it took by the clock.
        loss: mean loss of a word of the replies over the last tenth of the steps.
    """

    model: Any
    parameters: int
    tokens: int
    seconds: float
    loss: float


def train(examples: Sequence[Example], shape: Shape, seed: int) -> Trained:
    """Return a model that has met each example once."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    start = time.perf_counter()
    model = _fresh(shape, max(len(one.question) + len(one.reply) for one in examples))
    optimizer = torch.optim.AdamW(model.parameters(), lr=shape.rate, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
    batches = _batches(examples, shape.batch, random.Random(seed))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share_of_rate(step, len(batches)))
    losses: list[float] = []
    for number, batch in enumerate(batches, 1):
        losses.append(_step(model, batch, optimizer))
        schedule.step()
        if number % 50 == 0:
            spent = time.perf_counter() - start
            LOG.info("step %d of %d: loss %.3f, %.0f s", number, len(batches), sum(losses[-50:]) / 50, spent)
    last = losses[-max(1, len(losses) // 10) :]
    return Trained(
        model.eval(),
        sum(weights.numel() for weights in model.parameters()),
        sum(len(one.question) + len(one.reply) for one in examples),
        time.perf_counter() - start,
        sum(last) / len(last),
    )


def _fresh(shape: Shape, longest: int) -> Any:
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(WORDS),
            hidden_size=shape.width,
            intermediate_size=shape.width * 8 // 3 // 32 * 32,
            num_hidden_layers=shape.layers,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=2 * longest,
            tie_word_embeddings=True,
            pad_token_id=NUMBER[PAD],
            eos_token_id=NUMBER[END],
            bos_token_id=None,
        )
    )


def _share_of_rate(step: int, steps: int) -> float:
    warm_up = min(_WARM_UP, max(1, steps // 10))
    if step < warm_up:
        return (step + 1) / warm_up
    along = (step - warm_up) / max(1, steps - warm_up)
    return 0.05 + 0.95 * (1 + math.cos(math.pi * along)) / 2


def _batches(examples: Sequence[Example], size: int, draws: random.Random) -> list[list[Example]]:
    """Return the examples in random batches of similar length, so that little is padded."""
    order = draws.sample(examples, len(examples))
    batches: list[list[Example]] = []
    for at in range(0, len(order), size * _WINDOW):
        window = sorted(order[at : at + size * _WINDOW], key=lambda one: len(one.question) + len(one.reply))
        batches.extend(window[first : first + size] for first in range(0, len(window), size))
    draws.shuffle(batches)
    return batches


def _step(model: Any, batch: Sequence[Example], optimizer: torch.optim.Optimizer) -> float:
    longest = max(len(one.question) + len(one.reply) for one in batch)
    inputs = torch.full((len(batch), longest), NUMBER[PAD])
    labels = torch.full((len(batch), longest), _IGNORED)
    for row, one in enumerate(batch):
        numbers = torch.tensor([NUMBER[word] for word in (*one.question, *one.reply)])
        inputs[row, : len(numbers)] = numbers
        labels[row, len(one.question) : len(numbers)] = numbers[len(one.question) :]
    # Padding stands on the right, where no word looks: attention needs no mask.
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(input_ids=inputs, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.detach())


def replies(
    model: Any, questions: Sequence[Sequence[str]], longest: int, samples: int = 0, seed: int = 0
) -> list[list[list[str]]]:
    """Return what the model writes for each question: the likeliest words once, or several samples.

    Args:
        model: the model.
        questions: the questions, as words.
        longest: how many words it may write.
        samples: how many samples at temperature 0.7 to draw, 0 for the likeliest word at each place.
        seed: of the samples.
    """
    torch.manual_seed(seed)
    config = GenerationConfig(
        max_new_tokens=longest,
        do_sample=samples > 0,
        num_return_sequences=max(1, samples),
        pad_token_id=NUMBER[PAD],
        eos_token_id=NUMBER[END],
        **({"temperature": 0.7, "top_k": 0, "top_p": 1.0} if samples else {}),
    )
    found: list[list[list[str]]] = [[] for _ in questions]
    order = sorted(range(len(questions)), key=lambda place: len(questions[place]))
    size = max(1, _BATCH_SAMPLED // max(1, samples))
    for at in range(0, len(order), size):
        places = order[at : at + size]
        tokenized = [[NUMBER[word] for word in questions[place]] for place in places]
        outputs = generate_batch(model, tokenized, NUMBER[PAD], generation_config=config)
        for number, tokens in enumerate(outputs):
            found[places[number // max(1, samples)]].append([WORDS[token] for token in tokens])
    return found
