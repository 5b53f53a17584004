"""The sandbox: values that come out of it, limits, walls of each strength, and a corpus of attacks."""

import errno
import json
import logging
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knk.errors import BadOutput, SandboxFailed
from knk.sandbox import run as sandbox
from knk.sandbox.run import (
    Level,
    Limits,
    Output,
    Program,
    Run,
    levels,
    run,
    run_script,
    strongest,
)
from knk.sandbox.values import number_of, same, tree_of
from knk.sandbox.worker import NotPlain, encode, filter_of
from knk.tasks import humaneval_plus
from tests.support.attacks.code import (
    ATTACKS,
    HONEST,
    ROW,
    Attack,
)
from tests.support.paths import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="model code is run on Linux and macOS alone")
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has these walls")

SHORT = Limits(call_seconds=0.3, total_seconds=2.0)
IDENTITY = Program("same", (("def same(*x): return x",),))


def program(code: str) -> Program:
    return Program("f", ((code,),))


def outcome(code: str, inputs: tuple[str, ...] = ("[]",), level: Level | None = None) -> Run:
    return run(program(code), inputs, SHORT, level=level)


def value(code: str) -> Any:
    """What `f()` returns, as a tree."""
    (output,) = outcome(code).outputs
    assert output.kind == "value", output
    return tree_of(output.text)


# Values.

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.sampled_from([1 << 63, -(1 << 63) - 1, 10**400, -(10**400)]),
    st.floats(allow_nan=False),
    st.sampled_from([0.0, 1.0, -0.0, math.inf]),
    st.complex_numbers(allow_nan=False, max_magnitude=4),
    st.text(max_size=3),
    st.sampled_from(["", "a", "\ud800", "\n"]),
    st.binary(max_size=2),
)
hashable = st.recursive(scalars, lambda inner: st.lists(inner, max_size=2).map(tuple), max_leaves=3)
values = st.recursive(
    st.one_of(scalars, st.sets(hashable, max_size=3), st.frozensets(hashable, max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(hashable, inner, max_size=3),
    ),
    max_leaves=6,
)


def sent(value: Any) -> Any:
    """A value as it arrives here."""
    return tree_of(json.dumps(encode(value)))


@given(values, values)
def test_trees_are_the_same_if_and_only_if_the_values_are_equal(first: Any, second: Any) -> None:
    assert same(sent(first), sent(second)) == (first == second)


@given(values)
def test_a_value_is_the_same_as_itself(value: Any) -> None:
    assert same(sent(value), sent(value))


@pytest.mark.parametrize(
    ("wanted", "got", "equal"),
    [
        (1, True, True),
        (True, 1.0, True),
        (2, 2.0, True),
        (0, None, False),
        (False, None, False),
        ([1], (1,), False),
        ([], (), False),
        ({1, 2}, {2.0, True}, True),
        ({1, 2}, [1, 2], False),
        ({1: "a", 2: "b"}, {2: "b", 1: "a"}, True),
        ({1: "a"}, {1: "b"}, False),
        ({1: "a"}, {"1": "a"}, False),
        ({"a": 1, "b": 1}, Counter("ab"), True),
        ({"a": [1]}, defaultdict(list, a=[1]), True),
        ({"a": 1}, OrderedDict(a=1), True),
        ("a", b"a", False),
        (b"a", bytearray(b"a"), True),
        (10**400, 1e308, False),
        (math.inf, math.inf, True),
        (math.nan, math.nan, False),
        (0.1 + 0.2, 0.3, False),
        (1 + 0j, 1, True),
        ({(1, (2, frozenset({3})))}, {(True, (2.0, frozenset({3})))}, True),
    ],
)
def test_equality_is_pythons_own(wanted: Any, got: Any, equal: bool) -> None:
    assert same(sent(wanted), sent(got)) is equal


@pytest.mark.parametrize(
    ("wanted", "got", "equal"),
    [
        (0.3, 0.1 + 0.2, True),
        (1.0, 1 + 0.9e-6, True),
        (1.0, 1 + 1.2e-6, False),
        (1e9, 1e9 + 90, True),
        (1e9, 1e9 + 110, False),
        ([0.5, 1.5], [0.5, 1.5000001], True),
        ([0.5, 1.5], (0.5, 1.5), False),
        ([0.5], [0.5, 0.5], False),
        (0.5, "0.5", False),
        (0.5, [0.5], False),
        (0.5, None, False),
        (math.nan, math.nan, True),
        (0.5, math.nan, False),
        (math.nan, 0.5, False),
        (math.inf, 1e308, False),
        (0.5, math.inf, False),
        (1.0, 10**400, False),
    ],
)
def test_a_tolerance_is_for_numbers(wanted: Any, got: Any, equal: bool) -> None:
    assert same(sent(wanted), sent(got), 1e-6) is equal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        '{"tuple": 1}',
        '{"tuple": [], "set": []}',
        '{"pickle": "gASV"}',
        '{"int": "10"}',
        '{"int": 10}',
        '{"float": "1e5"}',
        '{"bytes": "xx"}',
        '{"dict": [[1]]}',
        '{"dict": {"a": 1}}',
        '{"complex": [1]}',
        '{"complex": [{"complex": [1, 1]}, 1]}',
        "[" * 5000 + "]" * 5000,
        "[" * 200 + "]" * 200,
        "1" * 5000,
        "\xff",
    ],
)
def test_what_is_no_tree_is_refused(text: str) -> None:
    with pytest.raises(BadOutput):
        tree_of(text)


