"""Run a recipe with TRL's trainers, resume a killed run, and keep records in the run's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from knk.errors import BadConfig, KnkError, TrainingFailed
from knk.files import whole_file
from knk.training import manifest as records
from knk.training import worker
from knk.training.checkpoints import newest_step
from knk.training.evaluation import best_of
from knk.training.folder import Start, start_of, with_run_defaults
from knk.training.health import health_of
from knk.training.launch import launch_command
from knk.training.locks import lock_run
from knk.training.lora import merge_trained, with_whole_model
from knk.training.manifest import Clock, Manifest
from knk.training.metrics import last_step, read_metrics, write_metrics
from knk.training.preflight import check
from knk.training.processes import run_launcher
from knk.training.recipe import LAUNCH_SETTINGS, Recipe, to_yaml

RECIPE: Final = "recipe.yaml"
"""The file in the run's folder with the settings as `trl` takes them."""
_MAX_REASON: Final = 300


def _ignore(message: str) -> None:
    """Show nothing."""


def train(recipe: Recipe, in_process: bool = False, notify: Callable[[str], None] = _ignore) -> Manifest:
    """Train with a recipe, from the last checkpoint if there is one, and return the run's manifest.

    The folder then holds TRL's checkpoints and model, `run.json` (the manifest), `metrics.jsonl` (the metrics that
    the trainer logs, each entry at once) and `recipe.yaml` (the settings as `trl` takes them). A finished run is not
    repeated; with a larger `max_steps` or `num_train_epochs` it goes on.

    With `use_peft` the model is the merged one, and its adapter is in the folder `adapter`. If the recipe's model is an
    adapter, it is merged into the folder `base` first, and that is trained.

    Args:
        recipe: the recipe.
        in_process: whether to train in this process, without accelerate's launcher, for many short runs on one device.
        notify: shows a message to the user, such as which checkpoint cannot be used.

    Raises:
        BadConfig: the recipe cannot work; the message says what to change.
        BadFolder: the folder holds another run, or another process trains in it.
        MissingPackage: TRL is not installed.
        TrainingFailed: the trainer failed.
    """
    if in_process and recipe.processes > 1:
        raise BadConfig(f"{recipe.path}: expected 1 process with in_process, got num_processes {recipe.processes}")
    recipe = with_run_defaults(recipe)
    with lock_run(recipe.output) as lock_descriptor:
        start = start_of(recipe)
        if start.is_finished:
            return start.manifest
        check(recipe)
        for note in start.notes:
            notify(note)
        with whole_file(recipe.output / RECIPE) as file:
            file.write(Recipe(recipe.path, recipe.trainer, records.portable(dict(recipe.settings))).yaml().encode())
        with _session(recipe.output, start) as update, TemporaryDirectory() as folder:
            config = Path(folder) / RECIPE
            recipe = with_whole_model(recipe, notify)
            config.write_text(to_yaml(_worker_settings(recipe, start)), "utf-8")
            arguments = [recipe.trainer, "--config", str(config)]
            if in_process:
                _train_here(arguments)
            else:
                run_launcher([*launch_command(recipe), *arguments], recipe.output, update, lock_descriptor)
            start.manifest.update(merge_trained(recipe, notify))
    return start.manifest


def _train_here(arguments: list[str]) -> None:
    """Train in this process; an error of another library is told as that of a trainer in a process of its own."""
    try:
        worker.main(arguments)
    except KnkError:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:_MAX_REASON]
        raise TrainingFailed(f"the trainer failed: {reason}; without --in-process its output says where") from error


@contextmanager
def _session(folder: Path, start: Start) -> Iterator[Callable[[], None]]:
    """Keep the manifest up to date during a session; yield a function to update it."""
    manifest, last = start.manifest, start.checkpoints.last
    step = last.step if last else 0
    for earlier in manifest["sessions"]:
        if earlier["outcome"] == "running":  # It was killed before it could say how it ended.
            earlier |= {"outcome": "killed", "to_step": max(earlier["from_step"], _step(folder))}
    start.checkpoints.disown()
    write_metrics(folder, last.history if last else ())
    session, clock = records.new_session(step), Clock()
    if start.changes:
        session["changes"] = dict(start.changes)
    manifest["sessions"].append(session)
    earlier_seconds = manifest["seconds"]

    def update() -> None:
        session["to_step"] = max(_step(folder), session["from_step"])
        session["seconds"] = clock.seconds
        manifest["steps"], manifest["seconds"] = session["to_step"], round(earlier_seconds + session["seconds"], 1)
        records.write(folder, manifest)

    def end(outcome: str) -> None:
        session["outcome"] = manifest["status"] = outcome
        update()
        health = health_of(read_metrics(folder))
        manifest["health"] = health.record()
        manifest["best"] = best_of(folder, manifest["settings"], read_metrics(folder))
        if outcome == "finished" and health.should_stop and manifest["settings"].get("on_no_signal") == "stop":
            manifest["status"] = "stopped"
        records.write(folder, manifest)

    manifest["status"] = "running"
    update()
    try:
        yield update
    except (KeyboardInterrupt, SystemExit):
        end("interrupted")
        raise
    except BaseException:
        end("failed")
        raise
    end("finished")


def _step(folder: Path) -> int:
    """Return the last step that left something in a run's folder."""
    return max(last_step(read_metrics(folder)), newest_step(folder))


def _worker_settings(recipe: Recipe, start: Start) -> dict[str, Any]:
    """Return the settings for the worker: the names that trackers show, and the checkpoint to resume from."""
    names = {"project": "knk", "run_name": " ".join(dict.fromkeys((recipe.path.stem, recipe.output.name)))}
    settings = {name: value for name, value in recipe.settings.items() if name not in LAUNCH_SETTINGS}
    last = start.checkpoints.last
    return names | settings | ({"resume_from_checkpoint": str(last.path)} if last else {})
