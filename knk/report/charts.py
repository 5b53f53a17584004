"""Charts as inline SVG: lines with bands, figures with intervals, bars, and ratios on a logarithmic axis.

They are drawn here because a page has to be one file without a network, light and dark, and sharp on a phone; a
plotting library would add its weight to every installation for four kinds of picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from knk.evals.intervals import Estimate
from knk.report.html import safe

COLOURS: Final = 7
WIDTH: Final = 440
RATIOS_WIDTH: Final = 640
HEIGHT: Final = 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 10, 40
_ROW: Final = 24
_BAR: Final = 18
_NUMBER: Final = 56
"""How wide a number below an axis may be."""
_TOLD: Final = 80
"""How wide what a ratio says may be."""
_MOST_POINTS: Final = 400


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Args:
        name: what it is.
        points: pairs of x and y.
        band: for each point the low and the high end of its interval, or nothing.
    """

    name: str
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Ratio:
    """A bar of a chart of ratios.

    Args:
        name: what is compared.
        value: the ratio, above 0.
        low: the low end of its spread.
        high: the high end.
        told: the ratio as it is to be written.
        colour: the place of its colour.
    """

    name: str
    value: float
    low: float
    high: float
    told: str
    colour: int = 0


def lines(title: str, across: str, up: str, drawn: Sequence[Line], share: bool = False) -> str:
    """Return a chart of lines.

    Args:
        title: what it shows.
        across: the name and unit of the axis across.
        up: the name and unit of the axis up.
        drawn: the lines; points that are no finite numbers are left out.
        share: whether the axis up goes from 0 to 1.
    """
    kept = [line for line in map(_finite, drawn) if line.points]
    if not kept:
        return ""
    xs = [x for line in kept for x, _ in line.points]
    ys = [y for line in kept for _, y in line.points] + [end for line in kept for pair in line.band for end in pair]
    left, right = _span(min(xs), max(xs))
    low, high = (0.0, 1.0) if share else _span(min(ys), max(ys))
    scale = _Scale(left, right, low, high)
    parts = [scale.grid(across, up)]
    for place, line in enumerate(kept):
        colour = f"var(--c{place % COLOURS})"
        if line.band:
            edge = [(x, end[1]) for (x, _), end in zip(line.points, line.band, strict=True)]
            edge += [(x, end[0]) for (x, _), end in reversed(list(zip(line.points, line.band, strict=True)))]
            parts.append(f'<polygon points="{scale.path(edge)}" fill="{colour}" opacity=".15"/>')
        dash = ' stroke-dasharray="6 4"' if place >= COLOURS else ""
        parts.append(
            f'<polyline points="{scale.path(line.points)}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
        )
        if len(line.points) < 30:
            parts += [
                f'<circle cx="{scale.x(x):.1f}" cy="{scale.y(y):.1f}" r="3" fill="{colour}"/>' for x, y in line.points
            ]
    legend = _legend([line.name for line in kept]) if len(kept) > 1 else ""
    return _figure(title, "".join(parts), HEIGHT, legend)


def intervals(title: str, across: str, rows: Mapping[str, Estimate], zero: bool = False) -> str:
    """Return a chart with a row for each figure: a dot, and a line for its interval.

    Args:
        title: what it shows.
        across: the name and unit of the axis.
        rows: names and figures, from the top.
        zero: whether a line marks zero, for differences.
    """
    if not rows:
        return ""
    ends = [end for one in rows.values() for end in (one.low, one.high, one.mean) if math.isfinite(end)]
    low, high = _span(min([*ends, 0.0] if zero else ends), max([*ends, 0.0] if zero else ends))
    if not zero and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    name_width = min(170, 16 + 7 * max(len(name) for name in rows))
    height = _ROW * len(rows) + _BOTTOM
    scale = _Scale(low, high, 0, 1, name_width, 0, height - _BOTTOM)
    parts = [scale.grid(across, "", up=False)]
    if zero and low < 0 < high:
        at = scale.x(0)
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{height - _BOTTOM}" stroke="var(--ink)"/>')
    for place, (name, one) in enumerate(rows.items()):
        y = _ROW * (place + 0.5)
        parts.append(
            f'<text class="ink" x="{name_width - 10}" y="{y + 4:.1f}" text-anchor="end">{safe(name, 24)}</text>'
        )
        if not all(map(math.isfinite, (one.mean, one.low, one.high))):
            continue
        line = f'x1="{scale.x(one.low):.1f}" x2="{scale.x(one.high):.1f}" y1="{y}" y2="{y}"'
        parts.append(f'<line {line} stroke="var(--c0)" stroke-width="2"/>')
        parts.append(f'<circle cx="{scale.x(one.mean):.1f}" cy="{y}" r="4.5" fill="var(--c0)"/>')
    return _figure(title, "".join(parts), height)


