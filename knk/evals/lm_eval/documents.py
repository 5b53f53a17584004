"""The functions that the lm-eval task files call: items as documents, prompts, and an item's metrics."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from knk.errors import BadSpec
from knk.evals.items import benchmark as benchmark_named
from knk.evals.items import items
from knk.evals.scoring import ScoredCompletion, score_completions
from knk.tasks.format import Prompt
from knk.tasks.source import Row


def documents(benchmark: str, group: str = "", style: str = "paper", **metadata: Any) -> dict[str, Any]:
    """Return a benchmark's items as lm-eval's documents.

    Args:
        benchmark: the benchmark's name.
        group: the group to return; all items if not given.
        style: the style of the prompts; see `knk.tasks.format`.
        metadata: the rest of `--metadata`; a local file under the benchmark's name is read in place of the Hub.

    Raises:
        BadSpec: there are no such items.
    """
    from datasets import Dataset

    rows = [row for row in items(benchmark, metadata.get(benchmark)) if not group or group in row["groups"]]
    if not rows:
        raise BadSpec(f"{benchmark} has no items in the group {group!r}")
    return {"test": Dataset.from_list([document(benchmark, row, style) for row in rows])}


def document(name: str, row: Row, style: str = "paper") -> Row:
    """Return an item as a document of lm-eval, with its prompt as text.

    Args:
        name: the benchmark's name.
        row: the item.
        style: the style of the prompt; see `knk.tasks.format`.
    """
    return {**row, "benchmark": name, "prompt": _prompt_text(benchmark_named(name).prompt(row, style))}


def _prompt_text(prompt: Prompt) -> str:
    """The prompt as text: lm-eval applies a chat template itself."""
    return prompt if isinstance(prompt, str) else prompt[-1]["content"]


def prompt(doc: Row) -> str:
    """Return a document's prompt."""
    return str(doc["prompt"])


def target(doc: Row) -> str:
    """Return a document's reference answer, for readers of lm-eval's logs."""
    return str(doc.get("answer") or doc.get("canonical_solution") or "")


def results(doc: Row, completions: Sequence[Any]) -> dict[str, float]:
    """Return the metrics of an item over all of its completions.

    Args:
        doc: the document.
        completions: its completions, in a nested list if lm-eval's filter for several samples left them so.
    """
    samples = completions[0] if completions and isinstance(completions[0], list) else completions
    rows = [doc] * len(samples)
    return item_metrics(score_completions(benchmark_named(doc["benchmark"]), rows, samples, range(len(samples))))


def item_metrics(completions: Sequence[ScoredCompletion]) -> dict[str, float]:
    """Return the metrics of an item's completions, under the names that the task files use.

    A completion without a verdict counts as wrong; `knk bench` does not count it, and reports how many there are.
    """
    correct = [float(bool(completion.correct)) for completion in completions]
    metrics = {
        "avg_at_k": fmean(correct),
        "pass_at_k": max(correct),
        "format_rate": fmean(float(completion.has_format) for completion in completions),
        "answer_rate": fmean(float(completion.answered) for completion in completions),
    }
    paper = [float(completion.paper_correct) for completion in completions if completion.paper_correct is not None]
    return metrics | ({"paper_avg_at_k": fmean(paper)} if paper else {})
