"""How answers are drawn: `Sampling`, and the paper's as a preset."""

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
    """How answers are drawn; what is None is not asked for, and so as the server or the model has it.

    Args:
        n: how many answers each puzzle gets.
        temperature: how far the draw strays; 0 takes the likeliest token each time.
        top_p: the share of the probability that is drawn from.
        top_k: how many tokens are drawn from.
        max_tokens: how long an answer may be.
        stop: texts that end an answer, and are not part of it.
        seed: from it each answer gets a seed of its own, the same in every run; None for no seeds.

    Raises:
        BadSpec: a value that cannot be.

    >>> Sampling(n=2, temperature=0.6).as_dict()["temperature"]
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
        _check("n", self.n, 1)
        _check("max_tokens", self.max_tokens, 1)
        # Servers write "all tokens" as 0 or as -1.
        _check("top_k", self.top_k, -1)
        _check("temperature", self.temperature, 0)
        _check("top_p", self.top_p, 0)
        if self.top_p is not None and self.top_p > 1:
            raise BadSpec(f"top_p is at most 1, not {self.top_p}")
        if "" in self.stop:
            raise BadSpec("an empty stop string would end every answer at once")

    def as_dict(self) -> dict[str, Any]:
        """Return the values as JSON has them."""
        return asdict(self) | {"stop": list(self.stop)}


def _check(name: str, value: float | None, least: int) -> None:
    if value is not None and not (math.isfinite(value) and value >= least):
        raise BadSpec(f"{name} is at least {least}, not {value}")


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
"""Ways to draw by name: `paper` is how the authors of arXiv 2505.13718 sampled QwQ-32B."""


def seed_of(seed: int, key: str, sample: int) -> int:
    """Return an answer's own seed, 31 bits, which servers of all kinds take.

    It follows from the puzzle and the number of the sample, so it does not matter in which order, or in how many runs,
    they are asked; and no two seeds share a series, as they would if numbers were added up.

    >>> seed_of(0, "00", 1) == seed_of(1, "00", 0)
    False
    """
    digest = blake2b(f"{seed} {key} {sample}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) >> 1
