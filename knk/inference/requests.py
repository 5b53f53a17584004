"""The questions of a run: items in order, read as they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from knk.inference.engine import Ask, Asks
from knk.tasks.format import Prompt
from knk.tasks.source import Row

Prompter = Callable[[Row], Prompt]
Missing = Callable[[str], tuple[int, ...] | None]
"""Which answers of an item, named by its key, are to be asked for; None if it was met before."""
Passed = Callable[[int | None], None]
"""Is told how many answers of an item are there already, or None of one that was met before."""


def asks(rows: Iterable[Row], prompt: Prompter, missing: Missing, per_request: int, passed: Passed, n: int) -> Asks:
    """Return an iterator over what is to be asked about some items.

    Args:
        rows: the items.
        prompt: makes an item's prompt.
        missing: says which answers of an item are wanted, and takes them for asked.
        per_request: how many answers may be asked for at once.
        passed: is told of items and answers that are passed over.
        n: how many answers each item gets in all.
    """
    for row in rows:
        samples = missing(row["id"])
        if samples is None or len(samples) < n:
            passed(None if samples is None else n - len(samples))
        if not samples:
            yield None
            continue
        asked = prompt(row)
        for start in range(0, len(samples), per_request):
            yield Ask(row, asked, samples[start : start + per_request])
