"""Tables of the scores of runs, as `knk bench run` and `knk bench table` print them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from knk.tables import format_table

if TYPE_CHECKING:
    from knk.evals.intervals import Estimate
    from knk.evals.metrics import BenchmarkSummary
    from knk.evals.records import BenchmarkRun

_PERCENT = 100


def run_table(summaries: Sequence[BenchmarkSummary]) -> str:
    """Return a table of one arm's scores, a row for each benchmark."""
    header = ["", "accuracy", "SD", f"pass@{summaries[0].samples}", "format", "answered", "tokens", "items"]
    return table_without_empty_columns([header, *map(_run_row, summaries)])


def arms_table(summaries: Mapping[str, Sequence[BenchmarkSummary]]) -> str:
    """Return a table of the accuracy of several arms, a column for each benchmark.

    Args:
        summaries: the scores of each arm, by its name.
    """
    names = list(dict.fromkeys(summary.name for scores in summaries.values() for summary in scores))
    rows = [["", *names]]
    for arm, scores in summaries.items():
        by_name = {summary.name: summary for summary in scores}
        rows.append([arm, *(_accuracy(by_name[name]) if name in by_name else "" for name in names)])
        rows.append(["", *(format_bounds(by_name[name].accuracy) if name in by_name else "" for name in names)])
    return table_without_empty_columns(rows)


def memorisation_table(runs: Sequence[BenchmarkRun]) -> str:
    """Return a table of one arm's memorisation scores, "" if it has none."""
    from knk.evals.records import arm_memorisation

    scores = arm_memorisation(runs)
    if not scores:
        return ""
    rows = [[change, format_interval(estimate)] for change, estimate in scores.items()]
    title = f"{runs[0].arm}: solved unchanged but not after the change (memorisation score)"
    return f"{title}\n\n{format_table(rows)}"


def paper_table() -> str:
    """Return a table of the paper's scores."""
    from knk.evals.paper_figures import RLVR, TASKS, WARM_UP

    rows = [["", *TASKS]]
    rows += [
        [f"{arm.model}, {arm.arm}", *("" if score is None else str(score) for score in arm.scores)]
        for arm in (*WARM_UP, *RLVR)
    ]
    title = "The paper's scores, with the SD over four decoding trials if the paper reports it"
    return f"{title}\n\n{table_without_empty_columns(rows)}"


def format_interval(estimate: Estimate, scale: int = _PERCENT, sign: str = "") -> str:
    """Return an estimate with its interval: "43.8 [40.1, 47.5]".

    Args:
        estimate: the estimate.
        scale: the factor that its values are multiplied by.
        sign: "+" to write the sign of positive values too.
    """
    return f"{scale * estimate.mean:{sign}.1f} {format_bounds(estimate, scale, sign)}"


def format_bounds(estimate: Estimate, scale: int = _PERCENT, sign: str = "") -> str:
    """Return the bounds of an estimate's interval: "[40.1, 47.5]"; see `format_interval`."""
    return f"[{scale * estimate.low:{sign}.1f}, {scale * estimate.high:{sign}.1f}]"


def table_without_empty_columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows, of which the first is the header, as a table without the columns that are empty below it.

    >>> print(table_without_empty_columns([["", "accuracy", "SD"], ["knk", "43.8", ""]]))
         accuracy
    knk      43.8
    """
    columns = [column for column in zip(*rows, strict=True) if any(column[1:]) or not column[0]]
    return format_table(list(zip(*columns, strict=True)))


def _run_row(summary: BenchmarkSummary) -> list[str]:
    undecided = f", {summary.undecided} undecided" if summary.undecided else ""
    return [
        summary.name,
        format_interval(summary.accuracy),
        "" if summary.deviation is None else f"{_PERCENT * summary.deviation:.1f}",
        _mean(summary, f"pass@{summary.samples}"),
        _mean(summary, "format"),
        _mean(summary, "answered"),
        _mean(summary, "tokens", 1, 0),
        f"{summary.accuracy.n:,}{undecided}",
    ]


def _mean(summary: BenchmarkSummary, metric: str, scale: int = _PERCENT, decimals: int = 1) -> str:
    estimate = summary.metrics.get(metric)
    return "" if estimate is None else f"{scale * estimate.mean:,.{decimals}f}"


def _accuracy(summary: BenchmarkSummary) -> str:
    deviation = "" if summary.deviation is None else f" ± {_PERCENT * summary.deviation:.1f}"
    return f"{_PERCENT * summary.accuracy.mean:.1f}{deviation}"
