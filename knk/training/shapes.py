"""How large a model is, from the numbers in its configuration alone: parameters, adapters, cache, activations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from knk.errors import BadConfig

HALF: Final = 2
"""Bytes of a number in bfloat16."""


@dataclass(frozen=True)
class Shape:
    """A decoder of the Llama family, to which Qwen2.5, OLMo2, Mistral and most others belong.

    Args:
        layers: how many layers.
        hidden: the width of the stream.
        inner: the width inside the feed-forward blocks.
        heads: attention heads.
        kv_heads: heads that have keys and values of their own.
        vocabulary: tokens.
        tied: whether the head is the embedding again.
        biased: whether queries, keys and values have biases.
        head: the width of a head; the stream's by the number of heads if not given.

    >>> f"{KNOWN['Qwen/Qwen2.5-3B'].parameters:,}"
    '3,085,938,688'
    """

    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    vocabulary: int
    tied: bool = False
    biased: bool = False
    head: int = 0

    @property
    def _widths(self) -> tuple[int, int]:
        """The widths of queries, and of keys and of values."""
        head = self.head or self.hidden // self.heads
        return head * self.heads, head * self.kv_heads

    @property
    def layer_parameters(self) -> int:
        """The parameters of one layer."""
        queries, keys = self._widths
        biases = queries + 2 * keys if self.biased else 0
        return 2 * self.hidden * (queries + keys) + 3 * self.hidden * self.inner + 2 * self.hidden + biases

    @property
    def embedding_parameters(self) -> int:
        """The parameters of the embedding alone."""
        return self.vocabulary * self.hidden

    @property
    def parameters(self) -> int:
        """All parameters."""
        return self.layers * self.layer_parameters + (1 if self.tied else 2) * self.embedding_parameters + self.hidden

    def adapter_parameters(self, rank: int) -> int:
        """Return the parameters of LoRA's adapters on all linear layers.

        Args:
            rank: their rank.
        """
        queries, keys = self._widths
        attention = 2 * (self.hidden + queries) + 2 * (self.hidden + keys)
        return self.layers * rank * (attention + 3 * (self.hidden + self.inner))

    @property
    def cache_bytes(self) -> int:
        """The bytes of keys and values that one token leaves in the cache."""
        return 2 * HALF * self.layers * self._widths[1]

    @property
    def layer_activations(self) -> int:
        """The bytes of one token's activations in one layer, for the backward pass, without attention's matrix."""
        queries, keys = self._widths
        return HALF * (6 * self.hidden + 2 * queries + 2 * keys + 4 * self.inner)


KNOWN: Final[Mapping[str, Shape]] = {
    "Qwen/Qwen2.5-0.5B": Shape(24, 896, 4864, 14, 2, 151_936, True, True),
    "Qwen/Qwen2.5-1.5B": Shape(28, 1536, 8960, 12, 2, 151_936, True, True),
    "Qwen/Qwen2.5-Math-1.5B": Shape(28, 1536, 8960, 12, 2, 151_936, True, True),
    "Qwen/Qwen2.5-3B": Shape(36, 2048, 11008, 16, 2, 151_936, True, True),
    "Qwen/Qwen2.5-7B": Shape(28, 3584, 18944, 28, 4, 152_064, False, True),
    "Qwen/Qwen2.5-14B": Shape(48, 5120, 13824, 40, 8, 152_064, False, True),
    "Qwen/Qwen2.5-32B": Shape(64, 5120, 27648, 40, 8, 152_064, False, True),
    "HuggingFaceTB/SmolLM2-135M": Shape(30, 576, 1536, 9, 3, 49_152, True),
}
"""Models that can be planned for without asking the Hub."""


def shape_of(model: str) -> Shape:
    """Return a model's shape: of those that are known here, else from its configuration.

    Args:
        model: a folder, or a name on the Hub.

    Raises:
        BadConfig: it is not known, and its configuration cannot be read or says too little.
    """
    if (known := KNOWN.get(model.removesuffix("-Instruct"))) is not None:
        return known
    try:
        from transformers import AutoConfig

        return from_config(AutoConfig.from_pretrained(model).to_dict())
    except ImportError as error:
        raise BadConfig(
            f"the size of {model!r} is not known here, and reading its configuration needs transformers: "
            "pip install 'knk[train]'"
        ) from error
    except (OSError, ValueError) as error:
        raise BadConfig(f"the size of {model!r} is not known here, and its configuration cannot be read") from error


def from_config(config: Mapping[str, Any]) -> Shape:
    """Return the shape that a configuration of transformers tells of.

    Args:
        config: the configuration.

    Raises:
        ValueError: it is not of such a decoder.

    >>> from_config(
    ...     {
    ...         "num_hidden_layers": 2,
    ...         "hidden_size": 8,
    ...         "intermediate_size": 16,
    ...         "num_attention_heads": 2,
    ...         "vocab_size": 10,
    ...     }
    ... ).parameters
    1480
    """
    names = ("num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads")
    numbers = [config.get(name) for name in (*names, "vocab_size")]
    if not all(isinstance(number, int) and number > 0 for number in numbers):
        raise ValueError("not the configuration of a decoder of the Llama family")
    layers, hidden, inner, heads, vocabulary = (int(number or 0) for number in numbers)
    biased = bool(config.get("attention_bias") or config.get("model_type") == "qwen2")
    return Shape(
        *(layers, hidden, inner, heads, config.get("num_key_value_heads") or heads, vocabulary),
        tied=bool(config.get("tie_word_embeddings")),
        biased=biased,
        head=config.get("head_dim") or 0,
    )
