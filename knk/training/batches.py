"""How the examples of a step are divided among processes, within what TRL accepts.

GRPO scores the completions of a prompt as a group, so a batch must consist of whole groups. TRL's launcher parses the
settings in one process before it starts the others, so they must be valid for one process and for all of them:
https://huggingface.co/docs/trl/grpo_trainer
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, Final

from knk.training.recipe import Recipe

DEVICE_BATCH: Final = 8
_EVAL_BATCH: Final = 8
_GROUP: Final = 8
"""TRL's defaults: examples per device in training and in evaluation, and completions per prompt."""
_LARGEST_CHANGE: Final = 2
"""A batch size that is at most this many times larger or smaller counts as near."""


@dataclass(frozen=True)
class Division:
    """How a step is divided.

    Args:
        processes: the number of training processes.
        device_batch: examples per pass on one GPU.
        accumulation: passes per step.
    """

    processes: int
    device_batch: int
    accumulation: int

    @property
    def batch(self) -> int:
        """The number of examples per step."""
        return self.processes * self.device_batch * self.accumulation


def division_of(recipe: Recipe) -> Division:
    """Return the recipe's own division of a step.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: a number in it is invalid.
    """
    return Division(
        recipe.processes,
        recipe.number("per_device_train_batch_size", DEVICE_BATCH),
        recipe.number("gradient_accumulation_steps", 1),
    )


