"""What all adapters do: a task's rows by its name and options, what a row asks, and the verdict on a reply."""

from __future__ import annotations

import os
import re
from typing import Any, Final

from knk.answers.verdict import Verdict
from knk.errors import BadTask, NoVerdict
from knk.generation.generate import spec_of
from knk.tasks import load
from knk.tasks.format import Completion, text_of
from knk.tasks.kk import PAPER
from knk.tasks.source import Row

_MADE: Final = ("people", "grade")
_WRITTEN: Final = re.compile(r"[0-9]{1,9}-[0-9]{1,9}")


def rows_of(name: str, split: str, data: str | os.PathLike[str] | None = None, **options: Any) -> list[Row]:
    """Return the rows of a task's split.

    Args:
        name: the task, one of `knk.tasks.NAMES`.
        split: "train", "held-out" or "test".
        data: a local file with the published rows, or of puzzles a corpus.
        options: what else the task may be asked for (its `OPTIONS`); None is the same as not given.

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
    wanted = {option: _range(given.pop(option)) for option in _MADE if option in given}
    if wanted and data is not None:
        raise BadTask(f"{' and '.join(wanted)} are for puzzles made to order, not for those in {str(data)!r}")
    if wanted:
        given["spec"] = spec_of(PAPER, **wanted)
    if "trained" in given:
        given["train"] = given.pop("trained")
    return list(task.rows(split, data, **given))


def _range(value: Any) -> Any:
    """Return the least and the most of a range, which files write as a list and command lines as in "3-7"."""
    if isinstance(value, str) and _WRITTEN.fullmatch(value):
        return tuple(map(int, value.split("-")))
    return tuple(value) if isinstance(value, list) else value


def asked(name: str, row: Row) -> str:
    """Return what a row asks as one message to a chat model, how to answer included.

    >>> asked("kk", rows_of("kk", "held-out", n=1)[0]).splitlines()[-1][:48]
    'Give the answer as one numbered line a person, s'
    """
    return text_of(load(name).prompt(row, "chat"))


def looked_at(name: str, row: Row) -> Row:
    """Return the columns of a row that the task's verifier looks at.

    >>> looked_at("kk", rows_of("kk", "held-out", n=1, people=2, seed=1)[0])["solution"]
    [True, False]
    """
    return {column: row[column] for column in load(name).COLUMNS}


def verdict_of(name: str, completion: Completion, row: Row) -> Verdict:
    """Return the task's own verdict on a completion; one that could not be found out is asked for once more.

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
    # What was in the way, a machine under load for instance, may have passed.
    return task.verify(completion, row) if verdict.correct is None else verdict


def score_of(verdict: Verdict) -> float:
    """Return 1 for right and 0 for all else, for frameworks that take nothing but a number.

    Raises:
        NoVerdict: the verifier could not find out, of which no number is made.

    >>> score_of(Verdict(False, "no answer"))
    0.0
    """
    if verdict.correct is None:
        raise NoVerdict(f"the verifier could not find out whether an answer is right: {verdict}")
    return float(verdict.correct)
