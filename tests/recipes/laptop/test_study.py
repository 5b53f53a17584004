"""The stages of the laptop recipe, and a whole study at its smallest scale."""

import importlib.util
import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

import knk
from knk.datasets.files import read, write
from knk.errors import BadFolder
from knk.evals import results
from recipes.laptop import parity
from recipes.laptop.data import base_rows
from recipes.laptop.evaluate import TASKS, items
from recipes.laptop.lineage import SCALES, STARTS, Lineage, stages
from recipes.laptop.study import claim_folder
from tests.support.paths import ROOT

has_trl = importlib.util.find_spec("trl") is not None


def test_a_stage_comes_after_the_stage_from_which_it_starts() -> None:
    for scale in SCALES.values():
        names = [stage.name for stage in stages(scale)]
        assert len(set(names)) == len(names)
        for index, stage in enumerate(stages(scale)):
            assert stage.start is None or stage.start in names[:index]
    assert {stage.start for stage in stages(SCALES["study"]) if stage.rl_run is not None} == set(STARTS)


def test_items_are_held_out_and_do_not_depend_on_their_number() -> None:
    for task in TASKS:
        assert items(task, 6)[:4] == items(task, 4)
        assert all(problem.is_held_out for problem in items(task, 4))
    assert {len(knk.decode(problem.data).names) for problem in items("kk4", 3)} == {4}


def test_every_task_has_an_lm_eval_file() -> None:
    assert {path.stem for path in parity.TASK_FILES.glob("*.yaml")} == {f"laptop_{task}" for task in TASKS}


def test_a_folder_of_another_study_is_refused(tmp_path: Path) -> None:
    demo, tiny = (Lineage(SCALES[name], tmp_path / "seed-0", 0) for name in ("demo", "tiny"))
    claim_folder(tmp_path, tiny)
    claim_folder(tmp_path, tiny)
    with pytest.raises(BadFolder, match="another scale"):
        claim_folder(tmp_path, demo)


def run_tiny_study(folder: Path, *arguments: str) -> str:
    """Run the command at the smallest scale and return what it prints."""
    command = [sys.executable, "-m", "recipes.laptop.study", "tiny", "-o", str(folder), *arguments]
    process = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    log = folder / "log.txt"
    log_end = log.read_text(encoding="utf-8", errors="replace")[-3000:] if log.exists() else ""
    assert process.returncode == 0, process.stderr[-3000:] + log_end
    return process.stdout


@pytest.mark.slow
@pytest.mark.skipif(not has_trl, reason="TRL is not installed: run make check-all")
def test_a_study_runs_resumes_and_writes_its_report(tmp_path: Path) -> None:
    output = run_tiny_study(tmp_path)
    jobs = [line for line in output.splitlines() if line.startswith(("training ", "evaluating "))]
    assert jobs[0].startswith("training base (seed 0): ")
    assert len(jobs) == 8
    study = results.read(tmp_path)
    assert study.arms == ("base", "warmed", "base + RL", "warmed + RL")
    assert "Sampled completions" in (tmp_path / "report.html").read_text(encoding="utf-8")
    files = [path for path in tmp_path.glob("seed-0/**/*") if path.suffix in (".safetensors", ".jsonl")]
    times = {path: path.stat().st_mtime for path in files}
    assert len(times) > 10
    run_tiny_study(tmp_path)
    assert {path: path.stat().st_mtime for path in times} == times
    assert results.read(tmp_path) == study
    if importlib.util.find_spec("lm_eval") is not None:
        assert parity.main(tmp_path) == 0
        for path in tmp_path.glob("seed-*/samples/base.jsonl"):
            rows = list(read(path))
            rows[0]["correct"] = not rows[0]["correct"]
            write(path, rows)
            assert parity.differences(path)[1] == [f"{rows[0]['task']} {rows[0]['item']}"]


@pytest.mark.slow
@pytest.mark.skipif(not has_trl, reason="TRL is not installed: run make check-all")
def test_another_model_can_replace_the_small_one(tmp_path: Path) -> None:
    from tests.support.tiny_models import save_tiny_model

    save_tiny_model(
        tmp_path / "other", (row["prompt"] + row["completion"] for row in islice(base_rows(1), 50)), "Qwen2"
    )
    overlay = tmp_path / "larger.yaml"
    overlay.write_text("learning_rate: 1.0e-4\nper_device_train_batch_size: 10\n", encoding="utf-8")
    run_tiny_study(tmp_path / "out", "--model", str(tmp_path / "other"), "--with", str(overlay))
    config = json.loads((tmp_path / "out/seed-0/warmed-rl-0/config.json").read_text(encoding="utf-8"))
    assert config["model_type"] == "qwen2"
    manifest = json.loads((tmp_path / "out/seed-0/warmed/run.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["learning_rate"] == 1e-4
    assert not (tmp_path / "out/seed-0/model").exists()
