"""Canonical keys: one fingerprint for all puzzles that differ only in how they are written down.

Two puzzles have the same key when one becomes the other by renaming and reordering the people, by reordering or
repeating statements, and by writing statements in logically equal ways. The key is the smallest fingerprint over
relabellings of the people: over all of them up to five people, where a table lookup does it, and over those that
colour refinement leaves (individualisation and refinement, as in McKay and Piperno, "Practical graph isomorphism, II",
https://arxiv.org/abs/1301.1493) above.

Everything is integer arithmetic written out here or BLAKE2, so that keys agree on every machine and release.

Glossary: a *said* is a speaker and a statement. A *meaning* is a statement's truth table folded by symmetry: people
who may be swapped without changing it form a *class*, and the table says for each number of knights in each class
whether the statement holds. A *colour* is a 64-bit number that tells apart people whose situations differ.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from knk.logic.mixing import MASK, UInt64Array, mix, mix_words
from knk.logic.statements import Atom, Compound, Statement

MAX_RELABELLED_PEOPLE: Final = 5
"""Up to this many people a key is the minimum over all relabellings."""
MAX_TABLE_ENTRIES: Final = 1 << 16
"""Entries of a folded truth table; a statement that needs more is compared as it is written."""


def key(people: int, statements: Iterable[tuple[int, Statement]]) -> str:
    """Return the key of the puzzle in which `people` people say `statements`, 32 hexadecimal digits.

    >>> from knk.logic.statements import Knave
    >>> key(2, [(0, Knave(1))]) == key(2, [(1, Knave(0))])
    True
    """
    if people > MAX_RELABELLED_PEOPLE:
        return _refined_key(people, statements)
    images = dict(_image(people, *said) for said in statements)
    if not images:
        return f"{mix(people):016x}{mix(~people):016x}"
    total = reduce(np.add, images.values())
    place = total[0].argmin()
    return f"{mix(int(total[0, place])):016x}{mix(int(total[1, place])):016x}"


# Few people: every relabelling.


@cache
def _relabellings(people: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp]]:
    """Return all ways to relabel, as new label of each person and as source place of each table entry."""
    orders = np.array(list(itertools.permutations(range(people))), dtype=np.uint8)
    entries = np.arange(1 << people)
    sources = np.zeros((len(orders), len(entries)), dtype=np.intp)
    for i in range(people):
        sources |= ((entries >> orders[:, i : i + 1]) & 1) << i
    return orders, sources


def image_words(people: int, speakers: Sequence[int], tables: Sequence[int]) -> UInt64Array:
    """Return for each said a fingerprint under every relabelling, shape (utterances, 2, relabellings), for few people.

    A puzzle's fingerprints are the sums of those of its different utterances; the first half alone tells puzzles apart
    but for one chance in 2**64.
    """
    orders, sources = _relabellings(people)
    weights = np.uint64(1) << np.arange(1 << people, dtype=np.uint64)
    bits = (np.array(tables, dtype=np.uint64)[:, None] & weights) != 0
    words = (bits[:, sources] * weights).sum(axis=2, dtype=np.uint64)
    words += orders.T[np.array(speakers, dtype=np.intp)].astype(np.uint64) << np.uint64(32)
    words += np.uint64(people << 40)
    return np.stack([mix_words(words), mix_words(~words)], axis=1)


@lru_cache(maxsize=16384)
def _image(people: int, speaker: int, statement: Statement) -> tuple[int, UInt64Array]:
    table = statement.table(people)
    return table << 3 | speaker, image_words(people, [speaker], [table])[0]


# Many people: colour refinement.


@dataclass(frozen=True)
class Meaning:
    """What a statement means: `classes` of interchangeable people and the truth for each count of knights in them.

    Args:
        classes: people, in classes; nobody in two, nobody on whom the truth does not depend.
        table: 0 or 1 for each vector of counts, the first class's count varying slowest; nothing where the table would
            be too large.
        written: the statement, where it has no table.
    """

    classes: tuple[tuple[int, ...], ...]
    table: bytes
    written: Statement | None = None


@lru_cache(maxsize=65536)
def meaning(statement: Statement) -> Meaning:
    """Return the statement's meaning, the same for logically equal statements but for the order of classes.

    >>> from knk.logic.statements import Knave, Not, Or
    >>> meaning(Not(Or(Knave(4), Knave(2))))
    Meaning(classes=((2, 4),), table=b'\\x00\\x00\\x01', written=None)
    """
    classes = _written_classes(statement)
    sizes = [len(members) + 1 for members in classes]
    if math.prod(sizes) > MAX_TABLE_ENTRIES:
        return Meaning(tuple(classes), b"", statement)
    return _folded(classes, _tabulated(statement, classes, sizes))


def _written_classes(statement: Statement) -> list[tuple[int, ...]]:
    """Group people whom the statement names in the same places and ways."""
    marks: defaultdict[int, list[tuple[int, bool]]] = defaultdict(list)
    for place, whole in enumerate(statement.walk()):
        for part in whole.parts:
            if isinstance(part, Atom) and _pools_atoms(whole):
                marks[part.person].append((place, part.is_knight))
        if not isinstance(whole, Atom):
            for person in whole.named:
                marks[person].append((place, True))
    grouped: defaultdict[Any, list[int]] = defaultdict(list)
    alone = _people_of_single_atoms(statement)
    for person in sorted(statement.people):
        grouped[person if person in alone else tuple(sorted(marks[person]))].append(person)
    return [tuple(members) for members in grouped.values()]


def _people_of_single_atoms(statement: Statement) -> set[int]:
    """People named by an atom whose place in its parent matters."""
    alone = {statement.person} if isinstance(statement, Atom) else set()
    for whole in statement.walk():
        if not _pools_atoms(whole):
            alone.update(part.person for part in whole.parts if isinstance(part, Atom))
    return alone


def _pools_atoms(statement: Statement) -> bool:
    """Whether a statement has any number of parts in any order, so that the people of its atoms may be swapped."""
    return isinstance(statement, Compound) and statement.is_symmetric and statement.max_parts is None


def _tabulated(statement: Statement, classes: Sequence[tuple[int, ...]], sizes: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Evaluate the statement for each vector of counts, the first k of a class standing for any k."""
    counts = np.indices(sizes)
    xs = {person: counts[place] > rank for place, members in enumerate(classes) for rank, person in enumerate(members)}
    full = np.ones(sizes, dtype=bool)
    return np.broadcast_to(statement.value(xs, full), sizes)  # type: ignore[arg-type]


