"""A batch has whole groups, and the data fill it."""

from __future__ import annotations

from collections.abc import Iterable

from knk.errors import BadConfig
from knk.training.data import Source, rows_of
from knk.training.recipe import Recipe
from knk.training.trl_scripts import number


def check_batches(recipe: Recipe, data: Iterable[Source]) -> str:
    """Check that a batch consists of whole groups, and that the data fill at least one batch; return one line about it.

    Args:
        recipe: the recipe.
        data: its datasets.

    Raises:
        BadConfig: it does not, or they do not.
    """
    group, accumulated = number(recipe, "num_generations"), number(recipe, "gradient_accumulation_steps")
    size = number(recipe, "per_device_train_batch_size") * recipe.processes
    batch = recipe.number("generation_batch_size", size * recipe.number("steps_per_generation", accumulated))
    if batch % group:
        raise BadConfig(
            f"{recipe.path}: expected a batch that is a multiple of num_generations {group}, got {batch} completions "
            f"(per_device_train_batch_size x gradient_accumulation_steps x {recipe.processes} processes)"
        )
    prompts = batch // group
    rows = sum(1 for _ in rows_of(data))
    if 0 < rows < prompts:
        raise BadConfig(
            f"{recipe.path}: a batch needs {prompts} prompts and the data have {rows} rows, so the trainer would drop "
            "them all: make the batch smaller"
        )
    dropped = f"; {rows % prompts} of {rows} rows are left out of each epoch" if rows % prompts else ""
    return f"batches: {batch} completions for {prompts} prompts{dropped}"
