"""The command that starts a recipe's training processes: accelerate's launcher, or PyTorch's for several on a CPU."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path
from typing import Final

from knk.training.recipe import Recipe

_LAUNCHER: Final = (sys.executable, "-m", "accelerate.commands.launch")
# accelerate starts several processes on a CPU by MPI only, which is rarely installed.
_CPU_LAUNCHER: Final = (sys.executable, "-m", "torch.distributed.run", "--standalone")
_WORKER: Final = ("-m", "knk.training.worker")


def launch_command(recipe: Recipe) -> list[str]:
    """Return the command that starts a recipe's training processes; what the worker takes comes after it.

    Args:
        recipe: the recipe.
    """
    if recipe.settings.get("use_cpu") and recipe.processes > 1:
        return [*_CPU_LAUNCHER, "--nproc_per_node", str(recipe.processes), *_WORKER]
    options: list[str] = []
    config = recipe.settings.get("accelerate_config") or recipe.settings.get("config_file")
    if config is not None:
        options += ["--config_file", _config_path(str(config))]
    if recipe.settings.get("num_processes") is not None:
        options += ["--num_processes", str(recipe.processes)]
    # The trainer shows its own traceback, and the launcher's beside it would tell nothing.
    return [*_LAUNCHER, "--quiet", *options, *_WORKER]


def _config_path(name: str) -> str:
    """Return the path of an accelerate configuration: a file, or one that comes with TRL."""
    return name if Path(name).is_file() else str(resources.files("trl.accelerate_configs") / f"{name}.yaml")
