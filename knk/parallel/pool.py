"""A pool of worker processes for jobs that may hang, crash or use too much memory.

A pool keeps a few processes and sends each a batch of jobs at a time. A job that exceeds its time or memory ends its
worker and nothing else: a new worker takes the remaining jobs. Jobs and results travel as lines of JSON, so nothing
that a worker sends is ever executed.

The workers are new interpreters, not forks: they hold nothing of the caller's memory, do not import its main module,
and can be used from any thread. They end with the process that started them, however it ends.
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
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

from knk.errors import WorkersFailed
from knk.parallel.cores import core_count
from knk.parallel.worker import BOOT, JobEnding

__all__ = ["JobEnding", "Outcome", "Pool", "shared"]

_BATCH: Final = 16
"""Most jobs sent at a time: enough that a worker need not wait for the next, few enough to share them evenly."""
_START_SECONDS: Final = 60.0
"""How long a worker may take to start and to import its function, on a busy machine."""
_MAX_DEFAULT_SIZE: Final = 8
"""Most processes of a pool of no given size: other work needs cores too, and each worker has memory of its own."""
_LISTENER_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Outcome:
    """The outcome of a job.

    Args:
        ending: "done"; "timed out" or "no memory" if the job exceeded a limit; "died" if the worker ended for another
            reason; "failed" if the function raised an exception.
        value: what the function returned, after a round trip through JSON.
        error: the exception of a failed job, in one line.
    """

    ending: JobEnding
    value: Any = None
    error: str = ""


_Messages: TypeAlias = "queue.SimpleQueue[tuple[_Worker, str]]"


class _Worker:
    """A worker process and the jobs it was sent; `since` is when it last sent a message or was sent a batch."""

    def __init__(self, function: str, memory: int, seconds: float, messages: _Messages) -> None:
        arguments = [json.dumps(sys.path), function, str(memory), str(seconds), str(os.getpid())]
        # -P: a file in the working folder must not shadow a module before the path is set.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-c", BOOT, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="ascii",
        )
        self.batch: deque[int] = deque()
        self.ready = False
        self.since = time.monotonic()
        self._messages = messages
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        # One thread for each pipe, since not every system can wait on several pipes; an empty line is the end.
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._messages.put((self, line))
        self._messages.put((self, ""))

    def send(self, line: str) -> None:
        """Send a line; if the worker is dead, its empty message reports that."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.process.kill()

    def kill(self) -> None:
        """Kill the process, and wait until it has ended."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # Nobody will read what has not been written yet.
            self.process.stdin.close()
        self._listener.join(_LISTENER_SECONDS)


class _Workers:
    """The workers of a pool and the queue of their messages; `owner_pid` is the process that started them."""

    def __init__(self, function: str, size: int, seconds: float, memory: int) -> None:
        self.function = function
        self.size = size
        self.seconds = seconds
        self.memory = memory
        self.owner_pid = os.getpid()
        self.lock = threading.Lock()
        self.messages: _Messages = queue.SimpleQueue()
        self.alive: list[_Worker] = []

    def spawn(self, jobs: int) -> list[_Worker]:
        """Return the workers, after starting those that are missing: one for each job, up to the size of the pool."""
        while len(self.alive) < min(self.size, jobs):
            self.alive.append(_Worker(self.function, self.memory, self.seconds, self.messages))
        return self.alive

    def terminate(self, worker: _Worker) -> None:
        """Terminate a worker."""
        worker.kill()
        self.alive.remove(worker)

    def terminate_all(self) -> None:
        """Terminate all workers, if this process owns them."""
        while self.owner_pid == os.getpid() and self.alive:
            self.alive.pop().kill()


_INHERITED: Final[list[_Workers]] = []
"""Workers of a parent process, kept so that Python does not report them as children that nobody waited for."""


class Pool:
    """Processes that call one function, each call within limits; they start with the first jobs.

    Args:
        function: "module:name" of a function from one JSON value to another, which the workers import.
        size: how many processes; one per core, at most 8, if not given.
        seconds: how long one job may take.
        memory: bytes of memory that a worker may use, where the system can limit it.

    >>> with Pool("math:factorial", size=1) as pool:
    ...     [outcome.value for outcome in pool.run([3, 4])]
    [6, 24]
    """

    def __init__(self, function: str, size: int | None = None, seconds: float = 5.0, memory: int = 1 << 30) -> None:
        self._workers = self._new_workers(function, size or min(_MAX_DEFAULT_SIZE, core_count()), seconds, memory)

    def _new_workers(self, function: str, size: int, seconds: float, memory: int) -> _Workers:
        workers = _Workers(function, size, seconds, memory)
        # Called when the pool is garbage collected, and at the latest when this process ends.
        weakref.finalize(self, workers.terminate_all)
        return workers

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, jobs: Sequence[Any]) -> list[Outcome]:
        """Return the outcomes of jobs, in order; calls from several threads take turns.

        Args:
            jobs: values that JSON can represent.

        Raises:
            WorkersFailed: no worker can be started, or the function cannot be imported there.
        """
        workers = self._workers
        if workers.owner_pid != os.getpid():
            # This process is a fork: the workers belong to the parent, and two readers would mix up the outcomes.
            _INHERITED.append(workers)
            self._workers = workers = self._new_workers(workers.function, workers.size, workers.seconds, workers.memory)
        with workers.lock:
            return _JobBatch(workers, [json.dumps(job) for job in jobs]).outcomes() if jobs else []

    def close(self) -> None:
        """Terminate the workers; the next jobs start new ones."""
        self._workers.terminate_all()


class _JobBatch:
    """One call of `Pool.run`: the jobs that wait, and the outcomes so far by the index of the job."""

    def __init__(self, workers: _Workers, lines: list[str]) -> None:
        self._workers = workers
        self._lines = lines
        self._waiting = deque(range(len(lines)))
        self._outcomes: dict[int, Outcome] = {}
        self._failed_starts = 0

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes of all jobs, in order."""
        try:
            while len(self._outcomes) < len(self._lines):
                self._dispatch()
                self._receive()
        except BaseException:
            # After an interrupt, workers would go on with jobs whose outcomes nobody waits for.
            self._workers.terminate_all()
            raise
        return [self._outcomes[index] for index in range(len(self._lines))]

    def _dispatch(self) -> None:
        """Send a batch to each worker that has none."""
        for worker in self._workers.spawn(len(self._waiting)):
            if worker.ready and not worker.batch and self._waiting:
                share = -(-len(self._waiting) // self._workers.size)
                worker.batch.extend(self._waiting.popleft() for _ in range(min(_BATCH, share)))
                worker.since = time.monotonic()
                worker.send("[" + ",".join(self._lines[index] for index in worker.batch) + "]")

    def _receive(self) -> None:
        """Handle the next message of a worker, or the next deadline."""
        deadlines = [(worker.since + self._allowed_seconds(worker), worker) for worker in self._busy()]
        deadline, first = min(deadlines, key=lambda pair: pair[0])
        try:
            worker, line = self._workers.messages.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            self._replace(first, "timed out")
            return
        if worker in self._workers.alive:  # A terminated worker may have left messages in the queue.
            self._handle(worker, line)

    def _busy(self) -> Iterator[_Worker]:
        return (worker for worker in self._workers.alive if worker.batch or not worker.ready)

    def _allowed_seconds(self, worker: _Worker) -> float:
        return self._workers.seconds if worker.ready else _START_SECONDS

    def _handle(self, worker: _Worker, line: str) -> None:
        if not line:
            self._replace(worker, "died")
            return
        worker.since = time.monotonic()
        ending, value = json.loads(line)
        if ending == "ready":
            worker.ready = True
        elif ending == "no start":
            raise WorkersFailed(value)
        else:
            error = value if ending == "failed" else ""
            self._outcomes[worker.batch.popleft()] = Outcome(ending, None if error else value, error)
            if ending == "no memory":
                # The memory that remains may be too little for the next job, which would not be at fault.
                self._requeue(worker)

    def _replace(self, worker: _Worker, ending: JobEnding) -> None:
        """Record the outcome of the job a worker ended in, and return its other jobs to the queue."""
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts > self._workers.size:
                raise WorkersFailed(f"the worker processes of {self._workers.function} do not start")
        elif worker.batch:
            self._outcomes[worker.batch.popleft()] = Outcome(ending)
        self._requeue(worker)

    def _requeue(self, worker: _Worker) -> None:
        self._waiting.extendleft(reversed(worker.batch))
        self._workers.terminate(worker)


@cache
def _shared(function: str, size: int | None, seconds: float, memory: int) -> Pool:
    return Pool(function, size, seconds, memory)


def shared(function: str, size: int | None = None, seconds: float = 5.0, memory: int = 1 << 30) -> Pool:
    """Return this process's pool for a function and limits, which lives as long as the process; see `Pool`.

    >>> shared("math:factorial") is shared("math:factorial")
    True
    """
    return _shared(function, size, seconds, memory)
