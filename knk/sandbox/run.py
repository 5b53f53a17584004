"""Run model code where it can do no harm and where the expected outputs are not present.

Each program runs in a fresh process (`knk.sandbox.worker`) at the strongest level of isolation that the machine offers;
see `Level`. The process is sent inputs and returns outputs. The expected outputs stay in this process, which compares
them (`knk.sandbox.values`) and treats all that it reads as hostile.

Isolation is probed once, on first use. If it is weaker than full, a log warning says what remains open. It is never
weakened silently later: if isolation that worked at first fails, that is `SandboxFailed`.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

from knk.errors import SandboxFailed
from knk.sandbox.model import Isolation, Level, Limits, OnOutput, Output, Program, Run
from knk.sandbox.process import request_file, worker
from knk.sandbox.protocol import Reader

_log = logging.getLogger(__name__)
_lock: Final = Lock()
_PROBE: Final = """
import bisect, collections, datetime, decimal, functools, hashlib, heapq, itertools, math, random, re, string, typing
def probe(name):
    with open(name, "w") as file:
        file.write("here")
    return open(name).read()
"""


def run(
    program: Program,
    inputs: Sequence[str],
    limits: Limits | None = None,
    on_output: OnOutput | None = None,
    *,
    timed: bool = False,
    level: Level | None = None,
) -> Run:
    """Return the result of calling a program's function on inputs, in a process of its own.

    Args:
        program: the code.
        inputs: the arguments of each call, a JSON array on one line.
        limits: the resources it may use; the defaults of `Limits` if None.
        on_output: called with each output as it arrives; when it returns False, the run ends.
        timed: whether to measure each call.
        level: the isolation; this machine's strongest if None.

    Raises:
        SandboxFailed: the sandbox cannot be started, or its process cannot be killed.

    >>> run(Program("double", (("def double(x): return x + x",),)), ["[2]", '["a"]', "[null]"]).outputs
    (Output(kind='value', text=b'4'), Output(kind='value', text=b'"aa"'), Output(kind='exception', text=b'TypeError'))
    """
    limits = limits or Limits()
    level = level or strongest()
    header = {"programs": program.variants, "entry_point": program.entry_point, "timed": timed}
    with (
        request_file([json.dumps(header), *inputs]) as request,
        worker(request, limits, level) as (process, channel),
    ):
        reader = Reader(process, channel, limits, len(inputs), on_output)
        _check_state(reader.wait_until_ready(), level)
        return reader.read_run()


def run_script(
    script: Path, request: str, paths: Sequence[str], limits: Limits, *, level: Level | None = None
) -> bytes:
    """Return the answer of a script of this library that itself runs model code in child processes.

    The script is a file that defines `answer(request, confine)`, which takes bytes and returns one line of text. It may
    fork. A child calls `confine` before it runs model code: that closes all its files, pipes to others among them, and
    from then on it can start no process and send no signal. All processes are gone when this function returns.

    Args:
        script: the file, which is read before the process is isolated.
        request: the argument of `answer`.
        paths: folders of packages that the script imports; it can read them and not write to them.
        limits: the resources of each process, except that `total_seconds` are wall-clock seconds of all processes
            together, `output_bytes` is the length of the answer, and `threads` counts processes and threads.
        level: the isolation; this machine's strongest if None.

    Raises:
        SandboxFailed: the sandbox cannot be started, or the script failed, exceeded a limit, or died.
    """
    level = level or strongest()
    paths = [str(Path(path).resolve()) for path in paths]
    with request_file([request]) as file, worker(file, limits, level, script, paths) as (process, channel):
        reader = Reader(process, channel, limits, 1, None)
        _check_state(reader.wait_until_ready(), level)
        return reader.read_answer()


def _check_state(state: dict[str, Any], level: Level) -> None:
    if state["memory"] is not level.memory:
        raise SandboxFailed("the sandbox is weaker than when it was first probed")


def strongest() -> Level:
    """Return the strongest isolation that this machine offers, probed once; a log warning says if it is not full.

    Raises:
        SandboxFailed: not even a fresh process can be started.
    """
    with _lock:
        return _strongest_here()


@lru_cache(maxsize=1)
def _strongest_here() -> Level:
    return strongest_of(levels())


def strongest_of(candidates: Iterable[Level]) -> Level:
    """Return the first of some levels at which honest code works.

    Args:
        candidates: the levels, strongest first.

    Raises:
        SandboxFailed: there is none.
    """
    problem: SandboxFailed | None = None
    for level in candidates:
        try:
            probe(level)
        except SandboxFailed as error:
            problem = problem or error
            _log.debug("isolation %s: %s", level, error)
            continue
        if level.full:
            _log.info("model code runs in isolation: %s", level)
        else:
            _log.warning("model code runs in weak isolation: %s (%s)", level, problem)
        return level
    raise SandboxFailed(f"model code cannot be run: {problem}")


def levels() -> Iterator[Level]:
    """Iterate over the levels for this kind of system, strongest first, whether or not they work on this machine."""
    linux = sys.platform == "linux"
    isolations: list[Isolation] = ["namespaces"] if linux else []
    isolations += ["bubblewrap"] if linux and shutil.which("bwrap") else []
    for isolation in (*isolations, "none"):
        for seccomp in (True, False) if linux else (False,):
            for landlock in (True, False) if linux and isolation == "none" else (False,):
                for own_user in (True, False) if _is_root() and isolation != "bubblewrap" else (False,):
                    yield Level(isolation, seccomp, landlock, own_user, memory=linux)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def probe(level: Level) -> None:
    """Check that honest code works at a level.

    Raises:
        SandboxFailed: it does not.
    """
    result = run(Program("probe", ((_PROBE,),)), ['["file"]'], Limits(), level=level)
    if result.outputs != (Output("value", b'"here"'),):
        raise SandboxFailed(f"honest code does not work in {level}: {result.ending} {result.detail}")
