"""Score stored completions by a task's verifier: one line per completion in `verdicts.jsonl`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from knk.answers.locate import cut_after_answer
from knk.datasets.files import read, write
from knk.errors import BadFolder, BadRow, ModelFailed
from knk.evals.items import Benchmark
from knk.inference.completions import completion_text
from knk.inference.store import ANSWERS, FAILED
from knk.tasks.format import has_format
from knk.tasks.source import Row, field

VERDICTS: Final = "verdicts.jsonl"
_BATCH: Final = 200
"""Completions that are verified between two progress updates."""


@dataclass(frozen=True)
class ScoredCompletion:
    """A completion's verdict, format and length.

    Args:
        item: the item's id, 32 hexadecimal digits.
        sample: the index of the completion among the item's samples.
        groups: the parts of the benchmark that the item belongs to.
        correct: whether the answer is right; None if the verifier could not decide.
        answered: whether the completion holds a complete answer.
        has_format: whether it thinks, answers, and stops; see `knk.tasks.format.has_format`.
        reason: the verdict's reason.
        paper_correct: whether the answer is right as the paper reads answers; None if that is the same reading.
        tokens: the number of tokens, if known.
        finish_reason: why generation ended.
        original: the puzzle that the item is a change of.
    """

    item: str
    sample: int
    groups: tuple[str, ...]
    correct: bool | None
    answered: bool
    has_format: bool
    reason: str
    paper_correct: bool | None = None
    tokens: int | None = None
    finish_reason: str = ""
    original: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return {member.name: getattr(self, member.name) for member in fields(self)} | {"groups": list(self.groups)}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> ScoredCompletion:
        """Return the value that `to_dict` wrote.

        Raises:
            BadRow: the object has other fields.
        """
        message = f"not a scored completion: {str(dict(row))[:80]}"
        try:
            scored = cls(**{**row, "groups": tuple(map(str, row["groups"]))})
        except (TypeError, KeyError) as error:
            raise BadRow(message) from error
        if not isinstance(scored.item, str) or type(scored.sample) is not int:
            raise BadRow(message)
        if scored.correct not in (True, False, None):
            raise BadRow(message)
        return scored


def score_completions(
    benchmark: Benchmark,
    rows: Sequence[Row],
    completions: Sequence[str],
    samples: Sequence[int],
    *,
    strict: bool = False,
) -> list[ScoredCompletion]:
    """Score completions by the verifier of the benchmark's task.

    The format and the paper's reading are always those of whole completions.

    Args:
        benchmark: the benchmark.
        rows: the item of each completion.
        completions: what a model wrote.
        samples: the index of each completion among its item's samples.
        strict: whether what follows a closed answer is judged too, as in rewards; see
            `knk.answers.locate.cut_after_answer`.
    """
    verdicts = benchmark.task.verify_many(judged_texts(completions, strict), rows)
    read_as_paper = benchmark.entry.paper_reading
    paper = read_as_paper(completions, rows, samples) if read_as_paper else [None] * len(rows)
    return [
        ScoredCompletion(
            row["id"],
            sample,
            tuple(row["groups"]),
            verdict.correct,
            verdict.answered,
            has_format(completion),
            verdict.reason,
            paper_correct,
            original=row.get("original", ""),
        )
        for row, completion, sample, verdict, paper_correct in zip(
            rows, completions, samples, verdicts, paper, strict=True
        )
    ]


def judged_texts(completions: Sequence[str], strict: bool) -> Sequence[str]:
    """Return the part of each completion that the verifier judges: up to the first closed answer, or all if strict."""
    return completions if strict else [cut_after_answer(completion) for completion in completions]


def score_folder(
    benchmark: Benchmark, rows: Sequence[Row], folder: Path, progress: Callable[[int], None] | None = None
) -> list[ScoredCompletion]:
    """Score the completions in a benchmark's folder, write the verdicts beside them, and return them by item.

    Args:
        benchmark: the benchmark.
        rows: its items.
        folder: the folder of the completions.
        progress: called with the number of newly scored completions.

    Raises:
        BadFolder: there is no file of completions, or they belong to other items.
        ModelFailed: there is not one completion.
    """
    rows_by_id = {row["id"]: row for row in rows}
    scored: list[ScoredCompletion] = []
    stored = stored_completions(folder)
    while batch := list(islice(stored, _BATCH)):
        if any(record["id"] not in rows_by_id for record in batch):
            raise BadFolder(f"{folder} holds answers to other items")
        verdicts = score_completions(
            benchmark,
            [rows_by_id[record["id"]] for record in batch],
            [record["completion"] for record in batch],
            [record["sample"] for record in batch],
        )
        scored += with_lengths(verdicts, batch)
        if progress:
            progress(len(batch))
    if not scored:
        raise ModelFailed(f"no completions for {benchmark.name}: see {folder / FAILED}")
    positions = {item: position for position, item in enumerate(rows_by_id)}
    scored.sort(key=lambda completion: (positions[completion.item], completion.sample))
    write(folder / VERDICTS, (completion.to_dict() for completion in scored))
    return scored


def with_lengths(scored: Sequence[ScoredCompletion], records: Sequence[Row]) -> list[ScoredCompletion]:
    """Return scored completions with the length and the end of generation that their records have.

    Args:
        scored: the scored completions.
        records: the record of each.
    """
    return [_with_length(completion, record) for completion, record in zip(scored, records, strict=True)]


def _with_length(scored: ScoredCompletion, record: Row) -> ScoredCompletion:
    tokens, finish_reason = record.get("completion_tokens"), str(record.get("finish_reason", ""))
    return replace(scored, tokens=tokens if isinstance(tokens, int) else None, finish_reason=finish_reason)


def stored_completions(folder: Path) -> Iterator[Row]:
    """Return an iterator over the records in a benchmark's `answers.jsonl`, in the order of their arrival.

    "completion" is what the model wrote, with what a server took out of it: see `knk.inference.completions`.

    Raises:
        BadFolder: there is no such file, or a line is not a record of a completion.
    """
    if not (folder / ANSWERS).is_file():
        raise BadFolder(f"{folder} has no {ANSWERS}")
    return read_completions(folder / ANSWERS)


def read_completions(path: Path) -> Iterator[Row]:
    """Return an iterator over the records of completions in a file, in its order.

    Raises:
        BadFolder: a line is not a record of a completion.
    """
    try:
        for record in read(path):
            yield record | {
                "id": field(record, "id", str),
                "sample": field(record, "sample", int),
                "completion": completion_text(record),
            }
    except BadRow as error:
        raise BadFolder(f"{path}: {error}") from error


def read_scored(folder: str | os.PathLike[str]) -> list[ScoredCompletion]:
    """Return the scored completions in a benchmark's folder.

    Raises:
        BadFolder: there is no `verdicts.jsonl`, or it is broken.
    """
    path = Path(folder) / VERDICTS
    if not path.is_file():
        raise BadFolder(f"{folder} has no {VERDICTS}: finish its run with the same 'knk bench run' command")
    try:
        return [ScoredCompletion.from_dict(row) for row in read(path)]
    except (BadRow, json.JSONDecodeError) as error:
        raise BadFolder(f"{path}: {error}") from error
