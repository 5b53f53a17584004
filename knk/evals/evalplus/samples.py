"""HumanEval+'s problems, and the samples that solve them, in EvalPlus's formats."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from knk.answers.locate import cut_after_answer
from knk.datasets.files import read
from knk.errors import BadFile, BadRow
from knk.tasks import humaneval_plus
from knk.tasks.messages import Completion, text_of
from knk.tasks.source import Row, field

Problems = dict[str, dict[str, Any]]
"""Problems in EvalPlus's format, by their task ids."""
_REQUIRED: Final = ("prompt", "contract", "canonical_solution", "base_input", "plus_input", "atol", "entry_point")


@dataclass(frozen=True)
class Sample:
    """A program that should solve a problem.

    Args:
        task_id: the problem, such as "HumanEval/0".
        solution: the program's complete source.
    """

    task_id: str
    solution: str


def read_problems(data: str | os.PathLike[str]) -> Problems:
    """Return the problems in a file of EvalPlus's format, by their task ids.

    Args:
        data: the file, such as `HumanEvalPlus.jsonl.gz`.

    Raises:
        BadFile: the file does not exist, or has another format.
        BadRow: a row is not a problem.
    """
    if not Path(data).is_file():
        raise BadFile(f"{data}: no such file; EvalPlus's release has HumanEvalPlus.jsonl.gz")
    problems = {field(row, "task_id", str): row for row in read(data)}
    for name, row in problems.items():
        missing = [column for column in _REQUIRED if column not in row]
        if missing:
            raise BadRow(f"{name}: not a problem in EvalPlus's format, missing {', '.join(missing)}")
    return problems


def read_samples(path: str | os.PathLike[str], problems: Problems) -> list[Sample]:
    """Return the samples in a file of EvalPlus's format: a "task_id", and a "solution" or the prompt's "completion".

    Args:
        path: a file that ends in `.jsonl`.
        problems: the problems, from `read_problems`.

    Raises:
        BadFile: the file does not exist, or has another format.
        BadRow: a row is not a sample, or its problem is unknown.
    """
    if not Path(path).is_file():
        raise BadFile(f"{path}: no such file")
    return [_sample(row, problems) for row in read(path)]


def _sample(row: Mapping[str, Any], problems: Problems) -> Sample:
    name = field(dict(row), "task_id", str)
    if name not in problems:
        raise BadRow(f"unknown problem {name!r} of a sample")
    if "solution" in row:
        return Sample(name, field(dict(row), "solution", str))
    return Sample(name, problems[name]["prompt"] + field(dict(row), "completion", str))


def sample_of(completion: Completion, row: Row) -> Sample:
    """Return the sample in a completion of the library's own prompt: the program in its first closed answer.

    Args:
        completion: what a model wrote.
        row: a row of `knk.tasks.humaneval_plus.rows`.

    Raises:
        BadRow: the row does not belong to that task.
        BadCompletion: the completion is neither a string nor a message with text.
    """
    return Sample(field(row, "task_id", str), humaneval_plus.source_of(cut_after_answer(text_of(completion)), row))


def completion_of(solution: str) -> str:
    """Return a completion that gives a program as its answer, as the library's verifier reads it.

    >>> completion_of("x = 1")
    '</think><answer>\\n```python\\nx = 1\\n```\\n</answer>'
    """
    return f"</think><answer>\n```python\n{solution}\n```\n</answer>"


def held_out_tasks(data: str | os.PathLike[str]) -> frozenset[str]:
    """Return the task ids of the problems that the library does not train on: 114 of HumanEval+'s 164.

    Args:
        data: the file of problems.

    Raises:
        BadFile: the file has too few problems.
    """
    return frozenset(row["task_id"] for row in humaneval_plus.rows("held-out", data))
