"""Corpora with small batches: configs, builds that are interrupted, and the rows of a built corpus."""

from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from knk.datasets.build import BuildSettings
from knk.datasets.build import build as build_corpus
from knk.datasets.config import CorpusConfig
from knk.datasets.files import read

build = partial(build_corpus, settings=BuildSettings(batch=1000, searched_batch=60))


MIXED = """
seed: 5
shares: {train: 0.8, validation: 0.1, test: 0.1}
parts:
  - {name: small, people: [3, 5], rows: 700}
  - {name: again, people: 3, rows: 300}
  - {name: hard, preset: rich, depth: 0, people: 4, rows: 60, splits: [test]}
"""


GRADED = """
measures: true
shares: {train: 0.5, test: 0.5}
parts:
  - {name: nested, preset: rich, people: 5, grade: [4, 5], rows: 30}
  - {name: steps, people: [3, 4], target: {steps: [6, 8], suppositions: 1}, rows: 50}
  - {name: hard-test, people: 4, grade: 3, rows: 20, splits: [test]}
  - {name: any, people: 4, rows: 40}
"""


def rows_in(folder: Path, split: str) -> Iterator[dict[str, Any]]:
    for path in sorted((folder / split).glob("*.parquet")):
        yield from read(path)


class Interrupted(BaseException):
    """The end of the process."""


def stop_after(config: CorpusConfig, folder: Path, batches: int) -> Path:
    """Build so many batches, and return the journal's path."""
    done = count(1)

    def stop(_: int) -> None:
        if next(done) == batches:
            raise Interrupted

    with pytest.raises(Interrupted):
        build(config, folder, progress=stop)
    return folder / ".unfinished" / "journal.jsonl"
