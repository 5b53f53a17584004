"""A teacher's run: an engine answers the puzzles of a corpus, and the answers are stored."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from knk.errors import BadFile
from knk.files import sha256_of
from knk.inference.engine import Engine
from knk.inference.run import Observer, Summary, collect_answers
from knk.inference.sampling import Sampling
from knk.tasks import kk
from knk.tasks.source import Row


def teach(
    corpus: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    engine: Engine,
    sampling: Sampling,
    *,
    style: str = "paper",
    split: str = "train",
    limit: int | None = None,
    observer: Observer | None = None,
) -> Summary:
    """Have a teacher answer every puzzle of a corpus and store its answers, or resume a run that was interrupted.

    Args:
        corpus: a corpus that `knk.datasets.build` wrote, or a file of rows; see `knk.tasks.kk.rows`.
        folder: where answers are stored; created if it does not exist.
        engine: what answers.
        sampling: how answers are drawn.
        style: the style of the prompts, "paper" or "chat"; see `knk.tasks.format`.
        split: "train", "held-out" or "test".
        limit: the number of puzzles, counted from the first; all if not given.
        observer: receives the progress.

    Raises:
        BadFile: there is no such corpus, file or split.
        BadFolder: the folder holds something else or another run, or another process is using it.
        BadSpec: the engine needs a setting that the sampling does not have.
        ModelFailed: the engine refuses, or has not answered for too long; answers received so far are stored.

    >>> from tempfile import TemporaryDirectory
    >>> from knk.datasets.stream import write
    >>> from knk.generation.spec import Spec
    >>> from knk.teacher.proofs import TraceEngine
    >>> with TemporaryDirectory() as folder:
    ...     write(f"{folder}/puzzles.jsonl", Spec(people=3), 5)
    ...     summary = teach(f"{folder}/puzzles.jsonl", f"{folder}/answers", TraceEngine(), Sampling(n=2), split="test")
    >>> summary.stored, summary.failed
    (10, 0)
    """
    header = {"corpus": corpus_identity(corpus, split), "split": split, "style": style}
    return collect_answers(
        puzzle_rows(corpus, split, limit),
        partial(kk.prompt, style=style),
        folder,
        engine,
        sampling,
        header,
        columns=("puzzle", "people"),
        observer=observer,
    )


def puzzle_rows(corpus: str | os.PathLike[str], split: str, limit: int | None) -> Iterator[Row]:
    """Return an iterator over the first rows of a corpus's split, or of a file.

    Args:
        corpus: a corpus that `knk.datasets.build` wrote, or a file of rows; see `knk.tasks.kk.rows`.
        split: "train", "held-out" or "test".
        limit: the number of rows; all if not given.

    Raises:
        BadFile: there is no such corpus, file or split.
    """
    return islice(kk.rows(split, corpus), limit)


def count_puzzles(corpus: str | os.PathLike[str], split: str, limit: int | None) -> int:
    """Return the number of rows that `puzzle_rows` gives, from the metadata of the files where they have any.

    Args:
        corpus: the corpus or file.
        split: "train", "held-out" or "test".
        limit: the most rows.

    Raises:
        BadFile: there is no such corpus, file or split.
    """
    path = Path(corpus)
    files = _parquet_files(path, split) if path.is_dir() else []
    if path.suffix == ".parquet" and path.is_file() and split == "test":
        files = [path]
    if not files:
        return sum(1 for _ in puzzle_rows(corpus, split, limit))
    import pyarrow.parquet as pq

    count = sum(int(pq.read_metadata(file).num_rows) for file in files)
    return count if limit is None else min(limit, count)


def corpus_identity(corpus: str | os.PathLike[str], split: str) -> dict[str, Any]:
    """Return a corpus's name, and the SHA-256 of its manifest, or else of its files.

    Args:
        corpus: the corpus or file.
        split: "train", "held-out" or "test".

    Raises:
        BadFile: there is no such corpus, file or split.
    """
    path = Path(corpus)
    if path.is_dir():
        manifest = path / "manifest.json"
        files = [manifest] if manifest.is_file() else _parquet_files(path, split)
    else:
        files = [path] if path.is_file() else []
    if not files:
        raise BadFile(
            f"{str(corpus)!r}: no such file, and no folder with a split {_split_folder(split)!r}: "
            "build it with 'knk corpus build'"
        )
    digests = list(map(sha256_of, files))
    sha256 = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    return {"name": path.resolve().name, "sha256": sha256}


def _parquet_files(corpus: Path, split: str) -> list[Path]:
    return sorted((corpus / _split_folder(split)).glob("*.parquet"))


def _split_folder(split: str) -> str:
    return "train" if split == "train" else "test"
