"""Two steps of `trl sft --config` on a tiny model, on rows that the library writes."""

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
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
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


def test_the_token_limit_includes_prompt_and_completion(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    model = tmp_path / "model"
    save_tiny_model(model, (row["text"] for row in islice(kk.rows("train", n=6, seed=2), 6)))
    tokenizer = AutoTokenizer.from_pretrained(model)
    unlimited = write_sft(write_answers(tmp_path / "answers"), tmp_path / "unlimited", Policy(tokenizer=str(model)))
    assert unlimited.unit == "tokens"
    assert len(unlimited.lengths) == 24
    import pyarrow.parquet as pq

    rows = pq.read_table(tmp_path / "unlimited" / "train" / "part-00000.parquet").to_pylist()
    lengths = [len(tokenizer(row["prompt"])["input_ids"]) + row["tokens"] for row in rows]
    limit = sorted(lengths)[11]
    limited = write_sft(tmp_path / "answers", tmp_path / "limited", Policy(tokenizer=str(model), max_tokens=limit))
    assert limited.kept == sum(length <= limit for length in lengths)
    assert limited.dropped["more tokens than the limit"] == 24 - limited.kept
