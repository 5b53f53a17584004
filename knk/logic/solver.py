"""The solutions of a puzzle: all assignments of roles that fit what people say, and what follows from them.

For few people each statement is a truth table held as one big integer, and the puzzle is their conjunction; for many
people a SAT solver finds the solutions (`knk.logic.sat`). `MAX_TABLE_PEOPLE` is where the second becomes faster, as
measured by `python benchmarks/speed/run.py --only crossing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice, product
from typing import Final

from knk.errors import ManySolutions, NoSolution
from knk.logic.algebra import masks
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.sat import sat_possibilities, sat_solutions
from knk.logic.statements import Statement

Solution = tuple[bool, ...]
MAX_TABLE_PEOPLE: Final = 17
"""Up to this many people truth tables are used, above it a SAT solver."""
_MAX_LISTED_PEOPLE: Final = 8
"""Up to this many people all assignments are listed once, for lookup."""


def solutions(puzzle: Puzzle) -> Iterator[Solution]:
    """Iterate over all solutions, each a tuple of bool in the order of `puzzle.names`, True for a knight.

    >>> from knk.logic.notation import decode
    >>> list(solutions(decode("Ann,Bob 0:&(-0,-1)")))
    [(False, True)]
    """
    people = len(puzzle.names)
    if people > MAX_TABLE_PEOPLE:
        yield from sat_solutions(people, puzzle.statements)
        return
    table = models(people, puzzle.statements)
    while table:
        lowest = table & -table
        yield unpacked(people, lowest.bit_length() - 1)
        table ^= lowest


def count(puzzle: Puzzle, limit: int | None = None) -> int:
    """Return the number of solutions, or `limit` if there are at least that many.

    >>> from knk.logic.notation import decode
    >>> count(decode("Ann,Bob 0:+1")), count(decode("Ann,Bob 0:+1"), limit=1)
    (2, 1)
    """
    people = len(puzzle.names)
    if people > MAX_TABLE_PEOPLE:
        return sum(1 for _ in islice(sat_solutions(people, puzzle.statements), limit))
    number = models(people, puzzle.statements).bit_count()
    return number if limit is None else min(number, limit)


def is_unique(puzzle: Puzzle) -> bool:
    """Whether there is exactly one solution.

    >>> from knk.logic.notation import decode
    >>> is_unique(decode("Ann,Bob 0:&(-0,-1)")), is_unique(decode("Ann,Bob 0:+1"))
    (True, False)
    """
    return count(puzzle, 2) == 1


def solve(puzzle: Puzzle) -> Solution:
    """Return the only solution, True for a knight.

    Raises:
        NoSolution: no assignment of roles fits what the people say.
        ManySolutions: more than one does.

    >>> from knk.logic.notation import decode
    >>> solve(decode("Ann,Bob 0:&(-0,-1)"))
    (False, True)
    """
    people = len(puzzle.names)
    if people <= MAX_TABLE_PEOPLE:
        table = models(people, puzzle.statements)
        if table and not table & (table - 1):
            return unpacked(people, table.bit_length() - 1)
    first_two = list(islice(solutions(puzzle), 2))
    if not first_two:
        raise NoSolution("no assignment of roles fits what the people say")
    if len(first_two) > 1:
        raise ManySolutions("more than one assignment of roles fits what the people say")
    return first_two[0]


def follows(puzzle: Puzzle, statement: Statement) -> bool | None:
    """Whether a statement is true in every solution (True), in none (False), or only in some (None).

    Raises:
        NoSolution: no assignment of roles fits what the people say, so that everything would follow.

    >>> from knk.logic.notation import decode
    >>> from knk.logic.statements import Iff, Knight
    >>> puzzle = decode("Ann,Bob,Cid 0:+1")
    >>> follows(puzzle, Knight(0)), follows(puzzle, Iff(Knight(0), Knight(1)))
    (None, True)
    """
    people = len(puzzle.names)
    if people > MAX_TABLE_PEOPLE:
        can_be_true, can_be_false = sat_possibilities(people, puzzle.statements, statement)
    else:
        table = models(people, puzzle.statements)
        truth = statement.table(people)
        can_be_true, can_be_false = bool(table & truth), bool(table & ~truth)
    if not can_be_true and not can_be_false:
        raise NoSolution("no assignment of roles fits what the people say")
    return None if can_be_true and can_be_false else can_be_true


# Truth tables.


def models(people: int, statements: Iterable[Utterance]) -> int:
    """Return the truth table of the assignments that fit the statements.

    Bit t of it stands for the assignment in which person i is a knight if and only if bit i of t is set.
    """
    roles, all_true = masks(people)
    table = all_true
    for speaker, statement in statements:
        table &= all_true ^ roles[speaker] ^ statement.table(people)
    return table


def unpacked(people: int, assignment: int) -> Solution:
    """Return the solution in which person i is a knight if and only if bit i of a number is set.

    >>> unpacked(3, 0b110)
    (False, True, True)
    """
    if people <= _MAX_LISTED_PEOPLE:
        return _assignments(people)[assignment]
    return tuple(bit == "1" for bit in reversed(f"{assignment:0{people}b}"))


@cache
def _assignments(people: int) -> list[Solution]:
    return [roles[::-1] for roles in product((False, True), repeat=people)]
