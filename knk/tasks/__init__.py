"""The domains to train and evaluate models on: one module each, with its rows, its prompts and one verifier.

| module | the task |
|---|---|
| `kk` | knights and knaves |
| `hendrycks_math` | MATH; how its answers are read and compared is in `math` |
| `mmlu_pro` | MMLU-Pro; how its answers are read is in `choice` and `option_text` |
| `humaneval_plus` | HumanEval+; how programs are extracted and compared is in `code` |
| `format` | the format of prompts and completions, the same for all tasks |
| `messages` | the text of a completion, a string or a message |
| `source` | where published rows come from, and which of them are for training |
| `reward_scheme` | the reward for each verdict in the paper's training |
| `benchmark` | the entries of tasks that make some of their rows a benchmark |

To add a task, write a module that has what `Task` lists, and add its name to `NAMES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from knk.errors import BadTask

if TYPE_CHECKING:  # Commands import this package when they start, so it must load fast.
    from knk.answers.verdict import Verdict
    from knk.tasks.benchmark import BenchmarkEntry
    from knk.tasks.format import Prompt
    from knk.tasks.messages import Completion
    from knk.tasks.reward_scheme import RewardScheme
    from knk.tasks.source import Row

NAMES: Final = ("kk", "hendrycks_math", "mmlu_pro", "humaneval_plus")


class Task(Protocol):
    """The names that every task's module defines."""

    NAME: str
    """The task's name."""
    COLUMNS: tuple[str, ...]
    """The columns of a row that `verify` reads; the first of them is in no other task's rows."""
    OPTIONS: tuple[str, ...]
    """The options of `rows` on the command line, besides the split."""
    REWARD_SCHEME: RewardScheme
    """The reward for each verdict in the paper's training."""
    BENCHMARKS: tuple[BenchmarkEntry, ...]
    """The benchmarks made of this task's rows."""

    def rows(self, split: str, *args: Any, **kwargs: Any) -> Iterator[Row]:
        """Return an iterator over the rows of a split; each has "id", the question, and the columns in `COLUMNS`."""
        ...

    def prompt(self, row: Row, style: str = "paper") -> Prompt:
        """Return the prompt for a row: a string or, in the style "chat", messages."""
        ...

    def verify(self, completion: Completion, row: Row) -> Verdict:
        """Return the verdict on a completion."""
        ...

    def verify_many(self, completions: Sequence[Completion], rows: Sequence[Row]) -> list[Verdict]:
        """Return the verdicts on many completions, given the row of each."""
        ...

    def partial(self, verdict: Verdict, row: Row) -> float:
        """Return partial credit, of which a guess has none in expectation; not all tasks have this function."""
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
        raise BadTask(f"unknown task {name!r}: expected one of {', '.join(NAMES)}")
    return cast("Task", import_module(f"knk.tasks.{name}"))


def prompts(task: Task, rows: Iterable[Row], style: str = "paper") -> Iterator[Row]:
    """Return an iterator over rows for TRL's GRPO; see `prompt_row`.

    Args:
        task: the task.
        rows: rows from the task's `rows`.
        style: the style of the prompts; see `knk.tasks.format`.

    >>> task = load("kk")
    >>> list(next(prompts(task, task.rows("train", n=1))))
    ['prompt', 'id', 'puzzle', 'solution']
    """
    return (prompt_row(task, row, style) for row in rows)


def prompt_row(task: Task, row: Row, style: str = "paper") -> Row:
    """Return a row for TRL's GRPO: a prompt, an identity, and the columns that the verifier reads.

    Args:
        task: the task.
        row: a row from the task's `rows`.
        style: the style of the prompt; see `knk.tasks.format`.
    """
    return {"prompt": task.prompt(row, style), "id": row["id"], **{name: row[name] for name in task.COLUMNS}}