def _folded(classes: Sequence[tuple[int, ...]], table: npt.NDArray[np.bool_]) -> Meaning:
    """Drop the classes on which nothing depends, then merge those that may be swapped."""
    kept = list(classes)
    for axis in reversed(range(len(kept))):
        if (table == table.take([0], axis)).all():
            table = np.take(table, [0], axis).squeeze(axis)
            del kept[axis]
    merged = True
    while merged:
        merged = False
        for left, right in itertools.combinations(range(len(kept)), 2):
            joined = _joined(table, left, right)
            if joined is not None:
                table = joined
                kept = [m for place, m in enumerate(kept) if place not in (left, right)] + [kept[left] + kept[right]]
                merged = True
                break
    order = sorted(range(len(kept)), key=lambda place: min(kept[place]))
    return Meaning(
        tuple(tuple(sorted(kept[place])) for place in order), table.transpose(order).astype(np.uint8).tobytes()
    )


def _joined(table: npt.NDArray[np.bool_], left: int, right: int) -> npt.NDArray[np.bool_] | None:
    """Return the table with two classes made one, as its last axis, if only the sum of their counts matters."""
    moved = np.moveaxis(table, (left, right), (-2, -1))
    if not (moved[..., 1:, :-1] == moved[..., :-1, 1:]).all():
        return None
    return np.concatenate([moved[..., :, 0], moved[..., -1, 1:]], axis=-1)


def _as_written(statement: Statement, label: Mapping[int, int]) -> bytes:
    """Return the statement's tree with labels for people, in an order of its own where order means nothing."""
    inside = [_as_written(part, label) for part in statement.parts]
    if statement.is_symmetric:
        inside.sort()
    rest = [value for value in statement.parameters if isinstance(value, str | bool)]
    count = [value for value in statement.parameters if type(value) is int]
    named = sorted(label[person] for person in statement.named)
    return f"{type(statement).__name__}{rest}{count}{named}(".encode() + b",".join(inside) + b")"


