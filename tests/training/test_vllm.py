"""The recipes for vLLM, trained on a tiny model with a fake of TRL's `VLLMGeneration`."""

import importlib.util
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from knk.training.recipe import Recipe, load
from tests.support.paths import ROOT
from tests.support.tiny_models import save_tiny_model

RLVR = ROOT / "recipes/rlvr"
ONE_GPU = RLVR / "profiles/one-80gb-lora.yaml"
PROFILES = ("vllm-colocate", "one-80gb-lora")
CORRECTION = "vllm_importance_sampling_"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model."""
    folder = tmp_path_factory.mktemp("model")
    save_tiny_model(folder, ["A says that B is a knave."], "Qwen2")
    return folder


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("trl") is not None:
        from tests.support.vllm_generation import install

        install(monkeypatch)


def reward(completion_ids: Sequence[Sequence[int]], **_: Any) -> list[float]:
    """A reward that differs between any two completions."""
    return [float(sum(tokens) % 7) for tokens in completion_ids]


def known(config: type, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that are a config's."""
    return {field.name: settings[field.name] for field in fields(config) if field.name in settings}


def seldom(completion_ids: Sequence[Sequence[int]], **_: Any) -> list[float]:
    """A reward that most groups of four have no signal of."""
    return [float(sum(tokens) % 16 == 0) for tokens in completion_ids]


def trainer_of(
    recipe: Recipe, model: Path, folder: Path, kind: type | None = None, judge: Any = reward, **changes: Any
) -> Any:
    """TRL's trainer with the settings of a recipe, but for its scale: four completions a step, of a tiny model."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer, ModelConfig, get_peft_config

    scale = {
        "output_dir": str(folder),
        "num_generations": 4,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 1,
        "generation_batch_size": None,
        "max_completion_length": 16,
        "max_steps": 1,
        "warmup_steps": 0,
        "logging_steps": 1,
        "save_strategy": "no",
        "eval_strategy": "no",
        "log_completions": False,
        "use_cpu": True,
        "bf16": False,
    }
    settings = {**recipe.settings, **scale, **changes}
    of_model = ModelConfig(**known(ModelConfig, settings))
    return (kind or GRPOTrainer)(
        model=str(model),
        reward_funcs=judge,
        args=GRPOConfig(**known(GRPOConfig, settings), model_init_kwargs={"dtype": of_model.dtype}),
        train_dataset=Dataset.from_list([{"prompt": "A says that B is a knave."}] * 8),
        peft_config=get_peft_config(of_model),
    )


def logged(trainer: Any) -> list[dict[str, Any]]:
    """What the trainer logs at each of its steps."""
    trainer.train()
    return [entry for entry in trainer.state.log_history if "reward" in entry]


def without_correction(recipe: Recipe, **changes: Any) -> Recipe:
    """A recipe without its settings for importance sampling."""
    kept = {name: value for name, value in recipe.settings.items() if not name.startswith(CORRECTION)}
    return Recipe(recipe.path, recipe.trainer, {**kept, **changes})


@pytest.mark.parametrize(("length", "weight_by_default"), [(16, 0.8), (64, 0.3), (256, 0.01), (1024, 1e-9)])
def test_long_completions_train_as_much_as_short_ones(
    length: int, weight_by_default: float, model: Path, tmp_path: Path
) -> None:
    recipe = load(RLVR / "paper.yaml")
    changes: dict[str, Any] = {"max_completion_length": length, "generation_kwargs": {"ignore_eos": True}}

    def step_of(recipe: Recipe) -> tuple[float, float]:
        """The mean importance weight and the gradient's norm."""
        (entry,) = logged(trainer_of(recipe, model, tmp_path, **changes))
        assert entry["completions/mean_length"] == length
        return entry.get("sampling/importance_sampling_ratio/mean", 1.0), entry["grad_norm"]

    weight, norm = step_of(recipe)
    _, true_norm = step_of(without_correction(recipe, vllm_importance_sampling_correction=False))
    assert 0.9 < weight <= 1.1
    assert norm == pytest.approx(true_norm, rel=0.15)
    # The control: TRL's default weighs a completion by the product over its tokens.
    weight, norm = step_of(without_correction(recipe))
    assert weight < weight_by_default
    assert norm < true_norm * weight_by_default


