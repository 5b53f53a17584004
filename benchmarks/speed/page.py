"""What the documents show of a run: the tables of a page, between marks, and the figure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from benchmarks.speed.results import Results, Sides, Spread, ratio, spread
from benchmarks.speed.works import GYM, KNK, LIMIT, SAT, WORKS, Work
from knk.report.charts import RATIO_CHART_WIDTH, RatioBar, ratio_chart
from knk.report.html import PALETTE

FILES: Final = ("corpus", "command")
TITLE: Final = "How fast knk is"
LEGEND: Final = ("times as fast as reasoning-gym", "of the limit: memory, or pyarrow alone")
_HEAD: Final = 40
_TEXT_STYLE: Final = "text { fill: var(--dim); font: 12px system-ui, sans-serif; } .ink { fill: var(--ink); }"


def filled(page: str, found: Results) -> str:
    """Return a page with what some results say between its marks."""
    parts = {
        "machine": machine(found),
        "works": works(found),
        "files": files(found),
        "published": published(found),
        "crossing": crossing(found),
    }
    for name, told in parts.items():
        page = _between(page, name, told)
    return page


def _between(page: str, name: str, told: str) -> str:
    """Return a page with something else between the marks of that name."""
    return re.sub(rf"(<!-- {name} -->\n).*?(<!-- end -->)", lambda at: f"{at[1]}{told}\n{at[2]}", page, flags=re.DOTALL)


def machine(found: Results) -> str:
    """Return what a run ran on, and how, in a sentence or two."""
    return (
        f"{found.machine}. Each measurement {found.seconds:g} s after as long a warm-up, in {found.rounds} rounds;"
        f" the whole run took {found.took / 60:.1f} minutes."
    )


def works(found: Results) -> str:
    """Return a Markdown table of most works."""
    rows = ["| work | goal | knk | reasoning-gym | times | of the limit |", "|---|---|---|---|---|---|"]
    for work, sides in measured(found):
        if SAT in sides or work.file:
            continue
        theirs = told_rate(rate(sides, GYM).median) if GYM in sides else ""
        times, share = told_times(ratio(sides, GYM)), told_share(ratio(sides, LIMIT))
        cells = (work.told, goal(work), told_rate(rate(sides, KNK).median), theirs, times, share)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def files(found: Results) -> str:
    """Return a Markdown table of the works that write files, the clock's seconds and bytes."""
    rows = ["| files | rows | seconds | knk writes | pyarrow alone | memory |", "|---|---|---|---|---|---|"]
    for work, sides in measured(found):
        if work.name not in FILES:
            continue
        n = found.rows if work.name == "command" else found.rows // 10
        ours, alone = (told_flow(spread([one.flow for one in sides[side]]).median) for side in (KNK, LIMIT))
        peak = max(one.peak for one in sides[KNK])
        held = f"{peak / 1e9:.2f} GB" if peak else ""
        rows.append(f"| {work.told} | {n:,} | {n / rate(sides, KNK).median:.1f} | {ours} | {alone} | {held} |")
    return "\n".join(rows)


def published(found: Results) -> str:
    """Return a Markdown table of the works on published tasks: a first batch, and another."""
    rows = ["| judged | goal | first batch | another |", "|---|---|---|---|"]
    for work, sides in measured(found):
        if work.file:
            first = told_rate(spread([one.first for one in sides[KNK]]).median)
            rows.append(f"| {work.told} | {goal(work)} | {first} | {told_rate(rate(sides, KNK).median)} |")
    return "\n".join(rows)


def crossing(found: Results) -> str:
    """Return a Markdown table of truth tables and SAT, in microseconds."""
    rows = ["| | truth tables, us | SAT, us | times as fast |", "|---|---|---|---|"]
    for work, sides in measured(found):
        if SAT in sides:
            ours, other = (1e6 / rate(sides, side).median for side in (KNK, SAT))
            rows.append(f"| {work.told} | {ours:,.0f} | {other:,.0f} | {told_times(ratio(sides, SAT))} |")
    return "\n".join(rows)


def measured(found: Results) -> Iterator[tuple[Work, Sides]]:
    """Iterate over the works that were measured, in their order."""
    return ((work, found.works[work.name]) for work in WORKS if work.name in found.works)


