"""What an evaluation found: tables and pictures with intervals, claims, and the paper's table beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from knk.evals import paper_figures as paper
from knk.evals import results
from knk.evals.intervals import Estimate
from knk.evals.results import Results, StudyClaim
from knk.report.charts import Line, intervals, lines
from knk.report.html import Section, facts, folded, safe, table

_SHARES: Final = ("accuracy", "answered", "accuracy if answered", "format")
_MARK: Final = {
    True: '<span class="yes">✓ holds</span>',
    False: '<span class="no">✗ does not hold</span>',
    None: '<span class="open">– open</span>',
}


def results_section(path: Path) -> Section:
    """Return the part of a page about an evaluation's results.

    Args:
        path: `results.json`, or the folder that it is in.

    Raises:
        BadFile: it does not hold results.
    """
    found = results.read(path)
    parts = [
        "".join(f"<p>{safe(note)}</p>" for note in found.notes),
        _table(found, "accuracy"),
        _claims(found.claims),
        _dots(found),
        _curves(found),
        *(folded(f"By arm and task: {metric}", _table(found, metric)) for metric in _metrics(found)[1:]),
        facts(found.facts.items()) if found.facts else "",
        _paper(found),
    ]
    return Section(found.title, "".join(parts))


def _metrics(found: Results) -> list[str]:
    return list(dict.fromkeys(score.metric for score in found.scores))


def _table(found: Results, metric: str) -> str:
    rows = [
        [safe(arm, 60), *(_cell(found.score(arm, task, metric), metric) for task in found.tasks)] for arm in found.arms
    ]
    if not any(cell for row in rows for cell in row[1:]):
        return ""
    told = "in percent, with 95% intervals" if metric in _SHARES else "with 95% intervals"
    head = f'<p class="dim">{safe(metric.capitalize())}, {told}.</p>'
    return head + table(["arm", *found.tasks], rows, range(1, len(found.tasks) + 1))


def _cell(estimate: Estimate | None, metric: str) -> str:
    if estimate is None or not estimate.n:
        return ""
    many = 100 if metric in _SHARES else 1
    mean, low, high = (f"{many * value:.1f}" for value in (estimate.mean, estimate.low, estimate.high))
    return f"{mean}<small>{low} to {high}</small>"


def _claims(claims: tuple[StudyClaim, ...]) -> str:
    if not claims:
        return ""
    rows = []
    for claim in claims:
        why = f"<small>{safe(claim.criterion)}{': ' + safe(claim.remark) if claim.remark else ''}</small>"
        figure = safe(_signed(claim.estimate)) if claim.estimate else ""
        rows.append([safe(claim.text) + why, figure, _MARK[claim.holds]])
    return "<h3>What was to be shown</h3>" + table(["claim and criterion", "figure", ""], rows)


def _signed(estimate: Estimate) -> str:
    # Its spaces do not break, so that an interval stays on the line of its figure or goes to the next one whole.
    return f"{estimate.mean:+.3f} [{estimate.low:+.3f},\N{NO-BREAK SPACE}{estimate.high:+.3f}]"


def _dots(found: Results) -> str:
    charts = []
    for task in found.tasks:
        rows = {arm: score for arm in found.arms if (score := found.score(arm, task)) is not None}
        charts.append(intervals(task, "accuracy, 95% interval", rows))
    return f'<h3>Accuracy by task</h3><div class="figures">{"".join(charts)}</div>'


def _curves(found: Results) -> str:
    charts = []
    for task, metric in dict.fromkeys((curve.task, curve.metric) for curve in found.curves):
        drawn = [
            Line(
                curve.arm,
                [(step, one.mean) for step, one in curve.points],
                [(one.low, one.high) for _, one in curve.points],
            )
            for curve in found.curves
            if (curve.task, curve.metric) == (task, metric)
        ]
        charts.append(lines(f"{task} during RLVR", "step", metric, drawn, share=metric in _SHARES))
    return "".join(charts) and f"<h3>In training</h3>{''.join(charts)}"


def _paper(found: Results) -> str:
    """The paper's table, beside one's own figures where the tasks are the same."""
    own = [
        [safe(arm, 60), "here", *(_cell(found.score(arm, task), "accuracy") for task in paper.TASKS)]
        for arm in found.arms
        if any(found.score(arm, task) for task in paper.TASKS)
    ]
    rows = [
        [safe(f"{one.model}, {one.arm}"), "paper", *("" if score is None else safe(score) for score in one.scores)]
        for one in (*paper.WARM_UP, *paper.RLVR)
    ]
    shown = table(["model and arm", "from", *paper.TASKS], [*own, *rows], (2, 3, 4))
    told = table(["the paper's claims", "read closely"], [[safe(claim), safe(but)] for claim, but in paper.CLAIMS])
    if own:
        return f"<h3>Beside the paper</h3>{shown}{told}"
    return folded("What the paper reports, of other models and tasks", shown + told)
