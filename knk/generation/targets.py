"""Which puzzles of a block match a target: decided for all at once where possible, else measured one by one.

A *verdict* is a small number for each puzzle, one of the constants below. It depends on nothing but the puzzle and the
target, so it does not matter in which block or process the puzzle is examined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from knk.errors import GaveUp
from knk.generation.block import Block
from knk.generation.sampled import MAX_SAMPLED_PEOPLE
from knk.generation.spec import Spec
from knk.generation.statement_table import StatementTable
from knk.logic.puzzle import Puzzle
from knk.proofs.difficulty import (
    GRADES,
    difficulty,
    grade_bounds,
)
from knk.proofs.nesting import min_nestings

Verdicts = npt.NDArray[np.uint8]

NO_MATCH: Final = 0
"""The puzzle is known not to match."""
MATCH: Final = 1
"""The puzzle is known to match."""
UNDECIDED: Final = 2
"""The puzzle has to be measured."""
MEASURED_NO_MATCH: Final = 3
"""The puzzle was measured and does not match."""
MEASURED_MATCH: Final = 4
"""The puzzle was measured and matches."""
GAVE_UP: Final = 5
"""The puzzle is too hard to measure, and counts as not matching."""
SKIPPED: Final = 6
"""The puzzle was rejected for another reason, and not measured."""

_MAX_NESTING_PEOPLE: Final = 6
"""Up to this many people, nesting is found for all puzzles of a block at once; for more, measuring is as fast."""
_COSTS: Final = {NO_MATCH: 1, MATCH: 1, MEASURED_NO_MATCH: 20, MEASURED_MATCH: 20, GAVE_UP: 20, SKIPPED: 5}
_PLANTED_COST: Final = 400


def first_verdicts(block: Block, table: StatementTable | None) -> Verdicts:
    """Return the verdicts on a block's puzzles that are known without measuring.

    Args:
        block: the puzzles, of a specification with a target.
        table: the statements the block was drawn from; None for planted puzzles, of which nothing is known.
    """
    people = block.people
    by_nesting = [_verdict(block.spec, people, grades) for grades in ((1,), (2, 3), range(4, len(GRADES) + 1))]
    max_nesting = int(by_nesting[1] != by_nesting[2])
    if max_nesting and people > _MAX_NESTING_PEOPLE:
        by_nesting, max_nesting = [by_nesting[0], UNDECIDED], 0
    if table is None or len(set(by_nesting)) == 1:
        return np.full(len(block), by_nesting[0] if len(set(by_nesting)) == 1 else UNDECIDED, dtype=np.uint8)
    fitting = np.stack([table.tables[speaker][block.choices[:, i]] for i, speaker in enumerate(table.speakers)])
    return np.array(by_nesting, dtype=np.uint8)[min_nestings(fitting, block.solutions, people, max_nesting)]


def _verdict(spec: Spec, people: int, grades: Iterable[int]) -> int:
    """Return what is known of a puzzle that has one of some grades."""
    verdicts = set()
    for grade in grades:
        bounds = grade_bounds(grade, people)
        pairs = [(bounds[name], target) for name, target in spec.target_ranges.items()]
        if any(maximum < low or high < minimum for (minimum, maximum), (low, high) in pairs):
            verdicts.add(NO_MATCH)
        else:
            certain = all(low <= minimum and maximum <= high for (minimum, maximum), (low, high) in pairs)
            verdicts.add(MATCH if certain else UNDECIDED)
    return verdicts.pop() if len(verdicts) == 1 else UNDECIDED


def matching_puzzles(
    block: Block, verdicts: Verdicts, accepts: Callable[[Puzzle], bool] | None = None
) -> Iterator[Puzzle]:
    """Iterate over the puzzles that match, in order, and replace each verdict `OPEN` on the way.

    Args:
        block: the puzzles.
        verdicts: the verdicts known so far; none is `OPEN` at the end.
        accepts: a further condition on puzzles, checked before they are measured.
    """
    remaining = np.flatnonzero(verdicts != NO_MATCH)
    for index, puzzle in zip(remaining.tolist(), block.select(remaining).puzzles(), strict=True):
        if accepts is not None and not accepts(puzzle):
            verdicts[index] = SKIPPED
        elif verdicts[index] == UNDECIDED:
            verdicts[index] = _measure(puzzle, block.spec)
        if verdicts[index] in (MATCH, MEASURED_MATCH):
            yield puzzle


def _measure(puzzle: Puzzle, spec: Spec) -> int:
    try:
        measures = difficulty(puzzle)
    except GaveUp:
        return GAVE_UP
    matches = all(
        minimum <= getattr(measures, name) <= maximum for name, (minimum, maximum) in spec.target_ranges.items()
    )
    return MEASURED_MATCH if matches else MEASURED_NO_MATCH


def matches_target(verdicts: Verdicts) -> npt.NDArray[np.bool_]:
    """Return which of the verdicts say that a puzzle matches the target.

    >>> matches_target(np.array([NO_MATCH, MATCH, MEASURED_NO_MATCH, MEASURED_MATCH, GAVE_UP])).tolist()
    [False, True, False, True, False]
    """
    matches: npt.NDArray[np.bool_] = np.isin(verdicts, (MATCH, MEASURED_MATCH))
    return matches


def cost(verdicts: Verdicts, people: int) -> int:
    """Return what verdicts cost; the unit is a look at a puzzle of few people.

    >>> cost(np.array([NO_MATCH, NO_MATCH, MEASURED_NO_MATCH]), people=5)
    22
    """
    if people > MAX_SAMPLED_PEOPLE:
        return _PLANTED_COST * len(verdicts)
    return sum(int((verdicts == verdict).sum()) * each for verdict, each in _COSTS.items())
