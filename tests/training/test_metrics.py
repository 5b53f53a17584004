"""The file of metrics: valid JSON on every line, whatever was logged and however the writer ended."""

import json
from pathlib import Path

from knk.training.metrics import METRICS, last_step, read_metrics, write_metrics


def test_numbers_that_are_not_finite_are_null(tmp_path: Path) -> None:
    write_metrics(tmp_path, [{"step": 1, "loss": float("nan"), "parts": [float("inf"), 2.5, "a", None, True]}])
    (line,) = (tmp_path / METRICS).read_text(encoding="utf-8").splitlines()
    assert json.loads(line, parse_constant=lambda name: f"not JSON: {name}") == {
        "step": 1,
        "loss": None,
        "parts": [None, 2.5, "a", None, True],
    }


def test_an_unfinished_line_is_left_out(tmp_path: Path) -> None:
    write_metrics(tmp_path, [{"step": 1}, {"step": 2}])
    for end in ('{"step": 3, "lo', '{"step": 3, "lo\ufffd', "7"):
        (tmp_path / METRICS).write_bytes(b'{"step": 1}\n{"step": 2}\n' + end.encode())
        assert read_metrics(tmp_path) == [{"step": 1}, {"step": 2}]
    assert last_step(read_metrics(tmp_path)) == 2


def test_no_file_is_no_metrics(tmp_path: Path) -> None:
    assert read_metrics(tmp_path) == []
    assert last_step([]) == 0
    assert last_step([{"loss": 1.0}, {"step": "x"}]) == 0