def bars(title: str, across: str, counts: Mapping[str, int]) -> str:
    """Return a chart with a bar for each name.

    Args:
        title: what it shows.
        across: what the names are.
        counts: names and numbers, from the left.
    """
    if not counts:
        return ""
    most = max(*counts.values(), 1)
    scale = _Scale(0, len(counts), 0, most)
    parts = [scale.grid("", "rows", across=False)]
    width = scale.x(1) - scale.x(0)
    every = math.ceil(len(counts) / 9)
    for place, (name, count) in enumerate(counts.items()):
        x, y = scale.x(place) + width * 0.12, scale.y(count)
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width * 0.76:.1f}" height="{scale.y(0) - y:.1f}" fill="var(--c0)">'
            f"<title>{safe(name, 40)}: {count:,}</title></rect>"
        )
        if place % every == 0:
            middle = x + width * 0.38
            parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 22}" text-anchor="middle">{safe(name, 12)}</text>')
    parts.append(f'<text x="{(WIDTH + _LEFT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">{safe(across)}</text>')
    return _figure(title, "".join(parts), HEIGHT)


def ratios(title: str, across: str, drawn: Sequence[Ratio]) -> str:
    """Return a chart with a bar for each ratio, from 1 to where it is on a logarithmic axis, and a line for its spread.

    Args:
        title: what it shows.
        across: the name of the axis.
        drawn: the ratios, from the top.
    """
    if not drawn:
        return ""
    low = math.floor(math.log10(min(1.0, *(one.low for one in drawn))))
    high = max(math.ceil(math.log10(max(one.high for one in drawn))), low + 1)
    name_width = 16 + int(6.2 * max(len(one.name) for one in drawn))
    bottom = _BAR * len(drawn)
    scale = _Scale(low, high, 0, 1, name_width, 0, bottom, RATIOS_WIDTH - _TOLD)
    every = 1 if scale.x(low + 1) - scale.x(low) > _NUMBER else 2
    parts = []
    for power in range(low, high + 1):
        x = scale.x(power)
        colour = "var(--dim)" if power == 0 else "var(--line)"
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom}" stroke="{colour}"/>')
        if power % every == 0:
            parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{_number(10.0**power)}</text>')
    parts += [_ratio(one, scale, _BAR * (place + 0.5)) for place, one in enumerate(drawn)]
    middle = (scale.left + scale.right) / 2
    parts.append(f'<text x="{middle}" y="{bottom + 34}" text-anchor="middle">{safe(across)}</text>')
    return _figure(title, "".join(parts), bottom + _BOTTOM, width=RATIOS_WIDTH)


def _ratio(one: Ratio, scale: _Scale, y: float) -> str:
    """A bar with its name on the left and what it says on the right."""
    one_at, at, low, high = (scale.x(math.log10(value)) for value in (1.0, one.value, one.low, one.high))
    return (
        f'<text class="ink" x="{scale.left - 8}" y="{y + 4:.1f}" text-anchor="end">{safe(one.name, 48)}</text>'
        f'<rect x="{min(one_at, at):.1f}" y="{y - 5:.1f}" width="{abs(at - one_at):.1f}" height="10"'
        f' fill="var(--c{one.colour % COLOURS})"/>'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="var(--ink)" stroke-width="1.5"/>'
        f'<text class="ink" x="{max(one_at, high) + 5:.1f}" y="{y + 4:.1f}">{safe(one.told, 24)}</text>'
    )


