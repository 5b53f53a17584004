"""`StatementTable`: the statements from which puzzles for few people are drawn, with what is computed for each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from knk.generation.draws import SHARES, Draws, IndexArray
from knk.generation.grammar import Grammar
from knk.generation.spec import Spec
from knk.logic.algebra import masks
from knk.logic.keys import MAX_RELABELLED_PEOPLE, relabelled_fingerprints
from knk.logic.mixing import UInt64Array, mix_words
from knk.logic.puzzle import Utterance
from knk.logic.statements import Statement

MAX_LISTED: Final = 4096
"""A table lists all statements of a specification if there are at most this many."""
RANDOM_STATEMENTS: Final = 2048
"""How many random statements a table holds if there are too many to list."""
MAX_COUNTED: Final = 1 << 20
"""Up to this many candidates, all are tried to count the puzzles of a specification."""


@dataclass(frozen=True, eq=False)
class StatementTable:
    """Statements with their truth tables, for each speaker.

    The last index of each array stands for silence.

    Args:
        spec: the specification.
        people: how many people there are.
        speakers: the speaker of each slot.
        utterances: the utterance of each index, for each slot; None for silence.
        by_share: the index for each share of the probability, shape (people, `SHARES`).
        tables: for each speaker and index the assignments in which the utterance fits the speaker's role, as bits,
            shape (people, indices, words).
        truth_classes: a number for each index, equal for logically equal statements, shape (indices,).
        fingerprints: what each speaker and index add to a puzzle's fingerprint, shape (people, indices,
            relabellings) if `exact`, else (people, people, indices).
        exact: whether puzzles have the same fingerprint only if they have the same key.
        complete: whether the table has every statement of the specification.
    """

    spec: Spec
    people: int
    speakers: tuple[int, ...]
    utterances: tuple[tuple[Utterance | None, ...], ...]
    by_share: IndexArray
    tables: npt.NDArray[Any]
    truth_classes: IndexArray
    fingerprints: UInt64Array
    exact: bool
    complete: bool

    @property
    def silence(self) -> int:
        """The index that stands for saying nothing."""
        return int(self.tables.shape[1]) - 1


def statement_table(spec: Spec, people: int, seed: int, epoch: int) -> StatementTable:
    """Return the table of all statements if they can be listed, or of random ones for an epoch of a seed's blocks."""
    return _complete_table(spec, people) or _random_table(spec, people, seed, epoch)


@lru_cache(maxsize=16)
def _complete_table(spec: Spec, people: int) -> StatementTable | None:
    grammar = Grammar(spec, people)
    listed = grammar.list_all(MAX_LISTED)
    if listed is None:
        return None
    return _tabulated(grammar, [statement for statement, _ in listed], [odds for _, odds in listed], complete=True)


@lru_cache(maxsize=32)
def _random_table(spec: Spec, people: int, seed: int, epoch: int) -> StatementTable:
    grammar, draws = Grammar(spec, people), Draws(seed, 3, people, epoch)
    statements: list[Statement] = []
    while len(statements) < RANDOM_STATEMENTS:
        statement = grammar.draw(draws)
        if grammar.allows(None, statement):
            statements.append(statement)
    return _tabulated(grammar, statements, [1] * RANDOM_STATEMENTS, complete=False)


