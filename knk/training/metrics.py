"""`metrics.jsonl` in a run's folder: what the trainer logs, on disk as soon as it is logged."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from knk.files import whole_file

METRICS: Final = "metrics.jsonl"

Entry = Mapping[str, Any]
"""What the trainer logged at a step."""


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Return what a run has logged so far, without a line that is not complete.

    Args:
        folder: the run's folder.
    """
    path = folder / METRICS
    if not path.exists():
        return []
    entries = []
    for line in path.read_bytes().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:  # A process that was killed, or is writing, has left the line unfinished.
            continue
        if isinstance(entry, dict):
            entries.append(entry)
    return entries


def write_metrics(folder: Path, entries: Iterable[Entry]) -> None:
    """Write what a run has logged, in place of what is there.

    Args:
        folder: the run's folder.
        entries: what was logged, in order.
    """
    with whole_file(folder / METRICS) as file:
        file.writelines(_line(entry) for entry in entries)


def last_step(entries: Iterable[Entry]) -> int:
    """Return the last step of which something was logged, 0 if there is none.

    Args:
        entries: what was logged.

    >>> last_step([{"step": 1}, {"step": 2, "loss": 0.5}])
    2
    """
    return max((entry["step"] for entry in entries if isinstance(entry.get("step"), int)), default=0)


def metrics_callback() -> Any:
    """Return a callback that writes what the trainer logs to its output folder, each entry at once.

    A resumed run starts with the entries of its checkpoint, so that none is there twice and none is missing.

    Raises:
        ImportError: transformers is not installed.
    """
    from transformers import TrainerCallback

    class MetricsCallback(TrainerCallback):  # type: ignore[misc,unused-ignore]
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            if state.is_world_process_zero:
                Path(args.output_dir).mkdir(parents=True, exist_ok=True)
                write_metrics(Path(args.output_dir), state.log_history)

        def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
            if state.is_world_process_zero:
                with (Path(args.output_dir) / METRICS).open("ab") as file:
                    file.write(_line(state.log_history[-1]))

    return MetricsCallback()


def _line(entry: Entry) -> bytes:
    return json.dumps(_plain(entry), allow_nan=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: numbers of other libraries as Python's, and null for those that are not finite."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return number if math.isfinite(number) else None
