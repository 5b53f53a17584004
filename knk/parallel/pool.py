"""Worker processes for work that may hang, crash or eat the memory: what a job does is stopped, and the pool goes on.

A pool keeps a few processes, and gives each a batch of jobs at a time. A job that takes longer than its limit, or more
memory, costs its worker's life and nothing else: a new worker takes the jobs that were left. Jobs and results travel
as lines of JSON, so nothing that a worker sends is ever run.

The workers are new interpreters, not forks: they hold nothing of the caller's memory, do not import its main module,
and work from every thread. They end with the process that started them, whatever its end.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import IO, Any, Final, Literal, TypeAlias

from knk.errors import WorkersFailed
from knk.parallel.cores import core_count

Ending = Literal["done", "timed out", "no memory", "died", "failed"]

_BATCH: Final = 16
"""Jobs sent at a time: enough that a worker need not wait for the next, few enough that both have work to the end."""
_START: Final = 60.0
"""Seconds a worker has to start and import what it needs, on a machine with other things to do."""
_MOST: Final = 8
"""Processes a pool has unless told: of many cores most have other work, and each worker has memory of its own."""
_WATCH: Final = 1.0
_BOOT: Final = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from knk.parallel.pool import _serve; _serve()"


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Args:
        ending: "done"; "timed out" or "no memory" where the job went past a limit; "died" where the worker ended for
            another reason; "failed" where the function raised an exception.
        value: what the function returned, as JSON gives it back.
        error: of a job that failed: the exception, in one line.
    """

    ending: Ending
    value: Any = None
    error: str = ""


_Told: TypeAlias = "queue.SimpleQueue[tuple[_Worker, str]]"


class _Worker:
    """A process, and the batch of jobs it has; `since` is when it last said something."""

    def __init__(self, function: str, memory: int, seconds: float, told: _Told) -> None:
        arguments = [json.dumps(sys.path), function, str(memory), str(seconds), str(os.getpid())]
        # -P: a file in the working folder must not take the place of a module before the path is set.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-c", _BOOT, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="ascii",
        )
        self.batch: deque[int] = deque()
        self.ready = False
        self.since = time.monotonic()
        self._told = told
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        # A thread each, since not every system can wait on several pipes; an empty line is the end.
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._told.put((self, line))
        self._told.put((self, ""))

    def send(self, line: str) -> None:
        """Send a line; a worker that is gone says so by its end."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.process.kill()

    def stop(self) -> None:
        """End the process, and wait until it has ended."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # What was not yet written needs no reader any more.
            self.process.stdin.close()
        self._listener.join(_WATCH)


class _Staff:
    """The workers of a pool, and what they have said; `owner` is the process that started them."""

    def __init__(self, function: str, size: int, seconds: float, memory: int) -> None:
        self.function = function
        self.size = size
        self.seconds = seconds
        self.memory = memory
        self.owner = os.getpid()
        self.lock = threading.Lock()
        self.told: _Told = queue.SimpleQueue()
        self.workers: list[_Worker] = []

    def hire(self, wanted: int) -> list[_Worker]:
        """Return the workers, as many as are wanted or there may be."""
        while len(self.workers) < min(self.size, wanted):
            self.workers.append(_Worker(self.function, self.memory, self.seconds, self.told))
        return self.workers

    def dismiss(self, worker: _Worker) -> None:
        """End a worker."""
        worker.stop()
        self.workers.remove(worker)

    def stop(self) -> None:
        """End all workers, if they are this process's."""
        while self.owner == os.getpid() and self.workers:
            self.workers.pop().stop()


_INHERITED: Final[list[_Staff]] = []
"""Workers of a parent, kept so that they are not taken for children that nobody waited for."""


class Pool:
    """Processes that call one function, each call within limits; they start with the first jobs.

    Args:
        function: "module:name" of a function from one JSON value to another, which the workers import.
        size: how many processes; as many as there are cores if not given, and 8 at most.
        seconds: how long one job may take.
        memory: bytes of memory that a worker may have, where the system can limit it.

    >>> with Pool("math:factorial", size=1) as pool:
    ...     [outcome.value for outcome in pool.run([3, 4])]
    [6, 24]
    """

    def __init__(self, function: str, size: int | None = None, seconds: float = 5.0, memory: int = 1 << 30) -> None:
        self._staff = self._staffed(function, size or min(_MOST, core_count()), seconds, memory)

    def _staffed(self, function: str, size: int, seconds: float, memory: int) -> _Staff:
        staff = _Staff(function, size, seconds, memory)
        # Called when nobody has the pool any more, and at the latest when this process ends.
        weakref.finalize(self, staff.stop)
        return staff

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, jobs: Sequence[Any]) -> list[Outcome]:
        """Return what became of each job, in order; calls from several threads take turns.

        Args:
            jobs: values that JSON can hold.

        Raises:
            WorkersFailed: no worker can be started, or the function cannot be imported there.
        """
        staff = self._staff
        if staff.owner != os.getpid():
            # This is a fork: the workers are the parent's, and two who talk to them would mix up the answers.
            _INHERITED.append(staff)
            self._staff = staff = self._staffed(staff.function, staff.size, staff.seconds, staff.memory)
        with staff.lock:
            return _Run(staff, [json.dumps(job) for job in jobs]).outcomes() if jobs else []

    def close(self) -> None:
        """End the workers; the next jobs start new ones."""
        self._staff.stop()


