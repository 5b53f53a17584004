"""The memory of training GPUs, part by part."""

from typing import Any

import pytest

from knk.training.gpus import GIB, GPUS
from knk.training.memory import memory_of
from knk.training.shapes import KNOWN_SHAPES
from tests.support.plans import MATH, PAPER, SIZES, estimated, parts, work_of


def test_memory_follows_the_assumptions() -> None:
    estimate = estimated(PAPER, "6xH100")
    three = SIZES["Qwen/Qwen2.5-3B"]
    assert parts(estimate)["weights, gradients, optimizer"] == pytest.approx(16 * three / 6 / GIB)
    assert estimate.fits
    assert not estimate.changed
    assert estimate.needed == sum(cost.amount for cost in estimate.memory)


def test_a_single_gpu_holds_all_weights_and_a_copy() -> None:
    estimate = estimated(PAPER, "1xH100", accelerate_config=None)
    three = SIZES["Qwen/Qwen2.5-3B"]
    assert parts(estimate)["weights, gradients, optimizer"] == pytest.approx(16 * three / GIB)
    assert parts(estimate)["weights in bfloat16"] == pytest.approx(2 * three / GIB)


def test_estimates_grow_with_what_a_run_needs() -> None:
    base = estimated(PAPER, "6xH100").needed
    assert estimated(PAPER, "4xH100").needed > base
    assert estimated(PAPER, "6xH100", gradient_checkpointing=False).needed > 2 * base
    assert estimated(PAPER, "6xH100", max_length=4096).needed < base
    assert estimated(PAPER, "6xH100", use_peft=True, lora_r=32, dtype="bfloat16").needed < base
    assert estimated(PAPER, "6xH100", accelerate_config=None).needed > base


def test_a_server_has_its_own_gpu() -> None:
    assert estimated(MATH, "6xH100").changed == {}
    alone = estimated(MATH, "1xH100")
    assert "the vLLM server needs a GPU of its own beside those that train" in alone.problems
    colocated = estimated(MATH, "5xH100", ("vllm-colocate",))
    assert parts(colocated)["vLLM awake"] == pytest.approx(0.3 * 79)
    awake = estimated(MATH, "5xH100", ("vllm-colocate",), vllm_enable_sleep_mode=False)
    assert parts(awake)["vLLM"] == pytest.approx(0.3 * 79)


def test_a_vllm_share_that_is_too_small_is_a_problem() -> None:
    estimate = estimated(MATH, "1xL4", ("one-80gb-lora",), vllm_gpu_memory_utilization=0.1)
    assert any(problem.startswith("vLLM has 2.2 GiB, of which the weights take 5.7") for problem in estimate.problems)


# Settings that change memory.


def kept(**changes: Any) -> dict[str, float]:
    """The bytes of what a single GPU keeps."""
    work = work_of(PAPER, GPUS["H100"], 1, accelerate_config=None, **changes)
    return {cost.name: cost.amount for cost in memory_of(work).kept}


@pytest.mark.parametrize(
    ("optim", "size"),
    [("adamw_torch", 16), ("adamw_8bit", 10), ("adamw_bnb_8bit", 10), ("paged_adamw_8bit", 8), ("sgd", 8), ("x", 16)],
)
def test_an_optimizer_has_its_own_size(optim: str, size: int) -> None:
    assert kept(optim=optim)["weights, gradients, optimizer"] == size * SIZES["Qwen/Qwen2.5-3B"]


def test_weights_in_bfloat16_take_half_without_deepspeed() -> None:
    found = kept(dtype="bfloat16")
    assert found["weights, gradients, optimizer"] == 8 * SIZES["Qwen/Qwen2.5-3B"]
    assert "weights in bfloat16" not in found


@pytest.mark.parametrize(("setting", "size"), [("load_in_4bit", 0.5625), ("load_in_8bit", 1.0)])
def test_quantized_weights_are_smaller(setting: str, size: float) -> None:
    shape = KNOWN_SHAPES["Qwen/Qwen2.5-3B"]
    found = kept(use_peft=True, dtype="bfloat16", **{setting: True})["frozen weights"]
    assert found == size * shape.linear_parameters + 2 * (shape.parameters - shape.linear_parameters)


def test_quantization_without_adapters_or_in_8_bits_beside_vllm_is_a_problem() -> None:
    made = estimated(PAPER, "6xH100", load_in_4bit=True)
    assert any("use_peft=true" in problem for problem in made.problems)
    made = estimated(MATH, "1xH100", ("one-80gb-lora",), load_in_8bit=True)
    assert any("8-bit" in problem for problem in made.problems)
    assert estimated(MATH, "1xH100", ("one-80gb-lora",), load_in_4bit=True).fits


def test_each_zero_stage_shards_more() -> None:
    three = SIZES["Qwen/Qwen2.5-3B"]
    sizes = [parts(estimated(PAPER, "6xH100", accelerate_config=f"zero{stage}")) for stage in (1, 2, 3)]
    found = [size["weights, gradients, optimizer"] * GIB / three for size in sizes]
    assert found == pytest.approx([2 + 2 + 12 / 6, 2 + 14 / 6, 16 / 6])


def test_gathered_weights_and_buckets_are_counted() -> None:
    found = parts(estimated(PAPER, "6xH100"))
    assert found["gathered weights"] == pytest.approx(2e9 / GIB)
    assert found["gradients being reduced"] == pytest.approx(1e9 / GIB)
    assert found["log-probabilities"] == pytest.approx(
        (4 * 151_936 * 2048 + 4 * 32_768 * 2048 + 2 * 4096 * 32_768) / GIB
    )
    fsdp = parts(estimated(PAPER, "6xH100", accelerate_config="fsdp2"))
    assert fsdp["gathered weights"] < found["gathered weights"]
    assert parts(estimated(PAPER, "6xH100", accelerate_config="multi_gpu"))["gradients being reduced"] > 10


def test_a_merged_adapter_needs_the_whole_model_under_sharding() -> None:
    sharded = estimated(MATH, "5xH100", ("vllm-colocate",), use_peft=True)
    generating = {cost.name: cost.amount for cost in sharded.phases.generating}
    assert generating["model with merged adapters"] == 2 * SIZES["Qwen/Qwen2.5-3B"]
    alone = estimated(MATH, "1xH100", ("one-80gb-lora",))
    assert "adapter being merged" in {cost.name for cost in alone.phases.generating}


def test_a_reference_model_is_counted() -> None:
    assert parts(estimated(MATH, "6xH100", beta=0.04))["reference model"] == pytest.approx(
        2 * SIZES["Qwen/Qwen2.5-3B"] / 5 / GIB
    )


def test_flash_attention_needs_no_mask() -> None:
    assert "attention mask" in parts(estimated(MATH, "6xH100"))
    assert "attention mask" not in parts(estimated(MATH, "6xH100", attn_implementation="flash_attention_2"))
