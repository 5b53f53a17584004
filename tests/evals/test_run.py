"""Benchmark runs: asked, scored, resumed, and refused a folder that holds something else."""

from collections import Counter
from pathlib import Path

import pytest

from knk.datasets.files import read as read_rows
from knk.errors import BadFolder, BadSpec, ModelFailed
from knk.evals.items import benchmark, items
from knk.evals.records import read_run, summaries
from knk.evals.run import PAPER_SAMPLING, BenchmarkObserver, BenchmarkPlan, run_benchmarks
from knk.inference.engine import Notify, Requests, Sink
from knk.inference.sampling import Sampling
from tests.support.benchmarks import TWO_SAMPLES, Oracle

THREE_ITEMS = BenchmarkPlan(("knk",), TWO_SAMPLES, limit=3)
THREE_GRADED = BenchmarkPlan(("knk_grades",), TWO_SAMPLES, limit=3)


def test_a_run_stores_every_completion_with_its_verdict(runs: tuple[Path, Path]) -> None:
    for folder in runs:
        run = read_run(folder)
        assert set(run.completions) == {"knk", "knk_perturbed"}
        texts = {(row["id"], row["sample"]): row["completion"] for row in read_rows(folder / "knk" / "answers.jsonl")}
        rows = {row["id"]: row for row in items("knk")}
        assert len(texts) == len(run.completions["knk"]) == 140
        for completion in run.completions["knk"]:
            verdict = benchmark("knk").task.verify(texts[completion.item, completion.sample], rows[completion.item])
            assert (completion.correct, completion.reason) == (verdict.correct, verdict.reason)
        assert run.parameters["temperature"] == 0.7
        records = (folder / "bench.json").read_text() + (folder / "knk" / "inference.json").read_text()
        assert str(folder.parent) not in records


def test_a_killed_run_resumes_and_ends_with_the_same_files(tmp_path: Path) -> None:
    plan = BenchmarkPlan(("knk",), TWO_SAMPLES, limit=30)
    run_benchmarks(tmp_path / "whole", Oracle(0.5), plan, lm_eval=False)
    run_benchmarks(tmp_path / "cut", Oracle(0.5), plan, lm_eval=False)
    answers = tmp_path / "cut" / "knk" / "answers.jsonl"
    lines = answers.read_bytes().splitlines(keepends=True)
    answers.write_bytes(b"".join(lines[:25]) + lines[25][:40])
    (tmp_path / "cut" / "knk" / "verdicts.jsonl").unlink()
    run_benchmarks(tmp_path / "cut", Oracle(0.5), plan, lm_eval=False)
    for name in ("bench.json", "results.json", "knk/verdicts.jsonl"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize(
    ("engine", "plan", "message"),
    [
        (Oracle(0.9), THREE_ITEMS, "another share"),
        (Oracle(1.0), BenchmarkPlan(("knk",), TWO_SAMPLES, limit=4), "another items"),
        (Oracle(0.9), THREE_GRADED, "another share"),
        (Oracle(1.0), BenchmarkPlan(("knk_grades",), PAPER_SAMPLING, limit=3), "another n"),
    ],
)
def test_a_folder_refuses_another_model_other_items_and_other_sampling(
    engine: Oracle, plan: BenchmarkPlan, message: str, tmp_path: Path
) -> None:
    run_benchmarks(tmp_path, Oracle(1.0), THREE_ITEMS, lm_eval=False)
    with pytest.raises(BadFolder, match=message):
        run_benchmarks(tmp_path, engine, plan, lm_eval=False)


def test_a_folder_takes_further_benchmarks_of_the_same_model(tmp_path: Path) -> None:
    run_benchmarks(tmp_path, Oracle(1.0), THREE_ITEMS, lm_eval=False)
    run_benchmarks(tmp_path, Oracle(1.0), THREE_GRADED, lm_eval=False)
    assert set(read_run(tmp_path).completions) == {"knk", "knk_grades"}


def test_a_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("dear")
    with pytest.raises(BadFolder, match="not empty"):
        run_benchmarks(tmp_path, Oracle(), THREE_ITEMS, lm_eval=False)


def test_results_do_not_contain_a_models_path(tmp_path: Path) -> None:
    run = run_benchmarks(tmp_path, Oracle(model="/home/me/models/warmed"), THREE_ITEMS, lm_eval=False)
    assert (run.arm, run.model) == ("warmed", "warmed")
    assert "/home" not in (tmp_path / "bench.json").read_text() + (tmp_path / "results.json").read_text()


def test_a_folder_without_completions_is_free(tmp_path: Path) -> None:
    class Mistyped(Oracle):
        def run(self, requests: Requests, sampling: Sampling, sink: Sink, notify: Notify) -> None:  # noqa: ARG002 - it never asks
            raise ModelFailed("there is no folder 'nosuch'")

    with pytest.raises(ModelFailed):
        run_benchmarks(tmp_path, Mistyped(model="nosuch"), THREE_ITEMS, lm_eval=False)
    run = run_benchmarks(tmp_path, Oracle(), THREE_ITEMS, lm_eval=False)
    assert (run.model, len(run.completions["knk"])) == ("oracle", 6)
    with pytest.raises(BadFolder, match="another model"):
        run_benchmarks(tmp_path, Mistyped(model="nosuch"), THREE_ITEMS, lm_eval=False)


def test_failed_requests_are_not_counted_and_are_asked_again(tmp_path: Path) -> None:
    rows = items("knk", limit=6)
    plan = BenchmarkPlan(("knk",), TWO_SAMPLES, limit=6)
    run = run_benchmarks(tmp_path / "run", Oracle(1.0, frozenset({rows[0]["id"]})), plan, lm_eval=False)
    assert len(run.completions["knk"]) == 10
    assert summaries([run])[0].accuracy.n == 5
    assert len(run_benchmarks(tmp_path / "run", Oracle(1.0), plan, lm_eval=False).completions["knk"]) == 12
    with pytest.raises(ModelFailed, match="no completions for knk"):
        run_benchmarks(tmp_path / "none", Oracle(1.0, frozenset(row["id"] for row in rows)), plan, lm_eval=False)


def test_an_observer_sees_every_phase(tmp_path: Path) -> None:
    class Counting(BenchmarkObserver):
        def __init__(self) -> None:
            self.counts: Counter[str] = Counter()

        def phase_started(self, name: str, phase: str, total: int) -> None:  # noqa: ARG002 - counted together
            self.counts[phase] += total

        def done(self, answers: int, tokens: int) -> None:  # noqa: ARG002 - completions are counted
            self.counts["done"] += answers

        def scored(self, completions: int) -> None:
            self.counts["scored"] += completions

    observer = Counting()
    plan = BenchmarkPlan(("knk", "knk_grades"), TWO_SAMPLES, limit=5)
    run_benchmarks(tmp_path, Oracle(), plan, lm_eval=False, observer=observer)
    assert observer.counts == {"generating": 20, "done": 20, "scoring": 20, "scored": 20}


def test_an_empty_plan_or_missing_evalplus_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSpec, match="no benchmark to run"):
        run_benchmarks(tmp_path, Oracle(), BenchmarkPlan(()), lm_eval=False)
    with pytest.raises(BadSpec, match="needs the file of its release"):
        run_benchmarks(tmp_path, Oracle(), BenchmarkPlan(("knk",)), lm_eval=False, evalplus=True)
    assert not list(tmp_path.iterdir())
