"""The manifest in a run's folder, `run.json`: what was run, from what, where, and how far it came."""

from __future__ import annotations

import json
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from knk.errors import BadFile, BadFolder
from knk.files import read_json, whole_file
from knk.training.data import eval_sources, sources
from knk.training.gpus import hardware
from knk.training.lora import adapter_entry
from knk.training.recipe import Recipe

MANIFEST: Final = "run.json"
FORMAT: Final = "knk-run-1"
PACKAGES: Final = (
    "knk torch transformers trl accelerate datasets tokenizers peft vllm deepspeed math-verify sympy numpy".split()
)
IDENTITY: Final = ("trainer", "settings", "data", "eval_data", "adapter")
"""What stays the same as long as a folder belongs to a run."""

Manifest = dict[str, Any]


def new_manifest(recipe: Recipe) -> Manifest:
    """Return the manifest of a run that is about to start.

    Args:
        recipe: the recipe.
    """
    return {
        "format": FORMAT,
        "recipe": recipe.path.name,
        "trainer": recipe.trainer,
        "settings": portable(dict(recipe.settings)),
        "data": [entry for source in sources(recipe) for entry in source.manifest_entries()],
        "eval_data": [entry for source in eval_sources(recipe) for entry in source.manifest_entries()],
        "adapter": portable(adapter_entry(recipe)),
        "seed": recipe.settings.get("seed", 42),
        "versions": versions(),
        "git": git_state(recipe.path.parent),
        "hardware": hardware(),
        "steps": 0,
        "seconds": 0.0,
        "sessions": [],
        "status": "running",
    }


def read(folder: Path) -> Manifest | None:
    """Return the manifest in a run's folder, or None.

    Args:
        folder: the run's folder.

    Raises:
        BadFolder: it is not a manifest.
    """
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        manifest = read_json(path)
    except BadFile as error:
        raise BadFolder(f"{path}: expected a run's manifest") from error
    if manifest.get("format") != FORMAT or not isinstance(manifest.get("sessions"), list):
        raise BadFolder(f"{path}: expected a run's manifest of format {FORMAT!r}")
    return manifest


def write(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write a manifest into a run's folder, whole or not at all.

    Args:
        folder: the run's folder.
        manifest: the manifest.
    """
    with whole_file(folder / MANIFEST) as file:
        file.write(json.dumps(manifest, ensure_ascii=False, indent=1).encode() + b"\n")


def new_session(step: int) -> dict[str, Any]:
    """Return a manifest's entry for a session that starts now.

    Args:
        step: the number of steps already done.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return {"started": started, "seconds": 0.0, "from_step": step, "to_step": step, "outcome": "running"}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the relevant packages that are installed.

    >>> "python" in versions()
    True
    """
    installed = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return installed


def git_state(folder: Path) -> dict[str, Any] | None:
    """Return the revision of a checkout and whether it has uncommitted changes, None outside a checkout.

    Args:
        folder: a folder in the checkout.
    """
    revision = _git(folder, "rev-parse", "HEAD")
    if not revision:
        return None
    return {"revision": revision, "dirty": bool(_git(folder, "status", "--porcelain"))}


def portable(value: Any) -> Any:
    """Return a value with absolute paths made relative to the working directory, or cut to their last part.

    A manifest is published with the checkpoint and must not reveal paths of the machine.

    Args:
        value: settings, or a part of them.

    >>> portable({"model_name_or_path": "/home/ann/models/tiny", "seed": 1})
    {'model_name_or_path': 'tiny', 'seed': 1}
    """
    if isinstance(value, Mapping):
        return {name: portable(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [portable(part) for part in value]
    if not isinstance(value, str) or not Path(value).is_absolute():
        return value
    path, working_folder = Path(value), Path.cwd()
    return str(path.relative_to(working_folder)) if path.is_relative_to(working_folder) else path.name


class Clock:
    """Counts the seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """The seconds, to a tenth."""
        return round(time.monotonic() - self._start, 1)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        return subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=20, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
