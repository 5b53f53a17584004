"""Evaluations of TRL's trainers: their sampling, and that they change nothing in training."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from knk.errors import TrainingFailed
from knk.training.evaluation import Sampling
from knk.training.evaluator import _changed, _own_random_numbers, _vllm_sampling, _with_metric_for_best, evaluating
from tests.support.tiny_models import save_tiny_model

PROMPTS = [f"question {number}" for number in range(12)]
HELD_OUT = [f"asked {number}" for number in range(6)]
GREEDY = Sampling()
SAMPLED = Sampling(temperature=1.0)
IGNORED = ("runtime", "per_second", "epoch", "step_time", "flos")

slow = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Other libraries warn, in this process.
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
]


def test_attributes_are_changed_for_a_while() -> None:
    target = SimpleNamespace(temperature=0.7, kept=1)
    seen: list[float] = []

    def evaluate() -> None:
        with _changed(target, {"temperature": 0.0}):
            seen.extend((target.temperature, target.kept))
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        evaluate()
    assert seen == [0.0, 1]
    assert target.temperature == 0.7


@pytest.mark.parametrize(
    ("mode", "sampling", "expected"),
    [
        ("colocate", Sampling(), {"stop": ["x"]}),
        ("server", Sampling(), {"stop": ["x"]}),
        ("server", Sampling(temperature=0.5), {"stop": ["x"], "seed": 42}),
        ("colocate", Sampling(temperature=0.5), {"stop": ["x"]}),
    ],
)
def test_vllm_takes_the_sampling_of_the_evaluation(mode: str, sampling: Sampling, expected: dict[str, Any]) -> None:
    engine = SimpleNamespace(mode=mode, generation_kwargs={"temperature": 1.3, "stop": ["x"]})
    trainer = SimpleNamespace(vllm_generation=engine, args=SimpleNamespace(seed=42))
    values = _vllm_sampling(trainer, sampling)
    assert values.pop("generation_kwargs") == expected
    assert values == {"temperature": sampling.temperature, "top_p": 1.0, "top_k": 0, "min_p": 0.0}


def test_the_metric_for_the_best_model_is_a_number() -> None:
    args = SimpleNamespace(metric_for_best_model="kk/right", greater_is_better=True)
    assert _with_metric_for_best({"eval_kk/right": None}, args) == {"eval_kk/right": float("-inf")}
    assert _with_metric_for_best({"eval_kk/right": 0.5}, args) == {"eval_kk/right": 0.5}
    with pytest.raises(TrainingFailed, match=r"one of eval_reward, got 'kk/right'"):
        _with_metric_for_best({"eval_reward": 1.0}, args)


@pytest.mark.skipif(importlib.util.find_spec("accelerate") is None, reason="accelerate is not installed")
def test_processes_draw_different_numbers_unless_they_share_an_engine() -> None:
    import torch

    def drawn(process: int, sharing: int) -> float:
        device = torch.device("cpu")
        arguments = SimpleNamespace(seed=42, vllm_tensor_parallel_size=sharing)
        accelerator = SimpleNamespace(device=device, process_index=process)
        with _own_random_numbers(SimpleNamespace(args=arguments, accelerator=accelerator)):
            return float(torch.rand(()))

    before = torch.get_rng_state()
    assert len({drawn(process, 1) for process in range(4)}) == 4
    assert [drawn(0, 2), drawn(2, 2)] == [drawn(1, 2), drawn(3, 2)]
    assert drawn(0, 2) != drawn(2, 2)
    assert torch.equal(torch.get_rng_state(), before)


def parity(prompts: Sequence[str], completion_ids: list[list[int]], **columns: Any) -> list[float]:
    """Reward a coin toss that the policy's samples decide."""
    return [float(sum(ids) % 2) for ids in completion_ids]


