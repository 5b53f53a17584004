"""Generation: what is promised of every puzzle, of seeds, and of requests that cannot be met."""

import itertools
import sys
from collections import Counter, deque
from typing import Any
from zlib import crc32

import numpy as np
import pytest

from knk.errors import BadSpec, GaveUp, NotEnough
from knk.generation import targets
from knk.generation.generate import (
    _Met,
    blocks,
    candidates,
    generate,
    spec_of,
)
from knk.generation.grammar import Draws
from knk.generation.sampled import MAX_SAMPLED_PEOPLE
from knk.generation.spec import KINDS, PRESETS, Spec
from knk.logic.notation import encode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import count, solve
from knk.logic.statements import Knave, Knight, Statement
from knk.logic.triviality import is_trivial
from knk.proofs.difficulty import Difficulty, difficulty

SPECS: dict[str, dict[str, Any]] = {
    "classic, 3": {"people": 3},
    "classic, 5": {"people": 5},
    "classic, 8": {"people": 8},
    "classic, 12": {"people": 12},
    "classic, 20": {"people": 20},
    "rich, 4": {"people": 4, "preset": "rich"},
    "rich, 7": {"people": 7, "preset": "rich"},
    "rich, 15": {"people": 15, "preset": "rich"},
    "range": {"people": (3, 6)},
    "several statements": {"people": 4, "statements": (0, 3)},
    "two statements": {"people": 14, "statements": 2},
    "deep": {"people": 5, "preset": "rich", "depth": 4, "width": 3},
    "one kind": {"people": 6, "kinds": {"iff": 1}},
}


@pytest.mark.parametrize("changes", SPECS.values(), ids=SPECS)
def test_what_every_puzzle_keeps(changes: dict[str, Any]) -> None:
    spec = spec_of(**changes)
    puzzles = list(generate(n=60, seed=3, **changes))
    assert len(puzzles) == 60 == len({puzzle.key for puzzle in puzzles})
    least, most = spec.people_range
    for puzzle in puzzles:
        assert least <= len(puzzle.names) <= most
        assert count(puzzle, 2) == 1
        assert Puzzle(puzzle.names, puzzle.statements, puzzle.roles) == puzzle
        assert puzzle.roles in spec.roles
        assert not any(is_trivial(statement) for _, statement in puzzle.statements)
        spoken = Counter(speaker for speaker, _ in puzzle.statements)
        fewest, top = spec.statements_range
        assert all(fewest <= spoken[person] <= top for person in range(len(puzzle.names)))
        assert all(statement.depth <= spec.depth for _, statement in puzzle.statements)


@pytest.mark.parametrize("changes", SPECS.values(), ids=SPECS)
def test_a_long_request_begins_with_a_short_one(changes: dict[str, Any]) -> None:
    few, many = (list(generate(n=n, seed=5, **changes)) for n in (10, 40))
    assert many[:10] == few
    assert list(generate(n=10, seed=6, **changes)) != few


def test_pinned_puzzles() -> None:
    """The same seed has to give these on every machine."""
    assert encode(next(generate(people=3, seed=11))) == "Yara,Sonja,Oscar 0:>(+2,-1) 1:&(+2,+0) 2:+2"
    made = {name: "\n".join(map(encode, generate(n=20, seed=11, **changes))) for name, changes in SPECS.items()}
    assert {name: crc32(lines.encode()) for name, lines in made.items()} == PINNED


PINNED = {
    "classic, 3": 2769753003,
    "classic, 5": 4176807431,
    "classic, 8": 4237673825,
    "classic, 12": 1534675174,
    "classic, 20": 1084576453,
    "rich, 4": 3595763637,
    "rich, 7": 3132515681,
    "rich, 15": 2006570895,
    "range": 167377013,
    "several statements": 4289539455,
    "two statements": 872495050,
    "deep": 2678462945,
    "one kind": 2438751426,
}


def test_seeds_share_no_more_than_chance() -> None:
    first, second = ({p.key for p in generate(people=6, n=3000, seed=seed)} for seed in (1, 2))
    assert len(first & second) <= 3
    assert not {p.names for p in generate(people=6, n=100, seed=1)} & {
        p.names for p in generate(people=6, n=100, seed=2)
    }


def test_blocks_do_not_depend_on_one_another() -> None:
    spec = spec_of(people=5, preset="rich")
    later = candidates(spec, 9, 3)
    assert [encode(p) for p in candidates(spec, 9, 3).puzzles()] == [encode(p) for p in later.puzzles()]
    stream = list(itertools.islice(blocks(spec, 9), 4))
    kept = [encode(p) for p in stream[3].puzzles()]
    assert set(kept) <= {encode(p) for p in later.puzzles()}
    assert len(kept) > len(later) * 0.9


