"""The domains that models are trained and measured on, one module each, with one verifier each.

Every module of `NAMES` has the same functions: `rows(split, data, ...)` gives its items, `prompt(row, style)` asks one,
`verify(completion, row)` judges an answer, and `verify_many` judges many at once, in parallel. `SCHEME` says what a
verdict is worth in training, and `partial`, where a task has it, what a part of an answer is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import Any, Final, Protocol, cast

from knk.answers.verdict import Verdict
from knk.errors import BadTask
from knk.tasks.benchmark import BenchmarkEntry
from knk.tasks.format import Completion, Prompt
from knk.tasks.reward_scheme import Scheme
from knk.tasks.source import Row

NAMES: Final = ("kk", "hendrycks_math", "mmlu_pro", "humaneval_plus")


class Task(Protocol):
    """What a task's module has."""

    NAME: str
    """The task's name."""
    COLUMNS: tuple[str, ...]
    """The columns of a row that `verify` looks at."""
    OPTIONS: tuple[str, ...]
    """What may be asked for beside the split on the command line."""
    SCHEME: Scheme
    """What a verdict is worth in the paper's training."""
    BENCHMARKS: tuple[BenchmarkEntry, ...]
    """The benchmarks that ask this task's rows."""

    def rows(self, split: str, *args: Any, **kwargs: Any) -> Iterator[Row]:
        """Return an iterator over the items of a split; each has "id", what it asks, and the columns in `COLUMNS`."""
        ...

    def prompt(self, row: Row, style: str = "paper") -> Prompt:
        """Return the prompt that asks an item: a string or, in the style "chat", messages."""
        ...

    def verify(self, completion: Completion, row: Row) -> Verdict:
        """Return the verdict on a completion."""
        ...

    def verify_many(self, completions: Sequence[Completion], rows: Sequence[Row]) -> list[Verdict]:
        """Return the verdicts on many completions, each of the row in its place."""
        ...

    def partial(self, verdict: Verdict, row: Row) -> float:
        """Return credit for a part of the answer, of which a guess has none in expectation; not all tasks have it."""
        ...


def load(name: str) -> Task:
    """Return a task by its name.

    Args:
        name: one of `NAMES`.

    Raises:
        BadTask: there is no such task.

    >>> load("kk").NAME
    'kk'
    """
    if name not in NAMES:
        raise BadTask(f"there is no task {name!r}; there are {', '.join(NAMES)}")
    return cast("Task", import_module(f"knk.tasks.{name}"))


def prompts(task: Task, rows: Iterable[Row], style: str = "paper") -> Iterator[Row]:
    """Return an iterator over rows as TRL's GRPO wants them: a prompt, an identity, and what the verifier looks at.

    Args:
        task: the task.
        rows: rows that its `rows` gave.
        style: the style of the prompts; see `knk.tasks.format`.

    >>> task = load("kk")
    >>> list(next(prompts(task, task.rows("train", n=1))))
    ['prompt', 'id', 'puzzle', 'solution']
    """
    for row in rows:
        yield {"prompt": task.prompt(row, style), "id": row["id"], **{name: row[name] for name in task.COLUMNS}}
