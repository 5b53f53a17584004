"""Teachers: every answer asked for is stored once or reported, whatever the server does and whoever is killed."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from knk import cli, verify
from knk.datasets import stream as corpus
from knk.datasets.build import build
from knk.datasets.config import CorpusConfig, PartConfig
from knk.errors import BadFile, BadFolder, BadRow, BadSpec, MissingPackage, ModelFailed
from knk.generation.spec import Spec
from knk.inference.engine import Request
from knk.inference.openai_api import (
    InvalidResponse,
    error_message,
    parse_response,
    parse_retry_after,
)
from knk.inference.sampling import derive_seed
from knk.inference.store import ANSWERS, FAILED, HEADER, open_store
from knk.logic.notation import decode
from knk.tasks import kk
from knk.teacher import (
    PRESETS,
    Engine,
    Sampling,
    ServerEngine,
    Summary,
    TraceEngine,
    VllmEngine,
    estimate_cost,
    teach,
)
from knk.teacher.run import corpus_identity, count_puzzles
from knk.teacher.tokens import count_by_characters
from tests.support import smollm2
from tests.support.faulty_server import (
    FAULTS,
    FaultyServer,
    first,
    serving,
)
from tests.support.paths import ROOT

SHORT = Sampling(max_tokens=5)
KEY = "secret-key"


@pytest.fixture(scope="module")
def puzzles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 200 puzzles."""
    path = tmp_path_factory.mktemp("puzzles") / "puzzles.jsonl"
    corpus.write(path, Spec(people=4), 200, seed=5)
    return path


def engine_of(faulty: FaultyServer, **more: Any) -> ServerEngine:
    """An engine that loses no time."""
    quick: dict[str, Any] = {"first_delay": 0.01, "max_delay": 0.05, "timeout": 10.0} | more
    return ServerEngine("m", faulty.url, **quick)


def asked(puzzles: Path, folder: Path, engine: Engine, sampling: Sampling = SHORT, **more: Any) -> Summary:
    """Ask about all puzzles of a file."""
    return teach(puzzles, folder, engine, sampling, split="test", **more)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def pairs(path: Path) -> list[tuple[str, int]]:
    return [(line["id"], line["sample"]) for line in lines(path)]


def wanted(puzzles: Path, n: int, limit: int | None = None) -> set[tuple[str, int]]:
    rows = list(kk.rows("test", puzzles))[:limit]
    return {(row["id"], sample) for row in rows for sample in range(n)}


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `knk teach` in this process."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        status = cli.main(["teach", *map(str, arguments)])
        return status, *capsys.readouterr()

    return run


# What is stored.


def test_an_answer_is_stored_as_it_came(puzzles: Path, tmp_path: Path) -> None:
    sampling = replace(PRESETS["paper"], n=1, seed=3)
    with serving() as faulty:
        summary = asked(puzzles, tmp_path / "run", engine_of(faulty), sampling, limit=6)
        told = lines(tmp_path / "run" / ANSWERS)
        row = next(kk.rows("test", puzzles))
        (answer,) = [line for line in told if line["id"] == row["id"]]
        assert answer.pop("latency_s") > 0
        assert answer.pop("completion") in faulty.sent
        assert answer == {
            "id": row["id"],
            "sample": 0,
            "puzzle": row["puzzle"],
            "people": 4,
            "prompt": kk.prompt(row),
            "finish_reason": answer["finish_reason"],
            "stop": "</answer>" if answer["finish_reason"] == "stop" else None,
            "prompt_tokens": 11,
            "completion_tokens": 7,
            "model": "m",
            "parameters": sampling.to_dict(),
        }
        assert all(line["completion"] in faulty.sent for line in lines(tmp_path / "run" / ANSWERS))
        # Requests 0 and 5 were cut off by the server: that is said, and the text is not touched.
        assert Counter(line["finish_reason"] for line in told) == {"stop": 4, "length": 2}
        assert (summary.stored, summary.truncated, summary.completion_tokens) == (6, 2, 42)
        assert json.loads((tmp_path / "run" / HEADER).read_text()) == {
            "engine": "server",
            "model": "m",
            "base_url": faulty.url,
            "corpus": corpus_identity(puzzles, "test"),
            "split": "test",
            "style": "paper",
            "parameters": sampling.to_dict(),
            "version": "0.1.0",
        }


