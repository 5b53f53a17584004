"""Puzzles for few people: random candidates as rows of an array, of which those with exactly one solution are kept.

A candidate is an index into a `StatementTable` for each slot. Its solutions are the bits that remain when the truth
tables of its slots are combined with "and".
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from knk.generation.block import Block
from knk.generation.draws import SHARES, Draws, IndexArray
from knk.generation.statement_table import MAX_COUNTED, StatementTable, table_words
from knk.logic.algebra import masks
from knk.logic.keys import MAX_RELABELLED_PEOPLE
from knk.logic.mixing import UInt64Array, mix_words

MAX_SAMPLED_PEOPLE: Final = 12
"""Up to this many people candidates are sampled; for more, solutions are planted."""
_MAX_BLOCK_BITS: Final = 14
_CACHE_BITS: Final = 22
_CHUNK: Final = 1024
_GOLDEN_RATIO: Final = np.uint64(0x9E3779B97F4A7C15)
_FACTOR_UNIT: Final = 1 << 10


def block_size(people: int) -> int:
    """Return how many candidates a block has, so that its truth tables fit into a processor's cache."""
    return 1 << min(_MAX_BLOCK_BITS, _CACHE_BITS - people)


def sampled_block(table: StatementTable, seed: tuple[int, ...]) -> Block:
    """Return those of a block of random candidates that have exactly one solution, in the order drawn."""
    draws = Draws(*seed, 0)
    candidates = _random_candidates(table, draws, block_size(table.people))
    valid, solutions = _with_one_solution(table, candidates)
    if table.spec.balanced:
        shares = draws.shares(candidates.shape[1])[valid]
        accepted = shares < _accepted_shares(table)[np.bitwise_count(solutions)]
        valid, solutions = valid[accepted], solutions[accepted]
    candidates = candidates[:, valid]
    fingerprints = _fingerprints(table, candidates)
    return Block(
        table.spec,
        table.utterances,
        candidates.T,
        solutions,
        fingerprints,
        (*seed, 1),
        np.arange(len(valid)),
        len(valid),
    )


def count_puzzles(table: StatementTable) -> int | None:
    """Return how many different puzzles there are, or None if there are too many candidates to try them all."""
    minimum, maximum = table.spec.statements_range
    choices = []
    for speaker in table.speakers:
        indices = np.unique(table.by_share[speaker])
        choices.append(indices if minimum == maximum else np.append(indices, table.silence))
    total = prod(len(indices) for indices in choices)
    if not table.complete or table.people > MAX_RELABELLED_PEOPLE or total > MAX_COUNTED:
        return None
    number, candidates = np.arange(total), np.empty((len(choices), total), dtype=np.intp)
    for slot, indices in enumerate(choices):
        candidates[slot] = indices[number % len(indices)]
        number //= len(indices)
    utterances = (candidates != table.silence).reshape(table.people, maximum, total).sum(axis=1)
    candidates = candidates[:, (utterances >= minimum).all(axis=0)]
    valid, _ = _with_one_solution(table, candidates)
    return len(np.unique(_fingerprints(table, candidates[:, valid])))


def _random_candidates(table: StatementTable, draws: Draws, size: int) -> IndexArray:
    """Return random candidates, shape (slots, size)."""
    minimum, maximum = table.spec.statements_range
    shares = draws.shares(len(table.speakers), size)
    candidates = np.empty(shares.shape, dtype=np.intp)
    for slot, speaker in enumerate(table.speakers):
        # Shares are in range by construction, and "clip" spares NumPy a copy.
        np.take(table.by_share[speaker], shares[slot], out=candidates[slot], mode="clip")
    if minimum < maximum:
        counts = minimum + (draws.shares(table.people, size).astype(np.intp) * (maximum - minimum + 1)) // SHARES
        for slot, speaker in enumerate(table.speakers):
            candidates[slot, slot % maximum >= counts[speaker]] = table.silence
    return candidates


