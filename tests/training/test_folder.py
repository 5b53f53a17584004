"""How a recipe starts in a folder: what binds the folder, which settings may change, and what is noted."""

import json
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadConfig, BadFolder
from knk.training import manifest as records
from knk.training.folder import Start, check_folder, start_of, with_run_defaults
from knk.training.recipe import Recipe
from tests.support.checkpoints import cut, write_checkpoint

SETTINGS: dict[str, Any] = {
    "model_name_or_path": "tiny",
    "datasets": [{"path": "json", "data_files": "rows.jsonl"}],
    "output_dir": "out",
    "max_steps": 20,
    "learning_rate": 1e-4,
}


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.jsonl").write_text('{"text": "a"}\n', encoding="utf-8")


def recipe_of(trainer: str = "sft", **changes: Any) -> Recipe:
    return Recipe(Path("mine.yaml"), trainer, SETTINGS | changes)


def write_run(status: str, *checkpoints: int, steps: int = 20, **changes: Any) -> None:
    """Write the folder of a run with a status, a number of steps and checkpoints."""
    for step in checkpoints:
        write_checkpoint(Path("out"), step)
    manifest = records.new_manifest(with_run_defaults(recipe_of(**changes)))
    Path("out").mkdir(exist_ok=True)
    records.write(Path("out"), manifest | {"status": status, "steps": steps})


def start(**changes: Any) -> Start:
    return start_of(recipe_of(**changes))


def test_a_new_folder_starts_a_run() -> None:
    new = start()
    assert (new.manifest["steps"], new.changes, new.notes, new.is_finished) == (0, {}, (), False)
    assert not Path("out").exists()
    assert check_folder(recipe_of()) == "folder: out, starts from step 0"


@pytest.mark.parametrize("status", ["running", "failed", "interrupted"])
def test_a_folder_in_which_nothing_is_saved_takes_other_settings(status: str) -> None:
    write_run(status, learning_rate="a typo")
    assert start().manifest["settings"]["learning_rate"] == 1e-4
    assert start().manifest["sessions"] == []


@pytest.mark.parametrize(
    ("status", "checkpoints"), [("failed", (5,)), ("interrupted", (5,)), ("finished", (20,)), ("finished", ())]
)
def test_other_settings_are_refused_where_something_is_saved(status: str, checkpoints: tuple[int, ...]) -> None:
    write_run(status, *checkpoints)
    with pytest.raises(BadFolder, match=r"learning_rate 0\.0001, now 0\.1\): choose another output_dir"):
        start(learning_rate=0.1)
    with pytest.raises(BadFolder, match="seed not set, now 3"):
        start(seed=3)
    with pytest.raises(BadFolder, match=r"\(trainer\)"):
        start_of(recipe_of("grpo"))
    Path("rows.jsonl").write_text('{"text": "b"}\n', encoding="utf-8")
    with pytest.raises(BadFolder, match=r"\(data\)"):
        start()


def test_only_a_broken_checkpoint_binds_its_folder_too() -> None:
    write_run("failed", 5)
    cut(Path("out/checkpoint-5/optimizer.pt"))
    with pytest.raises(BadFolder, match="learning_rate"):
        start(learning_rate=0.1)
    assert start().notes == ("out/checkpoint-5: not whole, optimizer.pt is cut short; starting from step 0",)


def test_a_stopped_run_goes_on_and_may_be_longer_or_shorter() -> None:
    write_run("interrupted", 5, 10)
    assert check_folder(recipe_of()) == "folder: out, resumes from step 10"
    changed = start(max_steps=12, save_steps=2, report_to="wandb", lr_scheduler_type=None)
    assert changed.changes == {"max_steps": 12, "save_steps": 2, "report_to": "wandb"}
    assert changed.checkpoints.last
    assert changed.checkpoints.last.step == 10
    with pytest.raises(BadFolder, match="expected max_steps to be at least 10, the steps that are done, got 9"):
        start(max_steps=9)


