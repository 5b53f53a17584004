"""The results of an evaluation, as one value and one file: `results.json`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from knk.errors import BadFile, BadRow
from knk.evals.intervals import Estimate
from knk.files import read_json, whole_file

RESULTS_FILE: Final = "results.json"
FORMAT: Final = "knk-results-1"
REPORTED_ONLY: Final = "reported only"
"""The criterion of a figure that decides nothing."""


@dataclass(frozen=True)
class ArmScore:
    """A metric of one arm on one task.

    Args:
        arm: the arm: a model, named by its training.
        task: the task.
        metric: the metric, such as "accuracy".
        estimate: the score and its interval.
        condition: the condition under which it was measured, if there are several.
    """

    arm: str
    task: str
    metric: str
    estimate: Estimate
    condition: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        score = {"arm": self.arm, "task": self.task, "metric": self.metric, **self.estimate.to_dict()}
        return score | _condition(self.condition)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ArmScore:
        """Return the value that `to_dict` wrote."""
        arm, task, metric = (_text(value, name) for name in ("arm", "task", "metric"))
        return cls(arm, task, metric, Estimate.from_dict(value), _optional_text(value, "condition"))


@dataclass(frozen=True)
class Curve:
    """A metric of one arm on one task over training steps.

    Args:
        arm: the arm: a model, named by its training.
        task: the task.
        metric: the metric.
        points: the steps and the scores there.
        condition: the condition under which they were measured, if there are several.
    """

    arm: str
    task: str
    metric: str
    points: tuple[tuple[int, Estimate], ...]
    condition: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        points = [{"step": step, **estimate.to_dict()} for step, estimate in self.points]
        curve = {"arm": self.arm, "task": self.task, "metric": self.metric, "points": points}
        return curve | _condition(self.condition)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Curve:
        """Return the value that `to_dict` wrote."""
        points = tuple((_step(point), Estimate.from_dict(point)) for point in _objects(value, "points"))
        arm, task, metric = (_text(value, name) for name in ("arm", "task", "metric"))
        return cls(arm, task, metric, points, _optional_text(value, "condition"))


@dataclass(frozen=True)
class StudyClaim:
    """A claim that a study tests, and whether it holds.

    Args:
        text: the claim.
        criterion: when it holds, written before the run.
        estimate: the score that decides, if there is a single one.
        holds: True, False, or None if the interval leaves it open.
        remark: what else a reader should know.
        condition: the condition that it is about, if there are several.

    >>> StudyClaim("It rises", "the interval lies above 0", holds=True).status
    'holds'
    """

    text: str
    criterion: str
    estimate: Estimate | None = None
    holds: bool | None = None
    remark: str = ""
    condition: str = ""

    @property
    def status(self) -> str:
        """Whether it holds, in words: "holds", "does not hold", "open", or "reported" if it decides nothing."""
        if self.criterion == REPORTED_ONLY:
            return "reported"
        return {True: "holds", False: "does not hold", None: "open"}[self.holds]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        estimate = self.estimate and self.estimate.to_dict()
        claim = {"text": self.text, "criterion": self.criterion, "estimate": estimate, "holds": self.holds}
        return claim | ({"remark": self.remark} if self.remark else {}) | _condition(self.condition)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> StudyClaim:
        """Return the value that `to_dict` wrote."""
        holds, estimate = value.get("holds"), value.get("estimate")
        if holds not in (True, False, None):
            raise BadRow(f"'holds': expected true, false or null, got {str(holds)[:40]!r}")
        decisive = estimate and Estimate.from_dict(estimate)
        remark, condition = str(value.get("remark", "")), _optional_text(value, "condition")
        return cls(_text(value, "text"), _text(value, "criterion"), decisive, holds, remark, condition)


@dataclass(frozen=True)
class ExampleAnswer:
    """An arm's answer to the problem of an example.

    Args:
        arm: the arm that answered.
        text: the answer, as the model wrote it.
        verdict: what the verifier said, in words.
    """

    arm: str
    text: str
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return {"arm": self.arm, "text": self.text, "verdict": self.verdict}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ExampleAnswer:
        """Return the value that `to_dict` wrote."""
        return cls(*(_text(value, name) for name in ("arm", "text", "verdict")))


@dataclass(frozen=True)
class Example:
    """A problem, and how some arms solved it.

    Args:
        title: what it shows.
        problem: the problem, as the models read it.
        answers: the answers, in the order of presentation.
    """

    title: str
    problem: str
    answers: tuple[ExampleAnswer, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        answers = [answer.to_dict() for answer in self.answers]
        return {"title": self.title, "problem": self.problem, "answers": answers}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Example:
        """Return the value that `to_dict` wrote."""
        answers = tuple(map(ExampleAnswer.from_dict, _objects(value, "answers")))
        return cls(_text(value, "title"), _text(value, "problem"), answers)


@dataclass(frozen=True)
class Results:
    """The results of an evaluation.

    Args:
        title: the title of the evaluation.
        arms: the arms, in the order of presentation.
        tasks: the tasks, in the order of presentation.
        scores: the scores.
        curves: scores over training steps.
        claims: the claims, and whether they hold.
        facts: names and texts that a reader should know: hardware, seconds, seeds.
        notes: remarks, one paragraph each.
        conditions: the conditions under which the arms were measured, in their order; none if there is only one.
        summary: one or two sentences that answer the question of the evaluation.
        headline: the tasks that answer it at a glance, in the order of presentation.
        examples: problems, and how some arms solved them.
        training: what each arm was trained on, in words.

    >>> score = ArmScore("base", "kk", "accuracy", Estimate(0.5, 0.4, 0.6, 100))
    >>> results = Results("A pilot", ("base",), ("kk",), (score,))
    >>> results.score("base", "kk").mean
    0.5
    >>> Results.from_dict(results.to_dict()) == results
    True
    """

    title: str
    arms: tuple[str, ...]
    tasks: tuple[str, ...]
    scores: tuple[ArmScore, ...]
    curves: tuple[Curve, ...] = ()
    claims: tuple[StudyClaim, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    summary: str = ""
    headline: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    training: Mapping[str, str] = field(default_factory=dict)

    def score(self, arm: str, task: str, metric: str = "accuracy", condition: str = "") -> Estimate | None:
        """Return an arm's score on a task, or None if it was not measured.

        Args:
            arm: the arm's name.
            task: the task's name.
            metric: the metric.
            condition: the condition.
        """
        key = (arm, task, metric, condition)
        scores = ((score, (score.arm, score.task, score.metric, score.condition)) for score in self.scores)
        return next((score.estimate for score, other in scores if other == key), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return {
            "format": FORMAT,
            "title": self.title,
            "arms": list(self.arms),
            "tasks": list(self.tasks),
            "scores": [score.to_dict() for score in self.scores],
            "curves": [curve.to_dict() for curve in self.curves],
            "claims": [claim.to_dict() for claim in self.claims],
            "facts": dict(self.facts),
            "notes": list(self.notes),
            "conditions": list(self.conditions),
            "summary": self.summary,
            "headline": list(self.headline),
            "examples": [example.to_dict() for example in self.examples],
            "training": dict(self.training),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Results:
        """Return the value that `to_dict` wrote.

        A file that an older version wrote lacks fields; they are empty then.

        Raises:
            BadRow: the object has another format.
        """
        if value.get("format") != FORMAT:
            raise BadRow(f"'format': expected {FORMAT!r}, got {str(value.get('format'))[:40]!r}")
        return cls(
            _text(value, "title"),
            tuple(map(str, _values(value, "arms"))),
            tuple(map(str, _values(value, "tasks"))),
            tuple(map(ArmScore.from_dict, _objects(value, "scores"))),
            tuple(map(Curve.from_dict, _objects(value, "curves"))),
            tuple(map(StudyClaim.from_dict, _objects(value, "claims"))),
            {name: str(text) for name, text in _object(value, "facts").items()},
            tuple(map(str, _values(value, "notes"))),
            _texts(value, "conditions"),
            _optional_text(value, "summary"),
            _texts(value, "headline"),
            tuple(map(Example.from_dict, _objects(value, "examples"))),
            {arm: _text(_object(value, "training"), arm) for arm in _object(value, "training")},
        )


def read(path: str | os.PathLike[str]) -> Results:
    """Return the results in a file, or in the `results.json` of a folder.

    Args:
        path: the file or the folder.

    Raises:
        BadFile: the file does not hold results.
    """
    path = Path(path)
    path = path / RESULTS_FILE if path.is_dir() else path
    try:
        return Results.from_dict(read_json(path))
    except BadRow as error:
        raise BadFile(f"{path}: {error}") from error


def write(path: str | os.PathLike[str], results: Results) -> Path:
    """Write results to a file, or to the `results.json` of a folder, atomically, and return the file's path.

    Args:
        path: the file, or an existing folder.
        results: the results.
    """
    path = Path(path)
    path = path / RESULTS_FILE if path.is_dir() else path
    with whole_file(path) as file:
        file.write(json.dumps(results.to_dict(), ensure_ascii=False, indent=1).encode() + b"\n")
    return path


def _text(value: Mapping[str, Any], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise BadRow(f"{name!r}: expected a string, got {str(text)[:40]!r}")
    return text


def _optional_text(value: Mapping[str, Any], name: str) -> str:
    return _text(value, name) if name in value else ""


def _condition(condition: str) -> dict[str, str]:
    """The field of a condition, which is left out if there is only one."""
    return {"condition": condition} if condition else {}


def _step(point: Mapping[str, Any]) -> int:
    step = point.get("step")
    if not isinstance(step, int) or isinstance(step, bool):
        raise BadRow(f"'step': expected an integer, got {str(step)[:40]!r}")
    return step


def _values(value: Mapping[str, Any], name: str) -> list[Any]:
    values = value.get(name, [])
    if not isinstance(values, list):
        raise BadRow(f"{name!r}: expected a list, got {str(values)[:40]!r}")
    return values


def _texts(value: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = _values(value, name)
    for element in values:
        if not isinstance(element, str):
            raise BadRow(f"{name!r}: expected a list of strings, got {str(element)[:40]!r} in it")
    return tuple(values)


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    element = value.get(name, {})
    if not isinstance(element, Mapping):
        raise BadRow(f"{name!r}: expected an object, got {str(element)[:40]!r}")
    return element


def _objects(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    values = _values(value, name)
    for element in values:
        if not isinstance(element, Mapping):
            raise BadRow(f"{name!r}: expected a list of objects, got {str(element)[:40]!r} in it")
    return values
