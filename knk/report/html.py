"""HTML: escaped text, tables, and the page with its style."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

MAX_CHARACTERS: Final = 6_000
"""The length at which a text is cut."""
_INVISIBLE: Final = {"Cc", "Cf", "Cs", "Co"}

PALETTE: Final = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2229; --dim: #59636e; --line: #d5dae0; --soft: #f4f6f8;
  --c0: #0072b2; --c1: #d55e00; --c2: #007a5a; --c3: #a8528a; --c4: #9a6a00; --c5: #2f8fc4; --c6: #59636e;
  --yes: #00704f; --no: #b4450c; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --ink: #e4e8ec; --dim: #9aa5b1; --line: #38424d;
  --soft: #1d232a; --c0: #56b4e9; --c1: #f08a4b; --c2: #35c29b; --c3: #dd8fc0; --c4: #e6b422; --c5: #a6d5f2;
  --c6: #aab4bf; --yes: #35c29b; --no: #f08a4b; } }
"""
"""The colours by name, light and dark, for a page or a single picture."""

STYLE: Final = (
    PALETTE
    + """\
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .4rem 0 1rem; }
h2 { font-size: 1.3rem; margin: 2.4rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p, ul, dl { margin: .4rem 0 .8rem; }
a { color: var(--c0); }
nav ul { padding-left: 1.2rem; columns: 16rem; }
.wide { overflow-x: auto; margin: .6rem 0 1rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .25rem .7rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 600; }
td.n, th.n { text-align: right; white-space: nowrap; }
td small { color: var(--dim); display: block; }
dl { display: grid; grid-template-columns: fit-content(45%) 1fr; gap: .15rem 1rem; font-size: .9rem; }
dt { color: var(--dim); } dd { margin: 0; }
figure { margin: .8rem 0 1.2rem; } figcaption { font-size: .9rem; font-weight: 600; margin-bottom: .3rem; }
figure svg { width: 100%; height: auto; max-width: 44rem; display: block; }
svg text { fill: var(--dim); font: 12px system-ui, sans-serif; } svg .ink { fill: var(--ink); }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .85rem; }
.legend i { display: inline-block; width: 1.1rem; height: .22rem; margin-right: .4rem; vertical-align: middle; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 1.5rem; }
pre { background: var(--soft); padding: .7rem; font: .82rem/1.45 ui-monospace, monospace; white-space: pre-wrap;
  border-radius: 4px; margin: .4rem 0 1rem; }
details { border-top: 1px solid var(--line); padding: .5rem 0; } summary { cursor: pointer; font-weight: 600; }
.yes, .no, .open { font-weight: 600; white-space: nowrap; } .yes { color: var(--yes); } .no { color: var(--no); }
.open { color: var(--dim); } .dim { color: var(--dim); font-size: .9rem; }
"""
)


@dataclass(frozen=True)
class Section:
    """A section of a page.

    Args:
        title: the title, as text.
        body: the contents, as HTML.
        folded: whether the section is closed at first.
    """

    title: str
    body: str
    folded: bool = False


def safe(value: object, limit: int = MAX_CHARACTERS) -> str:
    """Return a value as escaped text, with invisible characters as escape sequences.

    Args:
        value: any value.
        limit: the maximum number of characters.

    >>> safe("<b>\\u202e")
    '&lt;b&gt;\\\\u202e'
    """
    text = str(value)
    visible = "".join(_visible(character) for character in text[:limit])
    rest = f" … ({len(text) - limit:,} more characters)" if len(text) > limit else ""
    return escape(visible) + rest


def _visible(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in _INVISIBLE:
        return character
    return f"\\u{ord(character):04x}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[int] = ()) -> str:
    """Return a table that scrolls by itself if it is wider than the window.

    Args:
        head: the names of the columns, as text.
        rows: the cells, as HTML.
        numeric: the indices of the columns of numbers.
    """

    def line(tag: str, cells: Iterable[str]) -> str:
        written = (
            f"<{tag}{' class=n' if column in numeric else ''}>{cell}</{tag}>" for column, cell in enumerate(cells)
        )
        return f"<tr>{''.join(written)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return f'<div class="wide" tabindex="0"><table>{line("th", map(safe, head))}{body}</table></div>'


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Return a list of names and values.

    Args:
        pairs: the names and values, as text.
    """
    return f"<dl>{''.join(f'<dt>{safe(name)}</dt><dd>{safe(value)}</dd>' for name, value in pairs)}</dl>"


def folded(title: str, body: str) -> str:
    """Return contents that are closed at first.

    Args:
        title: the title, as text.
        body: the contents, as HTML.
    """
    return f"<details><summary>{safe(title)}</summary>{body}</details>"


def quoted(text: object) -> str:
    """Return a preformatted text.

    Args:
        text: the text.
    """
    return f"<pre>{safe(text)}</pre>"


def document(title: str, sections: Sequence[Section]) -> str:
    """Return a complete page.

    Args:
        title: the title, as text.
        sections: the sections, in order.
    """
    anchors = [_anchor(section.title, index) for index, section in enumerate(sections)]
    anchored_sections = list(zip(anchors, sections, strict=True))
    links = "".join(f'<li><a href="#{anchor}">{safe(section.title)}</a></li>' for anchor, section in anchored_sections)
    contents = f"<nav><ul>{links}</ul></nav>" if len(sections) > 1 else ""
    body = "".join(_section(anchor, section) for anchor, section in anchored_sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{safe(title)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{safe(title)}</h1>{contents}{body}</body></html>\n"
    )


def _anchor(title: str, index: int) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return f"{slug}-{index}"


def _section(anchor: str, section: Section) -> str:
    title = safe(section.title)
    if section.folded:
        return f'<details id="{anchor}"><summary>{title}</summary>{section.body}</details>'
    return f'<section id="{anchor}"><h2>{title}</h2>{section.body}</section>'
