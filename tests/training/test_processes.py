"""The processes of a run, without a trainer: ended together, and heard when they fail."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from knk.errors import TrainingFailed
from knk.training.locks import has_trainer, lock_run
from knk.training.processes import run_launcher
from tests.support.paths import ROOT

TRAINER = """
import time
from pathlib import Path
from knk.training.locks import lock_for_trainer
from knk.training.processes import end_with_parent
end_with_parent()
with lock_for_trainer(Path("run")):
    time.sleep(300)
"""
LAUNCHER = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], start_new_session={})"


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def launch(program: str, *arguments: str, update: Callable[[], None] = lambda: None) -> None:
    with lock_run(Path("run")) as descriptor:
        run_launcher([sys.executable, "-c", program, *arguments], Path("run"), update, descriptor, poll_seconds=0.1)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# The launcher of several processes starts each in a session of its own.
@pytest.mark.parametrize("is_in_own_session", [False, True])
def test_an_interrupt_ends_the_launcher_and_the_trainer(is_in_own_session: bool) -> None:
    def interrupt() -> None:
        if has_trainer(Path("run")):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch(LAUNCHER.format(is_in_own_session), TRAINER, update=interrupt)
    assert not has_trainer(Path("run"))
    with lock_run(Path("run")):
        pass


def test_a_trainer_ends_after_its_launcher_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", LAUNCHER.format(True), TRAINER]) as launcher:
        wait_for(lambda: has_trainer(Path("run")))
        launcher.kill()
    wait_for(lambda: not has_trainer(Path("run")))


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("raise SystemExit(3)", "the trainer failed: it exited with status 3; its output is above"),
        ("import os; os.kill(os.getpid(), 9)", "the trainer failed: it was ended by SIGKILL; its output is above"),
        (
            "from knk.training.processes import report_failure\n"
            "report_failure('ValueError: of two\\nlines'); report_failure('later'); raise SystemExit(1)",
            "the trainer failed: ValueError: of two lines; its output is above",
        ),
    ],
)
def test_a_failure_is_repeated_in_one_line(program: str, message: str) -> None:
    with pytest.raises(TrainingFailed) as caught:
        launch(program)
    assert str(caught.value) == message


def test_nothing_is_left_in_the_environment() -> None:
    before = dict(os.environ)
    launch("pass")
    assert dict(os.environ) == before