def test_a_finished_run_is_finished_until_it_is_longer() -> None:
    write_run("finished", 10, 20)
    assert start().is_finished
    assert start(save_steps=3).is_finished
    assert check_folder(recipe_of()) == "folder: out has this run, finished"
    longer = start(max_steps=30)
    assert (longer.is_finished, longer.changes) == (False, {"max_steps": 30})
    with pytest.raises(BadFolder, match="at least 20"):
        start(max_steps=15)


def test_epochs_are_compared_with_those_that_are_done() -> None:
    write_run("finished", 20, max_steps=-1, num_train_epochs=2)  # The checkpoint of step 20 has two epochs.
    assert start(max_steps=-1, num_train_epochs=2).is_finished
    assert not start(max_steps=-1, num_train_epochs=3).is_finished
    with pytest.raises(BadFolder, match="expected num_train_epochs to be at least 2, the epochs that are done, got 1"):
        start(max_steps=-1, num_train_epochs=1)


def test_a_finished_run_without_checkpoints_cannot_go_on() -> None:
    write_run("finished", save_strategy="no")
    assert start(save_strategy="no").is_finished
    with pytest.raises(BadFolder, match="without checkpoints"):
        start(save_strategy="no", max_steps=30)


def test_a_run_that_was_stopped_for_want_of_a_signal_goes_on_when_it_may() -> None:
    write_run("stopped", 12, steps=12, on_no_signal="stop")
    assert start(on_no_signal="stop").is_finished
    assert not start(on_no_signal="warn").is_finished


@pytest.mark.parametrize(
    ("schedule", "is_noted"),
    [
        ({}, True),
        ({"lr_scheduler_type": "cosine"}, True),
        ({"lr_scheduler_type": "constant"}, False),
        ({"lr_scheduler_type": "constant_with_warmup", "warmup_steps": 5}, False),
        ({"lr_scheduler_type": "constant_with_warmup", "warmup_steps": 0.1}, True),
    ],
)
def test_a_schedule_that_depends_on_the_length_is_noted(schedule: dict[str, Any], is_noted: bool) -> None:
    write_run("finished", 20, **schedule)
    notes = start(max_steps=30, **schedule).notes
    assert [("schedule from step 20 on" in note) for note in notes] == ([True] if is_noted else [])


@pytest.mark.parametrize(
    ("changes", "is_noted"),
    [
        ({}, False),
        ({"gradient_accumulation_steps": 2}, False),
        ({"steps_per_generation": 5}, False),
        ({"steps_per_generation": 4}, True),
        ({"gradient_accumulation_steps": 2, "steps_per_generation": 4}, True),
        ({"num_iterations": 2}, True),
        ({"per_device_train_batch_size": 4, "generation_batch_size": 16}, True),
        ({"per_device_train_batch_size": 4, "generation_batch_size": 20}, False),
    ],
)
def test_a_checkpoint_within_shared_completions_is_noted(changes: dict[str, Any], is_noted: bool) -> None:
    write_checkpoint(Path("out"), 5)
    recipe = recipe_of("grpo", **changes)
    records.write(Path("out"), records.new_manifest(with_run_defaults(recipe)) | {"status": "interrupted"})
    assert [("make save_steps a multiple" in note) for note in start_of(recipe).notes] == ([True] if is_noted else [])


def test_impossible_folders_are_errors() -> None:
    write_checkpoint(Path("out"), 5)
    with pytest.raises(BadFolder, match="no manifest"):
        start()
    Path("file").write_text("", encoding="utf-8")
    with pytest.raises(BadFolder, match="expected output_dir to be a folder"):
        start(output_dir="file")
    write_run("finished", output_dir="out")
    with pytest.raises(BadConfig, match="'max_steps' to be an integer, got 'two'"):
        start(max_steps="two")


def test_a_start_does_not_change_the_manifest_on_disk() -> None:
    write_run("finished", 20)
    before = json.loads(Path("out/run.json").read_text(encoding="utf-8"))
    start(max_steps=30)
    assert json.loads(Path("out/run.json").read_text(encoding="utf-8")) == before
