"""TRL's parser and validators, and the types and choices that they do not look at."""

from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadConfig, MissingPackage
from knk.training.checks.packages import check_packages
from knk.training.checks.setting_types import setting_types
from knk.training.checks.settings import check_keys, check_parsed, check_types, parsed
from knk.training.recipe import Recipe
from tests.support.trl_installed import needs_trl

pytestmark = needs_trl

CPU: dict[str, Any] = {"output_dir": "out", "use_cpu": True, "bf16": False, "optim": "adamw_torch"}


def recipe_of(trainer: str, **settings: Any) -> Recipe:
    """A recipe for a CPU."""
    both = {**CPU, **settings}
    return Recipe(Path("mine.yaml"), trainer, both)


def check(recipe: Recipe) -> str:
    """All checks of settings, in the order of the preflight."""
    from knk.training.checks.numbers import check_numbers
    from knk.training.checks.trainer import check_trainer

    check_keys(recipe)
    check_types(recipe)
    line = check_parsed(recipe)
    check_trainer(recipe, parsed(recipe, recipe.processes))
    check_numbers(recipe, parsed(recipe, recipe.processes))
    return line


@pytest.mark.parametrize(
    ("trainer", "settings", "message"),
    [
        ("sft", {"learning_rate": "abc"}, "expected 'learning_rate' to be a number, got 'abc'"),
        ("sft", {"learning_rate": float("nan")}, "expected 'learning_rate' to be a number, got nan"),
        ("sft", {"learning_rate": -1.0}, "the optimizer cannot be made: Invalid learning rate"),
        ("sft", {"max_steps": "two"}, "expected 'max_steps' to be an integer, got 'two'"),
        ("sft", {"max_steps": 1000.0}, "expected 'max_steps' to be an integer, got 1000.0"),
        ("sft", {"max_steps": None}, "expected 'max_steps' to be an integer, got null"),
        ("sft", {"packing": "maybe"}, "expected 'packing' to be true or false"),
        ("sft", {"max_length": 0}, "expected 'max_length' to be a positive integer"),
        ("sft", {"optim": "adamw_torhc"}, "did you mean 'adamw_torch'?"),
        ("sft", {"loss_type": "dr_grpo"}, "expected 'loss_type' to be one of nll, dft"),
        ("sft", {"seed": -1}, "expected 'seed' to be from 0 to 4294967295, got -1"),
        ("sft", {"dataloader_num_workers": -1}, "expected 'dataloader_num_workers' to be at least 0"),
        ("sft", {"hub_token": "abc"}, "remove 'hub_token'"),
        ("sft", {"model_init_kwargs": {"token": "abc"}}, "remove 'token'"),
        ("sft", {"run_name": "hf_" + 20 * "a"}, "remove 'run_name'"),
        ("sft", {"neftune_noise_alpha": -5}, "expected 'neftune_noise_alpha' to be at least 0"),
        ("sft", {"padding_free": True, "max_length": 9}, "'padding_free' without packing truncates nothing"),
        ("sft", {"redraws": 2}, "'redraws' needs trainer: grpo"),
        ("sft", {"resume_from_checkpoint": "nope"}, "remove 'resume_from_checkpoint'"),
        ("sft", {"eval_strategy": "steps"}, "name held-out ones in 'eval_data'"),
        ("sft", {"save_strategy": "best"}, "'save_strategy: best' needs an evaluation"),
        ("grpo", {"num_iterations": 0}, "expected 'num_iterations' to be at least 1, got 0"),
        ("grpo", {"sync_ref_model": True}, "'sync_ref_model' needs a beta other than 0"),
        ("grpo", {"sync_ref_model": True, "beta": 0.1, "ref_model_sync_steps": 0}, "expected 'ref_model_sync_steps'"),
        (
            "grpo",
            {"remove_unused_columns": True, "reward_funcs": ["knk.rewards.kk_reward"]},
            "removes the columns that the rewards read",
        ),
        ("grpo", {"cache_implementation": "nope"}, "the sampling cannot be made: Invalid `cache_implementation`"),
        ("sft", {"save_strategy": False}, "such as no, in quotes"),
        ("sft", {"lr_scheduler_type": "constant_with_warmpu"}, "did you mean 'constant_with_warmup'?"),
        ("sft", {"lr_scheduler_type": "cosine_with_min_lr"}, "min_lr"),
        ("sft", {"dtype": "bf16"}, "one of auto, bfloat16, float16, float32, got 'bf16'"),
        ("sft", {"adam_beta2": 1.0}, "Invalid beta parameter"),
        ("sft", {"load_in_4bit": True, "load_in_8bit": True}, "8 bit and 4 bit"),
        ("grpo", {"loss_type": "dr_grop"}, "did you mean 'dr_grpo'?"),
        ("grpo", {"scale_rewards": "groups"}, "expected 'scale_rewards' to be one of group, batch, none"),
        ("grpo", {"vllm_mode": "collocate"}, "expected 'vllm_mode' to be one of server, colocate"),
        ("grpo", {"vllm_mode": True}, "expected 'vllm_mode' to be one of server, colocate"),
        ("grpo", {"vllm_importance_sampling_mode": "truncate"}, "token_truncate, token_mask"),
        ("grpo", {"importance_sampling_level": "tokens"}, "did you mean 'token'?"),
        ("grpo", {"num_generations": 1}, "at least 2 generations"),
        ("grpo", {"temperature": 0.0}, "the sampling cannot be made: `temperature`"),
        ("grpo", {"top_p": 1.5}, "`top_p`"),
        ("grpo", {"reward_weights": [1.0, "a"]}, "expected 'reward_weights' to be a list or null"),
        ("grpo", {"use_peft": True, "lora_task_type": "CAUSAL"}, "the adapter cannot be made"),
        ("grpo", {"lora_r": 0}, "expected 'lora_r' to be a positive integer"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_setting_and_what_it_can_be(
    trainer: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadConfig) as caught:
        check(recipe_of(trainer, **settings))
    assert message in str(caught.value)
    assert str(caught.value).startswith("mine.yaml: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("trainer", "settings"),
    [
        ("sft", {}),
        ("sft", {"max_length": None, "learning_rate": "1e-5", "max_steps": "10", "packing": "yes"}),
        ("sft", {"use_peft": True, "lora_target_modules": "all-linear"}),
        ("sft", {"use_peft": True, "lora_target_modules": ["q_proj", "v_proj"]}),
        ("sft", {"lr_scheduler_type": "cosine_with_min_lr", "lr_scheduler_kwargs": {"min_lr": 1e-7}}),
        ("grpo", {"scale_rewards": False}),
        ("grpo", {"scale_rewards": "batch", "loss_type": "dapo", "delta": "none", "warmup_steps": 2}),
        ("grpo", {"use_vllm": True, "vllm_mode": "server", "top_k": -1, "generation_kwargs": {"seed": 1}}),
    ],
)
def test_valid_values_are_accepted(trainer: str, settings: dict[str, Any]) -> None:
    assert check(recipe_of(trainer, **settings)) == "settings: valid for 1 process"


def test_settings_are_validated_for_every_process_and_for_trls_own_launcher() -> None:
    batch = {"num_generations": 10, "per_device_train_batch_size": 1, "gradient_accumulation_steps": 25}
    line = check(recipe_of("grpo", num_processes=4, **batch))
    assert line.startswith("settings: valid for 4 processes; 'trl grpo --config' would refuse them: mine.yaml: ")
    assert check(recipe_of("grpo", num_processes=4, generation_batch_size=100, **batch)).endswith("4 processes")
    with pytest.raises(BadConfig, match=r"\(4 \* 3\) must be divisible|\(102\)|divisible"):
        check(recipe_of("grpo", num_processes=3, generation_batch_size=100, **batch))


def test_no_group_of_processes_is_joined() -> None:
    from accelerate import PartialState
    from torch import distributed

    assert parsed(recipe_of("grpo"), 8).training.world_size == 8
    assert not distributed.is_initialized()
    assert PartialState._shared_state.get("num_processes", 1) == 1


def test_enumerations_that_trl_declares_as_strings_are_known() -> None:
    from knk.training.worker import parser

    types = setting_types(parser("grpo").dataclass_types)
    choices = {name: set(types[name].choices) for name in ("loss_type", "scale_rewards", "vllm_model_impl")}
    assert choices == {
        "loss_type": {"grpo", "dr_grpo", "dapo", "bnpo", "cispo", "sapo", "luspo", "vespo"},
        "scale_rewards": {"group", "batch", "none"},
        "vllm_model_impl": {"transformers", "vllm"},
    }
    for name in ("output_dir", "model_name_or_path", "run_name", "length_column_name", "vllm_server_host"):
        assert not types[name].choices


# Packages.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"report_to": "wandb"}, "report_to needs wandb, which is not installed: pip install wandb"),
        ({"report_to": ["trackio"]}, "pip install trackio"),
        ({"report_to": "tensorboard"}, "pip install tensorboard"),
        ({"use_peft": True}, "pip install peft"),
        ({"load_in_4bit": True}, "pip install bitsandbytes"),
        ({"attn_implementation": "flash_attention_2", "use_cpu": False}, "needs flash-attn or kernels"),
        ({"attn_implementation": "kernels-community/flash-attn3"}, "pip install kernels"),
    ],
)
def test_a_missing_package_is_an_error_with_the_command_that_installs_it(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(MissingPackage, match=message):
        check_packages(recipe_of("sft", **settings), is_installed=lambda _: False)
    check_packages(recipe_of("sft", **settings), is_installed=lambda _: True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"report_to": "wand"}, "did you mean 'wandb'?"),
        ({"attn_implementation": "spda"}, "did you mean 'sdpa'?"),
        ({"model_init_kwargs": {"attn_implementation": "spda"}}, "did you mean 'sdpa'?"),
        ({"attn_implementation": "flash_attention_2"}, "does not run on a CPU"),
    ],
)
def test_an_unknown_tracker_or_attention_is_an_error(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadConfig) as caught:
        check_packages(recipe_of("sft", **settings), is_installed=lambda _: True)
    assert message in str(caught.value)
