"""How answers are drawn: `Sampling`, presets, and a seed for each answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final

from knk.errors import BadSpec


@dataclass(frozen=True)
class Sampling:
    """How answers are drawn; a setting that is None is left to the server or the model.

    Args:
        n: how many answers each item gets.
        temperature: the temperature; 0 always takes the most likely token.
        top_p: the nucleus sampling threshold.
        top_k: how many of the most likely tokens to draw from.
        max_tokens: the most tokens of an answer.
        stop: strings that end an answer, and are not part of it.
        seed: the seed from which each answer's own seed is derived; None to send no seeds.

    Raises:
        BadSpec: a value is out of range.

    >>> Sampling(n=2, temperature=0.6).to_dict()["temperature"]
    0.6
    """

    n: int = 1
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None

    def __post_init__(self) -> None:
        _check_minimum("n", self.n, 1)
        _check_minimum("max_tokens", self.max_tokens, 1)
        # Servers write "all tokens" as 0 or as -1.
        _check_minimum("top_k", self.top_k, -1)
        _check_minimum("temperature", self.temperature, 0)
        _check_minimum("top_p", self.top_p, 0)
        if self.top_p is not None and self.top_p > 1:
            raise BadSpec(f"top_p must be at most 1, got {self.top_p}")
        if "" in self.stop:
            raise BadSpec("a stop string must not be empty: it would end every answer at once")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        return asdict(self) | {"stop": list(self.stop)}


def _check_minimum(name: str, value: float | None, minimum: int) -> None:
    if value is not None and not (math.isfinite(value) and value >= minimum):
        raise BadSpec(f"{name} must be at least {minimum}, got {value}")


PRESETS: Final[Mapping[str, Sampling]] = MappingProxyType(
    {
        "paper": Sampling(
            n=4,
            temperature=0.6,
            top_p=0.95,
            top_k=40,
            max_tokens=8192,
            stop=("</answer>", "User:", "Assistant:"),
        )
    }
)
"""Samplings by name: `paper` is how the authors of arXiv 2505.13718 sampled QwQ-32B."""


def derive_seed(seed: int, key: str, sample: int) -> int:
    """Return the seed of one answer, 31 bits, which all servers accept.

    It depends on the item and on the index of the sample alone, so the order of the requests and the number of runs do
    not matter. The seeds of different items do not overlap, as they would if the numbers were added.

    Args:
        seed: the seed of the run.
        key: the item's id.
        sample: the index of the answer.

    >>> derive_seed(0, "00", 1) == derive_seed(1, "00", 0)
    False
    """
    digest = blake2b(f"{seed} {key} {sample}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) >> 1
