"""The server engine: every answer is stored once or reported as failed, whatever the server does."""

import json
import random
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadSpec, MissingPackage, ModelFailed
from knk.inference.engine import Request
from knk.inference.sampling import PRESETS, Sampling, derive_seed
from knk.inference.server import ServerEngine
from knk.inference.store import ANSWERS, FAILED, HEADER
from knk.tasks import kk
from knk.teacher.run import corpus_identity
from tests.support.faulty_server import FAULTS, fail_first, serve
from tests.support.teaching import (
    KEY,
    SHORT,
    RecordingObserver,
    ask_all,
    expected_pairs,
    quick_engine,
    read_lines,
    stored_pairs,
)


def test_an_answer_is_stored_unchanged(puzzles: Path, tmp_path: Path) -> None:
    sampling = replace(PRESETS["paper"], n=1, seed=3)
    with serve() as server:
        summary = ask_all(puzzles, tmp_path / "run", quick_engine(server), sampling, limit=6)
        answers = read_lines(tmp_path / "run" / ANSWERS)
        row = next(kk.rows("test", puzzles))
        (answer,) = [line for line in answers if line["id"] == row["id"]]
        assert answer.pop("latency_s") > 0
        assert answer.pop("completion") in server.sent
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
        assert all(line["completion"] in server.sent for line in read_lines(tmp_path / "run" / ANSWERS))
        # The server truncated the answers to requests 0 and 5: that is recorded, and the text is unchanged.
        assert Counter(line["finish_reason"] for line in answers) == {"stop": 4, "length": 2}
        assert (summary.stored, summary.truncated, summary.completion_tokens) == (6, 2, 42)
        assert json.loads((tmp_path / "run" / HEADER).read_text()) == {
            "engine": "server",
            "model": "m",
            "base_url": server.url,
            "corpus": corpus_identity(puzzles, "test"),
            "split": "test",
            "style": "paper",
            "parameters": sampling.to_dict(),
            "version": "0.1.0",
        }


