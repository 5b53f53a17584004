"""Continuous batching, which turns float32 weights into half precision."""

from typing import Any

import pytest

from knk.errors import BadConfig
from knk.training.checks.generation import check_generation
from knk.training.recipe import load
from tests.support.plans import MATH, RECIPES

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
