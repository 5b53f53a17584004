"""The laptop recipe's model: a Llama of 0.9 million parameters, with a word-level tokenizer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

from recipes.laptop import puzzles
from recipes.laptop.domains import DOMAINS, SKILLS, lesson, problems
from recipes.laptop.puzzles import STYLES

CONTEXT_LENGTH: Final = 768
"""Tokens of prompt and completion together; more than the longest proof in the training data."""
PAD, END, UNKNOWN = "<pad>", "<end>", "<unknown>"
_TOKEN_PATTERN: Final = r" ?</?\w+>| ?\w+| ?[^\w\s]|\s"
_PROBLEMS_PER_DOMAIN: Final = 1_500
_NUMBERS: Final = range(60)


def save_model(folder: Path, seed: int) -> None:
    """Save a model with random weights, and its tokenizer.

    Args:
        folder: the folder to write.
        seed: seeds the weights.
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
        max_position_embeddings=CONTEXT_LENGTH,
        tie_word_embeddings=True,
        initializer_range=0.06,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def word_tokenizer(words: Iterable[str]) -> Any:
    """Return a tokenizer with these words as its tokens; decoding restores the encoded text, spaces included.

    Args:
        words: the words, each with its leading space if it has one.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    ids = {word: index for index, word in enumerate(dict.fromkeys((PAD, END, UNKNOWN, *words)))}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_TOKEN_PATTERN), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=PAD, unk_token=UNKNOWN, padding_side="left"
    )


def vocabulary() -> list[str]:
    """Return the words of all domains, sorted."""
    import regex

    pattern = regex.compile(_TOKEN_PATTERN)
    words = {word for text in _texts() for word in pattern.findall(text)}
    return sorted(words | {f"{space}{number}" for number in _NUMBERS for space in ("", " ")})


def _texts() -> Iterator[str]:
    """Iterate over prompts and completions of every domain and style."""
    for domain in DOMAINS:
        random = Random(domain)
        for problem in problems(domain, _PROBLEMS_PER_DOMAIN, 0, people=(2, 3, 4)):
            yield problem.prompt
            if domain != "kk":
                yield lesson(problem, random)
            else:
                yield from (puzzles.completion(problem.data, style, seed) for style in STYLES for seed in range(2))
    yield from (
        lesson(problem, Random(0)) for domain in SKILLS for problem in problems(domain, _PROBLEMS_PER_DOMAIN, 0)
    )
