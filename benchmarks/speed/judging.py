"""How quickly proofs are told, and completions judged: seconds for a thousand, wall time, in one run.

`python benchmarks/speed/judging.py [--data FOLDER]`; the folder has `math500.jsonl.gz` and `HumanEvalPlus.jsonl.gz`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
THOUGHT = "Let me think. " * 300


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def proofs() -> Iterator[tuple[str, float]]:
    """Time proofs of five people, found and told."""
    from knk.generate import generate
    from knk.text.explain import explain
    from knk.trace import trace

    for number, style in enumerate(("brief", "long")):
        puzzles = list(generate(people=5, n=1000, seed=number))
        yield f"1,000 proofs found and told, {style}", timed(lambda: [explain(trace(p), style) for p in puzzles])  # noqa: B023


def judged(name: str, completions: Sequence[str], rows: Sequence[Row]) -> Iterator[tuple[str, float]]:
    """Time a task's reward on a batch, and on another like it."""
    from knk import rewards, tasks

    columns = {column: [row[column] for row in rows] for column in tasks.load(name).COLUMNS}
    reward = getattr(rewards, f"{name}_reward")
    for time_asked in ("first", "again"):
        batch = [f" {text}" if time_asked == "again" else text for text in completions]
        seconds = timed(lambda: reward(completions=batch, **columns))  # noqa: B023
        yield f"{name}, {len(batch):,} completions, {time_asked}", seconds


def kk() -> Iterator[tuple[str, float]]:
    """Time K&K: ten completions each of a hundred puzzles, and one each of a thousand."""
    from knk.tasks import kk as task

    for puzzles, each in ((100, 10), (1000, 1)):
        rows = [row for row in task.rows("train", n=puzzles, seed=each) for _ in range(each)]
        texts = [f"{THOUGHT}{i}</think>\n<answer>{row['answer']}</answer>" for i, row in enumerate(rows)]
        yield from ((f"{puzzles:,} puzzles: {what}", seconds) for what, seconds in judged("kk", texts, rows))


def published(folder: Path) -> Iterator[tuple[str, float]]:
    """Time MATH on official solutions, half of them of other items, and HumanEval+ on its own solutions."""
    from knk.tasks import hendrycks_math, humaneval_plus

    path = folder / "math500.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        solutions = [json.loads(line)["solution"] for line in file]
    texts = [f"{text}</think><answer>{text}</answer>" for text in (*solutions, *solutions[1:], solutions[0])]
    yield from judged("hendrycks_math", texts, list(hendrycks_math.rows("test", path)) * 2)
    rows = list(humaneval_plus.rows("test", folder / "HumanEvalPlus.jsonl.gz"))[:100]
    code = "Done.</think><answer>```python\n{}{}\n```</answer>"
    texts = [code.format(row["stub"], row["canonical_solution"]) for row in rows]
    yield from judged("humaneval_plus", texts, rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="the folder with the published files")
    data = parser.parse_args().data
    for part in (proofs(), kk(), published(data) if data else iter(())):
        for what, seconds in part:
            print(f"{seconds:9.3f} s  {what}")


if __name__ == "__main__":
    main()
