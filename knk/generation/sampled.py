"""Blocks of puzzles for few people: statements tabulated once, candidates as rows of places, sifted as arrays.

A *vocabulary* is every statement that may be made, or a draw of them, with its truth table. A *slot* is one utterance
of one speaker; a candidate is a place in the vocabulary for each slot, the last place standing for silence. The
candidate's solutions are the bits left when the tables of its slots are taken together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from math import prod
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from knk.generation.grammar import SHARES, Draws, Grammar
from knk.generation.spec import Spec
from knk.logic.algebra import masks
from knk.logic.keys import MAX_RELABELLED_PEOPLE, relabelled_fingerprints
from knk.logic.mixing import UInt64Array, mix_words
from knk.logic.puzzle import Puzzle, Roles, Utterance
from knk.logic.solver import Solution, unpacked
from knk.logic.statements import Statement
from knk.text.vocabulary import full_names

MAX_SAMPLED_PEOPLE: Final = 12
"""Up to this many people candidates are drawn and sifted, above it solutions are planted."""
LISTED: Final = 4096
"""Statements that a vocabulary may list in full."""
DRAWN: Final = 2048
"""Statements that a vocabulary draws where there are too many to list."""
ALL_ROWS: Final = 1 << 20
"""Candidates up to which all are looked at to learn how many puzzles there are."""

IndexArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Block:
    """Puzzles as arrays, all of the same number of people.

    Args:
        spec: the specification they were made from.
        utterances: what may be said in each slot, None for silence.
        rows: what is said in each slot, as places in `utterances`, shape (puzzles, slots).
        solutions: the solution of each puzzle; bit i is set if person i is a knight, shape (puzzles,).
        marks: a number for each puzzle that is equal for equal keys, shape (puzzles,).
        seed: names the random numbers from which names and role words are drawn.
        places: the place of each puzzle in its block before any were left out, shape (puzzles,).
        size: how many puzzles the block had before any were left out.
    """

    spec: Spec
    utterances: Sequence[Sequence[Utterance | None]]
    rows: IndexArray
    solutions: npt.NDArray[Any]
    marks: UInt64Array
    seed: tuple[int, ...]
    places: IndexArray
    size: int

    def __len__(self) -> int:
        return len(self.places)

    @property
    def people(self) -> int:
        """How many people each puzzle has."""
        return self.spec.people_range[0]

    def only(self, chosen: npt.NDArray[Any]) -> Block:
        """Return the block with some of its puzzles, chosen by place or by truth."""
        parts = {name: getattr(self, name)[chosen] for name in ("rows", "solutions", "marks", "places")}
        return replace(self, **parts)

    def puzzles(self) -> Iterator[Puzzle]:
        """Iterate over the block's puzzles."""
        for names, statements, roles in zip(*self._parts(), strict=True):
            yield Puzzle.trusted(names, statements, roles)

    def solutions_as_roles(self) -> Iterator[Solution]:
        """Iterate over the puzzles' solutions."""
        return map(partial(unpacked, self.people), self.solutions.tolist())

    def _parts(self) -> tuple[Iterator[tuple[str, ...]], Iterator[tuple[Utterance, ...]], Iterator[Roles]]:
        draws, pool, roles = Draws(*self.seed), names_for(self.spec, self.people), self.spec.roles
        words = draws.shares(self.size)[self.places].astype(np.intp) * len(roles) // SHARES
        cast = _drawn_cast(draws, self.size, len(pool), self.people)[:, self.places]
        names: Iterator[tuple[str, ...]] = zip(*(map(pool.__getitem__, row) for row in cast.tolist()), strict=True)
        rows = self.rows.T.tolist()
        slots = [map(slot.__getitem__, row) for slot, row in zip(self.utterances, rows, strict=True)]
        said: Iterator[tuple[Utterance | None, ...]] = zip(*slots, strict=True)
        if self.spec.statements_range[0] < self.spec.statements_range[1]:
            said = (tuple([one for one in all_said if one is not None]) for all_said in said)
        return names, said, map(roles.__getitem__, words.tolist())  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What may be said, tabulated.

    Args:
        spec: the specification.
        people: how many people there are.
        speakers: the speaker of each slot.
        utterances: what may be said in each slot; the last place is silence.
        odds: the place in `utterances` for each share of the odds, shape (people, `SHARES`).
        tables: for each speaker and place the assignments that fit, shape (people, places, words).
        meanings: a number for each place, equal for logically equal statements, shape (places,).
        marks: for each speaker and place what it adds to a puzzle's mark, shape (people, places, relabellings) where
            `exact`, else (people, people, places).
        exact: whether puzzles have the same mark only if they have the same key.
        whole: whether nothing else can be said.
    """

    spec: Spec
    people: int
    speakers: tuple[int, ...]
    utterances: tuple[tuple[Utterance | None, ...], ...]
    odds: IndexArray
    tables: npt.NDArray[Any]
    meanings: IndexArray
    marks: UInt64Array
    exact: bool
    whole: bool

    @property
    def silence(self) -> int:
        """The place that stands for saying nothing."""
        return int(self.tables.shape[1]) - 1


def names_for(spec: Spec, people: int) -> tuple[str, ...]:
    """Return the names that so many people draw theirs from: first names while these suffice, then full names."""
    return spec.names if people <= len(spec.names) else full_names(spec.names)


def vocabulary_for(spec: Spec, people: int, seed: int, epoch: int) -> Vocabulary:
    """Return all that can be said, where that can be listed, or a draw of it for an epoch of a seed's blocks."""
    return _listed_vocabulary(spec, people) or _drawn_vocabulary(spec, people, seed, epoch)


