"""A run: what was trained on what, how loss, rewards and lengths went, and what the model wrote."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read
from knk.errors import BadFile
from knk.report.charts import Line, lines
from knk.report.html import Section, facts, folded, quoted, safe, table
from knk.training import manifest as book

Entry = Mapping[str, Any]
_LOSSES: Final = {"loss": "loss"}
_LENGTHS: Final = {"completions/mean_length": "mean", "completions/max_length": "longest"}
_REWARD: Final = re.compile(r"rewards/(.+)/mean")
_SHARE: Final = re.compile(r"(?:[a-z_]+/)?(?:right|answered|format|unknown)|completions/clipped_ratio")
_SAMPLES: Final = 6
_SETTINGS: Final = (
    "model_name_or_path learning_rate lr_scheduler_type max_steps num_train_epochs per_device_train_batch_size "
    "gradient_accumulation_steps max_length loss_type scale_rewards beta num_generations max_completion_length "
    "temperature reward_funcs"
).split()


def run_section(folder: Path, name: str = "") -> Section:
    """Return the part of a page about a run.

    Args:
        folder: the run's folder.
        name: what to call it; the folder's name if not given.

    Raises:
        BadFolder: its manifest is none.
    """
    manifest = book.read(folder) or {}
    entries = list(_entries(folder / book.METRICS))
    parts = [_about(manifest), _charts(entries), _sessions(manifest), _completions(folder)]
    title = f"Run {name or folder.name}: {manifest.get('trainer', '')}, {manifest.get('status', '')}"
    return Section(title, "".join(parts))


def _about(manifest: Entry) -> str:
    hardware = manifest.get("hardware") or {}
    settings = manifest.get("settings") or {}
    git = manifest.get("git") or {}
    gpus = ", ".join(str(gpu.get("name")) for gpu in hardware.get("gpus") or []) or "no GPU"
    pairs = [
        ("recipe", manifest.get("recipe")),
        ("steps", manifest.get("steps")),
        ("seconds", manifest.get("seconds")),
        ("seed", manifest.get("seed")),
        ("hardware", f"{hardware.get('processor')}, {hardware.get('cores')} cores, {gpus}"),
        ("revision", f"{str(git.get('revision', 'unknown'))[:12]}{', changed since' if git.get('dirty') else ''}"),
        *((name, settings[name]) for name in _SETTINGS if settings.get(name) is not None),
    ]
    data = table(
        ["data", "rows", "bytes", "SHA-256"],
        [
            [safe(one.get("file", one.get("data", "")), 80), _count(one.get("rows")), _count(one.get("bytes")),
             safe(str(one.get("sha256", ""))[:12])]
            for one in manifest.get("data") or [] if isinstance(one, Mapping)
        ],
        (1, 2),
    )  # fmt: skip
    versions = manifest.get("versions") or {}
    told = quoted(json.dumps(settings, indent=1, ensure_ascii=False)) + facts(versions.items())
    return facts(pairs) + data + folded("all settings and versions", told)


def _charts(entries: Sequence[Entry]) -> str:
    if not entries:
        return '<p class="dim">Nothing was logged up to a checkpoint.</p>'
    names = sorted({name for entry in entries for name in entry})
    rewards = {name: found[1] for name in names if (found := _REWARD.fullmatch(name))}
    if len(rewards) == 1:
        rewards = {}
    shares = {
        name: name.rpartition("/")[2].replace("clipped_ratio", "cut off") for name in names if _SHARE.fullmatch(name)
    }
    charts = [
        lines("Loss", "step", "loss", _series(entries, _LOSSES)),
        lines("Reward", "step", "mean reward", _series(entries, {"reward": "all rewards"} | rewards)),
        lines("Shares of completions", "step", "share", _series(entries, shares), share=True),
        lines("Length of completions", "step", "tokens", _series(entries, _LENGTHS)),
        lines("Entropy", "step", "nats a token", _series(entries, {"entropy": "entropy"})),
        lines("Gradient norm", "step", "norm", _series(entries, {"grad_norm": "gradient norm"})),
    ]
    return f'<div class="figures">{"".join(charts)}</div>'


def _series(entries: Sequence[Entry], names: Mapping[str, str]) -> list[Line]:
    found = (
        (shown, [(_value(entry, "step"), _value(entry, name)) for entry in entries]) for name, shown in names.items()
    )
    return [Line(shown, [pair for pair in points if all(map(math.isfinite, pair))]) for shown, points in found]


def _value(entry: Entry, name: str) -> float:
    """A number, and none where there is none."""
    value = entry.get(name)
    return float(value) if isinstance(value, (int, float)) else math.nan


def _sessions(manifest: Entry) -> str:
    sessions = [one for one in manifest.get("sessions") or [] if isinstance(one, Mapping)]
    if len(sessions) < 2:
        return ""
    columns = ["started", "from_step", "to_step", "seconds", "outcome"]
    rows = [[safe(one.get(name, ""), 40) for name in columns] for one in sessions]
    return "<h3>Sessions</h3>" + table([name.replace("_", " ") for name in columns], rows, (1, 2, 3))


def _completions(folder: Path) -> str:
    """Some completions of the first and of the last step that were logged."""
    found = sorted((folder / "completions").glob("completions_*.parquet"))
    if not found:
        return ""
    parts = []
    for path in dict.fromkeys((found[0], found[-1])):
        try:
            rows = [row for row, _ in zip(read(path), range(200), strict=False)]
        except BadFile:
            continue
        rows = rows[:: max(1, len(rows) // _SAMPLES)][:_SAMPLES]
        step = rows[0].get("step", "?") if rows else "?"
        parts.append(folded(f"Completions at step {step}", "".join(map(_completion, rows))))
    return "<h3>What the model wrote</h3>" + "".join(parts)


def _completion(row: Entry) -> str:
    told = {name: value for name, value in row.items() if name not in ("prompt", "completion", "step")}
    short = " · ".join(f"{safe(name, 40)} {safe(_rounded(value), 40)}" for name, value in told.items())
    prompt = folded("prompt", quoted(row.get("prompt", "")))
    return f'<p class="dim">{short}</p>{prompt}{quoted(row.get("completion", ""))}'


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) and math.isfinite(value) else value


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else ""


def _entries(path: Path) -> Iterator[Entry]:
    """What was logged; a line that a killed run left unfinished ends it."""
    if path.exists():
        try:
            yield from read(path)
        except BadFile:
            return
