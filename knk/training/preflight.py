"""Checks before a run starts: settings, packages, data, rewards, lengths, batches, disk and memory.

A trainer that truncates prompts, drops rows or runs out of memory after an hour says so late or never. Here it is one
line before the model is loaded.
"""

from __future__ import annotations

from knk.training.checks.adapter import check_adapter
from knk.training.checks.batches import check_batches, check_redraws
from knk.training.checks.curriculum import check_curriculum
from knk.training.checks.evaluation import check_evaluation
from knk.training.checks.generation import check_generation
from knk.training.checks.lengths import check_lengths
from knk.training.checks.model import read_model
from knk.training.checks.numbers import check_numbers
from knk.training.checks.packages import check_packages
from knk.training.checks.resources import check_disk, check_gpus, check_memory
from knk.training.checks.rewards import check_rewards
from knk.training.checks.rows import check_entries, check_rows
from knk.training.checks.settings import check_keys, check_parsed, check_types, parsed
from knk.training.checks.stops import check_stops
from knk.training.checks.trainer import check_tokens, check_trainer
from knk.training.checks.versions import check_versions
from knk.training.data import sources
from knk.training.evaluation import with_evaluation
from knk.training.recipe import Recipe
from knk.training.shapes import from_config


def check(recipe: Recipe) -> list[str]:
    """Check that a recipe can work, and return one line for each check.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: it cannot work; the message says what to change.
        MissingPackage: TRL or transformers is not installed.
    """
    check_keys(recipe)
    recipe = with_evaluation(recipe)
    check_types(recipe)
    check_entries(recipe)
    data = sources(recipe)
    lines = [check_curriculum(recipe)] if recipe.settings.get("curriculum") is not None else []
    lines += [check_rows(recipe, data)] if data else []
    if recipe.trainer == "grpo":
        lines += [check_rewards(recipe), check_batches(recipe, data)]
        check_redraws(recipe)
        check_generation(recipe)
        lines += filter(None, [check_stops(recipe)])
    check_gpus(recipe)
    lines = [check_parsed(recipe), *lines]
    settings = parsed(recipe, recipe.processes)
    check_trainer(recipe, settings)
    check_numbers(recipe, settings)
    model = read_model(recipe)
    check_tokens(recipe, settings, model.tokenizer, data)
    lines += filter(None, [check_adapter(recipe, settings)])
    lines.append(check_lengths(recipe, data, model))
    lines += check_evaluation(recipe, data, model)
    # Late, so that a machine without vLLM or DeepSpeed, such as a laptop, shows all that is wrong with a recipe first.
    check_packages(recipe)
    lines.append(check_versions(recipe))
    try:
        shape = from_config(model.config)
    except ValueError:
        return [*lines, "disk, memory: not checked, as the model's configuration does not give its size"]
    return [*lines, check_disk(recipe, data, shape), check_memory(recipe, shape)]
