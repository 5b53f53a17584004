"""Every recipe in `recipes/`: its settings, the paper's values, and two steps on a tiny model of its architecture."""

import importlib.util
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from knk import rewards, tasks
from knk.cli import main
from knk.datasets.files import read, write
from knk.errors import BadConfig
from knk.tasks import kk
from knk.teacher.export import ExportFormat, export_rows
from knk.training.data import sources
from knk.training.options import trl_settings
from knk.training.recipe import Recipe, load
from tests.support.paths import ROOT
from tests.support.tiny_models import save_tiny_model
from tests.training.test_grpo import published_rows

RECIPES = ROOT / "recipes"
FILES = sorted(RECIPES.glob("*/*.yaml"))
ACCELERATE = sorted((RECIPES / "accelerate").glob("*.yaml"))
PROFILES = sorted(RECIPES.glob("*/profiles/*.yaml"))
EIGHT = "eight-80gb"
"""The profile for eight GPUs, among which neither 12 examples nor 100 completions can be divided."""
GPU_PROFILES = [path for path in PROFILES if path.parent.parent.name in ("warmup", "rlvr")]
TRAINED = [path for path in PROFILES if "gb" in path.stem or path.stem in ("vllm-colocate", "continuous-batching")]
"""The profiles that change how a run trains or generates on some hardware."""
ALL = [path for path in FILES if path not in ACCELERATE]
COMPLETE = [path for path in ALL if "datasets" in load(path).settings]
has_trl = importlib.util.find_spec("trl") is not None


def name_of(path: Path) -> str:
    return str(path.relative_to(RECIPES))


def own_settings(path: Path) -> dict[str, Any]:
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(settings, dict)
    return settings


def inherited(path: Path) -> dict[str, Any]:
    """Return the settings of the files that a file extends."""
    base = own_settings(path).get("extends")
    return inherited(path.parent / base) | own_settings(path.parent / base) if base else {}


def test_every_folder_has_recipes_for_its_trainer() -> None:
    folders = {path.parent.name for path in COMPLETE}
    assert folders == {"warmup", "rlvr", "laptop"}
    assert {load(path).trainer for path in COMPLETE if path.parent.name == "warmup"} == {"sft"}
    assert {load(path).trainer for path in COMPLETE if path.parent.name == "rlvr"} == {"grpo"}


@pytest.mark.parametrize("path", [*ALL, *PROFILES], ids=name_of)
def test_no_setting_repeats_an_inherited_one(path: Path) -> None:
    own = own_settings(path)
    if "extends" in own:
        known = inherited(path)
        assert not [name for name, value in own.items() if known.get(name, object()) == value]


@pytest.mark.parametrize("path", [*ALL, *GPU_PROFILES], ids=name_of)
def test_the_readme_of_the_folder_mentions_it(path: Path) -> None:
    folder = path.parent.parent if path in PROFILES else path.parent
    assert f"`{path.name}`" in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", COMPLETE, ids=name_of)
def test_it_names_existing_rewards_its_output_and_the_command_for_its_data(path: Path) -> None:
    recipe = load(path)
    assert recipe.output.parts[0] == "runs"
    assert recipe.made_by
    for name in recipe.settings.get("reward_funcs", []):
        module, _, function = name.rpartition(".")
        if module == "knk.rewards":
            assert callable(getattr(rewards, function))


