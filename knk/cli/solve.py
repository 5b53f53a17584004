"""`knk solve`: whose role is what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from knk.cli.input import items
from knk.cli.output import wrapped

if TYPE_CHECKING:
    from knk.logic.puzzle import Puzzle

_COUNTED: Final = 100
"""Solutions that are counted; beyond, "more than" is all that is said."""


def solve(
    puzzle: Annotated[
        str | None, typer.Argument(metavar="PUZZLE|FILE", help="The puzzle itself or a file; a pipe if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each puzzle, one a line.")] = False,
) -> None:
    """Say who is what.

    Reads puzzles in English, in the one-line notation, as JSON lines or from a .parquet file, and finds out which.
    English is one puzzle, unless lines of three dashes separate several; notation and JSON are one puzzle a line. A
    JSON object has its puzzle under "puzzle", "text" or "quiz".

    Exit status: 0 if each puzzle has exactly one solution, 1 if some has none or several, 2 if the input is bad.

    \b
    knk solve "Ann: Bob is lying. Bob: We are both knaves."
    knk solve "Ann,Bob 0:-1 1:&(-0,-1)"
    knk generate -n 3 --format notation | knk solve --json
    """
    told = _told_json if as_json else _told
    unique = True
    for item in items(puzzle):
        text, fine = told(item.puzzle)
        print(text)
        unique = unique and fine
    if not unique:
        raise typer.Exit(1)


def _told(puzzle: Puzzle) -> tuple[str, bool]:
    """Return a puzzle's solution in words, and whether it has exactly one."""
    count, roles = _solved(puzzle)
    if count == 0:
        return "No solution: nothing fits what they say.", False
    sure = _sentence(puzzle, roles)
    if count == 1:
        return wrapped(sure), True
    several = f"{count} solutions" if count <= _COUNTED else f"More than {_COUNTED} solutions"
    return wrapped(
        f"{several}; " + (f"in all of them {sure}" if roles else "nobody is the same in all of them.")
    ), False


def _told_json(puzzle: Puzzle) -> tuple[str, bool]:
    import json

    from knk.logic.notation import encode

    count, roles = _solved(puzzle)
    words = {name: puzzle.roles[not knight] for name, knight in roles.items()}
    found = {"puzzle": encode(puzzle), "solutions": min(count, _COUNTED), "more": count > _COUNTED, "roles": words}
    return json.dumps(found, ensure_ascii=False), count == 1


def _solved(puzzle: Puzzle) -> tuple[int, dict[str, bool]]:
    """Return how many solutions there are, up to one above `_COUNTED`, and whose role is the same in all of them."""
    from knk.logic.solver import count, follows, solve
    from knk.logic.statements import Knight

    found = count(puzzle, _COUNTED + 1)
    if found == 1:
        return found, dict(zip(puzzle.names, solve(puzzle), strict=True))
    if found == 0:
        return found, {}
    sure = ((name, follows(puzzle, Knight(person))) for person, name in enumerate(puzzle.names))
    return found, {name: knight for name, knight in sure if knight is not None}


def _sentence(puzzle: Puzzle, roles: dict[str, bool]) -> str:
    from knk.text.vocabulary import article, join_words

    words = [(name, puzzle.roles[not knight]) for name, knight in roles.items()]
    return join_words([f"{name} is {article(word)} {word}" for name, word in words]) + "."
