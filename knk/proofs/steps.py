"""The steps of a proof, and `Trace`, the whole proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution


@dataclass(frozen=True, slots=True)
class Follows:
    """A statement forces a role, given roles that are known already.

    Args:
        statement: index of the statement in `puzzle.statements`.
        using: the people whose known roles are needed besides.
        person: the person whose role follows.
        knight: whether they are a knight.
    """

    statement: int
    using: tuple[int, ...]
    person: int
    knight: bool


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A statement contradicts roles that are known or supposed.

    Args:
        statement: index of the statement in `puzzle.statements`.
        using: the people whose roles it contradicts.
    """

    statement: int
    using: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Suppose:
    """A supposition and everything derived from it; the last of its steps is the contradiction.

    Args:
        person: the person whose role is supposed.
        knight: whether they are supposed to be a knight.
        steps: what follows under the supposition.
    """

    person: int
    knight: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Retract:
    """The supposition just before led to a contradiction, so the opposite holds.

    Args:
        person: the person whose role was supposed.
        knight: whether they are a knight, as is now proved.
    """

    person: int
    knight: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """A statement evaluated under all roles at the end: true from a knight, false from a knave.

    Args:
        statement: index of the statement in `puzzle.statements`.
        true: whether it is true.
    """

    statement: int
    true: bool


Step = Follows | Contradiction | Suppose | Retract


@dataclass(frozen=True)
class Trace:
    """A proof that a puzzle has exactly one solution.

    Args:
        puzzle: the puzzle.
        steps: the steps that establish everybody's role; each `Suppose` is followed by its `Retract`.
        verified: every statement, evaluated under these roles.
        solution: the roles, True for a knight.
    """

    puzzle: Puzzle
    steps: tuple[Step, ...]
    verified: tuple[Verified, ...]
    solution: Solution

    def walk(self) -> Iterator[Step]:
        """Iterate over all steps in the order of the proof, those inside a supposition after their `Suppose`.

        >>> from knk.logic.notation import decode
        >>> from knk.proofs.trace import trace
        >>> [type(step).__name__ for step in trace(decode("Ann,Bob 0:&(-0,-1)")).walk()]
        ['Follows', 'Follows']
        """
        yield from walk(self.steps)

    @property
    def length(self) -> int:
        """The number of steps before the verification, including those inside suppositions."""
        return sum(1 for _ in self.walk())

    @property
    def suppositions(self) -> int:
        """The number of suppositions, including those inside others."""
        return sum(isinstance(step, Suppose) for step in self.walk())

    @property
    def nesting(self) -> int:
        """The largest number of suppositions that are open at once."""
        return _nesting(self.steps)


def walk(steps: Iterable[Step]) -> Iterator[Step]:
    """Iterate over steps in the order of the proof, those inside a supposition after their `Suppose`."""
    for step in steps:
        yield step
        if isinstance(step, Suppose):
            yield from walk(step.steps)


def _nesting(steps: Iterable[Step]) -> int:
    return max((1 + _nesting(step.steps) for step in steps if isinstance(step, Suppose)), default=0)