@pytest.mark.parametrize("path", [path for path in COMPLETE if path.parent.name != "laptop"], ids=name_of)
def test_the_command_for_its_data_exists_with_those_options(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = load(path).made_by.split()
    if words[0] == "python":
        assert (ROOT / words[1]).is_file()
        return
    assert words[0] == "knk"
    command = [word for word in words[1:3] if not word.startswith("-")]
    options = {word for word in words if word.startswith("-")}
    assert main([*(command if command[0] == "corpus" else command[:1]), "--help"]) == 0
    help_text = capsys.readouterr().out
    assert not [option for option in options if option not in help_text]


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_print_config_prints_the_settings_for_trl(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(path), "--print-config"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed == trl_settings(load(path).settings)
    assert not printed.keys() & {"extends", "trainer", "made_by"}


def test_the_paper_recipes_have_the_settings_of_the_paper() -> None:
    warm_up, rl = load(RECIPES / "warmup/paper.yaml"), load(RECIPES / "rlvr/paper.yaml")

    def settings_of(recipe: Recipe, *names: str) -> list[Any]:
        return [recipe.settings[name] for name in names]

    assert settings_of(warm_up, "learning_rate", "weight_decay", "warmup_steps", "max_length", "num_train_epochs") == [
        1e-6, 1e-4, 25, 32768, 3
    ]  # fmt: skip
    assert settings_of(rl, "learning_rate", "weight_decay", "warmup_steps", "beta", "adam_beta2") == [
        1e-6,
        0.1,
        25,
        0.0,
        0.99,
    ]
    assert settings_of(rl, "loss_type", "scale_rewards", "temperature", "top_p", "top_k") == [
        "dr_grpo",
        "none",
        0.7,
        0.95,
        0,
    ]
    assert settings_of(rl, "num_generations", "max_completion_length") == [10, 8192]
    for recipe, batch in ((warm_up, 12), (rl, 100)):
        per_device, accumulation = settings_of(recipe, "per_device_train_batch_size", "gradient_accumulation_steps")
        assert per_device * accumulation * recipe.processes == batch
    assert load(RECIPES / "warmup/ablation-s1k.yaml").settings["learning_rate"] == 2e-5


@pytest.mark.parametrize("path", [path for path in COMPLETE if path.parent.name in ("warmup", "rlvr")], ids=name_of)
def test_every_variant_has_the_same_batch_size(path: Path) -> None:
    profiles = [profile for profile in PROFILES if profile.parent.parent == path.parent]
    for profile in (None, *profiles):
        recipe = load(path, [profile] if profile else [])
        batch = recipe.number("per_device_train_batch_size", 8) * recipe.number("gradient_accumulation_steps", 1)
        sizes = {"sft": 16, "grpo": 80} if profile and profile.stem == EIGHT else {"sft": 12, "grpo": 100}
        assert batch * recipe.processes == sizes[recipe.trainer]


@pytest.mark.parametrize("path", [path for path in PROFILES if path.stem.startswith("one-")], ids=name_of)
def test_profiles_for_one_gpu_train_in_one_process_and_sync_adapters_in_float32(path: Path) -> None:
    recipe = load(path.parent.parent / "paper.yaml", [path])
    assert (recipe.processes, recipe.launch["distributed_type"]) == (1, "NO")
    assert "CUDA_VISIBLE_DEVICES=0" in path.read_text(encoding="utf-8")
    if recipe.settings.get("use_peft") and recipe.settings.get("use_vllm"):
        assert recipe.settings["dtype"] == "float32"


def test_no_profile_lets_importance_weights_silence_long_completions() -> None:
    for path in (path for path in PROFILES if path.parent.parent.name == "rlvr"):
        settings = load(RECIPES / "rlvr/paper.yaml", [path]).settings
        is_corrected = settings.get("vllm_importance_sampling_correction", True)
        assert not is_corrected or settings["vllm_importance_sampling_mode"] == "token_truncate"


def test_the_curriculum_has_a_row_for_each_prompt_of_the_run() -> None:
    for overlays in (["curriculum"], ["one-80gb-lora", "curriculum"]):
        recipe = load(RECIPES / "rlvr/kk.yaml", [RECIPES / f"rlvr/profiles/{name}.yaml" for name in overlays])
        rows = 4 * int(recipe.made_by.split("-n ")[1].split(";")[0])
        prompts = recipe.processes * recipe.number("per_device_train_batch_size", 8)
        prompts *= recipe.number("gradient_accumulation_steps", 1)
        assert rows * 10 == recipe.settings["max_steps"] * prompts
        assert recipe.settings["shuffle_dataset"] is False


@pytest.mark.parametrize("path", ACCELERATE, ids=name_of)
@pytest.mark.skipif(not has_trl, reason="accelerate is not installed: run make check-all")
def test_accelerate_reads_its_configuration(path: Path) -> None:
    from accelerate.commands.config.config_args import ClusterConfig

    config = ClusterConfig.from_yaml_file(str(path))
    assert config.num_processes == own_settings(path)["num_processes"]
    assert (
        str(getattr(config.distributed_type, "value", config.distributed_type))
        == own_settings(path)["distributed_type"]
    )


def test_s1k_is_converted_to_rows_with_the_format(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("s1k", RECIPES / "warmup/s1k.py")
    assert spec
    assert spec.loader
    s1k = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(s1k)
    row = {"question": "What is 1 + 1?", "thinking_trajectories": ["One and one."], "attempt": "It is \\boxed{2}."}
    quoting = row | {"attempt": "</think> is a tag"}
    write(tmp_path / "in.jsonl", [row, quoting])
    assert s1k.main(["-o", str(tmp_path / "out.jsonl"), "--data", str(tmp_path / "in.jsonl")]) == 0
    (converted,) = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert converted["prompt"].endswith("Assistant: <think>\n")
    assert converted["completion"] == "One and one.\n</think>\n<answer>It is \\boxed{2}.</answer>"
    with pytest.raises(ValueError, match="row 1 is not from s1K"):
        list(s1k.convert([{"question": "?"}]))


def test_the_corpus_of_the_paper_can_be_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "build", str(RECIPES / "warmup/data/corpus.yaml"), "-o", str(tmp_path / "corpus")]) == 0
    capsys.readouterr()
    for split, count in (("train", 900), ("test", 100)):
        people = [row["people"] for row in read(tmp_path / "corpus" / split / f"{split}-00000.parquet")]
        assert Counter(people) == dict.fromkeys(range(3, 8), count)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("recipes")
    previous = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(previous)


def rows_for(recipe: Recipe, folder: Path) -> list[dict[str, Any]]:
    """Return a few rows like those of the recipe's own command."""
    if recipe.trainer == "sft":
        return list(export_rows(kk.rows("train", n=24), ExportFormat("sft", "paper", "brief")))
    reward = recipe.settings["reward_funcs"][0].rpartition(".")[2]
    if reward == "reward":  # The laptop recipe's own reward.
        from recipes.laptop.data import rlvr_rows

        return list(rlvr_rows("col", 10, 0))
    task = tasks.load(reward.removesuffix("_reward"))
    rows = task.rows("test", published_rows(task.NAME, folder)) if task.NAME != "kk" else kk.rows("train", n=16)
    return list(tasks.prompts(task, (list(rows) * 2)[:16], "paper"))


def tiny_recipe(recipe: Recipe, folder: Path) -> Recipe:
    """Return the recipe with a tiny model of its architecture, few rows, on a CPU."""
    model, data = folder / "model", folder / "rows.jsonl"
    folder.mkdir(exist_ok=True)
    rows = rows_for(recipe, folder)
    write(data, rows)
    architecture = "Qwen2" if recipe.model.startswith("Qwen/Qwen2.5") else "Llama"
    save_tiny_model(model, (str(row) for row in rows), architecture)
    changes = {
        "model_name_or_path": str(model),
        "datasets": [{"path": "json", "data_files": str(data), "split": "train"}],
        "output_dir": str(folder / "out"),
        "accelerate_config": None,
        "num_processes": 1,
        "max_steps": 2,
        "save_steps": 2,
        "logging_steps": 1,
        "use_cpu": True,
        "bf16": False,
        "report_to": "none",
    }
    limits = {"sft": {"max_length": 4096}, "grpo": {"max_completion_length": 16, "use_vllm": False}}[recipe.trainer]
    return Recipe(recipe.path, recipe.trainer, {**recipe.settings, **changes, **limits}, recipe.made_by)


@pytest.mark.slow
@pytest.mark.skipif(not has_trl, reason="TRL is not installed: run make check-all")
class TestTraining:
    @pytest.mark.parametrize("path", ALL, ids=name_of)
    def test_trl_accepts_its_settings(self, path: Path) -> None:
        from knk.training.checks.settings import check_keys

        for overlay in [[], *([profile] for profile in PROFILES if profile.parent.parent == path.parent)]:
            check_keys(load(path, overlay))

    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize("path", COMPLETE, ids=name_of)
    def test_it_trains_for_two_steps(self, path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from knk.training.run import train

        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        recipe = tiny_recipe(load(path), workspace / name_of(path).replace("/", "-"))
        manifest = train(recipe, in_process=True)
        assert (manifest["steps"], manifest["status"]) == (2, "finished")
        lines = (recipe.output / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines]
        assert [entry["step"] for entry in entries if "loss" in entry] == [1, 2]
        if recipe.trainer == "grpo":
            assert all(-2 <= entry["reward"] <= 2 for entry in entries if "reward" in entry)
        assert manifest["settings"]["learning_rate"] == load(path).settings["learning_rate"]

    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize("profile", TRAINED, ids=name_of)
    def test_a_profile_trains_for_two_steps(
        self, profile: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from knk.training.run import train

        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        path = profile.parent.parent / {"rlvr": "kk.yaml", "warmup": "proofs.yaml"}[profile.parent.parent.name]
        # Continuous batching is slow on a CPU.
        changes = {
            "generation_batch_size": 20,
            "gradient_accumulation_steps": 5,
            "transformers_continuous_batching_config": {"num_blocks": 64, "max_batch_tokens": 256},
        }
        recipe = tiny_recipe(
            load(path, [profile], changes if "batching" in profile.stem else {}),
            workspace / name_of(profile).replace("/", "-"),
        )
        manifest = train(recipe, in_process=True)
        assert (manifest["steps"], manifest["status"]) == (2, "finished")
        assert (recipe.output / "model.safetensors").is_file()
        assert (recipe.output / "adapter").is_dir() == bool(recipe.settings.get("use_peft"))

    # That of held-out rows has tests of its own, which make them.
    @pytest.mark.parametrize("profile", [path for path in GPU_PROFILES if path.stem != "eval"], ids=name_of)
    def test_the_checks_and_trls_parser_accept_a_profile_in_one_process_and_in_all(self, profile: Path) -> None:
        from knk.training.checks.batches import check_redraws
        from knk.training.checks.generation import check_generation
        from knk.training.checks.packages import check_packages
        from knk.training.checks.resources import check_gpus
        from knk.training.checks.settings import check_parsed, check_types

        path = profile.parent.parent / {"rlvr": "kk.yaml", "warmup": "paper.yaml"}[profile.parent.parent.name]
        recipe = load(path, [profile])
        check_packages(recipe, lambda _: True)
        if recipe.trainer == "grpo":
            check_redraws(recipe)
            check_generation(recipe)
        check_gpus(recipe, [{"name": "H100", "memory_bytes": 79 << 30}] * recipe.processes)
        recipe = load(path, [profile], {"use_cpu": True, "bf16": False})
        check_types(recipe)
        processes = "1 process" if recipe.processes == 1 else f"{recipe.processes} processes"
        assert check_parsed(recipe) == f"settings: valid for {processes}"

    @pytest.mark.filterwarnings("ignore")
    def test_the_profile_with_held_out_puzzles_is_evaluated(
        self, workspace: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from knk.training.run import train

        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        loaded = load(RECIPES / "rlvr/kk.yaml", [RECIPES / "rlvr/profiles/eval.yaml"])
        recipe = tiny_recipe(loaded, workspace / "eval")
        held_out = workspace / "eval/held-out.jsonl"
        write(held_out, tasks.prompts(kk, kk.rows("held-out", n=3), "paper"))  # type: ignore[arg-type]
        manifest = train(replace(recipe, settings={**recipe.settings, "eval_data": str(held_out)}), in_process=True)
        assert (manifest["best"]["metric"], manifest["best"]["step"]) == ("eval_reward", 0)
        assert manifest["best"]["saved"]["checkpoint"] == "checkpoint-2"

    def test_missing_data_are_reported_with_the_command_that_makes_them(self) -> None:
        with pytest.raises(BadConfig, match=r"knk task hendrycks_math -o data/math\.jsonl"):
            sources(load(RECIPES / "rlvr/math.yaml"))
