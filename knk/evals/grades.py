"""Answers marked: each stored completion with its verdict, a line each in `verdicts.jsonl`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from knk.datasets.files import read, write
from knk.errors import BadFolder, BadRow, ModelFailed
from knk.evals.items import Benchmark
from knk.inference.store import ANSWERS, FAILED
from knk.tasks import hendrycks_math, mmlu_pro
from knk.tasks.format import has_format
from knk.tasks.source import Row, field

VERDICTS: Final = "verdicts.jsonl"
_MANY: Final = 200
"""Answers that are judged at a time, between two looks at the progress bar."""

Readings = Callable[[Sequence[str], Sequence[Row], Sequence[int]], list[bool | None]]


@dataclass(frozen=True)
class Mark:
    """What became of one answer.

    Args:
        item: the item's name, 32 hexadecimal digits.
        sample: the number of the answer.
        groups: the parts of the benchmark that the item is in.
        correct: whether it is right; None where the verifier could not find out.
        answered: whether a whole answer was read.
        has_format: whether it thinks, then answers, and stops; see `knk.tasks.format.has_format`.
        reason: why, in the word of the verdict.
        paper: whether it is right as the paper reads answers, where that is another way.
        tokens: how many tokens it has, if anybody knows.
        finish_reason: why it ends.
        original: which puzzle it is a change of.
    """

    item: str
    sample: int
    groups: tuple[str, ...]
    correct: bool | None
    answered: bool
    has_format: bool
    reason: str
    paper: bool | None = None
    tokens: int | None = None
    finish_reason: str = ""
    original: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {one.name: getattr(self, one.name) for one in fields(self)} | {"groups": list(self.groups)}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Mark:
        """Return what `to_dict` wrote.

        Raises:
            BadRow: it is not such an object.
        """
        try:
            found = cls(**{**row, "groups": tuple(map(str, row["groups"]))})
        except (TypeError, KeyError) as error:
            raise BadRow(f"not an answer's mark: {str(dict(row))[:80]}") from error
        if not isinstance(found.item, str) or type(found.sample) is not int or found.correct not in (True, False, None):
            raise BadRow(f"not an answer's mark: {str(dict(row))[:80]}")
        return found


def _mmlu(completions: Sequence[str], rows: Sequence[Row], samples: Sequence[int]) -> list[bool | None]:
    asked = zip(completions, rows, samples, strict=True)
    return [mmlu_pro.evaluate(completion, row, sample).paper for completion, row, sample in asked]


def _math(completions: Sequence[str], rows: Sequence[Row], samples: Sequence[int]) -> list[bool | None]:
    return hendrycks_math.paper_reading(completions, rows, samples)


PAPERS: Final[Mapping[str, Readings]] = MappingProxyType({"hendrycks_math": _math, "mmlu_pro": _mmlu})
"""How the paper reads an answer, for the tasks where that is not how the task's verifier does."""


def marks_of(
    benchmark: Benchmark, rows: Sequence[Row], completions: Sequence[str], samples: Sequence[int]
) -> list[Mark]:
    """Return the marks of some completions; there is one verifier for each task, and this asks it.

    Args:
        benchmark: the benchmark.
        rows: the item of each completion.
        completions: what a model wrote.
        samples: which of an item's answers each is.
    """
    verdicts = benchmark.loaded_task().verify_many(completions, rows)
    readings = PAPERS.get(benchmark.task)
    papers = readings(completions, rows, samples) if readings else [None] * len(rows)
    return [
        Mark(
            row["id"],
            sample,
            tuple(row["groups"]),
            verdict.correct,
            verdict.answered,
            has_format(completion),
            verdict.reason,
            paper,
            original=row.get("original", ""),
        )
        for row, completion, sample, verdict, paper in zip(rows, completions, samples, verdicts, papers, strict=True)
    ]


def mark(
    benchmark: Benchmark, rows: Sequence[Row], folder: Path, progress: Callable[[int], None] | None = None
) -> list[Mark]:
    """Mark the answers in a benchmark's folder, write the marks beside them, and return them, item by item.

    Args:
        benchmark: the benchmark.
        rows: its items.
        folder: the folder that they were asked into.
        progress: is told how many more answers are marked.

    Raises:
        BadFolder: there is no file of answers, or they are to other items.
        ModelFailed: not one answer was had.
    """
    by_name = {row["id"]: row for row in rows}
    marks: list[Mark] = []
    answers = stored(folder)
    while some := list(islice(answers, _MANY)):
        if any(answer["id"] not in by_name for answer in some):
            raise BadFolder(f"{folder} holds answers to other items")
        found = marks_of(
            benchmark,
            [by_name[answer["id"]] for answer in some],
            [answer["completion"] for answer in some],
            [answer["sample"] for answer in some],
        )
        marks += [_with_length(one, answer) for one, answer in zip(found, some, strict=True)]
        if progress:
            progress(len(some))
    if not marks:
        raise ModelFailed(f"no answer of {benchmark.name} was had: {folder / FAILED} says why")
    places = {name: place for place, name in enumerate(by_name)}
    marks.sort(key=lambda one: (places[one.item], one.sample))
    write(folder / VERDICTS, (one.to_dict() for one in marks))
    return marks


def _with_length(one: Mark, answer: Row) -> Mark:
    tokens, reason = answer.get("completion_tokens"), str(answer.get("finish_reason", ""))
    return replace(one, tokens=tokens if isinstance(tokens, int) else None, finish_reason=reason)


def stored(folder: Path) -> Iterator[Row]:
    """Return an iterator over the answers in a benchmark's folder, as they came.

    Raises:
        BadFolder: there are none, or a line is no answer.
    """
    if not (folder / ANSWERS).is_file():
        raise BadFolder(f"{folder} holds no answers")
    try:
        for answer in read(folder / ANSWERS):
            yield answer | {
                "id": field(answer, "id", str),
                "sample": field(answer, "sample", int),
                "completion": field(answer, "completion", str),
            }
    except BadRow as error:
        raise BadFolder(f"{folder / ANSWERS}: {error}") from error


def marks_in(folder: str | os.PathLike[str]) -> list[Mark]:
    """Return the marks that were written into a benchmark's folder.

    Raises:
        BadFolder: there are none, or the file is broken.
    """
    path = Path(folder) / VERDICTS
    if not path.is_file():
        raise BadFolder(f"{folder} holds no {VERDICTS}: is its run not done?")
    try:
        return [Mark.from_dict(row) for row in read(path)]
    except (BadRow, json.JSONDecodeError) as error:
        raise BadFolder(f"{path}: {error}") from error
