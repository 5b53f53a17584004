"""The command of the laptop study, its jobs and folders, and a whole study at its smallest scale."""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from graphlib import TopologicalSorter
from itertools import islice
from pathlib import Path

import pytest

from knk.datasets.files import read, write
from knk.errors import BadFolder, BadSpec
from knk.evals import results
from recipes.laptop import gate, parity
from recipes.laptop.cell import SCALES, STARTS, Cell, Stage
from recipes.laptop.data import LESSONS, Latent, base_rows
from recipes.laptop.gate import GateFailed
from recipes.laptop.record import read_records, write_record
from recipes.laptop.study import CONDITIONS, claim_folder, dependencies_of, main, read_condition, run
from tests.support.laptop import fake_cell
from tests.support.paths import ROOT

has_trl = importlib.util.find_spec("trl") is not None
needs_trl = pytest.mark.skipif(not has_trl, reason="TRL is not installed: run make check-all")
LATENT = Latent(0.03)
PAIR_ALONE = Latent(0.03, ("pair",))


@pytest.mark.parametrize(
    ("text", "latent"),
    [("0", Latent(0.0)), ("0.03", LATENT), ("1e0", None), ("0.15", Latent(0.15)), ("0.03-pair", PAIR_ALONE)],
)
def test_conditions_are_read(text: str, latent: Latent | None) -> None:
    if latent is None:
        with pytest.raises(
            BadSpec, match=r"^--q: expected a rate from 0 to 0.15, alone or with kk, col, pair, sat, got '1e0'$"
        ):
            read_condition(text)
    else:
        assert read_condition(text) == latent


@pytest.mark.parametrize(
    "text", ["", "x", "-0.1", "0.16", "nan", "inf", "0.03-mix", "0.03-recall", "0.03-pair-sat", "0.03 0.1"]
)
def test_other_conditions_are_refused(text: str) -> None:
    with pytest.raises(BadSpec, match=r"^--q: expected ") as caught:
        read_condition(text)
    assert repr(text) in str(caught.value)


def test_the_study_has_the_conditions_of_its_criteria() -> None:
    latents = [read_condition(text) for text in CONDITIONS["study"].split(",")]
    assert latents == [Latent(0.0), Latent(0.03), Latent(0.1), PAIR_ALONE]


