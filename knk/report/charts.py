"""Charts as inline SVG: lines with bands, bars, and ratios on a logarithmic axis.

They are drawn here because a page has to be a single file that needs no network, is readable in light and dark mode and
sharp on a phone. A plotting library would be a large dependency for four kinds of charts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from knk.report.axes import BOTTOM, HEIGHT, LEFT, RIGHT, WIDTH, Axes, format_number, round_range, round_step
from knk.report.html import safe
from knk.report.marks import colour, dashes, legend, mark
from knk.report.numbers import percent
from knk.report.panel import Panel
from knk.report.svg import element

RATIO_CHART_WIDTH: Final = 640
_BAR_HEIGHT: Final = 18
_TICK_WIDTH: Final = 56
"""The width of the widest number below an axis."""
_LABEL_WIDTH: Final = 80
"""The width of a ratio's label."""
_LARGEST: Final = 1e100
"""The size of the largest number that is drawn."""
_MAX_POINTS: Final = 400
_MAX_MARKED_POINTS: Final = 30
_MAX_BAR_NAMES: Final = 9


@dataclass(frozen=True)
class Series:
    """A line of a line chart.

    Args:
        name: its name in the legend.
        points: pairs of x and y.
        band: the lower and upper end of the interval of each point; no band if empty.
        style: the index of its colour and shape; its place among the lines if not given.
    """

    name: str
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float]] = ()
    style: int | None = None


@dataclass(frozen=True)
class RatioBar:
    """A bar of a ratio chart.

    Args:
        name: what is compared.
        value: the ratio, above 0.
        low: the lower end of its spread.
        high: the upper end of its spread.
        label: the ratio as text.
        colour: the index of its colour.
    """

    name: str
    value: float
    low: float
    high: float
    label: str
    colour: int = 0


def line_chart(title: str, x_label: str, y_label: str, series: Sequence[Series], is_share: bool = False) -> str:
    """Return a chart of lines, with a legend if there are several, or "" if there is nothing to draw.

    Args:
        title: the title.
        x_label: the name and unit of the horizontal axis.
        y_label: the name and unit of the vertical axis.
        series: the lines; points that are not finite are left out.
        is_share: whether the vertical axis goes from 0% to 100%.
    """
    panel = line_panel(title, x_label, y_label, series, is_share)
    if panel is None:
        return ""
    drawn = [line for line in map(_drawable, series) if line.points]
    return panel.figure(legend(_styles(drawn)) if len(drawn) > 1 else "")


def line_panel(
    title: str, x_label: str, y_label: str, series: Sequence[Series], is_share: bool = False, width: int = WIDTH
) -> Panel | None:
    """Return a chart of lines without a legend, or None if there is nothing to draw.

    Args:
        title: the title.
        x_label: the name and unit of the horizontal axis.
        y_label: the name and unit of the vertical axis; it needs no room if it is empty.
        series: the lines; points that are not finite are left out.
        is_share: whether the vertical axis goes from 0% to 100%.
        width: the width of the chart.
    """
    drawn = [line for line in map(_drawable, series) if line.points]
    if not drawn:
        return None
    xs = [x for line in drawn for x, _ in line.points]
    ys = [y for line in drawn for _, y in line.points] + [end for line in drawn for ends in line.band for end in ends]
    y_range = (0.0, 1.0) if is_share else round_range(min(ys), max(ys))
    left = LEFT if y_label else LEFT - 14
    axes = Axes(*round_range(min(xs), max(xs)), *y_range, left=left, right=width - RIGHT)
    parts = [axes.horizontal_grid(y_label, percent if is_share else format_number), axes.vertical_grid(x_label)]
    # The first lines are drawn last, above the others.
    parts += [_line(line, style, axes) for line, (_, style) in reversed([*zip(drawn, _styles(drawn), strict=True)])]
    return Panel(title, "".join(parts), width, HEIGHT)


def _styles(drawn: Sequence[Series]) -> list[tuple[str, int]]:
    """The names of some lines, and the indices of their styles."""
    return [(line.name, index if line.style is None else line.style) for index, line in enumerate(drawn)]


def _line(line: Series, style: int, axes: Axes) -> str:
    """A line with its band, and with its points marked if there are few."""
    paint = colour(style)
    parts = []
    if line.band:
        upper = [(x, high) for (x, _), (_, high) in zip(line.points, line.band, strict=True)]
        lower = [(x, low) for (x, _), (low, _) in zip(line.points, line.band, strict=True)]
        parts.append(element("polygon", points=axes.points([*upper, *reversed(lower)]), fill=paint, opacity=".15"))
    outline = axes.points(line.points)
    parts.append(element("polyline", points=outline, fill="none", stroke=paint, stroke_width=2, **dashes(style)))
    if len(line.points) < _MAX_MARKED_POINTS:
        parts += [mark(style, axes.x(x), axes.y(y), 3.5) for x, y in line.points]
    return "".join(parts)