def test_what_is_sent_is_what_was_asked_for(puzzles: Path, tmp_path: Path) -> None:
    row = next(kk.rows("test", puzzles))
    sampling = replace(PRESETS["paper"], seed=3)
    with serving() as faulty:
        asked(puzzles, tmp_path / "text", engine_of(faulty, key=KEY), sampling, limit=1)
        asked(puzzles, tmp_path / "chat", engine_of(faulty), SHORT, style="chat", limit=1)
        asked(puzzles, tmp_path / "hf", engine_of(faulty, dialect="transformers"), sampling, limit=1)
        assert faulty.paths == ["/v1/completions"] * 4 + ["/v1/chat/completions"] + ["/v1/completions"] * 4
        assert faulty.headers[0]["authorization"] == f"Bearer {KEY}"
        assert "authorization" not in faulty.headers[4]
        assert sorted(faulty.requests[:4], key=lambda body: str(body["seed"])) == sorted(
            (
                {
                    "model": "m",
                    "prompt": kk.prompt(row),
                    "max_tokens": 8192,
                    "temperature": 0.6,
                    "top_p": 0.95,
                    "top_k": 40,
                    "stop": ["</answer>", "User:", "Assistant:"],
                    "seed": derive_seed(3, row["id"], sample),
                }
                for sample in range(4)
            ),
            key=lambda body: str(body["seed"]),
        )
        assert faulty.requests[4] == {"model": "m", "messages": kk.prompt(row, "chat"), "max_tokens": 5}
        assert json.loads(faulty.requests[5]["generation_config"]) == {"do_sample": True, "top_k": 40}
        assert "top_k" not in faulty.requests[5]
    assert lines(tmp_path / "chat" / ANSWERS)[0]["prompt"] == kk.prompt(row, "chat")


def test_a_sampling_that_cannot_be_is_refused() -> None:
    for bad in ({"n": 0}, {"temperature": -1}, {"temperature": float("nan")}, {"top_p": 2}, {"stop": ("",)}):
        with pytest.raises(BadSpec):
            Sampling(**bad)
    with pytest.raises(BadSpec, match="missing --max-tokens"):
        ServerEngine("m", "http://localhost/v1").effective_sampling(Sampling())
    with pytest.raises(BadSpec, match="--top-k cannot be used"):
        ServerEngine("m", "http://localhost/v1", dialect="openai").effective_sampling(PRESETS["paper"])


def test_a_url_with_a_secret_is_refused_without_showing_it() -> None:
    for url in (f"http://me:{KEY}@host/v1", f"http://{KEY}@host/v1", f"http://host/v1?key={KEY}", f"ftp://{KEY}/"):
        with pytest.raises(BadSpec) as error:
            ServerEngine("m", url)
        assert KEY not in str(error.value)
    assert KEY not in repr(ServerEngine("m", "http://host/v1", KEY))


# Faults.


@pytest.mark.parametrize("per_request", [1, 2])
def test_every_answer_is_stored_once_or_reported(puzzles: Path, tmp_path: Path, per_request: int) -> None:
    n = 2
    luck = random.Random(7)
    rows = list(kk.rows("test", puzzles))
    lost = {kk.prompt(row) for row in rows[::40]}

    def plan(_number: int, body: dict[str, Any]) -> str:
        return "500" if body["prompt"] in lost else luck.choice(FAULTS) if luck.random() < 0.5 else "ok"

    with serving(plan, delay=0.02, slow=0.2) as faulty:
        engine = engine_of(faulty, per_request=per_request, retries=20)
        summary = asked(puzzles, tmp_path / "run", engine, replace(SHORT, n=n))
        stored, failed = lines(tmp_path / "run" / ANSWERS), lines(tmp_path / "run" / FAILED)
        assert 32 < faulty.most_in_flight <= 64
        texts = [line["completion"] for line in stored]
        assert len(set(texts)) == len(texts)
        assert set(texts) <= set(faulty.sent)
    found = [*pairs(tmp_path / "run" / ANSWERS), *pairs(tmp_path / "run" / FAILED)]
    assert len(found) == len(set(found))
    assert set(found) == wanted(puzzles, n)
    assert {line["id"] for line in failed} == {row["id"] for row in rows[::40]}
    assert all("500" in line["reason"] and "\x1b" not in line["reason"] for line in failed)
    assert (summary.stored, summary.failed) == (len(stored), len(failed)) == (195 * n, 5 * n)
    assert summary.dropped > 0


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_a_request_and_nothing_else(puzzles: Path, tmp_path: Path, fault: str) -> None:
    with serving(first(fault), slow=1.3) as faulty:
        engine = engine_of(faulty, timeout=1.0 if fault == "slow" else 30.0, per_request=2, concurrency=1)
        summary = asked(puzzles, tmp_path / "run", engine, replace(SHORT, n=2), limit=1)
        assert (summary.stored, summary.failed) == (2, 0)
        assert len(faulty.requests) == {"more": 1, "twice": 1, "same id": 1}.get(fault, 2)
        assert summary.dropped == {"more": 2, "twice": 2}.get(fault, 0)
        counts = [body.get("n") for body in faulty.requests]
        assert counts == ([2, None] if fault == "fewer" else [2] * len(counts))
    assert set(pairs(tmp_path / "run" / ANSWERS)) == wanted(puzzles, 2, 1)
    assert len({line["completion"] for line in lines(tmp_path / "run" / ANSWERS)}) == 2


def test_the_tokens_of_several_answers_are_not_shared_out(puzzles: Path, tmp_path: Path) -> None:
    with serving() as faulty:
        engine = engine_of(faulty, per_request=2)
        summary = asked(puzzles, tmp_path / "run", engine, replace(SHORT, n=2), limit=1)
    assert [line["completion_tokens"] for line in lines(tmp_path / "run" / ANSWERS)] == [None, None]
    assert summary.completion_tokens == 14


