"""A chart before it is placed: on a page, or beside others in a picture of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from knk.report.html import LIGHT, safe
from knk.report.marks import KEY_HEIGHT, KEY_WIDTH, key
from knk.report.svg import element

_MARGIN: Final = 16
_LINE: Final = 22
_LETTER: Final = 7.2
"""The width of a letter in a picture, a little more than its mean."""
_NAME_LENGTH: Final = 60
_COLUMNS: Final = 3
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Panel:
    """A chart.

    Args:
        title: its title, as text.
        content: its contents, as SVG elements.
        width: its width.
        height: its height.
    """

    title: str
    content: str
    width: int
    height: float

    def figure(self, legend: str = "", has_caption: bool = True) -> str:
        """Return the chart as a figure of a page.

        Args:
            legend: what follows it, as HTML.
            has_caption: whether the title is shown.
        """
        title = safe(self.title)
        box = f"0 0 {self.width} {self.height:g}"
        svg = element("svg", self.content, viewBox=box, role="img", aria_label=title)
        caption = f"<figcaption>{title}</figcaption>" if has_caption else ""
        return f"<figure>{caption}{svg}{legend}</figure>"


def picture(title: str, styles: Sequence[tuple[str, int]], panels: Sequence[Panel]) -> str:
    """Return panels with a legend as a standalone SVG picture on a light background, or "" if there are none.

    Args:
        title: the title, as text.
        styles: the names of the legend, and the indices of their styles.
        panels: the panels.
    """
    if not panels:
        return ""
    columns = 2 if len(panels) in (2, 4) else min(len(panels), _COLUMNS)
    column_width = max(panel.width for panel in panels)
    width = max(columns * column_width, 400) + 2 * _MARGIN
    parts = [element("text", safe(title, 100), class_="title", x=_MARGIN, y=_MARGIN + 10)]
    legend, top = _legend(styles, width, _MARGIN + _LINE)
    if len(panels) == 1:
        panels = [replace(panels[0], title="")]
    for start in range(0, len(panels), columns):
        row = panels[start : start + columns]
        parts += [_placed(panel, _MARGIN + index * column_width, top) for index, panel in enumerate(row)]
        top += max(panel.height for panel in row) + _LINE + 10
    return _document(title, "".join([*parts, legend]), width, top + 4)


def _placed(panel: Panel, left: float, top: float) -> str:
    title = element("text", safe(panel.title, 50), class_="title", x=left, y=top + 14) if panel.title else ""
    shift = _LINE if panel.title else 0
    return title + element("g", panel.content, transform=f"translate({left:.1f} {top + shift:.1f})")


def _legend(styles: Sequence[tuple[str, int]], width: float, top: float) -> tuple[str, float]:
    """The legend, in as many lines as it needs, and the coordinate of its lower edge."""
    parts = []
    x: float = _MARGIN
    for name, style in ((name[:_NAME_LENGTH], style) for name, style in styles):
        needed = KEY_WIDTH + 6 + _LETTER * len(name) + 14
        if x > _MARGIN and x + needed > width:
            x, top = _MARGIN, top + _LINE
        parts.append(element("g", key(style), transform=f"translate({x:.1f} {top:.1f})"))
        parts.append(element("text", safe(name), class_="ink", x=x + KEY_WIDTH + 6, y=top + KEY_HEIGHT - 3))
        x += needed
    return "".join(parts), top + _LINE + 6


def _document(title: str, content: str, width: float, height: float) -> str:
    style = (
        "text { font: 12px system-ui, sans-serif; fill: var(--dim); } "
        ".ink, .title { fill: var(--ink); } .title { font-weight: 600; }"
    )
    background = element("rect", width="100%", height="100%", fill="var(--paper)")
    size: dict[str, str | float] = {"width": f"{width:g}", "height": f"{height:g}"}
    box = f"0 0 {width:g} {height:g}"
    root = element(
        "svg",
        f"<style>{style}</style>{background}{content}",
        xmlns="http://www.w3.org/2000/svg",
        **size,
        viewBox=box,
        role="img",
        aria_label=safe(title, 200),
    )
    coloured = re.sub(r"var\(--([a-z0-9]+)\)", lambda name: LIGHT.get(name[1], name[0]), root)
    return _NOT_XML.sub("\ufffd", coloured) + "\n"
