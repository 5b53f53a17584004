"""Whole corpora: rows in the splits of their keys, no puzzle twice, and the same bytes with any number of processes."""

import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from knk.answers.verify import verify
from knk.datasets import build as build_module
from knk.datasets.build import BuildSettings
from knk.datasets.config import CorpusConfig, PartConfig
from knk.datasets.manifest import MANIFEST, Manifest
from knk.datasets.split import (
    split_of,
)
from knk.errors import BadFolder
from knk.generation.spec import Spec
from knk.logic.notation import decode
from knk.text.parse import parse
from tests.support.corpora import build, rows_in, stop_after
from tests.support.folders import files_in


def keys_in(folder: Path, split: str) -> set[str]:
    return {row["key"] for row in rows_in(folder, split)}


def test_rows_are_valid_and_in_the_split_of_their_keys(uninterrupted: Path, mixed: CorpusConfig) -> None:
    seen: set[str] = set()
    for split in ("train", "validation", "test"):
        for row in rows_in(uninterrupted, split):
            puzzle = decode(row["puzzle"])
            assert row["key"] == puzzle.key
            assert split_of(row["key"], mixed.shares) == split
            assert row["key"] not in seen
            assert parse(row["text"]) == puzzle
            assert verify(row["answer"], puzzle).correct
            seen.add(row["key"])
    assert len(seen) == mixed.rows == 1060


def test_the_manifest_lists_all_files(uninterrupted: Path, mixed: CorpusConfig) -> None:
    text = (uninterrupted / MANIFEST).read_text()
    manifest = Manifest.from_json(text)
    assert manifest.to_json() == text
    assert manifest.about["config"] == mixed.to_dict()
    files = files_in(uninterrupted)
    assert files.keys() == {MANIFEST, *(file.path for file in manifest.files)}
    for file in manifest.files:
        assert hashlib.sha256(files[file.path]).hexdigest() == file.sha256
        if file.split:
            assert pq.ParquetFile(uninterrupted / file.path).metadata.num_rows == file.rows
    counts = manifest.counts()
    assert sum(parts["small"] for parts in counts.values()) == 700
    assert [parts.get("hard") for _, parts in sorted(counts.items())] == [60, None, None]


def test_datasets_loads_and_streams_a_corpus(uninterrupted: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    loaded = load_dataset(str(uninterrupted), cache_dir=str(tmp_path))
    assert set(loaded) == {"train", "validation", "test"}
    streamed = load_dataset(str(uninterrupted), streaming=True)
    for split in loaded:
        assert loaded[split].to_list() == list(streamed[split]) == list(rows_in(uninterrupted, split))


def test_train_and_test_of_two_seeds_share_no_puzzle(tmp_path: Path) -> None:
    for seed in (1, 2):
        build(CorpusConfig((PartConfig(Spec(people=3), 1000, "a"),), seed=seed), tmp_path / str(seed))
    first, second = ({split: keys_in(tmp_path / seed, split) for split in ("train", "test")} for seed in ("1", "2"))
    assert len(first["train"] & second["train"]) > 100
    assert first["test"]
    assert second["test"]
    assert not first["train"] & second["test"]
    assert not first["test"] & second["train"]


def test_two_processes_build_the_same_bytes(uninterrupted: Path, mixed: CorpusConfig, tmp_path: Path) -> None:
    done: list[int] = []
    settings = BuildSettings(batch=1000, searched_batch=60, single_process_rows=0)
    build(mixed, tmp_path / "two", processes=2, progress=done.append, settings=settings)
    assert files_in(tmp_path / "two") == files_in(uninterrupted)
    assert sum(done) == mixed.rows


def test_a_finished_corpus_is_not_changed(uninterrupted: Path, mixed: CorpusConfig) -> None:
    before, done = files_in(uninterrupted), list[int]()
    manifest = build(mixed, uninterrupted, progress=done.append)
    assert manifest.to_json().encode() == before[MANIFEST]
    assert files_in(uninterrupted) == before
    assert done == [1060]


def test_another_config_is_refused(uninterrupted: Path, mixed: CorpusConfig, tmp_path: Path) -> None:
    other = CorpusConfig(mixed.parts, 6, shares=mixed.shares)
    before = files_in(uninterrupted)
    with pytest.raises(BadFolder, match="another config"):
        build(other, uninterrupted)
    assert files_in(uninterrupted) == before
    stop_after(mixed, tmp_path, batches=1)
    with pytest.raises(BadFolder, match="another config"):
        build(other, tmp_path)


def test_another_version_is_refused(uninterrupted: Path, mixed: CorpusConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_module, "__version__", "0.0.0")
    with pytest.raises(BadFolder, match="another version"):
        build(mixed, uninterrupted)


def test_a_folder_with_other_files_is_refused(mixed: CorpusConfig, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadFolder, match="is not empty"):
        build(mixed, tmp_path)
    (tmp_path / MANIFEST).write_text('{"name": "an app"}')
    with pytest.raises(BadFolder, match="expected 'files' to be a list"):
        build(mixed, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [MANIFEST, "notes.txt"]
