"""Judge the samples that EvalPlus scored by the library's own verifier, and list the disagreements."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from knk.evals.evalplus.explain import explain
from knk.evals.evalplus.pass_rates import EvalPlusResults
from knk.evals.evalplus.samples import Sample, completion_of, read_problems
from knk.tasks import humaneval_plus


@dataclass(frozen=True)
class Disagreement:
    """A sample that EvalPlus passes and the library's verifier rejects, or the other way round.

    Args:
        task_id: the problem.
        index: the index of the sample among the problem's samples.
        evalplus: EvalPlus's result.
        knk: the verdict of the library's verifier.
        explanation: the reason; "" if it is unknown.
    """

    task_id: str
    index: int
    evalplus: str
    knk: str
    explanation: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return dict(vars(self))


def compare(results: EvalPlusResults, samples: Sequence[Sample], data: str | os.PathLike[str]) -> list[Disagreement]:
    """Return the samples on which EvalPlus and this library's verifier disagree.

    Args:
        results: EvalPlus's results for the samples.
        samples: the samples, in the same order.
        data: the file of the problems.

    Raises:
        BadFile: the file cannot be read.
        BadRow: the file has other rows.
        SandboxFailed: a program could not be run again.
    """
    rows_by_task = {row["task_id"]: row for row in humaneval_plus.rows("test", data)}
    rows = [rows_by_task[sample.task_id] for sample in samples]
    problems = read_problems(data)
    verdicts = humaneval_plus.verify_many([completion_of(sample.solution) for sample in samples], rows)
    return [
        Disagreement(
            result.task_id,
            result.index,
            str(result),
            str(verdict),
            explain(results, result, verdict, sample, row, problems),
        )
        for result, verdict, sample, row in zip(results.samples, verdicts, samples, rows, strict=True)
        if verdict.correct is not result.correct
    ]
