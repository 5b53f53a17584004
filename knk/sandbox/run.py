"""Model code run where it can do no harm, and where what it should return is not known.

Each program runs in a fresh process (`knk.sandbox.worker`), behind the strongest walls the machine offers: see `Level`.
The process gets inputs and sends outputs; it holds nothing else. What is wanted stays here, and so does the comparison
(`knk.sandbox.values`). All that comes out is read as hostile. `run_script` puts a program of ours behind the same walls
that runs model code on its own account, in processes that it starts.

The walls are tried once, when they are first needed; if they are weaker than full, a warning in the log says what is
open. They are never lowered later in silence: if a wall that stood fails, that is `SandboxFailed`.
"""

from __future__ import annotations

import json
import logging
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final, Literal

from knk.errors import SandboxFailed

Wall = Literal["namespaces", "bubblewrap", "none"]
Ending = Literal[
    "done",  # every input was put in, and something came out each time
    "stopped",  # whoever looked at the outputs had seen enough
    "not loaded",  # the code does not compile, fails when loaded, or has no such function
    "timed out",  # it took too long over one input, or over all
    "died",  # the process ended early, by its own doing or at a limit
    "too much output",  # an output is longer than allowed
    "garbled",  # what came is nothing that the worker writes
]

_log = logging.getLogger(__name__)
_WORKER: Final = Path(__file__).with_name("worker.py")
_START_SECONDS: Final = 30.0
_END_SECONDS: Final = 10.0
_PATIENCE: Final = 5.0
"""On a busy machine a call may take this many times longer by the clock than it may work."""
_PATIENCE_IN_ALL: Final = 2.0
"""The same for all calls; it is less, as few programs need nearly as long as they may."""
_PIECE: Final = 1 << 16


@dataclass(frozen=True)
class Level:
    """What keeps model code in, on this machine.

    Args:
        wall: "namespaces": its own users, mounts, processes, network and messages, and a root that shows Python's files
            alone; "bubblewrap": the same by the program of that name; "none": nothing of it.
        seccomp: whether system calls for network, processes and the system's set-up are refused.
        landlock: whether files elsewhere cannot be opened; tried where there is no wall.
        own_user: whether it runs as a user nobody else is, which takes root.
        memory: whether memory is limited.

    >>> Level("namespaces", seccomp=True).full, str(Level("none", seccomp=True))
    (True, 'seccomp, memory limit; open: files of this user, other processes seen')
    """

    wall: Wall
    seccomp: bool = False
    landlock: bool = False
    own_user: bool = False
    memory: bool = True

    @property
    def full(self) -> bool:
        """Whether nothing is open that could be closed."""
        return not self.open

    @property
    def open(self) -> tuple[str, ...]:
        """What is open, in words."""
        walled = self.wall != "none"
        files = "files that all may read" if self.own_user else "files of this user"
        holes = {
            files: not walled and not self.landlock,
            "network": not walled and not self.seccomp,
            "other processes": not walled and not self.seccomp,
            "other processes seen": not walled and self.seccomp,
            "calls to the system": walled and not self.seccomp,
            "memory": not self.memory,
        }
        return tuple(hole for hole, is_open in holes.items() if is_open)

    def __str__(self) -> str:
        parts = {
            self.wall: self.wall != "none",
            "seccomp": self.seccomp,
            "landlock": self.landlock,
            "own user": self.own_user,
            "memory limit": self.memory,
        }
        closed = ", ".join(part for part, is_there in parts.items() if is_there) or "a fresh process"
        return f"{closed}; open: {', '.join(self.open)}" if self.open else closed


@dataclass(frozen=True)
class Program:
    """Code with a function in it.

    Args:
        entry_point: the function's name.
        variants: ways to read the code; the first that compiles and has the function is run. Each is some pieces of
            source, run one after the other as one module.
    """

    entry_point: str
    variants: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Limits:
    """What a program may use.

    Args:
        call_seconds: processor time for one input; waiting is allowed some times longer.
        total_seconds: processor time for all.
        memory_bytes: address space.
        output_bytes: length of one output as sent; or of each its own.
        room_bytes: what its private directory holds, and the longest file.
        room_files: how many files its private directory holds.
        open_files: how many files it may have open.
        threads: how many threads it may have.
    """

    call_seconds: float = 2.0
    total_seconds: float = 10.0
    memory_bytes: int = 1 << 30
    output_bytes: int | Sequence[int] = 1 << 20
    room_bytes: int = 1 << 24
    room_files: int = 256
    open_files: int = 32
    threads: int = 32

    def bytes_of(self, call: int) -> int:
        """Return the length allowed of an output, by its number."""
        return self.output_bytes if isinstance(self.output_bytes, int) else self.output_bytes[call]


