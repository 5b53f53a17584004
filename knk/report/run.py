"""The section about a training run: its data, its loss, rewards and lengths, and some of the model's completions."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read
from knk.errors import BadFile
from knk.report.charts import Series, line_chart
from knk.report.html import Section, facts, folded, quoted, safe, table
from knk.training.evaluation import best_of, describe_best
from knk.training.health import Health, advice_on, health_of
from knk.training.manifest import read as read_manifest
from knk.training.metrics import read_metrics

Record = Mapping[str, Any]
"""A JSON object: a manifest, what was logged at a step, or a row."""
_LENGTHS: Final = {
    "completions/mean_length": "mean",
    "completions/max_length": "longest",
    "completions/mean_terminated_length": "mean of those that ended",
}
_WEIGHT: Final = "sampling/importance_sampling_ratio/"
_EVALUATION: Final = "eval_"
_REWARD: Final = re.compile(r"rewards/(.+)/mean")
_SHARE: Final = re.compile(r"(?!eval_)(?:[a-z_]+/)?(?:right|answered|format|unknown)|completions/clipped_ratio")
_SHARE_LABELS: Final = {"clipped_ratio": "cut off", "unknown": "undecided"}
_SAMPLES: Final = 6
_MAX_SAMPLED: Final = 200
"""The number of logged completions from which the samples are taken."""
_SETTINGS: Final = (
    "model_name_or_path learning_rate lr_scheduler_type max_steps num_train_epochs per_device_train_batch_size "
    "gradient_accumulation_steps max_length loss_type scale_rewards beta num_generations max_completion_length "
    "temperature reward_funcs"
).split()


def run_section(folder: Path, name: str = "") -> Section:
    """Return the section about a training run.

    Args:
        folder: the run's folder.
        name: the run's name in the title; the folder's name if not given.

    Raises:
        BadFolder: the folder's manifest is broken.
    """
    manifest = read_manifest(folder) or {}
    logged = read_metrics(folder)
    health = health_of(logged)
    best = best_of(folder, manifest.get("settings") or {}, logged)
    parts = [
        _summary(manifest, health, best),
        _health(health),
        _charts(logged),
        _sessions(manifest),
        _completions(folder),
    ]
    title = f"Run {name or folder.name}: {manifest.get('trainer', '')}, {manifest.get('status', '')}"
    return Section(title, "".join(parts))


def _summary(manifest: Record, health: Health, best: Record | None) -> str:
    settings = manifest.get("settings") or {}
    git = manifest.get("git") or {}
    pairs = [
        ("recipe", manifest.get("recipe")),
        ("steps", max(manifest.get("steps") or 0, health.step)),
        ("seconds", manifest.get("seconds")),
        *([("evaluation", describe_best(best))] if best else []),
        ("seed", manifest.get("seed")),
        ("hardware", _hardware(manifest.get("hardware") or {})),
        ("revision", f"{str(git.get('revision', 'unknown'))[:12]}{', with changes' if git.get('dirty') else ''}"),
        *((name, settings[name]) for name in _SETTINGS if settings.get(name) is not None),
    ]
    versions = manifest.get("versions") or {}
    details = quoted(json.dumps(settings, indent=1, ensure_ascii=False)) + facts(versions.items())
    return facts(pairs) + _data_table(manifest) + folded("all settings and versions", details)


def _hardware(hardware: Record) -> str:
    gpus = ", ".join(str(gpu.get("name")) for gpu in hardware.get("gpus") or []) or "no GPU"
    return f"{hardware.get('processor')}, {hardware.get('cores')} cores, {gpus}"


def _data_table(manifest: Record) -> str:
    files = [file for file in manifest.get("data") or [] if isinstance(file, Mapping)]
    rows = [
        [
            safe(file.get("file", file.get("data", "")), 80),
            _count(file.get("rows")),
            _count(file.get("bytes")),
            safe(str(file.get("sha256", ""))[:12]),
        ]
        for file in files
    ]
    return table(["data", "rows", "bytes", "SHA-256"], rows, (1, 2))


def _health(health: Health) -> str:
    """What was wrong, over which steps, and what to do; nothing if nothing was."""
    if not health.findings:
        return ""
    verdict = f'<p class="no">{safe(health.verdict)}</p>' if health.never_had_signal else ""
    rows = [
        [
            safe(finding.name),
            f"{finding.first_step:,}",
            f"{finding.steps:,}",
            f"{finding.longest:,}",
            safe(advice_on(finding.name, health)),
        ]
        for finding in health.findings.values()
    ]
    columns = ["finding", "first step", "steps", "in a row at most", "what to do"]
    return f"<h3>Health</h3>{verdict}{table(columns, rows, (1, 2, 3))}"


def _charts(logged: Sequence[Record]) -> str:
    if not logged:
        return '<p class="dim">The trainer has logged nothing yet.</p>'
    names = sorted({name for record in logged for name in record})
    charts = [*_training_charts(logged, names), *_signal_charts(logged), *_evaluation_charts(logged, names)]
    return f'<div class="figures">{"".join(charts)}</div>'


def _training_charts(logged: Sequence[Record], names: Sequence[str]) -> list[str]:
    shares = {name: _share_label(name) for name in names if _SHARE.fullmatch(name)}
    return [
        line_chart("Loss", "step", "loss", _series(logged, {"loss": "loss"})),
        line_chart("Reward", "step", "mean reward", _series(logged, _rewards(names))),
        line_chart("Share of completions", "step", "share", _series(logged, shares), is_share=True),
        line_chart("Length of completions", "step", "tokens", _series(logged, _LENGTHS)),
    ]


def _signal_charts(logged: Sequence[Record]) -> list[str]:
    """Charts of what decides whether a run can learn."""

    def one(title: str, unit: str, name: str, is_share: bool = False) -> str:
        return line_chart(title, "step", unit, _series(logged, {name: title}), is_share)

    weights = _series(logged, {_WEIGHT + part: part for part in ("mean", "min", "max")})
    return [
        one("Groups without signal", "share", "frac_reward_zero_std", is_share=True),
        one("Spread of rewards", "standard deviation", "reward_std"),
        line_chart("Importance weights", "step", "weight", weights),
        one("Entropy", "nats per token", "entropy"),
        one("Gradient norm", "norm", "grad_norm"),
        one("Learning rate", "rate", "learning_rate"),
    ]


def _evaluation_charts(logged: Sequence[Record], names: Sequence[str]) -> list[str]:
    """Charts of what was measured on held-out rows during training."""
    held_out = [name.removeprefix(_EVALUATION) for name in names if name.startswith(_EVALUATION)]

    def lines(labels: Mapping[str, str]) -> list[Series]:
        return _series(logged, {_EVALUATION + name: label for name, label in labels.items()})

    shares = {name: _share_label(name) for name in held_out if _SHARE.fullmatch(name)}
    return [
        line_chart("Held-out rows: loss", "step", "loss", lines({"loss": "loss"})),
        line_chart("Held-out rows: reward", "step", "mean reward", lines(_rewards(held_out))),
        line_chart("Held-out rows: share of completions", "step", "share", lines(shares), is_share=True),
        line_chart("Held-out rows: length of completions", "step", "tokens", lines(_LENGTHS)),
    ]


def _rewards(names: Sequence[str]) -> dict[str, str]:
    """The mean reward, and that of each reward if there are several, by their labels."""
    single = {name: match[1] for name in names if (match := _REWARD.fullmatch(name))}
    return {"reward": "all rewards"} | (single if len(single) > 1 else {})


def _share_label(name: str) -> str:
    label = name.rpartition("/")[2]
    return _SHARE_LABELS.get(label, label)


def _series(logged: Sequence[Record], labels: Mapping[str, str]) -> list[Series]:
    """The lines of some metrics over the steps, without values that are not finite."""
    lines = []
    for name, label in labels.items():
        points = [(_number(record, "step"), _number(record, name)) for record in logged]
        lines.append(Series(label, [point for point in points if all(map(math.isfinite, point))]))
    return lines


def _number(record: Record, name: str) -> float:
    """A number in a record, or NaN if there is none."""
    value = record.get(name)
    return float(value) if isinstance(value, (int, float)) else math.nan


def _sessions(manifest: Record) -> str:
    sessions = [session for session in manifest.get("sessions") or [] if isinstance(session, Mapping)]
    if len(sessions) < 2:
        return ""
    columns = ["started", "from_step", "to_step", "seconds", "outcome"]
    rows = [[safe(session.get(column, ""), 40) for column in columns] for session in sessions]
    return "<h3>Sessions</h3>" + table([column.replace("_", " ") for column in columns], rows, (1, 2, 3))


def _completions(folder: Path) -> str:
    """Some completions of the first and of the last step that were logged."""
    paths = sorted((folder / "completions").glob("completions_*.parquet"))
    if not paths:
        return ""
    parts = []
    for path in dict.fromkeys((paths[0], paths[-1])):
        try:
            rows = list(islice(read(path), _MAX_SAMPLED))
        except BadFile:
            continue
        rows = rows[:: max(1, len(rows) // _SAMPLES)][:_SAMPLES]
        step = rows[0].get("step", "?") if rows else "?"
        parts.append(folded(f"Completions at step {step}", "".join(map(_completion, rows))))
    return "<h3>Sampled completions</h3>" + "".join(parts)


def _completion(row: Record) -> str:
    values = {name: value for name, value in row.items() if name not in ("prompt", "completion", "step")}
    caption = " · ".join(f"{safe(name, 40)} {safe(_rounded(value), 40)}" for name, value in values.items())
    prompt = folded("prompt", quoted(row.get("prompt", "")))
    return f'<p class="dim">{caption}</p>{prompt}{quoted(row.get("completion", ""))}'


def _rounded(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) and math.isfinite(value) else value


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else ""
