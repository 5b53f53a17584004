"""lm-eval's own tasks on local files."""

from itertools import islice
from pathlib import Path

import pytest

from knk.datasets.files import read as read_rows
from knk.evals.lm_eval.evaluate import document_id, evaluate
from knk.evals.lm_eval.local_tasks import write_local_tasks
from tests.support.benchmarks import PUBLISHED, needs_lm_eval, needs_published


@pytest.mark.slow
@needs_lm_eval
@needs_published
def test_lm_eval_tasks_read_local_files(tmp_path: Path) -> None:
    names = write_local_tasks(tmp_path, {name: PUBLISHED[file] for name, file in _FILES.items()})
    assert "minerva_math500_local" in names
    math = {
        document_id(row): [
            f"{row['solution']}\nFinal Answer: The final answer is ${row['answer']}$. I hope it is correct."
        ]
        for row in read_rows(PUBLISHED["math500"])
    }
    scores = evaluate(["minerva_math500_local"], math, include=tmp_path)["results"]["minerva_math500_local"]
    assert (scores["exact_match,none"], scores["math_verify,none"]) == (1.0, 1.0)
    physics = islice((row for row in read_rows(PUBLISHED["mmlu_pro"]) if row["category"] == "physics"), 200)
    answers = {document_id(row): [f"So the answer is ({row['answer']})."] for row in physics}
    scores = evaluate(["mmlu_pro_physics_local"], answers, include=tmp_path)["results"]["mmlu_pro_physics_local"]
    assert scores["exact_match,custom-extract"] == 1.0


_FILES = {"minerva_math500": "math500", "mmlu_pro": "mmlu_pro"}
