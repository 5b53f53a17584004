"""The size of a model, computed from its configuration: parameters, adapters, cache, activations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from knk.errors import BadConfig
from knk.models import base_of

HALF: Final = 2
"""The bytes of a bfloat16 number."""


@dataclass(frozen=True)
class Shape:
    """A decoder of the Llama family, to which Qwen2.5, OLMo2, Mistral and most others belong.

    Args:
        layers: number of layers.
        hidden: hidden size.
        inner: intermediate size of the feed-forward blocks.
        heads: number of attention heads.
        kv_heads: number of key-value heads.
        vocabulary: vocabulary size.
        has_tied_embeddings: whether the output layer shares the embedding's weights.
        biased: whether queries, keys and values have biases.
        head: dimension of a head; `hidden / heads` if 0.

    >>> f"{KNOWN_SHAPES['Qwen/Qwen2.5-3B'].parameters:,}"
    '3,085,938,688'
    """

    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    vocabulary: int
    has_tied_embeddings: bool = False
    biased: bool = False
    head: int = 0

    @property
    def _dimensions(self) -> tuple[int, int]:
        """The total dimension of the queries, and of the keys (or values)."""
        head = self.head or self.hidden // self.heads
        return head * self.heads, head * self.kv_heads

    @property
    def layer_parameters(self) -> int:
        """The parameters of one layer."""
        queries, keys = self._dimensions
        biases = queries + 2 * keys if self.biased else 0
        return 2 * self.hidden * (queries + keys) + 3 * self.hidden * self.inner + 2 * self.hidden + biases

    @property
    def linear_parameters(self) -> int:
        """The parameters of the linear layers inside the layers: those that are quantized."""
        queries, keys = self._dimensions
        return self.layers * (2 * self.hidden * (queries + keys) + 3 * self.hidden * self.inner)

    @property
    def multiplied_parameters(self) -> int:
        """The parameters by which each token is multiplied: all but an embedding that is only looked up."""
        return self.parameters - (0 if self.has_tied_embeddings else self.embedding_parameters)

    @property
    def query_size(self) -> int:
        """The total dimension of the queries."""
        return self._dimensions[0]

    @property
    def embedding_parameters(self) -> int:
        """The parameters of the embedding."""
        return self.vocabulary * self.hidden

    @property
    def parameters(self) -> int:
        """All parameters."""
        return (
            self.layers * self.layer_parameters
            + (1 if self.has_tied_embeddings else 2) * self.embedding_parameters
            + self.hidden
        )

    def adapter_parameters(self, rank: int) -> int:
        """Return the parameters of LoRA adapters on all linear layers.

        Args:
            rank: the adapters' rank.
        """
        queries, keys = self._dimensions
        attention = 2 * (self.hidden + queries) + 2 * (self.hidden + keys)
        return self.layers * rank * (attention + 3 * (self.hidden + self.inner))

    @property
    def cache_bytes(self) -> int:
        """The bytes of one token's keys and values in the cache."""
        return 2 * HALF * self.layers * self._dimensions[1]

    @property
    def layer_activations(self) -> int:
        """The bytes of one token's activations in one layer for the backward pass, without the attention matrix."""
        queries, keys = self._dimensions
        return HALF * (6 * self.hidden + 2 * queries + 2 * keys + 4 * self.inner)


KNOWN_SHAPES: Final[Mapping[str, Shape]] = {
    "Qwen/Qwen2.5-0.5B": Shape(24, 896, 4864, 14, 2, 151_936, True, True),
    "Qwen/Qwen2.5-1.5B": Shape(28, 1536, 8960, 12, 2, 151_936, True, True),
    "Qwen/Qwen2.5-Math-1.5B": Shape(28, 1536, 8960, 12, 2, 151_936, True, True),
    "Qwen/Qwen2.5-3B": Shape(36, 2048, 11008, 16, 2, 151_936, True, True),
    "Qwen/Qwen2.5-7B": Shape(28, 3584, 18944, 28, 4, 152_064, False, True),
    "Qwen/Qwen2.5-14B": Shape(48, 5120, 13824, 40, 8, 152_064, False, True),
    "Qwen/Qwen2.5-32B": Shape(64, 5120, 27648, 40, 8, 152_064, False, True),
    "HuggingFaceTB/SmolLM2-135M": Shape(30, 576, 1536, 9, 3, 49_152, True),
}
"""Models that can be planned for without access to the Hub."""


def shape_of(model: str) -> Shape:
    """Return a model's shape, from `KNOWN_SHAPES` or from its configuration; an adapter has its base's.

    Args:
        model: a folder, or a name on the Hub.

    Raises:
        BadConfig: it is not known, and its configuration cannot be read or is incomplete.
        BadFolder: it is an adapter that cannot be used.
    """
    model = base_of(model)
    if (known := KNOWN_SHAPES.get(model.removesuffix("-Instruct"))) is not None:
        return known
    try:
        from transformers import AutoConfig

        return from_config(AutoConfig.from_pretrained(model).to_dict())
    except ImportError as error:
        raise BadConfig(
            f"the size of {model!r} is not known, and reading its configuration needs transformers: "
            "pip install '.[train]'"
        ) from error
    except (OSError, ValueError) as error:
        raise BadConfig(f"the size of {model!r} is not known, and its configuration cannot be read") from error


def from_config(config: Mapping[str, Any]) -> Shape:
    """Return the shape in a transformers configuration.

    Args:
        config: the configuration.

    Raises:
        ValueError: it is not the configuration of such a decoder.

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
        has_tied_embeddings=bool(config.get("tie_word_embeddings")),
        biased=biased,
        head=config.get("head_dim") or 0,
    )
