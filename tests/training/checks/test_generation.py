"""Continuous batching, which turns float32 weights into half precision."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadConfig
from knk.training.checks.generation import check_generation
from knk.training.recipe import load
from tests.support.plans import MATH, RECIPES, estimated
from tests.support.tiny_models import save_tiny_model

BATCHING = RECIPES / "rlvr/profiles/continuous-batching.yaml"
ONE_GPU = RECIPES / "rlvr/profiles/one-80gb-lora.yaml"


def test_the_profile_is_accepted_with_deepspeed() -> None:
    check_generation(load(MATH, [BATCHING]))


@pytest.mark.parametrize("changes", [{}, {"bf16": None}, {"bf16": False, "fp16": True}])
def test_it_is_refused_where_it_would_coarsen_the_weights(changes: dict[str, Any]) -> None:
    with pytest.raises(BadConfig, match="turns the trained weights into half precision"):
        check_generation(load(MATH, [ONE_GPU, BATCHING], changes))


@pytest.mark.parametrize("changes", [{"bf16": False}, {"use_vllm": True}, {"deepspeed": "zero3.json"}])
def test_it_is_accepted_where_it_does_not(changes: dict[str, Any]) -> None:
    check_generation(load(MATH, [ONE_GPU, BATCHING], changes))


def test_the_plan_refuses_what_the_check_refuses() -> None:
    made = estimated(MATH, "H100", ("one-80gb-lora", "continuous-batching"))
    assert not made.fits
    assert "turns the trained weights into half precision" in made.problems[0]
    assert estimated(MATH, "5xH100", ("continuous-batching",)).fits


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
@pytest.mark.filterwarnings("ignore")
def test_trl_turns_the_trained_weights_into_half_precision(tmp_path: Path) -> None:
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM
    from trl import GRPOConfig, GRPOTrainer

    save_tiny_model(tmp_path / "model", ["a b c d"], "Qwen2")

    def dtype_after(**settings: Any) -> Any:
        arguments = GRPOConfig(
            str(tmp_path / "out"),
            use_cpu=True,
            bf16=True,
            report_to="none",
            max_steps=1,
            save_strategy="no",
            **{"per_device_train_batch_size": 2, "num_generations": 2, "max_completion_length": 4, **settings},
        )
        trainer = GRPOTrainer(
            AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.float32),
            reward_funcs=lambda completions, **_: [float(len(text)) for text in completions],
            args=arguments,
            train_dataset=Dataset.from_dict({"prompt": ["a b", "c d"]}),
        )
        trainer.train()
        return trainer.model.lm_head.weight.dtype

    batching = {"num_blocks": 16, "max_batch_tokens": 64}
    assert dtype_after() == torch.float32
    assert (
        dtype_after(use_transformers_continuous_batching=True, transformers_continuous_batching_config=batching)
        == torch.bfloat16
    )
