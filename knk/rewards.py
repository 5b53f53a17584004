r"""Rewards for TRL, by dotted path: `reward_funcs: [knk.rewards.kk_reward]` in a YAML file.

For each task of `knk.tasks` there are, with its name in front:

| function | what it gives |
|---|---|
| `kk_reward` | the paper's scheme: -2 without the form, -1 without a whole answer, -0.5 wrong, 2 right |
| `kk_correct` | 1 if the answer is right, else 0, whatever the form |
| `kk_answered` | 1 if a whole answer was read, right or wrong, else 0 |
| `kk_partial` | credit for a part, of which a guess has none in expectation; K&K and MMLU-Pro only |

and for all tasks alike `format_reward`, 1 if the completion has the form, and `length_reward`, its tokens in thousands,
to be logged with a weight of 0 or weighed below it.

A reward takes the completions as strings or as messages, and the columns of the task's rows under their names; it
gives None where the verifier could not find out. Shares go to TRL's `log_metric`, verdicts to its `log_extra`; nothing
is printed. Rewards of one task asked about the same completions share one verification.

>>> rows = {"puzzle": ["Ann,Bob 0:&(-0,-1)"] * 2, "solution": [[False, True]] * 2}
>>> kk_reward = __getattr__("kk_reward")  # outside of this module: from knk.rewards import kk_reward
>>> kk_reward(
...     completions=["Ann lies.</think><answer>Ann: knave, Bob: knight</answer>", "Ann: knave, Bob: knight"], **rows
... )
[2.0, -2.0]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, Final, Protocol

from knk.answers.verdict import Verdict
from knk.errors import BadRow
from knk.tasks import NAMES, Task, load
from knk.tasks.format import Completion, is_formed, text_of
from knk.tasks.source import Row

Worth = Callable[[Task, Verdict, Row, bool], float | None]


class Reward(Protocol):
    """A reward as TRL calls it."""

    __name__: str

    def __call__(self, *, completions: Sequence[Completion], **columns: Any) -> list[float | None]:
        """Return a reward for each completion, None where there is none to tell."""
        ...


def format_reward(*, completions: Sequence[Completion], **columns: Any) -> list[float | None]:  # noqa: ARG001
    """Return 1 for each completion that has the form, else 0; see `knk.tasks.format.is_formed`.

    >>> format_reward(completions=["1 + 1.</think><answer>2</answer>", "2"])
    [1.0, 0.0]
    """
    return [float(is_formed(text_of(completion))) for completion in completions]


def length_reward(*, completion_ids: Sequence[Sequence[int]], **columns: Any) -> list[float | None]:  # noqa: ARG001
    """Return each completion's length in thousands of tokens; a weight below 0 makes it a penalty.

    >>> length_reward(completion_ids=[[1] * 500])
    [0.5]
    """
    return [len(ids) / 1000 for ids in completion_ids]


def _paper(task: Task, verdict: Verdict, row: Row, formed: bool) -> float | None:  # noqa: ARG001
    return task.SCHEME.worth(verdict, formed)


def _correct(task: Task, verdict: Verdict, row: Row, formed: bool) -> float | None:  # noqa: ARG001
    return None if verdict.correct is None else float(verdict.correct)


def _answered(task: Task, verdict: Verdict, row: Row, formed: bool) -> float | None:  # noqa: ARG001
    return None if verdict.correct is None else float(verdict.answered)


def _partial(task: Task, verdict: Verdict, row: Row, formed: bool) -> float | None:  # noqa: ARG001
    return None if verdict.correct is None else task.partial(verdict, row)


KINDS: Final[dict[str, tuple[Worth, str]]] = {
    "reward": (_paper, "the paper's scheme"),
    "correct": (_correct, "1 if the answer is right, else 0"),
    "answered": (_answered, "1 if a whole answer was read, right or wrong, else 0"),
    "partial": (_partial, "credit for a part, of which a guess has none in expectation"),
}
"""The rewards that each task has, by the end of their names."""


def __getattr__(name: str) -> Reward:
    """Return the reward of a task by its name, made when it is first asked for."""
    task_name, _, kind = name.rpartition("_")
    if task_name not in NAMES or kind not in KINDS:
        raise AttributeError(
            f"there is no reward {name!r}; the tasks are {', '.join(NAMES)}, the ends {', '.join(KINDS)}"
        )
    if kind == "partial" and not hasattr(load(task_name), "partial"):
        raise AttributeError(f"the task {task_name} has no credit for a part")
    globals()[name] = reward = _reward(name, task_name, *KINDS[kind])
    return reward


def __dir__() -> list[str]:
    made = [f"{task}_{kind}" for task in NAMES for kind in KINDS if kind != "partial" or hasattr(load(task), "partial")]
    return [*made, "format_reward", "length_reward"]


def _reward(name: str, task_name: str, worth: Worth, told: str) -> Reward:
    def reward(
        *,
        completions: Sequence[Completion],
        log_metric: Callable[[str, float], None] | None = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        task = load(task_name)
        texts = [text_of(completion) for completion in completions]
        rows = _rows(task, columns, len(texts))
        verdicts = _MEMORY.verdicts(task, texts, rows)
        formed = [is_formed(text) for text in texts]
        if log_metric:
            _log(task_name, verdicts, formed, log_metric)
        if log_extra:
            log_extra(f"{task_name} verdict", [str(verdict) for verdict in verdicts])
        return [worth(task, *one) for one in zip(verdicts, rows, formed, strict=True)]

    reward.__name__ = reward.__qualname__ = name
    reward.__doc__ = f"Return for each completion {told}; the columns are those of the task {task_name}'s rows."
    return reward


def _rows(task: Task, columns: Mapping[str, Any], n: int) -> list[Row]:
    """Return the columns that a task looks at as rows."""
    for name in task.COLUMNS:
        if name not in columns:
            raise BadRow(f"the dataset has no column {name!r}: make it with 'knk task {task.NAME}'")
        if len(columns[name]) != n:
            raise BadRow(f"there are {len(columns[name])} of {name!r} and {n} completions")
    return [{name: columns[name][place] for name in task.COLUMNS} for place in range(n)]


def _log(name: str, verdicts: Sequence[Verdict], formed: Sequence[bool], log: Callable[[str, float], None]) -> None:
    n = max(1, len(verdicts))
    log(f"{name}/right", sum(map(bool, verdicts)) / n)
    log(f"{name}/answered", sum(verdict.answered for verdict in verdicts) / n)
    log(f"{name}/formed", sum(formed) / n)
    log(f"{name}/unknown", sum(verdict.correct is None for verdict in verdicts) / n)


class _Memory:
    """The last batch's verdicts of each task, so that several rewards of one batch cost one verification."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: dict[str, tuple[list[str], list[Row], list[Verdict]]] = {}

    def verdicts(self, task: Task, texts: list[str], rows: list[Row]) -> list[Verdict]:
        with self._lock:
            last = self._last.get(task.NAME)
        if last and last[0] == texts and last[1] == rows:
            return last[2]
        verdicts = task.verify_many(texts, rows)
        # One that could not be found out is asked again: what was in the way may have passed.
        if all(verdict.correct is not None for verdict in verdicts):
            with self._lock:
                self._last[task.NAME] = (texts, rows, verdicts)
        return verdicts


_MEMORY: Final = _Memory()
