"""Where a task's rows come from: a dataset on the Hub by its name and revision, or a local file with the same rows.

Which items are trained on is a function of the items themselves, not of their order: each has an identity, the hash of
what it asks, and the training items are those whose identities come first. Items that ask the same are one item.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read
from knk.errors import BadFile, BadRow

Row = dict[str, Any]
SPLITS: Final = ("train", "held-out", "test")
"""The items of RLVR; those of the published test set that are not among them; the published test set as it is."""


@dataclass(frozen=True)
class Source:
    """A dataset on the Hub.

    Args:
        repo: its name.
        revision: the commit that is read unless another is asked for.
        split: its split.
        configs: its configurations, read one after the other; the only one if none is named.
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
            BadFile: the file is not of these formats, or not there.
        """
        if data is None:
            return self._downloaded(revision or self.revision)
        if not Path(data).is_file():
            raise BadFile(f"there is no file {str(data)!r}")
        return read(data)

    def _downloaded(self, revision: str) -> Iterator[Row]:
        from datasets import load_dataset

        for config in self.configs or (None,):
            try:
                found = load_dataset(self.repo, config, split=self.split, revision=revision)
            except OSError as error:  # What is wrong with the network, and what is not in the cache without one.
                raise BadFile(
                    f"{self.repo} cannot be had from the Hub: a local file with its rows does as well (--data)"
                ) from error
            yield from found


def identity(*parts: str) -> str:
    """Return an item's identity, 16 hexadecimal digits, from what it asks; white space does not count.

    >>> identity("What is  1 + 1?") == identity("What is 1 + 1? ")
    True
    """
    return blake2b("\0".join(" ".join(part.split()) for part in parts).encode(), digest_size=8).hexdigest()


def training_items(identities: Iterable[str], n: int) -> frozenset[str]:
    """Return the identities to train on: those that come first, as many as together make up n items.

    An identity that several items share is passed over where it would make them more.

    Args:
        identities: the items' identities, in any order.
        n: how many items.

    Raises:
        BadFile: there are fewer items.

    >>> sorted(training_items(["b", "a", "c", "a"], 3))
    ['a', 'b']
    """
    times: dict[str, int] = {}
    for one in identities:
        times[one] = times.get(one, 0) + 1
    chosen: set[str] = set()
    left = n
    for one in sorted(times):
        if times[one] <= left:
            chosen.add(one)
            left -= times[one]
    if left:
        raise BadFile(f"there are not {n} items to train on")
    return frozenset(chosen)


def of_split(rows: Iterable[Row], split: str, n: int) -> Iterator[Row]:
    """Return an iterator over the rows of a split of one published set; each row has its identity under "id".

    Args:
        rows: the published rows.
        split: one of `SPLITS`.
        n: how many rows are trained on.

    Raises:
        BadFile: there is no such split, or there are not n rows.

    >>> rows = [{"id": letter} for letter in "dcba"]
    >>> [row["id"] for row in of_split(rows, "train", 2)], [row["id"] for row in of_split(rows, "held-out", 2)]
    (['b', 'a'], ['d', 'c'])
    """
    check_split(split)
    if split == "test":
        yield from rows
        return
    rows = list(rows)
    trained = training_items((row["id"] for row in rows), n)
    yield from (row for row in rows if (row["id"] in trained) is (split == "train"))


def check_split(split: str) -> None:
    """See that there is such a split.

    Raises:
        BadFile: there is none.
    """
    if split not in SPLITS:
        raise BadFile(f"there is no split {split!r}; there are {', '.join(SPLITS)}")


def field(row: Row, name: str, kind: type | tuple[type, ...]) -> Any:
    """Return a field of a row, which comes from outside and may be anything.

    Raises:
        BadRow: the row has no such field, or it is of another type.

    >>> field({"answer": "B"}, "answer", str)
    'B'
    """
    value = row.get(name)
    if not isinstance(value, kind):
        raise BadRow(f"a row has no {name!r}, or not of the type wanted; it has {', '.join(map(str, list(row)[:12]))}")
    return value