@lru_cache(maxsize=16)
def _listed_vocabulary(spec: Spec, people: int) -> Vocabulary | None:
    grammar = Grammar(spec, people)
    listed = grammar.everything(LISTED)
    if listed is None:
        return None
    return _tabulated(grammar, [statement for statement, _ in listed], [odds for _, odds in listed], whole=True)


@lru_cache(maxsize=32)
def _drawn_vocabulary(spec: Spec, people: int, seed: int, epoch: int) -> Vocabulary:
    grammar, draws = Grammar(spec, people), Draws(seed, 3, people, epoch)
    drawn: list[Statement] = []
    while len(drawn) < DRAWN:
        statement = grammar.draw(draws)
        if grammar.allows(None, statement):
            drawn.append(statement)
    return _tabulated(grammar, drawn, [1] * DRAWN, whole=False)


def _tabulated(grammar: Grammar, statements: list[Statement], odds: list[int], whole: bool) -> Vocabulary:
    spec, people = grammar.spec, grammar.people
    xs, full = masks(people)
    tables = [statement.value(xs, full) for statement in statements]
    silent: list[Utterance | None] = [None]
    utterances = [
        tuple([Utterance(speaker, statement) for statement in statements] + silent) for speaker in range(people)
    ]
    speakers = tuple(speaker for speaker in range(people) for _ in range(spec.statements_range[1]))
    held = _words(tables, people)
    spoken = np.stack([np.concatenate([held ^ _words([full ^ x], people), _words([full], people)]) for x in xs])
    numbers = {table: number for number, table in enumerate(tables)}
    # Marks that are exact cost more, and matter only where a request may come near the last puzzle there is.
    exact = people < MAX_RELABELLED_PEOPLE or (
        people == MAX_RELABELLED_PEOPLE and len(statements) ** len(speakers) <= ALL_ROWS
    )
    return Vocabulary(
        spec,
        people,
        speakers,
        tuple(utterances[speaker] for speaker in speakers),
        np.stack([_shared_out(grammar, speaker, statements, odds) for speaker in range(people)]),
        spoken,
        np.array([*(numbers[table] for table in tables), len(tables)]),
        _image_marks(people, tables) if exact else _treatment_marks(people, tables),
        exact,
        whole,
    )