def test_numbers_made_to_collide_cost_nothing() -> None:
    numbers = [n * (2**61 - 1) for n in range(20000)]
    before = time.perf_counter()
    assert same(sent(set(numbers[:2])) | {"set": numbers}, {"set": numbers[::-1]})
    assert time.perf_counter() - before < 2


def test_what_has_no_plain_form_is_not_encoded() -> None:
    for value in (object(), range(3), iter(()), len, ...):
        with pytest.raises(NotPlain):
            encode(value)


def test_values_come_out_as_they_are() -> None:
    inputs = ['[1, 2.5, null, true, [[]], {"a": 1}]', '["\\ud800\\n"]']
    told = [tree_of(output.text) for output in run(IDENTITY, inputs).outputs]
    assert told == [{"tuple": [1, 2.5, None, True, [[]], {"dict": [["a", 1]]}]}, {"tuple": ["\ud800\n"]}]
    assert number_of(value("def f(): return 10**5000")) == 10**5000


def test_sets_of_text_have_one_order() -> None:
    code = "def f(): return list({str(n) for n in range(50)})"
    assert value(code) == value(code)


# Runs.


def test_the_first_program_that_compiles_and_has_the_function_is_run() -> None:
    variants = (("def f(: return 1",), ("x = 1",), ("x = 2", "def f(): return x"), ("def f(): return 3",))
    assert run(Program("f", variants), ["[]"]).outputs == (Output("value", b"2"),)


def test_a_judge_ends_a_run() -> None:
    seen: list[tuple[int, bytes]] = []

    def judge(call: int, output: Output) -> bool:
        seen.append((call, output.text))
        return call < 1

    ran = run(program("def f(x):\n    while x == 2: pass\n    return x"), ["[0]", "[1]", "[2]"], SHORT, judge)
    assert (ran.ending, seen) == ("timed out", [])
    ran = run(program("def f(x): return x"), ["[0]", "[1]", "[2]"], SHORT, judge)
    assert (ran.ending, seen) == ("stopped", [(0, b"0"), (1, b"1")])


def test_times_are_told_if_asked_for() -> None:
    ran = run(program("def f(n): return sum(range(n))"), ["[1]", "[2000000]"], timed=True)
    assert ran.ending == "done"
    assert 0 <= ran.times[0] < ran.times[1] < 2


def test_a_run_without_inputs_loads_the_code() -> None:
    assert run(program("def f(): return 1"), []).ending == "done"
    assert run(program("x = 1"), []).ending == "not loaded"


