"""Counting tokens: with a model's tokenizer, or by a rule of thumb."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from knk.errors import BadSpec, MissingPackage
from knk.tasks.format import Prompt

CHARACTERS_PER_TOKEN: Final = 4
"""The rule of thumb if no tokenizer is given."""
PromptCounter = Callable[[Prompt], int]
TextCounter = Callable[[str], int]


def count_by_characters(prompt: Prompt) -> int:
    """Return the tokens of a prompt by a rule of thumb: one for every four characters.

    >>> count_by_characters("Who is a knight?")
    4
    """
    text = prompt if isinstance(prompt, str) else json.dumps(prompt, ensure_ascii=False)
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def prompt_counter(tokenizer: str) -> PromptCounter:
    """Return a function that counts the tokens of a prompt, special tokens and the chat template included.

    Args:
        tokenizer: a folder, or a name on the Hub.

    Raises:
        MissingPackage: transformers is not installed.
        BadSpec: there is no such tokenizer.
    """
    loaded = _load_tokenizer(tokenizer)

    def count_tokens(prompt: Prompt) -> int:
        if isinstance(prompt, str):
            return len(loaded.encode(prompt))
        text = loaded.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
        return len(loaded.encode(text, add_special_tokens=False))

    return count_tokens


def text_counter(tokenizer: str) -> TextCounter:
    """Return a function that counts the tokens of a text, without special tokens.

    Args:
        tokenizer: a folder, or a name on the Hub.

    Raises:
        MissingPackage: transformers is not installed.
        BadSpec: there is no such tokenizer.
    """
    loaded = _load_tokenizer(tokenizer)
    return lambda text: len(loaded.encode(text, add_special_tokens=False))


def _load_tokenizer(name: str) -> Any:
    try:
        transformers = import_module("transformers")
    except ModuleNotFoundError as error:
        raise MissingPackage("--tokenizer needs transformers: pip install '.[train]'") from error
    try:
        return transformers.AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise BadSpec(f"tokenizer {name!r} could not be loaded: {str(error).splitlines()[0]}") from error
