"""Groups without signal are replaced: which, by what, and what that does to the distribution."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from knk.errors import TrainingFailed
from knk.training.redraw import groups_without_signal, redrawing
from tests.support.tiny_models import save_tiny_model

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed: run make check-all"
)


def test_groups_of_equal_rewards_have_no_signal() -> None:
    assert groups_without_signal([0, 0, 0.5, -0.5, 0, 0], 2) == [0, 2]
    assert groups_without_signal([1e-9, -1e-9], 2) == [0]
    with pytest.raises(TrainingFailed, match="whole groups of 4 completions"):
        groups_without_signal([0.0] * 6, 4)


def batch_of(prompts: list[list[int]], completions: list[list[int]], advantages: list[float]) -> dict[str, Any]:
    import torch

    return {
        "prompt_ids": torch.tensor(prompts),
        "prompt_mask": torch.ones(len(prompts), len(prompts[0]), dtype=torch.long),
        "completion_ids": torch.tensor(completions),
        "completion_mask": torch.ones(len(completions), len(completions[0]), dtype=torch.long),
        "advantages": torch.tensor(advantages),
        "num_items_in_batch": torch.tensor(99),
    }


@needs_torch
def test_replaced_groups_are_padded_on_their_sides() -> None:
    from knk.training.redraw import with_groups

    batch = batch_of([[1, 2]] * 2 + [[3, 4]] * 2, [[5], [5], [6], [7]], [0.0, 0.0, 1.0, -1.0])
    more = batch_of([[8, 8, 8]] * 2, [[9, 9], [9, 8]], [0.5, -0.5])
    merged = with_groups(batch, more, [0], 2, pad_token=0)
    assert merged["prompt_ids"].tolist() == [[8, 8, 8], [8, 8, 8], [0, 3, 4], [0, 3, 4]]
    assert merged["prompt_mask"].tolist() == [[1, 1, 1], [1, 1, 1], [0, 1, 1], [0, 1, 1]]
    assert merged["completion_ids"].tolist() == [[9, 9], [9, 8], [6, 0], [7, 0]]
    assert merged["completion_mask"].tolist() == [[1, 1], [1, 1], [1, 0], [1, 0]]
    assert merged["advantages"].tolist() == [0.5, -0.5, 1.0, -1.0]
    with pytest.raises(TrainingFailed, match="images or tools"):
        with_groups(batch | {"pixel_values": 1}, more, [0], 2, 0)


def test_each_batch_of_a_step_draws_other_rows() -> None:
    args = SimpleNamespace(seed=1, gradient_accumulation_steps=2)

    def rows(step: int, batch: int) -> Any:
        trainer = redrawing(SimpleNamespace, 1)(
            args=args, _step=batch, state=SimpleNamespace(global_step=step),
            accelerator=SimpleNamespace(process_index=0), train_dataset=range(10_000),
        )  # fmt: skip
        return tuple(trainer._spare_rows(8, 0))

    assert len({rows(0, 0), rows(0, 1), rows(1, 2), rows(1, 3)}) == 4
    assert rows(1, 2) == rows(1, 0)  # TRL counts from 0 again in a run that resumes.


def run(folder: Path, redraws: int, steps: int = 12) -> tuple[list[dict[str, Any]], list[str]]:
    """Train a tiny model whose reward is a coin toss for half of the prompts; return its log and prompts."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    trained: list[str] = []

    def tossed(prompts: list[str], completion_ids: list[list[int]], **columns: Any) -> list[float]:
        # Prompts that begin with "hard" have no signal; the others have it for half of the groups of two.
        return [
            0.0 if prompt.startswith("hard") else float(sum(ids) % 2)
            for prompt, ids in zip(prompts, completion_ids, strict=True)
        ]

    class Recording(GRPOTrainer):  # type: ignore[misc]
        def compute_loss(self, model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
            trained.extend(self.processing_class.batch_decode(inputs["prompt_ids"], skip_special_tokens=True))
            return super().compute_loss(model, inputs, *rest, **named)

    arguments = GRPOConfig(
        output_dir=str(folder / f"out-{redraws}"), num_generations=2, per_device_train_batch_size=16,
        max_completion_length=3, max_steps=steps, logging_steps=1, save_strategy="no", report_to="none", use_cpu=True,
        bf16=False, seed=1, learning_rate=1e-7, loss_type="dapo", scale_rewards="none", beta=0.0, temperature=1.0,
    )  # fmt: skip
    prompts = [f"{kind} {number}" for number in range(20) for kind in ("hard", "fair")]
    trainer = redrawing(Recording, redraws)(
        str(folder / "model"),
        reward_funcs=[tossed],
        args=arguments,
        train_dataset=Dataset.from_dict({"prompt": prompts}),
    )
    trainer.train()
    return [entry for entry in trainer.state.log_history if "redraw/groups" in entry], trained


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Other libraries warn, in this process.
@pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all")
def test_redraws_leave_fewer_groups_without_signal_and_more_prompts_that_have_it(tmp_path: Path) -> None:
    save_tiny_model(tmp_path / "model", [f"{kind} {number}" for number in range(20) for kind in ("hard", "fair")])
    left, fair = {}, {}
    for redraws in (0, 3):
        logged, trained = run(tmp_path, redraws)
        left[redraws] = sum(entry["redraw/without_signal"] for entry in logged) / len(logged)
        fair[redraws] = sum(prompt.startswith("fair") for prompt in trained) / len(trained)
        assert all((entry["redraw/groups"] > 0) is (redraws > 0) for entry in logged)
        assert len(trained) == 12 * 16
    # A group has no signal with probability q = 3/4: half of the prompts never have any, the others half of the time.
    assert left[0] == pytest.approx(3 / 4, abs=0.12)
    assert left[3] == pytest.approx((3 / 4) ** 4, abs=0.12)
    assert fair[0] == pytest.approx(1 / 2, abs=0.12)
    assert fair[3] > 0.7
