"""The results of a study, as the report page and the terminal show them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from knk.datasets.files import read
from knk.errors import BadFolder
from knk.evals import results
from knk.evals.intervals import Estimate
from knk.evals.results import ArmScore, Example, ExampleAnswer, Results
from knk.tables import format_table
from recipes.laptop.cell import BASE, STARTS, WARMED
from recipes.laptop.claims import TAUGHT, UNTAUGHT, claims
from recipes.laptop.domains import Problem
from recipes.laptop.evaluate import TASKS
from recipes.laptop.measurements import METRICS, Measurements, by_condition
from recipes.laptop.names import TASK_NAMES, arm_training, in_words, task_name
from recipes.laptop.record import SAMPLES, Record, read_records
from recipes.laptop.words import TRY

UNTAUGHT_NAME: Final = "all three domains without warm-up"
"""The mean over the search domains that no warm-up contains."""
_EXAMPLE_TASKS: Final = ("col", "pair", "sat")
_WIDTH: Final = 100


def summarize(folder: Path) -> Results:
    """Compute the results of all records in a folder, write them to its `results.json`, and return them.

    Args:
        folder: the folder of a study, or any other with records.

    Raises:
        BadFolder: there are no records.
        BadFile: the records are not of one scale, or two are of the same cell.
    """
    conditions = by_condition(read_records(folder))
    if not conditions:
        raise BadFolder(f"{folder}: expected records of cells, found none")
    study = Results(
        title="Warm-up on puzzles, then RLVR, at the size of a laptop",
        arms=tuple(dict.fromkeys(arm for measured in conditions for arm in measured.arms)),
        tasks=tuple(_names(conditions).values()),
        scores=tuple(_scores(conditions)),
        curves=tuple(curve for measured in conditions for curve in _curves(measured, len(conditions))),
        claims=tuple(claims(conditions)),
        facts=dict(_facts(conditions)),
        conditions=tuple(measured.condition for measured in conditions) if len(conditions) > 1 else (),
        summary=_summary(conditions),
        headline=(UNTAUGHT_NAME,) if len(conditions) > 1 else tuple(_names(conditions)[task] for task in UNTAUGHT),
        examples=tuple(_examples(folder)),
        training={arm: arm_training(arm) for measured in conditions[:1] for arm in measured.arms},
    )
    results.write(folder, study)
    return study


def format_results(study: Results) -> str:
    """Return a study of one condition as text: what was trained on what, before and after, and a sample of each.

    Args:
        study: the results of a study.
    """
    training = [f"{arm:<12} {study.training[arm]}" for arm in study.arms]
    cells = [["right answers in %, with 95% intervals", *study.arms]]
    cells += [[task, *(_percent(study.score(arm, task)) for arm in study.arms)] for task in study.tasks]
    return "\n\n".join(
        [
            "What was trained on what\n" + "\n".join(training),
            format_table(cells, "<"),
            *(_format_example(example) for example in study.examples[:1]),
            textwrap.fill(study.summary, _WIDTH),
        ]
    )


def format_claims(study: Results) -> str:
    """Return the claims as lines of text.

    Args:
        study: the results of a study.
    """
    lines = []
    for claim in study.claims:
        figure = f": {_signed(claim.estimate)}" if claim.estimate else ""
        condition = f"{claim.condition}: " if claim.condition else ""
        lines.append(f"{claim.status:<13}  {condition}{claim.text}{figure}")
    return "\n".join(lines)


def _names(conditions: Sequence[Measurements]) -> Mapping[str, str]:
    """Return the tasks with their names in words."""
    return {task: task_name(task, conditions[0].scale.rl_domain) for task in TASKS}


def _scores(conditions: Sequence[Measurements]) -> Iterator[ArmScore]:
    tasks = {name: [task] for task, name in _names(conditions).items()}
    for measured in conditions:
        condition = measured.condition if len(conditions) > 1 else ""
        for name, members in (tasks | {UNTAUGHT_NAME: list(UNTAUGHT)}).items():
            for arm in measured.arms:
                for metric in METRICS:
                    estimate = measured.estimate(arm, members, metric)
                    if estimate is not None:
                        yield ArmScore(arm, name, metric, estimate, condition)


def _curves(measured: Measurements, conditions: int) -> Iterator[results.Curve]:
    if not any(stage.rl_run is not None for stage in measured.stages):
        return
    for rollouts in measured.scale.rollouts:
        for start in STARTS:
            curve = measured.curve(start, rollouts)
            condition = measured.condition if conditions > 1 else ""
            yield results.Curve(curve.arm, _names([measured])[curve.task], curve.metric, curve.points, condition)


def _summary(conditions: Sequence[Measurements]) -> str:
    """Return what happened in domains without warm-up, in a sentence for each condition."""
    sentences = []
    for measured in conditions:
        before, after = (measured.estimate(arm, UNTAUGHT) for arm in (BASE, WARMED))
        assert before is not None
        assert after is not None
        gain = measured.gain(WARMED, BASE, UNTAUGHT)
        where = f"With {measured.condition}, a" if len(conditions) > 1 else "A"
        points, low, high = (f"{100 * value:+.0f}" for value in (gain.mean, gain.low, gain.high))
        sentences.append(
            f"{where} warm-up on puzzles alone changed the share of right answers in three domains that it never "
            f"contains from {before.mean:.0%} to {after.mean:.0%} ({points} points, 95% interval {low} to {high})."
        )
        if len(conditions) == 1:
            sentences += _changes(measured)
    return " ".join(sentences)


def _changes(measured: Measurements) -> Iterator[str]:
    """Return what else changed, and what did not."""
    tasks = [task for task in TASKS if task not in UNTAUGHT and task not in TAUGHT]
    words = {True: "rose", False: "fell", None: "did not clearly change"}
    groups: dict[str, list[str]] = {}
    for task in tasks:
        gain = measured.gain(WARMED, BASE, [task])
        change = True if gain.low > 0 else False if gain.high < 0 else None
        groups.setdefault(words[change], []).append(TASK_NAMES[task])
    yield "Besides, " + "; ".join(f"{', '.join(names)} {word}" for word, names in groups.items()) + "."


def _examples(folder: Path) -> Iterator[Example]:
    """Return the first shown problem that the warmed model solves and the base does not."""
    for path in sorted(folder.rglob(SAMPLES)):
        rows = {(row["stage"], row["task"], row["item"]): row for row in read(path)}
        for (stage, task, item), row in rows.items():
            other = rows.get((WARMED, task, item))
            if stage == BASE and task in _EXAMPLE_TASKS and other and other["correct"] and not row["correct"]:
                problem = Problem(task, row["question"])
                yield Example(
                    f"{task_name(task, 'col')}: the first problem shown that warmed solves and base does not",
                    in_words(problem),
                    tuple(
                        ExampleAnswer(arm, _lines(answer["completion"]), answer["reason"])
                        for arm, answer in ((BASE, row), (WARMED, other))
                    ),
                )
                return


def _lines(completion: str) -> str:
    """Return a completion with a line for each try."""
    return completion.replace(f" {TRY} ", f"\n{TRY} ").replace(" </think>", "\n</think>")


def _format_example(example: Example) -> str:
    parts = [f"One problem, before and after\n{textwrap.fill(example.problem, _WIDTH)}"]
    for answer in example.answers:
        text = "\n".join(
            textwrap.fill(line, _WIDTH, initial_indent="  ", subsequent_indent="      ")
            for line in answer.text.splitlines()
        )
        parts.append(f"{answer.arm} ({answer.verdict}):\n{text}")
    return "\n".join(parts)


def _facts(conditions: Sequence[Measurements]) -> Iterator[tuple[str, str]]:
    first = conditions[0]
    scale = first.scale
    for measured in conditions:
        yield f"bases, {measured.condition}", str(len(measured.records))
    yield "items per task", f"{scale.items}, one sample each at temperature 0.7 and top-p 0.95"
    yield "training tokens", f"base {scale.base_tokens:,}; each warm-up {scale.warm_up_tokens:,}"
    yield (
        "RLVR",
        f"{scale.rl_problems} problems of colouring, {scale.rl_steps} steps; runs from each start: {scale.rl_seeds}",
    )
    records = [record for measured in conditions for record in measured.records]
    yield "training seconds, all runs", f"{sum(_seconds(record) for record in records):,.0f}"
    yield "hardware", "; ".join(dict.fromkeys(_hardware(record) for record in records))


def _seconds(record: Record) -> float:
    return sum(float(run["seconds"]) for run in record.runs)


def _hardware(record: Record) -> str:
    hardware: Mapping[str, Any] = record.runs[0]["hardware"]
    return f"{hardware['processor']}, {hardware['cores']} cores"


def _signed(gain: Estimate) -> str:
    return f"{gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"


def _percent(score: Estimate | None) -> str:
    if score is None:
        return ""
    mean, low, high = (round(100 * value) for value in (score.mean, score.low, score.high))
    return f"{mean} [{low}-{high}]"
