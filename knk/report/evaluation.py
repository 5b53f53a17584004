"""The section about an evaluation: its answer, a figure, examples, claims, and tables of all scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from knk.evals import paper_figures as paper
from knk.evals import results
from knk.evals.intervals import Estimate
from knk.evals.results import Curve, Example, ExampleAnswer, Results, StudyClaim
from knk.report.charts import Series, line_panel
from knk.report.comparison import CONDITION_WIDTH, condition_panel, task_panel
from knk.report.html import Section, facts, folded, quoted, safe, table
from knk.report.marks import STYLES, key_picture, legend
from knk.report.numbers import in_words, signed
from knk.report.panel import Panel, picture
from knk.report.scores import Scores, looks_like_share

_STATUS: Final = {
    "holds": '<span class="yes">✓ holds</span>',
    "does not hold": '<span class="no">✗ does not hold</span>',
    "open": '<span class="open">– open</span>',
    "reported": '<span class="open">reported</span>',
}
_MAX_TASKS: Final = 40
"""The number of tasks that a chart shows."""
_RIGHT: Final = ("right", "correct")
_WRONG: Final = ("wrong", "incorrect", "no answer")


def results_section(path: Path) -> Section:
    """Return the section about the results of an evaluation.

    Args:
        path: the `results.json`, or its folder.

    Raises:
        BadFile: the file does not hold results.
    """
    evaluation = results.read(path)
    scores = Scores(evaluation)
    parts = [
        f'<p class="summary">{safe(evaluation.summary)}</p>' if evaluation.summary else "",
        _training(scores),
        _headline(scores),
        _examples(scores),
        _claims(evaluation.claims, scores.conditions),
        _curves(scores),
        "".join(f"<p>{safe(note)}</p>" for note in evaluation.notes),
        _details(scores),
        facts(evaluation.facts.items()) if evaluation.facts else "",
        _paper_comparison(scores),
    ]
    return Section(evaluation.title, "".join(parts))


def headline_svg(evaluation: Results) -> str:
    """Return the figure that answers the question of an evaluation as a picture in an SVG file, or "" without scores.

    Args:
        evaluation: the evaluation.

    >>> from knk.evals.results import ArmScore
    >>> score = ArmScore("base", "puzzles", "accuracy", Estimate(0.5, 0.4, 0.6, 100))
    >>> headline_svg(Results("A pilot", ("base",), ("puzzles",), (score,)))[:38]
    '<svg xmlns="http://www.w3.org/2000/svg'
    """
    scores = Scores(evaluation)
    panels = _headline_panels(scores)
    return picture(_headline_title(scores), _shown_styles(scores), panels)


def curves_svg(evaluation: Results) -> str:
    """Return the scores during training as a picture in an SVG file, or "" if there are none.

    Args:
        evaluation: the evaluation.
    """
    scores = Scores(evaluation)
    return picture(f"{_curve_title(scores)}, with 95% intervals", _curve_styles(scores), _curve_panels(scores))


def _training(scores: Scores) -> str:
    """What each arm was trained on, with the colour and shape that it has in the charts."""
    training = scores.evaluation.training
    arms = [*(arm for arm in scores.styles if arm in training), *(arm for arm in training if arm not in scores.styles)]
    entries = "".join(f"<li>{_arm(scores, arm)}: {safe(training[arm])}</li>" for arm in arms)
    return entries and f'<h3>What was trained on what</h3><ul class="training">{entries}</ul>'


def _arm(scores: Scores, arm: str) -> str:
    """The name of an arm after its mark."""
    style = scores.styles.get(arm, STYLES)
    return f"{key_picture(style) if style < STYLES else ''}<b>{safe(arm, 80)}</b>"


def _headline(scores: Scores) -> str:
    panels = _headline_panels(scores)
    if not panels:
        return ""
    left_out = len(scores.evaluation.arms) - STYLES
    remark = f'<p class="dim">{left_out} more arms are in the tables below.</p>' if left_out > 0 else ""
    figures = _side_by_side(panels) if scores.conditions else _rows(panels[0], has_caption=False)
    return f"<h3>{safe(_headline_title(scores))}</h3>{legend(_shown_styles(scores))}{figures}{remark}"


def _headline_title(scores: Scores) -> str:
    by = "task and condition" if scores.conditions else "task"
    metric = scores.metrics[0] if scores.metrics else "scores"
    return f"{metric[:60].capitalize()} by {by}, with 95% intervals"


def _headline_panels(scores: Scores) -> list[Panel]:
    """A chart over conditions for each task of the headline, or one chart over all tasks if there is one condition."""
    if not scores.metrics:
        return []
    metric = scores.metrics[0]
    if not scores.conditions:
        panel = _task_panel(scores, metric)
        return [panel] if panel else []
    tasks = (scores.evaluation.headline or scores.tasks)[:_MAX_TASKS]
    is_share = scores.is_share(metric)
    panels = (
        condition_panel(task, scores.conditions, scores.over_conditions(task, metric), is_share) for task in tasks
    )
    return [panel for panel in panels if panel]


def _task_panel(scores: Scores, metric: str, condition: str = "") -> Panel | None:
    tasks = [
        task
        for task in scores.tasks
        if any(scores.get(arm, task, metric, condition) for arm in scores.evaluation.arms[:STYLES])
    ][:_MAX_TASKS]
    highlighted = sum(task in scores.evaluation.headline for task in tasks)
    arms = scores.over_tasks(tasks, metric, condition)
    title = f"{metric.capitalize()} by task{', ' + condition if condition else ''}"
    return task_panel(title, tasks, arms, scores.is_share(metric), highlighted)


def _shown_styles(scores: Scores, condition: str | None = None) -> list[tuple[str, int]]:
    """The arms with a score of the first metric and their styles; those of any condition if none is given."""
    measured = {
        score.arm
        for score in scores.evaluation.scores
        if score.metric == scores.metrics[0] and condition in (None, score.condition)
    }
    return [(arm, scores.styles[arm]) for arm in scores.evaluation.arms[:STYLES] if arm in measured]


def _rows(panel: Panel, has_caption: bool = True) -> str:
    return f'<div class="rows">{panel.figure("", has_caption)}</div>'


def _side_by_side(panels: Sequence[Panel]) -> str:
    return f'<div class="panels">{"".join(panel.figure() for panel in panels)}</div>'


def _examples(scores: Scores) -> str:
    """The first example, and the others folded, as they are long."""
    examples = [_example(scores, example) for example in scores.evaluation.examples]
    more = folded(f"More examples: {len(examples) - 1}", "".join(examples[1:])) if len(examples) > 1 else ""
    return "<h3>Example</h3>" + examples[0] + more if examples else ""


def _example(scores: Scores, example: Example) -> str:
    answers = "".join(_answer(scores, answer) for answer in example.answers)
    return f'<h4>{safe(example.title)}</h4>{quoted(example.problem)}<div class="answers">{answers}</div>'


def _answer(scores: Scores, answer: ExampleAnswer) -> str:
    verdict = answer.verdict.lower()
    status = "yes" if verdict.startswith(_RIGHT) else "no" if verdict.startswith(_WRONG) else "open"
    caption = f'{_arm(scores, answer.arm)}: <span class="{status}">{safe(answer.verdict, 200)}</span>'
    return f"<div><p>{caption}</p>{quoted(answer.text)}</div>"


def _claims(claims: Sequence[StudyClaim], conditions: Sequence[str]) -> str:
    """The claims by condition: first those about all, then those about each."""
    if not claims:
        return ""
    names = dict.fromkeys(("", *conditions, *(claim.condition for claim in claims)))
    groups = {name: [claim for claim in claims if claim.condition == name] for name in names}
    parts = [
        (f"<h4>{safe(name)}</h4>" if name else "") + _claim_table(group) for name, group in groups.items() if group
    ]
    return f'<h3>Claims</h3><div class="claims">{"".join(parts)}</div>'


def _claim_table(claims: Iterable[StudyClaim]) -> str:
    rows = []
    for claim in claims:
        details = f"<small>{safe(claim.criterion)}{': ' + safe(claim.remark) if claim.remark else ''}</small>"
        estimate = safe(signed(claim.estimate)) if claim.estimate else ""
        rows.append([safe(claim.text) + details, estimate, _STATUS[claim.status]])
    return table(["claim and criterion", "difference, 95% interval", "status"], rows, (1, 2))


def _curves(scores: Scores) -> str:
    panels = _curve_panels(scores)
    if not panels:
        return ""
    title = safe(_curve_title(scores))
    return f"<h3>{title}</h3>{legend(_curve_styles(scores))}{_side_by_side(panels)}"


def _curve_title(scores: Scores) -> str:
    """What all curves have in common: their metric and task, if there is only one."""
    curves = scores.evaluation.curves
    metrics, tasks = sorted({curve.metric for curve in curves}), sorted({curve.task for curve in curves})
    metric = metrics[0].capitalize() if len(metrics) == 1 else "Scores"
    return f"{metric}{f' on {tasks[0]}' if len(tasks) == 1 else ''} during training"


def _curve_styles(scores: Scores) -> list[tuple[str, int]]:
    arms = {curve.arm for curve in scores.evaluation.curves}
    return [(arm, style) for arm, style in scores.styles.items() if arm in arms]


def _curve_panels(scores: Scores) -> list[Panel]:
    """A chart of the arms for each task, metric and condition."""
    curves = scores.evaluation.curves
    order = {condition: index for index, condition in enumerate(scores.conditions)}
    names = dict.fromkeys((curve.task, curve.metric, curve.condition) for curve in curves)
    tasks, metrics = {task for task, _, _ in names}, {metric for _, metric, _ in names}
    panels = []
    for task, metric, condition in sorted(names, key=lambda name: order.get(name[2], -1)):
        chosen = [one for one in curves if (one.task, one.metric, one.condition) == (task, metric, condition)]
        series = sorted((_line(scores, curve) for curve in chosen), key=lambda line: line.style or 0)
        parts = (task if len(tasks) > 1 else "", metric if len(metrics) > 1 else "", condition)
        title = ", ".join(filter(None, parts)) or task
        estimates = (estimate for curve in chosen for _, estimate in curve.points)
        panels.append(line_panel(title, "step", "", series, looks_like_share(metric, estimates), CONDITION_WIDTH))
    return [panel for panel in panels if panel]


def _line(scores: Scores, curve: Curve) -> Series:
    means = [(step, estimate.mean) for step, estimate in curve.points]
    ends = [(estimate.low, estimate.high) for _, estimate in curve.points]
    return Series(curve.arm, means, ends, scores.styles[curve.arm])


def _details(scores: Scores) -> str:
    """Tables of all metrics: open if there is one condition, and folded by condition if there are several."""
    unconditional = _metric_tables(scores, "")
    if not scores.conditions:
        return unconditional
    blocks = []
    for condition in scores.conditions:
        panel = _task_panel(scores, scores.metrics[0], condition) if scores.metrics else None
        chart = legend(_shown_styles(scores, condition)) + _rows(panel) if panel else ""
        tables = _metric_tables(scores, condition)
        blocks.append(folded(f"All tasks and metrics: {condition}", chart + tables) if tables else "")
    rest = folded("All tasks and metrics: other scores", unconditional) if unconditional else ""
    return f"<h3>Details</h3>{''.join(blocks)}{rest}"


def _metric_tables(scores: Scores, condition: str) -> str:
    """A table for each metric; those after the first are folded."""
    tables = {metric: _score_table(scores, metric, condition) for metric in scores.metrics}
    written = [(metric, text) for metric, text in tables.items() if text]
    first = "".join(text for _, text in written[:1])
    return first + "".join(folded(f"By arm and task: {metric}", text) for metric, text in written[1:])


def _score_table(scores: Scores, metric: str, condition: str) -> str:
    tasks = scores.tasks_of(metric, condition)
    is_share = scores.is_share(metric)
    rows = []
    for arm in scores.evaluation.arms:
        cells = [_cell(scores.get(arm, task, metric, condition), is_share) for task in tasks]
        rows += [[safe(arm, 60), *cells]] if any(cells) else []
    if not rows:
        return ""
    unit = "in percent, with 95% intervals" if is_share else "with 95% intervals"
    caption = f'<p class="dim">{safe(metric.capitalize())}, {unit}.</p>'
    return caption + table(["arm", *tasks], rows, range(1, len(tasks) + 1))


def _cell(estimate: Estimate | None, is_share: bool) -> str:
    if estimate is None:
        return ""
    mean, interval = in_words(estimate, is_share)
    return f"{mean}<small>{interval}</small>"


def _paper_comparison(scores: Scores) -> str:
    """The paper's scores, with the evaluation's own above them if the tasks are the same."""
    own = [
        [safe(arm, 60), "here", *(_cell(scores.get(arm, task, "accuracy"), is_share=True) for task in paper.TASKS)]
        for arm in scores.evaluation.arms
        if any(scores.get(arm, task, "accuracy") for task in paper.TASKS)
    ]
    reported = [
        [safe(f"{arm.model}, {arm.arm}"), "paper", *("" if score is None else safe(score) for score in arm.scores)]
        for arm in (*paper.WARM_UP, *paper.RLVR)
    ]
    tables = table(["model and arm", "source", *paper.TASKS], [*own, *reported], (1, 2, 3, 4))
    claims = table(["claim of the paper", "limits"], [[safe(claim), safe(limits)] for claim, limits in paper.CLAIMS])
    if own:
        return f"<h3>Comparison with the paper</h3>{tables}{claims}"
    return folded("The paper's results on other models and tasks", tables + claims)
