"""The row of every dataset: a puzzle, its English, its solution and its answer; docs/corpora.md lists the columns.

The notation of the puzzle, the style and the seed determine all other columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final, TypedDict
from zlib import crc32

import numpy as np

from knk.logic.mixing import mix
from knk.logic.notation import encode
from knk.logic.puzzle import Puzzle, Roles
from knk.logic.solver import Solution, solve
from knk.text.render import render
from knk.text.vocabulary import with_article

if TYPE_CHECKING:
    import pyarrow as pa

DEFAULT_STYLE: Final = "varied"
_MAX_CACHED_PEOPLE: Final = 8


class Row(TypedDict):
    """A row of a dataset.

    Args:
        puzzle: the puzzle in one line of notation.
        people: the number of people.
        names: their names, in order.
        text: the puzzle in English.
        solution: each person's role, in the order of `names`; True is a knight.
        answer: the solution in English, one numbered line per person.
    """

    puzzle: str
    people: int
    names: list[str]
    text: str
    solution: list[bool]
    answer: str


def schema() -> pa.Schema:
    """Return the Arrow schema of rows.

    >>> schema().names
    ['puzzle', 'people', 'names', 'text', 'solution', 'answer']
    """
    import pyarrow as pa

    return pa.schema(
        {
            "puzzle": pa.string(),
            "people": pa.int32(),
            "names": pa.list_(pa.string()),
            "text": pa.string(),
            "solution": pa.list_(pa.bool_()),
            "answer": pa.string(),
        }
    )


def row_of(puzzle: Puzzle, seed: int = 0, style: str = DEFAULT_STYLE, solution: Solution | None = None) -> Row:
    """Return a puzzle's row.

    Args:
        puzzle: a puzzle with exactly one solution.
        seed: selects, together with the puzzle, among the wordings of the style.
        style: one of `knk.text.styles.STYLES`.
        solution: the puzzle's solution if it is known, else None.

    Raises:
        NoSolution: the puzzle has no solution.
        ManySolutions: the puzzle has several solutions.

    >>> from knk.logic.notation import decode
    >>> row_of(decode("Ann,Bob 0:&(-0,-1)"))["answer"]
    '(1) Ann is a knave\\n(2) Bob is a knight'
    """
    notation = encode(puzzle)
    roles = solve(puzzle) if solution is None else solution
    return {
        "puzzle": notation,
        "people": len(puzzle.names),
        "names": list(puzzle.names),
        "text": render(puzzle, wording_seed(notation, seed), style),
        "solution": list(roles),
        "answer": answer_of(puzzle, roles),
    }


def wording_seed(notation: str, seed: int) -> int:
    """Return the seed for rendering a puzzle's English: different for each puzzle, the same on every machine.

    >>> wording_seed("Ann,Bob 0:-1", 0) == wording_seed("Ann,Bob 0:-1", 1)
    False
    """
    return mix(crc32(notation.encode()) ^ mix(seed & 0xFFFFFFFFFFFFFFFF))


def answer_of(puzzle: Puzzle, solution: Solution) -> str:
    """Return a solution in English, one numbered line per person.

    >>> answer_of(Puzzle(("Ann", "Bob"), ()), (True, False))
    '(1) Ann is a knight\\n(2) Bob is a knave'
    """
    template = _cached_template if len(solution) <= _MAX_CACHED_PEOPLE else _answer_template
    return template(puzzle.roles, tuple(solution)).format(*puzzle.names)


def _answer_template(roles: Roles, solution: Solution) -> str:
    """Return an answer with `{0}`, `{1}`, ... in place of the names."""
    liar, truthful = (f"is {with_article(word)}" for word in reversed(roles))
    return "\n".join([f"({i + 1}) {{{i}}} {truthful if role else liar}" for i, role in enumerate(solution)])


_cached_template = lru_cache(maxsize=8192)(_answer_template)


def table_of(puzzles: Sequence[Puzzle], solutions: Sequence[Solution], seed: int, style: str) -> pa.Table:
    """Return a table of the rows of many puzzles, the same as those of `row_of`."""
    import pyarrow as pa

    notations = list(map(encode, puzzles))
    ends = np.cumsum([0, *(len(puzzle.names) for puzzle in puzzles)], dtype=np.int32)
    names = pa.array(list(chain.from_iterable(puzzle.names for puzzle in puzzles)), pa.string())
    roles = pa.array(np.fromiter(chain.from_iterable(solutions), dtype=bool, count=ends[-1]))
    texts = [
        render(puzzle, wording_seed(notation, seed), style) for puzzle, notation in zip(puzzles, notations, strict=True)
    ]
    columns = {
        "puzzle": notations,
        "people": np.diff(ends),
        "names": pa.ListArray.from_arrays(ends, names),
        "text": texts,
        "solution": pa.ListArray.from_arrays(ends, roles),
        "answer": list(map(answer_of, puzzles, solutions)),
    }
    return pa.table(columns, schema=schema())
