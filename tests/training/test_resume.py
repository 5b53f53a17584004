"""Resumed runs: they end as uninterrupted ones, with no step too many, and can be made longer."""

import importlib.util
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadFolder
from knk.training.metrics import read_metrics
from knk.training.recipe import load
from knk.training.run import train
from tests.support.training import manifest_of, steps_logged, write_recipes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
    pytest.mark.filterwarnings("ignore"),
]
_TIMES = ("time", "per_second", "flos", "runtime")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    write_recipes(folder)
    return folder


@pytest.fixture(autouse=True)
def _in_place(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def run(trainer: str, output: str, **changes: Any) -> tuple[dict[str, Any], list[str]]:
    """Train in this process, and return the manifest and the messages."""
    notes: list[str] = []
    recipe = load(f"{trainer}.yaml", (), {"output_dir": f"runs/{output}"} | changes)
    return train(recipe, in_process=True, notify=notes.append), notes


def logged(output: str) -> list[Mapping[str, Any]]:
    """Return what a run has logged, without what depends on the clock."""
    return [
        {name: value for name, value in entry.items() if not any(part in name for part in _TIMES)}
        for entry in read_metrics(Path("runs", output))
        if "loss" in entry
    ]


def stop_after(output: str, step: int, copy: str) -> None:
    """Make a run of the checkpoints of another one up to a step, as if it had been killed then."""
    folder = Path("runs", copy)
    shutil.copytree(Path("runs", output), folder)
    for path in folder.glob("checkpoint-*"):
        if int(path.name.removeprefix("checkpoint-")) > step:
            shutil.rmtree(path)
    (folder / "model.safetensors").unlink()
    text = (folder / "run.json").read_text(encoding="utf-8")
    (folder / "run.json").write_text(text.replace('"finished"', '"running"').replace(f"runs/{output}", f"runs/{copy}"))


# One epoch has 8 steps, so that the run is resumed in the first epoch, at its end, and in the second.
@pytest.mark.parametrize(
    ("trainer", "changes", "steps"),
    [
        ("grpo", {"max_steps": 11, "max_completion_length": 16}, (3, 8, 10)),
        ("grpo", {"max_steps": 11, "max_completion_length": 16, "steps_per_generation": 2}, (4, 10)),
        ("sft", {"max_steps": 11}, (3, 8, 10)),
    ],
    ids=["grpo", "shared completions", "sft"],
)
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(
    trainer: str, changes: dict[str, Any], steps: tuple[int, ...], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id.replace(" ", "-")
    run(trainer, name, save_steps=1, **changes)
    for step in steps:
        stop_after(name, step, f"{name}-{step}")
        manifest, notes = run(trainer, f"{name}-{step}", save_steps=1, **changes)
        assert (notes, manifest["sessions"][-1]["from_step"]) == ([], step)
        assert logged(f"{name}-{step}") == logged(name)
        weights = [Path("runs", folder, "model.safetensors").read_bytes() for folder in (name, f"{name}-{step}")]
        assert weights[0] == weights[1]


def test_completions_that_are_shared_over_a_checkpoint_are_a_note() -> None:
    changes = {"max_steps": 4, "save_steps": 3, "max_completion_length": 16, "steps_per_generation": 2}
    run("grpo", "shared", **changes)
    stop_after("shared", 3, "shared-3")
    _, notes = run("grpo", "shared-3", **changes)
    assert len(notes) == 1
    assert "make save_steps a multiple of 2" in notes[0]


def test_a_run_killed_after_its_last_checkpoint_trains_no_further_step() -> None:
    run("sft", "whole", max_steps=5)
    stop_after("whole", 5, "unsaved")
    before = Path("runs/whole/model.safetensors").read_bytes()
    manifest, _ = run("sft", "unsaved", max_steps=5)
    assert (manifest["status"], manifest["steps"]) == ("finished", 5)
    assert steps_logged(Path("runs/unsaved")) == [1, 2, 3, 4, 5]
    assert Path("runs/unsaved/model.safetensors").read_bytes() == before
    assert not Path("runs/unsaved/checkpoint-6").exists()


def test_a_finished_run_is_made_longer_in_its_folder() -> None:
    changes = {"lr_scheduler_type": "constant"}
    run("sft", "longer", max_steps=4, **changes)
    longer, notes = run("sft", "longer", max_steps=9, save_steps=3, **changes)
    assert (longer["status"], longer["steps"], notes) == ("finished", 9, [])
    assert longer["sessions"][1]["changes"] == {"max_steps": 9, "save_steps": 3}
    assert (longer["sessions"][1]["from_step"], longer["settings"]["max_steps"]) == (4, 9)
    # How often to save is a matter of the settings, not of the checkpoint.
    assert {path.name for path in Path("runs/longer").glob("checkpoint-*")} == {
        f"checkpoint-{step}" for step in (4, 6, 9)
    }
    run("sft", "once", max_steps=9, **changes)
    assert logged("longer") == logged("once")
    with pytest.raises(BadFolder, match="expected max_steps to be at least 9"):
        run("sft", "longer", max_steps=5, save_steps=3, **changes)


def test_a_checkpoint_cut_short_is_named_and_the_one_before_is_taken() -> None:
    run("sft", "cut", max_steps=6, save_steps=2)
    stop_after("cut", 4, "cut-4")
    optimizer = Path("runs/cut-4/checkpoint-4/optimizer.pt")
    optimizer.write_bytes(optimizer.read_bytes()[:1000])
    manifest, notes = run("sft", "cut-4", max_steps=6, save_steps=2)
    assert notes == ["runs/cut-4/checkpoint-4: not whole, optimizer.pt is cut short; resuming from checkpoint-2"]
    assert manifest["sessions"][-1]["from_step"] == 2
    assert logged("cut-4") == logged("cut")


def test_a_run_in_this_process_leaves_nothing_behind() -> None:
    path = list(sys.path)
    manifest, _ = run("grpo", "clean", max_steps=1, max_completion_length=16)
    assert sys.path == path
    assert manifest_of(Path("runs/clean")) == manifest
    assert run("grpo", "clean", max_steps=1, max_completion_length=16)[0] == manifest
