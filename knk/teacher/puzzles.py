"""The puzzles of a run: a corpus's rows, how many there are, and what tells the corpus from others."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from knk.errors import BadFile
from knk.files import sha256_of
from knk.tasks import kk
from knk.tasks.source import Row


def rows_of(corpus: str | os.PathLike[str], split: str, limit: int | None) -> Iterator[Row]:
    """Return an iterator over the first rows of a corpus's split, or of a file.

    Args:
        corpus: a corpus that `knk.datasets.build` made, or a file of rows; see `knk.tasks.kk.rows`.
        split: "train", "held-out" or "test".
        limit: how many rows; all if not given.

    Raises:
        BadFile: there is no such corpus, file or split.
    """
    return islice(kk.rows(split, corpus), limit)


def corpus_identity(corpus: str | os.PathLike[str], split: str) -> dict[str, Any]:
    """Return a corpus's name and the SHA-256 that tells it from others: its manifest's, or its files' or file's.

    Raises:
        BadFile: there is no such corpus, file or split.
    """
    path = Path(corpus)
    if path.is_dir():
        manifest = path / "manifest.json"
        files = [manifest] if manifest.is_file() else sorted((path / _folder(split)).glob("*.parquet"))
    else:
        files = [path] if path.is_file() else []
    if not files:
        raise BadFile(f"there is no file, and no folder with a {_folder(split)!r}, at {str(corpus)!r}")
    digests = list(map(sha256_of, files))
    whole = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    return {"name": path.resolve().name, "sha256": whole}


def _folder(split: str) -> str:
    return "train" if split == "train" else "test"


def how_many(corpus: str | os.PathLike[str], split: str, limit: int | None) -> int:
    """Return how many rows there are to ask; those of a file are read for it unless it says so itself.

    Raises:
        BadFile: there is no such corpus, file or split.
    """
    path = Path(corpus)
    files = sorted((path / _folder(split)).glob("*.parquet")) if path.is_dir() else []
    if path.suffix == ".parquet" and path.is_file() and split == "test":
        files = [path]
    if not files:
        return sum(1 for _ in rows_of(corpus, split, limit))
    import pyarrow.parquet as pq

    count = sum(int(pq.read_metadata(file).num_rows) for file in files)
    return count if limit is None else min(limit, count)
