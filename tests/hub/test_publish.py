"""Publishing to a server on the loopback interface, with a failure at each step."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from knk.errors import HubFailed
from knk.hub.client import download, publish
from knk.hub.staging import (
    StagedFolder,
    stage,
    stage_model,
)
from tests.support.folders import files_in
from tests.support.hub_folders import NAME, dataset_folder
from tests.support.hub_server import (
    READER,
    TOKEN,
    Fault,
    Hub,
)

# How huggingface-hub calls its HTTP library is up to it.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

SERVER_ERROR = re.compile(r"the Hub failed \(status 5\d\d\): run the command again")


def test_everything_is_published_in_one_commit(served: Hub, small: StagedFolder) -> None:
    done = publish(small, NAME, message="First")
    repository = served.repositories["dataset", NAME]
    files = served.files(NAME)
    assert files.pop(".gitattributes")
    assert files == files_in(small.folder)
    assert repository.private
    assert done.private
    assert repository.messages == ["initial commit", "First"]
    assert done.commit == repository.branches["main"]
    assert done.url.endswith(done.commit)


def test_publishing_again_uploads_and_commits_nothing(served: Hub, small: StagedFolder) -> None:
    first = publish(small, NAME)
    served.sent.clear()
    assert publish(small, NAME) == first
    assert not served.sent
    assert len(served.repositories["dataset", NAME].commits) == 2


def test_a_new_version_replaces_the_old_one(served: Hub, small: StagedFolder, tmp_path: Path) -> None:
    publish(small, NAME)
    repository = served.repositories["dataset", NAME]
    repository.commit("main", {**served.files(NAME), "notes.txt": b"by hand"}, "By hand")
    rows = [{"people": 9, "question": "Who?"}]
    smaller = stage(
        dataset_folder(tmp_path / "rows", {"train.parquet": rows}), tmp_path / "staged", NAME, audited=False
    )
    publish(smaller, NAME)
    assert set(served.files(NAME)) == {*smaller.files, ".gitattributes", "notes.txt"}
    assert len(repository.commits) == 4


def test_no_file_is_deleted_under_another_manifest(
    served: Hub, small: StagedFolder, caplog: pytest.LogCaptureFixture
) -> None:
    publish(small, NAME)
    repository = served.repositories["dataset", NAME]
    repository.commit("main", {"manifest.json": b"[]", "data.csv": b"1"}, "Another's")
    publish(small, NAME)
    assert set(served.files(NAME)) == {*small.files, "data.csv"}
    assert "none of its files is deleted" in caplog.text


def test_a_missing_branch_is_created(served: Hub, small: StagedFolder) -> None:
    publish(small, NAME, public=True)
    before = served.files(NAME)
    publish(replace(small, files={"README.md": small.files["README.md"]}), NAME, public=True, revision="v2")
    assert served.files(NAME) == before
    assert set(served.files(NAME, revision="v2")) == {"README.md", "manifest.json", ".gitattributes"}
    assert not served.repositories["dataset", NAME].private


@pytest.mark.parametrize("public", [False, True])
def test_the_visibility_of_a_repository_is_not_changed(served: Hub, small: StagedFolder, public: bool) -> None:
    publish(small, NAME, public=public)
    before = served.files(NAME)
    smaller = replace(small, files={"README.md": small.files["README.md"]})
    with pytest.raises(HubFailed, match="exists and is"):
        publish(smaller, NAME, public=not public)
    assert served.files(NAME) == before


def test_a_model_is_published_and_downloaded(served: Hub, checkpoint: Path, tmp_path: Path) -> None:
    staged = stage_model(checkpoint, tmp_path / "staged", "org/model")
    publish(staged, "org/model")
    download("org/model", tmp_path / "downloaded", kind="model")
    assert files_in(tmp_path / "downloaded") == files_in(staged.folder)


FAULTS = {
    "the upload fails": (Fault("PUT", "/lfs/", 500), SERVER_ERROR),
    "an upload fails after others": (Fault("PUT", "/lfs/", 503, skip=2), SERVER_ERROR),
    "the upload is cut off": (Fault("PUT", "/lfs/", skip=1), re.compile("run the command again")),
    "the upload is refused": (Fault("PUT", "/lfs/", 403), re.compile("the token has no permission")),
    "nothing is said of how to upload": (Fault("POST", "/preupload/", 500), SERVER_ERROR),
    "no place to upload to": (Fault("POST", "/objects/batch", 502), SERVER_ERROR),
    "the commit fails": (Fault("POST", "/commit/", 500), SERVER_ERROR),
    "the commit is cut off": (Fault("POST", "/commit/"), re.compile("run the command again")),
    "the commit is refused": (Fault("POST", "/commit/", 412), re.compile("somebody else has changed it")),
    "the commit is forbidden": (Fault("POST", "/commit/", 403), re.compile("the token has no permission")),
    "nobody is known": (Fault("GET", "/api/datasets/", 401), re.compile("'hf auth login'")),
    "too many requests": (Fault("POST", "/preupload/", 429), re.compile("wait some minutes")),
    "too large": (Fault("POST", "/commit/", 413), re.compile("too large for the Hub")),
    "refused without a reason": (Fault("POST", "/commit/", 400, message="no such thing"), re.compile("no such thing")),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_failure_leaves_the_repository_unchanged(
    served: Hub, small: StagedFolder, tmp_path: Path, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    for module in ("knk", "huggingface_hub"):
        caplog.set_level("DEBUG", module)
    old = stage(dataset_folder(tmp_path / "rows", {"train.parquet": [{"people": 9}]}), tmp_path / "staged", NAME)
    publish(old, NAME)
    repository = served.repositories["dataset", NAME]
    before, fault = dict(repository.branches), FAULTS[case]
    served.faults.append(replace(fault[0], message=f"{fault[0].message} {TOKEN}"))
    with pytest.raises(HubFailed, match=fault[1]) as caught:
        publish(small, NAME)
    error_text = str(caught.value)
    assert "\n" not in error_text
    assert repository.branches == before
    served.faults.clear()
    publish(small, NAME)
    assert set(served.files(NAME)) == {*small.files, ".gitattributes"}
    assert TOKEN not in error_text + caplog.text
    assert "secretSignature" not in error_text
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "fault",
    [
        Fault("PUT", "/lfs/", 500, times=3),
        Fault("PUT", "/lfs/", times=2),
        Fault("PUT", "/lfs/", seconds=0.3, times=2),
        Fault("POST", "/preupload/", 503, times=2),
    ],
    ids=["failing", "cut", "slow", "not available"],
)
def test_a_temporary_failure_is_retried(served: Hub, small: StagedFolder, fault: Fault) -> None:
    served.faults.append(replace(fault))
    publish(small, NAME)
    assert set(served.files(NAME)) == {*small.files, ".gitattributes"}


def test_a_commit_with_a_lost_response_is_not_made_twice(served: Hub, small: StagedFolder) -> None:
    publish(small, NAME)
    repository = served.repositories["dataset", NAME]
    repository.commit("main", {**served.files(NAME), "README.md": b"---\nlicense: mit\n---\n"}, "By hand")
    served.faults.append(Fault("POST", "/commit/", after=True, times=1))
    with pytest.raises(HubFailed, match="run the command again"):
        publish(small, NAME)
    assert len(repository.commits) == 4
    assert publish(small, NAME).commit == repository.branches["main"]
    assert len(repository.commits) == 4


def test_another_users_commit_is_kept(served: Hub, small: StagedFolder, tmp_path: Path) -> None:
    rows = dataset_folder(tmp_path / "rows", {"train.parquet": [{"people": 9}]})
    publish(stage(rows, tmp_path / "staged", NAME), NAME)
    repository = served.repositories["dataset", NAME]
    files = {**served.files(NAME), "theirs.txt": b"theirs"}
    served.faults.append(Fault("PUT", "/lfs/", times=1, before=lambda: repository.commit("main", files, "Theirs")))
    with pytest.raises(HubFailed, match="somebody else has changed it meanwhile"):
        publish(small, NAME)
    assert served.files(NAME) == files
    publish(small, NAME)
    assert served.files(NAME)["theirs.txt"] == b"theirs"


def test_missing_permissions_are_reported(served: Hub, small: StagedFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", READER)
    with pytest.raises(HubFailed, match="the token has no permission for org/puzzles") as caught:
        publish(small, NAME)
    assert READER not in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", "hf_nobodysToken")
    with pytest.raises(HubFailed, match="the token is invalid"):
        publish(small, NAME)
    monkeypatch.delenv("HF_TOKEN")
    served.requests.clear()
    with pytest.raises(HubFailed, match="missing token: set HF_TOKEN"):
        publish(small, NAME)
    assert not served.requests
    assert not served.repositories


def test_an_unreachable_hub_is_reported(served: Hub, small: StagedFolder, tmp_path: Path) -> None:
    with pytest.raises(HubFailed, match="org/puzzles was not published: Connect"):
        publish(small, NAME, endpoint="http://127.0.0.1:9")
    with pytest.raises(HubFailed, match="org/puzzles was not downloaded: Connect"):
        download(NAME, tmp_path / "downloaded", endpoint="http://127.0.0.1:9")
