"""Corpora: splits that depend on keys alone, no puzzle twice, and the same bytes however often a build is killed."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from knk.answers.verify import verify
from knk.datasets import build as build_module
from knk.datasets import corpus_rows
from knk.datasets.build import BuildSettings
from knk.datasets.build import build as build_corpus
from knk.datasets.config import CorpusConfig, PartConfig
from knk.datasets.files import read
from knk.datasets.manifest import MANIFEST, README, Manifest
from knk.datasets.split import (
    split_of,
)
from knk.errors import BadFolder, GaveUp, NotEnough
from knk.generation.sieve import SearchLimits
from knk.generation.spec import Spec
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.proofs.difficulty import MEASURES, Difficulty, difficulty
from knk.text.parse import parse
from tests.support.folders import files_in
from tests.support.paths import ROOT

build = partial(build_corpus, settings=BuildSettings(batch=1000, searched_batch=60))

MIXED = """
seed: 5
shares: {train: 0.8, validation: 0.1, test: 0.1}
parts:
  - {name: small, people: [3, 5], rows: 700}
  - {name: again, people: 3, rows: 300}
  - {name: hard, preset: rich, depth: 0, people: 4, rows: 60, splits: [test]}
"""


def rows_in(folder: Path, split: str) -> Iterator[dict[str, Any]]:
    for path in sorted((folder / split).glob("*.parquet")):
        yield from read(path)


def keys_in(folder: Path, split: str) -> set[str]:
    return {row["key"] for row in rows_in(folder, split)}


@pytest.fixture(scope="module")
def mixed() -> CorpusConfig:
    return CorpusConfig.from_text(MIXED)


@pytest.fixture(scope="module")
def undisturbed(mixed: CorpusConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "whole"
    build(mixed, folder)
    return folder


# What is built.


def test_rows_are_sound_and_in_the_split_of_their_keys(undisturbed: Path, mixed: CorpusConfig) -> None:
    seen: set[str] = set()
    for split in ("train", "validation", "test"):
        for row in rows_in(undisturbed, split):
            puzzle = decode(row["puzzle"])
            assert row["key"] == puzzle.key
            assert split_of(row["key"], mixed.shares) == split
            assert row["key"] not in seen
            assert parse(row["text"]) == puzzle
            assert verify(row["answer"], puzzle).correct
            seen.add(row["key"])
    assert len(seen) == mixed.rows == 1060


def test_the_manifest_says_what_is_there(undisturbed: Path, mixed: CorpusConfig) -> None:
    text = (undisturbed / MANIFEST).read_text()
    manifest = Manifest.from_json(text)
    assert manifest.to_json() == text
    assert manifest.about["config"] == mixed.to_dict()
    files = files_in(undisturbed)
    assert files.keys() == {MANIFEST, *(file.path for file in manifest.files)}
    for file in manifest.files:
        assert hashlib.sha256(files[file.path]).hexdigest() == file.sha256
        if file.split:
            assert pq.ParquetFile(undisturbed / file.path).metadata.num_rows == file.rows
    counts = manifest.counts()
    assert sum(parts["small"] for parts in counts.values()) == 700
    assert [parts.get("hard") for _, parts in sorted(counts.items())] == [60, None, None]


def test_sizes_are_equally_many(undisturbed: Path) -> None:
    rows = [row for split in ("train", "validation", "test") for row in rows_in(undisturbed, split)]
    assert np.bincount([row["people"] for row in rows]).tolist() == [0, 0, 0, 234 + 300, 233 + 60, 233]


def test_datasets_reads_it(undisturbed: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    loaded = load_dataset(str(undisturbed), cache_dir=str(tmp_path))
    assert set(loaded) == {"train", "validation", "test"}
    streamed = load_dataset(str(undisturbed), streaming=True)
    for split in loaded:
        assert loaded[split].to_list() == list(streamed[split]) == list(rows_in(undisturbed, split))


def test_two_seeds_share_nothing_across_train_and_test(tmp_path: Path) -> None:
    for seed in (1, 2):
        build(CorpusConfig((PartConfig(Spec(people=3), 1000, "a"),), seed=seed), tmp_path / str(seed))
    one, two = ({split: keys_in(tmp_path / seed, split) for split in ("train", "test")} for seed in ("1", "2"))
    assert len(one["train"] & two["train"]) > 100
    assert one["test"]
    assert two["test"]
    assert not one["train"] & two["test"]
    assert not one["test"] & two["train"]


def test_same_bytes_with_more_processes(undisturbed: Path, mixed: CorpusConfig, tmp_path: Path) -> None:
    done: list[int] = []
    settings = BuildSettings(batch=1000, searched_batch=60, single_process_rows=0)
    build(mixed, tmp_path / "two", processes=2, progress=done.append, settings=settings)
    assert files_in(tmp_path / "two") == files_in(undisturbed)
    assert sum(done) == mixed.rows


# Cut off and gone on with.


CHILD = """
import sys
from knk.datasets.build import BuildSettings, build
from knk.datasets.config import CorpusConfig
if __name__ == "__main__":
    settings = BuildSettings(batch=1000, single_process_rows=0)
    config, folder, processes = CorpusConfig.from_yaml(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    build(config, folder, processes, lambda n: print(n, flush=True), settings=settings)
"""


def test_killed_and_resumed_gives_the_same_bytes(undisturbed: Path, tmp_path: Path) -> None:
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
            # Past the report it may be anywhere in the next batch.
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
    assert files_in(folder) == files_in(undisturbed)


class Cut(BaseException):
    """Stands for the end of the process."""


def cut_at(number: int, patch: pytest.MonkeyPatch) -> None:
    """Let the process end at the `number`th change of what is on the disk, before or after it by turns."""
    changes = count()

    def cutting(change: Any) -> Any:
        def cut(*args: Any, **more: Any) -> Any:
            now = next(changes)
            if now == number // 2 and number % 2 == 0:
                raise Cut
            result = change(*args, **more)
            if now == number // 2:
                raise Cut
            return result

        return cut

    for where, name in ((os, "fsync"), (Path, "rename"), (Path, "replace"), (shutil, "rmtree")):
        patch.setattr(where, name, cutting(getattr(where, name)))


def test_cut_off_at_each_place_where_the_disk_changes(tmp_path: Path) -> None:
    config = CorpusConfig((PartConfig(Spec(people=3), 12, "a"),), shares=(("train", 0.5), ("test", 0.5)))
    small = BuildSettings(batch=18)
    build(config, tmp_path / "whole", settings=small)
    expected = files_in(tmp_path / "whole")
    for number in count():
        folder = tmp_path / str(number)
        try:
            with pytest.MonkeyPatch.context() as cutting:
                cut_at(number, cutting)
                build(config, folder, settings=small)
            break
        except Cut:
            # A file that a killed process was writing.
            inside = folder / ".unfinished" / "train"
            if inside.exists():
                (inside / ".a-00000.parquet.half").write_text("PAR1")
            build(config, folder, settings=small)
            assert files_in(folder) == expected
    assert number > 30


def test_a_torn_line_of_the_journal_is_no_batch(undisturbed: Path, mixed: CorpusConfig, tmp_path: Path) -> None:
    journal = stopped_after(mixed, tmp_path / "corpus", batches=2)
    whole_lines = journal.read_bytes()
    journal.write_bytes(whole_lines[:-20])
    build(mixed, tmp_path / "corpus")
    assert files_in(tmp_path / "corpus") == files_in(undisturbed)


def stopped_after(config: CorpusConfig, folder: Path, batches: int) -> Path:
    """Build so many batches, and return the journal."""
    done = count(1)

    def stop(_: int) -> None:
        if next(done) == batches:
            raise Cut

    with pytest.raises(Cut):
        build(config, folder, progress=stop)
    return folder / ".unfinished" / "journal.jsonl"


def test_unfinished_is_no_data_set(mixed: CorpusConfig, tmp_path: Path) -> None:
    from datasets import load_dataset
    from datasets.data_files import EmptyDatasetError

    stopped_after(mixed, tmp_path / "corpus", batches=2)
    assert [path.name for path in (tmp_path / "corpus").iterdir()] == [".unfinished"]
    with pytest.raises(EmptyDatasetError):
        load_dataset(str(tmp_path / "corpus"), cache_dir=str(tmp_path / "cache"))


def test_a_changed_file_is_noticed(mixed: CorpusConfig, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    journal = stopped_after(mixed, folder, batches=2)
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


# Other folders.


def test_a_finished_corpus_is_left_alone(undisturbed: Path, mixed: CorpusConfig) -> None:
    before, done = files_in(undisturbed), list[int]()
    manifest = build(mixed, undisturbed, progress=done.append)
    assert manifest.to_json().encode() == before[MANIFEST]
    assert files_in(undisturbed) == before
    assert done == [1060]


def test_another_config_is_refused(undisturbed: Path, mixed: CorpusConfig, tmp_path: Path) -> None:
    other = CorpusConfig(mixed.parts, 6, shares=mixed.shares)
    before = files_in(undisturbed)
    with pytest.raises(BadFolder, match="another config"):
        build(other, undisturbed)
    assert files_in(undisturbed) == before
    stopped_after(mixed, tmp_path, batches=1)
    with pytest.raises(BadFolder, match="another config"):
        build(other, tmp_path)


def test_another_version_is_refused(undisturbed: Path, mixed: CorpusConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_module, "__version__", "0.0.0")
    with pytest.raises(BadFolder, match="another version"):
        build(mixed, undisturbed)


def test_a_folder_of_something_else_is_refused(mixed: CorpusConfig, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadFolder, match="is not empty"):
        build(mixed, tmp_path)
    (tmp_path / MANIFEST).write_text('{"name": "an app"}')
    with pytest.raises(BadFolder, match="expected a list of 'files'"):
        build(mixed, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [MANIFEST, "notes.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such lock there")
def test_two_cannot_build_in_one_folder(mixed: CorpusConfig, tmp_path: Path) -> None:
    def intrude(_: int) -> None:
        with pytest.raises(BadFolder, match="another process"):
            build(mixed, tmp_path)
        raise Cut

    with pytest.raises(Cut):
        build(mixed, tmp_path, progress=intrude)


# Too few.


@pytest.mark.parametrize("rows", [29, 5000])
def test_not_enough_leaves_nothing(tmp_path: Path, rows: int) -> None:
    config = CorpusConfig((PartConfig(Spec(people=4), 50, "fine"), PartConfig(Spec(people=2), rows, "few")))
    with pytest.raises(
        NotEnough, match="part few: the specification has only 28 different puzzles of 2 people"
    ) as error:
        build(config, tmp_path / "corpus")
    assert error.value.found == 28
    assert not list((tmp_path / "corpus").iterdir())


def test_all_there_are_can_be_had(tmp_path: Path) -> None:
    manifest = build(CorpusConfig((PartConfig(Spec(people=2), 28, "all"),)), tmp_path)
    assert sum(parts["all"] for parts in manifest.counts().values()) == 28


def test_no_part_repeats_the_puzzles_of_another(tmp_path: Path) -> None:
    config = CorpusConfig((PartConfig(Spec(people=2), 20, "a"), PartConfig(Spec(people=2), 9, "b")))
    with pytest.raises(NotEnough, match="part b: only 8 new puzzles"):
        build(config, tmp_path, settings=BuildSettings(search=SearchLimits(candidates=1 << 16)))


# Grades and measures.

GRADED = """
measures: true
shares: {train: 0.5, test: 0.5}
parts:
  - {name: nested, preset: rich, people: 5, grade: [4, 5], rows: 30}
  - {name: steps, people: [3, 4], target: {steps: [6, 8], suppositions: 1}, rows: 50}
  - {name: hard-test, people: 4, grade: 3, rows: 20, splits: [test]}
  - {name: any, people: 4, rows: 40}
"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graded") / "whole"
    build(CorpusConfig.from_text(GRADED), folder)
    return folder


