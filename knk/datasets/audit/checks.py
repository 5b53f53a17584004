"""The checks of a single row: whether it is readable, has one solution, and stores the right answer and text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from knk.answers.verify import verify
from knk.datasets.audit.sameness import fingerprints
from knk.datasets.audit.sources import ANSWER_COLUMNS, PUZZLE_COLUMN, TEXT_COLUMNS, text_of
from knk.errors import BadFile, KnkError
from knk.logic.folded_table import FoldedTable, folded_table
from knk.logic.notation import decode, encode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import Solution, solutions
from knk.logic.triviality import is_trivial
from knk.text.parse import parse

FAULTS: Final = ("unreadable", "no solution", "several solutions", "wrong answer", "text of another puzzle")
"""What may be wrong with a single row."""
MAX_EXAMPLE: Final = 120
"""The longest text of an example, in characters."""


class CheckedRow(NamedTuple):
    """What a row alone shows.

    Args:
        fingerprints: its fingerprints, one per level of sameness; 0 where there is none.
        unreadable: why it cannot be read, "" if it can; if it cannot, all fields below are empty.
        people: the number of people.
        kinds: the kind of each statement.
        trivial: its notation if it has a trivial statement, else "".
        problems: for each fault that was checked what is wrong, "" if nothing is.
        knights: the number of knights, None if it does not have exactly one solution.
    """

    fingerprints: tuple[int, ...]
    unreadable: str = ""
    people: int = 0
    kinds: tuple[str, ...] = ()
    trivial: str = ""
    problems: tuple[tuple[str, str], ...] = ()
    knights: int | None = None


def check_rows(rows: Sequence[Mapping[str, Any]]) -> list[CheckedRow]:
    """Check each row: the job that an executor runs."""
    return list(map(_check_row, rows))


def _check_row(row: Mapping[str, Any]) -> CheckedRow:
    try:
        puzzle = _puzzle_of(row)
    except KnkError as error:
        return CheckedRow(fingerprints(row, None), str(error))
    notation = encode(puzzle)
    first_two = list(islice(solutions(puzzle), 2))
    problems = {
        "text of another puzzle": _wrong_text(row, puzzle),
        "no solution": notation if not first_two else "",
        "several solutions": notation if len(first_two) > 1 else "",
    }
    if len(first_two) == 1:
        problem = _wrong_answer(row, puzzle, first_two[0])
        problems["wrong answer"] = f"{problem}; {notation}" if problem else problem
    return CheckedRow(
        fingerprints(row, puzzle),
        people=len(puzzle.names),
        kinds=tuple(utterance.statement.kind for utterance in puzzle.statements),
        trivial=notation if any(is_trivial(utterance.statement) for utterance in puzzle.statements) else "",
        problems=tuple((name, problem) for name, problem in problems.items() if problem is not None),
        knights=sum(first_two[0]) if len(first_two) == 1 else None,
    )


def _puzzle_of(row: Mapping[str, Any]) -> Puzzle:
    if row.get(PUZZLE_COLUMN) is not None:
        return decode(row[PUZZLE_COLUMN])
    text = text_of(row)
    if text is None:
        raise BadFile(f"expected one of the columns {', '.join((PUZZLE_COLUMN, *TEXT_COLUMNS))}")
    return parse(text)


def quote(row: Mapping[str, Any]) -> str:
    """Return the row's puzzle in notation, or as it is stored if it is unreadable."""
    try:
        return shortened(encode(_puzzle_of(row)))
    except KnkError:
        return shortened(str(row.get(PUZZLE_COLUMN) or text_of(row)))


def shortened(text: str) -> str:
    """Return the text on one line, cut to `MAX_EXAMPLE` characters."""
    text = " ".join(text.split())
    return text if len(text) <= MAX_EXAMPLE else f"{text[: MAX_EXAMPLE - 3]}..."


def _wrong_answer(row: Mapping[str, Any], puzzle: Puzzle, solution: Solution) -> str | None:
    """Return what is wrong with the stored answers, "" if nothing is, None if there are none."""
    stored = {column: row[column] for column in ANSWER_COLUMNS if row.get(column) is not None}
    if not stored:
        return None
    for column, value in stored.items():
        if isinstance(value, list | tuple):
            problem = _wrong_roles(row, puzzle, solution, value)
        elif isinstance(value, str):
            verdict = verify(value, puzzle, solution=solution)
            problem = "" if verdict else str(verdict)
        else:
            problem = f"expected a list or English, got {type(value).__name__}"
        if problem:
            return f"{column}: {problem}"
    return ""


def _wrong_roles(row: Mapping[str, Any], puzzle: Puzzle, solution: Solution, stored: Sequence[Any]) -> str:
    """Return what is wrong with a list of roles, in the order of the column "names" or else of the puzzle."""
    column = row.get("names")
    names = list(map(str, column)) if isinstance(column, list) else []
    if sorted(names) != sorted(puzzle.names):
        names = list(puzzle.names)
    if not all(isinstance(role, bool) for role in stored):
        return f"expected a list of true and false, got {stored}"
    roles = dict(zip(puzzle.names, solution, strict=True))
    correct = [roles[name] for name in names]
    return "" if list(stored) == correct else f"expected {_role_signs(correct)}, got {_role_signs(stored)}"


def _role_signs(roles: Sequence[bool]) -> str:
    return "".join("+" if role else "-" for role in roles)


def _wrong_text(row: Mapping[str, Any], puzzle: Puzzle) -> str | None:
    """Return how the English differs from the notation, "" if it does not, None if the row lacks one of them."""
    text = text_of(row)
    if row.get(PUZZLE_COLUMN) is None or text is None:
        return None
    try:
        parsed = parse(text)
    except KnkError as error:
        return str(error)
    if parsed.statements == puzzle.statements and parsed.names == puzzle.names:
        return ""
    if sorted(parsed.names) != sorted(puzzle.names):
        return f"the text names {', '.join(parsed.names)}"
    reordered = parsed.reordered([parsed.names.index(name) for name in puzzle.names])
    return "" if _folded_statements(reordered) == _folded_statements(puzzle) else f"the text says {encode(parsed)}"


def _folded_statements(puzzle: Puzzle) -> set[tuple[int, FoldedTable]]:
    """Return each speaker with the folded truth table of what they say."""
    return {(speaker, folded_table(statement)) for speaker, statement in puzzle.statements}
