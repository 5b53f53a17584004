"""An exercise: a function to write, as the rows of HumanEval+ describe it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from knk.errors import BadRow
from knk.tasks.source import Row, field

EXERCISE_COLUMNS: Final = ("stub", "canonical_solution", "entry_point", "inputs", "atol")
"""The columns of a row that an exercise is made of."""


@dataclass(frozen=True)
class Exercise:
    """A function to write.

    Args:
        stub: the code that the model is given: imports, helpers, and the function's signature and docstring.
        solution: the function's body in the dataset's own solution.
        entry_point: the function's name.
        inputs: a JSON list of lists of arguments.
        atol: the absolute tolerance of floats, 0 for the default.
    """

    stub: str
    solution: str
    entry_point: str
    inputs: str
    atol: float

    def calls(self) -> tuple[str, ...]:
        """Return the arguments of each call, a line of JSON each.

        Raises:
            BadRow: the inputs are not a list of lists of arguments, at least one.
        """
        try:
            calls: Any = json.loads(self.inputs)
        except (ValueError, RecursionError) as error:
            raise BadRow("a row's inputs are not JSON") from error
        if not isinstance(calls, list) or not calls or not all(isinstance(arguments, list) for arguments in calls):
            raise BadRow("expected a row's inputs as a list of lists of arguments, at least one")
        return tuple(json.dumps(arguments) for arguments in calls)


def exercise_of(row: Row) -> Exercise:
    """Return the exercise of a row.

    Raises:
        BadRow: a column is missing, or of another type.
    """
    stub, solution, entry_point, inputs = (field(row, name, str) for name in EXERCISE_COLUMNS[:4])
    return Exercise(stub, solution, entry_point, inputs, field(row, EXERCISE_COLUMNS[4], (int, float)))
