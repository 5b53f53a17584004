"""The benchmarks and their items; each item has an id that distinguishes it from all others.

| benchmark | what it asks | items |
|---|---|---|
| `knk` | puzzles of 3 to 8 people, 90 of each size | the public test set |
| `knk_grades` | puzzles of eight people, 60 of each grade | the public test set |
| `knk_perturbed` | 50 puzzles, each as it is and changed in six ways | the public test set |
| `math500` | MATH-500 | the Hub, or a file |
| `mmlu_pro` | MMLU-Pro without the items that RLVR trains on | the Hub, or a file |
| `humaneval_plus` | HumanEval+, all 164; a group for those that RLVR does not train on | the Hub, or a file |

The table is built from the `BENCHMARKS` of each task: a new benchmark is an entry in its task's module.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from knk import tasks
from knk.datasets.files import read
from knk.errors import BadSpec
from knk.tasks import Task
from knk.tasks.benchmark import BenchmarkEntry
from knk.tasks.format import Prompt
from knk.tasks.source import Row, field

LocalFiles = Mapping[str, str | os.PathLike[str]]
"""Local files to read in place of the Hub, by the benchmarks' names."""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark and the task that it belongs to.

    Args:
        task: the task, which prompts and verifies.
        entry: the task's entry for the benchmark: its items, and how its scores are reported.
    """

    task: Task
    entry: BenchmarkEntry

    @property
    def name(self) -> str:
        """The name by which commands ask for the benchmark."""
        return self.entry.name

    @property
    def heading(self) -> str:
        """The benchmark's name in tables."""
        return self.entry.heading

    @property
    def version(self) -> int:
        """The version of the items and of their prompts."""
        return self.entry.version

    def prompt(self, row: Row, style: str = "paper") -> Prompt:
        """Return the prompt that asks an item.

        Args:
            row: the item.
            style: "paper" or "chat"; see `knk.tasks.format`.
        """
        return self.task.prompt(row, style)


BENCHMARKS: Final[Mapping[str, Benchmark]] = MappingProxyType(
    {entry.name: Benchmark(task, entry) for task in map(tasks.load, tasks.NAMES) for entry in task.BENCHMARKS}
)
"""All benchmarks, by their names."""


def benchmark(name: str) -> Benchmark:
    """Return a benchmark by its name.

    Raises:
        BadSpec: there is no benchmark of this name.

    >>> benchmark("math500").heading
    'MATH'
    """
    if name not in BENCHMARKS:
        raise BadSpec(f"unknown benchmark {name!r}: expected one of {', '.join(BENCHMARKS)}")
    return BENCHMARKS[name]


def items(
    name: str,
    data: str | os.PathLike[str] | None = None,
    *,
    without: Collection[str] = frozenset(),
    limit: int | None = None,
) -> list[Row]:
    """Return a benchmark's items, each with an "id" of 32 hexadecimal digits and the "identity" that its task gives it.

    Args:
        name: the benchmark's name.
        data: a local file in place of the Hub: for `knk` any puzzles that `knk.tasks.kk` reads, for `knk_grades` and
            `knk_perturbed` a file with the columns of the public test set.
        without: identities of items to leave out, such as those that a model was trained on.
        limit: the number of items, spread over all of them by their ids; all if not given.

    Raises:
        BadSpec: there is no such benchmark, or no item is left.
        BadFile: there is no such file.
        BadRow: a row does not belong to the benchmark.

    >>> len(items("knk")), len(items("knk", limit=20))
    (540, 20)
    """
    rows = list(_with_ids(name, benchmark(name).entry.items(data), without))
    if not rows:
        raise BadSpec(f"{name} has no items left to ask")
    if limit is None:
        return rows
    chosen = {row["id"] for row in sorted(rows, key=_selection_key)[:limit]}
    return [row for row in rows if row["id"] in chosen]


def _selection_key(row: Row) -> tuple[str, str]:
    """The order in which a limit takes items; a puzzle and its changes are taken together."""
    original = row.get("original")
    first = hashlib.blake2b(original.encode()).hexdigest() if original else str(row["id"])
    return first, str(row["id"])


def _with_ids(name: str, rows: Iterable[Row], without: Collection[str]) -> Iterator[Row]:
    repeats: Counter[str] = Counter()
    for row in rows:
        content = _content(row)
        # Two items may ask the same, word for word.
        item_id = hashlib.blake2b(f"{name}\0{content}\0{repeats[content]}".encode(), digest_size=16).hexdigest()
        repeats[content] += 1
        if row["id"] not in without:
            yield {**row, "id": item_id, "identity": row["id"]}


def _content(row: Row) -> str:
    # A puzzle may be asked in several wordings and as a change of several others.
    details = (str(row.get(name, "")) for name in ("original", "group", "text"))
    return "\0".join([row["id"], *details])


def identities(path: str | os.PathLike[str]) -> frozenset[str]:
    """Return the identities in a file of training items, as `knk task` writes it.

    Args:
        path: a file of rows with "id".

    Raises:
        BadFile: there is no such file, or it has another format.
        BadRow: a row has no identity.
    """
    return frozenset(field(row, "id", str) for row in read(path))


def items_digest(rows: Iterable[Row]) -> str:
    """Return the SHA-256 of the ids of some items, which distinguishes them from other selections.

    >>> items_digest(items("knk", limit=1)) == items_digest(items("knk", limit=2))
    False
    """
    return hashlib.sha256("\n".join(str(row["id"]) for row in rows).encode()).hexdigest()