def goal(work: Work) -> str:
    """Return what is aimed at, "" if nothing is."""
    aim = told_rate(work.goal) if work.goal else ""
    return f"{aim}, {short_times(work.ahead)}" if work.ahead else aim


def rate(sides: Sides, side: str) -> Spread:
    """Return the rate of a side."""
    return spread([one.rate for one in sides[side]])


def figure(found: Results) -> str:
    """Return the ratios as a picture of its own, light or dark as its reader's screen is."""
    drawn = [
        RatioBar(name_of(work), *at, tell(at.median), colour)
        for colour, (side, tell) in enumerate(((GYM, short_times), (LIMIT, short_share)))
        for work, sides in measured(found)
        if (at := ratio(sides, side))
    ]
    (inside,) = re.findall(r"<svg.*?</svg>", ratio_chart(TITLE, "knk's rate over the other's", drawn), re.DOTALL)
    height = _HEAD + float(re.findall(rf'viewBox="0 0 {RATIO_CHART_WIDTH} ([\d.]+)"', inside)[0])
    legend = "".join(
        f'<rect x="8" y="{place - 9}" width="10" height="10" fill="var(--c{colour})"/>'
        f'<text class="ink" x="24" y="{place}">{name}</text>'
        for colour, (place, name) in enumerate(zip((-26, -8), LEGEND, strict=True))
    )
    size = f'viewBox="0 {-_HEAD} {RATIO_CHART_WIDTH} {height:g}" width="{1.1 * RATIO_CHART_WIDTH:.0f}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{TITLE}">'
        f"<style>{PALETTE}{_TEXT_STYLE}</style>"
        f'<rect x="0" y="{-_HEAD}" width="{RATIO_CHART_WIDTH}" height="{height:g}" fill="var(--paper)"/>{legend}'
    )
    return re.sub(r"<svg[^>]*>", lambda _: head, inside, count=1) + "\n"


def name_of(work: Work) -> str:
    """Return the name of a work as the figure has it, without the marks of code."""
    return work.told.replace("`", "")


def told(work: Work, sides: Sides) -> str:
    """Return a line for the screen: rates with their spread, and what they are of the others'."""
    name = f"{work.name:14}"
    rates = "  ".join(f"{side} {told_spread(sides, side)}" for side in sides if side != LIMIT)
    ends = [f"{told_times(at)} times {side}" for side in (GYM, SAT) if (at := ratio(sides, side))]
    ends += [f"{told_share(at)} of the limit" for at in (ratio(sides, LIMIT),) if at]
    return "  ".join((name, rates, *ends))


def told_spread(sides: Sides, side: str) -> str:
    """Return a side's rate with its spread."""
    at = rate(sides, side)
    return f"{told_rate(at.median)} [{told_rate(at.low)}, {told_rate(at.high)}]"


def told_rate(value: float) -> str:
    """Return a rate with three digits.

    >>> told_rate(3_441_000), told_rate(34_620), told_rate(1.07)
    ('3.44 million/s', '34,600/s', '1.07/s')
    """
    return f"{value / 1e6:.3g} million/s" if value >= 1e6 else f"{short(value)}/s"


def told_flow(value: float) -> str:
    """Return bytes a second.

    >>> told_flow(6_500_000)
    '6.5 MB/s'
    """
    return f"{short(value / 1e6)} MB/s"


def told_times(at: Spread | None) -> str:
    """Return a ratio with its spread."""
    return f"{short(at.median)} [{short(at.low)}, {short(at.high)}]" if at else ""


def told_share(at: Spread | None) -> str:
    """Return a share with its spread, in percent."""
    return f"{short_share(at.median)} [{100 * at.low:.2g}, {100 * at.high:.2g}]" if at else ""


def short_times(value: float) -> str:
    """Return a ratio alone.

    >>> short_times(98.04)
    '98 times'
    """
    return f"{short(value)} times"


def short_share(value: float) -> str:
    """Return a share alone, in percent.

    >>> short_share(0.00451)
    '0.45 %'
    """
    return f"{100 * value:.2g} %"


def short(value: float) -> str:
    """Return a number with three digits.

    >>> short(34_620), short(98.04), short(1.07)
    ('34,600', '98', '1.07')
    """
    return f"{float(f'{value:.3g}'):,.10g}"
