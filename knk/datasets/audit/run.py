"""Audits: find faulty rows, duplicates, and test rows that are also in train, in any dataset of puzzles.

The puzzles may come from this library or another. In each row the puzzle is read from `PUZZLE_COLUMN`, or else from
`TEXT_COLUMNS`, and the stored answers from `ANSWER_COLUMNS` (`knk.datasets.audit.sources`). Rows are streamed; what is
kept of each is a 64-bit fingerprint for each level of sameness (`knk.datasets.audit.sameness`). Among a million rows,
two different ones have the same fingerprint in fewer than one of a million audits.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import combinations, islice
from typing import Final

from knk.datasets.audit.matches import duplicates, leaks, quotes
from knk.datasets.audit.parts import Part
from knk.datasets.audit.report import Audit, Leak
from knk.datasets.audit.sources import Sources, files_by_split, files_of_both
from knk.parallel.executors import open_executor

SINGLE_PROCESS_ROWS: Final = 2000
"""Up to this many rows, one process is faster: more take longer to start than to work."""


def audit(
    a: str | os.PathLike[str],
    b: str | os.PathLike[str] | None = None,
    progress: Callable[[int], None] | None = None,
    processes: int | None = 1,
    executor: str = "local",
    single_process_rows: int = SINGLE_PROCESS_ROWS,
) -> Audit:
    """Audit a dataset, or two datasets and what they share.

    A dataset is a Parquet or JSON lines file, a folder of these, or a name on the Hugging Face Hub. A single dataset is
    audited split by split: a file belongs to the split that its path mentions last. Two datasets are each audited as a
    whole.

    Args:
        a: a dataset.
        b: another; rows of it that are also in the first are leaks.
        progress: called with the number of rows checked since it was called last.
        processes: how many processes check rows, None for one per core; a script that asks for more than one has to
            guard its start with `if __name__ == "__main__"`.
        executor: what runs the jobs, "local" or "ray"; see `knk.parallel.executors.open_executor`.
        single_process_rows: up to how many rows this process alone checks them.

    Raises:
        BadFile: there is no such dataset, or a file of it cannot be read as rows.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "rows.jsonl")
    ...     _ = path.write_text('{"puzzle": "Ann,Bob 0:&(-0,-1)", "solution": [true, true]}')
    ...     result = audit(path)
    >>> [(fault.name, fault.count) for fault in result.parts[0].faults if fault.count]
    [('wrong answer', 1)]
    """
    sources = files_by_split(a) if b is None else files_of_both(a, b)
    parts = [Part(name, files) for name, files in sources.items()]
    if _has_at_most(sources, single_process_rows):
        processes, executor = 1, "local"
    with open_executor(processes, executor) as (pool, workers):
        for part in parts:
            part.read(pool, 1 if workers == 1 else 4 * workers, progress or _no_progress)
    return _compared(parts)


def _compared(parts: list[Part]) -> Audit:
    """Return the audit of parts that were read: their reports, and the leaks between them."""
    pairs = list(combinations(parts, 2))
    repeated = [duplicates(part) for part in parts]
    leaked = [leaks(source, target) for source, target in pairs]
    texts = quotes(parts, [match for group in (*repeated, *leaked) for match in group])
    return Audit(
        tuple(
            part.report([match.finding(texts) for match in matches])
            for part, matches in zip(parts, repeated, strict=True)
        ),
        tuple(
            Leak(source.name, target.name, tuple(match.finding(texts) for match in matches))
            for (source, target), matches in zip(pairs, leaked, strict=True)
        ),
    )


def _has_at_most(sources: Sources, count: int) -> bool:
    """Whether the files have at most so many rows."""
    rows = (row for files in sources.values() for file in files for row in file.read())
    return sum(1 for _ in islice(rows, count + 1)) <= count


def _no_progress(rows: int) -> None:
    """Ignore progress."""