def splits(recipe: Recipe, processes: int, batch: int | None = None) -> Iterator[Division]:
    """Iterate over the divisions of a step among some processes that TRL accepts, the largest passes first.

    No GPU gets more examples per pass than in the recipe.

    Args:
        recipe: the recipe.
        processes: the number of processes.
        batch: the number of examples per step; the recipe's if None.
    """
    own, group = division_of(recipe), _group(recipe.settings)
    batch = batch or own.batch
    if recipe.settings.get("redraws") and batch % (processes * group):
        return  # Groups are redrawn where they are, so each process needs whole ones.
    for size in range(own.device_batch, 0, -1):
        if batch % (size * processes):
            continue
        division = Division(processes, size, batch // (size * processes))
        if refusal({**recipe.settings, **settings_of(recipe, division)}, recipe.trainer, processes) is None:
            yield division


def divide(recipe: Recipe, processes: int, batch: int | None = None) -> Division | None:
    """Return the division of a step among some processes with the largest passes, or None if TRL accepts none.

    Args:
        recipe: the recipe.
        processes: the number of processes.
        batch: the number of examples per step; the recipe's if None.
    """
    return next(splits(recipe, processes, batch), None)


def divisions(recipe: Recipe, processes: int) -> Iterator[Division]:
    """Iterate over the divisions to consider for at most some processes, the best first.

    If the batch cannot be divided among all, one has the recipe's batch and fewer processes, and one has all processes
    and the nearest batch that can be divided.

    Args:
        recipe: the recipe.
        processes: the number of processes that could run.
    """
    whole = divide(recipe, processes)
    if whole is not None:
        yield whole
        return
    fewer = next(filter(None, (divide(recipe, number) for number in range(processes - 1, 0, -1))), None)
    near = _nearest(recipe, processes)
    has_idle_half = fewer is not None and 2 * fewer.processes < processes
    yield from filter(None, (near, fewer) if has_idle_half else (fewer, near))


def _nearest(recipe: Recipe, processes: int) -> Division | None:
    """Return the division among all processes whose batch is nearest to the recipe's; of two, the larger."""
    batch = division_of(recipe).batch
    group = _group(recipe.settings) if recipe.trainer == "grpo" else 1
    unit = processes * group if recipe.settings.get("redraws") else lcm(processes, group)
    sizes = range(unit, _LARGEST_CHANGE * batch + 1, unit)
    near = sorted(
        (size for size in sizes if _LARGEST_CHANGE * size >= batch), key=lambda size: (abs(size - batch), -size)
    )
    return next(filter(None, (divide(recipe, processes, size) for size in near)), None)


def settings_of(recipe: Recipe, division: Division) -> dict[str, Any]:
    """Return the settings for a division.

    Args:
        recipe: the recipe.
        division: the division.

    Returns:
        all settings that depend on it, also those that are as in the recipe.
    """
    settings: dict[str, Any] = {
        "num_processes": division.processes,
        "per_device_train_batch_size": division.device_batch,
        "gradient_accumulation_steps": division.accumulation,
    }
    own = division_of(recipe)
    if recipe.trainer != "grpo" or (division == own and refusal(recipe.settings, "grpo", own.processes) is None):
        return settings
    # As many steps per generation as in the recipe.
    steps = Fraction(_generated(recipe), own.batch)
    name = "steps_per_generation" if recipe.settings.get("steps_per_generation") else "generation_batch_size"
    number = steps * (division.accumulation if name == "steps_per_generation" else division.batch)
    return {**settings, name: int(number) if number.denominator == 1 else float(number)}


def _generated(recipe: Recipe) -> int:
    """Return the number of completions that the recipe generates at a time."""
    own = division_of(recipe)
    default = own.device_batch * own.processes * recipe.number("steps_per_generation", own.accumulation)
    return recipe.number("generation_batch_size", default)


def _group(settings: Mapping[str, Any]) -> int:
    group = settings.get("num_generations")
    return group if isinstance(group, int) and group > 0 else _GROUP


def refusal(settings: Mapping[str, Any], trainer: str, processes: int) -> str | None:
    """Return why TRL would refuse the batch settings, in its launcher or in the processes; None if it would not.

    Args:
        settings: the settings.
        trainer: `sft` or `grpo`.
        processes: the number of processes.
    """
    if trainer != "grpo":
        return None
    return next(filter(None, (_refusal(settings, world) for world in dict.fromkeys((1, processes)))), None)


def _refusal(settings: Mapping[str, Any], world: int) -> str | None:
    """Return why TRL would refuse the batch settings if there are `world` processes."""

    def number(name: str, default: int) -> Any:
        return default if settings.get(name) is None else settings[name]

    group, size = _group(settings), number("per_device_train_batch_size", DEVICE_BATCH) * world
    accumulated = number("gradient_accumulation_steps", 1)
    completions = number("generation_batch_size", size * number("steps_per_generation", accumulated))
    if completions % size:
        return f"generation_batch_size {completions} is not a multiple of {size} examples per pass"
    if completions % group:
        return f"{completions} completions are not a multiple of num_generations {group}"
    if number("steps_per_generation", 1) % 1:
        return f"steps_per_generation {settings['steps_per_generation']} is not an integer"
    return None


def evaluation_refusal(recipe: Recipe) -> str | None:
    """Return why TRL's launcher would refuse the batch in evaluation; None if it would not.

    Args:
        recipe: the recipe.
    """
    size = recipe.number("per_device_eval_batch_size", _EVAL_BATCH)
    group = recipe.number("num_generations_eval", _group(recipe.settings))
    if recipe.trainer != "grpo" or recipe.settings.get("eval_strategy") in (None, "no") or size % group == 0:
        return None
    return f"per_device_eval_batch_size {size} is not a multiple of the {group} completions per prompt in evaluation"


def describe(recipe: Recipe, division: Division, processes: int) -> str:
    """Return what a division changes, for a message; empty if it keeps the batch and uses all processes.

    Args:
        recipe: the recipe.
        division: the division.
        processes: the number of processes that could run.
    """
    batch = division_of(recipe).batch
    if division.batch != batch:
        change = round(100 * (division.batch / batch - 1))
        return f"the batch changes from {batch} to {division.batch} examples per step ({change:+d}%)"
    if division.processes < processes:
        return f"{batch} examples per step cannot be divided among {processes} processes: {division.processes} train"
    return ""


def advice(recipe: Recipe, processes: int) -> str:
    """Return what to set so that a step can be divided among some processes, as a message of one line.

    Args:
        recipe: the recipe.
        processes: the number of processes that could run.
    """
    choices = [
        f"{changes} with {describe(recipe, division, processes)}"
        for division in divisions(recipe, processes)
        if (changes := format_settings(changed_settings(recipe, division)))
    ]
    return "; or ".join(choices)


def changed_settings(recipe: Recipe, division: Division) -> dict[str, Any]:
    """Return the settings for a division that differ from the recipe's.

    Args:
        recipe: the recipe.
        division: the division.
    """
    current = {"gradient_accumulation_steps": 1, "per_device_train_batch_size": DEVICE_BATCH, **recipe.settings}
    current["num_processes"] = recipe.processes
    return {name: value for name, value in settings_of(recipe, division).items() if value != current.get(name)}


def format_settings(settings: Mapping[str, Any]) -> str:
    """Return settings as options of a command.

    Args:
        settings: the settings.

    >>> format_settings({"num_processes": 6, "use_peft": True})
    '--set num_processes=6 --set use_peft=True'
    """
    return " ".join(f"--set {name}={value}" for name, value in settings.items())