def _with_one_solution(table: StatementTable, candidates: IndexArray) -> tuple[IndexArray, IndexArray]:
    """Return the indices of candidates with exactly one solution and no repeated statement, and their solutions."""
    full = table_words([masks(table.people)[1]], table.people)
    remaining = np.repeat(full, candidates.shape[1], axis=0)
    fitting = np.empty_like(remaining)
    for slot, speaker in enumerate(table.speakers):
        np.take(table.tables[speaker], candidates[slot], axis=0, out=fitting, mode="clip")
        remaining &= fitting
    if remaining.shape[1] == 1:
        word = remaining[:, 0]
        valid = np.flatnonzero((word != 0) & (word & (word - word.dtype.type(1)) == 0))
        solutions = np.bitwise_count(word[valid] - word.dtype.type(1)).astype(np.intp)
    else:
        valid = np.flatnonzero(np.bitwise_count(remaining).sum(axis=1, dtype=np.int64) == 1)
        position = (remaining[valid] != 0).argmax(axis=1)
        bit = np.bitwise_count(remaining[valid, position] - remaining.dtype.type(1))
        solutions = position * 64 + bit
    distinct = ~_has_repetition(table, candidates[:, valid])
    return valid[distinct], solutions[distinct]


def _has_repetition(table: StatementTable, candidates: IndexArray) -> npt.NDArray[np.bool_]:
    """Return which candidates have a speaker say the same thing twice."""
    result = np.zeros(candidates.shape[1], dtype=bool)
    maximum = table.spec.statements_range[1]
    for slot in range(len(table.speakers)):
        for earlier in range(slot - slot % maximum, slot):
            same = table.truth_classes[candidates[slot]] == table.truth_classes[candidates[earlier]]
            result |= same & (candidates[slot] != table.silence)
    return result


def _fingerprints(table: StatementTable, candidates: IndexArray) -> UInt64Array:
    """Return a number for each candidate that is equal for equal keys."""
    if not table.exact:
        return _refined_fingerprints(table, candidates)
    result = np.empty(candidates.shape[1], dtype=np.uint64)
    for start in range(0, candidates.shape[1], _CHUNK):
        chunk = candidates[:, start : start + _CHUNK]
        total = np.zeros((chunk.shape[1], table.fingerprints.shape[2]), dtype=np.uint64)
        for slot, speaker in enumerate(table.speakers):
            total += np.take(table.fingerprints[speaker], chunk[slot], axis=0, mode="clip")
        total.min(axis=1, out=result[start : start + _CHUNK])
    return result


def _refined_fingerprints(table: StatementTable, candidates: IndexArray) -> UInt64Array:
    """Return fingerprints by two rounds of colour refinement; puzzles it cannot tell apart count as the same."""
    parts = [
        np.take(table.fingerprints[speaker], candidates[slot], axis=1, mode="clip")
        for slot, speaker in enumerate(table.speakers)
    ]
    colours = mix_words(np.add.reduce(parts))
    result = np.zeros(candidates.shape[1], dtype=np.uint64)
    for part, speaker in zip(parts, table.speakers, strict=True):
        result += mix_words((part * colours).sum(axis=0) + colours[speaker] * _GOLDEN_RATIO)
    return result


@lru_cache(maxsize=64)
def _accepted_shares(table: StatementTable) -> npt.NDArray[Any]:
    """Return the shares of candidates to accept, by their number of knights, so that half of all people are knights.

    If statements favour knights, each knight above half lowers the acceptance by one factor (and likewise for knaves).
    The factor is found on candidates of a fixed seed, in integers, the same on every machine.
    """
    people = table.people
    candidates = _random_candidates(table, Draws(4, people), 4 * block_size(people))
    _, solutions = _with_one_solution(table, candidates)
    counts = np.bincount(np.bitwise_count(solutions), minlength=people + 1).tolist()
    surplus = sum((2 * knights - people) * count for knights, count in enumerate(counts))
    excess = [max(0, (2 * k - people if surplus > 0 else people - 2 * k)) for k in range(people + 1)]

    def imbalance(factor: int) -> int:
        terms = zip(counts, excess, strict=True)
        return sum((2 * k - people) * n * factor**e * _FACTOR_UNIT ** (people - e) for k, (n, e) in enumerate(terms))

    factor = min(range(1, _FACTOR_UNIT + 1), key=lambda factor: abs(imbalance(factor)))
    return np.array([SHARES * factor**e // _FACTOR_UNIT**e for e in excess])
