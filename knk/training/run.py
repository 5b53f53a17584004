"""Run a recipe with TRL's trainers, resume a killed run, and keep records in the run's folder."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from knk.errors import BadConfig, BadFolder, TrainingFailed
from knk.files import lock, whole_file
from knk.training import manifest as records
from knk.training import worker
from knk.training.health import health_of
from knk.training.launch import launch_command
from knk.training.lora import merge_trained, with_whole_model
from knk.training.manifest import Clock, Manifest
from knk.training.preflight import check
from knk.training.recipe import LAUNCH_SETTINGS, Recipe, to_yaml

RECIPE: Final = "recipe.yaml"
"""The file in the run's folder with the settings as `trl` takes them."""
_LOCK: Final = ".lock"
_POLL_SECONDS: Final = 5.0
_TERMINATION_SECONDS: Final = 30.0


def train(recipe: Recipe, in_process: bool = False) -> Manifest:
    """Train with a recipe, from the last checkpoint if there is one, and return the run's manifest.

    The folder then holds TRL's checkpoints and model, `run.json` (the manifest), `metrics.jsonl` (the metrics that
    the trainer logged) and `recipe.yaml` (the settings as `trl` takes them). A finished run is not repeated.

    With `use_peft` the model is the merged one, and its adapter is in the folder `adapter`. If the recipe's model is an
    adapter, it is merged into the folder `base` first, and that is trained.

    Args:
        recipe: the recipe.
        in_process: whether to train in this process, without accelerate's launcher, for many short runs on one device.

    Raises:
        BadConfig: the recipe cannot work; the message says what to change.
        BadFolder: the folder holds another run, or another process trains in it.
        MissingPackage: TRL is not installed.
        TrainingFailed: the trainer failed.
    """
    if in_process and recipe.processes > 1:
        raise BadConfig(f"{recipe.path}: expected 1 process with in_process, got num_processes {recipe.processes}")
    recipe = _with_defaults(recipe)
    with _locked(recipe.output) as lock_descriptor:
        manifest = _manifest_of(recipe)
        if manifest["status"] in ("finished", "stopped"):
            return manifest
        check(recipe)
        with whole_file(recipe.output / RECIPE) as file:
            file.write(Recipe(recipe.path, recipe.trainer, records.portable(dict(recipe.settings))).yaml().encode())
        with _session(recipe.output, manifest) as (settings, update), TemporaryDirectory() as folder:
            config = Path(folder) / RECIPE
            recipe = with_whole_model(recipe)
            config.write_text(to_yaml(_worker_settings(recipe) | settings), "utf-8")
            arguments = [recipe.trainer, "--config", str(config)]
            if in_process:
                worker.main(arguments)
            else:
                _run([*launch_command(recipe), *arguments], update, lock_descriptor)
            manifest |= merge_trained(recipe)
    return manifest


def _with_defaults(recipe: Recipe) -> Recipe:
    """Return the recipe with the settings that resuming needs, unless it has its own."""
    defaults = {"report_to": "none", "save_strategy": "steps"}
    return Recipe(recipe.path, recipe.trainer, defaults | dict(recipe.settings), recipe.made_by)


def _manifest_of(recipe: Recipe) -> Manifest:
    """Return the manifest of the run in the folder, or a new one."""
    folder, new = recipe.output, records.new_manifest(recipe)
    existing = records.read(folder)
    if existing is None:
        if records.last_checkpoint(folder) is not None:
            raise BadFolder(f"{folder}: has checkpoints but no manifest: choose another output_dir")
        return new
    if not records.is_same_run(existing, new):
        raise BadFolder(
            f"{folder}: has a run with other settings or data: choose another output_dir, or remove the folder"
        )
    return existing


@contextmanager
def _session(folder: Path, manifest: Manifest) -> Iterator[tuple[dict[str, Any], Callable[[], None]]]:
    """Keep the manifest up to date during a session; yield the settings to resume with, and a function to update it."""
    checkpoint = records.last_checkpoint(folder)
    step = checkpoint[0] if checkpoint else 0
    for earlier in manifest["sessions"]:
        if earlier["outcome"] == "running":  # It was killed before it could say how it ended.
            earlier |= {"outcome": "killed", "to_step": step}
    session, clock = records.new_session(step), Clock()
    manifest["sessions"].append(session)
    earlier_seconds = manifest["seconds"]

    def update() -> None:
        session["to_step"] = max(records.write_metrics(folder), session["from_step"])
        session["seconds"] = clock.seconds
        manifest["steps"], manifest["seconds"] = session["to_step"], round(earlier_seconds + session["seconds"], 1)
        records.write(folder, manifest)

    def end(outcome: str, status: str) -> None:
        session["outcome"], manifest["status"] = outcome, status
        update()
        health = health_of(records.read_metrics(folder))
        manifest["health"] = health.record()
        if status == "finished" and health.should_stop and manifest["settings"].get("on_no_signal") == "stop":
            manifest["status"] = "stopped"
        records.write(folder, manifest)

    manifest["status"] = "running"
    update()
    try:
        yield ({"resume_from_checkpoint": str(checkpoint[1])} if checkpoint else {}), update
    except (KeyboardInterrupt, SystemExit):
        end("interrupted", "failed")
        raise
    except BaseException:
        end("failed", "failed")
        raise
    end("finished", "finished")


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """Lock a run's folder for this process and the trainer that it starts; yield the descriptor of the lock file."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("ab") as file:
        lock(file, f"{folder}: another process trains here: wait for it, or stop it")
        yield file.fileno()


def _worker_settings(recipe: Recipe) -> dict[str, Any]:
    """Return the settings without those for accelerate's launcher, with the names that trackers show."""
    names = {"project": "knk", "run_name": f"{recipe.path.stem} {recipe.output.name}"}
    return names | {name: value for name, value in recipe.settings.items() if name not in LAUNCH_SETTINGS}


def _run(command: Sequence[str], update: Callable[[], None], lock_descriptor: int) -> None:
    process = subprocess.Popen(command, pass_fds=(lock_descriptor,))
    try:
        while (status := _status(process, _POLL_SECONDS)) is None:
            update()
    except BaseException:
        process.terminate()
        if _status(process, _TERMINATION_SECONDS) is None:
            process.kill()
            process.wait()
        raise
    if status:
        raise TrainingFailed(f"the trainer exited with status {status}; its output is above")


def _status(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
