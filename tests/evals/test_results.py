"""Results: written, read back, and refused if malformed."""

import json
from pathlib import Path

import pytest

from knk.errors import BadFile
from knk.evals import results
from knk.evals.intervals import Estimate
from knk.evals.results import (
    ArmScore,
    Curve,
    Example,
    ExampleAnswer,
    Results,
    StudyClaim,
)

HALF = Estimate(0.5, 0.4, 0.6, 100, 3)
RARE = Estimate(0.25, 0.2, 0.3, 100)
STUDY = Results(
    "A study",
    ("base", "warmed"),
    ("kk",),
    (
        ArmScore("base", "kk", "accuracy", HALF),
        ArmScore("warmed", "kk", "tokens", Estimate(80.5, 70, 91, 100)),
        ArmScore("base", "kk", "accuracy", RARE, "q = 0.03"),
    ),
    (
        Curve("warmed", "kk", "accuracy", ((0, HALF), (10, HALF))),
        Curve("warmed", "kk", "accuracy", ((0, RARE),), "q = 0.03"),
    ),
    (
        StudyClaim("It learns.", "the interval of the gain is above 0", HALF, True),
        StudyClaim("It lasts.", "-", None, None, "?", "q = 0.03"),
    ),
    {"hardware": "two cores"},
    ("Three seeds are few.",),
    ("q = 0", "q = 0.03"),
    "It rises where the behaviour is latent.",
    ("kk",),
    (Example("Before and after", "A says: B lies.", (ExampleAnswer("base", "A=knave", "wrong"),)),),
    {"base": "lessons", "warmed": "lessons, then puzzles"},
)


def test_results_are_read_back(tmp_path: Path) -> None:
    assert results.write(tmp_path, STUDY) == tmp_path / "results.json"
    assert results.read(tmp_path) == results.read(tmp_path / "results.json") == STUDY


def test_a_score_is_found_by_arm_task_and_metric() -> None:
    assert STUDY.score("base", "kk") == HALF
    assert STUDY.score("warmed", "kk") is None
    assert STUDY.score("warmed", "kk", "tokens") == Estimate(80.5, 70, 91, 100)


def test_a_score_is_found_by_condition() -> None:
    assert STUDY.score("base", "kk", condition="q = 0.03") == RARE
    assert STUDY.score("base", "kk", condition="q = 0") is None


def test_a_file_without_the_newer_fields_is_read() -> None:
    old = STUDY.to_dict()
    for name in ("conditions", "summary", "headline", "examples", "training"):
        del old[name]
    for element in (*old["scores"], *old["curves"], *old["claims"]):
        element.pop("condition", None)
    read = Results.from_dict(old)
    assert (read.conditions, read.summary, read.headline, read.examples, read.training) == ((), "", (), (), {})
    assert {score.condition for score in read.scores} == {curve.condition for curve in read.curves} == {""}
    assert {claim.condition for claim in read.claims} == {""}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "other"),
        ("title", 3),
        ("arms", "base"),
        ("scores", [1]),
        ("scores", [{"arm": "base"}]),
        ("curves", [{"arm": "a", "task": "t", "metric": "m", "points": [{"step": "ten"}]}]),
        ("claims", [{"text": "a", "criterion": "b", "holds": "yes"}]),
        ("facts", ["a"]),
        ("scores", [{"arm": "a", "task": "t", "metric": "m", **HALF.to_dict(), "condition": 3}]),
        ("curves", [{"arm": "a", "task": "t", "metric": "m", "points": [], "condition": None}]),
        ("claims", [{"text": "a", "criterion": "b", "condition": ["q"]}]),
        ("conditions", "q = 0"),
        ("conditions", [0.03]),
        ("summary", ["It rises."]),
        ("headline", [{"task": "kk"}]),
        ("examples", ["a"]),
        ("examples", [{"title": "a", "problem": "b", "answers": [{"arm": "base", "text": 1, "verdict": "right"}]}]),
        ("training", [["base", "lessons"]]),
        ("training", {"base": {"lessons": 3}}),
    ],
)
def test_malformed_results_are_a_one_line_error(name: str, value: object, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(STUDY.to_dict() | {name: value}))
    with pytest.raises(BadFile) as caught:
        results.read(path)
    assert "\n" not in str(caught.value)
