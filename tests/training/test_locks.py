"""Locks on a run's folder: one process runs a recipe there, and one trainer writes there."""

import os
from pathlib import Path

import pytest

from knk.errors import BadFolder
from knk.training.locks import check_unlocked, check_writable, has_trainer, lock_for_trainer, lock_run


def test_a_trainer_locks_the_folder_by_itself_and_is_named(tmp_path: Path) -> None:
    with lock_for_trainer(tmp_path):
        assert has_trainer(tmp_path)
        with pytest.raises(BadFolder, match=f"process {os.getpid()} trains here"), lock_run(tmp_path):
            pass
        with pytest.raises(BadFolder, match="trains here"), lock_for_trainer(tmp_path):
            pass
    assert not has_trainer(tmp_path)
    with lock_run(tmp_path):
        pass


def test_one_process_runs_a_recipe_in_a_folder(tmp_path: Path) -> None:
    first, second = lock_run(tmp_path / "new"), lock_run(tmp_path / "new")
    with first, pytest.raises(BadFolder, match="another process trains here"), second:
        pass


def test_a_trainer_that_has_ended_is_not_named(tmp_path: Path) -> None:
    (tmp_path / ".trainer.lock").write_text("123", encoding="utf-8")  # As a trainer leaves it that was killed.
    with lock_run(tmp_path), pytest.raises(BadFolder, match="another process trains here"):
        check_unlocked(tmp_path)


def test_the_process_that_runs_a_recipe_may_train_itself(tmp_path: Path) -> None:
    with lock_run(tmp_path), lock_for_trainer(tmp_path):
        assert has_trainer(tmp_path)
    assert not has_trainer(tmp_path)


def test_a_check_sees_what_a_start_would_refuse_and_makes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "new"
    check_writable(folder)
    check_unlocked(folder)
    assert not folder.parent.exists()
    with lock_run(folder), pytest.raises(BadFolder, match="trains here"):
        check_unlocked(folder)
    check_unlocked(folder)
    with lock_for_trainer(folder), pytest.raises(BadFolder, match="trains here"):
        check_unlocked(folder)


def test_a_folder_that_cannot_be_made_is_an_error_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    for folder in (file, file / "run"):
        with pytest.raises(BadFolder, match="expected output_dir to be a folder, got a file"):
            check_writable(folder)
        with pytest.raises(BadFolder, match="expected output_dir to be a folder, got a file"), lock_run(folder):
            pass
