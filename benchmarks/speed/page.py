"""The tables of docs/performance.md, which are filled in between markers, and the lines on the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from benchmarks.speed.formats import (
    format_byte_rate,
    format_rate,
    format_rate_spread,
    format_share_spread,
    format_times,
    format_times_spread,
)
from benchmarks.speed.results import Results, Sides, Spread, ratio, spread
from benchmarks.speed.workloads import COMMAND, CORPUS, GYM, KNK, LIMIT, SAT, WORKLOADS, Workload

_NAME_WIDTH: Final = 14


def fill_page(page: str, results: Results) -> str:
    """Return a page with the results between its markers."""
    sections = {
        "machine": machine_text(results),
        "workloads": workload_table(results),
        "files": file_table(results),
        "published": published_table(results),
        "crossover": crossover_table(results),
    }
    for marker, text in sections.items():
        page = _replace_section(page, marker, text)
    return page


def _replace_section(page: str, marker: str, text: str) -> str:
    pattern = rf"(<!-- {marker} -->\n).*?(<!-- end -->)"
    return re.sub(pattern, lambda match: f"{match[1]}{text}\n{match[2]}", page, flags=re.DOTALL)


def machine_text(results: Results) -> str:
    """Return the machine and the settings of a run in a few sentences."""
    return (
        f"{results.machine}. Each measurement took {results.seconds:g} s after an equally long warm-up, in"
        f" {results.rounds} rounds; the whole run took {results.total_seconds / 60:.1f} minutes."
    )


def workload_table(results: Results) -> str:
    """Return a Markdown table of all workloads but those that have tables of their own."""
    rows = [
        "| workload | goal | knk | reasoning-gym | times as fast | share of the limit |",
        "|---|---|---|---|---|---|",
    ]
    for workload, sides in measured(results):
        if SAT in sides or workload.file:
            continue
        gym_rate = format_rate(rate(sides, GYM).median) if GYM in sides else ""
        times, share = format_times_spread(ratio(sides, GYM)), format_share_spread(ratio(sides, LIMIT))
        cells = (workload.title, format_goal(workload), format_rate(rate(sides, KNK).median), gym_rate, times, share)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def file_table(results: Results) -> str:
    """Return a Markdown table of the workloads that write files, with wall time and bytes."""
    rows = ["| files | rows | seconds | knk | pyarrow alone | memory |", "|---|---|---|---|---|---|"]
    for workload, sides in measured(results):
        if workload.name not in (CORPUS, COMMAND):
            continue
        n = results.rows if workload.name == COMMAND else results.rows // 10
        seconds = n / rate(sides, KNK).median
        ours, alone = (format_byte_rate(spread([row.byte_rate for row in sides[side]]).median) for side in (KNK, LIMIT))
        peak = max(row.peak_memory for row in sides[KNK])
        memory = f"{peak / 1e9:.2f} GB" if peak else ""
        rows.append(f"| {workload.title} | {n:,} | {seconds:.1f} | {ours} | {alone} | {memory} |")
    return "\n".join(rows)


def published_table(results: Results) -> str:
    """Return a Markdown table of the published tasks: the first batch and the second."""
    rows = ["| completions | goal | first batch | second batch |", "|---|---|---|---|"]
    for workload, sides in measured(results):
        if workload.file:
            first = format_rate(spread([row.first_rate for row in sides[KNK]]).median)
            task = workload.title.removesuffix(" completions")
            rows.append(f"| {task} | {format_goal(workload)} | {first} | {format_rate(rate(sides, KNK).median)} |")
    return "\n".join(rows)


def crossover_table(results: Results) -> str:
    """Return a Markdown table of truth tables and SAT, in microseconds."""
    rows = ["| | truth table, us | SAT, us | times as fast |", "|---|---|---|---|"]
    for workload, sides in measured(results):
        if SAT in sides:
            table, sat = (1e6 / rate(sides, side).median for side in (KNK, SAT))
            rows.append(f"| {workload.title} | {table:,.0f} | {sat:,.0f} | {format_times_spread(ratio(sides, SAT))} |")
    return "\n".join(rows)


def measured(results: Results) -> Iterator[tuple[Workload, Sides]]:
    """Iterate over the measured workloads in their order."""
    return (
        (workload, results.workloads[workload.name]) for workload in WORKLOADS if workload.name in results.workloads
    )


def rate(sides: Sides, side: str) -> Spread:
    """Return the rate of a side."""
    return spread([row.rate for row in sides[side]])


def format_goal(workload: Workload) -> str:
    """Return the goals of a workload, or "" if it has none."""
    goal = format_rate(workload.goal) if workload.goal else ""
    return f"{goal}, {format_times(workload.speedup_goal)}" if workload.speedup_goal else goal


def summary(workload: Workload, sides: Sides) -> str:
    """Return a line for the screen: the rates of all sides, and the ratios of this library's rate to theirs."""
    rates = "  ".join(f"{side} {format_rate_spread(rate(sides, side))}" for side in sides if side != LIMIT)
    ratios = [f"{format_times_spread(ratio(sides, side))} times {side}" for side in (GYM, SAT) if side in sides]
    ratios += [f"{format_share_spread(ratio(sides, LIMIT))} of the limit"] if LIMIT in sides else []
    return "  ".join((f"{workload.name:{_NAME_WIDTH}}", rates, *ratios))
