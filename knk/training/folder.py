"""How a recipe starts in its folder: a new run, a run that goes on, or one that is finished.

A folder belongs to one run: the same trainer, data and settings, except for the settings in `CHANGEABLE`, which do not
change what a step does. So a run can be made longer by raising `max_steps` or `num_train_epochs`. As long as nothing is
saved, a folder belongs to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from knk.errors import BadConfig, BadFolder
from knk.training import manifest as records
from knk.training.checkpoints import Checkpoint, Checkpoints, find_checkpoints
from knk.training.evaluation import with_evaluation
from knk.training.locks import check_unlocked, check_writable
from knk.training.manifest import Manifest
from knk.training.recipe import Recipe

_LENGTHS: Final = ("max_steps", "num_train_epochs")
CHANGEABLE: Final = frozenset(
    (
        *_LENGTHS,
        *"save_steps save_strategy save_total_limit".split(),
        *"logging_steps logging_strategy logging_first_step log_level disable_tqdm".split(),
        *"eval_steps eval_strategy eval_on_start per_device_eval_batch_size".split(),
        *"report_to run_name project trackio_space_id".split(),
        *"log_completions num_completions_to_print log_unique_prompts on_no_signal".split(),
    )
)
"""The settings that may differ when a run goes on."""
_LONGER_SCHEDULES: Final = (
    "linear cosine cosine_with_restarts cosine_with_min_lr cosine_warmup_with_min_lr polynomial warmup_stable_decay"
).split()
"""The schedules of the learning rate that depend on the number of steps."""
_DEFAULTS: Final = {"report_to": "none", "save_strategy": "steps"}
_EPOCHS: Final = 3.0
_BATCH: Final = 8


@dataclass(frozen=True)
class Start:
    """How a run starts.

    Args:
        manifest: the manifest of the run: a new one, or that in the folder with the settings that changed.
        checkpoints: the checkpoints in the folder.
        is_finished: whether there is nothing to train.
        changes: the settings that changed since the last session.
        notes: what the user should know, one line each.
    """

    manifest: Manifest
    checkpoints: Checkpoints
    is_finished: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def with_run_defaults(recipe: Recipe) -> Recipe:
    """Return the recipe with the settings that resuming and evaluation need, unless it has its own.

    Args:
        recipe: the recipe.
    """
    return with_evaluation(Recipe(recipe.path, recipe.trainer, _DEFAULTS | dict(recipe.settings), recipe.made_by))


def start_of(recipe: Recipe) -> Start:
    """Return how a recipe would start in its folder; nothing is written.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: the data are missing.
        BadFolder: the folder holds another run, or one that is already longer.
    """
    recipe = with_run_defaults(recipe)
    folder, new = recipe.output, records.new_manifest(recipe)
    if folder.exists() and not folder.is_dir():
        raise BadFolder(f"{folder}: expected output_dir to be a folder, got a file")
    existing = records.read(folder)
    checkpoints = find_checkpoints(folder, not recipe.settings.get("save_only_model"))
    if existing is None:
        if checkpoints:
            raise BadFolder(f"{folder}: has checkpoints but no manifest: choose another output_dir")
        return Start(new, checkpoints)
    return _next_session(recipe, existing, new, checkpoints)


def check_folder(recipe: Recipe) -> str:
    """Check that a recipe can train in its folder, and return one line about it.

    Args:
        recipe: the recipe.

    Raises:
        BadConfig: the data are missing.
        BadFolder: the folder holds another run, or one that is already longer, or another process trains in it, or it
            cannot be written to.
    """
    check_writable(recipe.output)
    check_unlocked(recipe.output)
    start = start_of(recipe)
    if start.is_finished:
        return f"folder: {recipe.output} has this run, finished"
    step = start.checkpoints.last.step if start.checkpoints.last else 0
    notes = "".join(f"; {note}" for note in start.notes)
    return f"folder: {recipe.output}, " + (f"resumes from step {step}" if step else "starts from step 0") + notes


def _next_session(recipe: Recipe, existing: Manifest, new: Manifest, checkpoints: Checkpoints) -> Start:
    """Return how a run goes on whose manifest and checkpoints are there."""
    folder, is_over = recipe.output, existing["status"] in ("finished", "stopped")
    changes = _changes(existing["settings"], new["settings"])
    fixed = sorted(changes.keys() - CHANGEABLE)
    others = [name for name in records.IDENTITY if name != "settings" and existing.get(name) != new.get(name)]
    if fixed or others:
        if not checkpoints and not is_over:
            return Start(new, checkpoints)
        raise BadFolder(
            f"{folder}: has a run with other settings or data ({_difference(existing, new, fixed, others)}): choose "
            "another output_dir, or remove the folder"
        )
    last = checkpoints.last
    _check_length(recipe, existing["steps"] if is_over else (last.step if last else 0), last)
    manifest = existing | {"settings": new["settings"]}
    is_released = existing["status"] == "stopped" and "on_no_signal" in changes
    if is_over and not is_released and not _is_longer(recipe, changes, existing["steps"], last):
        return Start(manifest, checkpoints, is_finished=True)
    if is_over and last is None:
        raise BadFolder(
            f"{folder}: has a finished run without checkpoints, which cannot go on: choose another output_dir"
        )
    return Start(manifest, checkpoints, changes=changes, notes=tuple(_notes(recipe, changes, checkpoints)))


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that differ, with their new values; None for one that is no longer there."""
    return {name: new.get(name) for name in {**old, **new} if old.get(name) != new.get(name)}


