"""Noise that makes the draws of the transformers engine independent of the batch, and its stop strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class GumbelNoise:
    """A logits processor that adds noise to the scores of each row, from a random generator of the row's own.

    The most likely token after the noise is a draw from the distribution (the Gumbel trick).

    Args:
        torch: the module.
        seeds: the seed of each row.
    """

    def __init__(self, torch: Any, seeds: Sequence[int]) -> None:
        self._torch = torch
        self._seeds = seeds
        self._generators: list[Any] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:  # noqa: ARG002 - the signature is transformers'
        """Return the scores with noise, in the same shape (rows, tokens)."""
        if not self._generators:  # On the device of the scores, so that nothing is copied between devices.
            generators = (self._torch.Generator(device=scores.device) for _ in self._seeds)
            self._generators = [
                generator.manual_seed(seed) for generator, seed in zip(generators, self._seeds, strict=True)
            ]
        noise = self._torch.empty(scores.shape, device=scores.device)
        for row, generator in zip(noise, self._generators, strict=True):
            row.exponential_(generator=generator)
        # A zero, rare as it is, would make a token that is ruled out the most likely one.
        return scores - noise.clamp_min_(self._torch.finfo(noise.dtype).tiny).log()


class StopStrings:
    """A stopping criterion that ends a row once its answer contains a stop string.

    The one in transformers analyses the tokenizer's vocabulary, and fails for vocabularies of whole words.

    Args:
        torch: the module.
        tokenizer: the tokenizer.
        stops: the stop strings; at least one.
        prompt_length: tokens of the padded prompts.
    """

    def __init__(self, torch: Any, tokenizer: Any, stops: Sequence[str], prompt_length: int) -> None:
        self._torch = torch
        self._tokenizer = tokenizer
        self._stops = stops
        self._prompt_length = prompt_length
        # A token has a character or more, except for the bytes of a rare one: twice as many tokens are enough.
        self._window = 2 * max(map(len, stops))

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:  # noqa: ARG002 - the signature is transformers'
        """Return for each row whether it has ended."""
        tails = input_ids[:, max(self._prompt_length, input_ids.shape[1] - self._window) :].tolist()
        texts = [self._tokenizer.decode(tokens, skip_special_tokens=True) for tokens in tails]
        ended = [any(stop in text for stop in self._stops) for text in texts]
        return self._torch.tensor(ended, device=input_ids.device)
