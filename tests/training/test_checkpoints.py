"""Checkpoints: whole ones are found, and files that are cut short or missing are named."""

import json
from pathlib import Path

import pytest

from knk.training.checkpoints import Checkpoint, damage, find_checkpoints, newest_step
from tests.support.checkpoints import cut, write_checkpoint, write_safetensors, write_zip


def test_the_last_checkpoint_is_found_by_its_number(tmp_path: Path) -> None:
    for step in (5, 100, 20):
        write_checkpoint(tmp_path, step)
    (tmp_path / "checkpoint-best").mkdir()
    last = find_checkpoints(tmp_path).last
    assert last
    assert (last.step, last.epoch, len(last.history)) == (100, 10.0, 100)
    assert newest_step(tmp_path) == 100
    assert not find_checkpoints(tmp_path).damaged


@pytest.mark.parametrize(
    "name",
    [
        *("model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth"),
        *("training_args.bin", "config.json", "trainer_state.json"),
    ],
)
def test_a_file_that_is_cut_short_is_named_and_the_checkpoint_before_is_taken(name: str, tmp_path: Path) -> None:
    before = write_checkpoint(tmp_path, 5)
    broken = write_checkpoint(tmp_path, 10)
    if name == "config.json":
        (broken / name).write_text('{"a": ', encoding="utf-8")
    else:
        cut(broken / name)
    found = find_checkpoints(tmp_path)
    assert found.last
    assert found.last.path == before
    assert found.damaged == ((broken, f"{name} is cut short"),)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("model.safetensors", "the model is missing"),
        ("optimizer.pt", "the optimizer is missing"),
        ("scheduler.pt", "the scheduler is missing"),
        ("rng_state.pth", "the random state is missing"),
        ("trainer_state.json", "trainer_state.json is missing"),
    ],
)
def test_a_missing_file_is_named(name: str, fault: str, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, 5)
    (folder / name).unlink()
    assert damage(folder) == fault
    assert (damage(folder, has_optimizer=False) is None) == (name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"))


@pytest.mark.parametrize("length", [0, 8, 2**40, 2**63])
def test_a_header_that_is_longer_than_its_file_is_damage(length: int, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, 5)
    (folder / "model.safetensors").write_bytes(length.to_bytes(8, "little"))
    assert damage(folder) == "model.safetensors is cut short"


@pytest.mark.parametrize("state", ["", "[]", "{}", '{"log_history": 3}'])
def test_a_state_without_a_history_is_damage(state: str, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, 5)
    (folder / "trainer_state.json").write_text(state, encoding="utf-8")
    assert damage(folder)
    assert find_checkpoints(tmp_path).last is None


def test_a_model_in_several_files_has_all_of_them(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, 5)
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    files = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}), encoding="utf-8")
    assert damage(folder) == "model-00002-of-00002.safetensors is missing"
    write_safetensors(folder / "model-00002-of-00002.safetensors")
    assert damage(folder) is None


def test_the_random_states_of_several_processes_have_no_gap(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, 5)
    (folder / "rng_state.pth").rename(folder / "rng_state_1.pth")
    assert damage(folder) == "rng_state_0.pth is missing"


def test_a_deepspeed_checkpoint_is_whole_if_its_folder_is(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, 5)
    for name in ("model.safetensors", "optimizer.pt", "scheduler.pt"):
        (folder / name).unlink()
    (folder / "latest").write_text("global_step5", encoding="utf-8")
    assert damage(folder) == "the folder global_step5 is missing"
    model = folder / "global_step5/zero_pp_rank_0_mp_rank_00_model_states.pt"
    optimizer = folder / "global_step5/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt"
    write_zip(model)
    assert damage(folder) == "global_step5/*optim_states.pt is missing"
    write_zip(optimizer)
    assert damage(folder) is None
    cut(optimizer)
    assert damage(folder) == f"global_step5/{optimizer.name} is cut short"


def test_a_damaged_checkpoint_loses_its_state_before_it_is_written_again(tmp_path: Path) -> None:
    whole, broken = write_checkpoint(tmp_path, 5), write_checkpoint(tmp_path, 10)
    cut(broken / "optimizer.pt")
    found = find_checkpoints(tmp_path)
    found.disown()
    write_zip(broken / "optimizer.pt")  # The run was killed again while it wrote the others.
    assert damage(broken) == "trainer_state.json is missing"
    assert damage(whole) is None
    assert newest_step(tmp_path) == 5


def test_a_folder_without_checkpoints_has_none(tmp_path: Path) -> None:
    assert not find_checkpoints(tmp_path)
    assert newest_step(tmp_path / "missing") == 0
    assert find_checkpoints(tmp_path).last is None


def test_what_a_checkpoint_holds_is_compared_by_value(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, 1)
    assert find_checkpoints(tmp_path).last == Checkpoint(folder, 1, 0.1, ({"step": 1, "loss": 1.0},))
