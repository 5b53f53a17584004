"""A statement's truth table, folded by symmetry: equal for logically equal statements.

What a statement means is defined by `value` in its class, in `knk.logic.statements`; this module computes from it.

People who can be swapped without changing the statement's truth form a *class*, and the table says for each number of
knights in each class whether the statement is true.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from knk.logic.statements import Atom, Compound, Statement

MAX_TABLE_ENTRIES: Final = 1 << 16
"""Entries of a folded truth table; a statement that needs more is compared as it is written."""


@dataclass(frozen=True)
class FoldedTable:
    """A statement's truth for each count of knights in each class of interchangeable people.

    Args:
        classes: disjoint classes of the people on whom the truth depends.
        table: 0 or 1 for each vector of counts, the first class's count varying slowest; empty if the table would be
            too large.
        written: the statement, if it has no table.
    """

    classes: tuple[tuple[int, ...], ...]
    table: bytes
    written: Statement | None = None


@lru_cache(maxsize=65536)
def folded_table(statement: Statement) -> FoldedTable:
    """Return the statement's folded truth table, equal for logically equal statements that have one.

    >>> from knk.logic.statements import Knave, Not, Or
    >>> folded_table(Not(Or(Knave(4), Knave(2))))
    FoldedTable(classes=((2, 4),), table=b'\\x00\\x00\\x01', written=None)
    """
    classes = _written_classes(statement)
    sizes = [len(members) + 1 for members in classes]
    if math.prod(sizes) > MAX_TABLE_ENTRIES:
        return FoldedTable(tuple(classes), b"", statement)
    return _folded(classes, _tabulated(statement, classes, sizes))


def _written_classes(statement: Statement) -> list[tuple[int, ...]]:
    """Group people whom the statement names at the same positions in the same way."""
    positions: defaultdict[int, list[tuple[int, bool]]] = defaultdict(list)
    for index, whole in enumerate(statement.walk()):
        for part in whole.parts:
            if isinstance(part, Atom) and _pools_atoms(whole):
                positions[part.person].append((index, part.is_knight))
        if not isinstance(whole, Atom):
            for person in whole.named:
                positions[person].append((index, True))
    grouped: defaultdict[Any, list[int]] = defaultdict(list)
    alone = _people_of_single_atoms(statement)
    for person in sorted(statement.people):
        grouped[person if person in alone else tuple(sorted(positions[person]))].append(person)
    return [tuple(members) for members in grouped.values()]


def _people_of_single_atoms(statement: Statement) -> set[int]:
    """Return the people named by an atom that cannot be swapped with its siblings."""
    alone = {statement.person} if isinstance(statement, Atom) else set()
    for whole in statement.walk():
        if not _pools_atoms(whole):
            alone.update(part.person for part in whole.parts if isinstance(part, Atom))
    return alone


def _pools_atoms(statement: Statement) -> bool:
    """Whether a statement has any number of parts in any order, so that the people of its atoms may be swapped."""
    return isinstance(statement, Compound) and statement.is_symmetric and statement.max_parts is None


def _tabulated(statement: Statement, classes: Sequence[tuple[int, ...]], sizes: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Evaluate the statement for each vector of counts, taking the first k people of a class as its k knights."""
    counts = np.indices(sizes)
    roles = {person: counts[axis] > rank for axis, members in enumerate(classes) for rank, person in enumerate(members)}
    all_true = np.ones(sizes, dtype=bool)
    return np.broadcast_to(statement.value(roles, all_true), sizes)  # type: ignore[arg-type]


def _folded(classes: Sequence[tuple[int, ...]], table: npt.NDArray[np.bool_]) -> FoldedTable:
    """Drop the classes on which nothing depends, then merge those whose people can be swapped."""
    kept = list(classes)
    for axis in reversed(range(len(kept))):
        if (table == table.take([0], axis)).all():
            table = np.take(table, [0], axis).squeeze(axis)
            del kept[axis]
    while (merger := _merger(table, len(kept))) is not None:
        left, right, table = merger
        kept = [members for axis, members in enumerate(kept) if axis not in (left, right)] + [kept[left] + kept[right]]
    order = sorted(range(len(kept)), key=lambda axis: min(kept[axis]))
    return FoldedTable(
        tuple(tuple(sorted(kept[axis])) for axis in order), table.transpose(order).astype(np.uint8).tobytes()
    )


def _merger(table: npt.NDArray[np.bool_], axes: int) -> tuple[int, int, npt.NDArray[np.bool_]] | None:
    """Return the first two classes that can be merged, and the table with them merged."""
    for left, right in itertools.combinations(range(axes), 2):
        merged = _merged(table, left, right)
        if merged is not None:
            return left, right, merged
    return None


def _merged(table: npt.NDArray[np.bool_], left: int, right: int) -> npt.NDArray[np.bool_] | None:
    """Return the table with two classes merged into its last axis if only the sum of their counts matters."""
    moved = np.moveaxis(table, (left, right), (-2, -1))
    if not (moved[..., 1:, :-1] == moved[..., :-1, 1:]).all():
        return None
    return np.concatenate([moved[..., :, 0], moved[..., -1, 1:]], axis=-1)
