"""lm-eval's logs of samples, read."""

from pathlib import Path

import pytest

from knk.errors import BadFolder, BadSpec
from knk.evals.lm_eval.logs import read_sample_logs
from tests.support.sample_logs import write_sample_log


def test_the_newest_log_of_a_task_counts(tmp_path: Path) -> None:
    write_sample_log(tmp_path / "model", "gsm8k", 10, day=1)
    write_sample_log(tmp_path / "model", "gsm8k", 3, day=2)
    scores = read_sample_logs(tmp_path)
    assert list(scores) == ["gsm8k"]
    assert sum(scores["gsm8k"].values()) == 3
    assert read_sample_logs(tmp_path, "f1")["gsm8k"]["0 h0"] == 0.5


def test_unknown_metrics_and_broken_logs_are_refused(tmp_path: Path) -> None:
    path = write_sample_log(tmp_path, "gsm8k", 3)
    with pytest.raises(BadSpec, match="it has exact_match, f1"):
        read_sample_logs(tmp_path, "acc")
    path.write_text("{}\n")
    with pytest.raises(BadFolder, match="not an lm-eval log"):
        read_sample_logs(tmp_path)
