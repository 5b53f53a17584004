"""The command `knk teach`: its output, its errors, and runs that are killed or interrupted."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from knk import cli
from knk.inference.store import ANSWERS
from knk.tasks import kk
from knk.teacher.tokens import count_by_characters
from tests.support.faulty_server import FaultyServer, fail_first, serve
from tests.support.paths import ROOT
from tests.support.reasoning_server import serve_reasoning
from tests.support.teaching import (
    KEY,
    expected_pairs,
    read_lines,
    stored_pairs,
    teach_command,
    wait_for_answers,
    write_puzzles,
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `knk teach` in this process."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        status = cli.main(["teach", *map(str, arguments)])
        return status, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def puzzles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 200 puzzles."""
    return write_puzzles(tmp_path_factory.mktemp("puzzles"))


def start_process(folder: Path, puzzles: Path, server: FaultyServer, *options: str) -> subprocess.Popen[str]:
    """Start the command in a new process."""
    model = ("--model", "m", "--base-url", server.url, "--max-tokens", "5")
    return subprocess.Popen(
        teach_command(puzzles, "-o", folder, "--split", "test", *model, *options),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_killed_run_resumes(puzzles: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    options = ("--concurrency", "8", "--json")
    with serve(delay=0.05) as server:
        for count in (30, 90):
            with start_process(folder, puzzles, server, *options) as process:
                wait_for_answers(count, folder)
                process.send_signal(signal.SIGKILL)
            assert process.returncode == -signal.SIGKILL
        with start_process(folder, puzzles, server, *options) as process:
            out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        summary = json.loads(out)
        assert summary["stored"] + summary["existing"] == 200
        assert sorted(stored_pairs(folder / ANSWERS)) == sorted(expected_pairs(puzzles, 1))
        # Only the requests that were in flight when the process was killed are sent twice.
        assert len(server.requests) <= 200 + 2 * 8
    texts = [line["completion"] for line in read_lines(folder / ANSWERS)]
    assert len(set(texts)) == 200


def interrupt(folder: Path, puzzles: Path, number: signal.Signals) -> tuple[int, str, str]:
    """Send a signal to a run when 16 answers are stored and 4 requests will never be answered."""
    with (
        serve(lambda request, _body: "ok" if request < 16 else "hang") as server,
        start_process(folder, puzzles, server, "--concurrency", "4") as process,
    ):
        wait_for_answers(16, folder)
        deadline = time.monotonic() + 60
        while len(server.requests) < 20 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()  # If the signal did not end it, leaving this block would wait for ever.
        assert len(server.requests) == 20
    return process.returncode, out, err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_without_waiting_for_answers(
    puzzles: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    assert interrupt(tmp_path / "run", puzzles, number) == (status, "", "")
    assert len(stored_pairs(tmp_path / "run" / ANSWERS)) == 16


def test_a_background_job_can_be_terminated(puzzles: Path, tmp_path: Path) -> None:
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)  # A shell does this to such a job, and a child inherits it.
    try:
        assert interrupt(tmp_path / "run", puzzles, signal.SIGTERM) == (143, "", "")
    finally:
        signal.signal(signal.SIGINT, previous)


def test_without_a_model_the_answers_are_proofs(puzzles: Path, tmp_path: Path, run: Run) -> None:
    status, out, err = run(puzzles, "-o", tmp_path / "run", "-n", "2", "--limit", "3", "--split", "test")
    assert (status, err) == (0, "")
    assert out == f"{tmp_path / 'run'}: 6 answers, 0 truncated, 0 given up\n"


def test_duplicate_puzzles_are_reported(tmp_path: Path, run: Run) -> None:
    notations = ["Ann,Bob 0:-1 1:&(-0,-1)", "Zoe,Max 0:-1 1:&(-0,-1)", "Ann,Bob 0:-1 1:&(-0,-1)"]
    path = tmp_path / "duplicates.jsonl"
    path.write_text("".join(json.dumps({"puzzle": notation}) + "\n" for notation in notations))
    _, out, _ = run(path, "-o", tmp_path / "run", "-n", "2", "--split", "test")
    assert out.splitlines()[1] == "2 puzzles repeat an earlier one, maybe under other names, and were asked once"


def test_failures_are_reported_and_requested_again(puzzles: Path, tmp_path: Path, run: Run) -> None:
    options = (puzzles, "-o", tmp_path / "run", "--model", "m", "--max-tokens", "9", "--limit", "4", "--split", "test")
    with serve(fail_first("500", "more")) as server:
        server_options = (*options, "--base-url", server.url, "--concurrency", "1", "--retries", "0")
        status, out, err = run(*server_options)
        assert (status, err) == (1, "")
        assert out.splitlines()[0] == f"{tmp_path / 'run'}: 3 answers, 0 truncated, 1 given up"
        assert out.splitlines()[1] == "2 answers arrived that were not asked for, and were dropped"
        assert "failed.jsonl has the reasons" in out.splitlines()[-1]
        status, out, _ = run(*server_options)
        assert (status, out.splitlines()[0]) == (
            0,
            f"{tmp_path / 'run'}: 1 answers, 3 already there, 0 truncated, 0 given up",
        )


def test_the_key_is_read_from_the_environment(
    puzzles: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNK_API_KEY", KEY)
    with serve(lambda _number, _body: "401") as server:
        options = ("--model", "m", "--base-url", server.url, "--max-tokens", "9", "--limit", "1", "--split", "test")
        status, out, err = run(puzzles, "-o", tmp_path / "run", *options)
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
        assert (status, out) == (2, "")
        assert err == f"knk: {server.url} refuses the request: 401 fault 401 [31m for Bearer ***\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "missing --output"),
        (("-o", "x", "--model", "m"), "--model cannot be used with --engine trace"),
        (("-o", "x", "--base-url", "http://host/v1"), "missing --model: --engine server needs it"),
        (("-o", "x", "--engine", "server", "--model", "m"), "missing --base-url: --engine server needs it"),
        (("-o", "x", "--model", "m", "--base-url", "http://host/v1"), "missing --max-tokens"),
        (("-o", "x", "--model", "m", "--base-url", "host"), "expected a base URL such as http://"),
        (("-o", "x", "--temperature", "-1"), "temperature must be at least 0"),
        (("--dry-run", "--engine", "server"), "missing --max-tokens"),
    ],
)
def test_bad_options_are_one_line_errors(
    puzzles: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run(puzzles, *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert not list(tmp_path.iterdir())


def test_missing_vllm_is_a_one_line_error(
    puzzles: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_LOGGING_STREAM", "ext://sys.stderr")  # The engine sets it if it is not set.
    options = ("--engine", "vllm", "--model", "m", "--max-tokens", "9", "--limit", "1", "--split", "test")
    status, out, err = run(puzzles, "-o", tmp_path / "run", *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "--engine vllm needs the package 'vllm'" in err


def test_the_progress_bar_shows_tokens_per_second_and_the_remaining_time(
    puzzles: Path, tmp_path: Path, run: Run
) -> None:
    with serve(delay=0.05) as server:
        options = ("--model", "m", "--base-url", server.url, "--max-tokens", "9", "--concurrency", "4", "--progress")
        run(puzzles, "-o", tmp_path / "run", *options, "--limit", "2", "--split", "test")
        _, _, err = run(puzzles, "-o", tmp_path / "run", *options, "--limit", "30", "--split", "test")
    last = err.split("\r")[-1]
    assert "30/30" in last
    assert "tokens/s" in last
    assert "<" in err


def test_a_dry_run_counts_and_writes_nothing(puzzles: Path, tmp_path: Path, run: Run) -> None:
    options = ("--dry-run", "--preset", "paper", "--split", "test", "--tokens-per-second", "1000")
    status, out, err = run(puzzles, *options)
    assert (status, err) == (0, "")
    tokens = 4 * sum(count_by_characters(kk.prompt(row)) for row in kk.rows("test", puzzles))
    assert out.splitlines() == [
        "200 puzzles, 800 requests, 800 answers",
        f"{tokens:,} prompt tokens (one per 4 characters)",
        "at most 6,553,600 completion tokens",
        "at most 1.8 GPU hours for the completions",
    ]
    _, out, _ = run(puzzles, *options, "--limit", "10", "--answer-tokens", "900", "--per-request", "3", "--json")
    cost = json.loads(out)
    assert (cost["puzzles"], cost["requests"], cost["answers"]) == (10, 20, 40)
    assert (cost["completion_tokens"], cost["gpu_hours"]) == (36_000, 0.01)
    assert not list(tmp_path.iterdir())


def test_what_a_reasoning_server_answers_becomes_rows_or_is_counted(
    run: Run, puzzles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(prompt: str) -> str:
        (index,) = [index for index, row in enumerate(rows) if row["text"] in prompt]
        return ["", "Hm.", "Hm.</think>What?", f"Hm.</think><answer>{rows[3]['answer']}</answer>"][index]

    rows = list(kk.rows("test", puzzles, n=4))
    with serve_reasoning(write, "sglang") as server:
        chat = ("--style", "chat", "--preset", "paper", "-n", "1", "--limit", "4", "--stream")
        model = ("--model", "m", "--base-url", server.url)
        status, out, _ = run(puzzles, "--split", "test", *model, *chat, "-o", tmp_path / "answers")
        assert status == 0
        assert "2 answers are empty or only thinking" in out
        assert [(body["stream"], "stop" in body) for body in server.requests] == [(True, False)] * 4
    dropped = {"empty": 1, "no answer to read: no answer": 1, "thinking not closed": 1}
    assert cli.main(["corpus", "sft", str(tmp_path / "answers"), "-o", str(tmp_path / "rows"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["kept"], report["dropped"]) == (1, dropped)
    assert cli.main(["corpus", "sft", str(tmp_path / "answers"), "-o", str(tmp_path / "again")]) == 0
    table = capsys.readouterr().out
    assert all(f"1 dropped: {reason}\n" in table for reason in dropped)
