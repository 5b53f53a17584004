"""The search that tries whole answers: `search` checks one after another, each up to its first contradiction.

`knk.proofs.trace.trace` proves that no other answer fits; a search ends as soon as one does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from knk.errors import BadPuzzle, BadSpec
from knk.logic.choice import Choice
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution, unpacked

MAX_PEOPLE: Final = 16
"""People up to whom all their roles are tried: 65,536 answers at most."""


@dataclass(frozen=True, slots=True)
class Check:
    """A statement, checked under a candidate.

    Args:
        statement: index of the statement in `puzzle.statements`.
        is_true: whether what is said is true under the candidate.
        holds: whether that agrees with the speaker's role, as a knight says truths and a knave falsehoods.
    """

    statement: int
    is_true: bool
    holds: bool


@dataclass(frozen=True, slots=True)
class Try:
    """A candidate and its checks, up to the first statement that does not hold.

    Args:
        roles: the candidate, True for a knight, in the order of `puzzle.names`.
        checks: the checks, in the order of the statements; only the last may fail.
    """

    roles: Solution
    checks: tuple[Check, ...]

    @property
    def fits(self) -> bool:
        """Whether every statement holds."""
        return all(check.holds for check in self.checks)


@dataclass(frozen=True, slots=True)
class Search:
    """Candidates tried in order, all of which fail but possibly the last.

    Args:
        puzzle: the puzzle.
        tries: the tries.
    """

    puzzle: Puzzle
    tries: tuple[Try, ...]

    @property
    def found(self) -> Solution | None:
        """The roles that fit, or None if no candidate did."""
        return self.tries[-1].roles if self.tries and self.tries[-1].fits else None


def search(puzzle: Puzzle, candidates: Iterable[Solution] | None = None, seed: int = 0) -> Search:
    """Try whole answers one after another, and stop at the first that fits.

    Args:
        puzzle: the puzzle, with any number of solutions.
        candidates: the answers to try, in this order, each a role for everybody, True for a knight; None for every
            answer once, in an order drawn from the seed.
        seed: the seed of that order; the same seed gives the same search, on every machine.

    Raises:
        BadPuzzle: it is no puzzle, or has too many people to try all their roles.
        BadSpec: a candidate does not give everybody a role, or the seed is no integer.

    >>> from knk.logic.notation import decode
    >>> result = search(decode("Ann,Bob 0:-1 1:&(-0,-1)"), [(True, True), (True, False), (False, True)])
    >>> [(attempt.roles, len(attempt.checks), attempt.fits) for attempt in result.tries]
    [((True, True), 1, False), ((True, False), 2, True)]
    >>> result.tries[0].checks
    (Check(statement=0, is_true=False, holds=False),)
    >>> result.found
    (True, False)
    """
    _check_puzzle(puzzle)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise BadSpec(f"expected an integer seed, got {seed!r}")
    tries: list[Try] = []
    for roles in _drawn(len(puzzle.names), seed) if candidates is None else _numbered(puzzle, candidates):
        tries.append(_tried(puzzle, roles))
        if tries[-1].fits:
            break
    return Search(puzzle, tuple(tries))


def try_roles(puzzle: Puzzle, roles: Solution) -> Try:
    """Check the statements in order under a candidate, up to the first that does not hold.

    Args:
        puzzle: the puzzle.
        roles: the candidate, True for a knight, in the order of `puzzle.names`.

    Raises:
        BadPuzzle: it is no puzzle.
        BadSpec: the candidate does not give everybody a role.

    >>> from knk.logic.notation import decode
    >>> try_roles(decode("Ann,Bob 0:-1 1:&(-0,-1)"), (True, False)).fits
    True
    """
    _check_puzzle(puzzle)
    return _tried(puzzle, _checked(puzzle, roles, "roles"))


def _tried(puzzle: Puzzle, roles: Solution) -> Try:
    checks: list[Check] = []
    for index, (speaker, statement) in enumerate(puzzle.statements):
        is_true = bool(statement.value(roles, True))
        checks.append(Check(index, is_true, is_true is roles[speaker]))
        if not checks[-1].holds:
            break
    return Try(roles, tuple(checks))


def _drawn(people: int, seed: int) -> Iterator[Solution]:
    """Iterate over all assignments of roles in random order, each drawn only when it is needed."""
    if people > MAX_PEOPLE:
        raise BadPuzzle(
            f"expected at most {MAX_PEOPLE} people to try all their roles, got {people}: give candidates, or use trace"
        )
    # Explanations choose their words from the seed itself; the order of candidates is to be independent of them.
    choice = Choice(~seed)
    # A Fisher-Yates shuffle of the numbers below 2**people that keeps only those which are not in their own place.
    moved: dict[int, int] = {}
    for size in range(1 << people, 0, -1):
        place, last = choice.below(size), size - 1
        number = moved.get(place, place)
        moved[place] = moved.pop(last, last)
        yield unpacked(people, number)


def _numbered(puzzle: Puzzle, candidates: Iterable[Solution]) -> Iterator[Solution]:
    """Iterate over candidates that a caller gives, each checked; errors name its number."""
    if not isinstance(candidates, Iterable):
        raise BadSpec(f"expected an iterable of candidates, got {type(candidates).__name__}")
    for number, roles in enumerate(candidates, 1):
        yield _checked(puzzle, roles, f"candidate {number}")


def _checked(puzzle: Puzzle, roles: Solution, what: str) -> Solution:
    """Return a candidate as a tuple, which an error calls `what`."""
    people = len(puzzle.names)
    if not isinstance(roles, tuple | list):
        raise BadSpec(f"{what}: expected a tuple of {people} roles, True for a knight, got {type(roles).__name__}")
    if len(roles) != people:
        raise BadSpec(f"{what}: expected {people} roles, one for each person, got {len(roles)}")
    for role in roles:
        if not isinstance(role, bool):
            raise BadSpec(f"{what}: expected True for a knight or False for a knave, got {role!r:.40}")
    return tuple(roles)


def _check_puzzle(puzzle: Puzzle) -> None:
    if not isinstance(puzzle, Puzzle):
        raise BadPuzzle(f"expected a Puzzle, got {type(puzzle).__name__}")
