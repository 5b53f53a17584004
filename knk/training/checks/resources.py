"""Disk and GPUs are large enough for a run."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from knk.errors import BadConfig
from knk.models import read_adapter
from knk.training.data import Source, rows_of
from knk.training.gpus import GIB, installed_gpus
from knk.training.plan import plan_memory
from knk.training.recipe import Recipe
from knk.training.shapes import Shape
from knk.training.trl_scripts import defaults, number


def check_disk(recipe: Recipe, data: Iterable[Source], shape: Shape) -> str:
    """Check that the checkpoints fit on the disk, and return one line about it.

    Args:
        recipe: the recipe.
        data: its datasets.
        shape: the shape of its model.

    Raises:
        BadConfig: they do not.
    """
    saved = _checkpoints(recipe, data) * _checkpoint_bytes(recipe, shape) + _merged_bytes(recipe, shape)
    whole = recipe.output.absolute()
    folder = next(folder for folder in (whole, *whole.parents) if folder.exists())
    free = shutil.disk_usage(folder).free
    if saved > free:
        raise BadConfig(
            f"{recipe.output}: the checkpoints need {saved / GIB:.1f} GiB and {free / GIB:.1f} GiB are free: free "
            "space, choose another output_dir, or set save_total_limit"
        )
    return f"disk: checkpoints of {saved / GIB:.2f} GiB, {free / GIB:.1f} GiB free"


def _checkpoint_bytes(recipe: Recipe, shape: Shape) -> int:
    """Return the bytes of a checkpoint: the trained weights and Adam's two moments, each in 32 bits."""
    trained = (
        shape.adapter_parameters(number(recipe, "lora_r")) if recipe.settings.get("use_peft") else shape.parameters
    )
    return 12 * trained


def _merged_bytes(recipe: Recipe, shape: Shape) -> int:
    """Return the bytes of the models that are merged before and after a run, each in 32 bits."""
    models = bool(recipe.settings.get("use_peft")) + (read_adapter(recipe.model) is not None)
    return 4 * models * shape.parameters


def _checkpoints(recipe: Recipe, data: Iterable[Source]) -> int:
    """Return the largest number of checkpoints at one time, with the final model counted as one."""
    steps = recipe.settings.get("max_steps")
    if not isinstance(steps, int) or steps < 1:
        epochs = recipe.share("num_train_epochs", float(defaults(recipe.trainer)["num_train_epochs"]))
        step_rows = number(recipe, "per_device_train_batch_size") * number(recipe, "gradient_accumulation_steps")
        steps = math.ceil(sum(1 for _ in rows_of(data)) * epochs / (step_rows * recipe.processes))
    every = recipe.settings.get("save_steps") or defaults(recipe.trainer)["save_steps"]
    written = 1 if every < 1 else math.ceil(steps / every)
    limit = recipe.settings.get("save_total_limit")
    # The newest is written before the oldest is deleted.
    return 1 + (min(written, limit + 1) if isinstance(limit, int) and limit > 0 else written)


def check_gpus(recipe: Recipe, installed: Sequence[Mapping[str, Any]] | None = None) -> None:
    """Check that a recipe for one process sees one GPU.

    Args:
        recipe: the recipe.
        installed: the GPUs, as `installed_gpus` returns them; this machine's if None.

    Raises:
        BadConfig: it sees several.
    """
    if recipe.settings.get("use_cpu"):
        return
    installed = installed_gpus() if installed is None else installed
    if recipe.processes == 1 < len(installed) and recipe.launch.get("distributed_type", "NO") == "NO":
        # One process spreads the model over all of them, and accelerate without a configuration starts one for each.
        raise BadConfig(
            f"{recipe.path}: 1 process and {len(installed)} GPUs: choose one of them, such as with "
            "'CUDA_VISIBLE_DEVICES=0 knk train', or set num_processes and an accelerate_config for several"
        )


def check_memory(recipe: Recipe, shape: Shape, installed: Sequence[Mapping[str, Any]] | None = None) -> str:
    """Check that GPUs are enough and large enough, and return one line about it.

    Args:
        recipe: the recipe.
        shape: the shape of its model.
        installed: the GPUs, as `installed_gpus` returns them; this machine's if None.

    Raises:
        BadConfig: they are not.
    """
    installed = installed_gpus() if installed is None else installed
    if recipe.settings.get("use_cpu"):
        installed = ()
    if not installed:
        return "memory: not checked, as no GPU is used; 'knk plan' estimates what fits"
    smallest_memory = min(gpu["memory_bytes"] for gpu in installed)
    if recipe.processes > len(installed):
        raise BadConfig(
            f"{recipe.path}: {recipe.processes} processes and {len(installed)} GPUs: 'knk plan {recipe.path}' shows "
            "what to set"
        )
    planned = plan_memory(recipe, shape, smallest_memory)
    needed = sum(part.amount for part in planned)
    if needed > smallest_memory:
        largest = max(planned, key=lambda part: part.amount)
        raise BadConfig(
            f"{recipe.path}: a GPU needs {needed / GIB:.1f} GiB ({largest.name}: {largest.amount / GIB:.1f}) and has "
            f"{smallest_memory / GIB:.1f}: 'knk plan {recipe.path}' shows what would fit"
        )
    return f"memory: {needed / GIB:.1f} of {smallest_memory / GIB:.1f} GiB on each of {recipe.processes} GPUs"
