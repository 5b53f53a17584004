"""The chart of all ratios, as an SVG file."""

from __future__ import annotations

import re
from typing import Final

from benchmarks.speed.formats import format_share, format_times
from benchmarks.speed.results import Results, ratio
from benchmarks.speed.workloads import GYM, LIMIT, WORKLOADS
from knk.report.charts import RATIO_CHART_WIDTH, RatioBar, ratio_chart
from knk.report.html import PALETTE

TITLE: Final = "Speed of knk"
AXIS: Final = "knk's rate divided by the other's"
LEGEND: Final = ("times as fast as reasoning-gym", "share of the limit (memory, or pyarrow alone)")
SCALE: Final = 1.1
_LEGEND_HEIGHT: Final = 40
_TEXT_STYLE: Final = "text { fill: var(--dim); font: 12px system-ui, sans-serif; } .ink { fill: var(--ink); }"


def chart(results: Results) -> str:
    """Return the chart, which follows the reader's light or dark mode."""
    (svg,) = re.findall(r"<svg.*?</svg>", ratio_chart(TITLE, AXIS, _bars(results)), re.DOTALL)
    height = _LEGEND_HEIGHT + float(re.findall(rf'viewBox="0 0 {RATIO_CHART_WIDTH} ([\d.]+)"', svg)[0])
    view_box = f"0 {-_LEGEND_HEIGHT} {RATIO_CHART_WIDTH} {height:g}"
    size = f'viewBox="{view_box}" width="{SCALE * RATIO_CHART_WIDTH:.0f}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{TITLE}">'
        f"<style>{PALETTE}{_TEXT_STYLE}</style>"
        f'<rect x="0" y="{-_LEGEND_HEIGHT}" width="{RATIO_CHART_WIDTH}" height="{height:g}" fill="var(--paper)"/>'
        f"{_legend()}"
    )
    return re.sub(r"<svg[^>]*>", lambda _: head, svg, count=1) + "\n"


def _bars(results: Results) -> list[RatioBar]:
    return [
        RatioBar(workload.title.replace("`", ""), *spread, label(spread.median), colour)
        for colour, (side, label) in enumerate(((GYM, format_times), (LIMIT, format_share)))
        for workload in WORKLOADS
        if (spread := ratio(results.workloads.get(workload.name, {}), side))
    ]


def _legend() -> str:
    return "".join(
        f'<rect x="8" y="{y - 9}" width="10" height="10" fill="var(--c{colour})"/>'
        f'<text class="ink" x="24" y="{y}">{text}</text>'
        for colour, (y, text) in enumerate(zip((-26, -8), LEGEND, strict=True))
    )