@dataclass(frozen=True)
class _Spoken:
    """A said made ready for refinement: `roles` holds a number for each class of the meaning."""

    speaker: int
    meaning: Meaning
    base: int
    roles: tuple[int, ...]


@lru_cache(maxsize=65536)
def _spoken(speaker: int, statement: Statement) -> _Spoken:
    meant = meaning(statement)
    sizes = [len(members) + 1 for members in meant.classes]
    if meant.written is None:
        table = np.frombuffer(meant.table, dtype=np.uint8).reshape(sizes)
        axes = range(len(sizes))
        profiles = [table.sum(axis=tuple(a for a in axes if a != axis), dtype=np.int64).tobytes() for axis in axes]
    else:
        profiles = _written_profiles(meant)
    base = _digest(b"statement", *sorted(profiles))
    inside = tuple(speaker in members for members in meant.classes)
    return _Spoken(
        speaker, meant, base, tuple(_digest(b"role", p, bytes([i])) for p, i in zip(profiles, inside, strict=True))
    )


def _written_profiles(meant: Meaning) -> list[bytes]:
    """Return for each class where in the statement's tree it is named, the tree seen without names."""
    assert meant.written is not None
    places: defaultdict[int, list[bytes]] = defaultdict(list)
    nobody = dict.fromkeys(meant.written.people, 0)

    def visit(statement: Statement, above: bytes) -> None:
        here = _long_digest(above, _as_written(statement, nobody))
        for person in statement.named:
            places[person].append(here)
        for number, part in enumerate(statement.parts):
            visit(part, here + bytes([0 if statement.is_symmetric else number]))

    visit(meant.written, b"")
    return [b"".join(sorted(places[members[0]])) for members in meant.classes]


def _digest(*pieces: bytes) -> int:
    return int.from_bytes(_long_digest(*pieces)[:8], "big")


def _long_digest(*pieces: bytes) -> bytes:
    digest = blake2b(digest_size=16)
    for piece in pieces:
        digest.update(len(piece).to_bytes(8, "big"))
        digest.update(piece)
    return digest.digest()


def _refined_key(people: int, statements: Iterable[tuple[int, Statement]]) -> str:
    utterances = {(spoken.speaker, spoken.meaning): spoken for spoken in itertools.starmap(_spoken, statements)}
    forms = sorted(_Component(utterances).form() for utterances in _components(list(utterances.values())))
    return _long_digest(people.to_bytes(8, "big"), *forms).hex()


def _components(utterances: list[_Spoken]) -> Iterator[list[_Spoken]]:
    """Split what is said into groups that share nobody."""
    leader: dict[int, int] = {}

    def find(person: int) -> int:
        leader.setdefault(person, person)
        while leader[person] != person:
            leader[person] = person = leader[leader[person]]
        return person

    for said in utterances:
        for members in said.meaning.classes:
            for person in members:
                leader[find(person)] = find(said.speaker)
    groups: defaultdict[int, list[_Spoken]] = defaultdict(list)
    for said in utterances:
        groups[find(said.speaker)].append(said)
    yield from groups.values()