@pytest.mark.parametrize(
    "changes", [{"people": 5}, {"people": 8}, {"people": 3}, {"people": 5, "preset": "rich"}, {"people": 20}]
)
def test_knights_are_near_half(changes: dict[str, Any]) -> None:
    n = 2000 if changes["people"] <= MAX_SAMPLED_PEOPLE else 300
    changes = changes | {"duplicates": True}
    roles = [role for puzzle in generate(n=n, seed=1, **changes) for role in solve(puzzle)]
    assert abs(np.mean(roles) - 0.5) < 0.02


def test_balance_can_be_turned_off() -> None:
    roles = [r for p in generate(people=5, n=3000, seed=1, balanced=False, duplicates=True) for r in solve(p)]
    assert np.mean(roles) > 0.53


def test_classic_has_the_odds_of_the_public_data() -> None:
    """About a sixth each of atoms, negations, and, or, if and iff, before those that leave one solution are kept."""
    kinds: Counter[str] = Counter()
    for puzzle in generate(people=6, n=3000, seed=1):
        kinds.update("atom" if isinstance(s, Knight | Knave) else type(s).__name__ for _, s in puzzle.statements)
    total = sum(kinds.values())
    assert set(kinds) == {"atom", "Not", "And", "Or", "Implies", "Iff"}
    assert all(0.12 < number / total < 0.21 for number in kinds.values())


def test_trivial_statements_and_self_accusation_can_be_had() -> None:
    def statements(**changes: Any) -> list[tuple[int, Statement]]:
        return [said for puzzle in generate(people=4, n=2000, seed=2, **changes) for said in puzzle.statements]

    assert any(is_trivial(statement) for _, statement in statements(trivial=True))
    accuses = [Knave(speaker) in statement.walk() for speaker, statement in statements()]
    assert not any(accuses)
    assert any(Knave(speaker) in list(statement.walk()) for speaker, statement in statements(self_accusation=True))


def test_duplicates_can_be_had() -> None:
    keys = [puzzle.key for puzzle in generate(people=2, n=500, seed=1, duplicates=True)]
    assert len(set(keys)) <= 28


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"people": 1}, 0),
        ({"people": 2}, 28),
        ({"people": 2, "trivial": True}, 41),
        ({"people": 2, "trivial": True, "self_accusation": True}, 57),
        ({"people": 3, "trivial": True}, 2430),
        ({"people": 3, "statements": 0}, 0),
        ({"people": 40, "statements": 0}, 0),
        ({"people": 4, "kinds": {"same kind": 1}}, 325),
    ],
)
def test_what_cannot_be_had(changes: dict[str, Any], found: int) -> None:
    made: list[Puzzle] = []
    with pytest.raises(NotEnough, match=str(found)) as caught:
        deque(map(made.append, generate(n=1_000_000, seed=1, **changes)), maxlen=0)
    assert caught.value.found == found
    assert len({puzzle.key for puzzle in made}) == len(made) == found


def test_all_41_as_pairs_of_truth_tables() -> None:
    puzzles = list(generate(people=2, n=41, seed=8, trivial=True))
    assert len({puzzle.key for puzzle in puzzles}) == 41


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"people": 0}, "people"),
        ({"people": (5, 3)}, "people"),
        ({"people": 2.5}, "people"),
        ({"people": 100_000}, "people"),
        ({"kinds": {"nand": 1}}, "nand"),
        ({"kinds": {"and": 0}}, "weight"),
        ({"kinds": {"and": -1}}, "weight"),
        ({"kinds": {"same kind": 1}, "people": 1}, "same kind"),
        ({"depth": -1}, "depth"),
        ({"width": 1}, "width"),
        ({"statements": (2, 1)}, "statements"),
        ({"names": ("Ann", "ann")}, "names"),
        ({"roles": (("a", "a"),)}, "role"),
        ({"preset": "hard"}, "hard"),
        ({"colour": 1}, "colour"),
        ({"grade": 6}, "grade is a number from 1 to 5"),
        ({"grade": (3, 2)}, "grade"),
        ({"grade": True}, "grade"),
        ({"grade": "hard"}, "grade"),
        ({"target": {"steps": -1}}, "steps"),
        ({"target": {"steps": (1, 2, 3)}}, "steps"),
        ({"target": {"people": 3}}, "'people' is no target but a field"),
        ({"target": {"length": 3}}, "no measure 'length'; there are grade, widest, rounds"),
        ({"target": (("steps", 3), ("steps", 4))}, "twice"),
        ({"target": (("steps",),)}, "steps has one value"),
        ({"grade": 3, "target": {"grade": 3}}, "twice"),
        ({"grade": 3, "target": {"nesting": 2}}, "no puzzle can have grade 3, nesting 2"),
        ({"target": {"grade": (1, 2), "suppositions": (2, 9)}}, "suppositions 2 to 9"),
    ],
)
def test_bad_specifications(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSpec, match=words):
        list(generate(**changes))


def test_bad_numbers() -> None:
    with pytest.raises(BadSpec):
        generate(n=-1)
    with pytest.raises(BadSpec):
        generate(seed="x")  # type: ignore[arg-type]
    assert list(generate(n=0)) == []
    assert next(generate(seed=-5)) != next(generate(seed=5))


