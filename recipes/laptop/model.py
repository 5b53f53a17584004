"""The laptop recipe's model: a Llama of 0.9 million parameters with a tokenizer whose tokens are words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

from recipes.laptop.domains import DOMAINS, SKILLS, lesson, problems
from recipes.laptop.puzzles import STYLES, told

CONTEXT: Final = 768
"""Tokens of prompt and completion together; more than the longest trace that is trained on."""
PAD, END, UNKNOWN = "<pad>", "<end>", "<unknown>"
_PIECES: Final = r" ?</?\w+>| ?\w+| ?[^\w\s]|\s"
_SAMPLE: Final = 1_500
_LARGEST: Final = 60


def save_model(folder: Path, seed: int) -> None:
    """Save a model with random weights, and its tokenizer.

    Args:
        folder: where to.
        seed: draws the weights.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = word_tokenizer(vocabulary())
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        initializer_range=0.06,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def word_tokenizer(words: Iterable[str]) -> Any:
    """Return a tokenizer whose tokens are these words; what it decodes is what it encoded, spaces included.

    Args:
        words: the words, with the space before them where they have one.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    numbers = {word: number for number, word in enumerate(dict.fromkeys((PAD, END, UNKNOWN, *words)))}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECES), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=PAD, unk_token=UNKNOWN, padding_side="left"
    )


def vocabulary() -> list[str]:
    """Return the words of all domains, in the order of the alphabet."""
    import regex

    pieces = regex.compile(_PIECES)
    found = {piece for text in _texts() for piece in pieces.findall(text)}
    return sorted(found | {f"{space}{number}" for number in range(_LARGEST) for space in ("", " ")})


def _texts() -> Iterator[str]:
    for domain in DOMAINS:
        random = Random(domain)
        for problem in problems(domain, _SAMPLE, 0, people=(2, 3, 4)):
            yield problem.prompt
            if domain != "kk":
                yield lesson(problem, random)
            else:
                yield from (told(problem.data, style, seed) for style in STYLES for seed in range(2))
    yield from (lesson(problem, Random(0)) for domain in SKILLS for problem in problems(domain, _SAMPLE, 0))
