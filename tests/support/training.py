"""A tiny model with data and recipes for both trainers, and `knk train` as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from knk import tasks
from knk.datasets.files import write
from knk.tasks import kk
from knk.teacher.export import ExportFormat, export_rows
from knk.training.metrics import read_metrics
from tests.support.tiny_models import save_tiny_model

_COMMON: Final = {
    "model_name_or_path": "tiny",
    "save_steps": 5,
    "logging_steps": 1,
    "learning_rate": 1e-3,
    "use_cpu": True,
    "bf16": False,
    "disable_tqdm": True,
}
_OWN: Final[Mapping[str, dict[str, Any]]] = {
    "sft": {"max_length": 4096, "completion_only_loss": True, "max_steps": 60},
    "grpo": {
        "reward_funcs": ["knk.rewards.kk_reward"],
        "num_generations": 4,
        "per_device_train_batch_size": 8,
        "max_completion_length": 32,
        "log_completions": True,
        "num_completions_to_print": 0,
        "max_steps": 40,
    },
}
_SECONDS: Final = 240


def write_recipes(folder: Path) -> None:
    """Write a tiny model, data, and the recipes sft.yaml and grpo.yaml, whose runs are in runs/sft and runs/grpo."""
    rows = list(export_rows(kk.rows("train", n=64), ExportFormat("sft", "paper", "brief")))
    write(folder / "sft.jsonl", rows)
    write(folder / "grpo.jsonl", tasks.prompts(tasks.load("kk"), list(kk.rows("train", n=16)), "paper"))
    save_tiny_model(folder / "tiny", (str(row) for row in rows))
    for trainer, own in _OWN.items():
        data = {"datasets": [{"path": "json", "data_files": f"{trainer}.jsonl", "split": "train"}]}
        settings = {"trainer": trainer, "output_dir": f"runs/{trainer}"} | _COMMON | own | data
        (folder / f"{trainer}.yaml").write_text(json.dumps(settings), encoding="utf-8")


def start_training(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start `knk train` as a shell does, the leader of a group of processes; its output goes to output.txt."""
    with (folder / "output.txt").open("wb") as output:
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("knk")), "train", *arguments],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf")},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def output_of(process: subprocess.Popen[bytes], folder: Path) -> tuple[int, str]:
    """Wait for the end of `knk train`, and return its exit status and its output."""
    status = process.wait(timeout=_SECONDS)
    return status, (folder / "output.txt").read_text(encoding="utf-8", errors="replace")


def wait_until(condition: Callable[[], Any], process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait for a condition while `knk train` runs."""
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert process.poll() is None, output_of(process, folder)[1][-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def steps_logged(folder: Path) -> list[int]:
    """Return the steps whose loss is in a run's metrics."""
    return [entry["step"] for entry in read_metrics(folder) if "loss" in entry]


def manifest_of(folder: Path) -> dict[str, Any]:
    """Return a run's manifest."""
    manifest: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return manifest
