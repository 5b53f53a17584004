"""Task files that make lm-eval's own MATH-500 and MMLU-Pro tasks read local files, for machines without a network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from knk.errors import BadSpec
from knk.evals.lm_eval.tasks import import_lm_eval
from knk.files import whole_file

LOCAL_TASKS: Final[Mapping[str, str]] = MappingProxyType({"minerva_math500": "minerva_math", "mmlu_pro": "mmlu_pro"})
"""The lm-eval tasks that can read local files, and lm-eval's folder of each."""
_MMLU_MEAN: Final = {
    "metric": "exact_match",
    "aggregation": "mean",
    "weight_by_size": True,
    "filter_list": "custom-extract",
}


def write_local_tasks(folder: str | os.PathLike[str], data: Mapping[str, str | os.PathLike[str]]) -> list[str]:
    """Write task files for lm-eval's own tasks that read local files, and return the tasks' names.

    Each task is the same as lm-eval's except for the source of its rows. MMLU-Pro is asked without few-shot examples,
    which are in a validation split that local rows do not have.

    Args:
        folder: the folder to write to, for `--include_path`.
        data: the local file of each task in `LOCAL_TASKS`, with rows as published.

    Raises:
        BadSpec: a task cannot read a local file.
        MissingPackage: lm-eval is not installed.
    """
    folder = Path(folder)
    published = Path(import_lm_eval().__file__).parent / "tasks"
    names = []
    for task, path in data.items():
        if task not in LOCAL_TASKS:
            raise BadSpec(f"{task!r} cannot read a local file; {', '.join(LOCAL_TASKS)} can")
        pattern = "mmlu_pro_*.yaml" if task == "mmlu_pro" else f"{task}.yaml"
        files = sorted((published / LOCAL_TASKS[task]).glob(pattern))
        local = [_write_local_task(folder, file, Path(path).resolve()) for file in files]
        names += local
        if task == "mmlu_pro":
            group = {"group": "mmlu_pro_local", "task": local, "aggregate_metric_list": [_MMLU_MEAN]}
            write_task_file(folder / "mmlu_pro_local.yaml", group)
            names.append("mmlu_pro_local")
    return names


def _write_local_task(folder: Path, file: Path, data: Path) -> str:
    """Write a task that includes a published one and reads local rows, and return its name."""
    name = f"{file.stem}_local"
    config: dict[str, Any] = {
        "include": str(file),
        "task": name,
        "dataset_path": "parquet" if data.suffix == ".parquet" else "json",
        "dataset_name": None,
        "dataset_kwargs": {"data_files": {"test": str(data)}},
    }
    if file.stem.startswith("mmlu_pro"):
        config |= {"fewshot_split": None, "num_fewshot": 0}
    write_task_file(folder / f"{name}.yaml", config)
    return name


def write_task_file(path: Path, config: Mapping[str, Any]) -> None:
    """Write a task file of lm-eval, and its folder if there is none.

    Args:
        path: the file.
        config: the task's configuration.
    """
    import yaml

    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(yaml.safe_dump(dict(config), sort_keys=False).encode())
