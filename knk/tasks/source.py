"""The source of a task's rows: a dataset on the Hub by its name and revision, or a local file with the same rows.

Which items are for training depends on the items alone, not on their order: each has an identity, the hash of its
question, and the training items are those whose identities come first. Items with the same question are one item.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Literal, get_args

from knk.datasets.files import read
from knk.errors import BadFile, BadRow

Row = dict[str, Any]
Split = Literal["train", "held-out", "test"]
SPLITS: Final[tuple[str, ...]] = get_args(Split)
"""The items for RLVR; the published test set without them; the published test set as it is."""


@dataclass(frozen=True)
class Source:
    """A dataset on the Hub.

    Args:
        repo: its name.
        revision: the commit to read by default.
        split: its split.
        configs: its configurations, to read one after the other; empty for the only one.
    """

    repo: str
    revision: str
    split: str
    configs: tuple[str, ...] = ()

    def rows(self, data: str | os.PathLike[str] | None = None, revision: str | None = None) -> Iterator[Row]:
        """Return an iterator over the rows as published, from the Hub or from a local file.

        Args:
            data: a local file in JSON lines (`.gz` or not) or Parquet with the same rows; the Hub if not given.
            revision: another commit, branch or tag than this source's own.

        Raises:
            BadFile: the file is missing, or in another format.
        """
        if data is None:
            return self._downloaded(revision or self.revision)
        if not Path(data).is_file():
            raise BadFile(f"{data}: no such file")
        return read(data)

    def _downloaded(self, revision: str) -> Iterator[Row]:
        from datasets import load_dataset

        for config in self.configs or (None,):
            try:
                dataset = load_dataset(self.repo, config, split=self.split, revision=revision)
            except OSError as error:  # The network failed, or there is none and the dataset is not in the cache.
                raise BadFile(
                    f"{self.repo} could not be loaded from the Hub: give a local file with its rows instead (--data)"
                ) from error
            yield from dataset


def row_id(*parts: str) -> str:
    """Return an item's identity, 16 hexadecimal digits, from its question; white space does not count.

    Args:
        parts: the question, in one or more parts.

    >>> row_id("What is  1 + 1?") == row_id("What is 1 + 1? ")
    True
    """
    return blake2b("\0".join(" ".join(part.split()) for part in parts).encode(), digest_size=8).hexdigest()


def training_items(identities: Iterable[str], n: int) -> frozenset[str]:
    """Return the identities to train on: those that come first, with n items together.

    An identity that several items share is skipped if it would exceed n.

    Args:
        identities: the items' identities, in any order.
        n: how many items.

    Raises:
        BadFile: there are fewer items.

    >>> sorted(training_items(["b", "a", "c", "a"], 3))
    ['a', 'b']
    """
    counts = Counter(identities)
    chosen: set[str] = set()
    missing = n
    for item in sorted(counts):
        if counts[item] <= missing:
            chosen.add(item)
            missing -= counts[item]
    if missing:
        raise BadFile(f"there are fewer than {n} items to train on")
    return frozenset(chosen)


def rows_of_split(rows: Iterable[Row], split: str, n: int) -> Iterator[Row]:
    """Return an iterator over the rows of a split of one published set; each row has its identity under "id".

    Args:
        rows: the published rows.
        split: one of `SPLITS`.
        n: how many rows are for training.

    Raises:
        BadFile: there is no such split, or there are fewer than n rows.

    >>> rows = [{"id": letter} for letter in "dcba"]
    >>> (
    ...     [row["id"] for row in rows_of_split(rows, "train", 2)],
    ...     [row["id"] for row in rows_of_split(rows, "held-out", 2)],
    ... )
    (['b', 'a'], ['d', 'c'])
    """
    check_split(split)
    if split == "test":
        yield from rows
        return
    rows = list(rows)
    chosen = training_items((row["id"] for row in rows), n)
    yield from (row for row in rows if (row["id"] in chosen) is (split == "train"))


def converted(rows: Iterable[Row], convert: Callable[[Row], Row], data: str | os.PathLike[str] | None) -> Iterator[Row]:
    """Return an iterator over converted rows; an error about one names the file and the row.

    Args:
        rows: the rows as they were read.
        convert: converts one row.
        data: the file that they come from, None for the Hub.

    Raises:
        BadRow: a row cannot be converted.
    """
    for number, row in enumerate(rows, 1):
        try:
            yield convert(row)
        except BadRow as error:
            raise BadRow(f"{data}, row {number}: {error}" if data is not None else f"row {number}: {error}") from error


def check_split(split: str) -> None:
    """Raise an error unless there is such a split.

    Raises:
        BadFile: there is none.
    """
    if split not in SPLITS:
        raise BadFile(f"unknown split {split!r}: expected one of {', '.join(SPLITS)}")


def field(row: Row, name: str, kind: type | tuple[type, ...]) -> Any:
    """Return a field of a row, which may come from anywhere and so is checked.

    Args:
        row: the row.
        name: the field's name.
        kind: the type or types of its value.

    Raises:
        BadRow: the row has no such field, or it is of another type.

    >>> field({"answer": "B"}, "answer", str)
    'B'
    """
    value = row.get(name)
    if not isinstance(value, kind):
        names = " or ".join(one.__name__ for one in (kind if isinstance(kind, tuple) else (kind,)))
        if name not in row:
            columns = ", ".join(repr(str(column)) for column in list(row)[:12])
            raise BadRow(f"no column {name!r}; the columns are: {columns}")
        raise BadRow(f"expected the column {name!r} as {names}, got {type(value).__name__}")
    return value