def test_parts_go_by_grade_and_measures(graded: Path) -> None:
    counts = Manifest.from_json((graded / MANIFEST).read_text()).counts()
    assert counts["train"].keys() == {"nested", "steps", "any"}
    assert counts["test"]["hard-test"] == 20
    keys = set()
    for split, parts in counts.items():
        for part in parts:
            for path in sorted((graded / split).glob(f"{part}-*.parquet")):
                for row in read(path):
                    found = difficulty(decode(row["puzzle"]))
                    assert {name: row[name] for name in MEASURES} == {name: getattr(found, name) for name in MEASURES}
                    assert part != "nested" or found.grade in (4, 5)
                    assert part != "hard-test" or found.grade == 3
                    assert part != "steps" or (6 <= found.steps <= 8 and found.suppositions == 1)
                    keys.add(row["key"])
    assert len(keys) == 140


def test_a_search_is_gone_on_with(graded: Path, tmp_path: Path) -> None:
    config = CorpusConfig.from_text(GRADED)
    for batches in (1, 2, 3):
        stopped_after(config, tmp_path / "corpus", batches)
    build(config, tmp_path / "corpus", processes=2)
    assert files_in(tmp_path / "corpus") == files_in(graded)


def test_a_search_that_fails_leaves_nothing(tmp_path: Path) -> None:
    config = CorpusConfig.from_text("parts: [{name: hard, people: 3, grade: [3, 5], rows: 123}]")
    words = "part hard: the search among puzzles of 3 people finds no more: 122 of .* have grade 3 to 5"
    with pytest.raises(NotEnough, match=words) as caught:
        build(config, tmp_path / "corpus", settings=BuildSettings(search=SearchLimits(cost=100_000)))
    assert caught.value.found == 122
    assert not list((tmp_path / "corpus").iterdir())


def test_what_is_too_hard_to_measure_has_no_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hard(puzzle: Puzzle) -> Difficulty:
        raise GaveUp("too hard")

    monkeypatch.setattr(corpus_rows, "difficulty", hard)
    build(CorpusConfig.from_text("{measures: true, shares: {train: 1}, parts: [{people: 3, rows: 2}]}"), tmp_path)
    assert [row[name] for row in rows_in(tmp_path, "train") for name in MEASURES] == [None] * 12
