"""What is asked: the benchmarks, and their items with a name each that tells it from all others.

| benchmark | what it asks | items |
|---|---|---|
| `knk` | puzzles of 3 to 8 people, 90 of each size | the public test set |
| `knk_grades` | puzzles of eight people, 60 of each grade | the public test set |
| `knk_perturbed` | 50 puzzles, each as it is and changed in six ways | the public test set |
| `math500` | MATH-500 | the Hub, or a file |
| `mmlu_pro` | MMLU-Pro without the items that RLVR trains on | the Hub, or a file |
| `humaneval_plus` | HumanEval+, all 164; those that RLVR does not train on are told apart | the Hub, or a file |
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from knk import tasks
from knk.datasets.files import read
from knk.errors import BadSpec
from knk.logic.notation import decode
from knk.tasks import (
    Task,
    hendrycks_math,
    humaneval_plus,
    kk,
    mmlu_pro,
)
from knk.tasks.format import Prompt
from knk.tasks.kk import TEST_SET
from knk.tasks.source import Row, field

Data = Mapping[str, str | os.PathLike[str]]
"""Local files in place of the Hub, by the benchmarks' names."""


@dataclass(frozen=True)
class Benchmark:
    """A set of items and the task that they are of.

    Args:
        name: its name.
        task: the task in `knk.tasks` that prompts and verifies.
        heading: what tables call it; for the paper's benchmarks as the paper does.
        version: which version of the items it is, and of how they are asked.
        source: gives its rows, from the Hub or a local file; each row has "id", and "groups": the parts it is in.
    """

    name: str
    task: str
    heading: str
    version: int
    source: Callable[[str | os.PathLike[str] | None], Iterator[Row]]

    def loaded_task(self) -> Task:
        """Return the task."""
        return tasks.load(self.task)

    def prompt(self, row: Row, style: str = "paper") -> Prompt:
        """Return the prompt that asks an item.

        Args:
            row: an item.
            style: "paper" or "chat"; see `knk.tasks.format`.
        """
        return self.loaded_task().prompt(row, style)


# The public test set.


def _ours(name: str, data: str | os.PathLike[str] | None) -> Iterator[Row]:
    for found in read(data if data is not None else TEST_SET):
        if data is not None or found["benchmark"] == name:
            row = {column: field(found, column, kind) for column, kind in _COLUMNS.items()}
            yield {**row, "id": decode(row["puzzle"]).key, "groups": [row["group"]]}


_COLUMNS: Final[Mapping[str, type]] = MappingProxyType(
    {"puzzle": str, "text": str, "solution": list, "answer": str, "group": str, "original": str}
)


def _puzzles(data: str | os.PathLike[str] | None) -> Iterator[Row]:
    if data is None:
        return _ours("knk", None)
    return ({**row, "groups": [f"{row['people']} people"]} for row in kk.rows("test", data))


# The paper's benchmarks.


def _math(data: str | os.PathLike[str] | None) -> Iterator[Row]:
    # What is trained on comes from another set, MATH's own training set, which shares no problem with this one.
    return ({**row, "groups": [f"level {row['level']}"]} for row in hendrycks_math.rows("test", data))


def _mmlu(data: str | os.PathLike[str] | None) -> Iterator[Row]:
    return ({**row, "groups": [row["subject"]]} for row in mmlu_pro.rows("held-out", data))


def _humaneval(data: str | os.PathLike[str] | None) -> Iterator[Row]:
    held_out = {row["id"] for row in humaneval_plus.rows("held-out", data)}
    for row in humaneval_plus.rows("test", data):
        yield {**row, "groups": ["held-out"] if row["id"] in held_out else ["for training"]}


