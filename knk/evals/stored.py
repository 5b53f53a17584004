"""Score stored completions of any task: a benchmark's answers, a teacher's answers, or rows of your own."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from knk import tasks
from knk.datasets.files import read
from knk.errors import BadFile, BadRow
from knk.evals.items import benchmark, items
from knk.evals.scoring import ScoredCompletion, judged_texts, read_completions, score_completions, with_lengths
from knk.files import read_json
from knk.inference.store import ANSWERS, HEADER
from knk.tasks import Task
from knk.tasks.format import has_format
from knk.tasks.messages import text_or_nothing
from knk.tasks.source import Row

_COMPLETION: Final = "completion"


@dataclass(frozen=True)
class ScoredFile:
    """The scored completions of a file.

    Args:
        name: the benchmark or the task, as tables name it.
        completions: the scored completions, in the order of the file.
    """

    name: str
    completions: tuple[ScoredCompletion, ...]


def score_file(
    path: str | os.PathLike[str],
    task: str | None = None,
    data: str | os.PathLike[str] | None = None,
    *,
    strict: bool = False,
) -> ScoredFile:
    """Score the completions in a file.

    The file is `answers.jsonl` of a benchmark that `knk bench run` ran, whose items come from the benchmark; or any
    rows with a "completion" and the columns of a task, such as those that `knk teach` writes. Their task is the one
    whose columns they have.

    Args:
        path: a file in JSON lines or Parquet, or the folder that holds an `answers.jsonl`.
        task: the task of the rows, one of `knk.tasks.NAMES`; found by their columns if not given.
        data: for a benchmark's answers, a local file of its items in place of the Hub.
        strict: whether what follows a closed answer is judged too, as in rewards.

    Raises:
        BadFile: there is no such file, or it has no rows.
        BadRow: a row has no completion or belongs to no task; the message has its number.
        BadTask: there is no such task.
        BadSpec: the benchmark of the answers does not exist.
    """
    path = Path(path)
    path = path / ANSWERS if path.is_dir() else path
    if not path.is_file():
        raise BadFile(f"{path}: no such file")
    asked = _benchmark_of(path)
    scored = _score_benchmark(path, asked, data, strict) if asked and not task else _score_rows(path, task, strict)
    if not scored.completions:
        raise BadFile(f"{path}: expected completions, got an empty file")
    return scored


def _benchmark_of(path: Path) -> str | None:
    """Return the benchmark whose answers a file holds, from the header beside it."""
    header = path.parent / HEADER
    name = read_json(header).get("benchmark") if header.is_file() else None
    return name if isinstance(name, str) else None


def _score_benchmark(path: Path, name: str, data: str | os.PathLike[str] | None, strict: bool) -> ScoredFile:
    asked = benchmark(name)
    rows_by_id = {row["id"]: row for row in items(name, data)}
    records = list(read_completions(path))
    for number, record in enumerate(records, 1):
        if record["id"] not in rows_by_id:
            raise BadRow(f"{path}, row {number}: no item {record['id'][:40]!r} in the benchmark {name}")
    rows = [rows_by_id[record["id"]] for record in records]
    completions, samples = ([record[name] for record in records] for name in (_COMPLETION, "sample"))
    scored = score_completions(asked, rows, completions, samples, strict=strict)
    return ScoredFile(asked.heading, tuple(with_lengths(scored, records)))


def _score_rows(path: Path, name: str | None, strict: bool) -> ScoredFile:
    rows = list(_rows(path))
    if not rows:
        return ScoredFile(name or "", ())
    task = tasks.load(name) if name else _task_of(rows[0], path)
    for number, row in enumerate(rows, 1):
        if lacking := [column for column in _columns(task) if column not in row]:
            raise BadRow(f"{path}, row {number}: expected the columns of {task.NAME}, got none named {lacking[0]!r}")
    texts = [text_or_nothing(row[_COMPLETION]) for row in rows]
    verdicts = task.verify_many(judged_texts(texts, strict), rows)
    scored = [
        ScoredCompletion(
            *(row["id"], row["sample"], (), verdict.correct, verdict.answered, has_format(text), verdict.reason)
        )
        for row, text, verdict in zip(rows, texts, verdicts, strict=True)
    ]
    return ScoredFile(task.NAME, tuple(with_lengths(scored, rows)))


def _columns(task: Task) -> tuple[str, ...]:
    """Return the columns without which a row cannot be judged: puzzles are solved, so that their solution may lack."""
    return tuple(column for column in task.COLUMNS if (task.NAME, column) != ("kk", "solution"))


def _rows(path: Path) -> Iterator[Row]:
    """Iterate over the rows of a file, each with an "id" and the index of its sample."""
    samples: Counter[str] = Counter()
    for number, row in enumerate(read(path), 1):
        if row.get(_COMPLETION) is None:
            raise BadRow(f"{path}, row {number}: expected a {_COMPLETION!r}, a string or a list of messages, got none")
        item = row["id"] if isinstance(row.get("id"), str) else _identity(row)
        sample = row["sample"] if type(row.get("sample")) is int else samples[item]
        samples[item] += 1
        yield {**row, "id": item, "sample": sample}


def _identity(row: Mapping[str, Any]) -> str:
    """Return what distinguishes a row's item: all but what belongs to the answer."""
    question = {name: value for name, value in row.items() if name not in (_COMPLETION, "sample")}
    return blake2b(json.dumps(question, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()


def _task_of(row: Row, path: Path) -> Task:
    found = [task for task in map(tasks.load, tasks.NAMES) if all(column in row for column in _columns(task))]
    if len(found) != 1:
        columns = "; ".join(f"{name}: {', '.join(_columns(tasks.load(name)))}" for name in tasks.NAMES)
        what = "several tasks" if found else "no task"
        raise BadRow(f"{path}: the columns are those of {what}: name it with --task, or add its columns ({columns})")
    return found[0]
