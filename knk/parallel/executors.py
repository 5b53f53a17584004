"""What works at jobs: this process, several of this machine, or a Ray cluster; the jobs and their results are the same.

For what is too large for one machine there is Ray. Its tasks are used, not its datasets: jobs are asked for by number
while earlier ones are being read, and their results come back in that order, which is what makes the bytes those of the
local engine. A job whose worker is lost is run again by Ray, on another; being a function of its arguments alone, it
gives the same.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, Final

from knk.errors import KnkError, MissingPackage, NoEngine
from knk.parallel.cores import core_count

ENGINES: Final = ("local", "ray")
"""Processes of this machine, or a Ray cluster."""
ROWS_ALONE: Final = 20_000
"""Up to this many rows one process makes them all, unless they have to be searched for: more would take longer to start
than to work."""
RETRIES: Final = 20
"""How often a job is run again on a cluster whose worker was lost, before the whole is given up."""


@contextmanager
def executor(
    n: int, processes: int | None, slow: bool = False, engine: str = "local"
) -> Iterator[tuple[Executor, int]]:
    """Give what works at rows, and how many processes it has: this one alone for a few rows that take no time.

    Args:
        n: how many rows.
        processes: how many processes of this machine work at them, None for one a processor.
        slow: whether even few rows are worth the start of processes.
        engine: "local", or "ray" for the Ray cluster at RAY_ADDRESS; where that is not set, one is started on this
            machine and ended at the end.

    Raises:
        MissingPackage: Ray is not installed.
        NoEngine: there is no such engine, or no cluster at that address.
    """
    if engine not in ENGINES:
        raise NoEngine(f"there is no engine {engine!r}; there are {', '.join(ENGINES)}")
    if engine == "ray":
        with _cluster() as working:
            yield working
        return
    workers = core_count() if processes is None else processes
    if workers == 1 or (n <= ROWS_ALONE and not slow):
        yield _Here(), 1
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent)
    try:
        yield pool, workers
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Let this worker end when the process that it works for is killed, instead of waiting for jobs for ever."""

    def wait() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=wait, daemon=True).start()


class _Here(Executor):
    """Does each job when it is submitted, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except KnkError as error:
            future.set_exception(error)
        return future


class _OnRay(Executor):
    """Runs each job as a task of the Ray cluster that this process is connected to."""

    def __init__(self) -> None:
        import ray

        self._run = ray.remote(num_cpus=1, max_retries=RETRIES)(_call)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = self._run.remote(fn, args, kwargs).future()
        return future


def _call(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return fn(*args, **kwargs)


@contextmanager
def _cluster() -> Iterator[tuple[Executor, int]]:
    """Give what runs jobs on a Ray cluster, and how many processors the cluster has."""
    try:
        import ray
    except ImportError as error:
        raise MissingPackage("the engine 'ray' needs Ray: pip install 'knk[ray]'") from error
    mine = not ray.is_initialized()
    if mine:
        _connect(os.environ.get("RAY_ADDRESS"))
    try:
        yield _OnRay(), max(1, int(ray.cluster_resources().get("CPU", 1)))
    finally:
        if mine:
            ray.shutdown()


def _connect(address: str | None) -> None:
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # What a worker prints would stand between what this process prints.
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        ray.init(address, **quiet) if address else ray.init("local", include_dashboard=False, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        problem = (str(error) or type(error).__name__).splitlines()[0]
        raise NoEngine(f"there is no Ray cluster at {address or 'this machine'}: {problem}") from error