@pytest.mark.parametrize("path", sorted(RLVR.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_and_profile_with_vllm_has_the_papers_correction(path: Path) -> None:
    expected = {name: value for name, value in load(RLVR / "paper.yaml").settings.items() if CORRECTION in name}
    assert expected
    for overlay in [[], *([profile] for profile in (RLVR / "profiles").glob("*.yaml"))]:
        settings = load(path, overlay).settings
        if settings.get("use_vllm"):
            assert {name: value for name, value in settings.items() if CORRECTION in name} == expected


def adapted(model: Any) -> list[tuple[str, Any]]:
    """The modules that have an adapter, by their name in the model without adapters."""
    return [
        (name.removeprefix("base_model.model."), module)
        for name, module in model.named_modules()
        if hasattr(module, "get_delta_weight")
    ]


def errors_of_syncs(trainer: Any, syncs: int) -> tuple[float, float]:
    """How far many syncs move the base, and how far the engine's weights then miss base and adapter.

    Both are relative to the size of the adapter's change.
    """
    import torch

    modules = adapted(trainer.model)
    before = {name: module.get_base_layer().weight.double().clone() for name, module in modules}
    for _ in range(syncs):
        with torch.no_grad():
            for _, module in modules:
                module.lora_B["default"].weight.normal_(std=1e-4)  # A small change, as in the first steps of a run.
        trainer.vllm_generation.sync_weights()
    assert trainer.vllm_generation.syncs == syncs
    received = trainer.vllm_generation.engine.model.state_dict()
    drift = miss = size = 0.0
    for name, module in modules:
        delta = module.get_delta_weight("default").double()
        drift += float((module.get_base_layer().weight.double() - before[name]).norm() ** 2)
        miss += float((received[f"{name}.weight"].double() - before[name] - delta).norm() ** 2)
        size += float(delta.norm() ** 2)
    return (drift / size) ** 0.5, (miss / size) ** 0.5


def test_syncs_of_an_adapter_leave_its_base_unchanged(model: Path, tmp_path: Path) -> None:
    recipe = load(RLVR / "kk.yaml", [ONE_GPU])
    assert recipe.settings["use_peft"]
    drift, miss = errors_of_syncs(trainer_of(recipe, model, tmp_path), 60)
    assert drift < 1e-3
    assert miss < 1e-3
    # The control: in half the precision, merging and unmerging round the base away.
    drift, miss = errors_of_syncs(trainer_of(recipe, model, tmp_path, dtype="bfloat16"), 60)
    assert drift > 0.1
    assert miss > 0.1


@pytest.mark.parametrize("profile", [None, *PROFILES])
def test_two_steps_log_what_sampling_and_training_differ_by(profile: str | None, model: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    recipe = load(RLVR / "kk.yaml", [RLVR / f"profiles/{profile}.yaml"] if profile else [])
    # Without the correction, TRL does not compute the weights.
    correction: dict[str, Any] = {f"{CORRECTION}correction": True, f"{CORRECTION}mode": "token_truncate"}
    trainer = trainer_of(recipe, model, tmp_path, max_steps=2, learning_rate=0.01, **correction)
    steps = logged(trainer)
    assert len(steps) == 2
    for step in steps:
        assert 0.9 < step["sampling/importance_sampling_ratio/min"] <= step["sampling/importance_sampling_ratio/mean"]
        assert step["sampling/importance_sampling_ratio/max"] < 1.1
        assert 0 < step["sampling/sampling_logp_difference/mean"] <= step["sampling/sampling_logp_difference/max"] < 0.2
    # The engine generated the second step with the weights after the first.
    assert trainer.vllm_generation.syncs >= 2
    base = AutoModelForCausalLM.from_pretrained(model).state_dict()
    received = trainer.vllm_generation.engine.model.state_dict()
    assert not torch.equal(received["model.layers.0.mlp.up_proj.weight"], base["model.layers.0.mlp.up_proj.weight"])
    # And the run ends with other weights than those it began with; under LoRA, those are the adapter's.
    for name, module in adapted(trainer.model):
        assert torch.allclose(module.get_base_layer().weight, base[f"{name}.weight"], atol=1e-6)
    trained = trainer.model.merge_and_unload() if recipe.settings.get("use_peft") else trainer.model
    for name, weight in trained.state_dict().items():
        if "mlp" in name:
            assert not torch.allclose(weight, base[name], atol=1e-6)


def test_completions_that_end_at_a_stop_string_count_as_cut_off(model: Path, tmp_path: Path) -> None:
    recipe = load(RLVR / "kk.yaml")
    stopping = {"stop": list("abcdefghijklmnopqrstuvwxyz")}
    trainer = trainer_of(recipe, model, tmp_path, max_completion_length=200, generation_kwargs=stopping)
    (step,) = logged(trainer)
    assert step["completions/max_length"] < 200
    assert step["completions/clipped_ratio"] == 1


@pytest.mark.parametrize("profile", [None, "vllm-colocate"])
def test_groups_that_are_redrawn_have_importance_weights_of_their_own(
    profile: str | None, model: Path, tmp_path: Path
) -> None:
    from trl import GRPOTrainer

    from knk.training.redraw import redrawing

    batches: list[dict[str, Any]] = []

    class Recording(redrawing(GRPOTrainer, 4)):  # type: ignore[misc]
        def _generate_and_score_completions(self, inputs: Any) -> Any:
            batches.append(super()._generate_and_score_completions(inputs))
            return batches[-1]

    recipe = load(RLVR / "paper.yaml", [RLVR / f"profiles/{profile}.yaml"] if profile else [])
    changes = {"per_device_train_batch_size": 8, "max_steps": 3, "num_iterations": 2}
    entries = logged(trainer_of(recipe, model, tmp_path, Recording, seldom, **changes))
    assert sum(entry.get("redraw/groups", 0) for entry in entries) > 0
    for batch in batches:
        weights = batch["importance_sampling_ratio"][batch["completion_mask"].bool()]
        assert weights.min() > 0.8
        assert weights.max() < 1.2
        assert batch["old_per_token_logps"].shape == batch["completion_ids"].shape
