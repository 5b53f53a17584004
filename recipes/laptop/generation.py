"""Completions of many prompts on a CPU: each leaves the batch when it ends, so that nothing waits for the longest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn.

    Args:
        temperature: the temperature; 0 takes the most likely token.
        top_p: the share of the probability from which tokens are drawn.
        max_tokens: the largest number of tokens of a completion.
        forbidden: tokens that are never drawn.
        ends: tokens after which a completion ends, beside the model's end token.
    """

    temperature: float
    top_p: float
    max_tokens: int
    forbidden: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


def generate(model: Any, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[list[int]]:
    """Return the tokens that a model generates after each prompt, up to and including its end token.

    Args:
        model: a causal language model of transformers with a pad token and an end token in its config.
        prompts: the prompts, as tokens.
        sampling: how tokens are drawn; PyTorch's global generator supplies the randomness.
    """
    import torch
    from transformers import DynamicCache

    longest = max(map(len, prompts))
    padding = model.config.pad_token_id
    ends = torch.tensor([model.config.eos_token_id, *sampling.ends], device=model.device)
    ids = torch.tensor([[padding] * (longest - len(tokens)) + list(tokens) for tokens in prompts], device=model.device)
    mask = torch.tensor([[0] * (longest - len(tokens)) + [1] * len(tokens) for tokens in prompts], device=model.device)
    outputs: list[list[int]] = [[] for _ in prompts]
    rows, cache, draw = list(range(len(prompts))), DynamicCache(config=model.config), _drawer(sampling)
    # transformers is renaming this argument.
    cache_name = "cache" if "cache" in signature(model.forward).parameters else "past_key_values"
    with torch.inference_mode():
        for _ in range(sampling.max_tokens):
            output = model(input_ids=ids, attention_mask=mask, logits_to_keep=1, **{cache_name: cache})
            logits = output.logits[:, -1]
            drawn = draw(logits)
            for row, token in zip(rows, drawn.tolist(), strict=True):
                outputs[row].append(token)
            unfinished = torch.isin(drawn, ends, invert=True).nonzero()[:, 0]
            if not len(unfinished):
                break
            if len(unfinished) < len(rows):
                rows = [rows[index] for index in unfinished.tolist()]
                drawn, mask = drawn[unfinished], mask[unfinished]
                cache.batch_select_indices(unfinished)
            ids, mask = drawn[:, None], torch.cat([mask, mask.new_ones(len(rows), 1)], 1)
    return outputs


def _drawer(sampling: Sampling) -> Any:
    """Return a function from logits to drawn tokens."""
    import torch
    from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopPLogitsWarper

    warpers = LogitsProcessorList()
    if sampling.temperature:
        warpers.append(TemperatureLogitsWarper(sampling.temperature))
    if sampling.top_p < 1:
        warpers.append(TopPLogitsWarper(sampling.top_p))

    def draw(logits: Any) -> Any:
        if sampling.forbidden:
            logits[:, list(sampling.forbidden)] = -torch.inf
        if not sampling.temperature:
            return logits.argmax(-1)
        return torch.multinomial(warpers(None, logits).softmax(-1), 1)[:, 0]

    return draw
