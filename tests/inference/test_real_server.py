"""A real model behind a real server: sampled, killed twice, resumed, and sorted out for SFT."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from knk.datasets.stream import write
from knk.generation.spec import Spec
from knk.inference.store import ANSWERS
from tests.support import smollm2
from tests.support.paths import ROOT
from tests.support.teaching import (
    expected_pairs,
    read_lines,
    stored_pairs,
    teach_command,
    wait_for_answers,
)

ABSENT = [*smollm2.ABSENT, *(name for name in ("fastapi", "uvicorn", "openai") if find_spec(name) is None)]


@pytest.fixture(scope="module")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL of a server with a real model of 135 million parameters, and the model's name."""
    folder = tmp_path_factory.mktemp("model")
    server_environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    smollm2.save_smollm2(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = (str(Path(sys.executable).parent / "transformers"), "serve", str(folder), "--device", "cpu")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*serve, "--port", str(port)], env=server_environment, stdout=log, stderr=log)
        try:
            # `knk teach` waits until the server is ready.
            yield f"http://localhost:{port}/v1", str(folder)
        finally:
            process.kill()
            process.wait(60)


@pytest.mark.slow
@pytest.mark.skipif(bool(ABSENT), reason=f"a real model needs packages that are not installed: {', '.join(ABSENT)}")
def test_a_run_with_a_real_model_is_killed_twice_and_resumes(tmp_path: Path, real_server: tuple[str, str]) -> None:
    url, model = real_server
    path, folder = tmp_path / "puzzles.jsonl", tmp_path / "run"
    write(path, Spec(people=(2, 3)), 50, seed=8)
    options = ("--split", "test", "--preset", "paper", "--n", "1", "--max-tokens", "24", "--dialect", "transformers")
    arguments = teach_command(
        path, "-o", folder, "--model", model, "--base-url", url, *options, "--concurrency", "2", "--json"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    for count in (12, 30):
        with subprocess.Popen(arguments, env=environment) as process:
            wait_for_answers(count, folder, seconds=900)
            process.kill()
        assert len((folder / ANSWERS).read_bytes().splitlines()) >= count
    last_run = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True, timeout=1800)
    summary = json.loads(last_run.stdout)
    assert summary["existing"] >= 30
    assert summary["existing"] + summary["stored"] == 50
    assert sorted(stored_pairs(folder / ANSWERS)) == sorted(expected_pairs(path, 1))
    answers = read_lines(folder / ANSWERS)
    assert len({line["completion"] for line in answers}) > 25  # A model this small repeats itself.
    for line in answers:
        assert line["prompt_tokens"] > 100
        assert 0 < line["completion_tokens"] <= 24
        assert line["finish_reason"] == ("length" if line["completion_tokens"] == 24 else "stop")
    # A model this small gives no answer within so few tokens, and none of its answers becomes a row.
    convert = ("corpus", "sft", str(folder), "-o", str(tmp_path / "rows"), "--tokenizer", model, "--json")
    sft = [sys.executable, "-m", "knk", *convert]
    report = json.loads(
        subprocess.run(sft, env=environment, capture_output=True, text=True, check=True, timeout=300).stdout
    )
    assert report["kept"] + sum(report["dropped"].values()) == 50
    truncated = sum(line["finish_reason"] == "length" for line in answers)
    assert report["dropped"]["truncated at the limit of tokens"] == truncated > 0
