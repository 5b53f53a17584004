"""Charts that compare arms: over conditions, or over tasks, each estimate with its interval."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from knk.evals.intervals import Estimate
from knk.report.axes import Axes, format_number, round_range
from knk.report.html import safe
from knk.report.marks import colour, dashes, mark
from knk.report.numbers import in_words, percent
from knk.report.panel import Panel
from knk.report.svg import element

CONDITION_WIDTH: Final = 320
TASK_WIDTH: Final = 380
_HIGHLIGHTED: Final = 4
"""The number of arms that are drawn strongly if there are many."""
_MANY: Final = 6
_LARGEST: Final = 1e100
"""The size of the largest number that is drawn."""
_LETTER: Final = 6.4
_LABEL_LINES: Final = 3


@dataclass(frozen=True)
class Arm:
    """What a chart shows of an arm.

    Args:
        name: the arm's name.
        style: the index of its colour and shape.
        estimates: its estimates, one for each condition or task; None where there is none.
    """

    name: str
    style: int
    estimates: Sequence[Estimate | None]


@dataclass(frozen=True)
class _Stroke:
    """How strongly an arm is drawn."""

    width: float
    size: float
    opacity: float

    def paint(self, style: int) -> dict[str, str | float]:
        """Return the attributes of its lines."""
        return {"stroke": colour(style), "stroke_width": self.width}


_STRONG: Final = _Stroke(2.2, 4.6, 1)
_WEAK: Final = _Stroke(1.3, 3.4, 0.8)


def condition_panel(title: str, conditions: Sequence[str], arms: Sequence[Arm], is_share: bool) -> Panel | None:
    """Return a chart with a line for each arm over conditions, or None if there is nothing to draw.

    Args:
        title: the title.
        conditions: the names of the conditions, from the left.
        arms: the arms, the most important first.
        is_share: whether the vertical axis goes from 0% to 100%.
    """
    arms = _drawable(arms)
    if not arms:
        return None
    low, high = _range(arms, is_share)
    axes = Axes(0, len(conditions), low, high, 44, 10, 190, CONDITION_WIDTH - 8)
    slot = axes.x(1) - axes.x(0)
    labels = [_lines(condition, slot) for condition in conditions]
    parts = [_bands(len(conditions), axes), axes.horizontal_grid("", percent if is_share else format_number)]
    for index, lines in enumerate(labels):
        for line, text in enumerate(lines):
            y = axes.bottom + 18 + 14 * line
            parts.append(element("text", safe(text), class_="ink", x=axes.x(index + 0.5), y=y, text_anchor="middle"))
    gap = min(11.0, 0.72 * slot / max(len(arms) - 1, 1))
    for rank, arm in reversed(list(enumerate(arms))):
        xs = [axes.x(index + 0.5) + gap * (rank - (len(arms) - 1) / 2) for index in range(len(conditions))]
        parts.append(_arm_over_conditions(arm, conditions, xs, axes, _stroke(rank, len(arms)), is_share))
    return Panel(title, "".join(parts), CONDITION_WIDTH, axes.bottom + 10 + 14 * max(map(len, labels)))


def _bands(conditions: int, axes: Axes) -> str:
    """An area for each condition, so that all marks of a condition are seen to belong together."""
    size = {"width": axes.x(1) - axes.x(0) - 6, "height": axes.bottom - axes.top}
    return "".join(
        element("rect", x=axes.x(index) + 3, y=axes.top, **size, fill="var(--soft)") for index in range(conditions)
    )


def _arm_over_conditions(
    arm: Arm, conditions: Sequence[str], xs: Sequence[float], axes: Axes, stroke: _Stroke, is_share: bool
) -> str:
    """The line of an arm, broken where a condition is missing, and its marks with their intervals."""
    ys = [None if one is None else axes.y(_within(one.mean, axes.low_y, axes.high_y)) for one in arm.estimates]
    paint = stroke.paint(arm.style)
    parts = []
    for (x1, y1), (x2, y2) in pairwise(zip(xs, ys, strict=True)):
        if y1 is not None and y2 is not None:
            parts.append(element("line", x1=x1, x2=x2, y1=y1, y2=y2, **paint, opacity=".55", **dashes(arm.style)))
    for condition, x, y, estimate in zip(conditions, xs, ys, arm.estimates, strict=True):
        if estimate is not None and y is not None:
            y1, y2 = (axes.y(_within(end, axes.low_y, axes.high_y)) for end in (estimate.low, estimate.high))
            interval = element("line", x1=x, x2=x, y1=y1, y2=y2, **paint)
            parts.append(_point(arm, condition, estimate, is_share, interval + mark(arm.style, x, y, stroke.size)))
    return element("g", "".join(parts), opacity=f"{stroke.opacity:g}")


def task_panel(
    title: str, tasks: Sequence[str], arms: Sequence[Arm], is_share: bool, highlighted: int = 0
) -> Panel | None:
    """Return a chart with a row for each task, and a mark for each arm in it, or None if there is nothing to draw.

    Args:
        title: the title.
        tasks: the names of the tasks, from the top.
        arms: the arms, the most important first.
        is_share: whether the horizontal axis goes from 0% to 100%.
        highlighted: the number of tasks from the top whose names are emphasized.
    """
    arms = _drawable(arms)
    if not arms:
        return None
    low, high = _range(arms, is_share)
    gap = 12 if len(arms) < _MANY else 10
    row_height = 32 + gap * len(arms)
    axes = Axes(low, high, 0, 1, 16, 20, 20 + row_height * len(tasks), TASK_WIDTH - 20)
    form = percent if is_share else format_number
    parts = [_rows(len(tasks), row_height, axes), axes.vertical_grid("", form, on_top=True)]
    for index, task in enumerate(tasks):
        top = axes.top + row_height * index
        parts.append(_task_name(task, top + 14, emphasized=index < highlighted))
        for rank, arm in enumerate(arms):
            y = top + 27 + gap * rank
            estimate = arm.estimates[index]
            if estimate is not None:
                stroke = _stroke(rank, len(arms))
                x1, x2, x = (
                    axes.x(_within(value, low, high)) for value in (estimate.low, estimate.high, estimate.mean)
                )
                paint = stroke.paint(arm.style)
                interval = element("line", x1=x1, x2=x2, y1=y, y2=y, **paint)
                parts.append(_point(arm, task, estimate, is_share, interval + mark(arm.style, x, y, stroke.size)))
    return Panel(title, "".join(parts), TASK_WIDTH, axes.bottom + 24)


def _rows(tasks: int, height: float, axes: Axes) -> str:
    """An area for each task."""
    size: dict[str, str | float] = {"width": TASK_WIDTH - 8, "height": height - 6}
    tops = (axes.top + height * index - 2 for index in range(tasks))
    return "".join(element("rect", x=4, y=top, **size, fill="var(--soft)", rx=3) for top in tops)


def _task_name(task: str, y: float, emphasized: bool) -> str:
    """The name of a task, with an edge in the colour of the row over the grid."""
    weight: dict[str, str | float] = {"style": "font-weight:600"} if emphasized else {}
    edge: dict[str, str | float] = {"paint_order": "stroke", "stroke": "var(--soft)", "stroke_width": 4}
    return element("text", safe(task, 60), class_="ink", x=16, y=y, **edge, **weight)


def _point(arm: Arm, place: str, estimate: Estimate, is_share: bool, drawing: str) -> str:
    """A mark with its interval, which tells its numbers when it is pointed at."""
    mean, interval = in_words(estimate, is_share)
    unit = "%" if is_share else ""
    return element(
        "g", element("title", f"{safe(arm.name, 80)}, {safe(place, 80)}: {mean}{unit} ({interval})") + drawing
    )


def _drawable(arms: Sequence[Arm]) -> list[Arm]:
    """The arms with an estimate that can be drawn, without those that cannot."""
    cleaned = [Arm(arm.name, arm.style, [_finite(estimate) for estimate in arm.estimates]) for arm in arms]
    return [arm for arm in cleaned if any(arm.estimates)]


def _finite(estimate: Estimate | None) -> Estimate | None:
    if estimate is None or not estimate.n:
        return None
    values = (estimate.mean, estimate.low, estimate.high)
    return estimate if all(abs(value) < _LARGEST for value in values) else None


def _range(arms: Sequence[Arm], is_share: bool) -> tuple[float, float]:
    if is_share:
        return 0.0, 1.0
    ends = [end for arm in arms for one in arm.estimates if one for end in (one.low, one.high, one.mean)]
    return round_range(min(0.0, *ends), max(ends))


def _stroke(rank: int, arms: int) -> _Stroke:
    return _STRONG if arms < _MANY or rank < _HIGHLIGHTED else _WEAK


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _lines(label: str, width: float) -> list[str]:
    letters = max(int(width / _LETTER), 4)
    return textwrap.wrap(label[:200], letters, max_lines=_LABEL_LINES, placeholder="…") or [""]
