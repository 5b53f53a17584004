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
    Results,
    StudyClaim,
)

HALF = Estimate(0.5, 0.4, 0.6, 100, 3)
STUDY = Results(
    "A study",
    ("base", "warmed"),
    ("kk",),
    (ArmScore("base", "kk", "accuracy", HALF), ArmScore("warmed", "kk", "tokens", Estimate(80.5, 70, 91, 100))),
    (Curve("warmed", "kk", "accuracy", ((0, HALF), (10, HALF))),),
    (
        StudyClaim("It learns.", "the interval of the gain is above 0", HALF, True),
        StudyClaim("It lasts.", "-", None, None, "?"),
    ),
    {"hardware": "two cores"},
    ("Three seeds are few.",),
)


def test_results_are_read_back(tmp_path: Path) -> None:
    assert results.write(tmp_path, STUDY) == tmp_path / "results.json"
    assert results.read(tmp_path) == results.read(tmp_path / "results.json") == STUDY


def test_a_score_is_found_by_arm_task_and_metric() -> None:
    assert STUDY.score("base", "kk") == HALF
    assert STUDY.score("warmed", "kk") is None
    assert STUDY.score("warmed", "kk", "tokens") == Estimate(80.5, 70, 91, 100)


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
    ],
)
def test_malformed_results_are_a_one_line_error(name: str, value: object, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(STUDY.to_dict() | {name: value}))
    with pytest.raises(BadFile) as caught:
        results.read(path)
    assert "\n" not in str(caught.value)
