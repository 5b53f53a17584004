"""The nesting of many puzzles at once, against the difficulty of each."""

import numpy as np
import pytest

from knk.generation.generate import candidates, spec_of
from knk.generation.statement_table import statement_table
from knk.proofs.difficulty import (
    difficulty,
)
from knk.proofs.nesting import min_nestings


@pytest.mark.parametrize("preset", ["classic", "rich"])
@pytest.mark.parametrize("people", [1, 3, 5, 6, 8])
def test_block_nestings_match_difficulty(preset: str, people: int) -> None:
    spec = spec_of(preset=preset, people=people, kinds={"and": 1, "iff": 1, "atom": 1, "not": 1})
    table = statement_table(spec, people, 6, 0)
    block = candidates(spec, 6, 0)
    block = block.select(np.arange(min(len(block), 250)))
    fitting = np.stack([table.tables[who][block.choices[:, i]] for i, who in enumerate(table.speakers)])
    each = [difficulty(puzzle).nesting for puzzle in block.puzzles()]
    for most in (0, 1):
        nestings = min_nestings(fitting, block.solutions, people, most).tolist()
        assert nestings == [min(nesting, most + 1) for nesting in each]


def test_nested_suppositions_are_recognised() -> None:
    spec = spec_of(preset="rich", people=5)
    table = statement_table(spec, 5, 1, 0)
    block = candidates(spec, 1, 0)
    fitting = np.stack([table.tables[who][block.choices[:, i]] for i, who in enumerate(table.speakers)])
    nested = np.flatnonzero(min_nestings(fitting, block.solutions, 5) == 2)
    assert len(nested) > 20
    assert min(difficulty(puzzle).nesting for puzzle in block.select(nested).puzzles()) == 2
