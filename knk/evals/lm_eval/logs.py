"""Result files in lm-eval's format: results and logs of samples, written and read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read
from knk.errors import BadFolder, BadSpec
from knk.files import read_json, whole_file

_DATE_LENGTH: Final = len("2026-01-31T12-00-00.000000")


def write_results(folder: str | os.PathLike[str], model: str, evaluation: Mapping[str, Any]) -> Path:
    """Write lm-eval's results as its own command does, and return the path of the results.

    The files are `results_DATE.json` and `samples_TASK_DATE.jsonl` for each task, in a folder named after the model.
    Paths on this machine are left out. Earlier files of the same tasks are deleted.

    Args:
        folder: the parent of the model's folder.
        model: the model's name.
        evaluation: the return value of `knk.evals.lm_eval.evaluate.evaluate`.
    """
    from lm_eval.utils import handle_non_serializable, sanitize_model_name

    target = Path(folder) / str(sanitize_model_name(model))
    target.mkdir(parents=True, exist_ok=True)
    for path in _superseded(target, evaluation):
        path.unlink()
    now = datetime.now().isoformat().replace(":", "-")
    for task, samples in evaluation.get("samples", {}).items():
        with whole_file(target / f"samples_{task}_{now}.jsonl") as file:
            for sample in samples:
                line = {**sample, "arguments": [list(map(str, arguments)) for arguments in sample["arguments"]]}
                file.write(json.dumps(line, default=handle_non_serializable, ensure_ascii=True).encode() + b"\n")
    results = {name: value for name, value in evaluation.items() if name != "samples"}
    results["configs"] = {name: _without_paths(config) for name, config in results.get("configs", {}).items()}
    results |= {"model_source": "knk", "model_name": model, "model_name_sanitized": sanitize_model_name(model)}
    path = target / f"results_{now}.json"
    with whole_file(path) as file:
        text = json.dumps(results, indent=2, default=_functions_by_name(handle_non_serializable))
        file.write(text.encode() + b"\n")
    return path


def _superseded(folder: Path, evaluation: Mapping[str, Any]) -> list[Path]:
    """The files of earlier runs that hold only tasks of this evaluation."""
    tasks = set(evaluation.get("results", {}))
    samples = [path for task in tasks for path in folder.glob(f"samples_{task}_[0-9]*T*.jsonl")]
    results = [path for path in folder.glob("results_*.json") if set(read_json(path).get("results", {})) <= tasks]
    return [*results, *samples]


def _without_paths(config: Mapping[str, Any]) -> dict[str, Any]:
    """A task's configuration without paths on this machine."""
    metadata = {name: value for name, value in config.get("metadata", {}).items() if name in ("version", "style")}
    return {**config, "metadata": metadata}


def _functions_by_name(fallback: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A JSON encoder that writes a function's name; lm-eval writes its address in memory."""
    return lambda value: value.__name__ if callable(value) else fallback(value)


def read_sample_logs(folder: str | os.PathLike[str], metric: str = "accuracy") -> dict[str, dict[str, float]]:
    """Return the score of each document in lm-eval's logs of samples, by task; each task's newest log counts.

    Args:
        folder: a folder that contains the logs, directly or in its subfolders.
        metric: the metric; "accuracy" stands for a task's first metric if it has none of that name.

    Raises:
        BadSpec: a task has no such metric.
        BadFolder: a log is broken.
    """
    newest: dict[str, Path] = {}
    for path in sorted(Path(folder).rglob("samples_*.jsonl"), key=lambda path: path.stem[-_DATE_LENGTH:]):
        newest[path.stem[len("samples_") : -_DATE_LENGTH - 1]] = path
    return {task: _document_scores(path, metric) for task, path in newest.items()}


def _document_scores(path: Path, metric: str) -> dict[str, float]:
    scores: dict[str, float] = {}
    for row in read(path):
        if not {"metrics", "doc_id", "doc_hash"} <= row.keys() or not row["metrics"]:
            raise BadFolder(f"{path} is not an lm-eval log of samples")
        name = row["metrics"][0] if metric == "accuracy" and metric not in row["metrics"] else metric
        value = row.get(name)
        if name not in row["metrics"] or not isinstance(value, int | float):
            raise BadSpec(f"{path.name} has no metric {metric!r}; it has {', '.join(map(str, row['metrics']))}")
        scores[f"{row['doc_id']} {row['doc_hash']}"] = float(value)
    return scores