def test_requests_have_the_sampling_and_the_seed_of_each_answer(puzzles: Path, tmp_path: Path) -> None:
    row = next(kk.rows("test", puzzles))
    sampling = replace(PRESETS["paper"], seed=3)
    with serve() as server:
        ask_all(puzzles, tmp_path / "text", quick_engine(server, key=KEY), sampling, limit=1)
        ask_all(puzzles, tmp_path / "chat", quick_engine(server), SHORT, style="chat", limit=1)
        ask_all(puzzles, tmp_path / "hf", quick_engine(server, dialect="transformers"), sampling, limit=1)
        assert server.paths == ["/v1/completions"] * 4 + ["/v1/chat/completions"] + ["/v1/completions"] * 4
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
        assert "authorization" not in server.headers[4]
        assert sorted(server.requests[:4], key=lambda body: str(body["seed"])) == sorted(
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
        assert server.requests[4] == {"model": "m", "messages": kk.prompt(row, "chat"), "max_tokens": 5}
        assert json.loads(server.requests[5]["generation_config"]) == {"do_sample": True, "top_k": 40}
        assert "top_k" not in server.requests[5]
    assert read_lines(tmp_path / "chat" / ANSWERS)[0]["prompt"] == kk.prompt(row, "chat")


@pytest.mark.parametrize(
    ("sampling", "config"),
    [
        (SHORT, None),
        (replace(SHORT, temperature=0.0, top_k=3), None),
        (replace(SHORT, temperature=0.5), '{"do_sample": true}'),
        (replace(SHORT, top_k=-1), '{"do_sample": true, "top_k": 0}'),
    ],
)
def test_transformers_servers_sample_only_if_a_sampling_setting_is_given(
    puzzles: Path, sampling: Sampling, config: str | None
) -> None:
    request = Request(next(kk.rows("test", puzzles)), "Hm", (0,))
    body = ServerEngine("m", "http://localhost/v1", dialect="transformers").request_body(request, 1, 0, sampling)
    settings = {"temperature": sampling.temperature, "generation_config": config}
    expected = {name: value for name, value in settings.items() if value is not None}
    assert body == {"model": "m", "prompt": "Hm", "max_tokens": 5} | expected


def test_a_url_with_a_secret_is_refused_without_showing_it() -> None:
    for url in (f"http://me:{KEY}@host/v1", f"http://{KEY}@host/v1", f"http://host/v1?key={KEY}", f"ftp://{KEY}/"):
        with pytest.raises(BadSpec) as error:
            ServerEngine("m", url)
        assert KEY not in str(error.value)
    assert KEY not in repr(ServerEngine("m", "http://host/v1", KEY))


def test_a_missing_http_package_is_an_error(puzzles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(MissingPackage, match=r"pip install '\.\[teacher\]'"):
        ask_all(puzzles, tmp_path / "run", ServerEngine("m", "http://localhost/v1"), limit=1)


@pytest.mark.parametrize("per_request", [1, 2])
def test_every_answer_is_stored_once_or_reported_as_failed(puzzles: Path, tmp_path: Path, per_request: int) -> None:
    n = 2
    draws = random.Random(7)
    rows = list(kk.rows("test", puzzles))
    unanswerable = {kk.prompt(row) for row in rows[::40]}

    def choose_fault(_number: int, body: dict[str, Any]) -> str:
        if body["prompt"] in unanswerable:
            return "500"
        return draws.choice(FAULTS) if draws.random() < 0.5 else "ok"

    with serve(choose_fault, delay=0.02, slow=0.2) as server:
        engine = quick_engine(server, per_request=per_request, retries=20)
        summary = ask_all(puzzles, tmp_path / "run", engine, replace(SHORT, n=n))
        stored, failed = read_lines(tmp_path / "run" / ANSWERS), read_lines(tmp_path / "run" / FAILED)
        assert server.max_in_flight <= 64
        texts = [line["completion"] for line in stored]
        assert len(set(texts)) == len(texts)
        assert set(texts) <= set(server.sent)
    pairs = [*stored_pairs(tmp_path / "run" / ANSWERS), *stored_pairs(tmp_path / "run" / FAILED)]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == expected_pairs(puzzles, n)
    assert {line["id"] for line in failed} == {row["id"] for row in rows[::40]}
    assert all("500" in line["reason"] and "\x1b" not in line["reason"] for line in failed)
    assert (summary.stored, summary.failed) == (len(stored), len(failed)) == (195 * n, 5 * n)
    assert summary.dropped > 0


def test_a_fixed_number_of_requests_is_in_flight(puzzles: Path, tmp_path: Path) -> None:
    with serve(gather=8) as server:  # The server answers nothing before 8 requests have arrived.
        ask_all(puzzles, tmp_path / "run", quick_engine(server, concurrency=8))
        assert server.max_in_flight == 8


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_fault_is_retried_without_losing_an_answer(puzzles: Path, tmp_path: Path, fault: str) -> None:
    with serve(fail_first(fault), slow=2.6) as server:
        engine = quick_engine(server, timeout=2.0 if fault == "slow" else 30.0, per_request=2, concurrency=1)
        summary = ask_all(puzzles, tmp_path / "run", engine, replace(SHORT, n=2), limit=1)
        assert (summary.stored, summary.failed) == (2, 0)
        assert len(server.requests) == {"more": 1, "twice": 1, "same id": 1}.get(fault, 2)
        assert summary.dropped == {"more": 2, "twice": 2}.get(fault, 0)
        counts = [body.get("n") for body in server.requests]
        assert counts == ([2, None] if fault == "fewer" else [2] * len(counts))
    assert set(stored_pairs(tmp_path / "run" / ANSWERS)) == expected_pairs(puzzles, 2, 1)
    assert len({line["completion"] for line in read_lines(tmp_path / "run" / ANSWERS)}) == 2


def test_the_tokens_of_several_answers_are_not_divided(puzzles: Path, tmp_path: Path) -> None:
    with serve() as server:
        engine = quick_engine(server, per_request=2)
        summary = ask_all(puzzles, tmp_path / "run", engine, replace(SHORT, n=2), limit=1)
    assert [line["completion_tokens"] for line in read_lines(tmp_path / "run" / ANSWERS)] == [None, None]
    assert summary.completion_tokens == 14


def test_retry_after_is_respected(puzzles: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serve(fail_first("429"), retry_after="0.2") as server, caplog.at_level("INFO", "knk.inference.server"):
        ask_all(puzzles, tmp_path / "run", quick_engine(server), limit=1)
    assert [message for message in caplog.messages if "retrying in 0.2 s" in message]


@pytest.mark.parametrize("status", ["400", "401", "404", "422", "302"])
def test_a_rejected_request_ends_the_run_with_the_servers_message(puzzles: Path, tmp_path: Path, status: str) -> None:
    with serve(lambda _number, _body: status) as server:
        with pytest.raises(ModelFailed, match=f"refuses the request: {status} fault") as error:
            ask_all(puzzles, tmp_path / "run", quick_engine(server, key=KEY))
        assert len(server.requests) <= 64
    assert KEY not in str(error.value)
    assert "\n" not in str(error.value)
    assert not [path for path in (tmp_path / "run").iterdir() if KEY in path.read_text(encoding="utf-8")]


def test_many_failures_in_a_row_end_the_run(puzzles: Path, tmp_path: Path) -> None:
    with serve(lambda _number, _body: "500") as server:
        engine = quick_engine(server, retries=1, concurrency=4)
        with pytest.raises(ModelFailed, match="20 requests in a row were given up"):
            ask_all(puzzles, tmp_path / "run", engine)
    assert 20 <= len(stored_pairs(tmp_path / "run" / FAILED)) < 24  # Requests in flight may have been given up as well.


def test_an_endless_response_is_not_read(puzzles: Path, tmp_path: Path) -> None:
    with serve() as server:
        summary = ask_all(puzzles, tmp_path / "run", quick_engine(server, retries=1, max_response_bytes=100), limit=1)
    assert (summary.stored, summary.failed) == (0, 1)
    assert "larger than 100 bytes" in read_lines(tmp_path / "run" / FAILED)[0]["reason"]


def test_a_server_that_goes_away_and_returns_costs_no_answers(puzzles: Path, tmp_path: Path) -> None:
    class Operator(RecordingObserver):
        """Stops the server once half of the answers are stored, and starts it when the client misses it."""

        def done(self, answers: int, tokens: int) -> None:
            super().done(answers, tokens)
            if self.answers == 100:
                server.stop()

        def notify(self, message: str) -> None:
            super().notify(message)
            if "waiting" in message:
                server.start()

    operator = Operator()
    with serve() as server:
        server.stop()  # It is not running yet when the run begins.
        engine = quick_engine(server, concurrency=4, retries=3, notify_after=0.05)
        summary = ask_all(puzzles, tmp_path / "run", engine, observer=operator)
    assert (summary.stored, summary.failed) == (200, 0)
    assert set(stored_pairs(tmp_path / "run" / ANSWERS)) == expected_pairs(puzzles, 1)
    assert ["waiting" in message for message in operator.messages] == [True, False, True, False]


def test_a_run_ends_when_the_patience_is_exhausted_and_resumes(puzzles: Path, tmp_path: Path) -> None:
    observer = RecordingObserver()
    with serve() as server:
        engine = quick_engine(server, patience=0.5)
        server.stop()
        with pytest.raises(ModelFailed, match="has not answered for 0 s: no connection"):
            ask_all(puzzles, tmp_path / "run", engine, limit=20)
        server.start()
        assert ask_all(puzzles, tmp_path / "run", engine, limit=20, observer=observer).stored == 20
    assert not observer.messages


def test_the_user_is_notified_of_an_overload_and_of_its_end(puzzles: Path, tmp_path: Path) -> None:
    observer = RecordingObserver()
    with serve(fail_first(*["503"] * 200), retry_after="0.01") as server:
        engine = quick_engine(server, retries=0, notify_after=0.1)
        ask_all(puzzles, tmp_path / "run", engine, limit=20, observer=observer)
    assert len(observer.messages) == 2
    assert "503" in observer.messages[0]
    assert observer.messages[1] == "the server is answering now"
