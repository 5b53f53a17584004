"""`knk solve`: the solution of a puzzle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import typer

from knk.cli.input import read_puzzles
from knk.cli.options import JsonLines, PuzzleSource
from knk.cli.output import print_json, wrap

if TYPE_CHECKING:
    from knk.logic.puzzle import Puzzle

_MAX_COUNT: Final = 100
"""Solutions that are counted exactly; any more are reported as "more than"."""


def solve(puzzle: PuzzleSource = None, as_json: JsonLines = False) -> None:
    """Solve puzzles.

    Reads puzzles in English, in one-line notation, as JSON lines or from a .parquet file, and detects which it is.
    English is one puzzle, unless lines of three dashes separate several; notation and JSON are one puzzle per line. A
    JSON object has its puzzle under "puzzle", "text" or "quiz".

    Exit status: 0 if every puzzle has exactly one solution, 1 if one has none or several, 2 if the input is bad.

    \b
    knk solve "Ann: Bob is lying. Bob: We are both knaves."
    knk solve "Ann,Bob 0:-1 1:&(-0,-1)"
    knk generate -n 3 --format notation | knk solve --json
    """
    all_unique = True
    for item in read_puzzles(puzzle):
        solution = _solution(item.puzzle)
        if as_json:
            print_json(_as_json(item.puzzle, solution))
        else:
            print(wrap(_as_text(item.puzzle, solution)))
        all_unique = all_unique and solution.number == 1
    if not all_unique:
        raise typer.Exit(1)


class _Solution(NamedTuple):
    """The number of solutions, at most one above `_MAX_COUNT`, and the roles that are the same in all of them."""

    number: int
    roles: dict[str, bool]


def _solution(puzzle: Puzzle) -> _Solution:
    from knk.logic.solver import count, follows, solve
    from knk.logic.statements import Knight

    number = count(puzzle, _MAX_COUNT + 1)
    if number == 1:
        return _Solution(number, dict(zip(puzzle.names, solve(puzzle), strict=True)))
    if number == 0:
        return _Solution(number, {})
    certain = ((name, follows(puzzle, Knight(person))) for person, name in enumerate(puzzle.names))
    return _Solution(number, {name: knight for name, knight in certain if knight is not None})


def _role_words(puzzle: Puzzle, solution: _Solution) -> dict[str, str]:
    return {name: puzzle.roles[not knight] for name, knight in solution.roles.items()}


def _as_json(puzzle: Puzzle, solution: _Solution) -> dict[str, object]:
    from knk.logic.notation import encode

    return {
        "puzzle": encode(puzzle),
        "solutions": min(solution.number, _MAX_COUNT),
        "more": solution.number > _MAX_COUNT,
        "roles": _role_words(puzzle, solution),
    }


def _as_text(puzzle: Puzzle, solution: _Solution) -> str:
    from knk.text.vocabulary import join_words, with_article

    if solution.number == 0:
        return "No solution: no assignment of roles fits what they say."
    words = _role_words(puzzle, solution)
    sentence = join_words([f"{name} is {with_article(word)}" for name, word in words.items()]) + "."
    if solution.number == 1:
        return sentence
    number = f"{solution.number}" if solution.number <= _MAX_COUNT else f"More than {_MAX_COUNT}"
    common = f"in all of them {sentence}" if words else "no person has the same role in all of them."
    return f"{number} solutions; {common}"
