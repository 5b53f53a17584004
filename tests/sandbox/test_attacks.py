"""A corpus of attacks on the sandbox, run through the HumanEval+ task."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from knk.sandbox import run as sandbox
from knk.sandbox.model import Level
from knk.sandbox.run import strongest
from knk.tasks import humaneval_plus
from knk.tasks.code.outputs import TimeLimits
from tests.support.attacks.code import ATTACKS, HONEST, ROW, Attack
from tests.support.paths import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="model code runs on Linux and macOS only")
SHORT = TimeLimits(call_seconds=0.2, total_seconds=3.0)
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports the processes of others")


def processes_of(parent: int) -> list[str]:
    """The command lines of the running sandbox processes that a process started."""
    lines = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = folder.joinpath("cmdline").read_bytes().decode(errors="replace")
        except OSError:  # It has just exited.
            continue
        if "sandbox/worker.py" in line and f'"parent": {parent},' in line:
            lines.append(line)
    return lines


class Outside:
    """A file with a solution, a listening port, and checks that both are untouched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = folder / "solution.py"
        self.secret.write_text(HONEST, encoding="utf-8")
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.setblocking(False)

    def with_values(self, code: str) -> str:
        values = {"SECRET": self.secret, "FOLDER": self.folder, "PORT": self.server.getsockname()[1]}
        for word, value in {**values, "PARENT": os.getpid()}.items():
            code = code.replace(word, str(value))
        return code

    def check(self) -> None:
        """Nothing was changed, nothing connected, no process is running."""
        assert [path.name for path in self.folder.iterdir()] == ["solution.py"]
        assert self.secret.read_text(encoding="utf-8") == HONEST
        assert not Path(os.__file__).with_name("planted.py").exists()
        with pytest.raises(BlockingIOError):
            self.server.accept()
        assert processes_of(os.getpid()) == []


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    folder = tmp_path / "outside"
    folder.mkdir()
    surroundings = Outside(folder)
    yield surroundings
    surroundings.server.close()


def completion(code: str) -> str:
    return f"Hm.</think><answer>```python\n{code}\n```</answer>"


def unexpected(attacks: list[Attack], outside: Outside) -> list[str]:
    """Attacks with another verdict than theirs, each in words."""
    texts = [completion(outside.with_values(attack.code)) for attack in attacks]
    verdicts = humaneval_plus.verify_many(texts, [ROW] * len(texts), time_limits=SHORT)
    results = zip(attacks, map(str, verdicts), strict=True)
    return [f"{attack.idea}: {verdict}" for attack, verdict in results if not verdict.startswith(attack.verdict)]


def test_the_corpus_is_large() -> None:
    hostile = [attack for attack in ATTACKS if attack.verdict != "right"]
    assert len(hostile) >= 60
    assert len({attack.idea for attack in ATTACKS}) == len({attack.code for attack in ATTACKS}) == len(ATTACKS)


def test_attacks_fail(outside: Outside) -> None:
    if not strongest().full:
        pytest.skip(f"isolation is not full on this machine: {strongest()}")
    assert unexpected(ATTACKS, outside) == []
    outside.check()
    assert humaneval_plus.verify(completion(HONEST), ROW, time_limits=SHORT)


@pytest.mark.slow
def test_attacks_fail_at_weaker_levels(level: Level, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    if not level.seccomp:
        pytest.skip("without a system call filter the system itself is open")
    monkeypatch.setattr(sandbox, "strongest", lambda: level)
    hides_files = level.isolation != "none" or level.landlock
    attacks = [attack for attack in ATTACKS if hides_files or not attack.walls]
    # How an attack fails depends on the level; that it fails does not.
    attacks = [attack._replace(verdict=attack.verdict.partition(":")[0]) for attack in attacks]
    assert unexpected(attacks, outside) == []
    outside.check()


def test_no_state_survives_a_run(outside: Outside) -> None:
    planting = (
        "import builtins, sys, os, tempfile\n"
        "builtins.planted = 1\nsys.modules['planted'] = sys\nopen('planted.py', 'w').write('x = 1')\n"
        "os.environ['planted'] = '1'\n" + HONEST
    )
    looking = (
        "import os, sys, builtins\n"
        "if hasattr(builtins, 'planted') or 'planted' in sys.modules or os.listdir() or os.environ: raise KeyError\n"
        + HONEST
    )
    for code in (planting, looking, planting, looking):
        assert humaneval_plus.verify(completion(code), ROW, time_limits=SHORT)


CHILD = """
import sys
from knk.sandbox.model import Limits, Program
from knk.sandbox.run import run
code = "import time, sys\\ndef f():\\n    while True: time.sleep(1)"
print("started", flush=True)
run(Program("f", ((code,),)), ["[]"], Limits(call_seconds=100, total_seconds=100))
"""


@linux
def test_a_killed_parent_leaves_no_process() -> None:
    process = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, cwd=ROOT)
    with process:
        assert process.stdout
        process.stdout.readline()
        wait_for(lambda: len(processes_of(process.pid)) > 0)
        time.sleep(0.3)
        assert processes_of(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_for(lambda: processes_of(process.pid) == [])


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)
