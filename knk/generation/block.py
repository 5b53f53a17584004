"""`Block`: many puzzles of one number of people, held as arrays until they are needed as objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from knk.generation.draws import SHARES, Draws, IndexArray
from knk.generation.spec import Spec
from knk.logic.mixing import UInt64Array
from knk.logic.puzzle import Puzzle, Roles, Utterance
from knk.logic.solver import Solution, unpacked
from knk.text.vocabulary import full_names


@dataclass(frozen=True)
class Block:
    """Puzzles as arrays, all of the same number of people.

    A *slot* is a position for one utterance of one speaker; a puzzle chooses an utterance for each slot, or silence.

    Args:
        spec: the specification they were made from.
        utterances: the possible utterances of each slot, None for silence.
        choices: the chosen utterance of each slot, as an index into `utterances`, shape (puzzles, slots).
        solutions: the solution of each puzzle; bit i is set if person i is a knight, shape (puzzles,).
        fingerprints: a number for each puzzle that is equal for equal keys, shape (puzzles,).
        seed: names the random numbers from which names and role words are drawn.
        indices: the index of each puzzle in the block before any were left out, shape (puzzles,).
        size: how many puzzles the block had before any were left out.
    """

    spec: Spec
    utterances: Sequence[Sequence[Utterance | None]]
    choices: IndexArray
    solutions: npt.NDArray[Any]
    fingerprints: UInt64Array
    seed: tuple[int, ...]
    indices: IndexArray
    size: int

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def people(self) -> int:
        """How many people each puzzle has."""
        return self.spec.people_range[0]

    def select(self, chosen: npt.NDArray[Any]) -> Block:
        """Return the block with some of its puzzles only.

        Args:
            chosen: indices of puzzles, or a boolean for each puzzle.
        """
        arrays = {name: getattr(self, name)[chosen] for name in ("choices", "solutions", "fingerprints", "indices")}
        return replace(self, **arrays)

    def puzzles(self) -> Iterator[Puzzle]:
        """Iterate over the puzzles."""
        for names, statements, roles in zip(*self._puzzle_parts(), strict=True):
            yield Puzzle.trusted(names, statements, roles)

    def solutions_as_roles(self) -> Iterator[Solution]:
        """Iterate over the solutions of the puzzles."""
        return map(partial(unpacked, self.people), self.solutions.tolist())

    def _puzzle_parts(self) -> tuple[Iterator[tuple[str, ...]], Iterator[tuple[Utterance, ...]], Iterator[Roles]]:
        """Return iterators over the names, the statements and the role words of the puzzles."""
        draws, names, roles = Draws(*self.seed), names_for(self.spec, self.people), self.spec.roles
        role_indices = draws.shares(self.size)[self.indices].astype(np.intp) * len(roles) // SHARES
        name_indices = _random_names(draws, self.size, len(names), self.people)[:, self.indices]
        people = [map(names.__getitem__, row) for row in name_indices.tolist()]
        slots = [
            map(utterances.__getitem__, column)
            for utterances, column in zip(self.utterances, self.choices.T.tolist(), strict=True)
        ]
        statements: Iterator[tuple[Utterance | None, ...]] = zip(*slots, strict=True)
        if self.spec.statements_range[0] < self.spec.statements_range[1]:
            statements = (tuple([part for part in parts if part is not None]) for parts in statements)
        return zip(*people, strict=True), statements, map(roles.__getitem__, role_indices.tolist())  # type: ignore[return-value]


def names_for(spec: Spec, people: int) -> tuple[str, ...]:
    """Return the names to draw from for so many people: first names if there are enough, else full names."""
    return spec.names if people <= len(spec.names) else full_names(spec.names)


def _random_names(draws: Draws, puzzles: int, names: int, people: int) -> IndexArray:
    """Return the indices of different random names for each puzzle, shape (people, puzzles)."""
    pool = np.repeat(np.arange(names, dtype=np.uint16)[:, None], puzzles, axis=1)
    every = np.arange(puzzles)
    words = draws.words(people * puzzles).reshape(people, puzzles) >> np.uint64(32)
    remaining = np.arange(names, names - people, -1, dtype=np.uint64)[:, None]
    others = np.arange(people)[:, None] + ((words * remaining) >> np.uint64(32)).astype(np.intp)
    for person, other in enumerate(others):
        chosen = pool[other, every]
        pool[other, every] = pool[person]
        pool[person] = chosen
    return pool[:people].astype(np.intp)
