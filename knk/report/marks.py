"""How arms are told apart: by colour and by the shape of their marks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from knk.report.html import safe
from knk.report.svg import element

COLOURS: Final = 7
STYLES: Final = 14
"""The number of styles that differ: the shapes in their colours, filled and then hollow."""
KEY_WIDTH: Final = 26
KEY_HEIGHT: Final = 14
_NAME_LENGTH: Final = 80
_PLUS: Final = (
    *((-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4)),
    *((0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4)),
)
_CROSS: Final = tuple(((x + y) * 0.75, (y - x) * 0.75) for x, y in _PLUS)
_POLYGONS: Final = (
    (),  # A circle.
    ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    ((0.0, -1.25), (1.15, 0.85), (-1.15, 0.85)),
    ((0.0, -1.35), (1.35, 0.0), (0.0, 1.35), (-1.35, 0.0)),
    _CROSS,
    ((0.0, 1.25), (1.15, -0.85), (-1.15, -0.85)),
    _PLUS,
)
"""The shapes of marks of size 1, one for each colour."""


def colour(style: int) -> str:
    """Return the colour of a style.

    Args:
        style: the index of the style.
    """
    return f"var(--c{style % COLOURS})"


def dashes(style: int) -> dict[str, str]:
    """Return the attribute that dashes the lines of hollow marks; none for filled ones.

    Args:
        style: the index of the style.
    """
    return {"stroke_dasharray": "5 3"} if _is_hollow(style) else {}


def mark(style: int, x: float, y: float, size: float = 4.5) -> str:
    """Return a mark as SVG.

    Args:
        style: the index of the style, which decides shape and colour.
        x: the horizontal coordinate of its centre.
        y: the vertical coordinate of its centre.
        size: its radius.
    """
    paint: dict[str, str | float] = {"fill": colour(style)}
    if _is_hollow(style):
        paint = {"fill": "var(--paper)", "stroke": colour(style), "stroke_width": 1.6}
    polygon = _POLYGONS[style % COLOURS]
    if not polygon:
        return element("circle", cx=x, cy=y, r=size, **paint)
    points = " ".join(f"{x + size * across:.1f},{y + size * down:.1f}" for across, down in polygon)
    return element("polygon", points=points, **paint)


def key(style: int) -> str:
    """Return a line with a mark on it, as SVG without its outer element.

    Args:
        style: the index of the style.
    """
    y = KEY_HEIGHT / 2
    line = element("line", x1=0, x2=KEY_WIDTH, y1=y, y2=y, stroke=colour(style), stroke_width=2, **dashes(style))
    return line + mark(style, KEY_WIDTH / 2, y)


def key_picture(style: int) -> str:
    """Return a line with a mark on it, as a small picture in a line of text.

    Args:
        style: the index of the style.
    """
    box = f"0 0 {KEY_WIDTH} {KEY_HEIGHT}"
    return element("svg", key(style), class_="key", viewBox=box, aria_hidden="true")


def legend(styles: Iterable[tuple[str, int]]) -> str:
    """Return a legend as HTML.

    Args:
        styles: the names and the indices of their styles.
    """
    entries = (f"<li>{key_picture(style)}{safe(name, _NAME_LENGTH)}</li>" for name, style in styles)
    return f'<ul class="legend">{"".join(entries)}</ul>'


def _is_hollow(style: int) -> bool:
    return style // COLOURS % 2 == 1