def _words(tables: Sequence[int], people: int) -> npt.NDArray[Any]:
    """Return truth tables as machine words, shape (tables, words)."""
    size = max(4, (1 << people) // 8)
    dtype = "<u4" if size == 4 else "<u8"
    raw = b"".join(table.to_bytes(size, "little") for table in tables)
    return np.frombuffer(raw, dtype=dtype).reshape(len(tables), -1)


def _shared_out(grammar: Grammar, speaker: int, statements: Sequence[Statement], odds: Sequence[int]) -> IndexArray:
    """Cut the odds into `SHARES` shares and return the statement of each; whatever has odds has a share."""
    allowed = [place for place, statement in enumerate(statements) if grammar.allows(speaker, statement)]
    if not allowed:
        return np.full(SHARES, len(statements))
    total, upto, bounds = sum(odds[place] for place in allowed), 0, []
    spare = SHARES - len(allowed)
    for rank, place in enumerate(allowed, 1):
        upto += odds[place]
        bounds.append(rank + spare * upto // total)
    return np.repeat(np.array(allowed), np.diff([0, *bounds]))


def _image_marks(people: int, tables: Sequence[int]) -> UInt64Array:
    """Return the fingerprint of each speaker and statement under every relabelling; silence has none."""
    images = [relabelled_fingerprints(people, [speaker] * len(tables), tables)[:, 0] for speaker in range(people)]
    return np.pad(np.stack(images), ((0, 0), (0, 1), (0, 0)))


def _treatment_marks(people: int, tables: Sequence[int]) -> UInt64Array:
    """Return how each speaker and statement treats each person; silence treats nobody."""
    treated = _treatment(people, tables).T
    marks = np.broadcast_to(mix_words(treated), (people, people, len(tables))).copy()
    for speaker in range(people):
        marks[speaker, speaker] = mix_words(~treated[speaker])
    return np.pad(marks, ((0, 0), (0, 0), (0, 1)))


def _treatment(people: int, tables: Sequence[int]) -> UInt64Array:
    """Return a number for each statement and person, the same after any renaming of people.

    It is made of how many assignments make the statement true, by how many knights they have and whether the person
    is one of them. The counts are exact in 32-bit floats, so that a matrix product may do the counting.
    """
    entries = np.arange(1 << people)
    knights = np.bitwise_count(entries)
    is_knight = (entries[:, None] >> np.arange(people)) & 1
    by_count = (knights[:, None] == np.arange(people + 1)).astype(np.float32)
    raw = np.frombuffer(_words(tables, people).tobytes(), dtype=np.uint8)
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


def block_size(people: int) -> int:
    """Return how many candidates a block holds, so that its tables fit a processor's cache."""
    return 1 << min(14, 22 - people)


def drawn_block(vocabulary: Vocabulary, seed: tuple[int, ...]) -> Block:
    """Return a block of random candidates, those with exactly one solution, in the order drawn."""
    draws = Draws(*seed, 0)
    rows = _drawn_rows(vocabulary, draws, block_size(vocabulary.people))
    kept, solutions = _with_one_solution(vocabulary, rows)
    if vocabulary.spec.balanced:
        chance = draws.shares(rows.shape[1])[kept]
        accepted = chance < _acceptance(vocabulary)[np.bitwise_count(solutions)]
        kept, solutions = kept[accepted], solutions[accepted]
    rows = rows[:, kept]
    marks = _puzzle_marks(vocabulary, rows)
    return Block(
        vocabulary.spec, vocabulary.utterances, rows.T, solutions, marks, (*seed, 1), np.arange(len(kept)), len(kept)
    )


def _drawn_cast(draws: Draws, puzzles: int, names: int, people: int) -> IndexArray:
    """Return for each puzzle the places of different names, shape (people, puzzles)."""
    pool = np.repeat(np.arange(names, dtype=np.uint16)[:, None], puzzles, axis=1)
    every = np.arange(puzzles)
    words = draws.words(people * puzzles).reshape(people, puzzles) >> np.uint64(32)
    left = np.arange(names, names - people, -1, dtype=np.uint64)[:, None]
    others = np.arange(people)[:, None] + ((words * left) >> np.uint64(32)).astype(np.intp)
    for person, other in enumerate(others):
        chosen = pool[other, every]
        pool[other, every] = pool[person]
        pool[person] = chosen
    return pool[:people].astype(np.intp)


def _drawn_rows(vocabulary: Vocabulary, draws: Draws, size: int) -> IndexArray:
    """Return random candidates, shape (slots, size)."""
    least, most = vocabulary.spec.statements_range
    shares = draws.shares(len(vocabulary.speakers), size)
    rows = np.empty(shares.shape, dtype=np.intp)
    for slot, speaker in enumerate(vocabulary.speakers):
        # Shares are in range by construction, and "clip" spares NumPy a copy.
        np.take(vocabulary.odds[speaker], shares[slot], out=rows[slot], mode="clip")
    if least < most:
        wanted = least + (draws.shares(vocabulary.people, size).astype(np.intp) * (most - least + 1)) // SHARES
        for slot, speaker in enumerate(vocabulary.speakers):
            rows[slot, slot % most >= wanted[speaker]] = vocabulary.silence
    return rows


def _with_one_solution(vocabulary: Vocabulary, rows: IndexArray) -> tuple[IndexArray, IndexArray]:
    """Return which candidates have exactly one solution and nobody repeating themselves, and those solutions."""
    full = _words([masks(vocabulary.people)[1]], vocabulary.people)
    left = np.repeat(full, rows.shape[1], axis=0)
    fitting = np.empty_like(left)
    for slot, speaker in enumerate(vocabulary.speakers):
        np.take(vocabulary.tables[speaker], rows[slot], axis=0, out=fitting, mode="clip")
        left &= fitting
    if left.shape[1] == 1:
        one = left[:, 0]
        kept = np.flatnonzero((one != 0) & (one & (one - one.dtype.type(1)) == 0))
        solutions = np.bitwise_count(one[kept] - one.dtype.type(1)).astype(np.intp)
    else:
        kept = np.flatnonzero(np.bitwise_count(left).sum(axis=1, dtype=np.int64) == 1)
        word = (left[kept] != 0).argmax(axis=1)
        bit = np.bitwise_count(left[kept, word] - left.dtype.type(1))
        solutions = word * 64 + bit
    fine = ~_repeating(vocabulary, rows[:, kept])
    return kept[fine], solutions[fine]


def _repeating(vocabulary: Vocabulary, rows: IndexArray) -> npt.NDArray[np.bool_]:
    """Return which candidates have a speaker say the same thing twice."""
    result = np.zeros(rows.shape[1], dtype=bool)
    most = vocabulary.spec.statements_range[1]
    for slot in range(len(vocabulary.speakers)):
        for earlier in range(slot - slot % most, slot):
            same = vocabulary.meanings[rows[slot]] == vocabulary.meanings[rows[earlier]]
            result |= same & (rows[slot] != vocabulary.silence)
    return result


def _puzzle_marks(vocabulary: Vocabulary, rows: IndexArray) -> UInt64Array:
    """Return a number for each candidate that is equal for equal keys."""
    if not vocabulary.exact:
        return _refined_marks(vocabulary, rows)
    result = np.empty(rows.shape[1], dtype=np.uint64)
    for start in range(0, rows.shape[1], 1024):
        chunk = rows[:, start : start + 1024]
        total = np.zeros((chunk.shape[1], vocabulary.marks.shape[2]), dtype=np.uint64)
        for slot, speaker in enumerate(vocabulary.speakers):
            total += np.take(vocabulary.marks[speaker], chunk[slot], axis=0, mode="clip")
        total.min(axis=1, out=result[start : start + 1024])
    return result


def _refined_marks(vocabulary: Vocabulary, rows: IndexArray) -> UInt64Array:
    """Two rounds of colour refinement: puzzles that these cannot tell apart count as the same."""
    treated = [
        np.take(vocabulary.marks[speaker], rows[slot], axis=1, mode="clip")
        for slot, speaker in enumerate(vocabulary.speakers)
    ]
    colours = mix_words(np.add.reduce(treated))
    result = np.zeros(rows.shape[1], dtype=np.uint64)
    for treatment, speaker in zip(treated, vocabulary.speakers, strict=True):
        result += mix_words((treatment * colours).sum(axis=0) + colours[speaker] * np.uint64(0x9E3779B97F4A7C15))
    return result


@lru_cache(maxsize=64)
def _acceptance(vocabulary: Vocabulary) -> npt.NDArray[np.int64]:
    """Return the shares of candidates to accept by their number of knights, so that knights come to a half.

    Where statements favour knights, each knight above half makes acceptance less likely by one factor (and likewise
    for knaves). The factor is found on candidates of a fixed seed, in whole numbers, the same on every machine.
    """
    people = vocabulary.people
    rows = _drawn_rows(vocabulary, Draws(4, people), 4 * block_size(people))
    _, solutions = _with_one_solution(vocabulary, rows)
    found = np.bincount(np.bitwise_count(solutions), minlength=people + 1).tolist()
    surplus = sum((2 * knights - people) * count for knights, count in enumerate(found))
    over = [max(0, (2 * k - people if surplus > 0 else people - 2 * k)) for k in range(people + 1)]
    unit = 1 << 10

    def imbalance(factor: int) -> int:
        terms = zip(found, over, strict=True)
        return sum((2 * k - people) * n * factor**o * unit ** (people - o) for k, (n, o) in enumerate(terms))

    factor = min(range(1, unit + 1), key=lambda factor: abs(imbalance(factor)))
    return np.array([SHARES * factor**o // unit**o for o in over])


def how_many(vocabulary: Vocabulary) -> int | None:
    """Return how many different puzzles there are, or None where they are too many to count one by one."""
    least, most = vocabulary.spec.statements_range
    choices = []
    for speaker in vocabulary.speakers:
        places = np.unique(vocabulary.odds[speaker])
        choices.append(places if least == most else np.append(places, vocabulary.silence))
    total = prod(len(places) for places in choices)
    if not vocabulary.whole or vocabulary.people > MAX_RELABELLED_PEOPLE or total > ALL_ROWS:
        return None
    left, rows = np.arange(total), np.empty((len(choices), total), dtype=np.intp)
    for slot, places in enumerate(choices):
        rows[slot] = places[left % len(places)]
        left //= len(places)
    spoken = (rows != vocabulary.silence).reshape(vocabulary.people, most, total).sum(axis=1)
    rows = rows[:, (spoken >= least).all(axis=0)]
    kept, _ = _with_one_solution(vocabulary, rows)
    return len(np.unique(_puzzle_marks(vocabulary, rows[:, kept])))
