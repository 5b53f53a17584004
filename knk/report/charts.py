"""Charts as inline SVG: lines with bands, intervals, bars, and ratios on a logarithmic axis.

They are drawn here because a page has to be a single file that needs no network, is readable in light and dark mode and
sharp on a phone. A plotting library would be a large dependency for four kinds of charts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from knk.evals.intervals import Estimate
from knk.report.axes import BOTTOM, HEIGHT, LEFT, WIDTH, Axes, format_number, round_range, round_step
from knk.report.html import safe
from knk.report.svg import element

COLOURS: Final = 7
RATIO_CHART_WIDTH: Final = 640
_ROW_HEIGHT: Final = 24
_BAR_HEIGHT: Final = 18
_TICK_WIDTH: Final = 56
"""The width of the widest number below an axis."""
_LABEL_WIDTH: Final = 80
"""The width of a ratio's label."""
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
    """

    name: str
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float]] = ()


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
    """Return a chart of lines, or "" if there is nothing to draw.

    Args:
        title: the title.
        x_label: the name and unit of the horizontal axis.
        y_label: the name and unit of the vertical axis.
        series: the lines; points that are not finite are left out.
        is_share: whether the vertical axis goes from 0 to 1.
    """
    drawn = [line for line in map(_drawable, series) if line.points]
    if not drawn:
        return ""
    xs = [x for line in drawn for x, _ in line.points]
    ys = [y for line in drawn for _, y in line.points] + [end for line in drawn for ends in line.band for end in ends]
    y_range = (0.0, 1.0) if is_share else round_range(min(ys), max(ys))
    axes = Axes(*round_range(min(xs), max(xs)), *y_range)
    parts = [axes.horizontal_grid(y_label), axes.vertical_grid(x_label)]
    parts += [_line(line, index, axes) for index, line in enumerate(drawn)]
    legend = _legend([line.name for line in drawn]) if len(drawn) > 1 else ""
    return _figure(title, "".join(parts), HEIGHT, legend)


def _line(line: Series, index: int, axes: Axes) -> str:
    """A line with its band, and with its points marked if there are few."""
    colour = _colour(index)
    parts = []
    if line.band:
        upper = [(x, high) for (x, _), (_, high) in zip(line.points, line.band, strict=True)]
        lower = [(x, low) for (x, _), (low, _) in zip(line.points, line.band, strict=True)]
        parts.append(element("polygon", points=axes.points([*upper, *reversed(lower)]), fill=colour, opacity=".15"))
    dashes = {"stroke_dasharray": "6 4"} if index >= COLOURS else {}
    outline = axes.points(line.points)
    parts.append(element("polyline", points=outline, fill="none", stroke=colour, stroke_width=2, **dashes))
    if len(line.points) < _MAX_MARKED_POINTS:
        parts += [element("circle", cx=axes.x(x), cy=axes.y(y), r=3, fill=colour) for x, y in line.points]
    return "".join(parts)


def interval_chart(title: str, x_label: str, rows: Mapping[str, Estimate], has_zero: bool = False) -> str:
    """Return a chart with a row for each estimate: a dot, and a line for its interval; "" if there are none.

    Args:
        title: the title.
        x_label: the name and unit of the axis.
        rows: the estimates by name, from the top.
        has_zero: whether the axis contains zero and marks it, for differences.
    """
    if not rows:
        return ""
    ends = [end for row in rows.values() for end in (row.low, row.high, row.mean) if math.isfinite(end)]
    ends += [0.0] if has_zero else []
    low, high = round_range(min(ends), max(ends))
    if not has_zero and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    name_width = min(170, 16 + 7 * max(len(name) for name in rows))
    bottom = _ROW_HEIGHT * len(rows)
    axes = Axes(low, high, 0, 1, name_width, 0, bottom)
    parts = [axes.vertical_grid(x_label)]
    if has_zero and low < 0 < high:
        x = axes.x(0)
        parts.append(element("line", x1=x, x2=x, y1=0, y2=bottom, stroke="var(--ink)"))
    for index, (name, row) in enumerate(rows.items()):
        y = _ROW_HEIGHT * (index + 0.5)
        parts.append(element("text", safe(name, 24), class_="ink", x=name_width - 10, y=y + 4, text_anchor="end"))
        if all(map(math.isfinite, (row.mean, row.low, row.high))):
            ends_at = {"x1": axes.x(row.low), "x2": axes.x(row.high), "y1": y, "y2": y}
            parts.append(element("line", **ends_at, stroke=_colour(0), stroke_width=2))
            parts.append(element("circle", cx=axes.x(row.mean), cy=y, r=4.5, fill=_colour(0)))
    return _figure(title, "".join(parts), bottom + BOTTOM)


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
        parts.append(element("rect", tooltip, x=x, y=y, width=width, height=height, fill=_colour(0)))
        if index % every == 0:
            middle = x + slot * 0.38
            parts.append(element("text", safe(name, 12), x=middle, y=HEIGHT - 22, text_anchor="middle"))
    parts.append(element("text", safe(x_label), x=(WIDTH + LEFT) / 2, y=HEIGHT - 4, text_anchor="middle"))
    return _figure(title, "".join(parts), HEIGHT)


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
    return _figure(title, "".join(parts), bottom + BOTTOM, width=RATIO_CHART_WIDTH)


def _ratio_bar(bar: RatioBar, axes: Axes, y: float) -> str:
    """A bar with its name on the left and its label on the right."""
    x_of_one, value, low, high = (axes.x(math.log10(number)) for number in (1.0, bar.value, bar.low, bar.high))
    area = {"x": min(x_of_one, value), "y": y - 5, "width": abs(value - x_of_one)}
    return (
        element("text", safe(bar.name, 48), class_="ink", x=axes.left - 8, y=y + 4, text_anchor="end")
        + element("rect", **area, height=10, fill=_colour(bar.colour))
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
    """A line without points that are not finite, and with no more points than can be seen."""
    band = list(line.band) or [(y, y) for _, y in line.points]
    finite = [
        (point, ends) for point, ends in zip(line.points, band, strict=True) if all(map(math.isfinite, (*point, *ends)))
    ]
    finite = finite[:: math.ceil(len(finite) / _MAX_POINTS) or 1]
    return Series(line.name, [point for point, _ in finite], [ends for _, ends in finite] if line.band else ())


def _colour(index: int) -> str:
    return f"var(--c{index % COLOURS})"


def _legend(names: Sequence[str]) -> str:
    items = (f'<li><i style="background:{_colour(index)}"></i>{safe(name)}</li>' for index, name in enumerate(names))
    return f'<ul class="legend">{"".join(items)}</ul>'


def _figure(title: str, content: str, height: float, legend: str = "", width: int = WIDTH) -> str:
    svg = element("svg", content, viewBox=f"0 0 {width} {height}", role="img", aria_label=safe(title))
    return f"<figure><figcaption>{safe(title)}</figcaption>{svg}{legend}</figure>"
