"""The vLLM engine, with a module in vLLM's place."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from knk.errors import BadSpec, ModelFailed
from knk.inference.sampling import PRESETS, derive_seed
from knk.inference.store import ANSWERS, FAILED
from knk.inference.vllm import VllmEngine
from tests.support.teaching import SHORT, ask_all, read_lines


def test_settings_become_arguments_of_vllm() -> None:
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


class FakeAsyncLLM:
    """A stand-in for vLLM's engine: it answers every request but number 3."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.model = arguments["model"]
        self.is_shut_down = False

    def get_tokenizer(self) -> Any:
        def encode(text: str, add_special_tokens: bool = True) -> list[int]:
            return [int(add_special_tokens), *text.encode()[-3:]]

        def apply_chat_template(messages: list[dict[str, str]], **_settings: Any) -> str:
            return str(messages[0]["content"])

        return SimpleNamespace(encode=encode, apply_chat_template=apply_chat_template)

    async def generate(self, prompt: dict[str, list[int]], parameters: Any, request_id: str) -> Any:  # noqa: ARG002 - the signature is vLLM's
        if request_id == "3":
            raise ValueError("The prompt\nis too long")
        if self.model == "dead":
            raise RuntimeError("the engine is dead")
        output = SimpleNamespace(
            text=f"answer {request_id}", finish_reason="stop", stop_reason="User:", token_ids=(1, 2)
        )
        yield SimpleNamespace(outputs=[output], prompt_token_ids=prompt["prompt_token_ids"])

    def shutdown(self) -> None:
        self.is_shut_down = True


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakeAsyncLLM]]:
    """Replace the modules of vLLM, and return the engines made with them."""
    engines: list[FakeAsyncLLM] = []

    def from_engine_args(arguments: dict[str, Any]) -> FakeAsyncLLM:
        engines.append(FakeAsyncLLM(arguments))
        return engines[-1]

    kinds = SimpleNamespace(RequestOutputKind=SimpleNamespace(FINAL_ONLY="final"))
    module = SimpleNamespace(AsyncEngineArgs=dict, SamplingParams=dict, sampling_params=kinds)
    async_llm = SimpleNamespace(AsyncLLM=SimpleNamespace(from_engine_args=from_engine_args))
    monkeypatch.setitem(sys.modules, "vllm", module)
    monkeypatch.setitem(sys.modules, "vllm.v1.engine.async_llm", async_llm)
    yield engines
    assert all(engine.is_shut_down for engine in engines)


@pytest.mark.parametrize("style", ["paper", "chat"])
def test_answers_of_vllm_are_stored(puzzles: Path, tmp_path: Path, vllm: list[FakeAsyncLLM], style: str) -> None:
    summary = ask_all(puzzles, tmp_path / "run", VllmEngine("m"), replace(SHORT, n=2), style=style, limit=4)
    assert (summary.stored, summary.failed, summary.completion_tokens) == (7, 1, 14)
    assert read_lines(tmp_path / "run" / FAILED)[0]["reason"] == "The prompt is too long"
    answers = read_lines(tmp_path / "run" / ANSWERS)
    assert {line["stop"] for line in answers} == {"User:"}
    assert {line["prompt_tokens"] for line in answers} == {4}
    assert {line["completion"] for line in answers} == {f"answer {number}" for number in range(8) if number != 3}


def test_a_failure_of_vllm_ends_the_run(puzzles: Path, tmp_path: Path, vllm: list[FakeAsyncLLM]) -> None:
    with pytest.raises(ModelFailed, match="the engine is dead"):
        ask_all(puzzles, tmp_path / "run", VllmEngine("dead"), limit=2)
