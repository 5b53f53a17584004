"""Targets: a search gives just the puzzles that match, and ends where it should."""

from typing import Any
from zlib import crc32

import pytest

from knk.errors import GaveUp, NotEnough
from knk.generation import targets
from knk.generation.generate import generate, puzzles, spec_of
from knk.generation.sieve import SearchLimits
from knk.generation.spec import Spec
from knk.logic.notation import encode
from knk.logic.puzzle import Puzzle
from knk.proofs.difficulty import Difficulty, difficulty

SEARCHED: list[tuple[int, dict[str, Any]]] = [
    (500, {"people": 4}),
    (500, {"people": 5}),
    (300, {"people": 5, "preset": "rich"}),
    (120, {"people": 7, "preset": "rich"}),
    (300, {"people": 4, "statements": (0, 3)}),
    (12, {"people": 14}),
]
TARGETS: list[dict[str, Any]] = [
    {"grade": 1},
    {"grade": (2, 3)},
    {"grade": 4},
    {"nesting": (1, 2)},
    {"steps": (8, 12), "rounds": (1, 3)},
    {"suppositions": 2, "widest": (2, 4)},
]


def matches(measures: Difficulty, target: dict[str, Any]) -> bool:
    ranges = {name: value if isinstance(value, tuple) else (value, value) for name, value in target.items()}
    return all(least <= getattr(measures, name) <= most for name, (least, most) in ranges.items())


@pytest.mark.parametrize(("n", "changes"), SEARCHED, ids=str)
def test_a_target_selects_exactly_the_matching_puzzles(n: int, changes: dict[str, Any]) -> None:
    measured = [(puzzle, difficulty(puzzle)) for puzzle in generate(n=n, seed=3, **changes)]
    for target in TARGETS:
        expected = [puzzle for puzzle, measures in measured if matches(measures, target)]
        assert list(generate(n=len(expected), seed=3, target=target, **changes)) == expected


def test_rare_puzzles_are_found() -> None:
    rare = list(generate(people=5, preset="rich", n=20, grade=4))
    assert [difficulty(puzzle).nesting for puzzle in rare] == [2] * 20
    assert len({puzzle.key for puzzle in rare}) == 20
    lines = "\n".join(map(encode, rare))
    assert crc32(lines.encode()) == PINNED_SEARCH


PINNED_SEARCH = 990497620


def test_a_grade_can_be_a_target() -> None:
    assert spec_of(grade=3) == Spec(target={"grade": 3}) == Spec(target=(("grade", 3),))  # type: ignore[arg-type]
    assert spec_of(Spec(target=(("grade", 3), ("steps", 9))), grade=2).target == (("grade", 2), ("steps", 9))
    assert Spec(target=(("steps", (1, 9)), ("grade", 2))).target == (("grade", 2), ("steps", (1, 9)))


@pytest.mark.parametrize(("trivial", "total"), [(False, 1964), (True, 2430)])
def test_all_puzzles_of_a_grade_are_found_and_counted(trivial: bool, total: int) -> None:
    matching: list[Puzzle] = []
    words = (
        f"500 puzzles requested, 122 made: .* {total:,} different puzzles .*: 122 of {total:,} examined have grade 3"
    )
    with pytest.raises(NotEnough, match=words) as caught:
        matching.extend(generate(people=3, n=500, grade=3, trivial=trivial))
    assert caught.value.found == 122
    matching = list(generate(people=3, n=122, grade=3, trivial=trivial))
    assert len({puzzle.key for puzzle in matching}) == 122


@pytest.mark.parametrize("duplicates", [False, True])
def test_a_search_ends(duplicates: bool) -> None:
    spec = spec_of(people=4, grade=5, duplicates=duplicates)
    words = "the search among puzzles of 4 people finds no more: 0 of [0-9,]+ examined have grade 5"
    with pytest.raises(NotEnough, match=words) as caught:
        next(puzzles(spec, seed=0, limits=SearchLimits(cost=6000)))
    assert caught.value.found == 0


def test_puzzles_too_hard_to_measure_are_reported(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def hard(puzzle: Puzzle) -> Difficulty:
        result = difficulty(puzzle)
        if result.grade == 3:
            raise GaveUp("too hard")
        return result

    monkeypatch.setattr(targets, "difficulty", hard)
    with pytest.raises(NotEnough, match=r"0 of [0-9,]+ examined have grade 3, and 122 were too hard to measure"):
        next(generate(people=3, grade=3))
    assert sum(int(record.getMessage().split()[0]) for record in caplog.records) == 122
    assert "puzzles of 3 people are too hard to measure and count as not matching" in caplog.records[0].getMessage()
