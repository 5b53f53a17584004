"""The EvalPlus commands: `benchmarks.evalplus.score` and `benchmarks.evalplus.generate`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.evalplus import generate
from benchmarks.evalplus.score import main
from knk.errors import BadFolder, KnkError
from knk.evals.evalplus.evaluate import evaluate
from knk.evals.evalplus.pass_rates import pass_rates
from knk.evals.evalplus.samples import read_problems, read_samples
from tests.support.evalplus import (
    BLEND,
    COUNTS_CALLS,
    SHORT_SECONDS,
    needs_evalplus,
    needs_posix,
    solution_of,
    write_problems,
)
from tests.support.exercises import RANK, SCALE, ZERO
from tests.support.faulty_server import FaultyServer
from tests.support.paths import ROOT
from tests.support.tiny_models import save_tiny_model

pytestmark = needs_posix


@needs_evalplus
def test_score_prints_pass_rates_and_disagreements(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_problems([BLEND, ZERO], tmp_path)
    samples = tmp_path / "samples.jsonl"
    samples.write_text(json.dumps({"task_id": "Mine/0", "solution": COUNTS_CALLS}) + "\n")
    with pytest.raises(SystemExit, match="1 of 2 problems have no sample"):
        main([str(samples), "--data", str(path)])
    with pytest.raises(SystemExit) as caught:
        main([str(samples), "--data", str(path), "--partial", "--min-time-limit", "1"])
    assert caught.value.code == 1
    assert "NOT EXPLAINED" in capsys.readouterr().out
    main(["--data", str(path), "--json", "--min-time-limit", "1"])
    report = json.loads(capsys.readouterr().out)
    assert report["pass_rates"] == {"all": {"tasks": 2, "samples": 2, "base": 2, "plus": 2, "pass@1": 1.0}}
    assert (report["knk"], report["as_shipped"], report["disagreements"]) == (2, 1, [])
    main(["--data", str(path), "--as-shipped", "--min-time-limit", "1"])
    output = capsys.readouterr().out
    assert "right roots of Mine/2: not counted; as shipped: 1 of 2" in output
    assert "EvalPlus 0.3.1 fails every root" in output


def test_models_with_custom_code_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match=r"config\.json"):
        generate.refuse_custom_code(tmp_path)
    tmp_path.joinpath("config.json").write_text("{}")
    generate.refuse_custom_code(tmp_path)
    tmp_path.joinpath("tokenizer_config.json").write_text('{"auto_map": {"AutoTokenizer": ["own.Own", null]}}')
    with pytest.raises(BadFolder, match="auto_map"):
        generate.refuse_custom_code(tmp_path)


@needs_evalplus
@pytest.mark.slow
def test_generate_asks_a_server(tmp_path: Path) -> None:
    server = FaultyServer(lambda *_: "ok")
    server.start()
    path = write_problems([SCALE, RANK], tmp_path)
    command = [sys.executable, "-m", "benchmarks.evalplus.generate", "model", "--backend", "openai"]
    command += ["--base-url", server.url, "--data", str(path), "--out", str(tmp_path / "out")]
    try:
        process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    finally:
        server.close()
    assert process.returncode == 0, process.stderr
    samples = read_samples(process.stdout.splitlines()[-1], read_problems(path))
    assert [sample.task_id for sample in samples] == ["Mine/0", "Mine/1"]


@needs_evalplus
def test_a_server_error_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from evalplus.gen.util import openai_request

    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("no such model\nat all")

    monkeypatch.setattr(openai_request, "make_request", refuse)
    monkeypatch.setattr(openai_request, "make_auto_request", None)
    generate.fail_on_server_errors()
    with pytest.raises(KnkError, match=r"the server: ConnectionError: no such model$"):
        openai_request.make_auto_request(None, message="")


@needs_evalplus
@pytest.mark.slow
def test_samples_of_a_tiny_model_are_scored(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = write_problems([SCALE, RANK], tmp_path)
    save_tiny_model(tmp_path / "model", [solution_of(SCALE), solution_of(RANK)], "Qwen2")
    command = [sys.executable, "-m", "benchmarks.evalplus.generate", str(tmp_path / "model"), "--data", str(path)]
    command += ["--out", str(tmp_path / "out"), "--max-new-tokens", "20", "--dtype", "float32"]
    process = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HOME": str(tmp_path / "hf")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    problems = read_problems(path)
    samples = read_samples(Path(process.stdout.splitlines()[-1]), problems)
    assert [sample.task_id for sample in samples] == ["Mine/0", "Mine/1"]
    results = evaluate(samples, problems, min_seconds=SHORT_SECONDS, seconds=60)
    assert pass_rates(results.samples).plus == 0
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "--resume" in again.stderr
