"""The speed benchmark: each workload runs, and the documents show the committed results.

No test depends on how long anything takes.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.speed import inputs, limits, page, reasoning_gym_jobs, results, run
from benchmarks.speed.chart import chart
from benchmarks.speed.results import Machine, Results
from benchmarks.speed.timing import Job, JobResult, Measurement, batch_jobs, measure
from benchmarks.speed.workloads import GYM, KNK, LIMIT, SAT, WORKLOADS, Setup
from knk.logic.solver import solutions

README = run.COMMITTED.with_name("README.md")
SIDES = [(workload.name, side) for workload in WORKLOADS for side in workload.sides if not workload.use_wall_time]
PRODUCE_BYTES = ("arrays", "repeats", "rows")
NEEDS_GYM = pytest.mark.skipif(find_spec("reasoning_gym") is None, reason="reasoning-gym is missing")


@pytest.fixture(scope="module")
def committed() -> Results:
    """The results that the documents show."""
    return results.read(run.COMMITTED)


# Timing.


def jobs(sizes: list[int]) -> Iterator[Job]:
    for size in sizes:
        yield lambda size=size: JobResult(size, 10 * size, size)  # type: ignore[misc]


def set_cpu_times(monkeypatch: pytest.MonkeyPatch, times: list[float]) -> None:
    remaining = iter(times)
    monkeypatch.setattr("time.process_time", lambda: next(remaining))


def test_the_warm_up_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    set_cpu_times(monkeypatch, [0, 2, 10, 11, 20, 24])
    # 100 units in 2 s, 6 in 1 s, 8 in 4 s: the first job is the warm-up of 2 s.
    assert measure(jobs([100, 6, 8]), 2) == Measurement(14 / 5, 50, 10, 100)


def test_at_least_two_jobs_run_and_the_first_is_the_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    set_cpu_times(monkeypatch, [0, 100, 100, 101])
    assert measure(jobs([1, 5, 5]), 0.1).rate == 5


def test_a_measurement_counts_single_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    set_cpu_times(monkeypatch, [0, 2])
    assert measure(jobs([6]), 0) == Measurement(3, 3, 10, 6)


def test_batches_process_every_item_once() -> None:
    processed: list[int] = []
    sizes = [job().units for job in batch_jobs(range(5), 2, processed.append)]
    assert sizes == [2, 2, 1]
    assert processed == [0, 1, 2, 3, 4]


# Workloads.


@pytest.mark.parametrize(("workload", "side"), SIDES, ids=lambda name: name.replace(" ", "-"))
def test_each_side_of_each_workload_runs(workload: str, side: str, tmp_path: Path) -> None:
    if side == GYM and find_spec("reasoning_gym") is None:
        pytest.skip("reasoning-gym is missing")
    measurement = run.measure_here(workload, side, Setup(1, 1000, tmp_path), 0)
    assert measurement.rate > 0
    assert measurement.first_rate > 0
    produces_bytes = side == LIMIT or (side == KNK and workload.startswith(PRODUCE_BYTES))
    assert (measurement.bytes_per_unit > 0) == produces_bytes


@pytest.mark.parametrize("workload", ["corpus", "command"])
def test_pyarrow_alone_writes_the_same_files(workload: str, tmp_path: Path) -> None:
    setup = Setup(1, 1000, tmp_path)
    ours, alone = (run.measure_here(workload, side, setup, 0) for side in (KNK, LIMIT))
    assert ours.bytes_per_unit == alone.bytes_per_unit > 0


def test_a_file_that_differs_is_an_error(tmp_path: Path) -> None:
    run.measure_here("command", KNK, Setup(1, 100, tmp_path), 0)
    jobs = limits.write_command_file(tmp_path)
    next(jobs)()
    (tmp_path / limits.COPY_FOLDER / "0.parquet").write_bytes(b"something else")
    with pytest.raises(SystemExit, match=r"the file written by pyarrow alone differs from command\.parquet"):
        next(jobs)


@NEEDS_GYM
def test_reasoning_gym_finds_the_same_solutions() -> None:
    from reasoning_gym.logic.knights_knaves import KnightsKnavesDataset

    for _, puzzle in zip(range(50), inputs.puzzles(4, 1), strict=False):
        assert KnightsKnavesDataset.find_solution(reasoning_gym_jobs.statements(puzzle)) == list(solutions(puzzle))


@NEEDS_GYM
def test_reasoning_gym_scores_a_denied_answer_as_correct() -> None:
    import reasoning_gym

    dataset = reasoning_gym.create_dataset("knights_knaves", seed=1, size=1)
    row = {"answer": "(1) Ann is a knight\n(2) Bob is a knave"}
    assert dataset.score_answer("It is not true that Ann is a knight and Bob is a knave.", row) == 1


# The command.


def test_a_run_works_from_end_to_end(tmp_path: Path) -> None:
    paths = [tmp_path / "results.json", tmp_path / "ratios.svg"]
    options = ["--only", "repeats 5", "--seconds", "0", "--rounds", "2", "-o", str(paths[0]), "--figure", str(paths[1])]
    command = [sys.executable, "-m", "benchmarks.speed", *options]
    process = subprocess.run(command, cwd=run.ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert process.returncode == 0, process.stderr
    measured = results.read(paths[0])
    assert list(measured.workloads) == ["repeats 5"]
    assert {len(rounds) for rounds in measured.workloads["repeats 5"].values()} == {2}
    assert process.stdout.splitlines()[0] == str(measured.machine)
    assert process.stdout.splitlines()[1].startswith("repeats 5  ")
    assert ET.parse(paths[1]).getroot().tag.endswith("svg")


def test_missing_workloads_are_skipped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("benchmarks.speed.workloads.find_spec", lambda _: None)
    monkeypatch.setattr(run, "measure_in_new_process", lambda *_: Measurement(2, 1, 3))
    run.main(["--only", "verify", "--json"])
    output = capsys.readouterr()
    assert "verify groups: skipping reasoning-gym: reasoning_gym is not installed" in output.err
    assert "verify math: skipping knk: math_verify is not installed" in output.err
    assert "verify mmlu: skipping knk: --data is not given" in output.err
    machine, *workloads = map(json.loads, output.out.splitlines())
    assert machine["machine"]["cores"] > 0
    assert [workload["workload"] for workload in workloads] == ["verify groups", "verify alone"]
    assert all(list(workload["rounds"]) == [KNK] and not workload["ratios"] for workload in workloads)


def test_sides_alternate(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, int]] = []

    def record(_workload: str, side: str, seed: int, *_: object) -> Measurement:
        calls.append((side, seed))
        return Measurement(1, 1, 1)

    monkeypatch.setattr(run, "measure_in_new_process", record)
    run.main(["--only", "crossover 16", "--rounds", "2"])
    assert calls == [(KNK, 1), (SAT, 1), (KNK, 2), (SAT, 2)]


def test_a_missing_output_folder_is_an_error_before_anything_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.main(["--only", "key 5", "-o", "no/such/folder/results.json"])
    assert "no such folder: no/such/folder" in capsys.readouterr().err


def test_a_failed_measurement_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "__file__", "/no/such/file.py")
    with pytest.raises(SystemExit, match="key 5: measuring knk failed"):
        run.main(["--only", "key 5"])


# Results.


def simple_results() -> Results:
    """Results in which the library is two, four and six times as fast."""
    sides = {KNK: [Measurement(rate, 1, 10) for rate in (200, 400, 600)]}
    sides |= {GYM: [Measurement(100, 1)] * 3, LIMIT: [Measurement(10_000, 1, 1)] * 3}
    workloads = {"arrays 5": sides, "verify math": {KNK: sides[KNK]}}
    workloads["crossover 16"] = {KNK: sides[KNK], SAT: sides[GYM]}
    workloads["command"] = {KNK: sides[KNK], LIMIT: sides[LIMIT]}
    return Results(Machine("A CPU", 2, "Linux", "3.11", {"knk": "1"}, 0.5), 1, 3, 1000, 90, workloads)


def test_ratios_are_computed_by_round() -> None:
    sides = simple_results().workloads["arrays 5"]
    assert results.ratio(sides, GYM) == (4, 2, 6)
    assert results.ratio(sides, LIMIT) == (0.4, 0.2, 0.6)
    assert results.ratio(sides, SAT) is None


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    results.write(tmp_path / "results.json", simple_results())
    assert results.read(tmp_path / "results.json") == simple_results()


def test_tables_are_filled_in_between_markers() -> None:
    markers = ("machine", "workloads", "files", "published", "crossover")
    before = "Before\n" + "\n".join(f"<!-- {marker} -->\nOld text.\n<!-- end -->" for marker in markers)
    text = page.fill_page(before, simple_results())
    assert "Old text" not in text
    machine = "A CPU, 2 cores, Linux, Python 3.11; knk 1; load average before the run 0.50"
    assert f"{machine}. Each measurement took 1 s after" in text
    assert "| arrays, 5 people | 3 million/s | 400/s | 100/s | 4 [2, 6] | 40 % [20, 60] |" in text
    assert "| MATH | 333/s | 1/s | 400/s |" in text
    assert "| 16 people | 2,500 | 10,000 | 4 [2, 6] |" in text
    assert "| `knk generate` to a file, 5 people | 1,000 | 2.5 | 0.004 MB/s | 0.01 MB/s |  |" in text
    assert page.fill_page(text, simple_results()) == text


def test_the_chart_is_a_complete_svg_file() -> None:
    svg = chart(simple_results())
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert "prefers-color-scheme: dark" in svg
    assert [svg.count(text) for text in ("arrays, 5 people", "4 times", "40 %")] == [2, 1, 2]


# The committed results.


def test_the_documents_show_the_committed_results(committed: Results) -> None:
    text = run.PAGE.read_text(encoding="utf-8")
    assert text == page.fill_page(text, committed)
    assert text.count("<!-- end -->") == 5
    assert run.CHART.read_text(encoding="utf-8") == chart(committed)
    assert text.index("![") < text.index("<!-- machine -->")


def test_every_workload_is_in_the_committed_results(committed: Results) -> None:
    assert list(committed.workloads) == [workload.name for workload in WORKLOADS]
    for workload in WORKLOADS:
        sides = committed.workloads[workload.name]
        assert list(sides) == list(workload.sides)
        assert {len(rounds) for rounds in sides.values()} == {committed.rounds}


def test_the_readme_states_the_size_of_a_puzzle(committed: Results) -> None:
    size = committed.workloads["arrays 5"][KNK][0].bytes_per_unit
    assert f"{size:.0f} for a puzzle of five people" in README.read_text(encoding="utf-8")


def test_the_readme_names_every_workload() -> None:
    text = README.read_text(encoding="utf-8")
    kinds = {workload.name.split(" ")[0] for workload in WORKLOADS}
    assert not [kind for kind in kinds if f"`{kind}" not in text]


def test_the_results_contain_no_path_of_a_machine() -> None:
    for path in (run.COMMITTED, run.CHART):
        text = path.read_text(encoding="utf-8")
        assert not [folder for folder in ("/home/", "/root/", "/work/", "/tmp/", "/Users/") if folder in text]
