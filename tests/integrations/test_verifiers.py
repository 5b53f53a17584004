"""The taskset for verifiers: the framework scores it, and rolls it out against a small server."""

import asyncio
import importlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from knk.errors import BadTask
from knk.integrations.common import chat_prompt
from knk.tasks import kk
from tests.support.completions import (
    Case,
    cases,
    unknown,
    write_mmlu,
)
from tests.support.paths import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("verifiers") is None, reason="verifiers is not installed: make check-all does it"
    ),
]

ENVIRONMENT = 'from knk.integrations.verifiers import KnkTaskset\n\n__all__ = ["KnkTaskset"]\n'
# The framework's own harnesses install themselves from a registry before each run.
HARNESS = """
import httpx
import verifiers.v1 as vf

__all__ = ["Once"]


class Once(vf.Harness[vf.HarnessConfig]):
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(self, ctx, trace, runtime, endpoint, secret, mcp_urls, data, tool_interception_url=None):
        _, prompt = self.resolve_text_prompt(data)
        body = {"model": ctx.model, "messages": [{"role": "user", "content": prompt}]}
        async with httpx.AsyncClient() as client:
            reply = await client.post(
                f"{endpoint}/chat/completions", json=body, headers={"Authorization": f"Bearer {secret}"}
            )
        return vf.ProgramResult(int(reply.is_error), "", reply.text)
"""


def taskset(**config: Any) -> Any:
    module = importlib.import_module("knk.integrations.verifiers")
    return module.KnkTaskset(module.KnkConfig(**config))


def scored(case: Case) -> Any:
    """Return the trace of a completion after the framework's own scoring."""
    import verifiers.v1 as vf

    module = importlib.import_module("knk.integrations.verifiers")
    data = module.KnkData(prompt="?", domain=case.task, row=json.dumps(case.row))
    nodes = [vf.MessageNode(message=vf.AssistantMessage(content=case.completion), sampled=True)]
    trace = vf.Trace(
        task=vf.TraceTask(type="KnkTask", data=data), agent=vf.AgentInfo(config=vf.AgentConfig()), nodes=nodes
    )
    asyncio.run(module.KnkTask(data).score(trace))
    return trace


def test_each_row_is_a_task() -> None:
    rows = list(kk.rows("held-out", n=5, seed=3, spec=kk.PAPER.with_changes(people=(2, 4))))
    tasks = list(taskset(split="held-out", n=5, people=(2, 4), seed=3))
    assert [task.data.id for task in tasks] == [row["id"] for row in rows]
    assert [task.data.prompt for task in tasks] == [chat_prompt("kk", row) for row in rows]
    assert len({task.key for task in tasks}) == 5
    assert [task.data for task in taskset(split="held-out", n=5, people="2-4", seed=3)] == [task.data for task in tasks]


def test_another_domain_has_its_own_tasks(tmp_path: Path) -> None:
    write_mmlu(tmp_path / "math.jsonl")
    tasks = list(taskset(domain="mmlu_pro", split="test", data=str(tmp_path / "math.jsonl")))
    assert [json.loads(task.data.row)["answer"] for task in tasks] == ["B"] * 3
    with pytest.raises(BadTask):
        list(taskset(subject="physics"))


def test_rewards_agree_with_verify() -> None:
    rewards = [scored(case).reward for case in cases()]
    assert rewards == [float(bool(case.verdict)) for case in cases()]
    assert set(rewards) == {0.0, 1.0}


def test_an_undecided_reply_has_no_reward(monkeypatch: pytest.MonkeyPatch) -> None:
    import verifiers.v1 as vf

    monkeypatch.setattr(kk, "verify", unknown)
    with pytest.raises(vf.TaskError, match="NoVerdict: the verifier could not decide"):
        scored(cases()[0])


class Replies(BaseHTTPRequestHandler):
    """A server whose model answers each prompt with its answer in `answers`."""

    answers: dict[str, str] = {}  # noqa: RUF012 - one server at a time, filled before it starts

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message = {"role": "assistant", "content": self.answers[request["messages"][-1]["content"]]}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        settings = {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [choice],
            "usage": usage,
        }
        body = json.dumps(settings).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the standard library
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Replies)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


async def rolled_out(env: Any, address: str) -> list[Any]:
    import verifiers.v1 as vf

    client = vf.EvalClientConfig(base_url=address)
    context = vf.ModelContext(model="m", client=client, sampling=vf.SamplingConfig())
    async with env.serving():
        episodes = [await env.run_slot(slot, context) for task in env.taskset for slot in env.slots(task)]
    return [episode.traces[0] for episode in episodes]


def test_rollouts_of_a_custom_environment(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import verifiers.v1 as vf

    (tmp_path / "knights_env.py").write_text(ENVIRONMENT, encoding="utf-8")
    (tmp_path / "once_harness.py").write_text(HARNESS, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PRIME_API_KEY", "none")
    rows = list(kk.rows("train", n=3, seed=3, spec=kk.PAPER.with_changes(people=2)))
    Replies.answers = {chat_prompt("kk", row): row["answer"] for row in rows[:2]} | {
        chat_prompt("kk", rows[2]): "Both lie, perhaps."
    }
    config = {
        "taskset": {"id": "knights-env", "n": 3, "people": 2, "seed": 3},
        "agent": {"harness": {"id": "once-harness"}, "runtime": {"type": "subprocess"}},
    }
    traces = asyncio.run(rolled_out(vf.load_environment(vf.resolve_env_config(config)), address))
    assert [(trace.reward, trace.errors) for trace in traces] == [(1, []), (1, []), (0, [])]
    assert traces[2].last_reply == "Both lie, perhaps."


def test_the_command_on_the_page_runs(address: str, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "integrations.md").read_text(encoding="utf-8")
    command = page[page.index("PYTHONPATH=. vf-eval") :].partition("```")[0].replace("\\\n", " ")
    # The harness `null` installs itself from a registry; this one is as small.
    for old, new in (("n 100", "n 2"), ("id null", "id once_harness"), ("http://localhost:8000/v1", address)):
        assert old in command
        command = command.replace(old, new)
    (tmp_path / "knights.py").write_text(ENVIRONMENT, encoding="utf-8")
    (tmp_path / "once_harness.py").write_text(HARNESS, encoding="utf-8")
    rows = kk.rows("train", n=2, seed=0, spec=kk.PAPER)
    Replies.answers = {chat_prompt("kk", row): row["answer"] for row in rows}
    environment = {name: value for name, value in os.environ.items() if name != "PRIME_API_KEY"}
    environment |= {"PYTHONPATH": f"{tmp_path}:{ROOT}", "OPENAI_API_KEY": "none"}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("vf-eval")), *command.split()[2:]],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("reward=1.00") == 2