class _Run:
    """One call of `Pool.run`: which jobs wait, which are out, and what came back."""

    def __init__(self, staff: _Staff, lines: list[str]) -> None:
        self.staff = staff
        self.lines = lines
        self.waiting = deque(range(len(lines)))
        self.results: dict[int, Outcome] = {}
        self.deaths_at_start = 0

    def outcomes(self) -> list[Outcome]:
        try:
            while len(self.results) < len(self.lines):
                self._hand_out()
                self._hear()
        except BaseException:
            # An interruption leaves workers with jobs whose answers nobody waits for.
            self.staff.stop()
            raise
        return [self.results[place] for place in range(len(self.lines))]

    def _hand_out(self) -> None:
        for worker in self.staff.hire(len(self.waiting)):
            if worker.ready and not worker.batch and self.waiting:
                share = -(-len(self.waiting) // self.staff.size)
                worker.batch.extend(self.waiting.popleft() for _ in range(min(_BATCH, share)))
                worker.since = time.monotonic()
                worker.send("[" + ",".join(self.lines[place] for place in worker.batch) + "]")

    def _hear(self) -> None:
        """Wait for the next word of a worker, or for the next deadline."""
        deadlines = [(worker.since + self._allowed(worker), worker) for worker in self._busy()]
        until, first = min(deadlines, key=lambda deadline: deadline[0])
        try:
            worker, line = self.staff.told.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            self._lose(first, "timed out")
            return
        if worker in self.staff.workers:  # Words of one that was stopped may still be on their way.
            self._take(worker, line)

    def _busy(self) -> Iterator[_Worker]:
        return (worker for worker in self.staff.workers if worker.batch or not worker.ready)

    def _allowed(self, worker: _Worker) -> float:
        return self.staff.seconds if worker.ready else _START

    def _take(self, worker: _Worker, line: str) -> None:
        if not line:
            self._lose(worker, "died")
            return
        worker.since = time.monotonic()
        ending, value = json.loads(line)
        if ending == "ready":
            worker.ready = True
        elif ending == "no start":
            raise WorkersFailed(value)
        else:
            error = value if ending == "failed" else ""
            self.results[worker.batch.popleft()] = Outcome(ending, None if error else value, error)
            if ending == "no memory":
                # What is left of its memory may be too little for the next job, whose fault it would not be.
                self._requeue(worker)

    def _lose(self, worker: _Worker, ending: Ending) -> None:
        if not worker.ready:
            self.deaths_at_start += 1
            if self.deaths_at_start > self.staff.size:
                raise WorkersFailed(f"the worker processes of {self.staff.function} do not start")
        elif worker.batch:
            self.results[worker.batch.popleft()] = Outcome(ending)
        self._requeue(worker)

    def _requeue(self, worker: _Worker) -> None:
        self.waiting.extendleft(reversed(worker.batch))
        self.staff.dismiss(worker)


@cache
def _shared(function: str, size: int | None, seconds: float, memory: int) -> Pool:
    return Pool(function, size, seconds, memory)


def shared(function: str, size: int | None = None, seconds: float = 5.0, memory: int = 1 << 30) -> Pool:
    """Return the pool of this process for a function and limits, which ends with the process; see `Pool`.

    >>> shared("math:factorial") is shared("math:factorial")
    True
    """
    return _shared(function, size, seconds, memory)


# What follows runs in the workers.


def _serve() -> None:
    """Do the jobs that come in, until there are no more: a list of jobs a line in, an outcome a line out."""
    function, memory, seconds, parent = sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    # Whatever a library prints must not be taken for an outcome.
    os.dup2(2, 1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _limit_memory(memory)
    try:
        module, _, name = function.partition(":")
        job_of = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        _tell(out, "no start", _one_line(error))
        return
    _tell(out, "ready", None)
    for line in sys.stdin:
        for job in json.loads(line):
            _limit_time(seconds)
            _tell(out, *_done(job_of, job))


def _done(job_of: Callable[[Any], Any], job: Any) -> tuple[Ending, Any]:
    try:
        value = job_of(job)
        json.dumps(value)  # What is no JSON is an exception of the function's too.
    except MemoryError:
        return "no memory", None
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told
        return "failed", _one_line(error)
    return "done", value


def _tell(out: IO[str], ending: str, value: Any) -> None:
    out.write(json.dumps([ending, value]) + "\n")
    out.flush()


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _end_with(parent: int) -> None:
    # Where the parent forked, its children hold the other end of the pipe too, so its death does not close it.
    while os.getppid() == parent:
        time.sleep(_WATCH)
    os._exit(1)


def _limit_memory(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; there the time alone is limited.
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (memory if hard < 0 else min(memory, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _limit_time(seconds: float) -> None:
    # For a worker whose parent is killed while it computes with huge numbers, when no other thread gets a turn.
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(time.process_time() + 2 * seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard < 0 else min(soft, hard), hard))
