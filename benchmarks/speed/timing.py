"""How a piece of work is timed: jobs are done one after another, and what prepares them is not counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any, Final, NamedTuple


class Done(NamedTuple):
    """What a job did.

    Args:
        units: how many puzzles, rows, completions or bytes.
        size: how many bytes came of it, where that is of interest.
        peak: the most memory it held, in bytes, likewise.
    """

    units: int
    size: int = 0
    peak: int = 0


Job = Callable[[], Done]
Jobs = Iterator[Job]
PATIENCE: Final = 3
"""A measurement takes at most so many times as long by the clock as its jobs should: preparing them takes time too."""


@dataclass(frozen=True)
class Measure:
    """What a process measured.

    Args:
        rate: units a second, warm.
        first: units a second in the first job.
        size: bytes a unit.
        peak: the most memory that a job held, in bytes.
    """

    rate: float
    first: float
    size: float = 0
    peak: float = 0

    @property
    def flow(self) -> float:
        """Bytes a second."""
        return self.rate * self.size


def measured(jobs: Jobs, seconds: float, clock: bool = False) -> Measure:
    """Return the rate of jobs, those that warm up left out unless there are no others.

    Args:
        jobs: the jobs; each is prepared when it is asked for.
        seconds: how long to warm up, and then how long to measure, at least.
        clock: whether seconds are those of the clock, for work that other processes do; else those of the processor.
    """
    timed = list(_timed(jobs, 2 * seconds, time.perf_counter if clock else time.process_time))
    before = accumulate((took for _, took in timed), initial=0.0)
    warm = [one for one, spent in zip(timed, before, strict=False) if spent >= seconds > 0]
    counted = warm or timed[1:] or timed
    units, size = (sum(done[place] for done, _ in counted) for place in (0, 1))
    first, took = timed[0]
    peak = max(done.peak for done, _ in timed)
    return Measure(units / sum(took for _, took in counted), first.units / took, size / units, peak)


def _timed(jobs: Jobs, seconds: float, now: Callable[[], float]) -> Iterator[tuple[Done, float]]:
    """Do jobs for so long, two at least if there are two, and iterate over what each did and the seconds it took."""
    end = time.perf_counter() + PATIENCE * seconds
    spent = 0.0
    for number, job in enumerate(jobs):
        start = now()
        done = job()
        took = max(now() - start, 1e-9)  # A clock may stand still for a moment.
        yield done, took
        spent += took
        if number and (spent >= seconds or time.perf_counter() >= end):
            break


def batches(items: Iterable[Any], n: int, work: Callable[[Any], object]) -> Jobs:
    """Iterate over jobs that do a work on n items each, every item once."""
    items = iter(items)
    while batch := list(islice(items, n)):
        yield lambda batch=batch: _each(batch, work)  # type: ignore[misc]


def _each(items: list[Any], work: Callable[[Any], object]) -> Done:
    for item in items:
        work(item)
    return Done(len(items))