def test_who_says_when_to_come_back_is_obeyed(puzzles: Path, tmp_path: Path) -> None:
    with serving(first("429"), retry_after="0.7") as faulty:
        started = time.monotonic()
        asked(puzzles, tmp_path / "run", engine_of(faulty), limit=1)
    assert time.monotonic() - started >= 0.7


def test_the_time_to_come_back_may_be_a_date_or_nonsense() -> None:
    soon = parse_retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True))
    assert soon is not None and 25 < soon <= 30  # noqa: PT018 - one thing, two sides
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert [parse_retry_after(text) for text in ("nan", "inf", "soon", "", None)] == [None] * 5
    assert parse_retry_after("-5") == 0


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"{}", b"\xff", b"9" * 9999, b'{"choices": 3}', b'{"choices": [3]}'),
        *(b'{"choices": [{"text": "a"}]}', b'{"choices": [{"text": "a", "finish_reason": null}]}'),
        b'{"choices": [{"text": 3, "finish_reason": "stop"}]}',
    ],
)
def test_a_reply_that_is_none_is_not_taken_for_one(content: bytes) -> None:
    for chat in (False, True):
        with pytest.raises(InvalidResponse):
            parse_response(content, chat)


def test_reasoning_that_a_server_took_out_is_kept_beside_the_text() -> None:
    message = {"content": None, "reasoning_content": "Hm."}
    reply = parse_response(
        json.dumps({"choices": [{"message": message, "finish_reason": "length"}]}).encode(), chat=True
    )
    assert (reply.choices[0].text, reply.choices[0].reasoning) == ("", "Hm.")
    usage = {"prompt_tokens": True, "completion_tokens": -1}
    told = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop", "stop_reason": 7}], "usage": usage}
    reply = parse_response(json.dumps(told).encode(), chat=True)
    assert (reply.prompt_tokens, reply.completion_tokens, reply.choices[0].stop) == (None, None, None)


def test_a_message_is_a_line_without_secrets() -> None:
    assert error_message(b"no \x1b[2J\n way, " + KEY.encode(), KEY) == "no [2J way, ***"
    assert len(error_message(b"x" * 5000, None)) < 400
    assert error_message(b'{"detail": ["a"]}', None) == '{"detail": ["a"]}'


@pytest.mark.parametrize("status", ["400", "401", "404", "422", "302"])
def test_a_refusal_ends_the_run_with_the_servers_words(puzzles: Path, tmp_path: Path, status: str) -> None:
    with serving(lambda _number, _body: status) as faulty:
        with pytest.raises(ModelFailed, match=f"refuses the request: {status} fault") as error:
            asked(puzzles, tmp_path / "run", engine_of(faulty, key=KEY))
        assert len(faulty.requests) <= 64
    assert KEY not in str(error.value)
    assert "\n" not in str(error.value)
    assert not [path for path in (tmp_path / "run").iterdir() if KEY in path.read_text(encoding="utf-8")]


def test_a_server_that_fails_every_request_ends_the_run(puzzles: Path, tmp_path: Path) -> None:
    with serving(lambda _number, _body: "500") as faulty:
        engine = engine_of(faulty, retries=1, concurrency=4)
        with pytest.raises(ModelFailed, match="20 requests in a row were given up"):
            asked(puzzles, tmp_path / "run", engine)
    assert 20 <= len(pairs(tmp_path / "run" / FAILED)) < 24  # What was under way may have been given up as well.


def test_an_answer_without_end_is_not_read(puzzles: Path, tmp_path: Path) -> None:
    with serving() as faulty:
        summary = asked(puzzles, tmp_path / "run", engine_of(faulty, retries=1, max_response_bytes=100), limit=1)
    assert (summary.stored, summary.failed) == (0, 1)
    assert "larger than 100 bytes" in lines(tmp_path / "run" / FAILED)[0]["reason"]


# A server that is away.


def test_a_server_that_is_away_costs_only_the_time(puzzles: Path, tmp_path: Path) -> None:
    with serving(delay=0.02) as faulty:
        faulty.stop()  # Not yet there when the run begins, and away again in the middle of it.
        timers = [
            threading.Timer(after, act) for after, act in ((0.5, faulty.start), (0.9, faulty.stop), (2, faulty.start))
        ]
        for timer in timers:
            timer.start()
        summary = asked(puzzles, tmp_path / "run", engine_of(faulty, concurrency=4, retries=3))
        for timer in timers:
            timer.join()
    assert (summary.stored, summary.failed) == (200, 0)
    assert set(pairs(tmp_path / "run" / ANSWERS)) == wanted(puzzles, 1)
    assert summary.seconds > 2


def test_patience_has_an_end_and_the_run_goes_on_later(puzzles: Path, tmp_path: Path) -> None:
    told: list[str] = []
    observer = SimpleNamespace(skipped=lambda _: None, done=lambda *_: None, notify=told.append)
    with serving() as faulty:
        engine = engine_of(faulty, patience=0.5)
        faulty.stop()
        with pytest.raises(ModelFailed, match="has not answered for 0 s: no connection"):
            asked(puzzles, tmp_path / "run", engine, limit=20)
        faulty.start()
        assert asked(puzzles, tmp_path / "run", engine, limit=20, observer=observer).stored == 20
    assert not told


