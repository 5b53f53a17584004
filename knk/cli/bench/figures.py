"""The figures of runs as tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knk.evals.intervals import Estimate
    from knk.evals.metrics import BenchmarkSummary
    from knk.evals.paper_figures import PaperArm
    from knk.evals.records import BenchmarkRun


def print_arms(arms: Sequence[Sequence[BenchmarkRun]], groups: bool, as_json: bool, paper: bool) -> None:
    """Print the figures of each arm's runs, as tables or as JSON."""
    from knk.evals.records import results_of, summaries

    if as_json:
        print(json.dumps(results_of(arms, "Benchmarks").to_dict()))
        return
    found = {runs[0].arm: summaries(runs, groups) for runs in arms}
    if len(arms) == 1:
        ((arm, told),) = found.items()
        print(f"{arm}\n")
        print_rows(
            [
                ["", "accuracy", "SD", f"pass@{told[0].samples}", "format", "answered", "tokens", "items"],
                *map(_row, told),
            ]
        )
    else:
        _print_table(found)
    for runs in arms:
        _print_memorisation(runs)
    if paper:
        _print_paper()


def _row(one: BenchmarkSummary) -> list[str]:
    return [
        one.name,
        interval(one.accuracy, 100),
        "" if one.deviation is None else f"{100 * one.deviation:.1f}",
        _mean(one, f"pass@{one.samples}", 100),
        _mean(one, "format", 100),
        _mean(one, "answered", 100),
        _mean(one, "tokens", 1, 0),
        f"{one.accuracy.n:,}" + (f", {one.undecided} undecided" if one.undecided else ""),
    ]


def _print_table(found: dict[str, list[BenchmarkSummary]]) -> None:
    names = list(dict.fromkeys(one.name for told in found.values() for one in told))
    rows = [["", *names]]
    for arm, told in found.items():
        by_name = {one.name: one for one in told}
        rows.append([arm, *(_with_deviation(by_name[name]) if name in by_name else "" for name in names)])
        rows.append(["", *(_ends(by_name[name].accuracy) if name in by_name else "" for name in names)])
    print_rows(rows)


def _with_deviation(one: BenchmarkSummary) -> str:
    return f"{100 * one.accuracy.mean:.1f}" + ("" if one.deviation is None else f" ± {100 * one.deviation:.1f}")


def _print_memorisation(runs: Sequence[BenchmarkRun]) -> None:
    from knk.evals.records import arm_memorisation

    scores = arm_memorisation(runs)
    if scores:
        print(f"\n{runs[0].arm}: solved as it is, and not when changed (memorisation score)\n")
        print_rows([[kind, interval(estimate, 100)] for kind, estimate in scores.items()])


def _print_paper() -> None:
    from knk.evals.paper_figures import RLVR, TASKS, WARM_UP

    def row(one: PaperArm) -> list[str]:
        return [f"{one.model}, {one.arm}", *("" if figure is None else str(figure) for figure in one.scores)]

    print("\nThe paper's figures, with the SD over four decoding trials where it gives one\n")
    print_rows([["", *TASKS], *map(row, (*WARM_UP, *RLVR))])


def _mean(one: BenchmarkSummary, metric: str, many: int, places: int = 1) -> str:
    found = one.metrics.get(metric)
    return "" if found is None else f"{many * found.mean:,.{places}f}"


def interval(one: Estimate, many: int, sign: str = "") -> str:
    """Return a mean with the ends of its interval."""
    return f"{many * one.mean:{sign}.1f} {_ends(one, many, sign)}"


def _ends(one: Estimate, many: int = 100, sign: str = "") -> str:
    return f"[{many * one.low:{sign}.1f}, {many * one.high:{sign}.1f}]"


def print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Print a table, names to the left and figures to the right, without the columns that hold nothing."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:]) or not column[0]]
    widths = [max(map(len, column)) for column in columns]
    for row in zip(*columns, strict=True):
        figures = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *figures]).rstrip())
