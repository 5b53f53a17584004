"""Writing the rows for SFT: Parquet files, the answers that were left out, and a manifest."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final

from knk.datasets.files import split_readme
from knk.datasets.manifest import MANIFEST, README, File, Manifest
from knk.errors import BadFolder
from knk.files import read_json, sha256_of, whole_file
from knk.inference.store import ANSWERS, HEADER
from knk.tasks.source import Row
from knk.teacher.sft.policy import Policy
from knk.teacher.sft.report import Report
from knk.teacher.sft.verified import verified_answers
from knk.teacher.tokens import text_counter
from knk.version import __version__

DROPPED: Final = "dropped.jsonl"
_ROWS_PER_FILE: Final = 2_000


def write_sft(
    answers: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    policy: Policy | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Write the rows of a folder of answers, and return what became of the answers.

    Args:
        answers: the folder that `knk teach` wrote.
        folder: the folder for the rows; it must not exist, or be empty.
        policy: which answers become rows; by default all that are whole and hold an answer.
        progress: is called with the number of answers processed since the last call.

    Raises:
        BadFolder: there are no answers, or the folder for the rows is not empty.
        BadFile: the answers, or the settings of their run, are not JSON.
        BadRow: an answer lacks a field, or has one of the wrong type.
    """
    source, folder, policy = Path(answers), Path(folder), policy or Policy()
    if not source.exists():
        raise BadFolder(f"{source}: no such folder")
    if not (source / ANSWERS).is_file():
        raise BadFolder(f"{source} has no {ANSWERS}: expected a folder written by 'knk teach'")
    if folder.exists() and any(folder.iterdir()):
        raise BadFolder(f"{folder} is not empty: choose another folder or remove it")
    # Read before anything is written, so that an error leaves nothing behind.
    teacher = read_json(source / HEADER) if (source / HEADER).is_file() else {}
    report = Report()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        files = _write_rows(source / ANSWERS, folder, policy, report, progress or (lambda _: None))
    except BaseException:
        shutil.rmtree(folder / "train", ignore_errors=True)
        raise
    _write_manifest(folder, source, teacher, policy, report, files)
    return report


def _write_rows(
    path: Path, folder: Path, policy: Policy, report: Report, progress: Callable[[int], None]
) -> list[File]:
    with whole_file(folder / DROPPED) as dropped:
        rows = _select_rows(path, policy, report, dropped, progress)
        return [_write_part(folder, number, batch) for number, batch in enumerate(_batches(rows, _ROWS_PER_FILE))]


def _select_rows(
    path: Path, policy: Policy, report: Report, dropped: IO[bytes], progress: Callable[[int], None]
) -> Iterator[Row]:
    """Return an iterator over the rows that the policy keeps; the others go to the file of dropped answers."""
    count_tokens = text_counter(policy.tokenizer) if policy.tokenizer else None
    rows_of_puzzle: Counter[str] = Counter()
    for answer in verified_answers(path, policy.style, count_tokens):
        row = answer.row
        report.add_answer(answer)
        reason = policy.drop_reason(answer, rows_of_puzzle[row["id"]], count_tokens)
        progress(1)
        if reason is not None:
            report.dropped[reason] += 1
            entry = {"id": row["id"], "sample": row["sample"], "reason": reason}
            dropped.write(json.dumps(entry).encode() + b"\n")
            continue
        rows_of_puzzle[row["id"]] += 1
        report.add_row(row)
        yield row


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _write_part(folder: Path, number: int, rows: Sequence[Row]) -> File:
    """Write a file of rows and return its entry for the manifest."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    arrays = {name: pa.array(values, _arrow_types().get(name)) for name, values in columns.items()}
    pq.write_table(pa.table(arrays), buffer, compression="zstd")
    path = folder / "train" / f"part-{number:05}.parquet"
    path.parent.mkdir(exist_ok=True)
    with whole_file(path) as file:
        file.write(buffer.getbuffer())
    sha256 = hashlib.sha256(buffer.getbuffer()).hexdigest()
    return File(f"train/{path.name}", "train", "part", len(rows), sha256)


def _arrow_types() -> dict[str, Any]:
    import pyarrow as pa

    return {"sample": pa.int32(), "people": pa.int32(), "tokens": pa.int64()}


def _write_manifest(
    folder: Path,
    source: Path,
    teacher: Mapping[str, Any],
    policy: Policy,
    report: Report,
    files: Sequence[File],
) -> None:
    about = {
        "version": __version__,
        "answers": sha256_of(source / ANSWERS),
        "policy": asdict(policy),
        "teacher": teacher,
        "report": report.to_dict(),
    }
    readme = split_readme(["train"], "Chains of thought", f"{report.kept} rows. `{MANIFEST}` says how they were made.")
    with whole_file(folder / README) as file:
        file.write(readme.encode())
    Manifest(about, tuple(files)).write(folder)
