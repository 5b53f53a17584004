"""Score a run's completions again by lm-eval, and find the items whose scores differ."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from knk.evals.items import LocalFiles
from knk.evals.lm_eval.documents import item_metrics
from knk.evals.lm_eval.evaluate import evaluate, sampling_changes
from knk.evals.lm_eval.logs import write_results
from knk.evals.lm_eval.tasks import task_names
from knk.evals.records import BenchmarkRun
from knk.evals.scoring import ScoredCompletion, stored_completions


def crosscheck_lm_eval(
    folder: str | os.PathLike[str], run: BenchmarkRun, data: LocalFiles, *, is_limited: bool = False
) -> list[str]:
    """Have lm-eval score a run's completions, write its results, and return the items that it scores differently.

    Args:
        folder: the run's folder; the results go to `lm_eval` in it.
        run: the run.
        data: the local files that were read in place of the Hub.
        is_limited: whether only some of the items were asked.

    Raises:
        MissingPackage: lm-eval is not installed.
    """
    folder = Path(folder)
    completions = _complete_items(folder, run)
    if not completions:
        return []
    evaluation = evaluate(
        # A limited run may lack all items of a task, and lm-eval cannot load a group without all of its tasks.
        [task for name in run.completions for task in task_names(name, local=name in data, group=not is_limited)],
        completions,
        changes=sampling_changes(run.parameters),
        metadata={"style": run.style, **{name: str(path) for name, path in data.items()}},
    )
    write_results(folder / "lm_eval", run.model, evaluation)
    return differing_items(run, evaluation)


def _complete_items(folder: Path, run: BenchmarkRun) -> dict[str, list[str]]:
    """The completions of each item that has all of its samples."""
    by_sample = {
        (record["id"], record["sample"]): record["completion"]
        for name in run.completions
        for record in stored_completions(folder / name)
    }
    by_item: dict[str, list[str]] = {}
    for item, sample in sorted(by_sample):
        by_item.setdefault(item, []).append(by_sample[item, sample])
    return {item: samples for item, samples in by_item.items() if len(samples) == run.parameters["n"]}


def differing_items(run: BenchmarkRun, evaluation: Mapping[str, Any]) -> list[str]:
    """Return the items that lm-eval scores differently from this library.

    Args:
        run: the run.
        evaluation: the return value of `knk.evals.lm_eval.evaluate.evaluate` for the run's completions.
    """
    by_item: dict[str, list[ScoredCompletion]] = {}
    for completions in run.completions.values():
        for completion in completions:
            by_item.setdefault(completion.item, []).append(completion)
    expected = {item: item_metrics(completions) for item, completions in by_item.items()}
    samples = [sample for task in evaluation.get("samples", {}).values() for sample in task]
    return [str(sample["doc"]["id"]) for sample in samples if _differs(sample, expected[sample["doc"]["id"]])]


def _differs(sample: Mapping[str, Any], expected: Mapping[str, float]) -> bool:
    return any(sample[name] != value for name, value in expected.items())