def _difference(existing: Manifest, new: Manifest, fixed: list[str], others: list[str]) -> str:
    if not fixed:
        return others[0]
    name = fixed[0]
    return f"{name} {_short(existing['settings'].get(name))}, now {_short(new['settings'].get(name))}"


def _short(value: Any) -> str:
    return "not set" if value is None else repr(value)[:60]


def _max_steps(recipe: Recipe) -> int | None:
    """Return the number of steps that a recipe sets, None if the number of epochs decides."""
    steps = recipe.settings.get("max_steps", -1)
    if not isinstance(steps, int) or isinstance(steps, bool):
        raise BadConfig(f"{recipe.path}: expected 'max_steps' to be an integer, got {str(steps)[:40]!r}")
    return steps if steps > 0 else None


def _check_length(recipe: Recipe, done: int, last: Checkpoint | None) -> None:
    """Check that a run does not end before what it has done."""
    steps, epochs = _max_steps(recipe), recipe.share("num_train_epochs", _EPOCHS)
    if steps is not None and steps < done:
        expected = f"expected max_steps to be at least {done}, the steps that are done, got {steps}"
    elif steps is None and last is not None and epochs < last.epoch:
        expected = f"expected num_train_epochs to be at least {last.epoch:g}, the epochs that are done, got {epochs:g}"
    else:
        return
    raise BadFolder(f"{recipe.output}: {expected}: choose another output_dir for a shorter run")


def _is_longer(recipe: Recipe, changes: Mapping[str, Any], done: int, last: Checkpoint | None) -> bool:
    """Whether a recipe makes a run that has ended longer."""
    if not any(name in changes for name in _LENGTHS):
        return False
    steps = _max_steps(recipe)
    if steps is not None:
        return steps > done
    return last is None or recipe.share("num_train_epochs", _EPOCHS) > last.epoch


def _notes(recipe: Recipe, changes: Mapping[str, Any], checkpoints: Checkpoints) -> Iterator[str]:
    last = checkpoints.last
    instead = f"resuming from {last.path.name}" if last else "starting from step 0"
    yield from (f"{path}: not whole, {fault}; {instead}" for path, fault in checkpoints.damaged)
    if last is None:
        return
    shared = _steps_for_a_generation(recipe)
    if last.step % shared:
        yield (
            f"{last.path}: within the {shared} steps that share their completions, which are generated again; the run "
            f"is not bit for bit the uninterrupted one (make save_steps a multiple of {shared})"
        )
    if any(name in changes for name in _LENGTHS) and _depends_on_length(recipe):
        schedule = recipe.settings.get("lr_scheduler_type", "linear")
        yield (
            f"{recipe.output}: the learning rate follows the longer {schedule} schedule from step {last.step} on, so "
            "the run differs from one that had this length from the start"
        )


def _steps_for_a_generation(recipe: Recipe) -> int:
    """Return the number of steps that train on the completions of one generation."""
    if recipe.trainer != "grpo":
        return 1
    accumulated = recipe.number("gradient_accumulation_steps", 1)
    step_rows = recipe.number("per_device_train_batch_size", _BATCH) * recipe.processes
    generated = recipe.number("generation_batch_size", step_rows * recipe.number("steps_per_generation", accumulated))
    return max(1, generated * recipe.number("num_iterations", 1) // (step_rows * accumulated))


def _depends_on_length(recipe: Recipe) -> bool:
    """Whether the learning rate at a step depends on the number of steps of the whole run."""
    warmups = (recipe.settings.get(name) for name in ("warmup_ratio", "warmup_steps"))
    is_share = any(isinstance(warmup, float) and 0 < warmup < 1 for warmup in warmups)
    return is_share or recipe.settings.get("lr_scheduler_type", "linear") in _LONGER_SCHEDULES
