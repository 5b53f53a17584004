"""The section about a corpus or a file of rows: sizes, difficulty, lengths, statement kinds and samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read
from knk.errors import KnkError
from knk.logic.puzzle import Puzzle
from knk.report.charts import bar_chart, histogram
from knk.report.html import Section, facts, folded, quoted, safe, table

MAX_ROWS: Final = 20_000
"""The number of rows that are read of each split."""
_MAX_GRADED: Final = 2_000
_MAX_PEOPLE: Final = 12
_MAX_KINDS: Final = 10
_SAMPLES: Final = 4
_SUFFIXES: Final = (".parquet", ".jsonl", ".jsonl.gz")
_TEXT_COLUMNS: Final = ("text", "quiz", "prompt", "question")


def is_corpus(path: Path) -> bool:
    """Whether a path is a file of rows, or a folder that holds some.

    Args:
        path: the path.
    """
    return bool(_files_by_split(path))


def corpus_section(path: Path) -> Section:
    """Return the section about a corpus.

    Args:
        path: a folder of files of rows, or a single file.
    """
    files = _files_by_split(path)
    rows = [row for paths in files.values() for row in islice(_rows(paths), MAX_ROWS)]
    sizes = {split: sum(map(_row_count, paths)) for split, paths in files.items()}
    total = sum(sizes.values())
    summary = [("rows", f"{total:,}"), ("files", sum(map(len, files.values())))]
    if len(rows) < total:
        summary.append(("charts", f"from the first {MAX_ROWS:,} rows of each split, {len(rows):,} in all"))
    splits = table(["split", "rows"], [[safe(split), f"{size:,}"] for split, size in sizes.items()], (1,))
    return Section(f"Corpus {path.name}", facts(summary) + splits + _charts(rows) + _samples(rows))


def _charts(rows: list[dict[str, Any]]) -> str:
    people = Counter(count for row in rows if (count := _people(row)) is not None)
    grades, kinds = Counter[int](), Counter[str]()
    for row in rows[:: max(1, len(rows) // _MAX_GRADED)]:
        graded = _grade_and_kinds(row)
        if graded:
            grades[graded[0]] += 1
            kinds.update(graded[1])
    lengths = [len(str(text).split()) for row in rows if (text := _text(row))]
    graded_rows = f"grade, of {sum(grades.values()):,} rows"
    charts = [
        bar_chart("Number of people", "people", {str(count): people[count] for count in sorted(people)}),
        bar_chart("Difficulty", graded_rows, {str(grade): grades[grade] for grade in sorted(grades)}),
        bar_chart("Length of questions", "words, from", histogram(lengths)),
        bar_chart("Kinds of statements", "kind of statement", dict(kinds.most_common(_MAX_KINDS))),
    ]
    return f'<div class="figures">{"".join(charts)}</div>'


def _samples(rows: list[dict[str, Any]]) -> str:
    chosen = rows[:: max(1, len(rows) // _SAMPLES)][:_SAMPLES]
    return "<h3>Samples</h3>" + "".join(map(_sample, chosen)) if chosen else ""


def _sample(row: Mapping[str, Any]) -> str:
    parts = [quoted(_text(row) or row)]
    if proof := _proof(row):
        parts.append(folded("proof and answer", quoted(proof)))
    if completion := row.get("completion"):
        parts.append(folded("completion", quoted(completion)))
    return "".join(parts)


def _puzzle(row: Mapping[str, Any]) -> Puzzle | None:
    """The puzzle in a row, if it holds one that is not too large to be explained."""
    from knk.logic.notation import decode

    notation = row.get("puzzle")
    try:
        puzzle = decode(notation) if isinstance(notation, str) else None
    except KnkError:
        return None
    return puzzle if puzzle is not None and len(puzzle.names) <= _MAX_PEOPLE else None


def _grade_and_kinds(row: Mapping[str, Any]) -> tuple[int, set[str]] | None:
    from knk.proofs.difficulty import difficulty

    puzzle = _puzzle(row)
    if puzzle is None:
        return None
    try:
        return difficulty(puzzle).grade, {type(utterance.statement).__name__ for utterance in puzzle.statements}
    except KnkError:
        return None


def _proof(row: Mapping[str, Any]) -> str:
    from knk.proofs.trace import trace
    from knk.text.explain import explain

    puzzle = _puzzle(row)
    try:
        return explain(trace(puzzle)) if puzzle is not None else ""
    except KnkError:
        return ""


def _people(row: Mapping[str, Any]) -> int | None:
    count = row.get("people")
    return count if isinstance(count, int) else None


def _text(row: Mapping[str, Any]) -> Any:
    return next((row[name] for name in _TEXT_COLUMNS if row.get(name)), None)


def _files_by_split(path: Path) -> dict[str, list[Path]]:
    """The files of rows by split: the name of their folder, or the file's own name if it is not in a subfolder."""
    if path.is_file():
        return {path.name: [path]} if path.name.endswith(_SUFFIXES) else {}
    if not path.is_dir():
        return {}
    patterns = [pattern for suffix in _SUFFIXES for pattern in (f"*{suffix}", f"*/*{suffix}")]
    splits: dict[str, list[Path]] = {}
    for file in sorted(file for pattern in patterns for file in path.glob(pattern)):
        splits.setdefault(file.name if file.parent == path else file.parent.name, []).append(file)
    return splits


def _rows(paths: list[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        yield from read(path)


def _row_count(path: Path) -> int:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return int(pq.ParquetFile(path).metadata.num_rows)
    return sum(1 for _ in read(path))
