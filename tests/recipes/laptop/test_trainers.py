"""Trainers of the laptop recipe: Muon with AdamW, resumed runs, and RLVR without padding."""

import importlib.util
import shutil
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from knk.datasets.files import write
from knk.training.metrics import read_metrics
from knk.training.recipe import load
from knk.training.run import train
from recipes.laptop.data import BATCH, rlvr_rows
from recipes.laptop.domains import stream
from recipes.laptop.lessons import skill
from recipes.laptop.trainers import MUON_LEARNING_RATE, muon_and_adamw, without_padding
from tests.support.paths import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
    pytest.mark.filterwarnings("ignore"),
]
SETTINGS = SimpleNamespace(adam_beta1=0.9, adam_beta2=0.95, learning_rate=3e-3, weight_decay=0.1)
STEPS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, and short rows for some steps of SFT."""
    from recipes.laptop.model import save_model

    folder = tmp_path_factory.mktemp("laptop")
    save_model(folder / "model", 1)
    problems = islice(stream("reverse", 1), STEPS * BATCH)
    write(folder / "rows.jsonl", ({"prompt": problem.prompt, "completion": skill(problem)} for problem in problems))
    return folder


def loaded(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder)


def test_inner_matrices_are_updated_by_muon_and_the_rest_by_adamw(folder: Path) -> None:
    import torch

    model, twin = loaded(folder / "model"), loaded(folder / "model")
    optimizer = muon_and_adamw(model, SETTINGS)
    inner = [name for name, weights in twin.named_parameters() if weights.ndim == 2 and "embed" not in name]
    assert len(inner) == 4 * 7
    parameters = dict(twin.named_parameters())
    others = [weights for name, weights in parameters.items() if name not in inner]
    twins = [
        torch.optim.Muon([parameters[name] for name in inner], lr=MUON_LEARNING_RATE, weight_decay=0.1),
        torch.optim.AdamW(others, lr=3e-3, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    schedules = [torch.optim.lr_scheduler.LambdaLR(one, lambda step: 0.5**step) for one in (optimizer, *twins)]
    assert [group["lr"] for group in optimizer.param_groups] == [MUON_LEARNING_RATE, 3e-3]
    ids = torch.arange(3, 35).reshape(2, 16)
    for step in range(3):
        for one, its_optimizers in ((model, [optimizer]), (twin, twins)):
            one(ids, labels=ids).loss.backward()
            for its_optimizer in its_optimizers:
                its_optimizer.step()
                its_optimizer.zero_grad()
        for schedule in schedules:
            schedule.step()
        rates = [MUON_LEARNING_RATE * 0.5 ** (step + 1), 3e-3 * 0.5 ** (step + 1)]
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx(rates)
        for name, weights in model.named_parameters():
            assert torch.equal(weights, parameters[name]), name
            assert weights.grad is None
    assert not torch.equal(model.get_input_embeddings().weight, loaded(folder / "model").get_input_embeddings().weight)


def test_the_state_of_both_optimizers_is_saved_and_restored(folder: Path) -> None:
    import torch

    model, twin = loaded(folder / "model"), loaded(folder / "model")
    optimizer, restored = muon_and_adamw(model, SETTINGS), muon_and_adamw(twin, SETTINGS)
    ids = torch.arange(3, 35).reshape(2, 16)

    def step(one: Any, its_optimizer: Any) -> None:
        one(ids, labels=ids).loss.backward()
        its_optimizer.step()
        its_optimizer.zero_grad()

    step(model, optimizer)
    for group in optimizer.param_groups:
        group["lr"] *= 0.1
    torch.save(optimizer.state_dict(), folder / "optimizer.pt")
    twin.load_state_dict(model.state_dict())
    restored.load_state_dict(torch.load(folder / "optimizer.pt", weights_only=True))
    assert [group["lr"] for group in restored.param_groups] == pytest.approx([MUON_LEARNING_RATE * 0.1, 3e-4])
    step(model, optimizer)
    step(twin, restored)
    assert all(map(torch.equal, model.parameters(), twin.parameters()))


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(folder / "hf"))

    def run(output: str) -> dict[str, Any]:
        changes = {
            "model_name_or_path": str(folder / "model"),
            "datasets": [{"path": "json", "data_files": str(folder / "rows.jsonl"), "split": "train"}],
            "output_dir": str(folder / output),
            "warmup_steps": 1,
            "save_steps": 2,
            "save_total_limit": 2,
            "logging_steps": 1,
        }
        return train(load(ROOT / "recipes/laptop/base.yaml", (), changes), in_process=True)

    assert run("whole")["steps"] == STEPS
    # A run that was killed after its first checkpoint.
    shutil.copytree(folder / "whole", folder / "killed")
    shutil.rmtree(folder / f"killed/checkpoint-{STEPS}")
    (folder / "killed/model.safetensors").unlink()
    text = (folder / "killed/run.json").read_text(encoding="utf-8").replace('"whole"', '"killed"')
    (folder / "killed/run.json").write_text(text.replace('"finished"', '"running"'), encoding="utf-8")
    manifest = run("killed")
    assert manifest["sessions"][-1]["from_step"] == 2
    weights = [(folder / name / "model.safetensors").read_bytes() for name in ("whole", "killed")]
    assert weights[0] == weights[1]
    rates = [
        [entry["learning_rate"] for entry in read_metrics(folder / name) if "loss" in entry]
        for name in ("whole", "killed")
    ]
    assert rates[0] == rates[1]
    assert len(rates[0]) == STEPS


@pytest.fixture(scope="module")
def rl_trainer(folder: Path) -> Any:
    """A trainer for RLVR without padding, on 24 rows of very different lengths, more than one chunk."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    from recipes.laptop.domains import reward

    arguments = GRPOConfig(
        output_dir=str(folder / "rl"),
        num_generations=4,
        per_device_train_batch_size=24,
        max_completion_length=12,
        loss_type="dr_grpo",
        scale_rewards="none",
        beta=0.0,
        temperature=0.7,
        top_p=1.0,
        top_k=0,
        use_cpu=True,
        bf16=False,
        report_to=[],
        max_steps=1,
        gradient_checkpointing=False,
    )
    rows = Dataset.from_list(list(rlvr_rows("col", 8, 1)))
    model = str(folder / "model")
    return without_padding(GRPOTrainer)(model=model, reward_funcs=reward, args=arguments, train_dataset=rows)


