"""Real runs in processes of their own: killed, interrupted, failing, and resumed."""

import importlib.util
import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from knk.errors import BadFolder
from knk.training.checkpoints import find_checkpoints
from knk.training.locks import has_trainer, lock_run
from tests.support.training import (
    manifest_of,
    output_of,
    start_training,
    steps_logged,
    wait_until,
    write_recipes,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
]
LONG = ("--set", "max_steps=5000")
# A random model never answers, and a run without a signal to learn from has an exit status of its own.
SIGNAL = ("--set", "reward_funcs=[knk.rewards.length_reward]")


def wait_until_unlocked(folder: Path) -> None:
    """Wait until the processes of a run have ended."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(BadFolder), lock_run(folder):
            return
        time.sleep(0.1)
    pytest.fail(f"{folder} is still locked")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    write_recipes(folder)
    return folder


def test_a_trainer_whose_command_was_killed_keeps_its_folder_and_the_run_resumes(place: Path) -> None:
    folder = place / "runs" / "grpo"
    first = start_training(place, "grpo.yaml", *SIGNAL, *LONG)
    wait_until(lambda: find_checkpoints(folder).last, first, place)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    status, output = output_of(start_training(place, "grpo.yaml", *SIGNAL), place)
    assert status == 2
    match = re.search(r"process (\d+) trains here", output)
    assert match, output
    os.kill(int(match[1]), signal.SIGKILL)
    wait_until_unlocked(folder)
    resumed = find_checkpoints(folder).last
    assert resumed
    end = resumed.step + 3
    status, output = output_of(
        start_training(place, "grpo.yaml", *SIGNAL, "--in-process", "--set", f"max_steps={end}"), place
    )
    assert status == 0, output[-3000:]
    manifest = manifest_of(folder)
    assert [one["outcome"] for one in manifest["sessions"]] == ["killed", "finished"]
    assert manifest["sessions"][1]["from_step"] == resumed.step
    assert manifest["sessions"][1]["changes"] == {"max_steps": end}
    assert (manifest["status"], manifest["steps"]) == ("finished", end)
    assert steps_logged(folder) == list(range(1, end + 1))
    assert (folder / "model.safetensors").exists()
    assert str(place) not in (folder / "run.json").read_text() + (folder / "recipe.yaml").read_text()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)], ids=str
)
def test_a_signal_to_the_command_alone_ends_the_trainer(number: signal.Signals, status: int, place: Path) -> None:
    folder = place / "runs" / number.name
    process = start_training(place, "sft.yaml", *LONG, "--set", f"output_dir={folder}", "--set", "save_steps=1000")
    wait_until(lambda: len(steps_logged(folder)) > 2, process, place)
    assert has_trainer(folder)
    process.send_signal(number)
    assert output_of(process, place)[0] == status
    with lock_run(folder):
        pass
    manifest = manifest_of(folder)
    assert (manifest["status"], manifest["sessions"][0]["outcome"]) == ("interrupted", "interrupted")
    assert manifest["steps"] == steps_logged(folder)[-1]
    lines = output_of(process, place)[1].splitlines()
    assert lines[-1] == "knk: stopped; run the same command again to resume"
    assert not [line for line in lines if "Traceback" in line]


def test_a_failing_trainer_is_an_error_that_repeats_why(place: Path) -> None:
    (place / "my_rewards.py").write_text("def bad(prompts, **columns):\n    raise RuntimeError('no reward\\ntoday')\n")
    changes = ["reward_funcs=[my_rewards.bad]", "output_dir=runs/bad", "max_steps=2"]
    arguments = [word for change in changes for word in ("--set", change)]
    status, output = output_of(start_training(place, "grpo.yaml", *arguments), place)
    assert status == 2
    assert output.splitlines()[-1] == "knk: the trainer failed: RuntimeError: no reward today; its output is above"
    assert output.count("Traceback") == 1
    manifest = manifest_of(place / "runs" / "bad")
    assert (manifest["status"], manifest["sessions"][0]["outcome"]) == ("failed", "failed")
    status, output = output_of(start_training(place, "grpo.yaml", *arguments, "--in-process"), place)
    assert (status, "Traceback" in output) == (2, False)
    assert output.splitlines()[-1].startswith("knk: the trainer failed: RuntimeError: no reward today; without")