@dataclass(frozen=True)
class Output:
    """What came of one input.

    Args:
        kind: a value, an exception, or a value of a type that has no plain form.
        text: the value as JSON (`knk.sandbox.values` reads it), or the name of the exception or type.
    """

    kind: Literal["value", "exception", "other type"]
    text: bytes


@dataclass(frozen=True)
class Run:
    """What came of a program.

    Args:
        ending: how it ended.
        outputs: what came of the inputs, as far as it got.
        detail: more about the ending, in one line.
        times: processor seconds for each input, if they were asked for and it was done; as the worker says.
    """

    ending: Ending
    outputs: tuple[Output, ...] = ()
    detail: str = ""
    times: tuple[float, ...] = ()


Judge = Callable[[int, Output], bool]
"""Given an input's number and what came of it; False ends the run."""


def run(
    program: Program,
    inputs: Sequence[str],
    limits: Limits | None = None,
    judge: Judge | None = None,
    *,
    timed: bool = False,
    level: Level | None = None,
) -> Run:
    """Return what a program makes of inputs, in a process of its own that is gone afterwards.

    Args:
        program: the code.
        inputs: for each call a JSON array of the arguments, on one line.
        limits: what it may use.
        judge: called with each output as it comes; when it returns False, the run is over.
        timed: whether to measure each call.
        level: the walls, this machine's strongest if not given.

    Raises:
        SandboxFailed: the sandbox could not be started, or its process could not be ended.

    >>> run(Program("double", (("def double(x): return x + x",),)), ["[2]", '["a"]', "[null]"]).outputs
    (Output(kind='value', text=b'4'), Output(kind='value', text=b'"aa"'), Output(kind='exception', text=b'TypeError'))
    """
    limits = limits or Limits()
    level = level or strongest()
    what = {"programs": program.variants, "entry_point": program.entry_point, "timed": timed}
    with _request([json.dumps(what), *inputs]) as request, _worker(request, limits, level) as (process, channel):
        reader = _Reader(process, channel, limits, len(inputs), judge)
        state = reader.wait_until_ready()
        if state["memory"] is not level.memory:
            raise SandboxFailed("the sandbox is not what it was when it was first tried")
        return reader.read()


def run_script(
    script: Path, request: str, paths: Sequence[str], limits: Limits, *, level: Level | None = None
) -> bytes:
    """Return what a script of ours answers to a request; it and the processes that it starts run behind the walls.

    The script is a file that defines `answer(request, confine)`, which takes bytes and returns one line of text. It may
    start copies of its process; such a one calls `confine` before it runs model code, which closes all its files, pipes
    to others among them; from then on it can start no process and send no signal. All are gone when this returns.

    Args:
        script: the file, read before the walls are up.
        request: what it is given.
        paths: folders of packages that it imports, which are shown to it and not to be written in.
        limits: what each process may use, but that `total_seconds` are by the clock and for all together, and that
            `output_bytes` is the length of the answer; `threads` counts the processes and their threads.
        level: the walls, this machine's strongest if not given.

    Raises:
        SandboxFailed: the sandbox could not be started, or the script failed, was over a limit, or died.
    """
    level = level or strongest()
    paths = [str(Path(path).resolve()) for path in paths]
    with _request([request]) as file, _worker(file, limits, level, script, paths) as (process, channel):
        reader = _Reader(process, channel, limits, 1, None)
        state = reader.wait_until_ready()
        if state["memory"] is not level.memory:
            raise SandboxFailed("the sandbox is not what it was when it was first tried")
        return reader.answer()


# --- The process ---


@contextmanager
def _request(lines: list[str]) -> Iterator[IO[bytes]]:
    # A file and no pipe: nobody has to wait for the other to read or write.
    with tempfile.TemporaryFile() as file:
        file.write("\n".join(lines).encode())
        file.seek(0)
        yield file


