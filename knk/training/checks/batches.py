"""A batch has whole groups, and the data fill it."""

from __future__ import annotations

from collections.abc import Iterable

from knk.errors import BadConfig
from knk.training.batches import advice
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
    group, size = number(recipe, "num_generations"), _pass_size(recipe)
    batch = _generated(recipe)
    if batch % group or batch % size:
        raise BadConfig(f"{recipe.path}: {_reason(batch, group, size, recipe.processes)}{_cure(recipe)}")
    prompts = batch // group
    rows = sum(1 for _ in rows_of(data))
    if 0 < rows < prompts:
        raise BadConfig(
            f"{recipe.path}: a batch needs {prompts} prompts and the data have {rows} rows, so the trainer would drop "
            "them all: make the batch smaller"
        )
    dropped = f"; {rows % prompts} of {rows} rows are left out of each epoch" if rows % prompts else ""
    return f"batches: {batch} completions for {prompts} prompts{dropped}"


def _pass_size(recipe: Recipe) -> int:
    """Return the number of completions in a pass of all processes."""
    return number(recipe, "per_device_train_batch_size") * recipe.processes


def _generated(recipe: Recipe) -> int:
    """Return the number of completions that are generated at a time."""
    passes = recipe.number("steps_per_generation", number(recipe, "gradient_accumulation_steps"))
    return recipe.number("generation_batch_size", _pass_size(recipe) * passes)


def _reason(batch: int, group: int, size: int, processes: int) -> str:
    """Return why TRL refuses the completions that are generated at a time."""
    number = "1 process" if processes == 1 else f"{processes} processes"
    if batch % group:
        return (
            f"expected a batch that is a multiple of num_generations {group}, got {batch} completions "
            f"(per_device_train_batch_size x gradient_accumulation_steps x {number})"
        )
    return (
        f"expected generation_batch_size to be a multiple of {size} completions per pass "
        f"(per_device_train_batch_size x {number}), got {batch}"
    )


def _cure(recipe: Recipe) -> str:
    """Return what to set instead, empty if no batch near the recipe's can be divided."""
    settings = advice(recipe, recipe.processes)
    return f": {settings}" if settings else ""


def check_redraws(recipe: Recipe) -> None:
    """Check that each process has whole groups, if groups without signal are redrawn.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: a process has parts of groups, or `redraws` is not a number of times.
    """
    redraws = recipe.settings.get("redraws", 0)
    if not isinstance(redraws, int) or isinstance(redraws, bool) or redraws < 0:
        raise BadConfig(f"{recipe.path}: expected 'redraws' to be a number from 0, got {str(redraws)[:40]!r}")
    group, batch = number(recipe, "num_generations"), _generated(recipe)
    if redraws and batch // recipe.processes % group:
        raise BadConfig(
            f"{recipe.path}: 'redraws' needs whole groups of {group} in each process, got {batch // recipe.processes} "
            f"completions in each of {recipe.processes}{_cure(recipe) or ': use another number of processes'}; or "
            "remove redraws"
        )
