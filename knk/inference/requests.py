"""The requests of a run: one or more for each item, made as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from knk.inference.engine import Request, Requests
from knk.tasks.format import Prompt
from knk.tasks.source import Row

PromptBuilder = Callable[[Row], Prompt]
ClaimSamples = Callable[[str], tuple[int, ...] | None]
"""Returns which answers of an item, given by its id, have yet to be requested; None if the item occurred before."""
OnSkipped = Callable[[int | None], None]
"""Is called with the number of an item's answers that exist already, or with None for an item that occurred before."""


def make_requests(
    rows: Iterable[Row],
    build_prompt: PromptBuilder,
    claim: ClaimSamples,
    per_request: int,
    on_skipped: OnSkipped,
    n: int,
) -> Requests:
    """Return an iterator over the requests for some items, with None for each item that needs none.

    Args:
        rows: the items.
        build_prompt: returns an item's prompt.
        claim: returns the answers to request of an item, and marks them as requested.
        per_request: the most answers of one request.
        on_skipped: is called for items and answers that are skipped.
        n: how many answers each item gets in all.
    """
    for row in rows:
        samples = claim(row["id"])
        if samples is None or len(samples) < n:
            on_skipped(None if samples is None else n - len(samples))
        if not samples:
            yield None
            continue
        prompt = build_prompt(row)
        for start in range(0, len(samples), per_request):
            yield Request(row, prompt, samples[start : start + per_request])
