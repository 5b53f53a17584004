"""What makes some of a task's rows a benchmark: the entries that `knk.evals` builds its tables from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from knk.tasks.messages import Completion
from knk.tasks.source import Row

PaperReading = Callable[[Sequence[Completion], Sequence[Row], Sequence[int]], list[bool | None]]
"""Takes completions, the row of each, and which sample of its row each is; returns whether each is right."""


@dataclass(frozen=True)
class LmEvalTasks:
    """A benchmark's tasks in lm-eval, whose task files are in `benchmarks/lm_eval`.

    Args:
        names: the tasks that together ask all items.
        is_group: whether the benchmark's own name is a group of these tasks.
        local: the task that asks all items of a local file, in whatever groups they are; "" if `names` do so.
    """

    names: tuple[str, ...]
    is_group: bool = False
    local: str = ""


@dataclass(frozen=True)
class BenchmarkEntry:
    """A benchmark: some of a task's rows, and how their scores are reported.

    Args:
        name: its name, by which commands ask for it.
        heading: its heading in tables; for the paper's benchmarks the paper's.
        version: the version of its items, and of how they are asked.
        items: return an iterator over its rows, from a local file if one is given; each row has "id" and "groups", the
            parts of the benchmark that it is in.
        lm_eval: its tasks in lm-eval.
        paper_reading: whether completions are right as the paper reads them, if that is not what `verify` does.
        headline_group: a group that always has a line of its own in tables; "" if there is none.
    """

    name: str
    heading: str
    version: int
    items: Callable[[str | os.PathLike[str] | None], Iterator[Row]]
    lm_eval: LmEvalTasks
    paper_reading: PaperReading | None = None
    headline_group: str = ""
