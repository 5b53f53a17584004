"""vLLM beside a trainer: its cache, and the command of its server."""

import importlib.util
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from knk.training.gpus import GIB
from knk.training.plan import alternatives
from knk.training.recipe import load
from knk.training.serving import server_command
from tests.support.plans import MATH, RECIPES, SIZES, estimated

# vLLM's cache.


def test_the_cache_holds_what_the_weights_leave() -> None:
    made = estimated(MATH, "1xH100", ("one-80gb-lora",))
    bytes_left = 0.3 * 79 * GIB - 2 * SIZES["Qwen/Qwen2.5-3B"] - 1.5 * GIB
    assert made.cache is not None
    assert made.cache.tokens == int(bytes_left / (2 * 2 * 36 * 2 * 128))
    assert made.cache.waves == 1
    assert f"{made.cache.tokens:,} tokens" in made.table()
    assert made.to_dict()["cache"] == made.cache.to_dict()


def test_completions_that_do_not_fit_the_cache_wait() -> None:
    changes = {"model_name_or_path": "Qwen/Qwen2.5-1.5B", "vllm_gpu_memory_utilization": 0.25}
    small = estimated(MATH, "1xRTX4090", ("one-80gb-lora",), **changes)
    assert small.cache is not None
    assert small.cache.sequences < small.cache.wanted
    assert small.cache.waves == pytest.approx(100 / small.cache.sequences)
    assert "waves" in small.table()
    ample = estimated(MATH, "1xRTX4090", ("one-80gb-lora",), **(changes | {"vllm_gpu_memory_utilization": 0.5}))
    assert ample.cache is not None
    assert ample.cache.waves == 1
    assert small.time[0].amount > ample.time[0].amount


def test_a_model_length_below_the_completions_is_a_problem() -> None:
    made = estimated(MATH, "5xH100", ("vllm-colocate",), max_completion_length=16_384)
    assert made.problems == (
        "vLLM allows 9,216 tokens, but a prompt of 256 and a completion of 16,384 have 16,640: raise "
        "vllm_max_model_length, or lower max_completion_length",
    )
    assert list(alternatives(made))[:2] == ["--set vllm_max_model_length=17408", "--set max_completion_length=8192"]


# The server.


def test_the_server_command_has_what_trls_client_needs() -> None:
    command = estimated(MATH, "6xH100").server
    assert command.startswith("VLLM_SERVER_DEV_MODE=1 vllm serve Qwen/Qwen2.5-3B --host 127.0.0.1 --port 8000 ")
    assert "--max-model-len 9216" in command
    assert """--weight-transfer-config '{"backend": "nccl"}' --logprobs-mode processed_logprobs""" in command
    assert command in estimated(MATH, "6xH100").table()
    assert estimated(MATH, "5xH100", ("vllm-colocate",)).server == ""
    assert "--host 127.0.0.1" in estimated(MATH, "6xH100", vllm_server_host="0.0.0.0").server


@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
@pytest.mark.slow
def test_the_server_of_a_recipe_for_an_adapter_loads_the_merged_model(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}', encoding="utf-8")
    (tmp_path / "adapter_model.safetensors").touch()
    recipe = load(MATH)
    command = server_command(replace(recipe, settings={**recipe.settings, "model_name_or_path": f"{tmp_path}/"}))
    merged = f"{tmp_path}-merged"
    merging, serving = command.split(" && ")
    assert shlex.split(merging) == ["knk", "merge", f"{tmp_path}/", "-o", merged]
    assert serving.startswith(f"VLLM_SERVER_DEV_MODE=1 vllm serve {merged} ")


def test_the_server_command_has_the_options_of_trls_own() -> None:
    from trl.scripts.vllm_serve import ScriptArguments, build_command

    theirs = build_command(ScriptArguments(model="Qwen/Qwen2.5-3B", host="127.0.0.1", max_model_len=9216))
    mine = shlex.split(server_command(load(MATH)))
    start = theirs.index("--weight-transfer-config")
    assert mine[mine.index("--weight-transfer-config") :] == theirs[start:]
    for option in ("--host", "--port", "--max-model-len", "--gpu-memory-utilization"):
        assert mine[mine.index(option) + 1] == theirs[theirs.index(option) + 1]


# What vLLM does to training.


@pytest.mark.parametrize("overlay", [None, *sorted((RECIPES / "rlvr/profiles").glob("*.yaml"))])
@pytest.mark.parametrize("path", sorted((RECIPES / "rlvr").glob("*.yaml")))
def test_long_answers_count_as_much_as_short_ones(path: Path, overlay: Path | None) -> None:
    """With top-p, vLLM's probabilities are larger than the trainer's, so weights of sequences vanish with length."""
    settings = load(path, [overlay] if overlay else []).settings
    is_corrected = settings.get("vllm_importance_sampling_correction", True)
    mode = settings.get("vllm_importance_sampling_mode", "sequence_mask")
    assert not (settings["use_vllm"] and settings["top_p"] < 1 and is_corrected and mode.startswith("sequence"))


@pytest.mark.parametrize("overlay", sorted((RECIPES / "rlvr/profiles").glob("*.yaml")))
def test_adapters_are_merged_for_vllm_in_float32(overlay: Path) -> None:
    """Merging and unmerging at each step would corrupt weights in bfloat16."""
    settings = load(MATH, [overlay]).settings
    if settings.get("use_peft") and settings["use_vllm"]:
        assert settings.get("dtype", "float32") == "float32"


def test_suggested_adapters_are_in_float32_beside_vllm() -> None:
    lines = [line for line in alternatives(estimated(MATH, "2xA100-40")) if "use_peft" in line]
    assert lines
    assert all("dtype=float32" in line for line in lines)
