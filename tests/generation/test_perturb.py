"""Changed puzzles: each kind does what it says, and only that."""

import pytest

from knk.errors import CannotPerturb, ManySolutions
from knk.generation.generate import generate
from knk.generation.perturb import (
    CHANGES_SOLUTION,
    KINDS,
    perturb,
)
from knk.generation.spec import PRESETS
from knk.logic.algebra import masks
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import solutions, solve
from knk.text.parse import parse
from knk.text.render import render
from knk.text.vocabulary import NAMES, NAMES_OF_MANY_LANGUAGES, RARE_NAMES

PUZZLES = [*generate(people=(3, 7), n=12, seed=2), *generate(PRESETS["rich"], n=8, seed=3), next(generate(people=15))]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_change(kind: str) -> None:
    count = 0
    for puzzle in PUZZLES:
        try:
            changed = perturb(puzzle, kind, seed=5)
        except CannotPerturb:
            continue
        count += 1
        assert perturb(puzzle, kind, seed=5) == changed
        assert list(solutions(changed.puzzle)) == [changed.solution]
        assert parse(changed.text) == changed.puzzle
        assert changed.text != render(puzzle, 5)
        assert changed.changes_solution == (kind in CHANGES_SOLUTION)
        by_name = dict(zip(puzzle.names, solve(puzzle), strict=True))
        if set(changed.puzzle.names) == set(puzzle.names):
            after = dict(zip(changed.puzzle.names, changed.solution, strict=True))
            assert (after != by_name) == changed.changes_solution
        else:
            assert changed.solution == solve(puzzle)
        check_what_changed(kind, puzzle, changed.puzzle)
    assert count >= len(PUZZLES) - 3


def check_what_changed(kind: str, old: Puzzle, new: Puzzle) -> None:
    """Whether the change is of its kind and nothing else has changed."""
    names = {"common names": NAMES, "rare names": RARE_NAMES, "names of many languages": NAMES_OF_MANY_LANGUAGES}
    if kind in ("leaf", "statement"):
        differ = [place for place, (a, b) in enumerate(zip(old.statements, new.statements, strict=True)) if a != b]
        assert len(differ) == 1
        assert (new.names, new.roles) == (old.names, old.roles)
        before, after = old.statements[differ[0]], new.statements[differ[0]]
        assert before.speaker == after.speaker
        shapes = [[type(part).__name__ for part in said.statement.walk()] for said in (before, after)]
        atoms = [[s.replace("Knave", "Knight") for s in shape] for shape in shapes]
        assert kind == "statement" or atoms[0] == atoms[1]
        return
    assert new.key == old.key
    assert (new.names != old.names) == (kind in names or kind == "people order")
    assert (new.roles != old.roles) == kind.startswith("role words")
    if kind in names:
        assert not set(new.names) & set(old.names)
        assert set(new.names) <= set(names[kind]) | {name for name in new.names if " " in name}
    if kind == "people order":
        assert sorted(new.names) == sorted(old.names)
    if kind == "statement order":
        assert sorted(map(repr, new.statements)) == sorted(map(repr, old.statements))
        assert new.statements != old.statements
    if kind == "role words reversed":
        assert new.roles == old.roles[::-1]
    if kind == "wording":
        assert new == old


def test_impossible_changes_are_errors() -> None:
    puzzle = decode("Ann,Bob 0:&(-0,-1)")
    with pytest.raises(CannotPerturb, match="unknown kind of change"):
        perturb(puzzle, "colour")
    with pytest.raises(CannotPerturb, match="'statement order'"):
        perturb(puzzle, "statement order")
    with pytest.raises(ManySolutions):
        perturb(decode("Ann,Bob 0:+1"), "leaf")


def test_a_leaf_is_changed_to_a_different_meaning() -> None:
    for puzzle in PUZZLES[:8]:
        changed = perturb(puzzle, "leaf").puzzle
        roles, all_true = masks(len(puzzle.names))
        old, new = ([s.value(roles, all_true) for _, s in p.statements] for p in (puzzle, changed))
        assert old != new
