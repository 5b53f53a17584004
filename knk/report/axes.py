"""The axes of a chart: from values to coordinates, ticks at round numbers, and grid lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from knk.report.html import safe
from knk.report.svg import element

WIDTH: Final = 440
HEIGHT: Final = 220
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 10, 40
"""The margins of a chart, in which the axes are labelled."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class Axes:
    """The ranges of both axes, and the area that they span.

    Args:
        low_x: the value at the left edge.
        high_x: the value at the right edge.
        low_y: the value at the lower edge.
        high_y: the value at the upper edge.
        left: the coordinate of the left edge.
        top: the coordinate of the upper edge.
        bottom: the coordinate of the lower edge.
        right: the coordinate of the right edge.
    """

    low_x: float
    high_x: float
    low_y: float
    high_y: float
    left: int = LEFT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM
    right: int = WIDTH - RIGHT

    def x(self, value: float) -> float:
        """Return the horizontal coordinate of a value."""
        return self.left + (self.right - self.left) * (value - self.low_x) / (self.high_x - self.low_x)

    def y(self, value: float) -> float:
        """Return the vertical coordinate of a value."""
        return self.bottom - (self.bottom - self.top) * (value - self.low_y) / (self.high_y - self.low_y)

    def points(self, values: Sequence[tuple[float, float]]) -> str:
        """Return pairs of values as the points of a polygon or polyline."""
        return " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in values)

    def horizontal_grid(self, label: str, form: Callable[[float], str] | None = None) -> str:
        """Return the grid lines and numbers of the vertical axis, with its label.

        Args:
            label: the name and unit of the axis.
            form: how a number is written; as in `format_number` if not given.
        """
        parts = []
        for value in _ticks(self.low_y, self.high_y):
            y = self.y(value)
            parts.append(element("line", x1=self.left, x2=self.right, y1=y, y2=y, stroke="var(--line)"))
            number = (form or format_number)(value)
            parts.append(element("text", number, x=self.left - 6, y=y + 4, text_anchor="end"))
        middle = (self.top + self.bottom) / 2
        rotation = f"rotate(-90 12 {middle})"
        if label:
            parts.append(element("text", safe(label), x=12, y=middle, text_anchor="middle", transform=rotation))
        return "".join(parts)

    def vertical_grid(self, label: str, form: Callable[[float], str] | None = None, on_top: bool = False) -> str:
        """Return the grid lines and numbers of the horizontal axis, with its label.

        Args:
            label: the name and unit of the axis.
            form: how a number is written; as in `format_number` if not given.
            on_top: whether to write the numbers above the grid, too.
        """
        parts = []
        for value in _ticks(self.low_x, self.high_x):
            x = self.x(value)
            parts.append(element("line", x1=x, x2=x, y1=self.top, y2=self.bottom, stroke="var(--line)"))
            number = (form or format_number)(value)
            ys = [self.bottom + 16, *([self.top - 6] if on_top else [])]
            parts += [element("text", number, x=x, y=y, text_anchor="middle") for y in ys]
        if label:
            middle = (self.left + self.right) / 2
            parts.append(element("text", safe(label), x=middle, y=self.bottom + 34, text_anchor="middle"))
        return "".join(parts)


def round_range(low: float, high: float) -> tuple[float, float]:
    """Return a range that contains two values, ends at round numbers and is not empty.

    >>> round_range(0.3, 9.2)
    (0.0, 10.0)
    """
    if low == high:
        low, high = low - 0.5, high + 0.5
    step = round_step((high - low) / 5)
    return math.floor(low / step + _ROUNDING) * step, math.ceil(high / step - _ROUNDING) * step


def _ticks(low: float, high: float) -> list[float]:
    step = round_step((high - low) / 5)
    first = math.ceil(low / step - _ROUNDING)
    return [index * step for index in range(first, math.floor(high / step + _ROUNDING) + 1)]


def round_step(step: float) -> float:
    """Return the smallest of 1, 2, 5, 10, ... that is not below a number; 1 for zero.

    >>> round_step(0.3), round_step(7.0)
    (0.5, 10.0)
    """
    if step <= 0:
        return 1.0
    tens = 10 ** math.floor(math.log10(step))
    return float(next(factor * tens for factor in (1, 2, 5, 10) if factor * tens >= step * (1 - _ROUNDING)))


def format_number(value: float) -> str:
    """Return a number as an axis shows it.

    >>> format_number(12345.6), format_number(0.25), format_number(1e-15)
    ('12,346', '0.25', '0')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{0.0 if abs(value) < 1e-12 else value:.4g}"