@contextmanager
def _worker(
    request: IO[bytes], limits: Limits, level: Level, script: Path | None = None, paths: Sequence[str] = ()
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a worker; at the end neither it nor its directory is left."""
    if os.name != "posix":
        raise SandboxFailed("model code is run on Linux and macOS alone")
    room = tempfile.mkdtemp(prefix="knk-") if level.wall == "none" else ""
    channel, sending = os.pipe()
    try:
        try:
            config = _config(sending, room, limits, level)
            config |= {"script": str(script.resolve()) if script else "", "paths": list(paths)}
            process = _start(request, config)
        finally:
            os.close(sending)
        try:
            yield process, channel
        finally:
            _end(process, channel, level.wall)
    except OSError as error:
        raise SandboxFailed(f"the sandbox could not be started: {error}") from error
    finally:
        os.close(channel)
        if room:
            _remove(Path(room))


def _config(sending: int, room: str, limits: Limits, level: Level) -> dict[str, Any]:
    """Return what the worker is told of itself."""
    return {
        "channel": sending,
        "parent": os.getpid(),
        "wall": level.wall,
        "seccomp": level.seccomp,
        "landlock": level.landlock,
        "own_user": level.own_user,
        "room": room,
        "cpu_seconds": ceil(limits.total_seconds) + 1,
        **{
            name: getattr(limits, name)
            for name in ("memory_bytes", "room_bytes", "room_files", "open_files", "threads")
        },
    }


def _start(request: IO[bytes], config: dict[str, Any]) -> subprocess.Popen[bytes]:
    # -I would ignore the seed, without which sets of text have another order in each process; -P -s are the rest of it.
    command = [_python(), "-P", "-s", "-S", "-B", str(_WORKER), json.dumps(config)]
    before = _bubblewrap(command[0], config) if config["wall"] == "bubblewrap" else []
    return subprocess.Popen(
        [*before, *command],
        stdin=request,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(config["channel"],),
        env={"PYTHONHASHSEED": "0"},
        cwd="/",
        start_new_session=True,
    )


def _python() -> str:
    """Return the interpreter itself: a virtual environment's link to it would bring the environment's files in."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _end(process: subprocess.Popen[bytes], channel: int, wall: Wall) -> None:
    """Kill the process and all it started, and wait until none of them holds the pipe."""
    if wall == "namespaces":
        # The one that waits kills the other one, sees it gone, and ends.
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_START_SECONDS / 10)
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
    deadline = time.monotonic() + _END_SECONDS
    while data := _read(channel, deadline):
        del data
    if data is None:
        raise SandboxFailed("a process of the sandbox could not be ended")


def _read(channel: int, deadline: float) -> bytes | None:
    """Return what the pipe has, b"" at its end, None if nothing came until the deadline."""
    poll = select.poll()
    poll.register(channel, select.POLLIN | select.POLLHUP)
    left = max(0.0, deadline - time.monotonic())
    return os.read(channel, _PIECE) if poll.poll(ceil(left * 1000)) else None


def _remove(room: Path) -> None:
    """Remove the directory whatever was made of it; links are removed and not followed."""
    if room.is_symlink():
        room.unlink()
    elif room.exists():  # The code may have removed it itself.
        room.chmod(0o700)
        for folder, folders, _ in os.walk(room):
            for name in folders:
                if not Path(folder, name).is_symlink():
                    Path(folder, name).chmod(0o700)
        shutil.rmtree(room)


