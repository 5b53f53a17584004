"""A small tokenizer that splits and merges text as Qwen's does where it matters: at the end of a prompt."""

from itertools import product
from typing import Any

# How Qwen2.5 splits text before it merges bytes; see `tokenizer.json` of Qwen/Qwen2.5-0.5B on the Hub.
_PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_LINE_BREAK, _SPACE = "Ċ", "Ġ"  # as byte-level tokenizers write them
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MERGES = (
    *((">", _LINE_BREAK), (_LINE_BREAK, _LINE_BREAK), (f">{_LINE_BREAK}", _LINE_BREAK), (_SPACE, _SPACE)),
    *product((">", _SPACE, "("), _LETTERS),
)


def qwen_like_tokenizer() -> Any:
    """Return a tokenizer of transformers with the bytes, and with merges of `>` with a line break or a letter."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokens = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(merge) for merge in _MERGES)]
    tokenizer = Tokenizer(models.BPE({token: index for index, token in enumerate(tokens)}, list(_MERGES)))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", additional_special_tokens=["<|im_start|>"]
    )
