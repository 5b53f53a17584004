"""Which puzzles of a block meet a target: what arrays tell of all at once, and the others measured one by one.

A *verdict* is a small number a puzzle, one of those named below. Which verdict a puzzle gets depends on nothing but the
puzzle and what is asked for, so it does not matter in which block, process or company it is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from knk.errors import GaveUp
from knk.generation.sampled import MAX_SAMPLED_PEOPLE, Block, Vocabulary
from knk.generation.spec import Spec
from knk.logic.puzzle import Puzzle
from knk.proofs.difficulty import (
    GRADES,
    difficulty,
    grade_bounds,
)
from knk.proofs.nesting import least_nestings

Verdicts = npt.NDArray[np.uint8]

OUT: Final = 0
"""The puzzle is known not to fit."""
FITS: Final = 1
"""The puzzle is known to fit."""
OPEN: Final = 2
"""The puzzle has to be measured."""
MEASURED_OUT: Final = 3
"""The puzzle was measured and does not fit."""
MEASURED_FITS: Final = 4
"""The puzzle was measured and fits."""
GAVE_UP: Final = 5
"""The puzzle is too hard to measure, and does not count as fitting."""

UNWANTED: Final = 6
"""The puzzle is not wanted for another reason, and was not measured."""

_SUPPOSED_PEOPLE: Final = 6
"""Up to this many people all suppositions of a block's puzzles are tried at once: above, measuring is as quick."""
_COSTS: Final = {OUT: 1, FITS: 1, MEASURED_OUT: 20, MEASURED_FITS: 20, GAVE_UP: 20, UNWANTED: 5}
_PLANTED_COST: Final = 400


def first_verdicts(block: Block, vocabulary: Vocabulary | None) -> Verdicts:
    """Return what can be told of a block's puzzles without measuring them.

    Args:
        block: the puzzles, of a specification with a target.
        vocabulary: what the block was drawn from; None for planted puzzles, of which nothing can be told.
    """
    people = block.people
    by_nesting = [_outcome(block.spec, people, grades) for grades in ((1,), (2, 3), range(4, len(GRADES) + 1))]
    most = int(by_nesting[1] != by_nesting[2])
    if most and people > _SUPPOSED_PEOPLE:
        by_nesting, most = [by_nesting[0], OPEN], 0
    if vocabulary is None or len(set(by_nesting)) == 1:
        return np.full(len(block), by_nesting[0] if len(set(by_nesting)) == 1 else OPEN, dtype=np.uint8)
    fitting = np.stack([vocabulary.tables[speaker][block.rows[:, i]] for i, speaker in enumerate(vocabulary.speakers)])
    return np.array(by_nesting, dtype=np.uint8)[least_nestings(fitting, block.solutions, people, most)]


def _outcome(spec: Spec, people: int, grades: Iterable[int]) -> int:
    """Return what is known of a puzzle that has one of some grades."""
    known = set()
    for grade in grades:
        bounds = grade_bounds(grade, people)
        ranges = [(bounds[name], wanted) for name, wanted in spec.target_ranges.items()]
        if any(there[1] < wanted[0] or wanted[1] < there[0] for there, wanted in ranges):
            known.add(OUT)
        else:
            known.add(FITS if all(w[0] <= there[0] and there[1] <= w[1] for there, w in ranges) else OPEN)
    return known.pop() if len(known) == 1 else OPEN


def fitting(block: Block, verdicts: Verdicts, wanted: Callable[[Puzzle], bool] | None = None) -> Iterator[Puzzle]:
    """Iterate over the puzzles that fit, in order, and put what is found out on the way in place of `OPEN`.

    Args:
        block: the puzzles.
        verdicts: what is known of them; there is no `OPEN` left at the end.
        wanted: what else is asked of puzzles, looked at before they are measured.
    """
    left = np.flatnonzero(verdicts != OUT)
    for place, puzzle in zip(left.tolist(), block.only(left).puzzles(), strict=True):
        if wanted is not None and not wanted(puzzle):
            verdicts[place] = UNWANTED
        elif verdicts[place] == OPEN:
            verdicts[place] = _measured(puzzle, block.spec)
        if verdicts[place] in (FITS, MEASURED_FITS):
            yield puzzle


def _measured(puzzle: Puzzle, spec: Spec) -> int:
    try:
        found = difficulty(puzzle)
    except GaveUp:
        return GAVE_UP
    fine = all(least <= getattr(found, name) <= most for name, (least, most) in spec.target_ranges.items())
    return MEASURED_FITS if fine else MEASURED_OUT


def that_fit(verdicts: Verdicts) -> npt.NDArray[np.bool_]:
    """Return which of the verdicts say that a puzzle fits.

    >>> that_fit(np.array([OUT, FITS, MEASURED_OUT, MEASURED_FITS, GAVE_UP])).tolist()
    [False, True, False, True, False]
    """
    fit: npt.NDArray[np.bool_] = np.isin(verdicts, (FITS, MEASURED_FITS))
    return fit


def cost(verdicts: Verdicts, people: int) -> int:
    """Return what it took to come to verdicts, in puzzles of few people looked at.

    >>> cost(np.array([OUT, OUT, MEASURED_OUT]), people=5)
    22
    """
    if people > MAX_SAMPLED_PEOPLE:
        return _PLANTED_COST * len(verdicts)
    return sum(int((verdicts == verdict).sum()) * each for verdict, each in _COSTS.items())
