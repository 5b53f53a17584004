"""The command as a process: pipes, signals, terminals; and its reference page."""

import os
import runpy
import signal
import subprocess
import time
from pathlib import Path

import pytest

import knk
from tests.support.commands import COMMAND, LIARS, Run, run_on_terminal, run_shell
from tests.support.paths import ROOT


def test_no_arguments_print_the_help(run: Run) -> None:
    result = run()
    assert result == run("--help") == run("-h")
    assert result.status == 0
    assert all(verb in result.out for verb in ("generate", "solve", "verify"))
    assert run("--version") == (0, f"knk {knk.__version__}\n", "")


def test_commands_can_be_piped() -> None:
    result = run_shell("knk generate -n 3 --people 4 --preset rich --format notation | knk solve")
    assert (result.status, result.err, result.out.count("\n")) == (0, "", 3)
    result = run_shell("knk generate -n 3 --people 4 | knk solve --json")
    assert (result.status, result.err, result.out.count("\n")) == (0, "", 3)
    assert run_shell(f"knk verify '{LIARS}' \"$(knk solve '{LIARS}')\"").status == 0


def test_a_closed_pipe_is_quiet() -> None:
    result = run_shell("knk generate -n 100000 --format notation | head -n 1")
    assert (result.status, result.err, result.out.count("\n")) == (141, "", 1)


def test_a_full_disk_is_a_one_line_error() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    result = run_shell("knk generate -n 1000 --format notation > /dev/full")
    assert (result.status, result.err) == (2, "knk: no space left on device\n")


@pytest.mark.parametrize("arguments", [["--format", "notation"], ["-o", "puzzles.parquet"]])
def test_an_interrupt_is_quiet_and_leaves_nothing(tmp_path: Path, arguments: list[str]) -> None:
    with subprocess.Popen(
        [*COMMAND, "generate", "-n", "5000000", "--people", "8", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        until = time.monotonic() + 60
        while not _has_output(process, tmp_path, "-o" in arguments) and time.monotonic() < until:
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)  # As a terminal does: to the command and to all that it started.
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert not list(tmp_path.iterdir())


def _has_output(process: subprocess.Popen[str], folder: Path, to_file: bool) -> bool:
    """Whether some of the output is there."""
    if to_file:
        return any(path.stat().st_size > 1000 for path in folder.iterdir())
    assert process.stdout
    return bool(process.stdout.readline())


def test_lines_fit_the_terminal() -> None:
    shown = run_on_terminal("generate", "--people", "6")
    assert len(shown.splitlines()) > 3
    assert max(map(len, shown.splitlines())) <= 80
    assert knk.parse(shown) == next(knk.generate(people=6))
    for command in ("generate", "solve", "verify"):
        assert max(map(len, run_on_terminal(command, "--help").splitlines())) <= 80


def test_a_missing_argument_does_not_wait_for_the_terminal() -> None:
    assert run_on_terminal("solve") == "knk: missing puzzle: give it in quotes or as a file, or pipe it in\n"
    assert run_on_terminal("verify", LIARS).startswith("knk: missing answer")


def test_the_reference_page_is_up_to_date() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "cli_reference.py"))
    page = script["PAGE"].read_text(encoding="utf-8")
    assert page == script["reference"](), "docs/cli.md is stale: run make docs-cli"
