"""The study's held-out problems as documents for lm-eval, scored by the study's own verifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from knk.tasks.format import has_format
from recipes.laptop.domains import Problem, verify
from recipes.laptop.evaluate import items


def documents(task: str, n: int = 300, **_: Any) -> dict[str, Any]:
    """Return the problems of a task as lm-eval's test split.

    Args:
        task: one of `recipes.laptop.evaluate.TASKS`.
        n: the number of items.
    """
    from datasets import Dataset

    rows = [
        # `knk.evals.lm_eval.evaluate` identifies a document by "benchmark" and "id".
        {**vars(problem), "benchmark": task, "id": f"{task} {index}", "prompt": problem.prompt}
        for index, problem in enumerate(items(task, n))
    ]
    return {"test": Dataset.from_list(rows)}


def results(doc: dict[str, Any], completions: Sequence[str]) -> dict[str, float]:
    """Return whether a completion is right, whether it answers, and whether it has the format.

    Args:
        doc: the document.
        completions: a single completion.
    """
    verdict = verify(completions[0], Problem(doc["domain"], doc["question"], doc["data"]))
    return {
        "accuracy": float(bool(verdict.correct)),
        "answered": float(verdict.answered),
        "format": float(has_format(completions[0])),
    }
