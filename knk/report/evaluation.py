"""The section about an evaluation: tables and charts with intervals, claims, and the paper's scores."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from knk.evals import paper_figures as paper
from knk.evals import results
from knk.evals.intervals import Estimate
from knk.evals.results import Results, StudyClaim
from knk.report.charts import Series, interval_chart, line_chart
from knk.report.html import Section, facts, folded, safe, table

_SHARES: Final = ("accuracy", "paper accuracy", "answered", "accuracy if answered", "format")
"""The metrics that are shown in percent."""
_STATUS: Final = {
    True: '<span class="yes">✓ holds</span>',
    False: '<span class="no">✗ does not hold</span>',
    None: '<span class="open">– open</span>',
}


def results_section(path: Path) -> Section:
    """Return the section about the results of an evaluation.

    Args:
        path: the `results.json`, or its folder.

    Raises:
        BadFile: the file does not hold results.
    """
    evaluation = results.read(path)
    metrics = list(dict.fromkeys(score.metric for score in evaluation.scores))
    parts = [
        "".join(f"<p>{safe(note)}</p>" for note in evaluation.notes),
        _score_table(evaluation, "accuracy"),
        _claims(evaluation.claims),
        _accuracy_charts(evaluation),
        _curves(evaluation),
        *(folded(f"By arm and task: {metric}", _score_table(evaluation, metric)) for metric in metrics[1:]),
        facts(evaluation.facts.items()) if evaluation.facts else "",
        _paper_comparison(evaluation),
    ]
    return Section(evaluation.title, "".join(parts))


def _score_table(evaluation: Results, metric: str) -> str:
    rows = [
        [safe(arm, 60), *(_cell(evaluation.score(arm, task, metric), metric) for task in evaluation.tasks)]
        for arm in evaluation.arms
    ]
    if not any(cell for row in rows for cell in row[1:]):
        return ""
    unit = "in percent, with 95% intervals" if metric in _SHARES else "with 95% intervals"
    caption = f'<p class="dim">{safe(metric.capitalize())}, {unit}.</p>'
    return caption + table(["arm", *evaluation.tasks], rows, range(1, len(evaluation.tasks) + 1))


def _cell(estimate: Estimate | None, metric: str) -> str:
    if estimate is None or not estimate.n:
        return ""
    factor = 100 if metric in _SHARES else 1
    mean, low, high = (f"{factor * value:.1f}" for value in (estimate.mean, estimate.low, estimate.high))
    return f"{mean}<small>{low} to {high}</small>"


def _claims(claims: tuple[StudyClaim, ...]) -> str:
    if not claims:
        return ""
    rows = []
    for claim in claims:
        details = f"<small>{safe(claim.criterion)}{': ' + safe(claim.remark) if claim.remark else ''}</small>"
        estimate = safe(_signed(claim.estimate)) if claim.estimate else ""
        rows.append([safe(claim.text) + details, estimate, _STATUS[claim.holds]])
    return "<h3>Claims</h3>" + table(["claim and criterion", "difference and 95% interval", "status"], rows)


def _signed(estimate: Estimate) -> str:
    # The no-break space keeps an interval on one line.
    return f"{estimate.mean:+.3f} [{estimate.low:+.3f},\N{NO-BREAK SPACE}{estimate.high:+.3f}]"


def _accuracy_charts(evaluation: Results) -> str:
    charts = []
    for task in evaluation.tasks:
        rows = {arm: score for arm in evaluation.arms if (score := evaluation.score(arm, task)) is not None}
        charts.append(interval_chart(task, "accuracy, 95% interval", rows))
    return f'<h3>Accuracy by task</h3><div class="figures">{"".join(charts)}</div>'


def _curves(evaluation: Results) -> str:
    charts = []
    for task, metric in dict.fromkeys((curve.task, curve.metric) for curve in evaluation.curves):
        series = [
            Series(
                curve.arm,
                [(step, estimate.mean) for step, estimate in curve.points],
                [(estimate.low, estimate.high) for _, estimate in curve.points],
            )
            for curve in evaluation.curves
            if (curve.task, curve.metric) == (task, metric)
        ]
        charts.append(line_chart(f"{task} during RLVR", "step", metric, series, is_share=metric in _SHARES))
    return "".join(charts) and f"<h3>Scores during training</h3>{''.join(charts)}"


def _paper_comparison(evaluation: Results) -> str:
    """The paper's scores, with the evaluation's own above them if the tasks are the same."""
    own = [
        [safe(arm, 60), "here", *(_cell(evaluation.score(arm, task), "accuracy") for task in paper.TASKS)]
        for arm in evaluation.arms
        if any(evaluation.score(arm, task) for task in paper.TASKS)
    ]
    reported = [
        [safe(f"{arm.model}, {arm.arm}"), "paper", *("" if score is None else safe(score) for score in arm.scores)]
        for arm in (*paper.WARM_UP, *paper.RLVR)
    ]
    scores = table(["model and arm", "source", *paper.TASKS], [*own, *reported], (2, 3, 4))
    claims = table(["claim of the paper", "limits"], [[safe(claim), safe(limits)] for claim, limits in paper.CLAIMS])
    if own:
        return f"<h3>Comparison with the paper</h3>{scores}{claims}"
    return folded("The paper's results on other models and tasks", scores + claims)