class _Component:
    """People tied together by what they say of one another, and the search for their canonical form."""

    def __init__(self, utterances: list[_Spoken]) -> None:
        people = sorted({s.speaker for s in utterances} | {p for s in utterances for c in s.meaning.classes for p in c})
        place = {person: number for number, person in enumerate(people)}
        self.people = people
        self.size = len(people)
        self.utterances = [
            (
                place[s.speaker],
                s.base,
                [(role, [place[p] for p in members]) for role, members in zip(s.roles, s.meaning.classes, strict=True)],
                s.meaning,
            )
            for s in utterances
        ]

    def form(self) -> bytes:
        """Return bytes that are equal just for components that are the same up to renaming."""
        self._best: bytes | None = None
        self._best_order: list[int] = []
        self._first: bytes | None = None
        self._first_order: list[int] = []
        self._automorphisms: list[dict[int, int]] = []
        self._search(self._refine(self._twins_apart()), ())
        assert self._best is not None
        return self._best

    def _twins_apart(self) -> list[int]:
        """Colour apart people who can plainly be swapped: no search is needed to choose among them."""
        marks: list[list[tuple[int, int]]] = [[] for _ in range(self.size)]
        for number, (speaker, _, classes, _) in enumerate(self.utterances):
            marks[speaker].append((number, -1))
            for place, (_, members) in enumerate(classes):
                for person in members:
                    marks[person].append((number, place))
        met: Counter[tuple[tuple[int, int], ...]] = Counter()
        colours = []
        for mark in map(tuple, marks):
            colours.append(met[mark])
            met[mark] += 1
        return colours

    def _refine(self, colours: list[int]) -> list[int]:
        """Recolour everybody by what is said by and about them, until that tells no more people apart."""
        known = len(set(colours))
        while True:
            gathered = [0] * self.size
            for speaker, base, classes, _ in self.utterances:
                total = mix(base ^ colours[speaker])
                for role, members in classes:
                    for person in members:
                        total += mix(colours[person] ^ role)
                total = mix(total & MASK)
                gathered[speaker] += total
                for role, members in classes:
                    share = mix(total ^ role)
                    for person in members:
                        gathered[person] += share
            colours = [mix((mix(c) + g) & MASK) for c, g in zip(colours, gathered, strict=True)]
            now = len(set(colours))
            if now == known or now == self.size:
                return colours
            known = now

    def _search(self, colours: list[int], chosen: tuple[int, ...]) -> None:
        cell = self._cell(colours)
        if not cell:
            self._meet_leaf(sorted(range(self.size), key=colours.__getitem__))
            return
        tried: list[int] = []
        for person in cell:
            if tried and self._orbit(person, chosen) & set(tried):
                continue
            tried.append(person)
            marked = list(colours)
            marked[person] = mix(colours[person] ^ MASK)
            self._search(self._refine(marked), (*chosen, person))

    def _cell(self, colours: list[int]) -> list[int]:
        """Return the smallest set of people who are not told apart yet, or nobody."""
        cells: defaultdict[int, list[int]] = defaultdict(list)
        for person, colour in enumerate(colours):
            cells[colour].append(person)
        mixed = [(len(members), colour) for colour, members in cells.items() if len(members) > 1]
        return cells[min(mixed)[1]] if mixed else []

    def _meet_leaf(self, order: list[int]) -> None:
        form = self._leaf(order)
        for known, known_order in ((self._first, self._first_order), (self._best, self._best_order)):
            if form == known:
                self._automorphisms.append(dict(zip(known_order, order, strict=True)))
                return
        if self._first is None:
            self._first, self._first_order = form, order
        if self._best is None or form < self._best:
            self._best, self._best_order = form, order

    def _orbit(self, person: int, fixed: tuple[int, ...]) -> set[int]:
        """Return everybody whom the symmetries found so far that keep `fixed` can put in a person's place."""
        useful = [swap for swap in self._automorphisms if all(swap[f] == f for f in fixed)]
        useful += [{new: old for old, new in swap.items()} for swap in useful]
        orbit, fresh = {person}, [person]
        while fresh:
            at = fresh.pop()
            for swap in useful:
                if swap[at] not in orbit:
                    orbit.add(swap[at])
                    fresh.append(swap[at])
        return orbit

    def _leaf(self, order: list[int]) -> bytes:
        """Return a digest of everything said, the people labelled in `order`."""
        label = [0] * self.size
        for number, person in enumerate(order):
            label[person] = number
        lines = []
        for speaker, _, classes, meant in self.utterances:
            relabelled = tuple(tuple(sorted(label[p] for p in members)) for _, members in classes)
            ranks = tuple(sorted(range(len(relabelled)), key=relabelled.__getitem__))
            if meant.written is not None:
                table = _as_written(meant.written, dict(zip(self.people, label, strict=True)))
            elif ranks == tuple(range(len(ranks))):
                table = meant.table
            else:
                table = _reordered(meant.table, tuple(len(members) + 1 for members in relabelled), ranks)
            lines.append(f"{label[speaker]}{[relabelled[r] for r in ranks]}".encode() + table)
        return _long_digest(self.size.to_bytes(8, "big"), *sorted(lines))


@lru_cache(maxsize=65536)
def _reordered(table: bytes, sizes: tuple[int, ...], ranks: tuple[int, ...]) -> bytes:
    """Return the table with its classes in another order."""
    return np.frombuffer(table, dtype=np.uint8).reshape(sizes).transpose(ranks).tobytes()
