r"""Rewards for TRL, by dotted path: `reward_funcs: [knk.rewards.kk_reward]` in a YAML file.

Each task of `knk.tasks` has these, with its name in front:

| function | the reward |
|---|---|
| `kk_reward` | the paper's scheme: -2 without the format, -1 without a whole answer, -0.5 wrong, 2 right |
| `kk_correct` | 1 if the answer is right, else 0, whatever the format |
| `kk_answered` | 1 if a whole answer was read, right or wrong, else 0 |
| `kk_partial` | partial credit, of which a guess has none in expectation; K&K and MMLU-Pro only |

The four numbers of the paper's scheme are a `knk.tasks.reward_scheme.RewardScheme`; each task has one, its
`REWARD_SCHEME`. For all tasks there are `format_reward`, 1 if the completion has the format, and `length_reward`, its
tokens in thousands, for a negative weight.

A reward takes the completions as strings or as messages, and the columns of the task's rows under their names. A
completion in a shape that `knk.tasks.messages` does not read is one without text, so it has no format and no answer.

A reward is None where the verifier could not decide, and for the rows of other tasks, so that tasks can be mixed in one
run. A row is of another task if the first of the task's columns is missing or None, as it is where files are joined.

Shares of the task's own rows go to TRL's `log_metric`, verdicts to its `log_extra`; nothing is printed. Rewards of one
task for the same completions share one verification.

>>> rows = {"puzzle": ["Ann,Bob 0:&(-0,-1)"] * 2, "solution": [[False, True]] * 2}
>>> kk_reward = __getattr__("kk_reward")  # outside of this module: from knk.rewards import kk_reward
>>> kk_reward(
...     completions=["Ann lies.</think><answer>Ann: knave, Bob: knight</answer>", "Ann: knave, Bob: knight"], **rows
... )
[2.0, -2.0]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, Protocol

from knk.answers.verdict import Verdict
from knk.errors import BadNotation, BadPuzzle, BadRow, ManySolutions, NoSolution
from knk.tasks import NAMES, Task, load
from knk.tasks.format import has_format
from knk.tasks.messages import Completion, text_or_nothing
from knk.tasks.source import Row


class Reward(Protocol):
    """A reward function as TRL calls it."""

    __name__: str

    def __call__(self, *, completions: Sequence[Completion], **columns: Any) -> list[float | None]:
        """Return a reward for each completion, None where it has none."""
        ...


def format_reward(*, completions: Sequence[Completion], **columns: Any) -> list[float | None]:  # noqa: ARG001
    """Return 1 for each completion that has the format, else 0; see `knk.tasks.format.has_format`.

    >>> format_reward(completions=["1 + 1.</think><answer>2</answer>", "2"])
    [1.0, 0.0]
    """
    return [float(has_format(text_or_nothing(completion))) for completion in completions]


def length_reward(*, completion_ids: Sequence[Sequence[int]], **columns: Any) -> list[float | None]:  # noqa: ARG001
    """Return each completion's length in thousands of tokens; a negative weight makes it a penalty.

    >>> length_reward(completion_ids=[[1] * 500])
    [0.5]
    """
    return [len(ids) / 1000 for ids in completion_ids]


# The rewards of each task.


@dataclass(frozen=True)
class _VerifiedCompletion:
    """A completion's verdict, its row, and whether the completion has the format."""

    verdict: Verdict
    row: Row
    has_format: bool


_Score = Callable[[Task, _VerifiedCompletion], float | None]


def _paper_reward(task: Task, verified: _VerifiedCompletion) -> float | None:
    return task.REWARD_SCHEME.reward(verified.verdict, has_format=verified.has_format)


def _correct_reward(_: Task, verified: _VerifiedCompletion) -> float | None:
    return None if verified.verdict.correct is None else float(verified.verdict.correct)


def _answered_reward(_: Task, verified: _VerifiedCompletion) -> float | None:
    return None if verified.verdict.correct is None else float(verified.verdict.answered)


def _partial_reward(task: Task, verified: _VerifiedCompletion) -> float | None:
    return None if verified.verdict.correct is None else task.partial(verified.verdict, verified.row)


KINDS: Final[dict[str, tuple[_Score, str]]] = {
    "reward": (_paper_reward, "the paper's scheme"),
    "correct": (_correct_reward, "1 if the answer is right, else 0"),
    "answered": (_answered_reward, "1 if a whole answer was read, right or wrong, else 0"),
    "partial": (_partial_reward, "partial credit, of which a guess has none in expectation"),
}
"""The rewards of each task, by the end of their names: the function and what it returns."""