def bar_chart(title: str, x_label: str, counts: Mapping[str, int], y_label: str = "rows") -> str:
    """Return a chart with a bar for each name, or "" if there are none.

    Args:
        title: the title.
        x_label: what the names are.
        counts: the counts by name, from the left.
        y_label: what is counted.
    """
    if not counts:
        return ""
    axes = Axes(0, len(counts), 0, max(*counts.values(), 1))
    parts = [axes.horizontal_grid(y_label)]
    slot = axes.x(1) - axes.x(0)
    every = math.ceil(len(counts) / _MAX_BAR_NAMES)
    for index, (name, count) in enumerate(counts.items()):
        x, y = axes.x(index) + slot * 0.12, axes.y(count)
        tooltip = element("title", f"{safe(name, 40)}: {count:,}")
        width, height = slot * 0.76, axes.y(0) - y
        parts.append(element("rect", tooltip, x=x, y=y, width=width, height=height, fill=colour(0)))
        if index % every == 0:
            middle = x + slot * 0.38
            parts.append(element("text", safe(name, 12), x=middle, y=HEIGHT - 22, text_anchor="middle"))
    parts.append(element("text", safe(x_label), x=(WIDTH + LEFT) / 2, y=HEIGHT - 4, text_anchor="middle"))
    return Panel(title, "".join(parts), WIDTH, HEIGHT).figure()


def ratio_chart(title: str, x_label: str, bars: Sequence[RatioBar]) -> str:
    """Return a chart with a bar from 1 to each ratio on a logarithmic axis, and a line for its spread; "" without bars.

    Args:
        title: the title.
        x_label: the name of the axis.
        bars: the ratios, from the top.
    """
    if not bars:
        return ""
    low = math.floor(math.log10(min(1.0, *(bar.low for bar in bars))))
    high = max(math.ceil(math.log10(max(bar.high for bar in bars))), low + 1)
    name_width = 16 + int(6.2 * max(len(bar.name) for bar in bars))
    bottom = _BAR_HEIGHT * len(bars)
    axes = Axes(low, high, 0, 1, name_width, 0, bottom, RATIO_CHART_WIDTH - _LABEL_WIDTH)
    every = 1 if axes.x(low + 1) - axes.x(low) > _TICK_WIDTH else 2
    parts = []
    for power in range(low, high + 1):
        x = axes.x(power)
        colour = "var(--dim)" if power == 0 else "var(--line)"
        parts.append(element("line", x1=x, x2=x, y1=0, y2=bottom, stroke=colour))
        if power % every == 0:
            number = format_number(10.0**power)
            parts.append(element("text", number, x=x, y=bottom + 16, text_anchor="middle"))
    parts += [_ratio_bar(bar, axes, _BAR_HEIGHT * (index + 0.5)) for index, bar in enumerate(bars)]
    middle = (axes.left + axes.right) / 2
    parts.append(element("text", safe(x_label), x=middle, y=bottom + 34, text_anchor="middle"))
    return Panel(title, "".join(parts), RATIO_CHART_WIDTH, bottom + BOTTOM).figure()


def _ratio_bar(bar: RatioBar, axes: Axes, y: float) -> str:
    """A bar with its name on the left and its label on the right."""
    x_of_one, value, low, high = (axes.x(math.log10(number)) for number in (1.0, bar.value, bar.low, bar.high))
    area = {"x": min(x_of_one, value), "y": y - 5, "width": abs(value - x_of_one)}
    return (
        element("text", safe(bar.name, 48), class_="ink", x=axes.left - 8, y=y + 4, text_anchor="end")
        + element("rect", **area, height=10, fill=colour(bar.colour))
        + element("line", x1=low, x2=high, y1=y, y2=y, stroke="var(--ink)", stroke_width=1.5)
        + element("text", safe(bar.label, 24), class_="ink", x=max(x_of_one, high) + 5, y=y + 4)
    )


def histogram(values: Sequence[float], bins: int = 16) -> dict[str, int]:
    """Return the number of values in each of at most so many bins of round width, by the bins' lower ends.

    Args:
        values: numbers from 0.
        bins: the maximum number of bins.

    >>> histogram([1, 2, 12], 2)
    {'0': 2, '10': 1}
    """
    if not values:
        return {}
    step = round_step(max(values) / bins)
    counts = [0] * (int(max(values) / step) + 1)
    for value in values:
        counts[int(value / step)] += 1
    return {f"{index * step:g}": count for index, count in enumerate(counts)}


def _drawable(line: Series) -> Series:
    """A line without points that cannot be drawn, and with no more points than can be seen."""
    band = list(line.band) or [(y, y) for _, y in line.points]
    points = zip(line.points, band, strict=True)
    # Not `math.isfinite`, which refuses integers that are too large.
    finite = [(point, ends) for point, ends in points if all(abs(value) < _LARGEST for value in (*point, *ends))]
    finite = finite[:: math.ceil(len(finite) / _MAX_POINTS) or 1]
    return Series(
        line.name, [point for point, _ in finite], [ends for _, ends in finite] if line.band else (), line.style
    )