def _tabulated(grammar: Grammar, statements: list[Statement], odds: list[int], complete: bool) -> StatementTable:
    spec, people = grammar.spec, grammar.people
    roles, all_true = masks(people)
    tables = [statement.value(roles, all_true) for statement in statements]
    silent: list[Utterance | None] = [None]
    utterances = [
        tuple([Utterance(speaker, statement) for statement in statements] + silent) for speaker in range(people)
    ]
    speakers = tuple(speaker for speaker in range(people) for _ in range(spec.statements_range[1]))
    words = table_words(tables, people)
    fits = [
        np.concatenate([words ^ table_words([all_true ^ x], people), table_words([all_true], people)]) for x in roles
    ]
    numbers = {table: number for number, table in enumerate(tables)}
    # Exact fingerprints cost more, and matter only if a request may come near the last puzzle there is.
    exact = people < MAX_RELABELLED_PEOPLE or (
        people == MAX_RELABELLED_PEOPLE and len(statements) ** len(speakers) <= MAX_COUNTED
    )
    return StatementTable(
        spec,
        people,
        speakers,
        tuple(utterances[speaker] for speaker in speakers),
        np.stack([_by_share(grammar, speaker, statements, odds) for speaker in range(people)]),
        np.stack(fits),
        np.array([*(numbers[table] for table in tables), len(tables)]),
        _exact_fingerprints(people, tables) if exact else _role_fingerprints(people, tables),
        exact,
        complete,
    )


def table_words(tables: Sequence[int], people: int) -> npt.NDArray[Any]:
    """Return truth tables as machine words, shape (tables, words)."""
    size = max(4, (1 << people) // 8)
    dtype = "<u4" if size == 4 else "<u8"
    raw = b"".join(table.to_bytes(size, "little") for table in tables)
    return np.frombuffer(raw, dtype=dtype).reshape(len(tables), -1)


def _by_share(grammar: Grammar, speaker: int, statements: Sequence[Statement], odds: Sequence[int]) -> IndexArray:
    """Return the statement of each of `SHARES` shares of the odds; every statement with odds has at least one."""
    allowed = [index for index, statement in enumerate(statements) if grammar.allows(speaker, statement)]
    if not allowed:
        return np.full(SHARES, len(statements))
    total, cumulative, bounds = sum(odds[index] for index in allowed), 0, []
    free_shares = SHARES - len(allowed)
    for rank, index in enumerate(allowed, 1):
        cumulative += odds[index]
        bounds.append(rank + free_shares * cumulative // total)
    return np.repeat(np.array(allowed), np.diff([0, *bounds]))


def _exact_fingerprints(people: int, tables: Sequence[int]) -> UInt64Array:
    """Return the fingerprint of each speaker and statement under every relabelling; silence has none."""
    images = [relabelled_fingerprints(people, [speaker] * len(tables), tables)[:, 0] for speaker in range(people)]
    return np.pad(np.stack(images), ((0, 0), (0, 1), (0, 0)))


def _role_fingerprints(people: int, tables: Sequence[int]) -> UInt64Array:
    """Return for each speaker and statement a number for each person's part in it; silence has 0."""
    numbers = _person_numbers(people, tables).T
    fingerprints = np.broadcast_to(mix_words(numbers), (people, people, len(tables))).copy()
    for speaker in range(people):
        fingerprints[speaker, speaker] = mix_words(~numbers[speaker])
    return np.pad(fingerprints, ((0, 0), (0, 0), (0, 1)))


def _person_numbers(people: int, tables: Sequence[int]) -> UInt64Array:
    """Return a number for each statement and person that no renaming of people changes, shape (tables, people).

    It is made of how many assignments make the statement true, by how many knights they have and whether the person
    is one of them. The counts are exact in 32-bit floats, so that a matrix product may do the counting.
    """
    assignments = np.arange(1 << people)
    knights = np.bitwise_count(assignments)
    is_knight = (assignments[:, None] >> np.arange(people)) & 1
    by_count = (knights[:, None] == np.arange(people + 1)).astype(np.float32)
    raw = np.frombuffer(table_words(tables, people).tobytes(), dtype=np.uint8)
    true = np.unpackbits(raw, bitorder="little").reshape(len(tables), -1).astype(np.float32)
    weights = mix_words(np.arange(2 * (people + 1), dtype=np.uint64)).reshape(2, -1)
    result = (true @ by_count).astype(np.uint64) @ weights[0]
    return np.stack(
        [
            result
            + (true @ (by_count * is_knight[:, person : person + 1].astype(np.float32))).astype(np.uint64) @ weights[1]
            for person in range(people)
        ],
        axis=1,
    )
