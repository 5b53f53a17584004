"""The laptop recipe's model: a Llama of 0.7 million parameters, with a tokenizer of words."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from recipes.laptop.words import vocabulary

CONTEXT_LENGTH: Final = 1024
"""Tokens of prompt and completion together; more than the longest lesson."""
PAD, END, UNKNOWN = "<pad>", "<end>", "<unknown>"


def save_model(folder: Path, seed: int) -> None:
    """Save a model with random weights, and its tokenizer.

    Args:
        folder: the folder to write.
        seed: seeds the weights.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = word_tokenizer()
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=256,
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


def word_tokenizer() -> Any:
    """Return a tokenizer whose tokens are the recipe's words, separated by white space."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = (PAD, END, UNKNOWN, *vocabulary())
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        unk_token=UNKNOWN,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
