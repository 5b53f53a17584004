"""Interrupted builds: wherever the process ends, the build resumes with the same bytes."""

import os
import random
import shutil
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from knk.datasets.build import BuildSettings
from knk.datasets.config import CorpusConfig, PartConfig
from knk.datasets.manifest import MANIFEST, README
from knk.errors import BadFolder
from knk.generation.spec import Spec
from tests.support.corpora import GRADED, MIXED, Interrupted, build, stop_after
from tests.support.folders import files_in
from tests.support.paths import ROOT

CHILD = """
import sys
from knk.datasets.build import BuildSettings, build
from knk.datasets.config import CorpusConfig
if __name__ == "__main__":
    settings = BuildSettings(batch=1000, single_process_rows=0)
    config, folder, processes = CorpusConfig.from_yaml(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    build(config, folder, processes, lambda n: print(n, flush=True), settings=settings)
"""


def test_a_killed_build_resumes_with_the_same_bytes(uninterrupted: Path, tmp_path: Path) -> None:
    script, config, folder = tmp_path / "child.py", tmp_path / "config.yaml", tmp_path / "corpus"
    script.write_text(CHILD)
    config.write_text(MIXED)
    chance, kills = random.Random(7), 0
    for processes in (2, 1, 1):
        with subprocess.Popen(
            [sys.executable, str(script), str(config), str(folder), str(processes)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as child:
            assert child.stdout
            for _ in range(chance.randint(1, 2)):
                child.stdout.readline()
            # After the report the process may be anywhere in the next batch.
            try:
                child.wait(chance.random() * 0.03)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                kills += 1
        assert not (folder / MANIFEST).exists()
    assert kills == 3
    done: list[int] = []
    build(CorpusConfig.from_yaml(config), folder, progress=done.append)
    assert done[0] >= 200
    assert sum(done) == 1060
    assert files_in(folder) == files_in(uninterrupted)


def interrupt_at(number: int, patch: pytest.MonkeyPatch) -> None:
    """Interrupt the build at a change of the disk: before it if the number is even, after it if it is odd."""
    changes = count()

    def interruptible(change: Any) -> Any:
        def interrupted(*args: Any, **more: Any) -> Any:
            now = next(changes)
            if now == number // 2 and number % 2 == 0:
                raise Interrupted
            result = change(*args, **more)
            if now == number // 2:
                raise Interrupted
            return result

        return interrupted

    for owner, name in ((os, "fsync"), (Path, "rename"), (Path, "replace"), (shutil, "rmtree")):
        patch.setattr(owner, name, interruptible(getattr(owner, name)))


def test_a_build_resumes_after_any_change_of_the_disk(tmp_path: Path) -> None:
    config = CorpusConfig((PartConfig(Spec(people=3), 12, "a"),), shares=(("train", 0.5), ("test", 0.5)))
    small = BuildSettings(batch=18)
    build(config, tmp_path / "whole", settings=small)
    expected = files_in(tmp_path / "whole")
    for number in count():
        folder = tmp_path / str(number)
        try:
            with pytest.MonkeyPatch.context() as patch:
                interrupt_at(number, patch)
                build(config, folder, settings=small)
            break
        except Interrupted:
            # A file that the killed process was writing.
            inside = folder / ".unfinished" / "train"
            if inside.exists():
                (inside / ".a-00000.parquet.half").write_text("PAR1")
            build(config, folder, settings=small)
            assert files_in(folder) == expected
    assert number > 30


def test_an_incomplete_line_of_the_journal_is_ignored(uninterrupted: Path, mixed: CorpusConfig, tmp_path: Path) -> None:
    journal = stop_after(mixed, tmp_path / "corpus", batches=2)
    whole_lines = journal.read_bytes()
    journal.write_bytes(whole_lines[:-20])
    build(mixed, tmp_path / "corpus")
    assert files_in(tmp_path / "corpus") == files_in(uninterrupted)


def test_an_unfinished_corpus_cannot_be_loaded(mixed: CorpusConfig, tmp_path: Path) -> None:
    from datasets import load_dataset
    from datasets.data_files import EmptyDatasetError

    stop_after(mixed, tmp_path / "corpus", batches=2)
    assert [path.name for path in (tmp_path / "corpus").iterdir()] == [".unfinished"]
    with pytest.raises(EmptyDatasetError):
        load_dataset(str(tmp_path / "corpus"), cache_dir=str(tmp_path / "cache"))


def test_changed_and_missing_files_are_reported(mixed: CorpusConfig, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    journal = stop_after(mixed, folder, batches=2)
    shard = journal.parent / "train" / "small-00000.parquet"
    content = shard.read_bytes()
    shard.write_bytes(content[:-1])
    with pytest.raises(BadFolder, match="was changed"):
        build(mixed, folder)
    shard.unlink()
    with pytest.raises(BadFolder, match="missing"):
        build(mixed, folder)
    shard.write_bytes(content)
    build(mixed, folder)
    (folder / README).write_text("mine")
    with pytest.raises(BadFolder, match="was changed"):
        build(mixed, folder)


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is locked on Windows")
def test_two_processes_cannot_build_in_one_folder(mixed: CorpusConfig, tmp_path: Path) -> None:
    def intrude(_: int) -> None:
        with pytest.raises(BadFolder, match="another process"):
            build(mixed, tmp_path)
        raise Interrupted

    with pytest.raises(Interrupted):
        build(mixed, tmp_path, progress=intrude)


def test_an_interrupted_search_resumes(graded: Path, tmp_path: Path) -> None:
    config = CorpusConfig.from_text(GRADED)
    for batches in (1, 2, 3):
        stop_after(config, tmp_path / "corpus", batches)
    build(config, tmp_path / "corpus", processes=2)
    assert files_in(tmp_path / "corpus") == files_in(graded)
