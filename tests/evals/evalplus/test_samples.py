"""Problems and samples, read from files and made from completions."""

import json
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadFile, BadRow
from knk.evals.evalplus.samples import (
    Sample,
    completion_of,
    held_out_tasks,
    read_problems,
    read_samples,
    sample_of,
)
from knk.tasks import humaneval_plus
from tests.support.evalplus import needs_posix, solution_of, write_problems
from tests.support.exercises import RANK, SCALE, written

pytestmark = needs_posix


def test_a_sample_is_a_whole_program_or_continues_the_stub(tmp_path: Path) -> None:
    problems = read_problems(write_problems([SCALE], tmp_path))
    lines = [{"task_id": "Mine/0", "solution": "x = 1"}, {"task_id": "Mine/0", "completion": "    return 1\n"}]
    path = tmp_path / "samples.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    complete, continued = read_samples(path, problems)
    assert complete == Sample("Mine/0", "x = 1")
    assert continued.solution == f"{SCALE['prompt']}    return 1\n"


@pytest.mark.parametrize("problem", [SCALE, RANK])
def test_samples_contain_the_code_that_the_verifier_reads(problem: dict[str, Any], tmp_path: Path) -> None:
    (row,) = humaneval_plus.rows("test", write_problems([problem], tmp_path))
    body = problem["canonical_solution"]
    header = next(line for line in problem["prompt"].splitlines() if f"def {problem['entry_point']}" in line)
    answers = (f"```python\n{header}\n{body}\n```", f"```\n{header}\n{body}\n```\nSo.", body, solution_of(problem))
    for answer in answers:
        completion = f"Hm.</think><answer>{answer}</answer>"
        sample = sample_of(completion, row)
        assert humaneval_plus.verify(completion, row)
        assert humaneval_plus.verify(completion_of(sample.solution), row)
        compile(sample.solution, "sample", "exec")
        assert sample_of(f"{completion} Or: <answer>pass</answer>", row) == sample
    assert sample_of("</answer>1", row) == Sample(problem["task_id"], "")


@pytest.mark.parametrize(
    "line", [{}, {"task_id": "Mine/0"}, {"task_id": "Mine/0", "solution": 1}, {"task_id": "Mine/9", "solution": ""}]
)
def test_malformed_samples_are_refused(line: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps(line))
    with pytest.raises(BadRow):
        read_samples(path, read_problems(write_problems([SCALE], tmp_path)))


def test_missing_files_and_malformed_problems_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile):
        read_problems(tmp_path / "none.jsonl")
    with pytest.raises(BadFile):
        read_samples(tmp_path / "none.jsonl", {})
    with pytest.raises(BadRow, match="contract"):
        read_problems(written([SCALE], tmp_path))
    with pytest.raises(BadFile):
        held_out_tasks(write_problems([SCALE], tmp_path))