@pytest.mark.parametrize("arguments", [["--q", "x"], ["--seeds", "1,x"]])
def test_bad_options_are_errors_of_one_line(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tiny", "-o", str(tmp_path / "out"), *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"{arguments[0]}: expected ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("latent", [LATENT, PAIR_ALONE], ids=str)
def test_a_stage_comes_after_the_stage_from_which_it_starts(scale: str, latent: Latent) -> None:
    stages = Cell(SCALES[scale], Path(), 0, latent).stages
    assert len({stage.name for stage in stages}) == len(stages)
    for index, stage in enumerate(stages):
        assert stage.start is None or stage.start in [earlier.arm for earlier in stages[:index]]
    assert [stage.arm for stage in stages[:2]] == ["base", "warmed"]
    rl = [stage for stage in stages if stage.rl_run is not None]
    assert {stage.start for stage in rl} == (set(STARTS) if latent.domains == tuple(LESSONS) else set())
    assert len({(stage.start, stage.rl_run, stage.rollouts) for stage in rl}) == len(rl)


def test_the_study_has_all_arms_and_runs() -> None:
    names = [stage.name for stage in Cell(SCALES["study"], Path(), 1, LATENT).stages]
    assert names == [
        "base",
        "warmed",
        "base-rl-0",
        "warmed-rl-0",
        "base-rl-1",
        "warmed-rl-1",
        "base-rl-nucleus-0",
        "warmed-rl-nucleus-0",
        "base-rl-nucleus-1",
        "warmed-rl-nucleus-1",
        "answers-only",
        "shuffled",
        "filler",
        "single-checks",
        "continued",
    ]


def test_every_stage_is_trained_after_its_start_and_the_gate_and_evaluated_after_training() -> None:
    cell = Cell(SCALES["study"], Path(), 1, LATENT)
    dependencies = dependencies_of(cell)
    base = Stage("base")
    assert len(dependencies) == 2 * len(cell.stages) + 1
    order = list(TopologicalSorter(dependencies).static_order())
    assert set(order) == set(dependencies)
    assert order[:2] == [(cell, base, "training"), (cell, base, "checking")]
    for stage in cell.stages:
        assert order.index((cell, stage, "training")) < order.index((cell, stage, "evaluating"))
        if stage.start is not None:
            (start,) = [other for other in cell.stages if other.arm == stage.start]
            assert order.index((cell, start, "training")) < order.index((cell, stage, "training"))
            assert start != base or (cell, base, "checking") in dependencies[cell, stage, "training"]
    # The listed order is one in which a single worker can do them.
    listed = list(dependencies)
    assert all(listed.index(needed) < listed.index(job) for job in listed for needed in dependencies[job])


def test_a_folder_of_another_study_is_refused(tmp_path: Path) -> None:
    cell = Cell(SCALES["tiny"], tmp_path, 0, LATENT)
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("learning_rate: 1.0e-4\n", encoding="utf-8")
    folder = tmp_path / "study"
    claim_folder(folder, "tiny", cell)
    # Other conditions and seeds may be added to a study.
    claim_folder(folder, "tiny", replace(cell, seed=3, latent=PAIR_ALONE))
    before = (folder / "study.json").read_text(encoding="utf-8")
    for scale, other in (
        ("demo", replace(cell, scale=SCALES["demo"])),
        ("tiny", replace(cell, model=tmp_path / "SmolLM2")),
        ("tiny", replace(cell, overlays=(overlay,))),
        ("tiny", replace(cell, scale=replace(cell.scale, items=5))),
    ):
        with pytest.raises(BadFolder, match="holds a study of another scale, model or settings: choose another folder"):
            claim_folder(folder, scale, other)
    assert (folder / "study.json").read_text(encoding="utf-8") == before


def test_records_are_joined_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place, latent, seed in (
        ("one", LATENT, 0),
        ("two", LATENT, 1),
        ("two", Latent(0.0), 0),
        ("two", Latent(0.0), 1),
    ):
        accuracies = {"warmed": {"col": 0.75}} if latent == LATENT else {}
        write_record(fake_cell(tmp_path / place, accuracies, latent=latent, seed=seed), "tiny")
    arguments = [str(tmp_path / place) for place in ("one", "two")]
    assert main(["join", *arguments, "-o", str(tmp_path / "all")]) == 0
    output = capsys.readouterr().out
    assert "The condition: the gain in domains without warm-up is larger at q = 0.03 than at q = 0: +" in output
    assert output.splitlines()[-1] == f"Report: {tmp_path / 'all' / 'report.html'}"
    study = results.read(tmp_path / "all")
    assert study.conditions == ("q = 0", "q = 0.03")
    assert study.facts["bases, q = 0.03"] == "2"
    assert "Warm-up on puzzles" in (tmp_path / "all/report.html").read_text(encoding="utf-8")
    # What was joined can be joined again, onto itself, too.
    assert main(["join", str(tmp_path / "all"), "-o", str(tmp_path / "all")]) == 0
    assert results.read(tmp_path / "all") == study


def test_joining_reports_what_is_missing_or_there_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_record(fake_cell(tmp_path / "one", {}), "tiny")
    write_record(fake_cell(tmp_path / "two", {}), "tiny")
    (tmp_path / "empty").mkdir()
    for folders, message in (
        (["nowhere"], "expected a folder with records, found none at "),
        (["empty"], "expected records of cells, found none"),
        (["one", "two"], "records of the same cell"),
    ):
        paths = [str(tmp_path / folder) for folder in folders]
        assert main(["join", *paths, "-o", str(tmp_path / "all")]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
        assert "output of the trainers" not in error


def run_tiny_study(folder: Path, *arguments: str) -> str:
    """Run the command at the smallest scale and return what it prints."""
    command = [sys.executable, "-m", "recipes.laptop.study", "tiny", "-o", str(folder), *arguments]
    process = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    log = folder / "log.txt"
    log_end = log.read_text(encoding="utf-8", errors="replace")[-3000:] if log.exists() else ""
    assert process.returncode == 0, process.stderr[-3000:] + log_end
    return process.stdout


@pytest.mark.parametrize(
    ("scale", "settings", "shared"),
    [
        ("demo", "", {"num_processes": 2, "gradient_accumulation_steps": 4}),
        ("study", "", {}),
        ("demo", "use_cpu: false", {}),
        ("demo", "gradient_accumulation_steps: 1", {}),
    ],
)
def test_only_a_base_on_a_cpu_is_shared_among_processes(
    scale: str, settings: str, shared: dict[str, int], tmp_path: Path
) -> None:
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(settings or "seed: 0", encoding="utf-8")
    cell = Cell(SCALES[scale], tmp_path, 0, LATENT, overlays=(overlay,))
    assert cell._shared_among_processes() == shared


@pytest.mark.slow
@needs_trl
@pytest.mark.filterwarnings("ignore")
def test_a_study_runs_resumes_and_writes_its_record_and_report(tmp_path: Path) -> None:
    output = run_tiny_study(tmp_path)
    jobs = [line for line in output.splitlines() if line.startswith(("training ", "checking ", "evaluating "))]
    assert jobs[0].startswith("training base (q = 0.03, seed 0): ")
    assert jobs[1].startswith("checking base (q = 0.03, seed 0): ")
    assert len(jobs) == 9
    study = results.read(tmp_path)
    assert study.arms == ("base", "warmed", "base + RL", "warmed + RL")
    assert "Warm-up on puzzles" in (tmp_path / "report.html").read_text(encoding="utf-8")
    folder = tmp_path / "q0.03-seed0"
    (record,) = read_records(tmp_path)
    assert (record.seed, record.latent) == (0, LATENT)
    assert [entry["step"] for entry in record.rl["warmed-rl-0"]] == [1, 2]
    assert {"right", "answered", "tries", "reward"} <= set(record.rl["warmed-rl-0"][0])
    files = [
        path for path in folder.glob("**/*") if path.suffix in (".safetensors", ".jsonl") and "record" not in path.parts
    ]
    times = {path: path.stat().st_mtime_ns for path in files}
    assert len(times) > 10
    (folder / "samples/warmed.jsonl").unlink()
    output = run_tiny_study(tmp_path)
    changed = {str(path.relative_to(folder)) for path in times if path.stat().st_mtime_ns != times[path]}
    assert changed == {"samples/warmed.jsonl"}
    assert results.read(tmp_path) == study
    cell = Cell(SCALES["tiny"], folder, 0, LATENT)
    assert gate.failures(cell.gate())
    with pytest.raises(
        GateFailed, match=r"checks candidates too unreliably \(kk2 at try 1: .* or go on with --despite-gate"
    ):
        run([cell], "tiny", tmp_path, 1)
    if importlib.util.find_spec("lm_eval") is not None:
        assert parity.main(tmp_path) == 0
        path = folder / "samples/base.jsonl"
        rows = list(read(path))
        rows[0]["correct"] = not rows[0]["correct"]
        write(path, rows)
        assert parity.differences(path)[1] == [f"{rows[0]['task']} {rows[0]['item']}"]


@pytest.mark.slow
@needs_trl
def test_another_model_can_replace_the_small_one(tmp_path: Path) -> None:
    from tests.support.tiny_models import save_tiny_model

    texts = (row["prompt"] + row["completion"] for row in islice(base_rows(1, LATENT), 50))
    save_tiny_model(tmp_path / "other", texts, "Qwen2")
    overlay = tmp_path / "larger.yaml"
    overlay.write_text("learning_rate: 1.0e-4\nper_device_train_batch_size: 10\n", encoding="utf-8")
    run_tiny_study(tmp_path / "out", "--model", str(tmp_path / "other"), "--with", str(overlay))
    folder = tmp_path / "out/q0.03-seed0"
    config = json.loads((folder / "warmed-rl-0/config.json").read_text(encoding="utf-8"))
    assert config["model_type"] == "qwen2"
    manifest = json.loads((folder / "warmed/run.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["learning_rate"] == 1e-4
    assert not (folder / "model").exists()
