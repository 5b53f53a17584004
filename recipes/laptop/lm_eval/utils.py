"""The study's held-out problems as documents of lm-eval, marked by the study's own verifier."""

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
        n: how many.
    """
    from datasets import Dataset

    asked = [
        # "benchmark" and "id" are what `knk.evals.lm_eval.evaluate` identifies a document by.
        {**vars(problem), "benchmark": task, "id": f"{task} {place}", "prompt": problem.prompt}
        for place, problem in enumerate(items(task, n))
    ]
    return {"test": Dataset.from_list(asked)}


def results(doc: dict[str, Any], completions: Sequence[str]) -> dict[str, float]:
    """Return whether a completion is right, whether it answers, and whether it has the form.

    Args:
        doc: the document.
        completions: the one completion.
    """
    verdict = verify(completions[0], Problem(doc["domain"], doc["question"], doc["data"]))
    return {
        "accuracy": float(bool(verdict.correct)),
        "answered": float(verdict.answered),
        "format": float(has_format(completions[0])),
    }
