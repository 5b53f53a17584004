"""What code in the sandbox can reach, at each level of isolation that works on this machine."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from knk.errors import SandboxFailed
from knk.sandbox.model import Level, Limits, Output
from knk.sandbox.run import run, run_script, strongest
from knk.sandbox.values import parse_value
from tests.support.paths import ROOT
from tests.support.sandboxed import program, returned_value, run_code

pytestmark = pytest.mark.skipif(os.name != "posix", reason="model code runs on Linux and macOS only")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux offers this isolation")


PROBING = """
import ctypes, os, socket

def f(path, port):
    return [succeeds(action) for action in (
        lambda: open(path).read(),
        lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0,
        lambda: ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0,
        lambda: [0] * 10**10,
    )] + [os.getuid() >= 1 << 30]

def succeeds(action):
    try:
        return bool(action())
    except (OSError, MemoryError) as error:
        return False
"""


@linux
def test_isolation_of_a_program(level: Level, tmp_path: Path) -> None:
    tmp_path.joinpath("secret").write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = [str(tmp_path / "secret"), server.getsockname()[1]]
        (output,) = run(program(PROBING), [json.dumps(arguments)], level=level).outputs
    can_read, can_connect, can_trace, can_fill_memory, has_own_user = parse_value(output.text)
    is_readable_by_all = all(folder.stat().st_mode & 0o001 for folder in tmp_path.parents)
    assert can_read is (level.isolation == "none" and not level.landlock and (is_readable_by_all or not level.own_user))
    assert can_connect is ("network" in level.open)
    assert can_trace is not level.seccomp
    assert can_fill_memory is not level.memory
    assert has_own_user is level.own_user


MAKING_A_MESS = """
import os

def f():
    before = os.listdir()
    os.makedirs("a/b")
    os.symlink("/etc", "a/c")
    os.chmod("a", 0)
    os.chmod(".", 0)
    return before
"""


def test_the_scratch_directory_is_empty_and_is_removed(level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        assert run_code(MAKING_A_MESS, level=level).outputs == (Output("value", b"[]"),)
        assert list(Path(folder).iterdir()) == []
    assert Path("/etc").is_dir()


@linux
def test_an_isolated_root_contains_only_python() -> None:
    if strongest().isolation != "namespaces":
        pytest.skip("this machine does not offer namespaces")
    tops = returned_value("import os\ndef f(): return sorted(os.listdir('/'))")
    assert "sandbox" in tops
    assert not {"etc", "home", "tmp", "proc", "var", "work", "dev", "sys"} & set(tops)
    assert returned_value("import os\ndef f(): return [os.getpid(), len(os.environ), os.getcwd()]") == [
        1,
        0,
        "/sandbox",
    ]
    for path in ("/", os.__file__.rpartition("/")[0]):
        written = run_code(f"def f(): open({path!r} + '/x', 'w')")
        assert written.outputs[0].text in (b"OSError", b"PermissionError")


OPEN_FILES = """
import os

def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True

def f():
    return [number for number in range(64) if is_open(number)]
"""


def test_open_files_are_not_inherited(tmp_path: Path) -> None:
    with tmp_path.joinpath("open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        results = returned_value(OPEN_FILES)
    assert len(results) == 4
    assert results[:3] == [0, 1, 2]


# Scripts that start processes.

SCRIPT = """
import json, multiprocessing, os, socket

def answer(request, confine):
    arguments = json.loads(request)
    context = multiprocessing.get_context("fork")
    pipe = os.pipe()
    process = context.Process(target=probe_all, args=(arguments, confine, pipe))
    process.start()
    process.join()
    results = json.load(open("results"))
    os.remove("results")
    blocked = context.Process(target=os.read, args=(os.pipe()[0], 1))
    blocked.start()
    blocked.terminate()
    blocked.join()
    import installed
    return json.dumps([results, sorted(os.listdir()), blocked.exitcode < 0, installed.NAME])

