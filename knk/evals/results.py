"""What an evaluation found, as one value and one file: `results.json`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from knk.errors import BadFile, BadRow
from knk.evals.intervals import Estimate
from knk.files import read_json, whole_file

FILE: Final = "results.json"
FORMAT: Final = "knk-results-1"
METRICS: Final = ("accuracy", "answered", "accuracy if answered", "format", "tokens")
"""What is usually measured: right of all, answered of all, right of those answered, in form of all, mean length."""


@dataclass(frozen=True)
class Score:
    """What one arm scored.

    Args:
        arm: the model, by what was done to it.
        task: what it was asked.
        metric: what was measured, usually one of `METRICS`.
        estimate: the figure and its interval.
    """

    arm: str
    task: str
    metric: str
    estimate: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {"arm": self.arm, "task": self.task, "metric": self.metric, **self.estimate.to_dict()}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Score:
        """Return what `to_dict` wrote."""
        return cls(_text(value, "arm"), _text(value, "task"), _text(value, "metric"), Estimate.from_dict(value))


@dataclass(frozen=True)
class Curve:
    """How a score moved in training.

    Args:
        arm: the model, by what was done to it.
        task: what it was asked.
        metric: what was measured.
        points: the steps and the figures there.
    """

    arm: str
    task: str
    metric: str
    points: tuple[tuple[int, Estimate], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        points = [{"step": step, **estimate.to_dict()} for step, estimate in self.points]
        return {"arm": self.arm, "task": self.task, "metric": self.metric, "points": points}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Curve:
        """Return what `to_dict` wrote."""
        points = tuple((_whole(point, "step"), Estimate.from_dict(point)) for point in _list(value, "points"))
        return cls(_text(value, "arm"), _text(value, "task"), _text(value, "metric"), points)


@dataclass(frozen=True)
class Claim:
    """What was to be shown, and whether it was.

    Args:
        text: the claim.
        criterion: what decides it, written down before the run.
        estimate: the figure that decides, if one figure does.
        holds: True, False, or None where the interval leaves it open.
        remark: what else a reader must know.
    """

    text: str
    criterion: str
    estimate: Estimate | None = None
    holds: bool | None = None
    remark: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        estimate = self.estimate and self.estimate.to_dict()
        told = {"text": self.text, "criterion": self.criterion, "estimate": estimate, "holds": self.holds}
        return told | ({"remark": self.remark} if self.remark else {})

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Claim:
        """Return what `to_dict` wrote."""
        holds, estimate = value.get("holds"), value.get("estimate")
        if holds not in (True, False, None):
            raise BadRow(f"a claim holds (true), does not (false) or is open (null), not {str(holds)[:40]!r}")
        remark = str(value.get("remark", ""))
        return cls(
            _text(value, "text"), _text(value, "criterion"), estimate and Estimate.from_dict(estimate), holds, remark
        )


@dataclass(frozen=True)
class Results:
    """What an evaluation found.

    Args:
        title: what was evaluated.
        arms: the models, in the order to show them.
        tasks: what they were asked, in the order to show it.
        scores: the figures.
        curves: how figures moved in training.
        claims: what was to be shown, and whether it was.
        facts: names and texts of what a reader must know: hardware, seconds, seeds.
        notes: remarks, a paragraph each.

    >>> score = Score("base", "kk", "accuracy", Estimate(0.5, 0.4, 0.6, 100))
    >>> results = Results("A pilot", ("base",), ("kk",), (score,))
    >>> results.score("base", "kk").mean
    0.5
    >>> Results.from_dict(results.to_dict()) == results
    True
    """

    title: str
    arms: tuple[str, ...]
    tasks: tuple[str, ...]
    scores: tuple[Score, ...]
    curves: tuple[Curve, ...] = ()
    claims: tuple[Claim, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def score(self, arm: str, task: str, metric: str = "accuracy") -> Estimate | None:
        """Return what an arm scored on a task, None where it was not measured.

        Args:
            arm: the arm's name.
            task: the task's name.
            metric: what was measured.
        """
        wanted = (arm, task, metric)
        return next((one.estimate for one in self.scores if (one.arm, one.task, one.metric) == wanted), None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "format": FORMAT,
            "title": self.title,
            "arms": list(self.arms),
            "tasks": list(self.tasks),
            "scores": [one.to_dict() for one in self.scores],
            "curves": [one.to_dict() for one in self.curves],
            "claims": [one.to_dict() for one in self.claims],
            "facts": dict(self.facts),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Results:
        """Return what `to_dict` wrote.

        Raises:
            BadRow: it is not such an object.
        """
        if value.get("format") != FORMAT:
            raise BadRow(f"not the results of an evaluation: their format is {FORMAT!r}")
        facts = value.get("facts", {})
        if not isinstance(facts, Mapping):
            raise BadRow("facts are names with their texts")
        return cls(
            _text(value, "title"),
            tuple(map(str, _values(value, "arms"))),
            tuple(map(str, _values(value, "tasks"))),
            tuple(Score.from_dict(one) for one in _list(value, "scores")),
            tuple(Curve.from_dict(one) for one in _list(value, "curves")),
            tuple(Claim.from_dict(one) for one in _list(value, "claims")),
            {str(name): str(text) for name, text in facts.items()},
            tuple(map(str, _values(value, "notes"))),
        )


def read(path: str | os.PathLike[str]) -> Results:
    """Return the results in a file, or in `results.json` of a folder.

    Args:
        path: the file or the folder.

    Raises:
        BadFile: it does not hold results.
    """
    path = Path(path)
    path = path / FILE if path.is_dir() else path
    try:
        return Results.from_dict(read_json(path))
    except BadRow as error:
        raise BadFile(f"{path}: {error}") from error


def write(path: str | os.PathLike[str], results: Results) -> Path:
    """Write results to a file, or as `results.json` into a folder; whole or not at all. Return the file's path.

    Args:
        path: the file, or a folder that is there.
        results: what to write.
    """
    path = Path(path)
    path = path / FILE if path.is_dir() else path
    with whole_file(path) as file:
        file.write(json.dumps(results.to_dict(), ensure_ascii=False, indent=1).encode() + b"\n")
    return path


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str):
        raise BadRow(f"{name!r} should be a text, not {str(found)[:40]!r}")
    return found


def _whole(value: Mapping[str, Any], name: str) -> int:
    found = value.get(name)
    if not isinstance(found, int) or isinstance(found, bool):
        raise BadRow(f"{name!r} should be a whole number, not {str(found)[:40]!r}")
    return found


def _values(value: Mapping[str, Any], name: str) -> Iterable[Any]:
    found = value.get(name, [])
    if not isinstance(found, list):
        raise BadRow(f"{name!r} should be a list, not {str(found)[:40]!r}")
    return found


def _list(value: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    for one in _values(value, name):
        if not isinstance(one, Mapping):
            raise BadRow(f"{name!r} should hold objects, not {str(one)[:40]!r}")
        yield one
