"""EvalPlus's scores of a run's programs."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from knk.evals.run import BenchmarkPlan, run_benchmarks
from tests.support.benchmarks import PUBLISHED, TWO_SAMPLES, Oracle, RecordingObserver, needs_published


@pytest.mark.slow
@needs_published
@pytest.mark.skipif(find_spec("evalplus") is None, reason="EvalPlus is not installed: make check-all does it")
def test_evalplus_gives_the_same_programs_the_same_scores(tmp_path: Path) -> None:
    plan = BenchmarkPlan(("humaneval_plus",), TWO_SAMPLES, data=PUBLISHED, limit=8)
    observer = RecordingObserver()
    run = run_benchmarks(tmp_path, Oracle(0.5), plan, lm_eval=False, evalplus=True, observer=observer)
    assert observer.notices == ["EvalPlus scores the programs of HumanEval+"]
    report = json.loads((tmp_path / "humaneval_plus" / "evalplus.json").read_text())
    assert report["disagreements"] == []
    completions = sorted(run.completions["humaneval_plus"], key=lambda completion: (completion.item, completion.sample))
    verdicts = [completion.correct for completion in completions]
    assert [result["base"] == result["plus"] == "pass" for result in report["samples"]] == verdicts
    assert 0 < sum(map(bool, verdicts)) < 16
