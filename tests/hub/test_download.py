"""Downloading from a server on the loopback interface: interrupted, damaged, and hostile."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from knk.errors import BadFolder, HubFailed
from knk.hub import client as hub
from knk.hub.client import download, publish
from knk.hub.staging import (
    StagedFolder,
    stage,
)
from tests.support.folders import files_in
from tests.support.hub_folders import NAME, dataset_folder
from tests.support.hub_server import (
    TOKEN,
    Fault,
    Hub,
)

# How huggingface-hub calls its HTTP library is up to it.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def test_a_download_equals_the_publication(served: Hub, small: StagedFolder, tmp_path: Path) -> None:
    commit = publish(small, NAME).commit
    assert download(NAME, tmp_path / "downloaded") == commit
    assert files_in(tmp_path / "downloaded") == files_in(small.folder)
    (tmp_path / "empty").mkdir()
    assert download(NAME, tmp_path / "empty", revision=commit) == commit
    assert {path.name for path in tmp_path.iterdir()} == {"downloaded", "empty"}
    with pytest.raises(BadFolder, match="is not empty"):
        download(NAME, tmp_path / "downloaded")


def test_an_interrupted_download_resumes(served: Hub, small: StagedFolder, tmp_path: Path) -> None:
    publish(small, NAME)
    served.faults.append(Fault("GET", "/data/people-4/"))
    with pytest.raises(HubFailed, match="was not downloaded"):
        download(NAME, tmp_path / "downloaded")
    assert not (tmp_path / "downloaded").exists()
    served.faults.clear()
    served.requests.clear()
    download(NAME, tmp_path / "downloaded")
    assert files_in(tmp_path / "downloaded") == files_in(small.folder)
    assert not [request for request in served.requests if request.startswith("GET") and "/people-3/" in request]
    assert [path.name for path in tmp_path.iterdir()] == ["downloaded"]


def test_an_interrupted_download_resumes_with_a_newer_commit(served: Hub, small: StagedFolder, tmp_path: Path) -> None:
    publish(small, NAME)
    served.faults.append(Fault("GET", "/data/people-4/"))
    with pytest.raises(HubFailed, match="was not downloaded"):
        download(NAME, tmp_path / "downloaded")
    served.faults.clear()
    rows = dataset_folder(tmp_path / "rows", {"train.parquet": [{"people": 9}]})
    newer = stage(rows, tmp_path / "staged", NAME)
    publish(newer, NAME)
    download(NAME, tmp_path / "downloaded")
    assert files_in(tmp_path / "downloaded") == files_in(newer.folder)


def test_a_damaged_or_missing_file_is_named(served: Hub, small: StagedFolder, tmp_path: Path) -> None:
    publish(small, NAME)
    repository = served.repositories["dataset", NAME]
    path = next(path for path in small.files if path.startswith("data/"))
    right = served.files(NAME)
    repository.commit("main", {**right, path: b"other bytes"}, "Damaged")
    with pytest.raises(BadFolder, match=re.escape(f"{path} differs from its hash in the manifest.json of {NAME}")):
        download(NAME, tmp_path / "downloaded")
    assert not (tmp_path / "downloaded").exists()
    repository.commit("main", {name: content for name, content in right.items() if name != path}, "Lost")
    with pytest.raises(BadFolder, match=re.escape(f"{path} is missing, though the manifest.json of {NAME} lists it")):
        download(NAME, tmp_path / "downloaded")
    repository.commit("main", right, "Mended")
    download(NAME, tmp_path / "downloaded")
    assert files_in(tmp_path / "downloaded") == files_in(small.folder)


def test_a_damaged_partial_download_is_repeated(served: Hub, small: StagedFolder, tmp_path: Path) -> None:
    publish(small, NAME)
    served.faults.append(Fault("GET", "/data/people-4/"))
    with pytest.raises(HubFailed, match="was not downloaded"):
        download(NAME, tmp_path / "downloaded")
    served.faults.clear()
    path = next(path for path in small.files if path.startswith("data/people-3/"))
    damaged = tmp_path / ".downloaded.unfinished" / path
    damaged.write_bytes(b"damaged")
    os.utime(damaged, (1, 1))
    complaints: list[str] = []
    for _ in range(2):
        try:
            download(NAME, tmp_path / "downloaded")
            break
        except BadFolder as error:
            complaints.append(str(error))
    assert all(path in complaint for complaint in complaints)
    assert files_in(tmp_path / "downloaded") == files_in(small.folder)


def test_only_listed_files_are_downloaded(served: Hub, small: StagedFolder, tmp_path: Path) -> None:
    publish(small, NAME)
    repository = served.repositories["dataset", NAME]
    more = {"data/people-3/train-00009.parquet": b"slipped in", "loader.py": b"raise SystemExit", "a/b": b""}
    repository.commit("main", {**served.files(NAME), **more, "README.md": b"edited by hand"}, "More")
    download(NAME, tmp_path / "downloaded")
    assert files_in(tmp_path / "downloaded") == {**files_in(small.folder), "README.md": b"edited by hand"}
    assert not (tmp_path / "downloaded" / "a").exists()


def test_a_repository_without_a_manifest_needs_unchecked(served: Hub, small: StagedFolder, tmp_path: Path) -> None:
    publish(replace(small, files={"README.md": small.files["README.md"]}), NAME)
    with pytest.raises(BadFolder, match=re.escape("has no manifest.json to check its files against")):
        download(NAME, tmp_path / "downloaded")
    download(NAME, tmp_path / "downloaded", unchecked=True)
    assert sorted(files_in(tmp_path / "downloaded")) == [".gitattributes", "README.md"]


@pytest.mark.parametrize("path", ["../outside", "/tmp/outside", "data/../../outside", ".cache/huggingface/x/../../y"])
def test_a_hostile_manifest_cannot_write_elsewhere(served: Hub, small: StagedFolder, tmp_path: Path, path: str) -> None:
    publish(small, NAME)
    content = json.loads(served.files(NAME)["manifest.json"])
    content["files"][0]["path"] = path
    changed = {**served.files(NAME), "manifest.json": json.dumps(content).encode()}
    served.repositories["dataset", NAME].commit("main", changed, "Hostile")
    with pytest.raises(BadFolder, match="invalid path of a file"):
        download(NAME, tmp_path / "inner" / "downloaded")
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(("name", "revision"), [("org/none", None), (NAME, "no-such-branch")])
def test_a_missing_repository_or_revision_is_reported(
    served: Hub, small: StagedFolder, tmp_path: Path, name: str, revision: str | None
) -> None:
    publish(small, NAME)
    with pytest.raises(HubFailed, match=f"there is no {name}, or no such revision"):
        download(name, tmp_path / "downloaded", revision=revision)
    assert not (tmp_path / "downloaded").exists()


def test_messages_contain_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "another-kind-of-token")
    message = hub._clean(
        f"{TOKEN} Bearer abc another-kind-of-token http://me:secret@host/?X-Signature=secret&a=b\nnext"
    )
    assert message == "[...] [...] [...] http://[...]host/?[...] next"