class _Reader:
    """Reads what a worker tells, with an eye on the clock.

    Args:
        process: the worker.
        channel: the pipe it writes to.
        limits: what it may use.
        calls: how many outputs are to come.
        judge: who looks at them.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], channel: int, limits: Limits, calls: int, judge: Judge | None
    ) -> None:
        self._process = process
        self._channel = channel
        self._limits = limits
        self._calls = calls
        self._judge = judge
        self._pieces: list[bytes] = []
        self._size = 0
        self._outputs: list[Output] = []
        self._early: list[bytes] = []
        self._loaded = False

    def wait_until_ready(self) -> dict[str, Any]:
        """Return what the worker could do only in part; until then no line of the model's code has run."""
        deadline = time.monotonic() + _START_SECONDS
        lines: list[bytes] = []
        while not lines:
            data = _read(self._channel, deadline)
            if not data:
                raise SandboxFailed("the sandbox did not start" if data == b"" else "the sandbox started too slowly")
            lines = self._lines(data)
        word, _, told = lines[0].partition(b" ")
        self._early = lines[1:]
        if word != b"ready":
            raise SandboxFailed(f"the sandbox could not be set up: {json.loads(told)}")
        state: dict[str, Any] = json.loads(told)
        return state

    def answer(self) -> bytes:
        """Return a script's answer, a line that may be long."""
        deadline = time.monotonic() + self._limits.total_seconds
        lines = self._early
        while not lines:
            data = _read(self._channel, deadline)
            if data is None:
                raise SandboxFailed(f"the script took longer than {self._limits.total_seconds:.0f} seconds")
            if not data:
                raise SandboxFailed("the script died")
            lines = self._lines(data)
            if max([self._size, *map(len, lines)]) > self._limits.bytes_of(0):
                raise SandboxFailed("the script's answer is too long")
        if lines[0][:1] != b"=":
            raise SandboxFailed(f"the script failed: {lines[0][1:].decode('ascii', 'replace')}")
        return lines[0][1:]

    def read(self) -> Run:
        """Return what came of the program."""
        clock = _Clock(self._process.pid, self._limits)
        lines = self._early
        while True:
            for line in lines:
                run = self._take(line)
                if run:
                    return run
            call = len(self._outputs)
            longest = self._limits.bytes_of(call) if call < self._calls else 0
            if self._size > longest + _PIECE:
                return self._run("too much output")
            # Loading is timed as a call is. Of fast calls several are told of at once.
            data = clock.read(self._channel, self._limits.call_seconds)
            if data is None:
                return self._run("timed out")
            if not data:
                done = self._loaded and call == self._calls
                return self._run("done" if done else "died")
            lines = self._lines(data)

    def _lines(self, data: bytes) -> list[bytes]:
        """Return the lines that data makes whole; what is left is kept for the next."""
        first, *others = data.split(b"\n")
        self._pieces.append(first)
        if not others:
            self._size += len(first)
            return []
        lines = [b"".join(self._pieces), *others[:-1]]
        self._pieces = [others[-1]]
        self._size = len(others[-1])
        return lines

    def _take(self, line: bytes) -> Run | None:
        """Take one line; return the run if it is over."""
        kind, rest, call = line[:1], line[1:], len(self._outputs)
        if not self._loaded:
            self._loaded = kind == b"+"
            return None if self._loaded else self._not_loaded(kind, rest)
        if call == self._calls:
            return self._timed(kind, rest)
        if kind not in _KINDS:
            return self._run("garbled")
        if len(rest) > self._limits.bytes_of(call):
            return self._run("too much output")
        output = Output(_KINDS[kind], rest if kind == b"=" else _clean(rest).encode())
        self._outputs.append(output)
        if self._judge and not self._judge(call, output):
            return self._run("stopped")
        return None

    def _not_loaded(self, kind: bytes, rest: bytes) -> Run:
        if kind != b"-":
            return self._run("garbled")
        return Run("not loaded", detail=_clean(rest))

    def _timed(self, kind: bytes, rest: bytes) -> Run:
        if kind != b"#":
            return self._run("garbled")
        try:
            times = tuple(map(float, json.loads(rest)))
        except (ValueError, TypeError, RecursionError):
            return self._run("garbled")
        return Run("done", tuple(self._outputs), times=times) if len(times) == self._calls else self._run("garbled")

    def _run(self, ending: Ending) -> Run:
        return Run(ending, tuple(self._outputs))


def _clean(text: bytes) -> str:
    """Return what may be told on: the model's code may have written it."""
    return "".join(letter for letter in text[:200].decode("ascii", "ignore") if letter.isalnum() or letter in "_: ")


_KINDS: Final[dict[bytes, Literal["value", "exception", "other type"]]] = {
    b"=": "value",
    b"!": "exception",
    b"?": "other type",
}


