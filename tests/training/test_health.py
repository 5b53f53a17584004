"""The health of a run: what the metrics show, when it is said, and runs that end by it."""

import importlib.util
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from knk import tasks
from knk.cli import main
from knk.datasets.files import write
from knk.tasks import kk
from knk.teacher.export import ExportFormat, export_rows
from knk.training import health as rules
from knk.training.health import NO_SIGNAL, Health, health_of
from tests.support.tiny_models import save_tiny_model

GOOD = {
    "loss": 0.1,
    "grad_norm": 0.5,
    "reward": -1.5,
    "frac_reward_zero_std": 0.9,
    "completions/clipped_ratio": 0.9,
    "completions/mean_length": 100.0,
    "completions/max_length": 128.0,
    "sampling/importance_sampling_ratio/mean": 0.97,
    "entropy": 0.5,
}
"""What TRL logs at a step of GRPO from which something is learnt."""


def steps(*changes: dict[str, Any], every: int = 1) -> list[dict[str, Any]]:
    """Return logged steps, each with some values that are not good."""
    return [{**GOOD, **change, "step": every * number} for number, change in enumerate(changes, 1)]


def lines(entries: Iterable[dict[str, Any]]) -> list[str]:
    """Return all warnings, as they become due."""
    health = Health()
    said: list[str] = []
    for entry in entries:
        health = health.after(entry)
        said += health.warnings
    return said


EQUAL = {"frac_reward_zero_std": 1.0, "grad_norm": 0.0}


@pytest.mark.parametrize(
    ("change", "name", "message", "has_signal"),
    [
        ({"completions/clipped_ratio": 1.0}, "completions cut off", "cut off, the longest at 128 tokens", True),
        ({"completions/clipped_ratio": 1.0, **EQUAL}, "completions cut off", "raise max_completion_length", False),
        (EQUAL, "groups equal", "equal rewards (mean -1.5)", False),
        ({**EQUAL, "grad_norm": 0.3}, "groups equal", "equal rewards", False),  # The gradient is that of the KL term.
        ({"reward": None, "frac_reward_zero_std": 0.0}, "no rewards", "all rewards were None", False),
        ({"reward": math.nan}, "no rewards", "all rewards were None", False),
        ({"grad_norm": 0.0}, "zero gradient", "the gradient was zero", False),
        ({"grad_norm": math.nan}, "not finite", "(loss 0.1, gradient norm nan)", False),
        ({"loss": math.inf, **EQUAL}, "not finite", "lower learning_rate", False),
        ({"sampling/importance_sampling_ratio/mean": 0.18}, "importance weights low", "(mean 0.18)", True),
    ],
)
def test_a_step_that_goes_wrong_is_a_finding(change: dict[str, Any], name: str, message: str, has_signal: bool) -> None:
    health = health_of(steps({}, change))
    assert list(health.findings) == [name] + [NO_SIGNAL] * (not has_signal)
    assert (health.findings[name].first_step, health.findings[name].steps) == (2, 1)
    (line,) = health.warnings
    assert line.startswith("step 2: ")
    assert message in line
    assert "\n" not in line
    assert not health.never_had_signal


def test_a_good_run_has_no_findings() -> None:
    assert health_of(steps(*[{}] * 200)) == Health(200, (0.5,) * 5)
    sft = [{"step": step, "loss": 1.0, "grad_norm": 1.0, "entropy": 0.5**step} for step in range(1, 40)]
    assert not health_of(sft).findings  # SFT lowers the entropy on purpose.
    assert lines(steps(*[{}] * 200)) == []


