"""Completions to the published tasks judged: MATH, MMLU-Pro and HumanEval+, from a folder with their files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.speed.ours import THOUGHT
from benchmarks.speed.timing import Done, Jobs

Row = dict[str, Any]


def math(path: Path) -> Jobs:
    """Official solutions, each judged for its own item and for another."""
    from knk.tasks import hendrycks_math

    with gzip.open(path, "rt", encoding="utf-8") as file:
        solutions = [json.loads(line)["solution"] for line in file]
    texts = [f"{text}</think><answer>{text}</answer>" for text in (*solutions, *solutions[1:], solutions[0])]
    return _judged("hendrycks_math", texts, list(hendrycks_math.rows("test", path)) * 2)


def mmlu(path: Path) -> Jobs:
    """A letter for each of a thousand questions."""
    from knk.tasks import mmlu_pro

    rows = list(islice(mmlu_pro.rows("test", path), 1000))
    return _judged("mmlu_pro", [f"{THOUGHT}</think><answer>\\boxed{{B}}</answer>"] * len(rows), rows)


def code(path: Path) -> Jobs:
    """The dataset's own solutions of a hundred items."""
    from knk.tasks import humaneval_plus

    rows = list(islice(humaneval_plus.rows("test", path), 100))
    form = "Done.</think><answer>```python\n{}{}\n```</answer>"
    return _judged("humaneval_plus", [form.format(row["stub"], row["canonical_solution"]) for row in rows], rows)


def _judged(name: str, texts: Sequence[str], rows: Sequence[Row]) -> Jobs:
    """Judge a batch, with the start of what works at it, and then another like it."""
    from knk import rewards, tasks

    columns = {column: [row[column] for row in rows] for column in tasks.load(name).COLUMNS}
    reward: Callable[..., object] = getattr(rewards, f"{name}_reward")
    for space in ("", " "):  # A batch that was judged before would only be looked up.

        def job(space: str = space) -> Done:
            reward(completions=[space + text for text in texts], **columns)
            return Done(len(texts))

        yield job
