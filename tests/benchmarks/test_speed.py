"""The speed benchmark: each measurement for next to no time, and the documents held against the results that are kept.

Nothing here looks at how long anything takes.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.speed import limits, ours, page, results, run, theirs
from benchmarks.speed.results import Machine, Results
from benchmarks.speed.timing import Done, Job, Measure, batches, measured
from benchmarks.speed.works import GYM, KNK, LIMIT, SAT, WORKS, At
from knk.logic.solver import solutions

README = run.KEPT.with_name("README.md")
NAMES = [work.name for work in WORKS]
SIDES = [(work.name, side) for work in WORKS for side in work.sides if not work.clock]
SIZED = ("arrays", "kept", "rows")
NEEDS_GYM = pytest.mark.skipif(find_spec("reasoning_gym") is None, reason="reasoning-gym is missing")


@pytest.fixture(scope="module")
def kept() -> Results:
    """The results that the documents tell of."""
    return results.read(run.KEPT)


# How time is taken.


def jobs(sizes: list[int]) -> Iterator[Job]:
    for size in sizes:
        yield lambda size=size: Done(size, 10 * size, size)  # type: ignore[misc]


def clock(monkeypatch: pytest.MonkeyPatch, ticks: list[float]) -> None:
    left = iter(ticks)
    monkeypatch.setattr("time.process_time", lambda: next(left))


def test_what_warms_up_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch, [0, 2, 10, 11, 20, 24])
    # 100 in two seconds, 6 in one, 8 in four: the first warms up for the two seconds that are asked for.
    assert measured(jobs([100, 6, 8]), 2) == Measure(14 / 5, 50, 10, 100)


def test_two_jobs_are_done_at_least_and_the_first_of_them_warms_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch, [0, 100, 100, 101])
    assert measured(jobs([1, 5, 5]), 0.1).rate == 5


def test_a_job_alone_is_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch, [0, 2])
    assert measured(jobs([6]), 0) == Measure(3, 3, 10, 6)


def test_a_batch_does_every_item_once() -> None:
    met: list[int] = []
    assert [job() for job in batches(range(5), 2, met.append)] == [Done(2), Done(2), Done(1)]
    assert met == [0, 1, 2, 3, 4]


# What is measured.


@pytest.mark.parametrize(("work", "side"), SIDES, ids=lambda one: one.replace(" ", "-"))
def test_each_side_of_each_work_is_measured(work: str, side: str, tmp_path: Path) -> None:
    if side == GYM and find_spec("reasoning_gym") is None:
        pytest.skip("reasoning-gym is missing")
    found = run.one_measure(work, side, At(1, 1000, tmp_path), 0)
    assert found.rate > 0
    assert found.first > 0
    assert (found.size > 0) == (side == LIMIT or (side == KNK and work.startswith(SIZED)))


@pytest.mark.parametrize("work", ["corpus", "command"])
def test_pyarrow_alone_writes_the_very_same_files(work: str, tmp_path: Path) -> None:
    at = At(1, 1000, tmp_path)
    ours_, alone = (run.one_measure(work, side, at, 0) for side in (KNK, LIMIT))
    assert ours_.size == alone.size > 0


def test_other_bytes_are_no_limit(tmp_path: Path) -> None:
    run.one_measure("command", KNK, At(1, 100, tmp_path), 0)
    writing = limits.command_written(tmp_path)
    next(writing)()
    (tmp_path / "again" / "0.parquet").write_bytes(b"something else")
    with pytest.raises(SystemExit, match=r"pyarrow alone wrote other bytes than those of command\.parquet"):
        next(writing)


@NEEDS_GYM
def test_both_are_given_the_same_puzzles() -> None:
    from reasoning_gym.logic.knights_knaves import KnightsKnavesDataset

    for _, puzzle in zip(range(50), ours.puzzles(4, 1), strict=False):
        assert KnightsKnavesDataset.find_solution(theirs.statements(puzzle)) == list(solutions(puzzle))


@NEEDS_GYM
def test_their_scorer_pays_for_an_answer_that_is_denied() -> None:
    import reasoning_gym

    data = reasoning_gym.create_dataset("knights_knaves", seed=1, size=1)
    row = {"answer": "(1) Ann is a knight\n(2) Bob is a knave"}
    assert data.score_answer("It is not true that Ann is a knight and Bob is a knave.", row) == 1


# The command.


def test_a_run_from_end_to_end(tmp_path: Path) -> None:
    paths = [tmp_path / "results.json", tmp_path / "ratios.svg"]
    options = ["--only", "kept 5", "--seconds", "0", "--rounds", "2", "-o", str(paths[0]), "--figure", str(paths[1])]
    command = [sys.executable, "-m", "benchmarks.speed", *options]
    done = subprocess.run(command, cwd=run.ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found = results.read(paths[0])
    assert list(found.works) == ["kept 5"]
    assert {len(rounds) for rounds in found.works["kept 5"].values()} == {2}
    assert done.stdout.splitlines()[0] == str(found.machine)
    assert done.stdout.splitlines()[1].startswith("kept 5  ")
    assert ET.parse(paths[1]).getroot().tag.endswith("svg")


def test_what_is_not_there_is_left_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("benchmarks.speed.works.find_spec", lambda _: None)
    monkeypatch.setattr(run, "in_own_process", lambda *_: Measure(2, 1, 3))
    run.main(["--only", "verify", "--json"])
    told = capsys.readouterr()
    assert "verify groups: reasoning-gym is left out, for reasoning_gym is not installed" in told.err
    assert "verify math: knk is left out, for math_verify is not installed" in told.err
    assert "verify mmlu: knk is left out, for --data is not given" in told.err
    machine, *works = map(json.loads, told.out.splitlines())
    assert machine["machine"]["cores"] > 0
    assert [work["work"] for work in works] == ["verify groups", "verify alone"]
    assert all(list(work["rounds"]) == [KNK] and not work["ratios"] for work in works)


def test_sides_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def noted(_work: str, side: str, seed: int, *_: object) -> Measure:
        asked.append((side, seed))
        return Measure(1, 1, 1)

    monkeypatch.setattr(run, "in_own_process", noted)
    run.main(["--only", "crossing 16", "--rounds", "2"])
    assert asked == [(KNK, 1), (SAT, 1), (KNK, 2), (SAT, 2)]


def test_nothing_is_measured_whose_results_have_no_place(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.main(["--only", "key 5", "-o", "no/such/folder/results.json"])
    assert "there is no folder no/such/folder" in capsys.readouterr().err


def test_a_measurement_that_fails_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "__file__", "/no/such/file.py")
    with pytest.raises(SystemExit, match="key 5 by knk could not be measured"):
        run.main(["--only", "key 5"])


# What came out.


def some() -> Results:
    """Results that are easy to work out: the library is twice, four and six times as fast."""
    measures = {KNK: [Measure(rate, 1, 10) for rate in (200, 400, 600)]}
    measures |= {GYM: [Measure(100, 1)] * 3, LIMIT: [Measure(10_000, 1, 1)] * 3}
    works = {"arrays 5": measures, "verify math": {KNK: measures[KNK]}}
    works["crossing 16"] = {KNK: measures[KNK], SAT: measures[GYM]}
    works["command"] = {KNK: measures[KNK], LIMIT: measures[LIMIT]}
    return Results(Machine("A processor", 2, "Linux", "3.11", {"knk": "1"}, 0.5), 1, 3, 1000, 90, works)


def test_ratios_are_taken_round_by_round() -> None:
    sides = some().works["arrays 5"]
    assert results.ratio(sides, GYM) == (4, 2, 6)
    assert results.ratio(sides, LIMIT) == (0.4, 0.2, 0.6)
    assert results.ratio(sides, SAT) is None


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    results.write(tmp_path / "results.json", some())
    assert results.read(tmp_path / "results.json") == some()


def test_tables_are_filled_between_their_marks() -> None:
    names = ("machine", "works", "files", "published", "crossing")
    before = "Before\n" + "\n".join(f"<!-- {name} -->\nWhat was here before.\n<!-- end -->" for name in names)
    told = page.filled(before, some())
    assert "What was here before" not in told
    assert "A processor, 2 cores, Linux, Python 3.11; knk 1; load average before 0.50. Each measurement 1 s" in told
    assert "| arrays, 5 people | 3 million/s | 400/s | 100/s | 4 [2, 6] | 40 % [20, 60] |" in told
    assert "| MATH completions | 333/s | 1/s | 400/s |" in told
    assert "| 16 people | 2,500 | 10,000 | 4 [2, 6] |" in told
    assert "| `knk generate` to a file, 5 people | 1,000 | 2.5 | 0.004 MB/s | 0.01 MB/s |  |" in told
    assert page.filled(told, some()) == told


def test_the_figure_is_a_picture_of_its_own() -> None:
    drawn = page.figure(some())
    assert ET.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"
    assert "prefers-color-scheme: dark" in drawn
    assert [drawn.count(told) for told in ("arrays, 5 people", "4 times", "40 %")] == [2, 1, 2]


# What is kept.


def test_the_documents_hold_what_the_results_say(kept: Results) -> None:
    text = run.PAGE.read_text(encoding="utf-8")
    assert text == page.filled(text, kept)
    assert text.count("<!-- end -->") == 5
    assert run.FIGURE.read_text(encoding="utf-8") == page.figure(kept)
    assert text.index("![") < text.index("<!-- machine -->")


def test_every_work_is_in_the_results(kept: Results) -> None:
    assert list(kept.works) == NAMES
    for work in WORKS:
        assert list(kept.works[work.name]) == list(work.sides)
        assert {len(rounds) for rounds in kept.works[work.name].values()} == {kept.rounds}


def test_the_readme_says_how_large_a_puzzle_is(kept: Results) -> None:
    assert f"{kept.works['arrays 5'][KNK][0].size:.0f} for a puzzle of five people" in README.read_text(
        encoding="utf-8"
    )


def test_no_path_of_a_machine_is_published() -> None:
    for path in (run.KEPT, run.FIGURE):
        text = path.read_text(encoding="utf-8")
        assert not [folder for folder in ("/home/", "/root/", "/work/", "/tmp/", "/Users/") if folder in text]