BENCHMARKS: Final[Mapping[str, Benchmark]] = MappingProxyType(
    {
        one.name: one
        for one in (
            Benchmark("knk", "kk", "K&K", 1, _puzzles),
            Benchmark("knk_grades", "kk", "K&K by grade", 1, partial(_ours, "knk_grades")),
            Benchmark("knk_perturbed", "kk", "K&K changed", 1, partial(_ours, "knk_perturbed")),
            Benchmark("math500", "hendrycks_math", "MATH", 1, _math),
            Benchmark("humaneval_plus", "humaneval_plus", "HumanEval+", 1, _humaneval),
            Benchmark("mmlu_pro", "mmlu_pro", "MMLU-Pro", 1, _mmlu),
        )
    }
)


def benchmark(name: str) -> Benchmark:
    """Return a benchmark by its name.

    Raises:
        BadSpec: there is none of this name.

    >>> benchmark("math500").heading
    'MATH'
    """
    if name not in BENCHMARKS:
        raise BadSpec(f"there is no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    return BENCHMARKS[name]


def items(
    name: str,
    data: str | os.PathLike[str] | None = None,
    *,
    without: Collection[str] = frozenset(),
    limit: int | None = None,
) -> list[Row]:
    """Return a benchmark's items; "id" names each in 32 hexadecimal digits, "identity" is what its task calls it.

    Args:
        name: the benchmark's name.
        data: a local file in place of the Hub; for `knk` any puzzles that `knk.tasks.kk` reads, for `knk_grades` and
            `knk_perturbed` a file with the columns of the public test set.
        without: identities of items to leave out, such as those that a model was trained on.
        limit: how many items to take, spread over all of them by their names; all if not given.

    Raises:
        BadSpec: there is no such benchmark, or nothing is left of it.
        BadFile: there is no such file.
        BadRow: a row is not one of the benchmark.

    >>> len(items("knk")), len(items("knk", limit=20))
    (540, 20)
    """
    found = list(_named(name, benchmark(name).source(data), without))
    if not found:
        raise BadSpec(f"{name} has no items left to ask")
    if limit is None:
        return found
    chosen = {row["id"] for row in sorted(found, key=_draw)[:limit]}
    return [row for row in found if row["id"] in chosen]


def _draw(row: Row) -> tuple[str, str]:
    """What says which items are taken first; a puzzle and its changes are taken together."""
    together = row.get("original")
    first = hashlib.blake2b(together.encode()).hexdigest() if together else str(row["id"])
    return first, str(row["id"])


def _named(name: str, rows: Iterable[Row], without: Collection[str]) -> Iterator[Row]:
    met: Counter[str] = Counter()
    for row in rows:
        identity = _identity(row)
        # Two items may ask the same, word for word.
        digest = hashlib.blake2b(f"{name}\0{identity}\0{met[identity]}".encode(), digest_size=16).hexdigest()
        met[identity] += 1
        if row["id"] not in without:
            yield {**row, "id": digest, "identity": row["id"]}


def _identity(row: Row) -> str:
    # A puzzle may be asked in several wordings and as a change of several others.
    more = (str(row.get(name, "")) for name in ("original", "group", "text"))
    return "\0".join([row["id"], *more])


def identities(path: str | os.PathLike[str]) -> frozenset[str]:
    """Return the identities in a file of items that were trained on, as `knk task` writes them.

    Args:
        path: a file of rows with "id".

    Raises:
        BadFile: there is no such file, or it is of another kind.
        BadRow: a row has no identity.
    """
    return frozenset(field(row, "id", str) for row in read(path))


def digest(rows: Iterable[Row]) -> str:
    """Return what tells a set of items from others: the SHA-256 of their names.

    >>> digest(items("knk", limit=1)) == digest(items("knk", limit=2))
    False
    """
    return hashlib.sha256("\n".join(str(row["id"]) for row in rows).encode()).hexdigest()


def told(row: Row) -> dict[str, Any]:
    """Return what is kept of an item beside its answers: its identity, its groups, and what it was changed from."""
    return {"identity": row["identity"], "groups": row["groups"]} | (
        {"original": row["original"]} if row.get("original") else {}
    )