@pytest.mark.parametrize(
    ("entropies", "first_step", "warned_at"),
    [
        ([0.5] * 5 + [0.04] * 10, 6, 10),  # Below a tenth of 0.5 for five steps.
        ([0.5] * 5 + [0.06] * 10, None, None),
        ([0.5] * 5 + [0.04, 0.04, 0.3] * 5, 6, None),  # Never for five steps in a row.
        ([0.009] * 10, 1, 5),  # Less than 1 nat in 100 tokens, from the start.
        ([0.011] * 10, None, None),
    ],
)
def test_entropy_must_stay_low(entropies: list[float], first_step: int | None, warned_at: int | None) -> None:
    entries = steps(*({"entropy": entropy} for entropy in entropies))
    found = health_of(entries).findings.get("entropy low")
    assert (found.first_step if found else None) == first_step
    said = lines(entries)
    assert [line.split(":")[0] for line in said[:1]] == ([f"step {warned_at}"] if warned_at else [])
    assert all("nats per token" in line for line in said)


def test_a_warning_is_repeated_only_after_it_has_lasted() -> None:
    low = {"sampling/importance_sampling_ratio/mean": 0.1}
    assert [line.split(":")[0] for line in lines(steps({}, *[low] * 150))] == ["step 2", "step 11", "step 101"]
    assert "for 100 steps, " in lines(steps(*[low] * 150))[-1]
    # What comes and goes is said once, until it has lasted.
    assert [line.split(":")[0] for line in lines(steps(*[low, {}] * 50))] == ["step 1"]
    assert [line.split(":")[0] for line in lines(steps(low, {}, *[low] * 10))] == ["step 1", "step 12"]


def test_reasons_may_alternate_while_there_is_no_signal() -> None:
    cut_off = {**EQUAL, "completions/clipped_ratio": 1.0}
    said = lines(steps(cut_off, EQUAL, *[cut_off] * 20))
    assert [line.split(":")[0] for line in said] == ["step 1", "step 2", "step 10"]
    assert "for 10 steps, there was nothing to learn from: completions cut off (9 steps); raise" in said[-1]


def test_steps_that_are_logged_together_count_each() -> None:
    health = health_of(steps({}, EQUAL, EQUAL, every=5))
    assert (health.findings[NO_SIGNAL].steps, health.findings[NO_SIGNAL].first_step) == (10, 6)
    assert health.should_stop


def test_only_a_row_of_steps_without_signal_stops_a_run() -> None:
    assert not health_of(steps(*[EQUAL] * 9)).should_stop
    assert health_of(steps(*[EQUAL] * 10)).should_stop
    assert not health_of(steps(*[EQUAL] * 10, {})).should_stop
    assert not health_of(steps(*[EQUAL, EQUAL, {}] * 20)).should_stop
    assert rules.MAX_WITHOUT_SIGNAL == 10


def test_the_verdict_is_about_all_steps() -> None:
    health = health_of(steps(*[EQUAL] * 3))
    assert health.never_had_signal
    assert health.verdict.startswith("nothing was learnt, as none of 3 steps had a signal: groups equal (3 steps); if")
    assert health.record()["had_signal"] is False
    healthy = health_of(steps(*[EQUAL] * 3, {}))
    assert (healthy.verdict, healthy.record()["had_signal"]) == ("", True)
    never_finite = health_of({"step": step, "loss": math.nan} for step in (1, 2))  # SFT.
    assert "none of 2 steps had a signal: not finite (2 steps)" in never_finite.verdict
    assert Health().verdict == ""  # Nothing was logged, so nothing is known.


def test_entries_about_no_training_step_change_nothing() -> None:
    before = health_of(steps({}, EQUAL))
    others: list[dict[str, Any]] = [
        {"step": 2, "eval_loss": 1.0, "eval_frac_reward_zero_std": 1.0},
        {"step": 2, "train_loss": 0.0, "train_runtime": 1.0},
        {"step": 2, **GOOD, **EQUAL},  # Logged twice.
        {**GOOD, "step": "3"},
        {},
    ]
    for entry in others:
        after = before.after(entry)
        assert (after.findings, after.step, after.warnings) == (before.findings, 2, ())


# Real runs.

