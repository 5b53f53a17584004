"""The Inspect task, run by Inspect with its mock model."""

import gc
import importlib.util
import math
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadFile, BadRow, BadTask
from knk.tasks import kk
from tests.support.completions import (
    Case,
    cases,
    unknown,
    write_mmlu,
)
from tests.support.paths import ROOT

pytestmark = [
    pytest.mark.slow,
    # Inspect calls deprecated functions and leaves streams open.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
    pytest.mark.skipif(
        importlib.util.find_spec("inspect_ai") is None, reason="Inspect is not installed: make check-all does it"
    ),
]


def run(task: Any, replies: Sequence[str], log: Path) -> Any:
    """Run a task with a model that gives these replies in turn, and return Inspect's log."""
    import inspect_ai
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    outputs = [ModelOutput.from_content("mockllm/model", reply) for reply in replies]
    for output in outputs:
        output.usage = ModelUsage()  # Else Inspect counts tokens, for which it downloads a vocabulary.
    model = get_model("mockllm/model", custom_outputs=outputs, memoize=False)
    (log_of_run,) = inspect_ai.eval(task, model=model, log_dir=str(log), display="none", max_samples=1)
    gc.collect()  # So that warnings of what Inspect leaves open belong to this test.
    assert log_of_run.status == "success", log_of_run.error
    return log_of_run


def metrics(log: Any) -> dict[str, float]:
    (score,) = log.results.scores
    return {name: metric.value for name, metric in score.metrics.items()}


def domain(**arguments: Any) -> Any:
    from knk.integrations import inspect_ai

    return inspect_ai.domain(**arguments)


def of_cases(task: str, chosen: Sequence[Case]) -> Any:
    """An Inspect task with the rows of chosen cases."""
    from inspect_ai import Task
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.solver import generate

    from knk.integrations.inspect_ai import verdict

    samples = [Sample(input="?", metadata={"id": "", "row": case.row}) for case in chosen]
    return Task(dataset=MemoryDataset(samples), solver=generate(), scorer=verdict(task))


def test_accuracy_is_the_share_of_right_answers(tmp_path: Path) -> None:
    rows = list(kk.rows("held-out", n=4, seed=3, spec=kk.PAPER.with_changes(people=3)))
    replies = [*(row["answer"] for row in rows[:3]), "dunno"]
    log = run(domain(n=4, seed=3, people=3), replies, tmp_path)
    assert metrics(log) == {"accuracy": 0.75, "stderr": pytest.approx(math.sqrt(0.75 * 0.25 / 3))}
    assert log.eval.task.rpartition("/")[2] == "domain"
    assert log.eval.task_args["people"] == 3
    for sample, row in zip(log.samples, rows, strict=True):
        assert sample.metadata["id"] == row["id"]
        assert row["text"] in sample.input
        assert sample.target == row["answer"]
    (score,) = log.samples[3].scores.values()
    assert (score.value, score.explanation, score.metadata) == ("I", "no answer", {"reason": "no answer"})


@pytest.mark.parametrize("task", ["kk", "mmlu_pro", "hendrycks_math"])
def test_scores_agree_with_verify(task: str, tmp_path: Path) -> None:
    # A lone surrogate cannot be written into Inspect's log, whoever judges it.
    chosen = [case for case in cases() if case.task == task and "\ud800" not in case.completion]
    log = run(of_cases(task, chosen), [case.completion for case in chosen], tmp_path)
    scores = [next(iter(sample.scores.values())) for sample in log.samples]
    verdicts = [case.verdict for case in chosen]
    assert [score.value for score in scores] == ["C" if verdict.correct else "I" for verdict in verdicts]
    assert [score.explanation for score in scores] == [str(verdict) for verdict in verdicts]
    assert metrics(log)["accuracy"] == pytest.approx(sum(map(bool, verdicts)) / len(verdicts))
    assert {score.value for score in scores} == {"C", "I"}


def test_an_undecided_reply_is_unscored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = kk.verify
    monkeypatch.setattr(kk, "verify", lambda text, row: unknown() if text == "hang" else real(text, row))
    rows = list(kk.rows("held-out", n=2, seed=3))
    log = run(domain(n=2, seed=3), [rows[0]["answer"], "hang"], tmp_path)
    assert metrics(log)["accuracy"] == 1
    assert log.results.scores[0].unscored_samples == 1
    (score,) = log.samples[1].scores.values()
    assert math.isnan(score.value)
    assert (score.reason, score.explanation) == ("scoring_failed", "timed out")


def test_another_task_can_be_read_from_a_file(tmp_path: Path) -> None:
    write_mmlu(tmp_path / "math.jsonl")
    task = domain(name="mmlu_pro", split="test", data=str(tmp_path / "math.jsonl"))
    assert metrics(run(task, ["A", r"\boxed{B}", "The answer is B."], tmp_path))["accuracy"] == pytest.approx(2 / 3)


def test_inspect_finds_the_task_by_its_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["inspect_ai"] == {"knk": "knk.integrations.inspect_ai"}
    assert domain(n=1).dataset.name == "kk-held-out"


def test_a_sample_without_a_row_is_an_error() -> None:
    import asyncio
    from types import SimpleNamespace

    from knk.integrations.inspect_ai import verdict

    state = SimpleNamespace(output=SimpleNamespace(completion="Ann lies."), metadata={})
    with pytest.raises(BadRow):
        asyncio.run(verdict("kk")(state, None))


def test_invalid_arguments() -> None:
    with pytest.raises(BadTask):
        domain(name="chess")
    with pytest.raises(BadTask):
        domain(subject="physics")
    with pytest.raises(BadFile):
        domain(split="validation")


def test_the_command_on_the_page_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "integrations.md").read_text(encoding="utf-8")
    command = next(line for line in page.splitlines() if line.startswith("inspect eval") and "mockllm" in line)
    arguments = command.partition("#")[0].replace("n=100", "n=2").split()[1:]
    done = subprocess.run(
        [str(Path(sys.executable).with_name("inspect")), *arguments, "--display", "plain", "--log-dir", "logs"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=tmp_path, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "domain (2 samples): mockllm/model" in done.stdout
