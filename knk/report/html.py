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
_MAX_HEAD: Final = 200
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

LIGHT: Final = dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]+)", PALETTE.partition("@media")[0]))
"""The light colours by name."""

_CARDS: Final = """\
@media (max-width: {width}) {
  {cards} { background: none; } {cards} table, {cards} tbody, {cards} td { display: block; }
  {cards} tr { display: flow-root; margin-bottom: .6rem; padding: .5rem .7rem; border: 1px solid var(--line);
    border-radius: 6px; overflow-wrap: anywhere; }
  {cards} tr:first-child { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  {cards} td { width: auto; clear: both; border: 0; padding: .15rem 0; position: static; white-space: normal; }
  {cards} td:empty { display: none; }
  {cards} td.n { overflow-wrap: normal; } {cards} td.n small { display: inline; margin-left: .5rem; }
  {cards} td::before { content: attr(data-head); display: block; color: var(--dim); }
  {cards} td.n::before { float: left; max-width: 56%; text-align: left; padding-right: 1rem; }
  {cards} td:first-child { font-weight: 600; text-align: left; } {cards} td:first-child::before { content: none; }
  {cards} td:first-child small { font-weight: 400; } }
"""
"""The style of tables in narrow windows: each row is a card, with the names of the columns beside the values."""
_MANY_COLUMNS: Final = 6

STYLE: Final = (
    PALETTE
    + """\
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 4rem; max-width: 64rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .4rem 0 1rem; }
h2 { font-size: 1.3rem; margin: 2.4rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
p, ul, dl { margin: .4rem 0 .8rem; }
a { color: var(--c0); }
nav ul { padding-left: 1.2rem; columns: 16rem; }
.wide { overflow-x: auto; margin: .6rem 0 1rem; background: linear-gradient(90deg, var(--paper) 30%, transparent) local,
  linear-gradient(270deg, var(--paper) 30%, transparent) 100% 0 local, linear-gradient(90deg, var(--line), transparent),
  linear-gradient(270deg, var(--dim), transparent) 100% 0; background-repeat: no-repeat;
  background-size: 3rem 100%, 3rem 100%, .8rem 100%, .8rem 100%; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .25rem .7rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { position: sticky; left: 0; background: var(--paper); }
.many th:first-child { min-width: 8.5rem; } .many td small { white-space: normal; }
.many th, .many td { padding-right: .5rem; }
td.n, th.n { text-align: right; } td.n { white-space: nowrap; }
td small { color: var(--dim); display: block; }
dl { display: grid; grid-template-columns: fit-content(45%) 1fr; gap: .15rem 1rem; font-size: .9rem; }
dt { color: var(--dim); } dd { margin: 0; }
figure { margin: .8rem 0 1.2rem; } figcaption { font-size: .9rem; font-weight: 600; margin-bottom: .3rem; }
figure svg { width: 100%; height: auto; max-width: 44rem; display: block; }
svg text { fill: var(--dim); font: 12px system-ui, sans-serif; } svg .ink { fill: var(--ink); }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .85rem; }
svg.key, figure svg.key { display: inline-block; width: 26px; height: 14px; margin-right: .4rem; vertical-align: -2px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 1.5rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18.5rem), 1fr)); gap: 0 1.2rem; }
.rows svg { max-width: 34rem; } .panels svg { max-width: 28rem; } .panels figure { margin: .3rem 0 .8rem; }
.claims table { width: 100%; } .claims th:nth-child(2) { width: 16rem; } .claims th:nth-child(3) { width: 10rem; }
.summary { font-size: 1.15rem; } .training { list-style: none; padding: 0; font-size: .95rem; }
.training li { padding-left: 2.1rem; text-indent: -2.1rem; margin: .2rem 0; }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0 1.2rem; }
.answers p { margin-bottom: 0; } h4 { font-size: 1rem; margin: 1rem 0 .3rem; }
pre { background: var(--soft); padding: .7rem; font: .82rem/1.45 ui-monospace, monospace; white-space: pre-wrap;
  border-radius: 4px; margin: .4rem 0 1rem; }
details { border-top: 1px solid var(--line); padding: .5rem 0; } summary { cursor: pointer; font-weight: 600; }
.yes, .no, .open { font-weight: 600; white-space: nowrap; } .yes { color: var(--yes); } .no { color: var(--no); }
.open { color: var(--dim); } .dim { color: var(--dim); font-size: .9rem; }
"""
    + _CARDS.replace("{cards}", ".cards").replace("{width}", "40rem")
    + _CARDS.replace("{cards}", ".many").replace("{width}", "60rem")
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
    """Return a table, whose rows are shown as cards if it is wider than the window.

    The first column, which names the row, is the title of its card. A table of two columns stays one; a table that is
    too wide nevertheless scrolls by itself.

    Args:
        head: the names of the columns, as text.
        rows: the cells, as HTML.
        numeric: the indices of the columns of numbers.
    """
    names = [safe(name, _MAX_HEAD) for name in head]
    classes = [" class=n" if column in numeric else "" for column in range(len(names))]
    top = "".join(f"<th{kind}>{name}</th>" for name, kind in zip(names, classes, strict=True))
    body = "".join(_table_row(names, classes, row) for row in rows)
    width = " many" if len(names) > _MANY_COLUMNS else " cards" if len(names) > 2 else ""
    return f'<div class="wide{width}" tabindex="0"><table><tr>{top}</tr>{body}</table></div>'


def _table_row(names: Sequence[str], classes: Sequence[str], row: Sequence[str]) -> str:
    cells = (f'<td{kind} data-head="{name}">{cell}</td>' for name, kind, cell in zip(names, classes, row, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


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
    body = "".join(_section(anchor, section, section.title != title) for anchor, section in anchored_sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{safe(title)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{safe(title)}</h1>{contents}{body}</body></html>\n"
    )


def _anchor(title: str, index: int) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return f"{slug}-{index}"


def _section(anchor: str, section: Section, has_heading: bool) -> str:
    """A section, without its heading if that is the page's title already."""
    title = safe(section.title)
    if section.folded:
        return f'<details id="{anchor}"><summary>{title}</summary>{section.body}</details>'
    heading = f"<h2>{title}</h2>" if has_heading else ""
    return f'<section id="{anchor}">{heading}{section.body}</section>'
