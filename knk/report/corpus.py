"""A corpus or a file of rows: how many, how hard, how long, and what they look like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read
from knk.errors import KnkError
from knk.logic.puzzle import Puzzle
from knk.report.charts import bars, histogram
from knk.report.html import Section, facts, folded, quoted, safe, table

MOST: Final = 20_000
"""Rows that are looked at; of more, the first so many of each file."""
_GRADED: Final = 2_000
_SAMPLES: Final = 4
_ENDS: Final = (".parquet", ".jsonl", ".jsonl.gz")
_TEXTS: Final = ("text", "quiz", "prompt", "question")


def is_corpus(path: Path) -> bool:
    """Whether a path is a file of rows, or a folder that holds some.

    Args:
        path: the path.
    """
    return bool(_files(path))


def corpus_section(path: Path) -> Section:
    """Return the part of a page about a corpus.

    Args:
        path: a folder of files of rows, or one file.
    """
    files = _files(path)
    looked_at = {name: list(islice(_rows(paths), MOST)) for name, paths in files.items()}
    sizes = {name: sum(map(_size, paths)) for name, paths in files.items()}
    rows = [row for found in looked_at.values() for row in found]
    whole = sum(sizes.values())
    told = [("rows", f"{whole:,}"), ("files", sum(map(len, files.values())))]
    if len(rows) < whole:
        told.append(("looked at", f"the first {MOST:,} rows of each split, {len(rows):,} in all"))
    splits = table(["split", "rows"], [[safe(name), f"{size:,}"] for name, size in sizes.items()], (1,))
    return Section(f"Corpus {path.name}", facts(told) + splits + _charts(rows) + _samples(rows))


def _charts(rows: list[dict[str, Any]]) -> str:
    people = Counter(count for row in rows if (count := _people(row)) is not None)
    grades, kinds = Counter[int](), Counter[str]()
    for row in rows[:: max(1, len(rows) // _GRADED)]:
        graded = _graded(row)
        if graded:
            grades[graded[0]] += 1
            kinds.update(graded[1])
    lengths = [len(str(text).split()) for row in rows if (text := _text(row))]
    charts = [
        bars("How many people", "people", {str(count): people[count] for count in sorted(people)}),
        bars("How hard", f"grade, of {sum(grades.values()):,} rows", {str(one): grades[one] for one in sorted(grades)}),
        bars("How long", "words of the question, from", histogram(lengths)),
        bars("What is said", "kind of statement", dict(kinds.most_common(10))),
    ]
    return f'<div class="figures">{"".join(charts)}</div>'


def _samples(rows: list[dict[str, Any]]) -> str:
    chosen = rows[:: max(1, len(rows) // _SAMPLES)][:_SAMPLES]
    return "<h3>Samples</h3>" + "".join(_sample(row) for row in chosen) if chosen else ""


def _sample(row: Mapping[str, Any]) -> str:
    text = _text(row)
    shown = quoted(text) if text else quoted(row)
    proof = _proof(row)
    more = folded("its proof and answer", quoted(proof)) if proof else ""
    answer = row.get("completion")
    return shown + more + (folded("completion", quoted(answer)) if answer else "")


def _puzzle(row: Mapping[str, Any]) -> Puzzle | None:
    from knk.logic.notation import decode

    notation = row.get("puzzle")
    try:
        return decode(notation) if isinstance(notation, str) else None
    except KnkError:
        return None


def _graded(row: Mapping[str, Any]) -> tuple[int, set[str]] | None:
    from knk.proofs.difficulty import difficulty

    puzzle = _puzzle(row)
    if puzzle is None or len(puzzle.names) > 12:
        return None
    try:
        return difficulty(puzzle).grade, {type(said.statement).__name__ for said in puzzle.statements}
    except KnkError:
        return None


def _proof(row: Mapping[str, Any]) -> str:
    from knk.proofs.trace import trace
    from knk.text.explain import explain

    puzzle = _puzzle(row)
    try:
        return explain(trace(puzzle)) if puzzle is not None and len(puzzle.names) <= 12 else ""
    except KnkError:
        return ""


def _people(row: Mapping[str, Any]) -> int | None:
    count = row.get("people")
    return count if isinstance(count, int) else None


def _text(row: Mapping[str, Any]) -> Any:
    return next((row[name] for name in _TEXTS if row.get(name)), None)


def _files(path: Path) -> dict[str, list[Path]]:
    """The files of rows by split: the folder that they are in, or the file's own name."""
    if path.is_file():
        return {path.name: [path]} if path.name.endswith(_ENDS) else {}
    if not path.is_dir():
        return {}
    found: dict[str, list[Path]] = {}
    for one in sorted(file for end in _ENDS for pattern in (f"*{end}", f"*/*{end}") for file in path.glob(pattern)):
        found.setdefault(one.name if one.parent == path else one.parent.name, []).append(one)
    return found


def _rows(paths: list[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        yield from read(path)


def _size(path: Path) -> int:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return int(pq.ParquetFile(path).metadata.num_rows)
    return sum(1 for _ in read(path))