def padded_batch() -> dict[str, Any]:
    """Return prompts padded on the left and completions padded on the right, as TRL's trainer makes them."""
    import torch

    generator = torch.Generator().manual_seed(1)
    rows = 24
    prompts = torch.randint(3, 60, (rows, 9), generator=generator)
    completions = torch.randint(3, 60, (rows, 70), generator=generator)
    prompt_lengths = torch.tensor([3, 9, 5, 4] * 6)[:, None]
    completion_lengths = torch.tensor([1, 70, 5, 69, 2, 33, 0, 12] * 3)[:, None]
    prompt_mask = (torch.arange(9) >= 9 - prompt_lengths).long()
    completion_mask = (torch.arange(70) < completion_lengths).long()
    return {
        "prompt_ids": prompts * prompt_mask,
        "prompt_mask": prompt_mask,
        "completion_ids": completions * completion_mask,
        "completion_mask": completion_mask,
        "advantages": torch.randn(rows, generator=generator),
        "num_items_in_batch": completion_mask.sum(),
    }


def test_log_probabilities_entropies_and_gradients_are_those_of_trl(rl_trainer: Any) -> None:
    import torch
    from trl import GRPOTrainer

    batch = padded_batch()
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
    scored = batch["completion_mask"].bool()
    arguments = (rl_trainer.model, ids, mask, scored.size(1))
    gradients, results = [], []
    for score in (GRPOTrainer._get_per_token_logps_and_entropies, type(rl_trainer)._get_per_token_logps_and_entropies):
        logps, entropies, _ = score(rl_trainer, *arguments, compute_entropy=True)
        assert logps.shape == entropies.shape == scored.shape
        rl_trainer.model.zero_grad()
        (logps * scored * batch["advantages"][:, None]).sum().backward()
        gradients.append([weights.grad.clone() for weights in rl_trainer.model.parameters()])
        results.append((logps[scored].detach(), entropies[scored].detach()))
    for part, own in zip(*results, strict=True):
        torch.testing.assert_close(own, part, rtol=1e-4, atol=1e-4)
    for whole, own in zip(*gradients, strict=True):
        torch.testing.assert_close(own, whole, rtol=1e-3, atol=1e-3 * float(whole.abs().max()))
    _, none, _ = rl_trainer._get_per_token_logps_and_entropies(*arguments)
    assert none is None


def test_a_step_has_the_loss_and_the_gradient_of_trl(rl_trainer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from trl import GRPOTrainer

    losses, gradients = [], []
    for unpadded in (False, True):
        if not unpadded:
            whole = GRPOTrainer._get_per_token_logps_and_entropies
            monkeypatch.setattr(rl_trainer, "_get_per_token_logps_and_entropies", whole.__get__(rl_trainer))
        else:
            monkeypatch.undo()
        rl_trainer.model.zero_grad()
        rl_trainer.current_gradient_accumulation_steps = 1
        loss = rl_trainer._compute_loss(rl_trainer.model, padded_batch())
        loss.backward()
        losses.append(loss.detach())
        gradients.append([weights.grad.clone() for weights in rl_trainer.model.parameters()])
    torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-6)
    for part, own in zip(*gradients, strict=True):
        torch.testing.assert_close(own, part, rtol=1e-3, atol=1e-3 * float(part.abs().max()))


def test_a_step_samples_within_its_limit_and_logs_the_reward(rl_trainer: Any) -> None:
    rl_trainer.train()
    (entry,) = [entry for entry in rl_trainer.state.log_history if "reward" in entry]
    assert entry["completions/max_length"] <= 12
    assert entry["reward"] == -2
    assert rl_trainer.model.training
