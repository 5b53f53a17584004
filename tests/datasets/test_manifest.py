"""Manifests: written and read back, checked against the disk, and refused if hostile or damaged."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from knk.datasets.manifest import MANIFEST, File, Manifest
from knk.errors import BadFolder

CONTENT = b"rows"
FILE = File("train/a.parquet", "train", "a", 7, hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file and its manifest."""
    (tmp_path / "train").mkdir()
    (tmp_path / FILE.path).write_bytes(CONTENT)
    Manifest({"version": "1", "config": {"shares": {"train": 0.9, "test": 0.1}}}, (FILE,)).write(tmp_path)
    return tmp_path


def test_a_manifest_is_the_same_after_a_round_trip(folder: Path) -> None:
    manifest = Manifest.read(folder)
    assert manifest.files == (FILE,)
    assert list(manifest.about["config"]["shares"]) == ["train", "test"], "the order is kept"
    assert manifest.to_json() == (folder / MANIFEST).read_text()
    manifest.check(folder)


def test_files_are_sorted_and_counted() -> None:
    files = [File(f"{name}.parquet", split, "a", 2, "") for name, split in (("b", "test"), ("a", "test"), ("c", ""))]
    manifest = Manifest({}, tuple(files))
    assert [file.path for file in manifest.files] == ["a.parquet", "b.parquet", "c.parquet"]
    assert manifest.counts() == {"test": {"a": 4}}


def test_only_the_path_and_the_hash_of_a_file_are_required() -> None:
    assert File.from_dict({"path": "a", "sha256": "0" * 64}) == File("a", "", "", 0, "0" * 64)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "../rows.jsonl"}, "invalid path"),
        ({"path": "/etc/passwd"}, "invalid path"),
        ({"path": "a/../../b"}, "invalid path"),
        ({"path": "data/*"}, "invalid path"),
        ({"path": ".git/hooks/post-checkout"}, "invalid path"),
        ({"path": "manifest.json"}, "invalid path"),
        ({"path": 3}, "expected 'path', 'split'"),
        ({"path": None}, "expected 'path', 'split'"),
        ({"rows": -1}, "expected 'path', 'split'"),
        ({"rows": True}, "expected 'path', 'split'"),
        ({"split": "a-b"}, "invalid hash or split"),
        ({"sha256": "x"}, "invalid hash or split"),
        ({"sha256": None}, "expected 'path', 'split'"),
    ],
)
def test_an_invalid_file_is_refused(folder: Path, change: dict[str, Any], message: str) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    content["files"][0].update(change)
    with pytest.raises(BadFolder, match=message):
        Manifest.from_json(json.dumps(content))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', '{"files": ["a"]}', "[" * 100_000, '{"files": [{}]}'])
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(BadFolder, match=r"^manifest\.json: "):
        Manifest.from_json(text)


def test_a_file_listed_twice_is_refused() -> None:
    with pytest.raises(BadFolder, match="lists a file twice"):
        Manifest.from_json(json.dumps({"files": [FILE.to_dict()] * 2}))


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match=r"has no manifest\.json"):
        Manifest.read(tmp_path)


def test_a_missing_or_changed_file_is_named(folder: Path) -> None:
    manifest = Manifest.read(folder)
    (folder / FILE.path).write_bytes(b"other rows")
    with pytest.raises(BadFolder, match=r"a\.parquet was changed"):
        manifest.check(folder)
    (folder / FILE.path).unlink()
    with pytest.raises(BadFolder, match=r"a\.parquet is missing"):
        manifest.check(folder)


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "a.parquet"
    outside.write_bytes(CONTENT)
    (folder / FILE.path).unlink()
    (folder / FILE.path).symlink_to(outside)
    with pytest.raises(BadFolder, match="is missing"):
        Manifest.read(folder).check(folder)
