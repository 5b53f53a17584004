"""The checks of a single row: whether it can be read, has one solution, and stores the right answer and text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from knk.answers.verify import verify
from knk.datasets.audit.sameness import fingerprints
from knk.datasets.audit.sources import ANSWER_COLUMNS, PUZZLE_COLUMN, TEXT_COLUMNS, text_of
from knk.errors import BadFile, KnkError
from knk.logic.keys import Meaning, meaning
from knk.logic.notation import decode, encode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution, solutions
from knk.logic.triviality import is_trivial
from knk.text.parse import parse

FAULTS: Final = ("unreadable", "no solution", "several solutions", "wrong answer", "text of another puzzle")
"""What may be wrong with a row by itself."""
LONGEST_EXAMPLE: Final = 120
"""Characters of a row that an example quotes."""


class RowFacts(NamedTuple):
    """What one row says of itself, whatever the others are.

    Args:
        marks: its fingerprints, one a level.
        unreadable: why it cannot be read, if it cannot; then the rest is empty.
        people: how many people it has.
        kinds: the kinds of its statements.
        trivial: its notation, if it has a trivial statement.
        problems: for each fault that it was looked at for what is wrong, "" if nothing is.
        knights: how many people are knights, where it has just one solution.
    """

    marks: tuple[int, ...]
    unreadable: str = ""
    people: int = 0
    kinds: tuple[str, ...] = ()
    trivial: str = ""
    problems: tuple[tuple[str, str], ...] = ()
    knights: int | None = None


def check_rows(rows: Sequence[Mapping[str, Any]]) -> list[RowFacts]:
    """Return the facts of each row."""
    return list(map(_check_row, rows))


def _check_row(row: Mapping[str, Any]) -> RowFacts:
    try:
        puzzle = _puzzle_of(row)
    except KnkError as error:
        return RowFacts(fingerprints(row, None), str(error))
    notation = encode(puzzle)
    found = list(islice(solutions(puzzle), 2))
    problems = {
        "text of another puzzle": _other_puzzle(row, puzzle),
        "no solution": notation if not found else "",
        "several solutions": notation if len(found) > 1 else "",
    }
    if len(found) == 1:
        problem = _wrong_answer(row, puzzle, found[0])
        problems["wrong answer"] = f"{problem}; {notation}" if problem else problem
    return RowFacts(
        fingerprints(row, puzzle),
        people=len(puzzle.names),
        kinds=tuple(said.statement.kind for said in puzzle.statements),
        trivial=notation if any(is_trivial(said.statement) for said in puzzle.statements) else "",
        problems=tuple((what, problem) for what, problem in problems.items() if problem is not None),
        knights=sum(found[0]) if len(found) == 1 else None,
    )


def _puzzle_of(row: Mapping[str, Any]) -> Puzzle:
    if row.get(PUZZLE_COLUMN) is not None:
        return decode(row[PUZZLE_COLUMN])
    text = text_of(row)
    if text is None:
        raise BadFile(f"none of the columns {', '.join((PUZZLE_COLUMN, *TEXT_COLUMNS))} is there")
    return parse(text)


def quote(row: Mapping[str, Any]) -> str:
    """Return the row's puzzle in notation; where it cannot be read, what stands there."""
    try:
        return shorten(encode(_puzzle_of(row)))
    except KnkError:
        return shorten(str(row.get(PUZZLE_COLUMN) or text_of(row)))


def shorten(text: str) -> str:
    """Return the text on one line, cut to `LONGEST_EXAMPLE` characters."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_EXAMPLE else f"{text[: LONGEST_EXAMPLE - 3]}..."


def _wrong_answer(row: Mapping[str, Any], puzzle: Puzzle, solution: Solution) -> str | None:
    """Return what is wrong with the stored answers, "" if nothing is, None if there are none."""
    stored = {column: row[column] for column in ANSWER_COLUMNS if row.get(column) is not None}
    if not stored:
        return None
    for column, value in stored.items():
        problem = _wrong_roles(row, puzzle, solution, value) if isinstance(value, list | tuple) else ""
        if isinstance(value, str):
            verdict = verify(value, puzzle, solution=solution)
            problem = "" if verdict else str(verdict)
        elif not isinstance(value, list | tuple):
            problem = f"neither a list nor English but {type(value).__name__}"
        if problem:
            return f"{column}: {problem}"
    return ""


def _wrong_roles(row: Mapping[str, Any], puzzle: Puzzle, solution: Solution, stored: Sequence[Any]) -> str:
    listed = row.get("names")
    names = list(map(str, listed)) if isinstance(listed, list) else []
    if sorted(names) != sorted(puzzle.names):
        names = list(puzzle.names)
    roles = dict(zip(puzzle.names, solution, strict=True))
    if not all(isinstance(role, bool) for role in stored):
        return f"not a list of true and false: {stored}"
    right = [roles[name] for name in names]
    return "" if list(stored) == right else f"{_signs(stored)} is stored, {_signs(right)} is right"


def _signs(roles: Sequence[bool]) -> str:
    return "".join("+" if role else "-" for role in roles)


def _other_puzzle(row: Mapping[str, Any], puzzle: Puzzle) -> str | None:
    """Return how the English differs from the notation, "" if it does not, None where only one is there."""
    text = text_of(row)
    if row.get(PUZZLE_COLUMN) is None or text is None:
        return None
    try:
        told = parse(text)
    except KnkError as error:
        return str(error)
    if told.statements == puzzle.statements and told.names == puzzle.names:
        return ""
    if sorted(told.names) != sorted(puzzle.names):
        return f"the text names {', '.join(told.names)}"
    moved = told.reordered([told.names.index(name) for name in puzzle.names])
    return "" if _meanings(moved) == _meanings(puzzle) else f"the text says {encode(told)}"


def _meanings(puzzle: Puzzle) -> set[tuple[int, Meaning]]:
    """Return who says what, whichever way it is put."""
    return {(said.speaker, meaning(said.statement)) for said in puzzle.statements}
