"""SFT by `trl sft --config`, two steps on a tiny model, on the rows that the library makes."""

import importlib.util
import json
from itertools import islice
from pathlib import Path

import pytest

from knk.datasets.files import write
from knk.tasks import kk
from knk.teacher.export import ExportFormat, export_rows
from knk.teacher.sft import Policy, write_sft
from tests.support.teacher_answers import write_answers
from tests.support.tiny_models import run_trl, save_tiny_model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: make check-all does it"),
]


@pytest.mark.parametrize("style", ["paper", "chat"])
def test_sft_trains_on_proofs(style: str, tmp_path: Path) -> None:
    data, model, out = (tmp_path / part for part in ("rows.jsonl", "model", "out"))
    rows = list(export_rows(kk.rows("train", n=16), ExportFormat("sft", style, "brief")))
    write(data, rows)
    save_tiny_model(model, (str(row) for row in rows))
    settings = {
        "model_name_or_path": str(model),
        "datasets": [{"path": "json", "data_files": str(data), "split": "train"}],
        "output_dir": str(out),
        "completion_only_loss": True,
        "max_length": 4096,
        "max_steps": 2,
        "logging_steps": 1,
        "learning_rate": 1e-3,
        "report_to": "none",
        "use_cpu": True,
        "bf16": False,
    }
    run_trl("sft", settings, tmp_path)
    state = json.loads((out / "checkpoint-2" / "trainer_state.json").read_text(encoding="utf-8"))
    losses = [step["loss"] for step in state["log_history"] if "loss" in step]
    assert len(losses) == 2
    assert losses[1] < losses[0]


def test_a_limit_of_tokens_counts_prompt_and_completion(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    model = tmp_path / "model"
    save_tiny_model(model, (row["text"] for row in islice(kk.rows("train", n=6, seed=2), 6)))
    count = AutoTokenizer.from_pretrained(model)
    whole = write_sft(write_answers(tmp_path / "answers"), tmp_path / "whole", Policy(tokenizer=str(model)))
    assert whole.unit == "tokens"
    assert len(whole.lengths) == 24
    import pyarrow.parquet as pq

    rows = pq.read_table(tmp_path / "whole" / "train" / "part-00000.parquet").to_pylist()
    lengths = [len(count(row["prompt"])["input_ids"]) + row["tokens"] for row in rows]
    limit = sorted(lengths)[11]
    some = write_sft(tmp_path / "answers", tmp_path / "some", Policy(tokenizer=str(model), max_tokens=limit))
    assert some.kept == sum(length <= limit for length in lengths)
    assert some.dropped["longer than the limit"] == 24 - some.kept
