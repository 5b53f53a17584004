"""What all adapters share: a task's rows by its name and options, a row's prompt, and the verdict on a completion."""

from __future__ import annotations

import os
import re
from typing import Any, Final

from knk.answers.verdict import Verdict
from knk.errors import BadTask, NoVerdict
from knk.generation.generate import spec_of
from knk.tasks import load
from knk.tasks.kk import PAPER
from knk.tasks.messages import Completion
from knk.tasks.source import Row

_SPEC_OPTIONS: Final = ("people", "grade")
_RANGE: Final = re.compile(r"[0-9]{1,9}-[0-9]{1,9}")


def rows_of(name: str, split: str, data: str | os.PathLike[str] | None = None, **options: Any) -> list[Row]:
    """Return the rows of a task's split.

    Args:
        name: the task, one of `knk.tasks.NAMES`.
        split: "train", "held-out" or "test".
        data: a local file with the published rows, or for puzzles a corpus.
        options: other options of the task (its `OPTIONS`); None is the same as not given.

    Raises:
        BadTask: there is no such task, or it has no such option.
        BadFile: there is no such split or file.

    >>> [row["people"] for row in rows_of("kk", "held-out", n=2, people=3, seed=7)]
    [3, 3]
    """
    task = load(name)
    given = {option: value for option, value in options.items() if value is not None}
    for option in given:
        if option not in task.OPTIONS:
            raise BadTask(f"the task {name} has no option {option!r}; it has {', '.join(task.OPTIONS)}")
    spec_options = {option: _range(given.pop(option)) for option in _SPEC_OPTIONS if option in given}
    if spec_options and data is not None:
        raise BadTask(
            f"{' and '.join(spec_options)} cannot be used with data ({str(data)!r}), only to generate puzzles"
        )
    if spec_options:
        given["spec"] = spec_of(PAPER, **spec_options)
    if "trained" in given:
        given["train"] = given.pop("trained")
    return list(task.rows(split, data, **given))


def _range(value: Any) -> Any:
    """Return a range as a tuple of its ends; files write it as a list, command lines as "3-7"."""
    if isinstance(value, str) and _RANGE.fullmatch(value):
        return tuple(map(int, value.split("-")))
    return tuple(value) if isinstance(value, list) else value


def chat_prompt(name: str, row: Row) -> str:
    """Return a row's prompt as one message to a chat model, with how to answer.

    >>> chat_prompt("kk", rows_of("kk", "held-out", n=1)[0]).splitlines()[-1][:48]
    'Give the answer as one numbered line a person, s'
    """
    prompt = load(name).prompt(row, "chat")
    return prompt if isinstance(prompt, str) else prompt[-1]["content"]


def verifier_columns(name: str, row: Row) -> Row:
    """Return the columns of a row that the task's verifier reads.

    >>> verifier_columns("kk", rows_of("kk", "held-out", n=1, people=2, seed=1)[0])["solution"]
    [True, False]
    """
    return {column: row[column] for column in load(name).COLUMNS}


def verdict_of(name: str, completion: Completion, row: Row) -> Verdict:
    """Return the task's own verdict on a completion; if the verifier could not decide, it is called once more.

    Args:
        name: the task.
        completion: what a model wrote.
        row: the columns in the task's `COLUMNS`.

    Raises:
        BadTask: there is no such task.
        BadRow: the row is not one of this task.

    >>> str(verdict_of("kk", "Ann is a knave, Bob is a knight.", {"puzzle": "Ann,Bob 0:&(-0,-1)"}))
    'right: -Ann +Bob'
    """
    task = load(name)
    verdict = task.verify(completion, row)
    # The cause, such as a loaded machine, may have passed.
    return task.verify(completion, row) if verdict.correct is None else verdict


def score_of(verdict: Verdict) -> float:
    """Return 1 if the answer is right, else 0, for frameworks that accept nothing but a number.

    Raises:
        NoVerdict: the verifier could not decide.

    >>> score_of(Verdict(False, "no answer"))
    0.0
    """
    if verdict.correct is None:
        raise NoVerdict(f"the verifier could not decide whether an answer is right: {verdict}")
    return float(verdict.correct)
