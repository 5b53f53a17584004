"""Canonical keys: one fingerprint for all puzzles that differ only in how they are written down.

Two puzzles have the same key when one becomes the other by renaming and reordering the people, by reordering or
repeating statements, and by writing statements in logically equal ways. For few people the key is the least fingerprint
over all relabellings, by table lookup; for more it is the least over those that refinement leaves (see
`knk.logic.labelling`).

Everything is integer arithmetic written out here or BLAKE2, so that keys agree on every machine and release.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

from knk.logic.folded_table import FoldedTable, folded_table
from knk.logic.labelling import Labelling, connected
from knk.logic.mixing import MASK, UInt64Array, mix, mix_words
from knk.logic.statements import Statement

MAX_RELABELLED_PEOPLE: Final = 5
"""Up to this many people a key is the minimum over all relabellings."""


def key(people: int, statements: Iterable[tuple[int, Statement]]) -> str:
    """Return the key of a puzzle, 32 hexadecimal digits.

    Args:
        people: how many people there are.
        statements: pairs of speaker and statement.

    >>> from knk.logic.statements import Knave
    >>> key(2, [(0, Knave(1))]) == key(2, [(1, Knave(0))])
    True
    """
    if people > MAX_RELABELLED_PEOPLE:
        return refined_key(people, statements)
    fingerprints = dict(_fingerprints(people, speaker, statement) for speaker, statement in statements)
    if not fingerprints:
        return f"{mix(people):016x}{mix(~people):016x}"
    total = reduce(np.add, fingerprints.values())
    least = total[0].argmin()
    return f"{mix(int(total[0, least])):016x}{mix(int(total[1, least])):016x}"


# Few people: every relabelling.


@cache
def _relabellings(people: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp]]:
    """Return all relabellings: the new label of each person, and the source index of each table entry."""
    orders = np.array(list(itertools.permutations(range(people))), dtype=np.uint8)
    entries = np.arange(1 << people)
    sources = np.zeros((len(orders), len(entries)), dtype=np.intp)
    for i in range(people):
        sources |= ((entries >> orders[:, i : i + 1]) & 1) << i
    return orders, sources


def relabelled_fingerprints(people: int, speakers: Sequence[int], tables: Sequence[int]) -> UInt64Array:
    """Return the fingerprint of each utterance under every relabelling, shape (utterances, 2, relabellings).

    A puzzle's fingerprints are the sums of those of its distinct utterances; the first half alone tells puzzles apart
    but for a chance of one in 2**64.

    Args:
        people: how many people there are, up to `MAX_RELABELLED_PEOPLE`.
        speakers: the speaker of each utterance.
        tables: the truth table of each utterance's statement.
    """
    orders, sources = _relabellings(people)
    weights = np.uint64(1) << np.arange(1 << people, dtype=np.uint64)
    bits = (np.array(tables, dtype=np.uint64)[:, None] & weights) != 0
    words = (bits[:, sources] * weights).sum(axis=2, dtype=np.uint64)
    words += orders.T[np.array(speakers, dtype=np.intp)].astype(np.uint64) << np.uint64(32)
    words += np.uint64(people << 40)
    return np.stack([mix_words(words), mix_words(~words)], axis=1)


@lru_cache(maxsize=16384)
def _fingerprints(people: int, speaker: int, statement: Statement) -> tuple[int, UInt64Array]:
    """Return a number that identifies an utterance, and its fingerprints."""
    table = statement.table(people)
    return table << 3 | speaker, relabelled_fingerprints(people, [speaker], [table])[0]


# Many people: refinement.


def refined_key(people: int, statements: Iterable[tuple[int, Statement]]) -> str:
    """Return the key that puzzles of many people have; it works for few people too, but gives them another key."""
    profiles = {(p.speaker, p.folded): p for p in itertools.starmap(_profile, statements)}
    groups = connected(profiles.values(), lambda profile: profile.people)
    forms = sorted(_GroupLabelling(group).canonical_form() for group in groups)
    return _long_digest(people.to_bytes(8, "big"), *forms).hex()


@dataclass(frozen=True)
class _Profile:
    """An utterance prepared for refinement.

    Args:
        speaker: who makes the statement.
        folded: the statement's folded truth table.
        base: a digest of the statement that does not depend on labels.
        roles: for each class of the table, a digest of its part in the statement.
        people: the speaker, and everybody on whom the statement's truth depends.
    """

    speaker: int
    folded: FoldedTable
    base: int
    roles: tuple[int, ...]
    people: tuple[int, ...]


@lru_cache(maxsize=65536)
def _profile(speaker: int, statement: Statement) -> _Profile:
    folded = folded_table(statement)
    digests = _written_digests(folded, folded.written) if folded.written else _table_digests(folded)
    base = _digest(b"statement", *sorted(digests))
    spoken_by = tuple(speaker in members for members in folded.classes)
    roles = tuple(_digest(b"role", d, bytes([own])) for d, own in zip(digests, spoken_by, strict=True))
    people = dict.fromkeys((speaker, *itertools.chain.from_iterable(folded.classes)))
    return _Profile(speaker, folded, base, roles, tuple(people))


def _table_digests(folded: FoldedTable) -> list[bytes]:
    """Return for each class how often the statement is true for each number of knights in it."""
    sizes = [len(members) + 1 for members in folded.classes]
    table = np.frombuffer(folded.table, dtype=np.uint8).reshape(sizes)
    axes = range(len(sizes))
    return [table.sum(axis=tuple(a for a in axes if a != axis), dtype=np.int64).tobytes() for axis in axes]


def _written_digests(folded: FoldedTable, written: Statement) -> list[bytes]:
    """Return for each class where in the statement's tree it is named, the tree without labels."""
    positions: defaultdict[int, list[bytes]] = defaultdict(list)
    unlabelled = dict.fromkeys(written.people, 0)

    def visit(statement: Statement, above: bytes) -> None:
        digest = _long_digest(above, _as_written(statement, unlabelled))
        for person in statement.named:
            positions[person].append(digest)
        for index, part in enumerate(statement.parts):
            visit(part, digest + bytes([0 if statement.is_symmetric else index]))

    visit(written, b"")
    return [b"".join(sorted(positions[members[0]])) for members in folded.classes]


