"""The settings of an evaluation, and which checkpoint was best."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import yaml

from knk import tasks
from knk.datasets.files import write
from knk.errors import BadConfig
from knk.tasks import kk
from knk.teacher.export import ExportFormat, export_rows
from knk.training.evaluation import Sampling, best_of, describe_best, with_evaluation
from knk.training.recipe import Recipe, load
from tests.support.paths import ROOT
from tests.support.training import write_recipes

REWARD = {"metric_for_best_model": "eval_reward"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -1}, "'temperature' to be a number from 0, got -1"),
        ({"temperature": True}, "'temperature' to be a number"),
        ({"temperature": float("nan")}, "got nan"),
        ({"top_p": 0}, "'top_p' to be a number from 0 to 1, got 0"),
        ({"top_k": 1.5}, "'top_k' to be a number from 0, got 1.5"),
        ({"num_generations": 4}, "set num_generations_eval"),
        ({"temprature": 1}, "did you mean 'temperature'"),
        ([1], "to be a mapping such as"),
    ],
)
def test_a_sampling_is_checked(settings: Any, message: str) -> None:
    with pytest.raises(BadConfig) as caught:
        Sampling.from_settings(settings)
    assert message in str(caught.value)


def recipe(folder: Path, trainer: str = "grpo", rows: int = 10, **settings: Any) -> Recipe:
    """Return a recipe that evaluates on some rows."""
    write(folder / "held.jsonl", [{"prompt": f"{number}"} for number in range(rows)])
    return Recipe(Path("x.yaml"), trainer, {"eval_data": str(folder / "held.jsonl"), **settings})


def test_the_settings_of_an_evaluation_have_defaults(tmp_path: Path) -> None:
    settings = with_evaluation(recipe(tmp_path, save_steps=7, per_device_train_batch_size=4)).settings
    assert settings == {
        "eval_strategy": "steps",
        "eval_steps": 7,
        "eval_on_start": True,
        "metric_for_best_model": "eval_reward",
        "per_device_eval_batch_size": 4,
        "num_generations_eval": 1,
        "save_steps": 7,
        "per_device_train_batch_size": 4,
        "eval_data": [{"path": "json", "data_files": str(tmp_path / "held.jsonl"), "split": "train"}],
    }
    own = {
        "eval_steps": 3,
        "eval_on_start": False,
        "per_device_eval_batch_size": 5,
        "metric_for_best_model": "kk/right",
    }
    assert own.items() <= with_evaluation(recipe(tmp_path, "grpo", 10, **own)).settings.items()
    sft = with_evaluation(recipe(tmp_path, "sft", per_device_train_batch_size=2, save_strategy="epoch")).settings
    assert (sft["eval_strategy"], sft["metric_for_best_model"]) == ("epoch", "eval_loss")
    assert sft["per_device_eval_batch_size"] == 2
    assert "num_generations_eval" not in sft
    resolved = with_evaluation(recipe(tmp_path))
    assert with_evaluation(resolved) == resolved


@pytest.mark.parametrize(
    ("rows", "settings", "batch"),
    [
        (10, {"per_device_train_batch_size": 4}, 4),  # Three batches of at most 4.
        (9, {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 2}, 5),  # Two, of at most 8.
        (100, {"per_device_train_batch_size": 2, "generation_batch_size": 100, "num_processes": 5}, 20),
        (100, {"use_vllm": True, "num_processes": 5, "num_generations_eval": 4}, 80),
        (1000, {"use_vllm": True, "num_generations_eval": 4}, 1000),  # Four times the rows, in four batches.
        (3, {"per_device_train_batch_size": 2, "num_generations_eval": 8}, 8),  # A batch has whole groups.
    ],
)
def test_few_batches_of_equal_size(tmp_path: Path, rows: int, settings: dict[str, Any], batch: int) -> None:
    resolved = with_evaluation(recipe(tmp_path, rows=rows, **settings))
    assert resolved.settings["per_device_eval_batch_size"] == batch


def test_a_recipe_without_rows_to_evaluate_on_stays_as_it_is() -> None:
    plain = Recipe(Path("x.yaml"), "grpo", {"save_steps": 5})
    assert with_evaluation(plain) is plain
    with pytest.raises(BadConfig, match="'eval_sampling' needs 'eval_data'"):
        with_evaluation(Recipe(Path("x.yaml"), "grpo", {"eval_sampling": {}}))
    for value in ([], [3], {"path": 3}, 3):
        with pytest.raises(BadConfig, match=r"x\.yaml: expected"):
            with_evaluation(Recipe(Path("x.yaml"), "grpo", {"eval_data": value}))


def test_a_file_that_is_missing_is_named_with_the_command_that_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    profile = load(ROOT / "recipes/rlvr/kk.yaml", [ROOT / "recipes/rlvr/profiles/eval.yaml"])
    with pytest.raises(
        BadConfig, match=r"kk-held-out\.jsonl: no such file; make it with: knk task kk .*--split held-out"
    ):
        with_evaluation(profile)


def entries(**values: float | None) -> list[dict[str, Any]]:
    """Return evaluations by their steps, among the entries of training."""
    evaluations = [{"eval_reward": value, "step": int(step[1:])} for step, value in values.items()]
    return [{"loss": 1.0, "step": 1}, *evaluations]


@pytest.mark.parametrize(
    ("values", "checkpoints", "described"),
    [
        ({"s0": -2, "s5": 1, "s10": 0}, (5, 10), "best eval_reward 1 at step 5: checkpoint-5"),
        ({"s0": -2, "s5": 1, "s10": 1.5}, (5, 10), "best eval_reward 1.5 at step 10: checkpoint-10, the last"),
        ({"s0": -2, "s5": 1, "s10": 1}, (5, 10), "best eval_reward 1 at step 5: checkpoint-5"),
        ({"s5": None, "s10": 0}, (5, 10), "best eval_reward 0 at step 10: checkpoint-10, the last"),
        (
            {"s0": 2, "s5": 1},
            (5,),
            "best eval_reward 2 at step 0, before training, and no later one is better; of the checkpoints, "
            "checkpoint-5 is the best (1)",
        ),
        (
            {"s3": 2, "s5": 1, "s10": 0},
            (5, 10),
            "best eval_reward 2 at step 3, of which there is no checkpoint; of the checkpoints, checkpoint-5 is the "
            "best (1)",
        ),
        ({"s3": 1, "s10": 2}, (), "best eval_reward 2 at step 10: the last, which the folder itself holds"),
        ({"s3": 2, "s10": 1}, (), "best eval_reward 2 at step 3, of which there is no checkpoint"),
    ],
)
def test_the_best_checkpoint_is_named(
    tmp_path: Path, values: dict[str, float | None], checkpoints: tuple[int, ...], described: str
) -> None:
    for step in checkpoints:
        (tmp_path / f"checkpoint-{step}").mkdir()
    best = best_of(tmp_path, REWARD, entries(**values))
    assert best
    assert describe_best(best) == described


def test_a_lower_loss_is_better_and_no_evaluation_has_no_best(tmp_path: Path) -> None:
    logged = [{"eval_loss": 2.0, "step": 5}, {"eval_loss": 1.0, "step": 10}, {"eval_loss": 3.0, "step": 15}]
    best = best_of(tmp_path, {"metric_for_best_model": "loss"}, logged)
    assert best
    assert (best["step"], best["value"]) == (10, 1.0)
    chosen = best_of(tmp_path, {"metric_for_best_model": "loss", "greater_is_better": True}, logged)
    assert chosen
    assert chosen["step"] == 15
    assert best_of(tmp_path, REWARD, entries()) is None
    assert best_of(tmp_path, {}, entries(s5=1)) is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
def test_a_run_is_evaluated_and_goes_on_as_if_it_had_not_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from knk.training.metrics import read_metrics
    from knk.training.run import train

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    write_recipes(tmp_path)
    write(tmp_path / "held.jsonl", tasks.prompts(tasks.load("kk"), kk.rows("held-out", n=6), "paper"))
    settings = {
        "eval_data": "held.jsonl", "eval_sampling": {"temperature": 1.0}, "num_generations_eval": 2, "save_steps": 2,
        "max_completion_length": 12, "reward_funcs": ["knk.rewards.kk_reward", "knk.rewards.length_reward"],
        "metric_for_best_model": "rewards/length_reward/mean", "save_total_limit": 2,
    }  # fmt: skip
    logged = {}
    for name, lengths in (("whole", (4,)), ("parts", (2, 4))):
        for steps in lengths:
            changes = {**settings, "max_steps": steps, "output_dir": name}
            manifest = train(load("grpo.yaml", (), changes), in_process=True)
        logged[name] = [
            {key: value for key, value in entry.items() if key.startswith("eval_") and "per_second" not in key}
            | {"step": entry["step"], "eval_runtime": 0}
            for entry in read_metrics(tmp_path / name)
            if "eval_reward" in entry
        ]
    assert [entry["step"] for entry in logged["whole"]] == [0, 2, 4]
    assert logged["parts"] == logged["whole"]
    assert {"eval_reward", "eval_kk/right", "eval_completions/mean_length"} <= logged["whole"][0].keys()
    best = manifest["best"]
    assert best == best_of(tmp_path / "parts", manifest["settings"], read_metrics(tmp_path / "parts"))
    assert best["metric"] == "eval_rewards/length_reward/mean"
    assert manifest["eval_data"][0]["file"] == "held.jsonl"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
def test_the_best_checkpoint_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from knk.training.run import train

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    write_recipes(tmp_path)
    write(tmp_path / "held.jsonl", export_rows(kk.rows("held-out", n=3), ExportFormat("sft", "paper", "brief")))
    # A rate so low that no weight changes: all evaluations are equal, and the first checkpoint is the best.
    changes = {
        "eval_data": "held.jsonl",
        "save_steps": 1,
        "max_steps": 4,
        "save_total_limit": 2,
        "learning_rate": 1e-30,
    }
    manifest = train(load("sft.yaml", (), changes), in_process=True)
    saved = {path.name for path in (tmp_path / "runs/sft").glob("checkpoint-*")}
    best = manifest["best"]
    assert best["metric"] == "eval_loss"
    assert (best["step"], best["saved"]["checkpoint"]) == (0, "checkpoint-1")
    assert saved == {"checkpoint-1", "checkpoint-4"}


def test_the_profile_evaluates_where_checkpoints_are_saved() -> None:
    settings = yaml.safe_load((ROOT / "recipes/rlvr/profiles/eval.yaml").read_text(encoding="utf-8"))
    assert "eval_steps" not in settings
    assert not Sampling.from_settings(settings["eval_sampling"]).is_greedy