def test_each_output_has_its_own_length() -> None:
    code = program("def f(n): return 'x' * n")
    limits = Limits(output_bytes=(10, 2000))
    assert run(code, ["[5]", "[1000]"], limits).ending == "done"
    assert run(code, ["[1000]", "[5]"], limits).ending == "too much output"


def test_what_counts_is_time_at_work() -> None:
    code = program("import time\ndef f(n): time.sleep(n)")
    assert run(code, ["[0.5]"], SHORT).ending == "done"


def test_a_sandbox_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    level = strongest()
    monkeypatch.setattr(sandbox, "_python", lambda: "/nowhere/python")
    with pytest.raises(SandboxFailed, match="could not be started"):
        run(IDENTITY, ["[1]"], level=level)
    monkeypatch.setattr(sandbox, "_python", lambda: "/bin/false")
    with pytest.raises(SandboxFailed, match="did not start"):
        run(IDENTITY, ["[1]"], level=level)


# Walls.


def test_walls_that_are_not_full_are_said_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    weakest = Level("none", memory=sys.platform == "linux")
    monkeypatch.setattr(sandbox, "levels", lambda: iter([weakest]))
    sandbox._strongest.cache_clear()
    try:
        with caplog.at_level(logging.WARNING, logger="knk.sandbox.run"):
            assert strongest() == weakest
            assert strongest() == weakest
    finally:
        sandbox._strongest.cache_clear()
    (record,) = caplog.records
    assert "weak walls" in record.message
    assert "network" in record.message


def test_no_walls_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "levels", lambda: iter([Level("bubblewrap")]))
    monkeypatch.setattr(shutil, "which", lambda _: "/nowhere/bwrap")
    sandbox._strongest.cache_clear()
    try:
        with pytest.raises(SandboxFailed, match="cannot be run"):
            strongest()
    finally:
        sandbox._strongest.cache_clear()


def stands(level: Level) -> bool:
    try:
        sandbox._try(level)
    except SandboxFailed:
        return False
    return True


@pytest.fixture(params=list(levels()), ids=str)
def level(request: pytest.FixtureRequest) -> Level:
    """Each strength of walls that this machine has."""
    one: Level = request.param
    if not stands(one):
        pytest.skip("this machine does not have these walls")
    return one


PRYING = """
import ctypes, os, socket

def f(path, port):
    return [tried(action) for action in (
        lambda: open(path).read(),
        lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0,
        lambda: ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0,
        lambda: [0] * 10**10,
    )] + [os.getuid() >= 1 << 30]

def tried(action):
    try:
        return bool(action())
    except (OSError, MemoryError) as error:
        return False
"""


@linux
def test_what_walls_keep_in(level: Level, tmp_path: Path) -> None:
    tmp_path.joinpath("secret").write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked = [str(tmp_path / "secret"), server.getsockname()[1]]
        (output,) = run(program(PRYING), [json.dumps(asked)], level=level).outputs
    read, called, traced, filled, alone = tree_of(output.text)
    for_others = all(folder.stat().st_mode & 0o001 for folder in tmp_path.parents)
    assert read is (level.wall == "none" and not level.landlock and (for_others or not level.own_user))
    assert called is ("network" in level.open)
    assert traced is not level.seccomp
    assert filled is not level.memory
    assert alone is level.own_user


LITTERING = """
import os

def f():
    before = os.listdir()
    os.makedirs("a/b")
    os.symlink("/etc", "a/c")
    os.chmod("a", 0)
    os.chmod(".", 0)
    return before
"""