def __getattr__(name: str) -> Reward:
    """Return a task's reward function, made when it is first asked for."""
    task_name, _, kind = name.rpartition("_")
    if task_name not in NAMES or kind not in KINDS:
        raise AttributeError(
            f"no reward {name!r}: expected TASK_KIND with a task of {', '.join(NAMES)} and a kind of {', '.join(KINDS)}"
        )
    if kind == "partial" and not hasattr(load(task_name), "partial"):
        raise AttributeError(f"the task {task_name} has no partial credit")
    globals()[name] = reward = _reward(name, task_name, *KINDS[kind])
    return reward


def __dir__() -> list[str]:
    names = [
        f"{task}_{kind}" for task in NAMES for kind in KINDS if kind != "partial" or hasattr(load(task), "partial")
    ]
    return [*names, "format_reward", "length_reward"]


def _reward(name: str, task_name: str, score: _Score, description: str) -> Reward:
    def reward(
        *,
        completions: Sequence[Completion],
        log_metric: Callable[[str, float], None] | None = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        task = load(task_name)
        rows = _own_rows(task, columns, len(completions))
        texts = {index: text_or_nothing(completions[index]) for index in rows}
        verdicts = _LAST_BATCH.verdicts(task, list(texts.values()), list(rows.values()))
        verified = {
            index: _VerifiedCompletion(verdict, rows[index], has_format(texts[index]))
            for index, verdict in zip(rows, verdicts, strict=True)
        }
        everywhere = [verified.get(index) for index in range(len(completions))]
        if log_metric and verified:
            _log_shares(task_name, list(verified.values()), log_metric)
        if log_extra:
            log_extra(f"{task_name} verdict", [None if one is None else str(one.verdict) for one in everywhere])
        return [None if one is None else score(task, one) for one in everywhere]

    reward.__name__ = reward.__qualname__ = name
    reward.__doc__ = (
        f"Return for each completion {description}, and None for other tasks' rows; "
        f"the columns are those of the task {task_name}'s rows."
    )
    return reward


def _own_rows(task: Task, columns: Mapping[str, Any], n: int) -> dict[int, Row]:
    """Return the rows that the task's columns make up, by their index; those of other tasks are left out."""
    if task.COLUMNS[0] not in columns:
        return {}
    for name in task.COLUMNS:
        if name not in columns:
            raise BadRow(f"the dataset has no column {name!r}: make it with 'knk task {task.NAME}'")
        if len(columns[name]) != n:
            raise BadRow(f"expected {n} values of {name!r}, one for each completion, got {len(columns[name])}")
    own = [index for index, value in enumerate(columns[task.COLUMNS[0]]) if value is not None]
    return {index: {name: columns[name][index] for name in task.COLUMNS} for index in own}


def _log_shares(task_name: str, verified: Sequence[_VerifiedCompletion], log: Callable[[str, float], None]) -> None:
    n = len(verified)
    log(f"{task_name}/right", sum(bool(completion.verdict) for completion in verified) / n)
    log(f"{task_name}/answered", sum(completion.verdict.answered for completion in verified) / n)
    log(f"{task_name}/format", sum(completion.has_format for completion in verified) / n)
    log(f"{task_name}/unknown", sum(completion.verdict.correct is None for completion in verified) / n)


_ROW_ERRORS: Final = (BadRow, BadNotation, BadPuzzle, NoSolution, ManySolutions)


def _verdicts(task: Task, texts: list[str], rows: list[Row]) -> list[Verdict]:
    try:
        return task.verify_many(texts, rows)
    except _ROW_ERRORS:
        for row in rows:  # Which row it is: each is broken or whole for any text.
            try:
                task.verify("", row)
            except _ROW_ERRORS as error:
                raise BadRow(f"a row of the task {task.NAME} is broken: {error}; the row: {str(row)[:200]}") from error
        raise


class _LastBatch:
    """The last batch's verdicts of each task, so that several rewards of one batch cost one verification."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: dict[str, tuple[list[str], list[Row], list[Verdict]]] = {}

    def verdicts(self, task: Task, texts: list[str], rows: list[Row]) -> list[Verdict]:
        with self._lock:
            last = self._last.get(task.NAME)
        if last and last[0] == texts and last[1] == rows:
            return last[2]
        verdicts = _verdicts(task, texts, rows)
        # An undecided answer is verified again: a loaded machine, for instance, may have recovered.
        if all(verdict.correct is not None for verdict in verdicts):
            with self._lock:
                self._last[task.NAME] = (texts, rows, verdicts)
        return verdicts


_LAST_BATCH: Final = _LastBatch()