def probe_all(arguments, confine, pipe):
    confine()
    results = {name: succeeds(action) for name, action in {
        "read": lambda: open(arguments["secret"]).read(),
        "write": lambda: open(arguments["folder"] + "/planted", "w"),
        "write a package": lambda: open(arguments["packages"] + "/planted.py", "w"),
        "environment": lambda: dict(os.environ),
        "call": lambda: socket.socket().connect_ex(("127.0.0.1", arguments["port"])) == 0,
        "start": lambda: exit_child(os.fork()),
        "kill": lambda: os.kill(os.getppid(), 0) or True,
        "fill": lambda: [0] * 10**10,
        "others": lambda: os.write(pipe[1], b"x"),
        "file": lambda: open("file", "w").write("x"),
    }.items()}
    json.dump(results, open("results", "w"))

def exit_child(child):
    if not child:
        os._exit(0)
    return child

def succeeds(action):
    try:
        return bool(action())
    except (OSError, MemoryError):
        return False
"""
FORKS = Limits(total_seconds=60.0, open_files=64, threads=64)


def answer_of(code: str, folder: Path, request: str = "", limits: Limits = FORKS, level: Level | None = None) -> Any:
    script = folder / "script.py"
    script.write_text(code)
    return json.loads(run_script(script, request, [str(folder / "packages")], limits, level=level))


@linux
def test_isolation_of_a_scripts_child_processes(level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (packages := tmp_path / "packages").mkdir()
    packages.joinpath("installed.py").write_text("NAME = 'found'")
    (secret := tmp_path / "secret").write_text("x")
    monkeypatch.setenv("KNK_SECRET", "x")
    for folder in (packages, *tmp_path.parents[:2], tmp_path):
        folder.chmod(0o755)  # The script may run as another user.
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = {"secret": str(secret), "folder": str(tmp_path), "packages": str(packages)}
        arguments["port"] = server.getsockname()[1]
        results, file, ended, installed = answer_of(SCRIPT, tmp_path, json.dumps(arguments), level=level)
    files_hidden = level.isolation != "none" or level.landlock
    assert results["read"] is not files_hidden
    assert results["write"] is results["write a package"] is not (files_hidden or level.own_user)
    assert results["call"] is ("network" in level.open)
    assert results["start"] is results["kill"] is not level.seccomp or level.own_user
    assert results["fill"] is not level.memory
    assert not results["environment"]
    assert not results["others"]
    assert results["file"]
    assert (file, ended, installed) == (["file"], True, "found")


@linux
@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("def answer(request, confine): return 1 / 0", "the script failed: ZeroDivisionError: division by zero"),
        ("def answer(request, confine): import os; os._exit(0)", "the script died"),
        ("def answer(request, confine):\n    while True: pass", "longer than 1 seconds"),
        ("def answer(request, confine): return 'x' * 10**6", "answer is too long"),
        ("def answer(request, confine): import no_such_package", "ModuleNotFoundError"),
    ],
)
def test_a_failing_script_is_reported(code: str, problem: str, tmp_path: Path) -> None:
    limits = Limits(total_seconds=1.0, output_bytes=1000)
    with pytest.raises(SandboxFailed, match=problem):
        answer_of(code, tmp_path, limits=limits)


ORDINARY = """
import os
from knk.sandbox.model import Program
from knk.sandbox.run import run, strongest
print(os.getuid(), strongest(), run(Program("f", (("def f(x): return x + 1",),)), ["[1]"]).outputs)
"""


def reachable_python() -> str | None:
    """An interpreter of a supported version that every user may run."""
    for name in (os.path.realpath(sys.executable), shutil.which("python3", path="/usr/bin:/usr/local/bin")):
        if name and all(folder.stat().st_mode & 0o001 for folder in Path(name).parents):
            command = [name, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
            if subprocess.run(command, check=False).returncode == 0:
                return name
    return None


@linux
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_isolation_works_without_root() -> None:
    python = reachable_python()
    if python is None:
        pytest.skip("no supported Python is executable for every user")
    if strongest().isolation != "namespaces":
        pytest.skip("this machine does not offer namespaces")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "knk", Path(folder, "knk"), ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        output = subprocess.run(
            [python, "-B", "-c", ORDINARY],
            cwd=folder,
            user=12345,
            group=12345,
            extra_groups=[],
            env={},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    assert output.startswith("12345 namespaces, seccomp, memory limit (Output(kind='value', text=b'2'),)")