needs_trl = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
    pytest.mark.filterwarnings("ignore"),  # Other libraries warn of their own future in this process.
]
NEVER_ENDS: dict[str, Any] = {"generation_kwargs": {"suppress_tokens": [0]}}
"""A setting by which the tiny model never samples the end of a completion, which is its first token."""
OFTEN_ENDS: dict[str, Any] = {"generation_kwargs": {"sequence_bias": [[[0], 5.0]]}}
REWARD = "def distinct(completions, **_):\n    return [float(len(set(str(one)))) for one in completions]\n"
NONE = "def nothing(completions, **_):\n    return [None for _ in completions]\n"


TRACKIO = """\
import contextvars, json, types
__version__ = "0.21.1"
context_vars = types.SimpleNamespace(
    current_space_id=contextvars.ContextVar("space", default=None),
    current_project=contextvars.ContextVar("project", default=None),
    current_run=contextvars.ContextVar("run", default=None),
)
class Config(dict):
    def update(self, values, allow_val_change=False):
        dict.update(self, values)
config = Config()
def write(kind, values):
    with open("trackio.jsonl", "a") as file:
        file.write(json.dumps({"kind": kind, **values}) + "\\n")
def init(project, name=None, space_id=None, resume="never", private=None, bucket_id=None):
    write("init", {"project": project, "name": name, "space_id": space_id})
def log(metrics, step=None):
    write("log", metrics)
def finish():
    write("finish", {})
"""
"""A module with as much of trackio as transformers and TRL call; it writes what it is told to a file."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model, data and rewards."""
    folder = tmp_path_factory.mktemp("bench")
    rows = list(export_rows(kk.rows("train", n=32), ExportFormat("sft", "paper", "brief")))
    write(folder / "sft.jsonl", rows)
    write(folder / "grpo.jsonl", tasks.prompts(tasks.load("kk"), list(kk.rows("train", n=16)), "paper"))
    save_tiny_model(folder / "tiny", (str(row) for row in rows))
    (folder / "my_rewards.py").write_text(REWARD + NONE, encoding="utf-8")
    return folder


