"""SVG elements as text."""

from __future__ import annotations


def element(tag: str, content: str = "", /, **attributes: str | float) -> str:
    """Return an SVG element.

    Args:
        tag: its name.
        content: its children, as SVG or escaped text.
        attributes: its attributes, in order; underscores stand for hyphens, a trailing one is dropped, and floats are
            written with one decimal.

    >>> element("line", x1=0, x2=9.96, stroke_width=2)
    '<line x1="0" x2="10.0" stroke-width="2"/>'
    >>> element("text", "a &amp; b", class_="ink")
    '<text class="ink">a &amp; b</text>'
    """
    written = "".join(f' {_attribute(name)}="{_value(value)}"' for name, value in attributes.items())
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def _attribute(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
