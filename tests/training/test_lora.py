"""LoRA runs: a chain of them, each ending in a whole model; killed while they merge; adapters as models."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from knk import tasks
from knk.datasets.files import read, write
from knk.errors import BadConfig, BadFolder, TrainingFailed
from knk.evals.run import BenchmarkPlan, run_benchmarks
from knk.inference.sampling import Sampling
from knk.inference.transformers import TransformersEngine
from knk.tasks import kk
from knk.teacher.export import ExportFormat, export_rows
from knk.training.checks.model import read_model
from knk.training.folder import start_of
from knk.training.lora import merge_trained, with_whole_model
from knk.training.recipe import Recipe
from tests.support.tiny_models import save_tiny_adapter, save_tiny_model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
]
COMMON: dict[str, Any] = {
    "save_steps": 1,
    "max_steps": 2,
    "logging_steps": 1,
    "learning_rate": 1e-2,
    "use_cpu": True,
    "bf16": False,
    "use_peft": True,
    "lora_r": 4,
    "lora_target_modules": "all-linear",
}
SFT = COMMON | {"trainer": "sft", "max_length": 4096, "completion_only_loss": True}
GRPO = COMMON | {
    "trainer": "grpo",
    "reward_funcs": ["varied.reward"],
    "num_generations": 4,
    "per_device_train_batch_size": 8,
    "max_completion_length": 16,
}
VARIED = """
def reward(prompts, completions, **columns):
    return [float(sum(map(ord, completion)) % 7) for completion in completions]
"""
KILLED_WHILE_MERGING = """
import os, signal
from knk.training import lora
lora._move_up = lambda merged, run: os.kill(os.getpid(), signal.SIGKILL)
"""
QUERIES = "model.layers.0.self_attn.q_proj.weight"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model, and data and a reward to train it with."""
    folder = tmp_path_factory.mktemp("lora")
    rows = list(export_rows(kk.rows("train", n=16), ExportFormat("sft", "paper", "brief")))
    write(folder / "sft.jsonl", rows)
    write(folder / "grpo.jsonl", tasks.prompts(tasks.load("kk"), list(kk.rows("train", n=16)), "paper"))
    (folder / "varied.py").write_text(VARIED, encoding="utf-8")
    save_tiny_model(folder / "tiny", (str(row) for row in rows))
    return folder


@pytest.fixture(scope="module")
def warmed(place: Path) -> Path:
    """The folder of a LoRA run with SFT."""
    status, output = train(place, SFT, "tiny", "warmed")
    assert status == 0, output[-3000:]
    return place / "warmed"


def recipe_of(settings: dict[str, Any], model: str, output: str) -> Recipe:
    data = {"datasets": [{"path": "json", "data_files": f"{settings['trainer']}.jsonl", "split": "train"}]}
    own = {name: value for name, value in settings.items() if name != "trainer"}
    return Recipe(
        Path(f"{output}.yaml"), settings["trainer"], own | data | {"model_name_or_path": model, "output_dir": output}
    )