def trained(folder: Path, name: str, is_evaluated: bool, sampling: Sampling = SAMPLED, **changes: Any) -> Any:
    """Return a trainer after four steps on a tiny model."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer, SFTConfig, SFTTrainer

    common = {
        "output_dir": str(folder / f"{name}-{is_evaluated}"), "max_steps": 4, "logging_steps": 1, "save_strategy": "no",
        "report_to": "none", "use_cpu": True, "bf16": False, "seed": 1, "learning_rate": 1e-3,
        "per_device_train_batch_size": 8,
    }  # fmt: skip
    if is_evaluated:
        common |= {"eval_strategy": "steps", "eval_steps": 2, "eval_on_start": True, "per_device_eval_batch_size": 4}
    model = str(folder / "model")
    if name == "sft":
        data, held_out = (
            [{"prompt": text, "completion": f" {text}"} for text in texts] for texts in (PROMPTS, HELD_OUT)
        )
        rows = {"train_dataset": Dataset.from_list(data), "eval_dataset": Dataset.from_list(held_out)}
        trainer = evaluating(SFTTrainer)(model, args=SFTConfig(**common, **changes), **rows)
    else:
        arguments = GRPOConfig(**common, max_completion_length=4, num_generations=4, **{"beta": 0.01, **changes})
        trainer = evaluating(GRPOTrainer, sampling)(
            model,
            reward_funcs=[parity],
            args=arguments,
            train_dataset=Dataset.from_dict({"prompt": PROMPTS}),
            eval_dataset=Dataset.from_dict({"prompt": HELD_OUT}),
        )
    trainer.train()
    return trainer


def steps_of(trainer: Any) -> list[dict[str, Any]]:
    """Return what was logged at each training step, without times."""
    return [
        {key: value for key, value in entry.items() if not any(part in key for part in IGNORED)}
        for entry in trainer.state.log_history
        if "loss" in entry
    ]


def evaluations_of(trainer: Any) -> list[dict[str, Any]]:
    """Return what was logged at each evaluation."""
    return [entry for entry in trainer.state.log_history if any(key.startswith("eval_") for key in entry)]


class TestTraining:
    pytestmark = slow

    @pytest.mark.parametrize("name", ["grpo", "sft"])
    def test_a_run_with_evaluations_takes_the_same_steps(self, name: str, tmp_path: Path) -> None:
        save_tiny_model(tmp_path / "model", PROMPTS)
        changes: dict[str, Any] = {} if name == "sft" else {"log_completions": True, "num_completions_to_print": 0}
        with_it, without = (trained(tmp_path, name, is_evaluated, **changes) for is_evaluated in (True, False))
        assert steps_of(with_it) == steps_of(without)
        assert len(steps_of(without)) == 4
        evaluations = evaluations_of(with_it)
        assert [entry["step"] for entry in evaluations] == [0, 2, 4]
        if name == "sft":
            assert evaluations[0]["eval_loss"] > evaluations[-1]["eval_loss"] > 0
            return
        assert all(0 <= entry["eval_reward"] <= 1 for entry in evaluations)
        assert not {"eval_loss", "eval_kl", "eval_entropy"} & set().union(*evaluations)
        # The completions that are kept are those of training.
        from knk.datasets.files import read

        rows = list(read(Path(with_it.args.output_dir) / "completions" / "completions_00002.parquet"))
        assert {row["prompt"] for row in rows} <= set(PROMPTS)

    def test_greedy_evaluations_of_a_model_are_equal_and_samples_are_not(self, tmp_path: Path) -> None:
        save_tiny_model(tmp_path / "model", PROMPTS)
        greedy = trained(tmp_path, "grpo", True, GREEDY, num_generations_eval=1)
        asked: list[list[list[int]]] = []

        def recording(prompts: Sequence[str], completion_ids: list[list[int]], **columns: Any) -> list[float]:
            asked.append(completion_ids)
            return parity(prompts, completion_ids)

        greedy.reward_funcs[0] = recording
        for _ in range(2):
            greedy.evaluate()
        assert [len(ids) for ids in asked] == [4, 2, 4, 2]  # One completion for each of six prompts, four at a time.
        assert asked[:2] == asked[2:]
        sampled = trained(tmp_path, "grpo", True, num_generations_eval=2)
        asked.clear()
        sampled.reward_funcs[0] = recording
        for _ in range(2):
            sampled.evaluate()
        first = asked[0]
        assert first[0] != first[1]  # Two samples for the first prompt,
        assert asked[: len(asked) // 2] == asked[len(asked) // 2 :]  # and the same ones at each evaluation.

    @pytest.mark.parametrize(
        ("mode", "sampling"), [("colocate", Sampling()), ("server", Sampling()), ("server", SAMPLED)]
    )
    def test_vllm_samples_otherwise_in_an_evaluation_only(
        self, mode: str, sampling: Sampling, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from tests.support.vllm_generation import Engine, SamplingParams, install

        install(monkeypatch)
        save_tiny_model(tmp_path / "model", PROMPTS)
        asked: list[tuple[int, SamplingParams]] = []
        generate = Engine.generate

        def recording(engine: Engine, prompts: Any, params: SamplingParams) -> Any:
            asked.append((len(prompts) * params.n, params))
            return generate(engine, prompts, params)

        monkeypatch.setattr(Engine, "generate", recording)
        changes = {
            "use_vllm": True, "vllm_mode": mode, "vllm_enable_sleep_mode": mode == "colocate", "temperature": 0.9,
            "top_p": 0.95, "beta": 0.0, "num_generations_eval": 1,
        }  # fmt: skip
        with_it = trained(tmp_path, "grpo", True, sampling, **changes)
        requests, asked[:] = list(asked), []
        without = trained(tmp_path, "grpo", False, sampling, **changes)
        assert steps_of(with_it) == steps_of(without)
        assert [entry["step"] for entry in evaluations_of(with_it)] == [0, 2, 4]
        assert not any("importance" in key for entry in evaluations_of(with_it) for key in entry)
        in_training = [request for request in requests if request[1].temperature == 0.9]
        assert in_training == asked
        in_evaluations = [request for request in requests if request[1].temperature == sampling.temperature]
        assert [count for count, _ in in_evaluations] == [4, 2] * 3
        assert {params.top_p for _, params in in_evaluations} == {1.0}
        assert len(in_evaluations) + len(in_training) == len(requests)
