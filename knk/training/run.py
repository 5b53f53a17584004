"""A recipe run by TRL's own trainers: taken up where a killed run left off, and told of in the run's folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from knk.errors import BadConfig, BadFolder, TrainingFailed
from knk.files import lock, whole_file
from knk.training import manifest as book
from knk.training.manifest import Clock, Manifest
from knk.training.preflight import check, script
from knk.training.recipe import Recipe

RECIPE: Final = "recipe.yaml"
"""The settings as `trl` takes them, in the run's folder."""
_LOCK: Final = ".lock"
_LOOKS_EVERY: Final = 5.0
_ENDS_WITHIN: Final = 30.0
_TRL: Final = ("-c", "from trl.cli import main; main()")


def train(recipe: Recipe, in_process: bool = False) -> Manifest:
    """Train by a recipe, from its last checkpoint on if there is one, and return the run's manifest.

    The folder then holds TRL's checkpoints and model, `run.json` (the manifest), `metrics.jsonl` (what the trainer
    logged) and `recipe.yaml` (the settings as `trl` takes them). A run that is finished is not done again.

    Args:
        recipe: what to train, and how.
        in_process: whether to train in this process, without accelerate's launcher: for one device and many short runs.

    Raises:
        BadConfig: the recipe cannot work, with what to change.
        BadFolder: the folder holds another run, or another process works in it.
        MissingPackage: TRL is not installed.
        TrainingFailed: the trainer ended with an error.
    """
    if in_process and recipe.processes > 1:
        raise BadConfig(f"{recipe.path}: {recipe.processes} processes cannot train in this one")
    plain = _with_defaults(recipe)
    with _held(plain.output) as lock:
        manifest = _taken_up(plain)
        if manifest["status"] == "finished":
            return manifest
        check(plain)
        with whole_file(plain.output / RECIPE) as file:
            file.write(Recipe(plain.path, plain.trainer, book.portable(dict(plain.settings))).yaml().encode())
        with _session(plain.output, manifest) as (settings, tick), TemporaryDirectory() as folder:
            config = Path(folder) / RECIPE
            config.write_text(Recipe(plain.path, plain.trainer, {**plain.settings, **settings}).yaml(), "utf-8")
            if in_process:
                _train_here(plain.trainer, config)
            else:
                _train_apart(plain.trainer, config, tick, lock)
    return manifest


def _with_defaults(recipe: Recipe) -> Recipe:
    """The recipe with what a run that can be resumed needs, where it says nothing of it."""
    defaults = {"report_to": "none", "save_strategy": "steps"}
    return Recipe(recipe.path, recipe.trainer, defaults | dict(recipe.settings), recipe.made_by)


def _taken_up(recipe: Recipe) -> Manifest:
    """The manifest of the run that is in the folder, or a new one."""
    folder, new = recipe.output, book.begun(recipe)
    there = book.read(folder)
    if there is None:
        if book.checkpoint(folder) is not None:
            raise BadFolder(f"{folder}: there are checkpoints of a run without a manifest: name another output_dir")
        return new
    if not book.is_same_run(there, new):
        raise BadFolder(f"{folder}: it holds a run of other settings or data: name another output_dir, or remove it")
    return there


@contextmanager
def _session(folder: Path, manifest: Manifest) -> Iterator[tuple[dict[str, Any], Callable[[], None]]]:
    """Keep the manifest while a session goes on; give the settings to resume by, and what brings it up to date."""
    found = book.checkpoint(folder)
    step = found[0] if found else 0
    for earlier in manifest["sessions"]:
        if earlier["outcome"] == "running":  # Nobody was left to say how it ended.
            earlier |= {"outcome": "killed", "to_step": step}
    now, clock = book.session(step), Clock()
    manifest["sessions"].append(now)
    before = manifest["seconds"]

    def tick() -> None:
        now["to_step"] = max(book.write_metrics(folder), now["from_step"])
        now["seconds"] = clock.seconds
        manifest["steps"], manifest["seconds"] = now["to_step"], round(before + now["seconds"], 1)
        book.write(folder, manifest)

    def end(outcome: str, status: str) -> None:
        now["outcome"], manifest["status"] = outcome, status
        tick()

    manifest["status"] = "running"
    tick()
    try:
        yield ({"resume_from_checkpoint": str(found[1])} if found else {}), tick
    except (KeyboardInterrupt, SystemExit):
        end("interrupted", "failed")
        raise
    except BaseException:
        end("failed", "failed")
        raise
    end("finished", "finished")


@contextmanager
def _held(folder: Path) -> Iterator[int]:
    """Hold a run's folder for this process and the trainer that it starts."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("ab") as file:
        lock(file, f"{folder}: another process trains here; wait for it, or stop it")
        yield file.fileno()


def _train_here(trainer: str, config: Path) -> None:
    trl = script(trainer)
    trl.main(*trl.make_parser().parse_args_and_config(["--config", str(config)], fail_with_unknown_args=False))


def _train_apart(trainer: str, config: Path, tick: Callable[[], None], lock: int) -> None:
    process = subprocess.Popen([sys.executable, *_TRL, trainer, "--config", str(config)], pass_fds=(lock,))
    try:
        while (status := _status(process, _LOOKS_EVERY)) is None:
            tick()
    except BaseException:
        process.terminate()
        if _status(process, _ENDS_WITHIN) is None:
            process.kill()
            process.wait()
        raise
    if status:
        raise TrainingFailed(f"the trainer ended with status {status}; what it said is above")


def _status(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
