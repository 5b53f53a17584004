"""Locks on a run's folder: one process runs a recipe there, and one trainer writes there."""

import os
from pathlib import Path

import pytest

from knk.errors import BadFolder
from knk.training.locks import has_trainer, lock_for_trainer, lock_run


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


def test_the_process_that_runs_a_recipe_may_train_itself(tmp_path: Path) -> None:
    with lock_run(tmp_path), lock_for_trainer(tmp_path):
        assert has_trainer(tmp_path)
    assert not has_trainer(tmp_path)
