"""Many questions at once, and no more than that: the next is read when one is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from knk.inference.engine import Ask, Asks


async def drive(asks: Asks, answer: Callable[[Ask], Awaitable[None]], concurrency: int) -> None:
    """Have all questions answered, so many at a time; the first error ends it all.

    Args:
        asks: the questions, read by whoever is free.
        answer: answers one.
        concurrency: how many are under way at once.
    """

    async def work() -> None:
        for ask in asks:
            if ask is None:
                # Passing over a million puzzles must not keep answers, or an interruption, waiting.
                await asyncio.sleep(0)
            else:
                await answer(ask)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise _first(errors) from None


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
