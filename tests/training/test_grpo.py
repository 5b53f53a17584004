"""Two steps of `trl grpo --config` on a tiny model, with every reward of every task."""

import gzip
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from knk import tasks
from knk.rewards import KINDS
from tests.support.tiny_models import run_trl, save_tiny_model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
]

MATH = [{"problem": f"What is {n} + {n}?", "answer": str(2 * n), "subject": "Algebra", "level": 1} for n in range(8)]
MMLU = [
    {
        "question_id": n,
        "question": f"Which is the number {n}?",
        "options": [str(n + other) for other in range(4)],
        "answer": "A",
        "answer_index": 0,
        "category": "physics",
    }
    for n in range(8)
]
CODE = [
    {
        "task_id": f"HumanEval/{n}",
        "prompt": f'def add(x: int) -> int:\n    """Return x + {n}."""\n',
        "entry_point": "add",
        "canonical_solution": f"    return x + {n}\n",
        "test": "",
        "contract": "",
        "base_input": [[1], [2]],
        "plus_input": [[3]],
        "atol": 0,
    }
    for n in range(8)
]


def published_rows(name: str, folder: Path) -> Path | None:
    """Return a file of a task's rows in their published form; None for a task that generates its own."""
    published = {"hendrycks_math": MATH, "mmlu_pro": MMLU, "humaneval_plus": CODE}
    if name not in published:
        return None
    path = folder / f"{name}.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in published[name])
    return path


def rewards_of(name: str) -> list[str]:
    """Return the dotted paths of all rewards of a task."""
    task = tasks.load(name)
    kinds = [kind for kind in KINDS if kind != "partial" or hasattr(task, "partial")]
    return [f"knk.rewards.{name}_{kind}" for kind in kinds] + ["knk.rewards.format_reward", "knk.rewards.length_reward"]


def logged_steps(folder: Path) -> Iterator[dict[str, Any]]:
    """Iterate over what TRL logged at each step with rewards."""
    state = json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
    return (entry for entry in state["log_history"] if "reward" in entry)


@pytest.mark.parametrize(("name", "style"), [*((name, "paper") for name in tasks.NAMES), ("kk", "chat")])
def test_grpo_trains_with_every_reward_of_a_task(name: str, style: str, tmp_path: Path) -> None:
    rewards = rewards_of(name)
    weights = dict.fromkeys(rewards, 0.1) | {rewards[0]: 1.0}
    for step in two_steps(tmp_path, [name], weights, style):
        for reward in rewards:
            assert f"rewards/{reward.rpartition('.')[2]}/mean" in step
        # Sixteen tokens of a random model have neither the format nor an answer.
        assert step[f"rewards/{name}_reward/mean"] == -2
        assert step[f"rewards/{name}_correct/mean"] == 0
        assert step[f"{name}/format"] == 0
        assert 0 < step["rewards/length_reward/mean"] < 0.017


def test_grpo_trains_on_two_tasks_at_once(tmp_path: Path) -> None:
    names = ["kk", "hendrycks_math"]
    steps = two_steps(tmp_path, names, {f"knk.rewards.{name}_reward": 1.0 for name in names})
    # A row of the other task has no reward, which TRL leaves out, so the means are those of each task's own rows.
    values = [step[f"rewards/{name}_reward/mean"] for step in steps for name in names]
    assert set(map(str, values)) <= {"-2.0", "None"}
    assert all(step["reward"] == -2 for step in steps)
    assert {f"{name}/format" for name in names} <= {key for step in steps for key in step}


def two_steps(folder: Path, names: list[str], rewards: dict[str, float], style: str = "paper") -> list[dict[str, Any]]:
    """Train a tiny model for two steps on a file of each task by weighted rewards, and return what TRL logged."""
    model, out = folder / "model", folder / "out"
    files = {name: folder / f"{name}.jsonl" for name in names}
    prompts: list[str] = []
    for name, file in files.items():
        task = tasks.load(name)
        rows = list(tasks.prompts(task, list(task.rows("test", published_rows(name, folder)))[:8], style))
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        prompts += (str(row["prompt"]) for row in rows)
    save_tiny_model(model, prompts)
    settings = {
        "model_name_or_path": str(model),
        "datasets": [{"path": "json", "data_files": str(file), "split": "train"} for file in files.values()],
        "reward_funcs": list(rewards),
        "reward_weights": list(rewards.values()),
        "output_dir": str(out),
        "loss_type": "dr_grpo",
        "scale_rewards": "none",
        "beta": 0.0,
        "num_generations": 4,
        "per_device_train_batch_size": 8,
        "max_completion_length": 16,
        "max_steps": 2,
        "logging_steps": 1,
        "save_steps": 2,
        "learning_rate": 1e-3,
        "report_to": "none",
        "use_cpu": True,
        "bf16": False,
        "seed": 1,
    }
    run_trl("grpo", settings, folder)
    steps = list(logged_steps(out / "checkpoint-2"))
    assert len(steps) == 2
    return steps
