"""Rows and completions fit into the model's context, and an answer fits into a completion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Final

from knk.errors import BadConfig
from knk.training.checks.model import Model
from knk.training.checks.rows import MAX_ROWS, tasks_of
from knk.training.data import LocatedRow, Source
from knk.training.recipe import Recipe
from knk.training.trl_scripts import number

_SHORTEST: Final = "1</think><answer>1</answer>"
"""A completion in the format with the least text."""
_OPENING: Final = "<think>"


def check_lengths(recipe: Recipe, data: Iterable[Source], model: Model) -> str:
    """Check that no row is truncated, and that prompts and completions fit into the context; return one line about it.

    Args:
        recipe: the recipe.
        data: its datasets.
        model: its model.

    Raises:
        BadConfig: a row is too long, a prompt's tokens do not begin those of prompt and completion, or no answer fits
            into a completion.
    """
    check = _check_sft if recipe.trainer == "sft" else _check_grpo
    return check(recipe, data, model.tokenizer, model.context)


@dataclass(frozen=True)
class _Example:
    """A row as SFT trains on it.

    Args:
        located: the row.
        length: its tokens.
        is_aligned: whether the prompt's tokens, if it has a prompt, begin those of prompt and completion.
    """

    located: LocatedRow
    length: int
    is_aligned: bool


def _check_sft(recipe: Recipe, data: Iterable[Source], tokenizer: Any, context: int | None) -> str:
    """Check that no row would be truncated or dropped, and that training has the tokens that a model will see."""
    unlimited = "max_length" in recipe.settings and recipe.settings["max_length"] is None
    limit = context if unlimited else number(recipe, "max_length")
    if limit is not None and context is not None and limit > context:
        raise BadConfig(f"{recipe.path}: max_length {limit} exceeds the model's context of {context} tokens")
    text = str(recipe.settings.get("dataset_text_field") or "text")
    examples = [_example(located, tokenizer, text) for located in _first_rows(data)]
    longest = max((example.length for example in examples), default=0)
    over = sum(limit is not None and example.length > limit for example in examples)
    if over:
        raise BadConfig(
            f"{recipe.path}: {over} of {len(examples)} rows are longer than {limit} tokens (the longest has {longest}) "
            "and would be truncated or dropped: raise max_length, or drop them with "
            f"'knk corpus sft --max-tokens {limit} --tokenizer {recipe.model}'"
        )
    unaligned = [example.located for example in examples if not example.is_aligned]
    if unaligned:
        raise BadConfig(
            f"{recipe.path}: in {len(unaligned)} of {len(examples)} rows the tokens of the prompt are not the first of "
            f"prompt and completion (first: {unaligned[0]}), so the model would not learn to continue the prompt: end "
            "prompts in a line break and begin completions with a word, as the prompts of this library do"
        )
    return f"lengths: {len(examples)} rows, the longest {longest} tokens of {limit}"


def _check_grpo(recipe: Recipe, data: Iterable[Source], tokenizer: Any, context: int | None) -> str:
    """Check that the longest prompt and a whole completion fit into the model's context, and that an answer can."""
    completion = number(recipe, "max_completion_length")
    served = recipe.settings.get("vllm_max_model_length") if recipe.settings.get("use_vllm") else None
    limit = min((size for size in (context, served) if isinstance(size, int)), default=None)
    rows = list(_first_rows(data))
    longest = max((len(_tokens(tokenizer, located.row["prompt"], False)) for located in rows), default=0)
    if limit is not None and longest + completion > limit:
        raise BadConfig(
            f"{recipe.path}: the longest prompt has {longest} tokens and max_completion_length is {completion}, "
            f"together more than the context of {limit} tokens: lower max_completion_length to {limit - longest}"
        )
    if rows and any(tasks_of(recipe)):
        _check_shortest(recipe, rows, tokenizer, completion)
    return f"lengths: {len(rows)} prompts, the longest {longest} tokens, completion {completion} of {limit}"


def _check_shortest(recipe: Recipe, rows: Iterable[LocatedRow], tokenizer: Any, completion: int) -> None:
    """Check that a completion has room for the shortest answer to a prompt, with its thinking and the end."""
    prompts = [located.row["prompt"] for located in rows]
    opened = [isinstance(prompt, str) and prompt.rstrip().endswith(_OPENING) for prompt in prompts]
    text = _SHORTEST if any(opened) else _OPENING + _SHORTEST
    shortest = len(tokenizer(text, add_special_tokens=False)["input_ids"]) + 1
    if completion < shortest:
        raise BadConfig(
            f"{recipe.path}: max_completion_length {completion} leaves no room for an answer, as {text!r} and its end "
            f"have {shortest} tokens: raise it"
        )


def _first_rows(data: Iterable[Source]) -> Iterable[LocatedRow]:
    return islice(chain.from_iterable(source.located_rows() for source in data), MAX_ROWS)


def _example(located: LocatedRow, tokenizer: Any, text: str) -> _Example:
    """Return what SFT trains on in a row: its tokens, prompt and completion, messages, or text."""
    row: Mapping[str, Any] = located.row
    if "input_ids" in row:
        return _Example(located, len(row["input_ids"]), True)
    if "prompt" not in row:
        value = row.get("messages") or row.get(text)
        return _Example(located, len(_tokens(tokenizer, value, True)), True)
    prompt = _tokens(tokenizer, row["prompt"], False)
    whole = _tokens(tokenizer, row["prompt"] + row["completion"], True)
    return _Example(located, len(whole), whole[: len(prompt)] == prompt)


def _tokens(tokenizer: Any, value: Any, is_complete: bool) -> list[int]:
    """Return the tokens of a text or of messages; `is_complete` if they end with an answer, and so with the end."""
    if isinstance(value, str):
        return [*tokenizer(value)["input_ids"], *([tokenizer.eos_token_id] if is_complete else [])]
    text = tokenizer.apply_chat_template(value, tokenize=False, add_generation_prompt=not is_complete)
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])
