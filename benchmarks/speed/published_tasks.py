"""Rewards of completions to published tasks: MATH, MMLU-Pro and HumanEval+, from their files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from benchmarks.speed.inputs import REASONING
from benchmarks.speed.timing import JobResult, Jobs

Row = dict[str, Any]
_MMLU_ROWS: Final = 1000
_CODE_ROWS: Final = 100


def reward_math(path: Path) -> Jobs:
    """Reward the official solutions of MATH, each for its own item and for another one."""
    from knk.tasks import hendrycks_math

    with gzip.open(path, "rt", encoding="utf-8") as file:
        solutions = [json.loads(line)["solution"] for line in file]
    texts = [f"{text}</think><answer>{text}</answer>" for text in (*solutions, *solutions[1:], solutions[0])]
    return _reward_jobs("hendrycks_math", texts, list(hendrycks_math.rows("test", path)) * 2)


def reward_mmlu(path: Path) -> Jobs:
    """Reward the letter B for each of 1,000 questions of MMLU-Pro."""
    from knk.tasks import mmlu_pro

    rows = list(islice(mmlu_pro.rows("test", path), _MMLU_ROWS))
    return _reward_jobs("mmlu_pro", [f"{REASONING}</think><answer>\\boxed{{B}}</answer>"] * len(rows), rows)


def reward_code(path: Path) -> Jobs:
    """Reward the dataset's own solutions of 100 items of HumanEval+."""
    from knk.tasks import humaneval_plus

    rows = list(islice(humaneval_plus.rows("test", path), _CODE_ROWS))
    template = "Done.</think><answer>```python\n{}{}\n```</answer>"
    texts = [template.format(row["stub"], row["canonical_solution"]) for row in rows]
    return _reward_jobs("humaneval_plus", texts, rows)


def _reward_jobs(task: str, texts: Sequence[str], rows: Sequence[Row]) -> Jobs:
    """Iterate over two jobs of the same size: the first also starts the worker processes."""
    from knk import rewards, tasks

    columns = {column: [row[column] for row in rows] for column in tasks.load(task).COLUMNS}
    reward: Callable[..., object] = getattr(rewards, f"{task}_reward")
    for prefix in ("", " "):  # Rewards of equal completions would come from a cache.

        def job(prefix: str = prefix) -> JobResult:
            reward(completions=[prefix + text for text in texts], **columns)
            return JobResult(len(texts))

        yield job