def test_it_is_said_that_a_server_is_away_and_back(puzzles: Path, tmp_path: Path) -> None:
    told: list[str] = []
    observer = SimpleNamespace(skipped=lambda _: None, done=lambda *_: None, notify=told.append)
    with serving(first(*["503"] * 200), retry_after="0.01") as faulty:
        asked(puzzles, tmp_path / "run", engine_of(faulty, retries=0, notify_after=0.1), limit=20, observer=observer)
    assert len(told) == 2
    assert "503" in told[0]
    assert told[1] == "the server answers again"


# Going on.


def test_failures_are_asked_again_and_nothing_else_is(puzzles: Path, tmp_path: Path) -> None:
    sampling = replace(SHORT, n=2)
    with serving(first(*["no JSON"] * 3)) as faulty:
        engine = engine_of(faulty, retries=0, concurrency=1)
        summary = asked(puzzles, tmp_path / "run", engine, sampling, limit=10)
        assert (summary.stored, summary.failed) == (17, 3)
        again = asked(puzzles, tmp_path / "run", engine, sampling, limit=10)
        assert (again.existing, again.stored, again.failed) == (17, 3, 0)
        assert len(faulty.requests) == 23
        more = asked(puzzles, tmp_path / "run", engine, sampling, limit=12)
        assert (more.existing, more.stored) == (20, 4)
        # The server may move.
        assert (
            asked(puzzles, tmp_path / "run", replace(engine, base_url="http://nobody:1/v1"), sampling, limit=9).existing
            == 18
        )
    assert not pairs(tmp_path / "run" / FAILED)
    assert sorted(pairs(tmp_path / "run" / ANSWERS)) == sorted(wanted(puzzles, 2, 12))