@pytest.fixture
def inside(bench: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder as the working directory, for runs in this process."""
    monkeypatch.chdir(bench)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return bench


def recipe(bench: Path, name: str, trainer: str = "grpo", **changes: Any) -> Path:
    """Write a recipe of few steps, and return its path."""
    settings: dict[str, Any] = {
        "trainer": trainer,
        "model_name_or_path": "tiny",
        "datasets": [{"path": "json", "data_files": f"{trainer}.jsonl", "split": "train"}],
        "output_dir": f"runs/{name}",
        "learning_rate": 1e-3,
        "logging_steps": 1,
        "max_steps": 3,
        "use_cpu": True,
        "bf16": False,
    }
    if trainer == "grpo":
        settings |= {
            "reward_funcs": ["knk.rewards.kk_reward"],
            "num_generations": 4,
            "per_device_train_batch_size": 8,
            "max_completion_length": 32,
        }
    path = bench / f"{name}.yaml"
    path.write_text(json.dumps(settings | changes), encoding="utf-8")
    return path


def manifest_of(bench: Path, name: str) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((bench / "runs" / name / "run.json").read_text(encoding="utf-8"))
    return manifest


def warnings_in(errors: str) -> list[str]:
    """Return the lines of stderr that are this library's."""
    return [line for line in errors.replace("\r", "\n").splitlines() if line.startswith("knk: ")]


class TestRuns:
    pytestmark = needs_trl

    def test_a_run_whose_completions_are_all_cut_off_warns_stops_and_fails(self, bench: Path) -> None:
        recipe(bench, "cut", max_steps=40, on_no_signal="stop", report_to="trackio", **NEVER_ENDS)
        (bench / "fakes").mkdir()
        (bench / "fakes" / "trackio.py").write_text(TRACKIO, encoding="utf-8")
        path = os.pathsep.join([str(bench / "fakes"), *filter(None, [os.environ.get("PYTHONPATH")])])
        offline = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_HOME": str(bench / "hf"), "PYTHONPATH": path}
        run = subprocess.run(
            [str(Path(sys.executable).with_name("knk")), "train", "cut.yaml"],
            check=False,
            cwd=bench,
            env={**os.environ, **offline},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert run.returncode == 1, run.stderr[-3000:]
        first, lasting, stopped, last = warnings_in(run.stderr)
        assert first.startswith("knk: step 1: all completions were cut off, the longest at 32 tokens")
        assert lasting.startswith("knk: step 10: for 10 steps, there was nothing to learn from")
        assert stopped == "knk: step 10: stopped, as the last 10 steps had no signal"
        assert last.startswith("knk: runs/cut: nothing was learnt, as none of 10 steps had a signal: completions cut")
        assert run.stderr.index(first) < run.stderr.index("3/40") < run.stderr.index(lasting)  # As it happens.
        manifest = manifest_of(bench, "cut")
        assert (manifest["status"], manifest["steps"], manifest["health"]["had_signal"]) == ("stopped", 10, False)
        assert (bench / "runs" / "cut" / "checkpoint-10").is_dir()
        assert (bench / "runs" / "cut" / "model.safetensors").is_file()
        init, *logged = map(json.loads, (bench / "trackio.jsonl").read_text(encoding="utf-8").splitlines())
        assert init == {"kind": "init", "project": "knk", "name": "cut", "space_id": None}
        counts = [entry["train/health/steps_without_signal"] for entry in logged if "train/loss" in entry]
        assert counts == list(range(1, 11))

    @pytest.mark.parametrize("trainer", ["sft", "grpo"])
    def test_a_healthy_run_says_nothing(self, trainer: str, inside: Path, capfd: pytest.CaptureFixture[str]) -> None:
        rewarded = {"reward_funcs": ["my_rewards.distinct"], **OFTEN_ENDS} if trainer == "grpo" else {}
        path = recipe(inside, f"well-{trainer}", trainer, **rewarded)
        assert main(["train", str(path), "--in-process"]) == 0
        assert warnings_in(capfd.readouterr().err) == []
        manifest = manifest_of(inside, f"well-{trainer}")
        assert manifest["status"] == "finished"
        assert manifest["health"] == {"had_signal": True, "verdict": "", "findings": []}

    @pytest.mark.parametrize(
        ("trainer", "changes", "cause"),
        [
            ("grpo", {"reward_funcs": ["my_rewards.nothing"], **OFTEN_ENDS}, "all rewards were None"),
            ("grpo", OFTEN_ENDS, "all groups had equal rewards (mean -2)"),
            ("sft", {"learning_rate": 1e38, "max_grad_norm": 0.0}, "the loss or the gradient was not finite"),
        ],
    )
    def test_a_run_that_goes_wrong_names_the_cause(
        self, trainer: str, changes: dict[str, Any], cause: str, inside: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        name = f"wrong-{len(list(inside.glob('runs/*')))}"
        path = recipe(inside, name, trainer, logging_steps=2, **changes)  # The third step is logged all the same.
        status = main(["train", str(path), "--in-process"])
        said = warnings_in(capfd.readouterr().err)
        assert cause in said[0]
        assert manifest_of(inside, name)["health"]["findings"][0]["steps"] == 3
        assert (status, said[-1].startswith(f"knk: runs/{name}: nothing was learnt")) == (1, True)

    def test_a_resumed_run_counts_on(self, inside: Path, capfd: pytest.CaptureFixture[str]) -> None:
        from knk.training import worker

        path = recipe(inside, "resumed", on_no_signal="stop", report_to="none", save_steps=6, **NEVER_ENDS)
        settings = json.loads(path.read_text(encoding="utf-8"))
        del settings["trainer"]
        for more in ({"max_steps": 6}, {"max_steps": 30, "resume_from_checkpoint": "runs/resumed/checkpoint-6"}):
            path.write_text(json.dumps(settings | more), encoding="utf-8")
            worker.main(["grpo", "--config", str(path)])
        steps = [line.split(":")[1] for line in warnings_in(capfd.readouterr().err)]
        assert steps == [" step 1", " step 10", " step 10"]
        assert (inside / "runs" / "resumed" / "checkpoint-10").is_dir()
        assert not (inside / "runs" / "resumed" / "checkpoint-12").exists()
