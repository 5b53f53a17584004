"""What the task files call, by lm-eval's own command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from knk.datasets.files import read as read_rows
from knk.evals.items import items
from knk.evals.lm_eval.documents import document, item_metrics, results
from knk.evals.lm_eval.tasks import include_path
from tests.support.benchmarks import needs_lm_eval, right_completion, scored, wrong_completion
from tests.support.paths import ROOT


def test_an_items_metrics_are_over_all_of_its_completions() -> None:
    completions = [scored("a", 0, True), scored("a", 1, False), scored("a", 2, None, paper_correct=True)]
    assert item_metrics(completions) == {
        "avg_at_k": pytest.approx(1 / 3),
        "pass_at_k": 1.0,
        "format_rate": 1.0,
        "answer_rate": pytest.approx(2 / 3),
        "paper_avg_at_k": 1.0,
    }


def test_a_document_is_scored_by_the_librarys_verifier() -> None:
    (row,) = items("knk", limit=1)
    doc = document("knk", row)
    completions = [right_completion(row), wrong_completion(row, 0)]
    assert results(doc, [completions]) == results(doc, completions)
    assert results(doc, completions)["avg_at_k"] == 0.5


@pytest.mark.slow
@needs_lm_eval
def test_the_lm_eval_command_evaluates_a_model(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from tests.support.tiny_models import save_tiny_model

    save_tiny_model(tmp_path / "tiny", [str(row) for row in items("knk", limit=20)])
    command: list[str | Path] = [Path(sys.executable).with_name("lm_eval"), "run", "--model", "hf"]
    command += ["--model_args", f"pretrained={tmp_path / 'tiny'}"]
    command += ["--include_path", include_path(), "--tasks", "knk_people_3,knk_grade_5", "--limit", "2"]
    command += ["--gen_kwargs", "max_gen_toks=8", "--output_path", tmp_path / "out", "--log_samples", "--device", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=500)
    assert process.returncode == 0, process.stderr[-3000:]
    (samples,) = (tmp_path / "out").rglob("samples_knk_people_3_*.jsonl")
    rows = list(read_rows(samples))
    assert len(rows) == 2
    for row in rows:
        (completions,) = row["filtered_resps"]
        assert len(completions) == 4
        assert results(row["doc"], completions).items() <= row.items()
