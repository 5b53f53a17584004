"""Executors that run jobs: this process, several processes of this machine, or a Ray cluster.

All three are `concurrent.futures.Executor`s and give the same results. Ray is for work that is too large for one
machine. Its tasks are used, not its datasets: jobs are requested by number while earlier results are being read, and
results come back in that order, which keeps the output byte for byte the same as with local processes. Ray runs a job
again on another worker if its worker is lost; a job depends on its arguments alone, so the result is the same.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from tempfile import TemporaryFile
from threading import Thread
from typing import Any, Final

from knk.errors import KnkError, MissingPackage, NoExecutor
from knk.parallel.cores import core_count

EXECUTORS: Final = ("local", "ray")
"""Names of executors: processes of this machine, or a Ray cluster."""
RETRIES: Final = 20
"""How often Ray runs a job again after its worker was lost."""
_ANSWER_SECONDS: Final = 5.0
_STDERR: Final = 2


@contextmanager
def open_executor(processes: int | None = None, executor: str = "local") -> Iterator[tuple[Executor, int]]:
    """Yield an executor and its number of worker processes; with one process, jobs run in this one.

    Args:
        processes: how many processes of this machine to use, None for one per core; ignored by Ray.
        executor: "local", or "ray" for the Ray cluster at RAY_ADDRESS; where that is not set, a cluster is started on
            this machine and stopped at the end.

    Raises:
        MissingPackage: Ray is not installed.
        NoExecutor: the executor is unknown, or the cluster cannot be reached.

    >>> with open_executor(processes=1) as (executor, workers):
    ...     workers, executor.submit(max, 3, 4).result()
    (1, 4)
    """
    if executor not in EXECUTORS:
        raise NoExecutor(f"unknown executor {executor!r}: expected one of {', '.join(EXECUTORS)}")
    workers = core_count() if processes is None else processes
    if executor == "ray":
        with _ray_cluster() as cluster:
            yield cluster
    elif workers == 1:
        yield _InlineExecutor(), 1
    else:
        with _local_processes(workers) as pool:
            yield pool, workers


class _InlineExecutor(Executor):
    """Runs each job in this process as soon as it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except KnkError as error:
            future.set_exception(error)
        return future


# Processes of this machine.


@contextmanager
def _local_processes(workers: int) -> Iterator[Executor]:
    """Yield a pool of processes, which exit at once if the block is interrupted or abandoned."""
    context = get_context("spawn")
    stop_reader, stop_writer = context.Pipe(duplex=False)
    pool = _ProcessPool(workers, mp_context=context, initializer=_exit_on_stop, initargs=(stop_reader,))
    try:
        yield pool
    except BaseException as error:
        if not isinstance(error, Exception):
            stop_writer.close()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        stop_writer.close()
        stop_reader.close()


class _ProcessPool(ProcessPoolExecutor):
    """A process pool whose processes never receive SIGINT, which a terminal sends to all processes at Ctrl-C.

    A process started while SIGINT is blocked inherits that from its first instruction on; a handler set later by the
    process itself would leave a moment in which an interrupt prints a traceback. Blocking also keeps an interrupt from
    cutting off the start of a process half way. This process handles the interrupt as soon as the block ends.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with _interrupts_blocked():
            return super().submit(fn, *args, **kwargs)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _exit_on_stop(stop_reader: Connection) -> None:
    """Let this worker process exit when the other end of a pipe is closed or its parent process is killed."""

    def exit_at_end() -> None:
        parent = parent_process()
        wait([stop_reader] if parent is None else [stop_reader, parent.sentinel])
        os._exit(1)

    Thread(target=exit_at_end, daemon=True).start()


# A Ray cluster.


class _RayExecutor(Executor):
    """Runs each job as a task of the Ray cluster to which this process is connected."""

    def __init__(self) -> None:
        import ray

        self._run = ray.remote(num_cpus=1, max_retries=RETRIES)(_call)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = self._run.remote(fn, args, kwargs).future()
        return future


def _call(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return fn(*args, **kwargs)


@contextmanager
def _ray_cluster() -> Iterator[tuple[Executor, int]]:
    """Yield an executor on a Ray cluster, and how many processors the cluster has."""
    try:
        import ray
    except ImportError as error:
        raise MissingPackage("the executor 'ray' needs Ray: pip install '.[ray]'") from error
    connected_here = not ray.is_initialized()
    if connected_here:
        _connect(os.environ.get("RAY_ADDRESS"))
    try:
        yield _RayExecutor(), max(1, int(ray.cluster_resources().get("CPU", 1)))
    finally:
        if connected_here:
            ray.shutdown()


def _connect(address: str | None) -> None:
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Output of the workers would be mixed with the output of this process.
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address:
        _check_answers(address)
    with TemporaryFile() as log:
        try:
            with _stderr_to(log.fileno()):
                ray.init(address, **quiet) if address else ray.init("local", include_dashboard=False, **quiet)
        except Exception as error:  # Ray raises errors of many kinds, some of them its own.
            log.seek(0)
            native_log = log.read().decode(errors="replace")
            raise NoExecutor(_connection_problem(error, native_log, address)) from error


def _check_answers(address: str) -> None:
    """Check that something answers at a cluster's address, for which Ray itself would wait for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal():
        return  # "auto", or another name that Ray resolves.
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS).close()
    except OSError as error:
        raise NoExecutor(
            f"no Ray cluster at {address}: nothing answers there ({error.strerror or error}): start its head with "
            "'ray start --head', or correct RAY_ADDRESS"
        ) from error


@contextmanager
def _stderr_to(descriptor: int) -> Iterator[None]:
    """Send this process's stderr elsewhere: Ray's native code writes a line there for each attempt to connect."""
    sys.stderr.flush()
    saved = os.dup(_STDERR)
    os.dup2(descriptor, _STDERR)
    try:
        yield
    finally:
        os.dup2(saved, _STDERR)
        os.close(saved)


def _connection_problem(error: Exception, native_log: str, address: str | None) -> str:
    """Return one line that says why there is no connection to a cluster."""
    text = str(error) or type(error).__name__
    if "AuthToken" in native_log or type(error).__name__ == "AuthenticationError":
        return (
            f"the Ray cluster at {address} wants its token: set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or "
            "RAY_AUTH_TOKEN_PATH as on its head"
        )
    return f"no Ray cluster at {address or 'this machine'}: {text.splitlines()[0]}"
