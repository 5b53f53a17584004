"""Timing: jobs run one after another, and preparing them is not timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Final, NamedTuple, TypeVar

T = TypeVar("T")


class JobResult(NamedTuple):
    """What a job did.

    Args:
        units: number of puzzles, rows, completions or bytes processed.
        bytes: bytes produced, if of interest.
        peak_memory: peak memory in bytes, if of interest.
    """

    units: int
    bytes: int = 0
    peak_memory: int = 0


Job = Callable[[], JobResult]
Jobs = Iterator[Job]
"""Jobs; each is prepared when it is taken from the iterator."""
MAX_WALL_TIME_FACTOR: Final = 3
"""The wall time of a measurement, with preparation, is at most about this multiple of the time to measure."""


@dataclass(frozen=True)
class Measurement:
    """What one process measured.

    Args:
        rate: units per second after the warm-up.
        first_rate: units per second of the first job.
        bytes_per_unit: bytes produced per unit.
        peak_memory: peak memory of a job, in bytes.
    """

    rate: float
    first_rate: float
    bytes_per_unit: float = 0
    peak_memory: float = 0

    @property
    def byte_rate(self) -> float:
        """Bytes per second."""
        return self.rate * self.bytes_per_unit


def measure(jobs: Jobs, seconds: float, use_wall_time: bool = False) -> Measurement:
    """Run jobs and return their rate, without those of the warm-up unless there are no others.

    Args:
        jobs: the jobs.
        seconds: minimum time of the warm-up, and then of the measurement.
        use_wall_time: whether to measure wall time, for work done by other processes, instead of CPU time.
    """
    timed = list(_run(jobs, 2 * seconds, time.perf_counter if use_wall_time else time.process_time))
    start_times = accumulate((duration for _, duration in timed), initial=0.0)
    after_warm_up = [pair for pair, start in zip(timed, start_times, strict=False) if start >= seconds > 0]
    counted = after_warm_up or timed[1:] or timed
    units = sum(result.units for result, _ in counted)
    first, first_duration = timed[0]
    return Measurement(
        rate=units / sum(duration for _, duration in counted),
        first_rate=first.units / first_duration,
        bytes_per_unit=sum(result.bytes for result, _ in counted) / units,
        peak_memory=max(result.peak_memory for result, _ in timed),
    )


def _run(jobs: Jobs, seconds: float, clock: Callable[[], float]) -> Iterator[tuple[JobResult, float]]:
    """Run jobs for a time, but at least two, and iterate over their results and durations."""
    deadline = time.perf_counter() + MAX_WALL_TIME_FACTOR * seconds
    total = 0.0
    for index, job in enumerate(jobs):
        start = clock()
        result = job()
        duration = max(clock() - start, 1e-9)  # The clock may not have advanced.
        yield result, duration
        total += duration
        if index and (total >= seconds or time.perf_counter() >= deadline):
            break


def batch_jobs(items: Iterable[T], size: int, work: Callable[[T], object]) -> Jobs:
    """Iterate over jobs that each apply `work` to a batch of items."""
    items = iter(items)
    while batch := list(islice(items, size)):
        yield lambda batch=batch: _apply(batch, work)  # type: ignore[misc]


def _apply(items: list[T], work: Callable[[T], object]) -> JobResult:
    for item in items:
        work(item)
    return JobResult(len(items))
