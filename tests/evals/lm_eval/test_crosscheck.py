"""lm-eval's scores of a run's completions: the same as the library's, and differences found."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from knk.datasets.files import read as read_rows
from knk.datasets.files import write
from knk.evals.lm_eval.crosscheck import crosscheck_lm_eval
from knk.evals.lm_eval.tasks import task_names
from knk.evals.metrics import summary
from knk.evals.records import summaries
from knk.evals.run import PAPER_SAMPLING, BenchmarkPlan, run_benchmarks
from tests.support.benchmarks import (
    PUBLISHED,
    TWO_SAMPLES,
    Oracle,
    RecordingObserver,
    needs_lm_eval,
    needs_published,
)
from tests.support.paths import ROOT

pytestmark = [pytest.mark.slow, needs_lm_eval]
AGREED = ["lm-eval scores the same completions"]


@pytest.mark.parametrize(("n", "share", "limit"), [(4, 0.5, None), (1, 0.3, 40)])
def test_lm_eval_gives_each_item_the_same_scores(n: int, share: float, limit: int | None, tmp_path: Path) -> None:
    plan = BenchmarkPlan(("knk", "knk_grades", "knk_perturbed"), replace(PAPER_SAMPLING, n=n), limit=limit)
    observer = RecordingObserver()
    run = run_benchmarks(tmp_path, Oracle(share), plan, observer=observer)
    assert observer.notices == AGREED
    (path,) = (tmp_path / "lm_eval" / "oracle").glob("results_*.json")
    results = json.loads(path.read_text())["results"]
    for name, completions in run.completions.items():
        if limit is None:
            accuracy = summary(name, [completions]).accuracy.mean
            assert results[name]["avg_at_k,samples"] == pytest.approx(accuracy)
    assert str(ROOT) not in path.read_text()
    samples = list((tmp_path / "lm_eval" / "oracle").glob("samples_*.jsonl"))
    items = sum(len(plan.items(name)) for name in run.completions)
    assert sum(1 for file in samples for _ in read_rows(file)) == items


def test_local_puzzles_of_any_size_are_scored_and_other_tasks_results_are_kept(tmp_path: Path) -> None:
    from knk.datasets.stream import write as write_corpus
    from knk.generation.spec import Spec

    write_corpus(tmp_path / "mine.jsonl", Spec(people=9), 6)
    plan = BenchmarkPlan(("knk",), TWO_SAMPLES, data={"knk": tmp_path / "mine.jsonl"})
    run_benchmarks(tmp_path / "run", Oracle(0.5), plan)
    results = tmp_path / "run" / "lm_eval" / "oracle"
    (samples,) = results.glob("samples_knk_own_*.jsonl")
    assert len(list(read_rows(samples))) == 6
    run_benchmarks(tmp_path / "run", Oracle(0.5), BenchmarkPlan(("knk_perturbed",), TWO_SAMPLES, limit=7))
    assert sorted(path.name[:12] for path in results.glob("samples_*")) == ["samples_knk_", "samples_knk_"]
    run_benchmarks(tmp_path / "run", Oracle(0.5), plan)
    assert len(list(results.iterdir())) == 4


def test_a_differing_score_is_found(tmp_path: Path) -> None:
    plan = BenchmarkPlan(("knk",), TWO_SAMPLES, limit=12)
    run = run_benchmarks(tmp_path, Oracle(0.5), plan, lm_eval=False)
    assert crosscheck_lm_eval(tmp_path, run, {}, is_limited=True) == []
    changed = list(run.completions["knk"])
    changed[3] = replace(changed[3], correct=not changed[3].correct)
    other = replace(run, completions={"knk": changed})
    assert crosscheck_lm_eval(tmp_path, other, {}, is_limited=True) == [changed[3].item]


@needs_published
@pytest.mark.parametrize(("name", "items"), [("math500", 500), ("humaneval_plus", 164), ("mmlu_pro", 2000)])
def test_both_verifiers_accept_reference_answers(name: str, items: int, tmp_path: Path) -> None:
    limit = items if name == "mmlu_pro" else None
    plan = BenchmarkPlan((name,), replace(PAPER_SAMPLING, n=1), data=PUBLISHED, limit=limit)
    observer = RecordingObserver()
    run = run_benchmarks(tmp_path, Oracle(1.0), plan, observer=observer)
    assert observer.notices == AGREED
    correct = sum(completion.correct is True for completion in run.completions[name])
    assert correct == len(run.completions[name]) == items
    (path,) = (tmp_path / "lm_eval" / "oracle").glob("results_*.json")
    assert json.loads(path.read_text())["results"][task_names(name)[0]]["avg_at_k,samples"] == 1.0


@needs_published
@pytest.mark.parametrize("name", ["math500", "mmlu_pro"])
def test_both_verifiers_reject_wrong_answers(name: str, tmp_path: Path) -> None:
    plan = BenchmarkPlan((name,), TWO_SAMPLES, data=PUBLISHED, limit=300)
    observer = RecordingObserver()
    run = run_benchmarks(tmp_path, Oracle(0.4), plan, observer=observer)
    assert observer.notices == AGREED
    result = summaries([run])[0]
    assert 0.3 < result.accuracy.mean < 0.6  # A wrong letter is the right one now and then.
    assert result.metrics["paper accuracy"].mean >= result.accuracy.mean


def test_a_real_model_gets_the_same_scores(tmp_path: Path) -> None:
    from tests.support import smollm2

    if smollm2.ABSENT:
        pytest.skip(smollm2.REASON)
    from knk.inference.transformers import TransformersEngine

    smollm2.save_smollm2(tmp_path / "smollm2")
    write(tmp_path / "math.jsonl", MATH_PROBLEMS)
    write(tmp_path / "mmlu.jsonl", MMLU_QUESTIONS)
    data = {"math500": tmp_path / "math.jsonl", "mmlu_pro": tmp_path / "mmlu.jsonl"}
    names = ["knk", "math500", "mmlu_pro"]
    if with_code := PUBLISHED["humaneval_plus"].is_file() and find_spec("evalplus") is not None:
        names.append("humaneval_plus")
        data["humaneval_plus"] = PUBLISHED["humaneval_plus"]
    sampling = replace(PAPER_SAMPLING, n=2, max_tokens=48)
    plan = BenchmarkPlan(tuple(names), sampling, "chat", data=data, limit=4)
    observer = RecordingObserver()
    engine = TransformersEngine(str(tmp_path / "smollm2"), 8)
    run = run_benchmarks(tmp_path / "run", engine, plan, evalplus=with_code, observer=observer)
    expected = [*AGREED, *(["EvalPlus scores the programs of HumanEval+"] if with_code else [])]
    assert observer.notices[-len(expected) :] == expected
    assert {name: len(completions) for name, completions in run.completions.items()} == dict.fromkeys(names, 8)
    texts = [row["completion"] for name in names for row in read_rows(tmp_path / "run" / name / "answers.jsonl")]
    assert len(set(texts)) > 4 * len(names)
    assert all(text.strip() for text in texts)


MATH_PROBLEMS = [
    {"problem": f"What is {n} + {n}?", "answer": str(2 * n), "subject": "Algebra", "level": 1, "unique_id": str(n)}
    for n in range(4)
]
MMLU_QUESTIONS = [
    {
        "question": f"Which is the letter number {n}?",
        "options": ["a", "b", "c"],
        "answer": "A",
        "category": subject,
        "question_id": n,
    }
    for subject in ("math", "physics", "history")
    for n in range(104)
]
