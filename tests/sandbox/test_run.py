"""Runs of programs: endings, limits, times, and the probing of isolation."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from knk.errors import SandboxFailed
from knk.sandbox.model import Level, Limits, Output, Program
from knk.sandbox.process import request_file, worker
from knk.sandbox.protocol import Reader
from knk.sandbox.run import run, strongest, strongest_of
from tests.support.paths import ROOT
from tests.support.sandboxed import SHORT, program

pytestmark = pytest.mark.skipif(os.name != "posix", reason="model code runs on Linux and macOS only")


def test_the_first_variant_that_compiles_and_defines_the_function_is_run() -> None:
    variants = (("def f(: return 1",), ("x = 1",), ("x = 2", "def f(): return x"), ("def f(): return 3",))
    assert run(Program("f", variants), ["[]"]).outputs == (Output("value", b"2"),)


def test_the_caller_can_end_a_run() -> None:
    seen: list[tuple[int, bytes]] = []

    def on_output(call: int, output: Output) -> bool:
        seen.append((call, output.text))
        return call < 1

    result = run(program("def f(x):\n    while x == 2: pass\n    return x"), ["[0]", "[1]", "[2]"], SHORT, on_output)
    assert (result.ending, seen) == ("timed out", [])
    result = run(program("def f(x): return x"), ["[0]", "[1]", "[2]"], SHORT, on_output)
    assert (result.ending, seen) == ("stopped", [(0, b"0"), (1, b"1")])


def test_times_are_measured_on_request() -> None:
    result = run(program("def f(n): return sum(range(n))"), ["[1]", "[2000000]"], timed=True)
    assert result.ending == "done"
    assert 0 <= result.times[0] < result.times[1] < 2


def test_a_run_without_inputs_loads_the_code() -> None:
    assert run(program("def f(): return 1"), []).ending == "done"
    assert run(program("x = 1"), []).ending == "not loaded"


def test_each_output_can_have_its_own_maximum_length() -> None:
    code = program("def f(n): return 'x' * n")
    limits = Limits(output_bytes=(10, 2000))
    assert run(code, ["[5]", "[1000]"], limits).ending == "done"
    assert run(code, ["[1000]", "[5]"], limits).ending == "too much output"


def test_only_processor_time_counts() -> None:
    code = program("import time\ndef f(n): time.sleep(n)")
    assert run(code, ["[0.5]"], SHORT).ending == "done"


@pytest.mark.parametrize(
    ("python", "message"), [("/nowhere/python", "could not be started"), ("/bin/false", "did not start")]
)
def test_a_worker_that_does_not_start_is_an_error(python: str, message: str) -> None:
    limits = Limits()
    with (
        request_file(["{}"]) as request,
        pytest.raises(SandboxFailed, match=message),
        worker(request, limits, strongest(), python=python) as (process, channel),
    ):
        Reader(process, channel, limits, 0, None).wait_until_ready()


def test_no_file_beside_the_package_replaces_the_standard_library(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "knk", tmp_path / "knk", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("json", "ctypes", "resource"):
        tmp_path.joinpath(f"{name}.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')")
    code = f"""
import sys
sys.path.append({str(tmp_path)!r})
from knk.sandbox.model import Program
from knk.sandbox.run import run
print(run(Program("f", (("def f(): return 1",),)), ["[]"]).ending)
"""
    command = [sys.executable, "-S", "-P", "-s", "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True, env={}).stdout == "done\n"
    assert not tmp_path.joinpath("imported").exists()


# Probing.


def test_weak_isolation_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    weakest = Level("none", memory=sys.platform == "linux")
    with caplog.at_level(logging.WARNING, logger="knk.sandbox.run"):
        assert strongest_of([weakest]) == weakest
    (record,) = caplog.records
    assert "weak isolation" in record.message
    assert "network" in record.message


def test_isolation_is_probed_once(caplog: pytest.LogCaptureFixture) -> None:
    first = strongest()
    with caplog.at_level(logging.DEBUG, logger="knk.sandbox.run"):
        assert strongest() is first
    assert caplog.records == []


def test_missing_isolation_is_an_error() -> None:
    with pytest.raises(SandboxFailed, match="cannot be run"):
        strongest_of([Level("namespaces", memory=sys.platform != "linux")])