class _Clock:
    """Measures a worker's processor time, as far as the system tells, and the time on the wall.

    A call is over time when it has worked for as long as it may, or has taken some times as long on the wall; where
    the system does not tell the processor time, the longer of the two counts. So a busy machine makes no right program
    wrong.

    Args:
        process: the worker that was started.
        limits: what it may use.
    """

    def __init__(self, process: int, limits: Limits) -> None:
        self._process = _working_process(process)
        self._end = time.monotonic() + limits.total_seconds * _PATIENCE_IN_ALL
        self._last = self._used()

    def read(self, channel: int, seconds: float) -> bytes | None:
        """Return what the pipe has, b"" at its end, None if the call is over time."""
        now = time.monotonic()
        end = min(now + seconds * _PATIENCE, self._end)
        soon = min(now + seconds, end)
        while (data := _read(channel, soon)) is None:
            used = self._used()
            worked = seconds if used is None or self._last is None else used - self._last
            if time.monotonic() >= end or (used is not None and worked >= seconds):
                return None
            soon = min(end, time.monotonic() + max(0.05, seconds - worked))
        self._last = self._used()
        return data

    def _used(self) -> float | None:
        if self._process is None:
            return None
        try:
            # The number that the C library's clock_getcpuclockid gives for a process.
            return time.clock_gettime((~self._process << 3) | 2)
        except OSError:
            return None


def _working_process(process: int) -> int | None:
    """Return the process that runs the model's code: the one started, or the last of those that it waits for."""
    if sys.platform != "linux":
        return None
    for _ in range(4):
        try:
            children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
        except OSError:
            return None
        if not children:
            return process
        process = int(children[0])
    return process


# --- The walls ---


_lock = Lock()


def strongest() -> Level:
    """Return the strongest walls this machine offers, tried once; a warning in the log says it if they are not full.

    Raises:
        SandboxFailed: not even a fresh process can be had.
    """
    with _lock:
        return _strongest()


@lru_cache(maxsize=1)
def _strongest() -> Level:
    problem: SandboxFailed | None = None
    for level in levels():
        try:
            _try(level)
        except SandboxFailed as error:
            problem = problem or error
            _log.debug("walls %s: %s", level, error)
            continue
        if level.full:
            _log.info("model code runs behind: %s", level)
        else:
            _log.warning("model code runs behind weak walls: %s (%s)", level, problem)
        return level
    raise SandboxFailed(f"model code cannot be run: {problem}")


def levels() -> Iterator[Level]:
    """Return an iterator over the walls there are, the strongest first; which of them hold is another matter."""
    linux = sys.platform == "linux"
    walls: list[Wall] = ["namespaces"] if linux else []
    walls += ["bubblewrap"] if linux and shutil.which("bwrap") else []
    for wall in (*walls, "none"):
        for seccomp in (True, False) if linux else (False,):
            for landlock in (True, False) if linux and wall == "none" else (False,):
                for own_user in (True, False) if _is_root() and wall != "bubblewrap" else (False,):
                    yield Level(wall, seccomp, landlock, own_user, memory=linux)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


_PROBE: Final = """
import bisect, collections, datetime, decimal, functools, hashlib, heapq, itertools, math, random, re, string, typing
def probe(name):
    with open(name, "w") as file:
        file.write("here")
    return open(name).read()
"""


def _try(level: Level) -> None:
    """See that walls can be had, and that honest code works behind them."""
    outcome = run(Program("probe", ((_PROBE,),)), ['["file"]'], Limits(), level=level)
    if outcome.outputs != (Output("value", b'"here"'),):
        raise SandboxFailed(f"honest code does not work behind {level}: {outcome.ending} {outcome.detail}")


def _bubblewrap(python: str, config: dict[str, Any]) -> list[str]:
    """Return the command line that stands before the worker's."""
    libraries = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", f"{sys.base_prefix}/lib"]
    script = [config["script"], *config["paths"]] if config["script"] else []
    shown = dict.fromkeys([*libraries, python, str(_WORKER), *script])
    options = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    options += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    for path in shown:
        if Path(path).exists():
            options += ["--ro-bind", path, path]
    for folder in ("/sandbox", "/dev/shm") if script else ("/sandbox",):
        options += ["--size", str(config["room_bytes"]), "--tmpfs", folder]
    return [shutil.which("bwrap") or "bwrap", *options, "--remount-ro", "/", "--chdir", "/sandbox", "--"]