def test_a_puzzle_that_is_there_twice_is_asked_once(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "twice.jsonl"
    told = ["Ann,Bob 0:-1 1:&(-0,-1)", "Ann,Bob 0:&(-0,-1)", "Zoe,Max 0:-1 1:&(-0,-1)", "Ann,Bob 0:-1 1:&(-0,-1)"]
    path.write_text("".join(json.dumps({"puzzle": notation}) + "\n" for notation in told))
    for there in (0, 4):
        summary = asked(path, tmp_path / "run", TraceEngine(), Sampling(n=2))
        assert (summary.existing, summary.stored, summary.duplicates) == (there, 4 - there, 2)
    assert estimate_cost(path, Sampling(n=2), split="test").answers == 4
    _, out, _ = run(path, "-o", tmp_path / "run", "-n", "2", "--split", "test")
    assert out.splitlines()[1] == "2 puzzles repeat an earlier one, maybe under other names, and were asked once"


def test_an_unfinished_line_is_cut_off(puzzles: Path, tmp_path: Path) -> None:
    with serving() as faulty:
        asked(puzzles, tmp_path / "run", engine_of(faulty), limit=5)
        path = tmp_path / "run" / ANSWERS
        content = path.read_bytes()
        path.write_bytes(content[:-20])
        (tmp_path / "run" / FAILED).write_bytes(b'{"id": "')
        assert asked(puzzles, tmp_path / "run", engine_of(faulty), limit=5).stored == 1
    assert sorted(pairs(path)) == sorted(wanted(puzzles, 1, 5))
    assert path.read_bytes().startswith(content[: content[:-1].rindex(b"\n") + 1])
    assert (tmp_path / "run" / FAILED).read_bytes() == b""


@pytest.mark.parametrize(
    "line", [b"x\n", b'{"id": "00", "sample": 0}\n', b"[]\n", b'{"id": 3, "sample": []}\n', b"\0\0\n"]
)
def test_a_file_of_other_things_is_refused(puzzles: Path, tmp_path: Path, line: bytes) -> None:
    engine = TraceEngine()
    asked(puzzles, tmp_path / "run", engine, Sampling(), limit=2)
    path = tmp_path / "run" / ANSWERS
    content = path.read_bytes()
    for bad in (content + line, content + content):
        path.write_bytes(bad)
        with pytest.raises(BadFolder, match="line 3"):
            asked(puzzles, tmp_path / "run", engine, Sampling(), limit=2)
        assert path.read_bytes() == bad


def test_the_folder_of_another_run_is_refused(puzzles: Path, tmp_path: Path) -> None:
    engine = TraceEngine()
    asked(puzzles, tmp_path / "run", engine, Sampling(), limit=2)
    other = tmp_path / "other.jsonl"
    other.write_bytes(puzzles.read_bytes() + puzzles.read_bytes()[:-1])
    with pytest.raises(BadFolder, match=r"another n \(1, not 2\)"):
        asked(puzzles, tmp_path / "run", engine, Sampling(n=2))
    with pytest.raises(BadFolder, match="another corpus"):
        asked(other, tmp_path / "run", engine, Sampling())
    with pytest.raises(BadFolder, match=r"another style \('paper', not 'chat'\)"):
        asked(puzzles, tmp_path / "run", engine, Sampling(), style="chat")
    with pytest.raises(BadFolder, match="another engine"):
        asked(puzzles, tmp_path / "run", ServerEngine("m", "http://localhost/v1"))
    (tmp_path / "run" / HEADER).write_text("{")
    with pytest.raises(BadFolder, match="not JSON"):
        asked(puzzles, tmp_path / "run", engine, Sampling())
    with pytest.raises(BadFolder, match="not empty"):
        asked(puzzles, tmp_path, engine, Sampling())
    assert {path.name for path in tmp_path.iterdir()} == {"run", "other.jsonl"}


def test_two_processes_do_not_share_a_folder(puzzles: Path, tmp_path: Path) -> None:
    asked(puzzles, tmp_path / "run", TraceEngine(), Sampling(), limit=2)
    header = json.loads((tmp_path / "run" / HEADER).read_text())
    with open_store(tmp_path / "run", header), pytest.raises(BadFolder, match="another process"):
        asked(puzzles, tmp_path / "run", TraceEngine(), Sampling(), limit=2)


def test_a_bad_row_ends_the_run_and_what_was_answered_stays(puzzles: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("".join(puzzles.read_text(encoding="utf-8").splitlines(keepends=True)[:9]) + '{"text": 3}\n')
    with serving() as faulty, pytest.raises(BadRow):
        asked(bad, tmp_path / "run", engine_of(faulty, concurrency=2))
    assert 7 <= len(pairs(tmp_path / "run" / ANSWERS)) <= 9
    with pytest.raises(BadFile):
        asked(tmp_path / "nothing.jsonl", tmp_path / "run", TraceEngine())


# As a process.


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "knk", "teach", *map(str, arguments)]


def started(folder: Path, puzzles: Path, faulty: FaultyServer, *more: str) -> subprocess.Popen[str]:
    """A run of the command, begun."""
    return subprocess.Popen(
        command(puzzles, "-o", folder, "--model", "m", "--base-url", faulty.url, "--max-tokens", "5", *more),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until_there_are(count: int, folder: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    path = folder / ANSWERS
    while (not path.exists() or path.read_bytes().count(b"\n") < count) and time.monotonic() < deadline:
        time.sleep(0.02)


def test_killed_and_gone_on_with(puzzles: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    options = ("--split", "test", "--concurrency", "8", "--json")
    with serving(delay=0.05) as faulty:
        for count in (30, 90):
            with started(folder, puzzles, faulty, *options) as process:
                until_there_are(count, folder)
                process.send_signal(signal.SIGKILL)
            assert process.returncode == -signal.SIGKILL
        with started(folder, puzzles, faulty, *options) as process:
            out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        told = json.loads(out)
        assert told["stored"] + told["existing"] == 200
        assert sorted(pairs(folder / ANSWERS)) == sorted(wanted(puzzles, 1))
        # Asked twice is only what was under way when the process was killed.
        assert len(faulty.requests) <= 200 + 2 * 8
    texts = [line["completion"] for line in lines(folder / ANSWERS)]
    assert len(set(texts)) == 200


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_at_once_and_in_good_order(
    puzzles: Path, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    folder = tmp_path / "run"
    with (
        serving(delay=0.1) as faulty,
        started(folder, puzzles, faulty, "--split", "test", "--concurrency", "4") as process,
    ):
        until_there_are(12, folder)
        faulty.delay = 60  # All that is under way would take long.
        time.sleep(0.3)
        process.send_signal(number)
        sent = time.monotonic()
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()  # If the signal did not end it, leaving this block would wait for ever.
        assert time.monotonic() - sent < 5
    assert (process.returncode, out, err) == (status, "", "")
    assert 12 <= len(pairs(folder / ANSWERS)) < 200


def test_the_command_without_a_model_tells_proofs(puzzles: Path, tmp_path: Path, run: Run) -> None:
    status, out, err = run(puzzles, "-o", tmp_path / "run", "-n", "2", "--limit", "3", "--split", "test")
    assert (status, err) == (0, "")
    assert out == f"{tmp_path / 'run'}: 6 answers, 0 truncated, 0 given up\n"


def test_the_command_reports_what_was_given_up(puzzles: Path, tmp_path: Path, run: Run) -> None:
    options = (puzzles, "-o", tmp_path / "run", "--model", "m", "--max-tokens", "9", "--limit", "4", "--split", "test")
    with serving(first("500", "more")) as faulty:
        server_options = (*options, "--base-url", faulty.url, "--concurrency", "1", "--retries", "0")
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


def test_the_command_takes_the_key_from_the_environment(
    puzzles: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KNK_API_KEY", KEY)
    with serving(lambda _number, _body: "401") as faulty:
        options = ("--model", "m", "--base-url", faulty.url, "--max-tokens", "9", "--limit", "1", "--split", "test")
        status, out, err = run(puzzles, "-o", tmp_path / "run", *options)
        assert faulty.headers[0]["authorization"] == f"Bearer {KEY}"
        assert (status, out) == (2, "")
        assert err == f"knk: {faulty.url} refuses the request: 401 fault 401 [31m for Bearer ***\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "missing --output"),
        (("-o", "x", "--model", "m"), "--model cannot be used with --engine trace"),
        (("-o", "x", "--base-url", "http://host/v1"), "missing --model: --engine server needs it"),
        (("-o", "x", "--engine", "server", "--model", "m"), "missing --base-url: --engine server needs it"),
        (("-o", "x", "--model", "m", "--base-url", "http://host/v1"), "missing --max-tokens"),
        (("-o", "x", "--model", "m", "--base-url", "host"), "expected e.g. http://"),
        (("-o", "x", "--temperature", "-1"), "temperature must be at least 0"),
        (("--dry-run", "--engine", "server"), "missing --max-tokens"),
    ],
)
def test_the_command_says_what_is_missing(
    puzzles: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run(puzzles, *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert not list(tmp_path.iterdir())


def test_a_bar_shows_tokens_a_second_and_the_time_left(puzzles: Path, tmp_path: Path, run: Run) -> None:
    with serving(delay=0.1) as faulty:
        options = ("--model", "m", "--base-url", faulty.url, "--max-tokens", "9", "--concurrency", "4", "--progress")
        run(puzzles, "-o", tmp_path / "run", *options, "--limit", "2", "--split", "test")
        _, _, err = run(puzzles, "-o", tmp_path / "run", *options, "--limit", "30", "--split", "test")
    last = err.split("\r")[-1]
    assert "30/30" in last
    assert "tokens/s" in last
    assert "<" in err


# What it costs.


def test_a_dry_run_counts_and_asks_nothing(puzzles: Path, tmp_path: Path, run: Run) -> None:
    told = ("--dry-run", "--preset", "paper", "--split", "test", "--tokens-per-second", "1000")
    status, out, err = run(puzzles, *told)
    assert (status, err) == (0, "")
    tokens = 4 * sum(count_by_characters(kk.prompt(row)) for row in kk.rows("test", puzzles))
    assert out.splitlines() == [
        "200 puzzles, 800 requests, 800 answers",
        f"{tokens:,} prompt tokens (one per 4 characters)",
        "at most 6,553,600 completion tokens",
        "at most 1.8 GPU hours for the completions",
    ]
    _, out, _ = run(puzzles, *told, "--limit", "10", "--answer-tokens", "900", "--per-request", "3", "--json")
    found = json.loads(out)
    assert (found["puzzles"], found["requests"], found["answers"]) == (10, 20, 40)
    assert (found["completion_tokens"], found["gpu_hours"]) == (36_000, 0.01)
    assert not list(tmp_path.iterdir())


def test_a_dry_run_leaves_out_what_is_there(puzzles: Path, tmp_path: Path) -> None:
    asked(puzzles, tmp_path / "run", TraceEngine(), Sampling(n=2), limit=5)
    content = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    left = estimate_cost(puzzles, Sampling(n=2, max_tokens=10), folder=tmp_path / "run", split="test", limit=8)
    assert (left.puzzles, left.answers, left.gpu_hours) == (3, 6, None)
    assert content == {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}


def test_a_corpus_is_asked_by_its_splits(tmp_path: Path) -> None:
    build(CorpusConfig((PartConfig(Spec(people=3), 200, "a"),)), tmp_path / "corpus")
    manifest = corpus_identity(tmp_path / "corpus", "train")
    assert manifest == corpus_identity(tmp_path / "corpus", "test")
    counts = {split: count_puzzles(tmp_path / "corpus", split, None) for split in ("train", "test")}
    for split, count in counts.items():
        summary = teach(tmp_path / "corpus", tmp_path / split, TraceEngine(), Sampling(), split=split)
        assert summary.stored == count > 0
    keys = [{key for key, _ in pairs(tmp_path / split / ANSWERS)} for split in counts]
    assert not keys[0] & keys[1]
    with pytest.raises(BadFile):
        corpus_identity(tmp_path / "train", "train")


# The library's own proofs.


@pytest.mark.parametrize("style", ["paper", "chat"])
def test_proofs_are_right_and_come_in_other_words(puzzles: Path, tmp_path: Path, style: str) -> None:
    for name, seed in (("a", None), ("b", 0), ("c", 1)):
        asked(puzzles, tmp_path / name, TraceEngine(), Sampling(n=3, seed=seed), style=style, limit=20)
    told = lines(tmp_path / "a" / ANSWERS)
    for line in told:
        assert verify(line["completion"], decode(line["puzzle"])).correct
        assert line["completion"].startswith("<think>") is (style == "chat")
        assert (line["finish_reason"], line["stop"], line["completion_tokens"]) == ("stop", None, None)
    texts = [line["completion"] for line in told]
    assert len(set(texts)) == 60
    assert texts == [line["completion"] for line in lines(tmp_path / "b" / ANSWERS)]
    assert not set(texts) & {line["completion"] for line in lines(tmp_path / "c" / ANSWERS)}


# Inside vLLM.


def test_vllm_is_told_what_was_asked_for() -> None:
    engine = VllmEngine("folder", data_parallel=8, tensor_parallel=2, max_model_len=9000)
    assert engine.engine_arguments() == {
        "model": "folder",
        "data_parallel_size": 8,
        "tensor_parallel_size": 2,
        "max_model_len": 9000,
        "enable_prefix_caching": True,
        "trust_remote_code": False,
    }
    assert engine.sampling_arguments(replace(PRESETS["paper"], seed=1), "00", 2) == {
        "temperature": 0.6,
        "top_p": 0.95,
        "top_k": 40,
        "max_tokens": 8192,
        "stop": ["</answer>", "User:", "Assistant:"],
        "seed": derive_seed(1, "00", 2),
    }
    assert engine.sampling_arguments(SHORT, "00", 2) == {"max_tokens": 5}
    with pytest.raises(BadSpec):
        VllmEngine("folder", data_parallel=0)


def test_vllm_that_is_not_there_is_a_line(
    puzzles: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_LOGGING_STREAM", "ext://sys.stderr")  # It is set otherwise, for all tests to come.
    options = ("--engine", "vllm", "--model", "m", "--max-tokens", "9", "--limit", "1", "--split", "test")
    status, out, err = run(puzzles, "-o", tmp_path / "run", *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "--engine vllm needs the package 'vllm'" in err


class _Engine:
    """What stands in for vLLM's engine: it answers with what it was asked, and refuses what begins with a 7."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.model = arguments["model"]
        self.ended = False

    def get_tokenizer(self) -> Any:
        def encode(text: str, add_special_tokens: bool = True) -> list[int]:
            return [int(add_special_tokens), *text.encode()[-3:]]

        def apply_chat_template(messages: list[dict[str, str]], **_how: Any) -> str:
            return str(messages[0]["content"])

        return SimpleNamespace(encode=encode, apply_chat_template=apply_chat_template)

    async def generate(self, prompt: dict[str, list[int]], parameters: Any, number: str) -> Any:  # noqa: ARG002 - as vLLM's
        if number == "3":
            raise ValueError("The prompt\nis too long")
        if self.model == "dead":
            raise RuntimeError("the engine is dead")
        output = SimpleNamespace(text=f"answer {number}", finish_reason="stop", stop_reason="User:", token_ids=(1, 2))
        yield SimpleNamespace(outputs=[output], prompt_token_ids=prompt["prompt_token_ids"])

    def shutdown(self) -> None:
        self.ended = True


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[_Engine]]:
    """A module in vLLM's place, and the engines that were made with it."""
    made: list[_Engine] = []

    def from_engine_args(arguments: dict[str, Any]) -> _Engine:
        made.append(_Engine(arguments))
        return made[-1]

    kinds = SimpleNamespace(RequestOutputKind=SimpleNamespace(FINAL_ONLY="final"))
    module = SimpleNamespace(AsyncEngineArgs=dict, SamplingParams=dict, sampling_params=kinds)
    engine = SimpleNamespace(AsyncLLM=SimpleNamespace(from_engine_args=from_engine_args))
    monkeypatch.setitem(sys.modules, "vllm", module)
    monkeypatch.setitem(sys.modules, "vllm.v1.engine.async_llm", engine)
    yield made
    assert all(one.ended for one in made)


@pytest.mark.parametrize("style", ["paper", "chat"])
def test_vllm_answers_are_stored(puzzles: Path, tmp_path: Path, vllm: list[_Engine], style: str) -> None:
    summary = asked(puzzles, tmp_path / "run", VllmEngine("m"), replace(SHORT, n=2), style=style, limit=4)
    assert (summary.stored, summary.failed, summary.completion_tokens) == (7, 1, 14)
    assert lines(tmp_path / "run" / FAILED)[0]["reason"] == "The prompt is too long"
    told = lines(tmp_path / "run" / ANSWERS)
    assert {line["stop"] for line in told} == {"User:"}
    assert {line["prompt_tokens"] for line in told} == {4}
    assert {line["completion"] for line in told} == {f"answer {number}" for number in range(8) if number != 3}


def test_vllm_that_dies_ends_the_run(puzzles: Path, tmp_path: Path, vllm: list[_Engine]) -> None:
    with pytest.raises(ModelFailed, match="the engine is dead"):
        asked(puzzles, tmp_path / "run", VllmEngine("dead"), limit=2)


def test_a_missing_package_for_http_is_a_line(puzzles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(MissingPackage, match=r"knk\[teacher\]"):
        asked(puzzles, tmp_path / "run", ServerEngine("m", "http://localhost/v1"), limit=1)


@pytest.mark.parametrize(
    ("sampling", "config"),
    [
        (SHORT, None),
        (replace(SHORT, temperature=0.0, top_k=3), None),
        (replace(SHORT, temperature=0.5), '{"do_sample": true}'),
        (replace(SHORT, top_k=-1), '{"do_sample": true, "top_k": 0}'),
    ],
)
def test_transformers_is_told_to_draw_only_if_something_was_said_of_it(
    puzzles: Path, sampling: Sampling, config: str | None
) -> None:
    request = Request(next(kk.rows("test", puzzles)), "Hm", (0,))
    body = ServerEngine("m", "http://localhost/v1", dialect="transformers").request_body(request, 1, 0, sampling)
    more = {"temperature": sampling.temperature, "generation_config": config}
    told = {name: value for name, value in more.items() if value is not None}
    assert body == {"model": "m", "prompt": "Hm", "max_tokens": 5} | told


# What takes longer.

MEASURE = """
import gc, json, sys, tracemalloc
from knk.generation.generate import generate
from knk.datasets.rows import row_of
from knk.generation.spec import Spec
from knk.tasks import kk
from knk.teacher import Sampling, ServerEngine, teach

class Observer:
    count, memory = 0, {}
    def skipped(self, answers): pass
    def notify(self, text): pass
    def done(self, answers, tokens):
        self.count += answers
        if self.count in (2_000, 10_000):
            gc.collect()
            self.memory[self.count] = tracemalloc.get_traced_memory()

tracemalloc.start()
# The library keeps the last 16,384 puzzles that it read; those places are filled beforehand.
for puzzle in generate(Spec(people=4), 17_000, 99):
    row = row_of(puzzle)
    kk.prompt(row)
gc.collect()
tracemalloc.reset_peak()
corpus, folder, url = sys.argv[1:]
teach(corpus, folder, ServerEngine("m", url), Sampling(max_tokens=5), split="test", observer=Observer())
print(json.dumps(Observer.memory))
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_rows(tmp_path: Path) -> None:
    path = tmp_path / "puzzles.jsonl"
    corpus.write(path, Spec(people=4), 10_000, seed=6)
    with serving() as faulty:
        arguments = [sys.executable, "-c", MEASURE, str(path), str(tmp_path / "run"), faulty.url]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        told = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True, timeout=500)
    found = json.loads(told.stdout)
    (early, early_peak), (late, late_peak) = found["2000"], found["10000"]
    # A key and a number a puzzle, some 130 bytes, are all that is kept; text alone would be 1,000 bytes and more.
    assert late - early < 8_000 * 300, found
    assert late_peak - early_peak < 8_000 * 300, found


ABSENT = [*smollm2.ABSENT, *(name for name in ("fastapi", "uvicorn", "openai") if find_spec(name) is None)]


@pytest.fixture(scope="module")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server with a real model, of 135 million parameters, and the model's name."""
    folder = tmp_path_factory.mktemp("model")
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    smollm2.save_smollm2(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = (str(Path(sys.executable).parent / "transformers"), "serve", str(folder), "--device", "cpu")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*serve, "--port", str(port)], env=alone, stdout=log, stderr=log)
        try:
            # It need not be waited for: that is what `knk teach` does.
            yield f"http://localhost:{port}/v1", str(folder)
        finally:
            process.kill()
            process.wait(60)


@pytest.mark.slow
@pytest.mark.skipif(bool(ABSENT), reason=f"a real model needs packages that are not installed: {', '.join(ABSENT)}")
def test_a_real_model_is_sampled_killed_twice_and_gone_on_with(tmp_path: Path, real_server: tuple[str, str]) -> None:
    url, model = real_server
    path, folder = tmp_path / "puzzles.jsonl", tmp_path / "run"
    corpus.write(path, Spec(people=(2, 3)), 50, seed=8)
    options = ("--split", "test", "--preset", "paper", "--n", "1", "--max-tokens", "24", "--dialect", "transformers")
    arguments = command(
        path, "-o", folder, "--model", model, "--base-url", url, *options, "--concurrency", "2", "--json"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for count in (12, 30):
        with subprocess.Popen(arguments, env=environment) as process:
            until_there_are(count, folder, seconds=900)
            process.kill()
        assert len((folder / ANSWERS).read_bytes().splitlines()) >= count
    told = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True, timeout=1800)
    summary = json.loads(told.stdout)
    assert summary["existing"] >= 30
    assert summary["existing"] + summary["stored"] == 50
    assert sorted(pairs(folder / ANSWERS)) == sorted(wanted(path, 1))
    answers = lines(folder / ANSWERS)
    assert len({line["completion"] for line in answers}) > 25  # So small a model says some things again.
    for line in answers:
        assert line["prompt_tokens"] > 100
        assert 0 < line["completion_tokens"] <= 24
        assert line["finish_reason"] == ("length" if line["completion_tokens"] == 24 else "stop")
    # From what a real model said to rows, and to the page that would be published with them.
    rows = tmp_path / "rows"
    sft = subprocess.run(
        [
            sys.executable,
            "-m",
            "knk",
            "corpus",
            "sft",
            folder,
            "-o",
            rows,
            "--truncated",
            "--tokenizer",
            model,
            "--json",
        ],
        env={**environment, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    report = json.loads(sft.stdout)
    assert report["kept"] == 50
    assert report["length"]["unit"] == "tokens"
    assert 0 < report["length"]["max"] <= 30
    card = subprocess.run(
        [sys.executable, "-m", "knk", "publish", rows, "somebody/said", "--dry-run"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert "50" in card.stdout
    assert "prompt" in card.stdout


def test_a_job_in_the_background_of_a_script_can_be_ended(puzzles: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # What a shell does to such a job, and a child inherits.
    try:
        with serving(delay=0.1) as faulty, started(folder, puzzles, faulty, "--split", "test") as process:
            until_there_are(12, folder)
            faulty.delay = 60
            process.send_signal(signal.SIGTERM)
            try:
                out, err = process.communicate(timeout=30)
            finally:
                process.kill()
    finally:
        signal.signal(signal.SIGINT, before)
    assert (process.returncode, out, err) == (143, "", "")
