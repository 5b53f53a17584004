"""The command that starts training processes."""

import sys
from pathlib import Path
from typing import Any

from knk.training.launch import launch_command
from knk.training.recipe import Recipe

WORKER = ["-m", "knk.training.worker"]


def command(**settings: Any) -> list[str]:
    return launch_command(Recipe(Path("recipe.yaml"), "sft", settings))


def test_accelerate_starts_the_processes_on_gpus() -> None:
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--quiet"]
    assert command() == [*launcher, *WORKER]
    assert command(num_processes=4) == [*launcher, "--num_processes", "4", *WORKER]
    assert command(use_cpu=True, num_processes=1) == [*launcher, "--num_processes", "1", *WORKER]


def test_pytorch_starts_several_processes_on_a_cpu() -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    assert command(use_cpu=True, num_processes=2) == [*launcher, "--nproc_per_node", "2", *WORKER]