def test_rooms_are_empty_and_vanish(level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        assert outcome(LITTERING, level=level).outputs == (Output("value", b"[]"),)
        assert list(Path(folder).iterdir()) == []
    assert Path("/etc").is_dir()


@linux
def test_a_root_of_its_own_shows_python_alone() -> None:
    if strongest().wall != "namespaces":
        pytest.skip("this machine has no namespaces to be had")
    tops = value("import os\ndef f(): return sorted(os.listdir('/'))")
    assert "sandbox" in tops
    assert not {"etc", "home", "tmp", "proc", "var", "work", "dev", "sys"} & set(tops)
    assert value("import os\ndef f(): return [os.getpid(), len(os.environ), os.getcwd()]") == [1, 0, "/sandbox"]
    for path in ("/", os.__file__.rpartition("/")[0]):
        written = outcome(f"def f(): open({path!r} + '/x', 'w')")
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


def test_files_of_this_process_are_not_passed_on(tmp_path: Path) -> None:
    with tmp_path.joinpath("open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        found = value(OPEN_FILES)
    assert len(found) == 4
    assert found[:3] == [0, 1, 2]


# Scripts of ours that start processes.

SCRIPT = """
import json, multiprocessing, os, socket

def answer(request, confine):
    asked = json.loads(request)
    context = multiprocessing.get_context("fork")
    pipe = os.pipe()
    process = context.Process(target=pry, args=(asked, confine, pipe))
    process.start()
    process.join()
    found = json.load(open("told"))
    os.remove("told")
    endless = context.Process(target=os.read, args=(os.pipe()[0], 1))
    endless.start()
    endless.terminate()
    endless.join()
    import listed
    return json.dumps([found, sorted(os.listdir()), endless.exitcode < 0, listed.NAME])

def pry(asked, confine, pipe):
    confine()
    told = {name: tried(action) for name, action in {
        "read": lambda: open(asked["secret"]).read(),
        "write": lambda: open(asked["folder"] + "/planted", "w"),
        "write a package": lambda: open(asked["packages"] + "/planted.py", "w"),
        "environment": lambda: dict(os.environ),
        "call": lambda: socket.socket().connect_ex(("127.0.0.1", asked["port"])) == 0,
        "start": lambda: leave(os.fork()),
        "kill": lambda: os.kill(os.getppid(), 0) or True,
        "fill": lambda: [0] * 10**10,
        "others": lambda: os.write(pipe[1], b"x"),
        "room": lambda: open("room", "w").write("x"),
    }.items()}
    json.dump(told, open("told", "w"))

def leave(child):
    if not child:
        os._exit(0)
    return child

def tried(action):
    try:
        return bool(action())
    except (OSError, MemoryError):
        return False
"""
FORKS = Limits(total_seconds=60.0, open_files=64, threads=64)


def scripted(code: str, folder: Path, request: str = "", limits: Limits = FORKS, level: Level | None = None) -> Any:
    script = folder / "script.py"
    script.write_text(code)
    return json.loads(run_script(script, request, [str(folder / "packages")], limits, level=level))


@linux
def test_what_walls_keep_a_scripts_processes_from(
    level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packages := tmp_path / "packages").mkdir()
    packages.joinpath("listed.py").write_text("NAME = 'found'")
    (secret := tmp_path / "secret").write_text("x")
    monkeypatch.setenv("KNK_SECRET", "x")
    for folder in (packages, *tmp_path.parents[:2], tmp_path):
        folder.chmod(0o755)  # It may be another user who looks.
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked = {"secret": str(secret), "folder": str(tmp_path), "packages": str(packages)}
        asked["port"] = server.getsockname()[1]
        found, room, ended, listed = scripted(SCRIPT, tmp_path, json.dumps(asked), level=level)
    files_shut = level.wall != "none" or level.landlock
    assert found["read"] is not files_shut
    assert found["write"] is found["write a package"] is not (files_shut or level.own_user)
    assert found["call"] is ("network" in level.open)
    assert found["start"] is found["kill"] is not level.seccomp or level.own_user
    assert found["fill"] is not level.memory
    assert not found["environment"]
    assert not found["others"]
    assert found["room"]
    assert (room, ended, listed) == (["room"], True, "found")


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
def test_a_script_that_fails_says_how(code: str, problem: str, tmp_path: Path) -> None:
    limits = Limits(total_seconds=1.0, output_bytes=1000)
    with pytest.raises(SandboxFailed, match=problem):
        scripted(code, tmp_path, limits=limits)


def test_processes_can_be_allowed() -> None:
    strict, loose = filter_of("x86_64", 7), filter_of("x86_64", 7, processes=True)
    assert len(loose) < len(strict)
    assert [filtered("x86_64", number, argument) for number, argument in ((57, 0), (56, 17))] == [REFUSE] * 2
    assert [ruled(loose, "x86_64", number, 17) for number in (57, 56, 62)] == [ALLOW] * 3
    assert [ruled(loose, "x86_64", number) for number in (41, 59, 101)] == [REFUSE] * 3


# The filter of system calls, run by a machine of its own.

ALLOW, REFUSE, NO_SUCH, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS, 0x80000000
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def filtered(machine: str, number: int, argument: int = 0, architecture: int | None = None) -> int:
    """What the filter of a process 7 says to a call."""
    return ruled(filter_of(machine, 7), machine, number, argument, architecture)


def ruled(
    steps: list[tuple[int, int, int, int]],
    machine: str,
    number: int,
    argument: int = 0,
    architecture: int | None = None,
) -> int:
    """What a filter says to a call."""
    data = {0: number, 4: MACHINES[machine] if architecture is None else architecture, 16: argument}
    register = place = 0
    while True:
        code, yes, no, operand = steps[place]
        place += 1
        if code == 0x06:
            return operand
        if code == 0x20:
            register = data[operand]
        else:
            holds = {0x15: register == operand, 0x35: register >= operand, 0x45: bool(register & operand)}[code]
            place += yes if holds else no


@pytest.mark.parametrize(
    ("machine", "number", "argument", "wanted"),
    [
        ("x86_64", 0, 0, ALLOW),  # read
        ("x86_64", 9, 0, ALLOW),  # mmap
        ("x86_64", 231, 0, ALLOW),  # exit_group
        ("x86_64", 41, 0, REFUSE),  # socket
        ("x86_64", 57, 0, REFUSE),  # fork
        ("x86_64", 59, 0, REFUSE),  # execve
        ("x86_64", 101, 0, REFUSE),  # ptrace
        ("x86_64", 435, 0, NO_SUCH),  # clone3
        ("x86_64", 56, 17, REFUSE),  # clone, a process
        ("x86_64", 56, 0x3D0F00, ALLOW),  # clone, a thread
        ("x86_64", 62, 7, ALLOW),  # kill, itself
        ("x86_64", 62, 8, REFUSE),
        ("x86_64", 62, 0xFFFFFFFF, REFUSE),
        ("x86_64", 234, 7, ALLOW),  # tgkill
        ("x86_64", 302, 0, ALLOW),  # prlimit64, itself
        ("x86_64", 302, 8, REFUSE),
        ("x86_64", 0x40000000 + 41, 0, NO_SUCH),  # socket by its other number
        ("aarch64", 63, 0, ALLOW),  # read
        ("aarch64", 198, 0, REFUSE),  # socket
        ("aarch64", 221, 0, REFUSE),  # execve
        ("aarch64", 220, 17, REFUSE),  # clone
        ("aarch64", 220, 0x3D0F00, ALLOW),
        ("aarch64", 129, 8, REFUSE),  # kill
    ],
)
def test_system_calls_are_filtered(machine: str, number: int, argument: int, wanted: int) -> None:
    assert filtered(machine, number, argument) == wanted


def test_calls_of_another_architecture_end_the_process() -> None:
    assert filtered("x86_64", 0, architecture=0x40000003) == KILL
    with pytest.raises(OSError, match="riscv64"):
        filter_of("riscv64", 7)


# Attacks.


def processes_of(parent: int) -> list[str]:
    """The command lines of the sandbox's processes that a process started, as far as they are left."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = folder.joinpath("cmdline").read_bytes().decode(errors="replace")
        except OSError:  # It has just ended.
            continue
        if "sandbox/worker.py" in line and f'"parent": {parent},' in line:
            found.append(line)
    return found


class Outside:
    """A file that holds a solution, a port that is listened on, and what is left of it all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = folder / "solution.py"
        self.secret.write_text(HONEST, encoding="utf-8")
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.setblocking(False)

    def filled(self, code: str) -> str:
        places = {"SECRET": self.secret, "FOLDER": self.folder, "PORT": self.server.getsockname()[1]}
        for word, place in {**places, "PARENT": os.getpid()}.items():
            code = code.replace(word, str(place))
        return code

    def check(self) -> None:
        """Nothing is changed, nobody called, no process is left."""
        assert [path.name for path in self.folder.iterdir()] == ["solution.py"]
        assert self.secret.read_text(encoding="utf-8") == HONEST
        assert not Path(os.__file__).with_name("planted.py").exists()
        with pytest.raises(BlockingIOError):
            self.server.accept()
        assert processes_of(os.getpid()) == []


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    folder = tmp_path / "outside"
    folder.mkdir()
    monkeypatch.setattr(humaneval_plus, "SECONDS_A_CALL", 0.2)
    monkeypatch.setattr(humaneval_plus, "SECONDS", 3.0)
    humaneval_plus._wanted.cache_clear()
    there = Outside(folder)
    yield there
    there.server.close()
    humaneval_plus._wanted.cache_clear()


def completion(code: str) -> str:
    return f"Hm.</think><answer>```python\n{code}\n```</answer>"


def missed(attacks: list[Attack], outside: Outside) -> list[str]:
    """Attacks that end otherwise than they should."""
    texts = [completion(outside.filled(attack.code)) for attack in attacks]
    verdicts = humaneval_plus.verify_many(texts, [ROW] * len(texts))
    told = zip(attacks, map(str, verdicts), strict=True)
    return [f"{attack.idea}: {verdict}" for attack, verdict in told if not verdict.startswith(attack.verdict)]


def test_there_are_attacks_enough() -> None:
    hostile = [attack for attack in ATTACKS if attack.verdict != "right"]
    assert len(hostile) >= 60
    assert len({attack.idea for attack in ATTACKS}) == len({attack.code for attack in ATTACKS}) == len(ATTACKS)


def test_attacks_come_to_nothing(outside: Outside) -> None:
    if not strongest().full:
        pytest.skip(f"the walls of this machine are not full: {strongest()}")
    assert missed(ATTACKS, outside) == []
    outside.check()
    assert humaneval_plus.verify(completion(HONEST), ROW)


@pytest.mark.slow
def test_attacks_come_to_nothing_behind_weaker_walls(
    level: Level, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not level.seccomp:
        pytest.skip("without a filter of calls, the system itself is open")
    monkeypatch.setattr(sandbox, "strongest", lambda: level)
    keeps_files = level.wall != "none" or level.landlock
    attacks = [attack for attack in ATTACKS if keeps_files or not attack.walls]
    # Which of the ways to fail it takes differs; that it fails does not.
    attacks = [attack._replace(verdict=attack.verdict.partition(":")[0]) for attack in attacks]
    assert missed(attacks, outside) == []
    outside.check()


def test_no_state_reaches_the_next(outside: Outside) -> None:
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
        assert humaneval_plus.verify(completion(code), ROW)


CHILD = """
import sys
from knk.sandbox.run import Limits, Program, run
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
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


ORDINARY = """
import os
from knk.sandbox.run import Program, run, strongest
print(os.getuid(), strongest(), run(Program("f", (("def f(x): return x + 1",),)), ["[1]"]).outputs)
"""


def reachable_python() -> str | None:
    """An interpreter that every user may run, of a version that will do."""
    for name in (os.path.realpath(sys.executable), shutil.which("python3", path="/usr/bin:/usr/local/bin")):
        if name and all(folder.stat().st_mode & 0o001 for folder in Path(name).parents):
            asked = [name, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
            if subprocess.run(asked, check=False).returncode == 0:
                return name
    return None


@linux
@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to become somebody else")
def test_an_ordinary_user_has_walls_too() -> None:
    python = reachable_python()
    if python is None:
        pytest.skip("there is no Python here that every user may run")
    if strongest().wall != "namespaces":
        pytest.skip("this machine has no namespaces to be had")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(
            Path(sandbox.__file__).parents[1], Path(folder, "knk"), ignore=shutil.ignore_patterns("__pycache__")
        )
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        told = subprocess.run(
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
    assert told.startswith("12345 namespaces, seccomp, memory limit (Output(kind='value', text=b'2'),)")