def histogram(values: Sequence[float], most: int = 16) -> dict[str, int]:
    """Return how many values lie in each of at most so many ranges of round numbers.

    Args:
        values: numbers from 0 up.
        most: the most ranges.

    >>> histogram([1, 2, 12], 2)
    {'0': 2, '10': 1}
    """
    if not values:
        return {}
    step = _round_step(max(values) / most)
    counts = [0] * (int(max(values) / step) + 1)
    for value in values:
        counts[int(value / step)] += 1
    return {f"{place * step:g}": count for place, count in enumerate(counts)}


@dataclass(frozen=True)
class _Scale:
    """From figures to places in the picture."""

    low_x: float
    high_x: float
    low_y: float
    high_y: float
    left: int = _LEFT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM
    right: int = WIDTH - _RIGHT

    def x(self, value: float) -> float:
        return self.left + (self.right - self.left) * (value - self.low_x) / (self.high_x - self.low_x)

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * (value - self.low_y) / (self.high_y - self.low_y)

    def path(self, points: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)

    def grid(self, across_name: str, up_name: str, across: bool = True, up: bool = True) -> str:
        parts = []
        if up:
            for value in _ticks(self.low_y, self.high_y):
                y = self.y(value)
                parts.append(
                    f'<line x1="{self.left}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--line)"/>'
                )
                parts.append(f'<text x="{self.left - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(value)}</text>')
            middle = (self.top + self.bottom) / 2
            turned = f'text-anchor="middle" transform="rotate(-90 12 {middle})"'
            parts.append(f'<text x="12" y="{middle}" {turned}>{safe(up_name)}</text>')
        if across:
            for value in _ticks(self.low_x, self.high_x):
                x = self.x(value)
                parts.append(
                    f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{self.top}" y2="{self.bottom}" stroke="var(--line)"/>'
                )
                parts.append(f'<text x="{x:.1f}" y="{self.bottom + 16}" text-anchor="middle">{_number(value)}</text>')
            middle = (self.left + WIDTH - _RIGHT) / 2
            parts.append(f'<text x="{middle}" y="{self.bottom + 34}" text-anchor="middle">{safe(across_name)}</text>')
        return "".join(parts)


def _finite(line: Line) -> Line:
    """A line without what is no number, and with no more points than can be seen."""
    band = list(line.band) or [(y, y) for _, y in line.points]
    kept = [
        (point, ends) for point, ends in zip(line.points, band, strict=True) if all(map(math.isfinite, (*point, *ends)))
    ]
    kept = kept[:: math.ceil(len(kept) / _MOST_POINTS) or 1]
    return Line(line.name, [point for point, _ in kept], [ends for _, ends in kept] if line.band else ())


def _span(low: float, high: float) -> tuple[float, float]:
    """A range that ends at round numbers and is not empty."""
    if low == high:
        low, high = low - 0.5, high + 0.5
    step = _round_step((high - low) / 5)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def _ticks(low: float, high: float) -> list[float]:
    step = _round_step((high - low) / 5)
    first = math.ceil(low / step - 1e-9)
    return [place * step for place in range(first, math.floor(high / step + 1e-9) + 1)]


def _round_step(step: float) -> float:
    """The next of 1, 2, 5, 10, ... from a number up."""
    if step <= 0:
        return 1.0
    tens = 10 ** math.floor(math.log10(step))
    return float(next(factor * tens for factor in (1, 2, 5, 10) if factor * tens >= step * (1 - 1e-9)))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{0.0 if abs(value) < 1e-12 else value:.4g}"


def _legend(names: Sequence[str]) -> str:
    items = (
        f'<li><i style="background:var(--c{place % COLOURS})"></i>{safe(name)}</li>' for place, name in enumerate(names)
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def _figure(title: str, inside: str, height: float, legend: str = "", width: int = WIDTH) -> str:
    return (
        f"<figure><figcaption>{safe(title)}</figcaption>"
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{safe(title)}">{inside}</svg>{legend}</figure>'
    )