def test_presets() -> None:
    assert PRESETS["classic"] == Spec()
    assert [kind for kind, _ in PRESETS["rich"].kinds] == list(KINDS)
    met = {type(s).__name__ for p in generate(preset="rich", n=300) for _, top in p.statements for s in top.walk()}
    assert met == {"Knight", "Knave", "Not", "And", "Or", "OneOf", "Implies", "Iff", "Count", "Parity", "SameKind"}


def test_more_people_than_first_names() -> None:
    puzzle = next(generate(people=300, seed=1))
    assert len(set(puzzle.names)) == 300
    assert all(" " in name for name in puzzle.names)


def test_raw_random_words_are_pinned() -> None:
    assert Draws(1, 2).words(2).tolist() == PINNED_WORDS
    assert [Draws(7).below(10) for _ in range(3)] == [Draws(7).below(10)] * 3


PINNED_WORDS = [8271799387826207682, 7948369750201702571]


def test_the_set_of_marks() -> None:
    rng = np.random.default_rng(0)
    met, kept = _Met(), set()
    for _ in range(60):
        numbers = rng.integers(0, 3000, rng.integers(0, 400)).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        expected = []
        for place, number in enumerate(numbers.tolist()):
            if (number or 1) not in kept:
                kept.add(number or 1)
                expected.append(place)
        assert met.add(numbers).tolist() == expected


# Searching for a target.

FOUND_IN: list[tuple[int, dict[str, Any]]] = [
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


def fits(found: Difficulty, target: dict[str, Any]) -> bool:
    ranges = {name: wanted if isinstance(wanted, tuple) else (wanted, wanted) for name, wanted in target.items()}
    return all(least <= getattr(found, name) <= most for name, (least, most) in ranges.items())


@pytest.mark.parametrize(("n", "changes"), FOUND_IN, ids=str)
def test_a_target_gives_just_the_puzzles_that_fit(n: int, changes: dict[str, Any]) -> None:
    measured = [(puzzle, difficulty(puzzle)) for puzzle in generate(n=n, seed=3, **changes)]
    for target in TARGETS:
        expected = [puzzle for puzzle, found in measured if fits(found, target)]
        assert list(generate(n=len(expected), seed=3, target=target, **changes)) == expected


def test_rare_puzzles_are_found() -> None:
    puzzles = list(generate(people=5, preset="rich", n=20, grade=4))
    assert [difficulty(puzzle).nesting for puzzle in puzzles] == [2] * 20
    assert len({puzzle.key for puzzle in puzzles}) == 20
    lines = "\n".join(map(encode, puzzles))
    assert crc32(lines.encode()) == PINNED_SEARCH


PINNED_SEARCH = 990497620


def test_a_grade_is_a_target() -> None:
    assert spec_of(grade=3) == Spec(target={"grade": 3}) == Spec(target=(("grade", 3),))  # type: ignore[arg-type]
    assert spec_of(Spec(target=(("grade", 3), ("steps", 9))), grade=2).target == (("grade", 2), ("steps", 9))
    assert Spec(target=(("steps", (1, 9)), ("grade", 2))).target == (("grade", 2), ("steps", (1, 9)))


@pytest.mark.parametrize(("trivial", "total"), [(False, 1964), (True, 2430)])
def test_all_puzzles_of_a_grade_can_be_had_and_are_counted(trivial: bool, total: int) -> None:
    made: list[Puzzle] = []
    words = (
        f"only {total} different puzzles of 3 people.*: of {total} that were looked at 122 have grade 3 .122 of the 500"
    )
    with pytest.raises(NotEnough, match=words) as caught:
        made.extend(generate(people=3, n=500, grade=3, trivial=trivial))
    assert caught.value.found == 122
    made = list(generate(people=3, n=122, grade=3, trivial=trivial))
    assert len({puzzle.key for puzzle in made}) == 122


@pytest.mark.parametrize("duplicates", [False, True])
def test_a_search_ends(monkeypatch: pytest.MonkeyPatch, duplicates: bool) -> None:
    monkeypatch.setattr(sys.modules["knk.generation.generate"], "SEARCH", 6000)
    words = "the search among puzzles of 4 people finds no more: of [0-9]+ that were looked at 0 have grade 5"
    with pytest.raises(NotEnough, match=words) as caught:
        next(generate(people=4, grade=5, duplicates=duplicates))
    assert caught.value.found == 0


def test_what_is_too_hard_to_measure_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def hard(puzzle: Puzzle) -> Difficulty:
        found = difficulty(puzzle)
        if found.grade == 3:
            raise GaveUp("too hard")
        return found

    monkeypatch.setattr(targets, "difficulty", hard)
    with pytest.raises(NotEnough, match="0 have grade 3, and 122 were too hard to measure"):
        next(generate(people=3, grade=3))
    assert sum(int(record.getMessage().split()[0]) for record in caplog.records) == 122
    assert "puzzles of 3 people are too hard to measure, and count as not fitting" in caplog.records[0].getMessage()
