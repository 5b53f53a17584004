"""The vLLM engine, with a module in vLLM's place."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from knk.errors import BadFolder, BadSpec, ModelFailed
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


class VLLMClientError(Exception):
    """vLLM's class of errors in a request; older versions raise a ValueError."""


class EngineDeadError(Exception):
    """vLLM's error for an engine that died, which is no RuntimeError."""


@dataclass(frozen=True)
class LoRARequest:
    """The part of vLLM's class that adapters in a folder need."""

    lora_name: str
    lora_int_id: int
    lora_path: str


class FakeAsyncLLM:
    """A stand-in for vLLM's engine: it answers every request but number 3, and says with which adapter."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.arguments = arguments
        self.model = arguments["model"]
        self.adapters: list[LoRARequest] = []
        self.is_shut_down = False

    async def add_lora(self, lora_request: LoRARequest) -> bool:
        if not self.arguments.get("enable_lora"):
            raise RuntimeError("LoRA is not enabled.")
        config = json.loads((Path(lora_request.lora_path) / "adapter_config.json").read_text(encoding="utf-8"))
        if config.get("use_dora"):
            raise Exception("Call to add_lora failed:\nvLLM does not yet support DoRA.")  # As vLLM does.
        if config["r"] > self.arguments["max_lora_rank"]:
            raise ValueError("the rank is greater than max_lora_rank")
        self.adapters.append(lora_request)
        return True

    def get_tokenizer(self) -> Any:
        def encode(text: str, add_special_tokens: bool = True) -> list[int]:
            return [int(add_special_tokens), *text.encode()[-3:]]

        def apply_chat_template(messages: list[dict[str, str]], **_settings: Any) -> str:
            return str(messages[0]["content"])

        return SimpleNamespace(encode=encode, apply_chat_template=apply_chat_template)

    async def generate(
        self,
        prompt: dict[str, list[int]],
        sampling_params: Any,  # noqa: ARG002 - the signature is vLLM's
        request_id: str,
        *,
        lora_request: LoRARequest | None = None,
    ) -> Any:
        if request_id == "3":
            raise VLLMClientError("The prompt\nis too long")
        if self.model == "dead":
            raise EngineDeadError("the engine is dead")
        if lora_request is not None and lora_request not in self.adapters:
            raise RuntimeError("the adapter was not loaded first")
        name = f" by {lora_request.lora_path}" if lora_request else ""
        output = SimpleNamespace(
            text=f"answer {request_id}{name}", finish_reason="stop", stop_reason="User:", token_ids=(1, 2)
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
    monkeypatch.setitem(sys.modules, "vllm.exceptions", SimpleNamespace(VLLMClientError=VLLMClientError))
    monkeypatch.setitem(sys.modules, "vllm.lora.request", SimpleNamespace(LoRARequest=LoRARequest))
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


def save_adapter(folder: Path, **settings: Any) -> Path:
    """Save the files of an adapter, without weights in them."""
    folder.mkdir()
    config = {"peft_type": "LORA", "base_model_name_or_path": "Qwen/Qwen2.5-3B", "r": 16, **settings}
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "adapter_model.safetensors").touch()
    return folder


def test_a_folder_with_other_weights_is_another_model(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"1")
    engine = VllmEngine(str(tmp_path))
    assert (engine.model, VllmEngine("Qwen/Qwen2.5-3B").identity()) == (tmp_path.name, {})
    assert engine.identity() == VllmEngine(str(tmp_path), data_parallel=8).identity()
    (tmp_path / "model.safetensors").write_bytes(b"2")
    assert engine.identity() != VllmEngine(str(tmp_path)).identity()


def test_an_adapter_is_its_base_and_what_each_request_names(
    puzzles: Path, tmp_path: Path, vllm: list[FakeAsyncLLM]
) -> None:
    folder = save_adapter(tmp_path / "adapter")
    ask_all(puzzles, tmp_path / "run", VllmEngine(str(folder)), limit=2)
    assert {line["completion"] for line in read_lines(tmp_path / "run" / ANSWERS)} == {
        f"answer {number} by {folder}" for number in range(2)
    }
    (engine,) = vllm
    assert engine.arguments == {
        "model": "Qwen/Qwen2.5-3B",
        "tokenizer": "Qwen/Qwen2.5-3B",
        "data_parallel_size": 1,
        "tensor_parallel_size": 1,
        "enable_prefix_caching": True,
        "trust_remote_code": False,
        "enable_lora": True,
        "max_lora_rank": 16,
    }


def test_the_tokenizer_and_the_revision_are_the_adapters(tmp_path: Path) -> None:
    folder = save_adapter(tmp_path / "adapter", revision="v1")
    (folder / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    arguments = VllmEngine(str(folder)).engine_arguments()
    assert (arguments["tokenizer"], arguments["revision"]) == (str(folder), "v1")


@pytest.mark.parametrize(
    ("settings", "limit"),
    [({"r": 1}, 8), ({"r": 64}, 64), ({"r": 65}, 128), ({"r": 512}, 512), ({"r": 8, "rank_pattern": {"q": 33}}, 64)],
)
def test_the_largest_rank_of_an_adapter_is_one_that_vllm_takes(
    settings: dict[str, Any], limit: int, tmp_path: Path
) -> None:
    engine = VllmEngine(str(save_adapter(tmp_path / "adapter", **settings)))
    assert engine.engine_arguments()["max_lora_rank"] == limit


@pytest.mark.parametrize(
    "settings",
    [
        {"r": 513},
        {"r": 0},
        {"r": True},
        {"r": "16"},
        {"r": None},
        {"rank_pattern": {"q": "9" * 99}},
        {"rank_pattern": 7.5},
    ],
)
def test_an_adapter_of_another_rank_is_an_error_in_one_line(settings: dict[str, Any], tmp_path: Path) -> None:
    engine = VllmEngine(str(save_adapter(tmp_path / "adapter", **settings)))
    with pytest.raises(BadFolder, match=r"expected ranks from 1 to 512, which vLLM takes, got .{1,40}: merge"):
        engine.engine_arguments()


def test_an_adapter_that_vllm_rejects_ends_the_run_before_any_request(
    puzzles: Path, tmp_path: Path, vllm: list[FakeAsyncLLM]
) -> None:
    folder = save_adapter(tmp_path / "adapter", use_dora=True)
    with pytest.raises(ModelFailed) as caught:
        ask_all(puzzles, tmp_path / "run", VllmEngine(str(folder)), limit=2)
    assert str(caught.value) == (
        f"vLLM cannot use the adapter {folder} (vLLM does not yet support DoRA.): merge it first ('knk merge')"
    )