def train(place: Path, settings: dict[str, Any], model: str, output: str, program: str = "") -> tuple[int, str]:
    """Run `knk train` in a process of its own, after a piece of Python; return its exit status and its output."""
    recipe = recipe_of(settings, model, output)
    (place / recipe.path).write_text(json.dumps({"trainer": recipe.trainer, **recipe.settings}), encoding="utf-8")
    command = f"{program}\nfrom knk.cli import main\nraise SystemExit(main())"
    run = subprocess.run(
        [sys.executable, "-c", command, "train", str(recipe.path), "--in-process"],
        check=False,
        cwd=place,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": str(place / "hf")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return run.returncode, run.stdout + run.stderr


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return {name: weight for path in folder.glob("model*.safetensors") for name, weight in load_file(path).items()}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def manifest(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return content


def answers(folder: Path, model: Path) -> dict[tuple[str, int], str]:
    """Return a model's answers to a benchmark."""
    plan = BenchmarkPlan(("knk",), Sampling(n=2, temperature=1.0, max_tokens=12, seed=1), limit=3)
    run_benchmarks(folder, TransformersEngine(str(model)), plan, lm_eval=False)
    return {(row["id"], row["sample"]): row["completion"] for row in read(folder / "knk" / "answers.jsonl")}


def test_a_lora_run_ends_with_a_whole_model_and_the_adapter_beside_it(warmed: Path, place: Path) -> None:
    assert {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"} <= names(warmed)
    assert not {"adapter_config.json", "adapter_model.safetensors"} & names(warmed)
    assert {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json"} <= names(warmed / "adapter")
    assert "adapter_model.safetensors" in names(warmed / "checkpoint-2")
    assert "model.safetensors" not in names(warmed / "checkpoint-2")
    assert manifest(warmed)["merged"] == {"adapter": "adapter", "dtype": "float32", "rounding": 0.0}
    before, after = weights(place / "tiny"), weights(warmed)
    assert before.keys() == after.keys()
    assert not before[QUERIES].equal(after[QUERIES])


def test_a_chain_of_lora_runs_ends_in_a_model_that_answers(
    warmed: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)  # The adapters name their bases relative to it.
    status, output = train(place, GRPO, "warmed", "trained")
    assert status == 0, output[-3000:]
    assert not weights(warmed)[QUERIES].equal(weights(place / "trained")[QUERIES])
    whole = answers(tmp_path / "whole", place / "trained")
    assert whole == answers(tmp_path / "adapter", place / "trained" / "adapter")
    assert whole != answers(tmp_path / "before", warmed)


def test_a_run_that_is_killed_while_it_merges_resumes(warmed: Path, place: Path) -> None:
    folder = place / "killed"
    status, output = train(place, SFT, "tiny", "killed", KILLED_WHILE_MERGING)
    assert status == -signal.SIGKILL, output[-3000:]
    assert "config.json" not in names(folder)
    assert manifest(folder)["status"] == "running"
    status, output = train(place, SFT, "tiny", "killed")
    assert status == 0, output[-3000:]
    assert [session["outcome"] for session in manifest(folder)["sessions"]] == ["killed", "finished"]
    assert not [name for name in names(folder) if "merged" in name]
    expected = weights(warmed)
    assert all(weight.equal(expected[name]) for name, weight in weights(folder).items())


def test_an_adapter_is_merged_before_it_is_trained(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    save_tiny_adapter(place / "adapter", Path("tiny"))
    recipe = recipe_of(SFT, "adapter", "further")
    status, output = train(place, SFT, "adapter", "further")
    assert status == 0, output[-3000:]
    assert manifest(place / "further")["settings"]["model_name_or_path"] == "adapter"
    assert manifest(place / "further")["adapter"]["note"] == "merged into base/ before the training"
    config = json.loads((place / "further" / "adapter" / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "further/base"
    parts = [weights(place / name)[QUERIES] for name in ("tiny", "further/base", "further")]
    assert not parts[0].equal(parts[1])
    assert not parts[1].equal(parts[2])
    save_tiny_adapter(place / "adapter", Path("tiny"), scale=0.1)
    with pytest.raises(BadFolder, match="other settings or data"):  # Another adapter is another run.
        start_of(recipe)


def test_the_base_of_a_run_is_made_anew_for_another_adapter(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = recipe_of(SFT, "adapter", "run")
    (tmp_path / "run").mkdir()
    seen: list[bytes] = []
    kept = []
    for scale in (0.05, 0.05, 0.1):
        save_tiny_adapter(tmp_path / "adapter", place / "tiny", scale=scale)
        assert with_whole_model(recipe).model == "run/base"
        kept.append("mark" in names(tmp_path / "run" / "base"))
        seen.append((tmp_path / "run" / "base" / "model.safetensors").read_bytes())
        (tmp_path / "run" / "base" / "mark").touch()
    assert kept == [False, True, False]
    assert seen[0] == seen[1] != seen[2]
    assert with_whole_model(recipe_of(SFT, str(place / "tiny"), "run")).model == str(place / "tiny")


def test_an_adapter_whose_base_is_missing_is_an_error_before_the_start(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "tiny", tmp_path / "gone")
    save_tiny_adapter(tmp_path / "lost", tmp_path / "gone")
    shutil.rmtree(tmp_path / "gone")
    with pytest.raises(BadFolder, match=r"the adapter's base: give it with 'knk merge .*lost --base MODEL'"):
        read_model(recipe_of(SFT, str(tmp_path / "lost"), "never"))


def test_a_quantised_model_cannot_be_trained_with_an_adapter(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "tiny", tmp_path / "quantised")
    config = json.loads((place / "tiny" / "config.json").read_text(encoding="utf-8"))
    config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (tmp_path / "quantised" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(BadConfig, match="is quantised, so that no adapter can be merged into it"):
        read_model(recipe_of(SFT, str(tmp_path / "quantised"), "never"))


def test_an_adapter_that_cannot_be_merged_is_kept(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_tiny_adapter(tmp_path / "run", place / "tiny")
    (tmp_path / "small").mkdir()
    recipe = recipe_of(SFT, "small", "run")
    with pytest.raises(
        TrainingFailed, match="the adapter is trained and in run/adapter, but merging it failed: "
    ) as error:
        merge_trained(recipe)
    assert "\n" not in str(error.value)
    assert names(tmp_path / "run" / "adapter") == {"adapter_config.json", "adapter_model.safetensors"}
    (tmp_path / "run" / "adapter_config.json").unlink()
    with pytest.raises(TrainingFailed, match="the trainer saved no adapter_config"):
        merge_trained(recipe)
