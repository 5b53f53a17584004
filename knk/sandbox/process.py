"""The worker process: started in isolation, read from, and killed with all that it started."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from math import ceil
from pathlib import Path
from typing import IO, Any, Final

from knk.errors import SandboxFailed
from knk.sandbox.model import Isolation, Level, Limits

START_SECONDS: Final = 30.0
"""Wall-clock seconds in which a worker has to start."""
READ_BYTES: Final = 1 << 16
"""The most that is read from the pipe at once."""
_END_SECONDS: Final = 10.0
_WORKER: Final = Path(__file__).with_name("worker.py")
_IMPORT_ROOT: Final = _WORKER.parents[2]
_WORKER_SOURCES: Final = (
    *(_IMPORT_ROOT / "knk" / name for name in ("__init__.py", "version.py")),
    *(_WORKER.with_name(f"{name}.py") for name in ("__init__", "worker", "isolation", "syscalls", "encoding")),
)
"""What the worker imports; all the rest of its code is the standard library's."""


@contextmanager
def request_file(lines: Sequence[str]) -> Iterator[IO[bytes]]:
    """Yield a temporary file that holds the lines of a request."""
    # A file, not a pipe: neither side has to wait for the other.
    with tempfile.TemporaryFile() as file:
        file.write("\n".join(lines).encode())
        file.seek(0)
        yield file


@contextmanager
def worker(
    request: IO[bytes],
    limits: Limits,
    level: Level,
    script: Path | None = None,
    paths: Sequence[str] = (),
    python: str | None = None,
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a worker; at the end neither it nor its scratch directory exists.

    Args:
        request: the worker's standard input.
        limits: the resources it may use.
        level: its isolation.
        script: for `run_script`, the script.
        paths: for `run_script`, folders of packages that the script imports.
        python: the interpreter; this process's own if None.

    Yields:
        The process, and the file descriptor of the pipe that it writes to.

    Raises:
        SandboxFailed: the worker cannot be started or cannot be killed.
    """
    if os.name != "posix":
        raise SandboxFailed("model code runs on Linux and macOS only")
    scratch = tempfile.mkdtemp(prefix="knk-") if level.isolation == "none" else ""
    channel, worker_end = os.pipe()
    try:
        try:
            config = _config(worker_end, scratch, limits, level)
            config |= {"script": str(script.resolve()) if script else "", "paths": list(paths)}
            process = _start(request, config, python or _base_python())
        finally:
            os.close(worker_end)
        try:
            yield process, channel
        finally:
            _kill(process, channel, level.isolation)
    except OSError as error:
        raise SandboxFailed(f"the sandbox could not be started: {error}") from error
    finally:
        os.close(channel)
        if scratch:
            _remove(Path(scratch))


def _config(channel: int, scratch: str, limits: Limits, level: Level) -> dict[str, Any]:
    """Return the worker's configuration."""
    return {
        "channel": channel,
        "parent": os.getpid(),
        "import_root": str(_IMPORT_ROOT),
        "isolation": level.isolation,
        "seccomp": level.seccomp,
        "landlock": level.landlock,
        "own_user": level.own_user,
        "scratch": scratch,
        "cpu_seconds": ceil(limits.total_seconds) + 1,
        **{
            name: getattr(limits, name)
            for name in ("memory_bytes", "scratch_bytes", "scratch_files", "open_files", "threads")
        },
    }


def _start(request: IO[bytes], config: dict[str, Any], python: str) -> subprocess.Popen[bytes]:
    # Not -I, which would ignore PYTHONHASHSEED: without a seed sets of str are ordered differently in each process.
    command = [python, "-P", "-s", "-S", "-B", str(_WORKER), json.dumps(config)]
    prefix = _bubblewrap(python, config) if config["isolation"] == "bubblewrap" else []
    return subprocess.Popen(
        [*prefix, *command],
        stdin=request,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(config["channel"],),
        env={"PYTHONHASHSEED": "0"},
        cwd="/",
        start_new_session=True,
    )


def _base_python() -> str:
    """Return the interpreter itself, as a virtual environment's link to it would make the environment visible."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _bubblewrap(python: str, config: dict[str, Any]) -> list[str]:
    """Return the bubblewrap command that runs the worker's command."""
    libraries = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", f"{sys.base_prefix}/lib"]
    script = [config["script"], *config["paths"]] if config["script"] else []
    visible = dict.fromkeys([*libraries, python, *map(str, _WORKER_SOURCES), *script])
    options = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    options += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    for path in visible:
        if Path(path).exists():
            options += ["--ro-bind", path, path]
    for folder in ("/sandbox", "/dev/shm") if script else ("/sandbox",):
        options += ["--size", str(config["scratch_bytes"]), "--tmpfs", folder]
    return [shutil.which("bwrap") or "bwrap", *options, "--remount-ro", "/", "--chdir", "/sandbox", "--"]


def _kill(process: subprocess.Popen[bytes], channel: int, isolation: Isolation) -> None:
    """Kill the process and all that it started, and wait until none of them holds the pipe."""
    if isolation == "namespaces":
        # The process that waits for the first one of the namespace kills it, sees it end, and ends.
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(START_SECONDS / 10)
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
    deadline = time.monotonic() + _END_SECONDS
    while data := read_pipe(channel, deadline):
        del data
    if data is None:
        raise SandboxFailed("a process of the sandbox could not be killed")


def read_pipe(channel: int, deadline: float) -> bytes | None:
    """Return what the pipe has, b"" at its end, None if nothing comes before the deadline (`time.monotonic`)."""
    poll = select.poll()
    poll.register(channel, select.POLLIN | select.POLLHUP)
    remaining = max(0.0, deadline - time.monotonic())
    return os.read(channel, READ_BYTES) if poll.poll(ceil(remaining * 1000)) else None


def _remove(scratch: Path) -> None:
    """Remove the scratch directory whatever the code made of it; links are removed, not followed."""
    if scratch.is_symlink():
        scratch.unlink()
    elif scratch.exists():  # The code may have removed it itself.
        scratch.chmod(0o700)
        for folder, folders, _ in os.walk(scratch):
            for name in folders:
                if not Path(folder, name).is_symlink():
                    Path(folder, name).chmod(0o700)
        shutil.rmtree(scratch)
