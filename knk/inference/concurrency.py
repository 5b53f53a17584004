"""A fixed number of requests in flight: the next is read when one has been answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from knk.inference.engine import Request, Requests


async def run_concurrently(requests: Requests, answer: Callable[[Request], Awaitable[None]], concurrency: int) -> None:
    """Answer all requests, a fixed number at a time; the first error stops them all.

    Args:
        requests: the requests, read one by one by whichever task is free.
        answer: answers one request.
        concurrency: how many requests are in flight at once.
    """

    async def worker() -> None:
        for request in requests:
            if request is None:
                # Skipping a million items must not hold up answers, or an interruption.
                await asyncio.sleep(0)
            else:
                await answer(request)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(worker())
    except BaseExceptionGroup as errors:
        raise _first_error(errors) from None


def _first_error(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error = errors.exceptions[0]
    return _first_error(error) if isinstance(error, BaseExceptionGroup) else error