def _as_written(statement: Statement, labels: Mapping[int, int]) -> bytes:
    """Return the statement's tree with labels for people, in a fixed order where order does not matter."""
    parts = [_as_written(part, labels) for part in statement.parts]
    if statement.is_symmetric:
        parts.sort()
    settings = [value for value in statement.parameters if isinstance(value, str | bool)]
    numbers = [value for value in statement.parameters if type(value) is int]
    named = sorted(labels[person] for person in statement.named)
    return f"{type(statement).__name__}{settings}{numbers}{named}(".encode() + b",".join(parts) + b")"


def _digest(*pieces: bytes) -> int:
    return int.from_bytes(_long_digest(*pieces)[:8], "big")


def _long_digest(*pieces: bytes) -> bytes:
    digest = blake2b(digest_size=16)
    for piece in pieces:
        digest.update(len(piece).to_bytes(8, "big"))
        digest.update(piece)
    return digest.digest()


class _GroupLabelling(Labelling[bytes]):
    """The canonical form of utterances that share people."""

    def __init__(self, profiles: list[_Profile]) -> None:
        self._people = sorted({person for profile in profiles for person in profile.people})
        super().__init__(len(self._people))
        index = {person: number for number, person in enumerate(self._people)}
        self._utterances = [
            (
                index[profile.speaker],
                profile.base,
                [
                    (role, [index[person] for person in members])
                    for role, members in zip(profile.roles, profile.folded.classes, strict=True)
                ],
                profile.folded,
            )
            for profile in profiles
        ]

    def canonical_form(self) -> bytes:
        """Return bytes that are equal if and only if the groups are the same up to renaming."""
        return self.least_form(self.refined(self._initial_colours()))

    def _initial_colours(self) -> list[int]:
        """Tell apart people who are named at the same positions: any choice among them gives the same form."""
        positions: list[list[tuple[int, int]]] = [[] for _ in range(self.size)]
        for number, (speaker, _, classes, _) in enumerate(self._utterances):
            positions[speaker].append((number, -1))
            for index, (_, members) in enumerate(classes):
                for person in members:
                    positions[person].append((number, index))
        seen: Counter[tuple[tuple[int, int], ...]] = Counter()
        colours = []
        for position in map(tuple, positions):
            colours.append(seen[position])
            seen[position] += 1
        return colours

    def recoloured(self, colours: list[int]) -> list[int]:
        """Return each person's colour mixed with those of the utterances by and about them."""
        contributions = [0] * self.size
        for speaker, base, classes, _ in self._utterances:
            total = mix(base ^ colours[speaker])
            for role, members in classes:
                for person in members:
                    total += mix(colours[person] ^ role)
            total = mix(total & MASK)
            contributions[speaker] += total
            for role, members in classes:
                share = mix(total ^ role)
                for person in members:
                    contributions[person] += share
        return [mix((mix(c) + g) & MASK) for c, g in zip(colours, contributions, strict=True)]

    def individualised(self, colour: int, rank: int) -> int:  # noqa: ARG002 - only one person is singled out at a time
        """Return the new colour of a person who is singled out of those of one colour."""
        return mix(colour ^ MASK)

    def form(self, labels: list[int]) -> bytes:
        """Return a digest of all utterances under a labelling."""
        lines = []
        for speaker, _, classes, folded in self._utterances:
            relabelled = tuple(tuple(sorted(labels[p] for p in members)) for _, members in classes)
            ranks = tuple(sorted(range(len(relabelled)), key=relabelled.__getitem__))
            if folded.written is not None:
                table = _as_written(folded.written, dict(zip(self._people, labels, strict=True)))
            elif ranks == tuple(range(len(ranks))):
                table = folded.table
            else:
                table = _transposed(folded.table, tuple(len(members) + 1 for members in relabelled), ranks)
            lines.append(f"{labels[speaker]}{[relabelled[r] for r in ranks]}".encode() + table)
        return _long_digest(self.size.to_bytes(8, "big"), *sorted(lines))


@lru_cache(maxsize=65536)
def _transposed(table: bytes, sizes: tuple[int, ...], ranks: tuple[int, ...]) -> bytes:
    """Return a folded truth table with its classes in another order."""
    return np.frombuffer(table, dtype=np.uint8).reshape(sizes).transpose(ranks).tobytes()
