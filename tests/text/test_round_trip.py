"""Round trips of many puzzles with every kind of statement, in every style."""

import pytest

from knk.generation.generate import generate
from knk.generation.spec import PRESETS
from knk.logic.notation import decode, encode
from knk.text.parse import parse
from knk.text.render import render
from knk.text.styles import STYLES

RICH = PRESETS["rich"].with_changes(people=(2, 8), depth=3, statements=(0, 2), duplicates=True)


def check_round_trips(style: str, n: int) -> None:
    for seed, puzzle in enumerate(generate(RICH, n, seed=STYLES.index(style))):
        assert parse(render(puzzle, seed, style)) == puzzle
        assert decode(encode(puzzle)) == puzzle


@pytest.mark.parametrize("style", STYLES)
def test_a_thousand_rich_puzzles(style: str) -> None:
    check_round_trips(style, 1_000)


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_a_hundred_thousand_rich_puzzles(style: str) -> None:
    check_round_trips(style, 100_000)
