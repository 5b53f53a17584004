"""Every recipe, found by itself: read, held against the paper, and run for two steps on a tiny model of its kind."""

import importlib.util
import json
import os
from collections.abc import Iterator
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
from knk.training.recipe import Recipe, load
from tests.support.paths import ROOT
from tests.support.tiny_models import save_tiny_model
from tests.training.test_grpo import data_of

RECIPES = ROOT / "recipes"
FILES = sorted(RECIPES.glob("*/*.yaml"))
ACCELERATE = sorted((RECIPES / "accelerate").glob("*.yaml"))
PROFILES = sorted(RECIPES.glob("*/profiles/*.yaml"))
ALL = [path for path in FILES if path not in ACCELERATE]
WHOLE = [path for path in ALL if "datasets" in load(path).settings]
has_trl = importlib.util.find_spec("trl") is not None


def name_of(path: Path) -> str:
    return str(path.relative_to(RECIPES))


def own_settings(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def test_recipes_of_each_kind_exist() -> None:
    folders = {path.parent.name for path in WHOLE}
    assert folders == {"warmup", "rlvr", "laptop"}
    assert {load(path).trainer for path in WHOLE if path.parent.name == "warmup"} == {"sft"}
    assert {load(path).trainer for path in WHOLE if path.parent.name == "rlvr"} == {"grpo"}


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_recipes_do_not_repeat_inherited_settings(path: Path) -> None:
    own = own_settings(path)
    if "extends" in own:
        inherited = load(path.parent / own["extends"])
        known = {**inherited.settings, "trainer": inherited.trainer, "made_by": inherited.made_by}
        assert not [name for name, value in own.items() if known.get(name, object()) == value]


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_the_readme_lists_every_recipe(path: Path) -> None:
    assert f"`{path.name}`" in (path.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WHOLE, ids=name_of)
def test_a_recipe_names_its_rewards_its_folder_and_its_data_command(path: Path) -> None:
    recipe = load(path)
    assert recipe.output.parts[0] == "runs"
    assert recipe.made_by
    for name in recipe.settings.get("reward_funcs", []):
        module, _, function = name.rpartition(".")
        if module == "knk.rewards":
            assert callable(getattr(rewards, function))


@pytest.mark.parametrize("path", [path for path in WHOLE if path.parent.name != "laptop"], ids=name_of)
def test_the_recipes_command_makes_its_data(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = load(path).made_by.split()
    if words[0] == "python":
        assert (ROOT / words[1]).is_file()
        return
    assert words[0] == "knk"
    command = [word for word in words[1:3] if not word.startswith("-")]
    options = {word for word in words if word.startswith("-")}
    known = ("corpus",) if command[0] == "corpus" else ()
    assert main([*(command if known else command[:1]), "--help"]) == 0
    told = capsys.readouterr().out
    assert not [option for option in options if option not in told]


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_a_recipe_can_be_printed_as_trl_configuration(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(path), "--print-config"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed == dict(load(path).settings)
    assert not printed.keys() & {"extends", "trainer", "made_by"}


def test_paper_settings_match_the_paper() -> None:
    warm, rl = load(RECIPES / "warmup/paper.yaml"), load(RECIPES / "rlvr/paper.yaml")

    def of(recipe: Recipe, *names: str) -> list[Any]:
        return [recipe.settings[name] for name in names]

    assert of(warm, "learning_rate", "weight_decay", "warmup_steps", "max_length", "num_train_epochs") == [
        1e-6, 1e-4, 25, 32768, 3
    ]  # fmt: skip
    assert of(rl, "learning_rate", "weight_decay", "warmup_steps", "beta", "adam_beta2") == [1e-6, 0.1, 25, 0.0, 0.99]
    assert of(rl, "loss_type", "scale_rewards", "temperature", "top_p", "top_k") == ["dr_grpo", "none", 0.7, 0.95, 0]
    assert of(rl, "num_generations", "max_completion_length") == [10, 8192]
    for recipe, wanted in ((warm, 12), (rl, 100)):
        each, times = of(recipe, "per_device_train_batch_size", "gradient_accumulation_steps")
        assert each * times * recipe.processes == wanted
    assert load(RECIPES / "warmup/ablation-s1k.yaml").settings["learning_rate"] == 2e-5


@pytest.mark.parametrize("path", [path for path in WHOLE if path.parent.name in ("warmup", "rlvr")], ids=name_of)
def test_all_variants_have_the_same_batch_size(path: Path) -> None:
    overlays = [[], *([one] for one in PROFILES if one.parent.parent == path.parent)]
    for overlay in overlays:
        recipe = load(path, overlay)
        each = recipe.number("per_device_train_batch_size", 8) * recipe.number("gradient_accumulation_steps", 1)
        assert each * recipe.processes == {"sft": 12, "grpo": 100}[recipe.trainer]


@pytest.mark.parametrize("path", ACCELERATE, ids=name_of)
@pytest.mark.skipif(not has_trl, reason="accelerate is not installed: make check-all does it")
def test_accelerate_reads_its_configurations(path: Path) -> None:
    from accelerate.commands.config.config_args import ClusterConfig

    config = ClusterConfig.from_yaml_file(str(path))
    assert config.num_processes == own_settings(path)["num_processes"]
    assert (
        str(getattr(config.distributed_type, "value", config.distributed_type))
        == own_settings(path)["distributed_type"]
    )


def test_s1k_is_converted_to_sft_rows(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("s1k", RECIPES / "warmup/s1k.py")
    assert spec
    assert spec.loader
    s1k = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(s1k)
    row = {"question": "What is 1 + 1?", "thinking_trajectories": ["One and one."], "attempt": "It is \\boxed{2}."}
    quoting = row | {"attempt": "</think> is a tag"}
    write(tmp_path / "in.jsonl", [row, quoting])
    assert s1k.main(["-o", str(tmp_path / "out.jsonl"), "--data", str(tmp_path / "in.jsonl")]) == 0
    (made,) = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert made["prompt"].endswith("Assistant: <think>")
    assert made["completion"] == "\nOne and one.\n</think>\n<answer>It is \\boxed{2}.</answer>"
    with pytest.raises(ValueError, match="row 1 is not one of s1K"):
        list(s1k.converted([{"question": "?"}]))


def test_the_papers_corpus_can_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "build", str(RECIPES / "warmup/data/corpus.yaml"), "-o", str(tmp_path / "corpus")]) == 0
    capsys.readouterr()
    for split, each in (("train", 900), ("test", 100)):
        people = [row["people"] for row in read(tmp_path / "corpus" / split / f"{split}-00000.parquet")]
        assert {count: people.count(count) for count in set(people)} == dict.fromkeys(range(3, 8), each)


# With the trainers.


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("recipes")
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


def rows_for(recipe: Recipe, folder: Path) -> list[dict[str, Any]]:
    """A few rows as the recipe's own command would make them."""
    if recipe.trainer == "sft":
        return list(export_rows(kk.rows("train", n=24), ExportFormat("sft", "paper", "brief")))
    reward = recipe.settings["reward_funcs"][0].rpartition(".")[2]
    if reward == "reward":  # The laptop's own problems.
        from recipes.laptop.data import rlvr_rows

        return list(rlvr_rows("col", 10, 0))
    task = tasks.load(reward.removesuffix("_reward"))
    rows = task.rows("test", data_of(task.NAME, folder)) if task.NAME != "kk" else kk.rows("train", n=16)
    return list(tasks.prompts(task, (list(rows) * 2)[:16], "paper"))


def tiny(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with a tiny model of its architecture, few rows, and a CPU."""
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
    small = {"sft": {"max_length": 4096}, "grpo": {"max_completion_length": 16, "use_vllm": False}}[recipe.trainer]
    return Recipe(recipe.path, recipe.trainer, {**recipe.settings, **changes, **small}, recipe.made_by)


@pytest.mark.slow
@pytest.mark.skipif(not has_trl, reason="TRL is not installed: make check-all does it")
class TestTrained:
    @pytest.mark.parametrize("path", ALL, ids=name_of)
    def test_trl_accepts_the_settings(self, path: Path) -> None:
        from knk.training.preflight import check_keys

        for overlay in [[], *([one] for one in PROFILES if one.parent.parent == path.parent)]:
            check_keys(load(path, overlay))

    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize("path", WHOLE, ids=name_of)
    def test_a_recipe_runs_two_steps(self, path: Path, bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from knk.training.run import train

        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        recipe = tiny(load(path), bench / name_of(path).replace("/", "-"))
        manifest = train(recipe, in_process=True)
        assert (manifest["steps"], manifest["status"]) == (2, "finished")
        lines = (recipe.output / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines]
        assert [entry["step"] for entry in entries if "loss" in entry] == [1, 2]
        if recipe.trainer == "grpo":
            assert all(-2 <= entry["reward"] <= 2 for entry in entries if "reward" in entry)
        assert manifest["settings"]["learning_rate"] == load(path).settings["learning_rate"]

    def test_a_recipe_without_its_data_says_how_to_make_them(self) -> None:
        with pytest.raises(BadConfig, match=r"knk task hendrycks_math -o data/math\.jsonl"):
            sources(load(RECIPES / "rlvr/math.yaml"))
