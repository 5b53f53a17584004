"""Results of commands, ways to run them as processes, and a puzzle to run them on."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.paths import ROOT

COMMAND: Final = [sys.executable, "-m", "knk"]
LIARS: Final = "Ann,Bob 0:-1 1:&(-0,-1)"
"""Ann: "Bob is a knave." Bob: "We are both knaves." """
LIARS_TEXT: Final = "Ann: Bob is a knave. Bob: Ann is a knave and Bob is a knave."
LIARS_SOLUTION: Final = "Ann is a knight and Bob is a knave."


class Result(NamedTuple):
    """The exit status and the output of a command."""

    status: int
    out: str
    err: str


Run = Callable[..., Result]


def run_shell(line: str, cwd: Path = ROOT) -> Result:
    """Run a line of shell in which `knk` is this command."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable}
    script = f'set -o pipefail; knk() {{ "$PYTHON" -m knk "$@"; }}; {line}'
    process = subprocess.run(
        ["bash", "-c", script], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    return Result(process.returncode, process.stdout, process.stderr)


def run_on_terminal(*arguments: str) -> str:
    """Return what a command shows on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "TERM": "xterm"}
    process = subprocess.run(
        [*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment, check=False, timeout=60
    )
    os.close(theirs)
    shown = b""
    while chunk := _read(ours):
        shown += chunk
    os.close(ours)
    assert process.returncode in (0, 2)
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux reports that the other end is closed.
        return b""
