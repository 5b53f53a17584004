"""The commands `knk publish` and `knk download`, in this process and in processes of their own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from knk import cli
from knk.datasets.manifest import Manifest
from knk.hub.layout import configs
from knk.hub.staging import (
    StagedFolder,
)
from tests.support.folders import files_in
from tests.support.hub_folders import NAME, safetensors
from tests.support.hub_server import (
    TOKEN,
    Fault,
    Hub,
)
from tests.support.paths import ROOT

# How huggingface-hub calls its HTTP library is up to it.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def run(*arguments: str | Path) -> int:
    return cli.main([str(argument) for argument in arguments])


def test_a_dry_run_changes_nothing(
    served: Hub, corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    before = files_in(corpus.parent)
    assert run("publish", corpus, NAME, "--dry-run", "--processes", "1") == 0
    output = capsys.readouterr().out
    staged, _, card = output.partition("\n\n")
    assert re.search(r"^ *[\d,]+  data/people-3/grade-1/train-00000.parquet$", staged, re.MULTILINE)
    assert re.search(r"^[\d,]+  bytes in \d+ files$", staged, re.MULTILINE)
    assert yaml.safe_load(card.split("---\n")[1])["license"] == "apache-2.0"
    assert files_in(corpus.parent) == before
    assert not served.requests


def test_commands_publish_and_download(
    served: Hub, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read_output: Callable[[], Any] = capsys.readouterr
    downloaded = tmp_path / "kept"
    assert run("publish", corpus, NAME, "--no-audit", "-o", downloaded, "-m", "First", "--branch", "v1") == 0
    commit = served.repositories["dataset", NAME].branches["v1"]
    assert read_output().out.splitlines()[-1] == f"private: {served.url}/datasets/{NAME}/commit/{commit}"
    assert run("download", NAME, "-o", tmp_path / "downloaded", "--revision", "v1") == 0
    assert read_output().out == f"{tmp_path / 'downloaded'}: {NAME} at {commit}\n"
    assert files_in(tmp_path / "downloaded") == files_in(downloaded)
    assert run("publish", corpus, NAME, "--no-audit", "-o", downloaded) == 2
    assert read_output().err == f"knk: {downloaded} is not empty: choose another folder or remove that one\n"
    served.faults.append(Fault("POST", "/preupload/", 403))
    assert run("publish", corpus, NAME, "--no-audit") == 2
    assert re.fullmatch(r"knk: org/puzzles was not published: the token has no permission.*\n", read_output().err)
    assert sorted(path.name for path in corpus.parent.iterdir()) == ["corpus"]


def test_a_command_publishes_a_model(
    served: Hub, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("publish", "--model", checkpoint, "org/model", "--public", "--license", "mit") == 0
    assert (
        "left out: README.md, code.py, optimizer.pt, rng_state.pth, runs/, training_args.bin\n"
        in capsys.readouterr().out
    )
    assert not served.repositories["model", "org/model"].private
    assert run("download", "--model", "org/model", "-o", tmp_path / "downloaded") == 0
    assert (tmp_path / "downloaded" / "model.safetensors").read_bytes() == safetensors()


def environment(served: Hub, home: Path) -> dict[str, str]:
    """The environment of somebody who uses that server as the Hub."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HF_ENDPOINT": served.url,
        "HF_TOKEN": TOKEN,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HOME": str(home),
    }


LOADING = """
import json, datasets
counts = {}
for config in datasets.get_dataset_config_names("org/puzzles"):
    whole = datasets.load_dataset("org/puzzles", config)
    streamed = datasets.load_dataset("org/puzzles", config, streaming=True)
    counts[config] = {split: [len(rows), sum(1 for _ in streamed[split])] for split, rows in whole.items()}
print(json.dumps(counts))
"""


@pytest.mark.slow
def test_load_dataset_reads_every_configuration_from_the_hub(staged: StagedFolder, tmp_path: Path) -> None:
    with Hub().running() as served:
        settings = environment(served, tmp_path)
        arguments = [sys.executable, "-m", "knk", "publish", str(staged.folder), NAME, "--no-audit"]
        subprocess.run(arguments, env=settings, check=True, capture_output=True, timeout=120)
        done = subprocess.run(
            [sys.executable, "-c", LOADING], env=settings, check=True, capture_output=True, text=True, timeout=300
        )
    row_counts = json.loads(done.stdout)
    manifest = Manifest.read(staged.folder)
    assert sorted(row_counts) == sorted(configs(manifest.files))
    for config, splits in row_counts.items():
        for split, (loaded, streamed) in splits.items():
            parts = manifest.counts()[split].items()
            expected = sum(number for part, number in parts if config == "default" or config in part.split("/"))
            assert loaded == streamed == expected


@pytest.mark.slow
def test_a_process_killed_during_its_upload_leaves_the_repository_unchanged(
    staged: StagedFolder, tmp_path: Path
) -> None:
    with Hub().running() as served:
        settings = environment(served, tmp_path)
        arguments = [sys.executable, "-m", "knk", "publish", str(staged.folder), NAME, "--no-audit"]
        served.faults.append(Fault("PUT", "/lfs/", seconds=60, skip=2))
        with subprocess.Popen(arguments, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            for _ in range(600):
                if len(served.sent) == 2:
                    break
                time.sleep(0.1)
            process.send_signal(signal.SIGKILL)
        assert len(served.sent) == 2
        assert set(served.files(NAME)) == {".gitattributes"}
        for fault in served.faults:
            fault.seconds = 0.001
        subprocess.run(arguments, env=settings, check=True, capture_output=True, timeout=120)
        assert set(served.files(NAME)) == {*staged.files, ".gitattributes"}
        assert len(served.sent) == len(set(served.sent)), "what was sent before is not sent again"
