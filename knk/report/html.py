"""The page itself: text made safe, tables, figures, and the style."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

LONGEST: Final = 6_000
"""Characters of a text that is shown; a longer one is cut, and says so."""
_HIDDEN: Final = {"Cc", "Cf", "Cs", "Co"}

PALETTE: Final = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2229; --dim: #59636e; --line: #d5dae0; --soft: #f4f6f8;
  --c0: #0072b2; --c1: #d55e00; --c2: #007a5a; --c3: #a8528a; --c4: #9a6a00; --c5: #2f8fc4; --c6: #59636e;
  --yes: #00704f; --no: #b4450c; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --ink: #e4e8ec; --dim: #9aa5b1; --line: #38424d;
  --soft: #1d232a; --c0: #56b4e9; --c1: #f08a4b; --c2: #35c29b; --c3: #dd8fc0; --c4: #e6b422; --c5: #a6d5f2;
  --c6: #aab4bf; --yes: #35c29b; --no: #f08a4b; } }
"""
"""The colours by name, light and dark, for a page or a picture of its own."""

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
    """A part of a page.

    Args:
        title: its title, as text.
        body: what it shows, as HTML.
        folded: whether it is shown only when it is opened.
    """

    title: str
    body: str
    folded: bool = False


def safe(value: object, longest: int = LONGEST) -> str:
    """Return a value as text that is safe in HTML, with what is not seen made visible.

    Args:
        value: anything.
        longest: the most characters to show.

    >>> safe("<b>\\u202e")
    '&lt;b&gt;\\\\u202e'
    """
    text = str(value)
    shown = "".join(_visible(character) for character in text[:longest])
    more = f" … ({len(text) - longest:,} characters more)" if len(text) > longest else ""
    return escape(shown) + more


def _visible(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in _HIDDEN:
        return character
    return f"\\u{ord(character):04x}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Return a table that scrolls in a box of its own where it is wider than the window.

    Args:
        head: the columns' names, as text.
        rows: the cells, as HTML.
        numbers: the places of the columns that hold numbers.
    """

    def line(tag: str, cells: Iterable[str]) -> str:
        marked = (f"<{tag}{' class=n' if place in numbers else ''}>{cell}</{tag}>" for place, cell in enumerate(cells))
        return f"<tr>{''.join(marked)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return f'<div class="wide" tabindex="0"><table>{line("th", map(safe, head))}{body}</table></div>'


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Return names with what is to be told of each.

    Args:
        pairs: names and texts.
    """
    return f"<dl>{''.join(f'<dt>{safe(name)}</dt><dd>{safe(value)}</dd>' for name, value in pairs)}</dl>"


def folded(title: str, body: str) -> str:
    """Return what is shown only when it is opened.

    Args:
        title: what it is, as text.
        body: HTML.
    """
    return f"<details><summary>{safe(title)}</summary>{body}</details>"


def quoted(text: object) -> str:
    """Return a text as it was written, line by line.

    Args:
        text: the text.
    """
    return f"<pre>{safe(text)}</pre>"


def document(title: str, sections: Sequence[Section]) -> str:
    """Return a whole page.

    Args:
        title: its title.
        sections: its parts, in order.
    """
    marks = [
        f"{re.sub(r'[^a-z0-9]+', '-', one.title.lower()).strip('-')}-{place}" for place, one in enumerate(sections)
    ]
    shown = list(zip(marks, sections, strict=True))
    listed = "".join(f'<li><a href="#{mark}">{safe(one.title)}</a></li>' for mark, one in shown)
    contents = f"<nav><ul>{listed}</ul></nav>" if len(sections) > 1 else ""
    body = "".join(
        f'<details id="{mark}"><summary>{safe(one.title)}</summary>{one.body}</details>'
        if one.folded
        else f'<section id="{mark}"><h2>{safe(one.title)}</h2>{one.body}</section>'
        for mark, one in shown
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{safe(title)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{safe(title)}</h1>{contents}{body}</body></html>\n"
    )
