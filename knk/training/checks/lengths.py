"""Rows and completions fit into the model's context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from knk.errors import BadConfig
from knk.training.checks.model import Model
from knk.training.checks.rows import MAX_ROWS
from knk.training.data import Source, rows_of
from knk.training.recipe import Recipe
from knk.training.trl_scripts import number


@dataclass(frozen=True)
class Lengths:
    """The lengths of rows, in tokens.

    Args:
        rows: the number of rows.
        longest: the tokens of the longest row.
        over: the number of rows that are longer than the limit.
    """

    rows: int
    longest: int
    over: int


def check_lengths(recipe: Recipe, data: Iterable[Source], model: Model) -> str:
    """Check that no row is truncated, and that prompts and completions fit into the context; return one line about it.

    Args:
        recipe: the recipe.
        data: its datasets.
        model: its model.

    Raises:
        BadConfig: a row is too long, or has nothing that the trainer reads.
    """
    check = _check_sft if recipe.trainer == "sft" else _check_grpo
    return check(recipe, data, model.tokenizer, model.context)


def _check_sft(recipe: Recipe, data: Iterable[Source], tokenizer: Any, context: int | None) -> str:
    """Check that no row would be truncated or dropped."""
    unlimited = "max_length" in recipe.settings and recipe.settings["max_length"] is None
    limit = context if unlimited else number(recipe, "max_length")
    if limit is not None and context is not None and limit > context:
        raise BadConfig(f"{recipe.path}: max_length {limit} exceeds the model's context of {context} tokens")
    lengths = _measure((_example(row) for row in rows_of(data)), _counter(tokenizer, is_complete=True), limit)
    if lengths.over:
        raise BadConfig(
            f"{recipe.path}: {lengths.over} of {lengths.rows} rows are longer than {limit} tokens (the longest has "
            f"{lengths.longest}) and would be truncated or dropped: raise max_length, or drop them with "
            f"'knk corpus sft --max-tokens {limit} --tokenizer {recipe.model}'"
        )
    return f"lengths: {lengths.rows} rows, the longest {lengths.longest} tokens of {limit}"


def _check_grpo(recipe: Recipe, data: Iterable[Source], tokenizer: Any, context: int | None) -> str:
    """Check that the longest prompt and a whole completion fit into the model's context."""
    completion = number(recipe, "max_completion_length")
    served = recipe.settings.get("vllm_max_model_length") if recipe.settings.get("use_vllm") else None
    limit = min((size for size in (context, served) if isinstance(size, int)), default=None)
    lengths = _measure((row.get("prompt") for row in rows_of(data)), _counter(tokenizer, is_complete=False), limit)
    if limit is not None and lengths.longest + completion > limit:
        raise BadConfig(
            f"{recipe.path}: the longest prompt has {lengths.longest} tokens and max_completion_length is "
            f"{completion}, together more than the context of {limit} tokens: lower max_completion_length to "
            f"{limit - lengths.longest}"
        )
    return f"lengths: {lengths.rows} prompts, the longest {lengths.longest} tokens, completion {completion} of {limit}"


def _example(row: Mapping[str, Any]) -> Any:
    """Return what SFT trains on in a row: prompt and completion, messages, or text."""
    prompt, completion = row.get("prompt"), row.get("completion")
    if isinstance(prompt, str) and isinstance(completion, str):
        return prompt + completion
    if isinstance(prompt, list) and isinstance(completion, list):
        return prompt + completion
    return row.get("messages", row.get("text"))


def _counter(tokenizer: Any, is_complete: bool) -> Callable[[Any], int]:
    """Return a function that counts the tokens of a text or of messages; `is_complete` if they end with an answer."""

    def count(value: Any) -> int:
        if isinstance(value, str):
            return len(tokenizer(value)["input_ids"]) + (1 if is_complete else 0)
        text = tokenizer.apply_chat_template(value, tokenize=False, add_generation_prompt=not is_complete)
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])

    return count


def _measure(values: Iterable[Any], count: Callable[[Any], int], limit: int | None) -> Lengths:
    lengths = []
    for index, value in enumerate(values, 1):
        if index > MAX_ROWS:
            break
        if not isinstance(value, (str, list)) or not value:
            raise BadConfig(
                f"row {index} of the data: expected a text or messages in the columns that this trainer reads; "
                "see the recipe's README"
            )
        lengths.append(count(value))
    return Lengths(
        len(lengths), max(lengths, default=0), sum(limit is not None and length > limit for length in lengths)
    )
