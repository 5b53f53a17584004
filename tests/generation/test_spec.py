"""Specifications: which are possible, and the presets."""

from typing import Any

import pytest

from knk.errors import BadSpec
from knk.generation.generate import generate
from knk.generation.spec import KINDS, PRESETS, Spec


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"people": 0}, "people"),
        ({"people": (5, 3)}, "the smaller number first"),
        ({"people": 2.5}, "people"),
        ({"people": 100_000}, "people"),
        ({"kinds": {"nand": 1}}, "nand"),
        ({"kinds": {"and": 0}}, "weight"),
        ({"kinds": {"and": -1}}, "weight"),
        ({"kinds": {"same kind": 1}, "people": 1}, "same kind"),
        ({"depth": -1}, "expected a depth from 0 to 5, got -1"),
        ({"depth": (0, 2)}, r"expected a depth from 0 to 5, got \(0, 2\)"),
        ({"width": 1}, "expected a width from 2 to 10, got 1"),
        ({"width": [2, 3]}, r"expected a width from 2 to 10, got \[2, 3\]"),
        ({"roles": ()}, "roles is empty: expected at least one pair"),
        ({"roles": (("elf",),)}, "expected pairs such as angel/demon, got 'elf'"),
        ({"statements": (2, 1)}, "statements"),
        ({"names": ("Ann", "ann")}, "names"),
        ({"roles": (("a", "a"),)}, "role"),
        ({"preset": "hard"}, "hard"),
        ({"colour": 1}, "colour"),
        ({"grade": 6}, "expected grade as a number or a range from 1 to 5"),
        ({"grade": (3, 2)}, "grade"),
        ({"grade": True}, "grade"),
        ({"grade": "hard"}, "grade"),
        ({"target": {"steps": -1}}, "steps"),
        ({"target": {"steps": (1, 2, 3)}}, "steps"),
        ({"target": {"people": 3}}, "'people' is a Spec field, not a target"),
        ({"target": {"length": 3}}, "unknown measure 'length': expected one of grade, widest, rounds"),
        ({"target": (("steps", 3), ("steps", 4))}, "the target has 'steps' twice"),
        ({"target": (("steps",),)}, "expected steps as a number or a range"),
        ({"grade": 3, "target": {"grade": 3}}, "twice"),
        ({"grade": 3, "target": {"nesting": 2}}, "no puzzle can have grade 3, nesting 2"),
        ({"target": {"grade": (1, 2), "suppositions": (2, 9)}}, "suppositions 2 to 9"),
    ],
)
def test_contradictory_specifications_are_errors(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSpec, match=words):
        list(generate(**changes))


def test_presets_have_their_settings() -> None:
    assert PRESETS["classic"] == Spec()
    assert [kind for kind, _ in PRESETS["rich"].kinds] == list(KINDS)
    kinds = {type(s).__name__ for p in generate(preset="rich", n=300) for _, top in p.statements for s in top.walk()}
    assert kinds == {"Knight", "Knave", "Not", "And", "Or", "OneOf", "Implies", "Iff", "Count", "Parity", "SameKind"}
