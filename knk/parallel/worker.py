"""What runs inside a worker process of `knk.parallel.pool`: read jobs, run them within limits, write outcomes.

A line of input is a JSON list of jobs. For each job one line of output: a JSON pair of an ending and a value.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from typing import IO, Any, Final, Literal

JobEnding = Literal["done", "timed out", "no memory", "died", "failed"]

BOOT: Final = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from knk.parallel.worker import serve; serve()"
"""The program of a worker; its arguments are the module path as JSON, and those that `serve` reads."""
_PARENT_CHECK_SECONDS: Final = 1.0
_MAX_ERROR: Final = 300


def serve() -> None:
    """Run the jobs on standard input until it ends, and write their outcomes to standard output.

    The arguments of the process are the module path, the function as "module:name", the bytes of memory, the seconds
    for a job, and the process id of the parent.
    """
    function, memory, seconds, parent = sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    # Whatever a library prints must not be taken for an outcome.
    os.dup2(2, 1)
    threading.Thread(target=_exit_with_parent, args=(parent,), daemon=True).start()
    _limit_memory(memory)
    try:
        module, _, name = function.partition(":")
        run_job = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        _write(out, "no start", _one_line(error))
        return
    _write(out, "ready", None)
    for line in sys.stdin:
        for job in json.loads(line):
            _limit_cpu_time(seconds)
            _write(out, *_outcome(run_job, job))


def _outcome(run_job: Callable[[Any], Any], job: Any) -> tuple[JobEnding, Any]:
    try:
        value = run_job(job)
        json.dumps(value)  # A value that is not JSON counts as an exception of the function.
    except MemoryError:
        return "no memory", None
    except Exception as error:  # noqa: BLE001 - any exception is reported to the caller
        return "failed", _one_line(error)
    return "done", value


def _write(out: IO[str], ending: str, value: Any) -> None:
    out.write(json.dumps([ending, value]) + "\n")
    out.flush()


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:_MAX_ERROR]


def _exit_with_parent(parent: int) -> None:
    # If the parent forked, its children hold the other end of the pipe too, so its death does not close it.
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(1)


def _limit_memory(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; only time is limited there.
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (memory if hard < 0 else min(memory, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _limit_cpu_time(seconds: float) -> None:
    # For a worker whose parent is killed while it computes with huge numbers, when no other thread gets a turn.
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(time.process_time() + 2 * seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard < 0 else min(soft, hard), hard))
