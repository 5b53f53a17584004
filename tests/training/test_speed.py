"""The time of runs, part by part."""

from pathlib import Path
from typing import Any

import pytest

from knk.datasets.files import write
from knk.training.gpus import GIB, GPUS, Gpu
from knk.training.memory import Cost
from knk.training.plan import plan
from knk.training.speed import SPEEDS, Speeds, time_of
from tests.support.plans import MATH, PAPER, SIZES, estimated, work_of


def test_time_follows_work_and_hardware() -> None:
    single = estimated(PAPER, "6xH100")
    assert estimated(PAPER, "12xH100").seconds == pytest.approx(single.seconds / 2)
    assert plan(single.recipe, 6, GPUS["H100"], rows=1000).seconds == pytest.approx(single.seconds / 18)
    assert plan(single.recipe, 6, GPUS["A100-80"]).seconds > single.seconds
    math = estimated(MATH, "6xH100")
    assert [cost.name for cost in math.time] == ["generation", "training"]
    assert plan(math.recipe, 6, GPUS["H100"], tokens=400).seconds < math.seconds / 2


def test_the_time_of_sft_follows_the_assumptions() -> None:
    """By hand: four passes over 54,000 rows of 1,856 tokens, with half of the pairs of tokens in attention."""
    token = 2 * 3_085_938_688 + 4 * 2048 * 36 * 1856 / 2
    computed = 4 * token * 1856 / (989e12 * SPEEDS.compute)
    launched = 4 * 36 * SPEEDS.layer_seconds
    communication = 2 * 3 * 3_085_938_688 / (450e9 * SPEEDS.link)
    assert estimated(PAPER, "6xH100").seconds == pytest.approx(54_000 / 6 * (max(computed, launched) + communication))


def test_short_passes_take_as_long_as_their_kernels_are_launched() -> None:
    work = work_of(PAPER, GPUS["H100"], 1, max_length=256, max_steps=1)
    seconds = next(iter(time_of(work))).amount
    assert seconds == pytest.approx(12 * 4 * 36 * SPEEDS.layer_seconds)


def test_a_gpu_without_nvlink_takes_longer_to_communicate() -> None:
    speeds = Speeds(compute=1e9, layer_seconds=0)
    linked, plain = (work_of(PAPER, Gpu(name, 80 * GIB, 1e15, 1e12), 6) for name in ("H100", "A6000"))
    assert sum(cost.amount for cost in time_of(plain, speeds)) == pytest.approx(
        sum(cost.amount for cost in time_of(linked, speeds)) * 450 / 32
    )


def test_frozen_weights_skip_a_pass_and_a_correction_needs_one_more() -> None:
    speeds = Speeds(layer_seconds=0, link=1e9)

    def training(**changes: Any) -> float:
        settings = {"vllm_importance_sampling_correction": False, **changes}
        return list(time_of(work_of(MATH, GPUS["H100"], 5, **settings), speeds))[1].amount

    four = training()
    assert training(use_peft=True) == pytest.approx(four * 3 / 4)
    assert training(vllm_importance_sampling_correction=True) == pytest.approx(four * 5 / 4)
    assert training(gradient_checkpointing=False) == pytest.approx(four * 3 / 4)
    assert training(beta=0.04) == pytest.approx(four * 5 / 4)
    assert training(num_iterations=2) == pytest.approx(four * 5 / 4)


def test_without_vllm_generation_is_slower_and_gathers_the_model() -> None:
    served, plain = estimated(MATH, "5xH100", ("vllm-colocate",)), estimated(MATH, "5xH100", ("transformers",))
    assert plain.time[0].amount > 2 * served.time[0].amount
    generating = {cost.name: cost.amount / GIB for cost in plain.phases.generating}
    assert generating["model in generation"] == pytest.approx(2 * SIZES["Qwen/Qwen2.5-3B"] / GIB)


def test_evaluations_take_their_share_of_a_step(tmp_path: Path) -> None:
    write(tmp_path / "held.jsonl", [{"prompt": str(number)} for number in range(50)])
    own = {"max_steps": 100, "eval_data": str(tmp_path / "held.jsonl"), "num_generations_eval": 4}

    def time(**changes: Any) -> dict[str, Cost]:
        return {cost.name: cost for cost in time_of(work_of(MATH, GPUS["H100"], 5, **{**own, **changes}))}

    times = time(eval_steps=25)
    assert times["evaluation"].detail == "5 times 200 completions"
    # A step has 100 completions: five evaluations generate as much as ten of the hundred steps.
    assert times["evaluation"].amount == pytest.approx(times["generation"].amount / 10)
    assert time(save_steps=50)["evaluation"].detail == "3 times 200 completions"
    assert time(eval_steps=0.5)["evaluation"].detail == "3 times 200 completions"
    assert "evaluation" not in time(eval_strategy="no")
    missing = time(eval_data=str(tmp_path / "none.jsonl"), eval_steps=25)
    assert missing["evaluation"].detail == "5 times 400 completions"
