"""The scripts in `recipes/examples`: syntax, commands, options and paths, found without running them."""

import importlib.util
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from knk.training.batches import division_of
from knk.training.recipe import load
from knk.training.serving import server_command
from tests.support.pages import calls, faults
from tests.support.paths import ROOT

EXAMPLES = sorted((ROOT / "recipes/examples").glob("*.sh"))


def text_of(name: str) -> str:
    return (ROOT / "recipes/examples" / name).read_text(encoding="utf-8")


def test_there_is_one_for_each_way_to_get_a_gpu() -> None:
    assert [path.name for path in EXAMPLES] == ["hf-jobs.sh", "slurm.sh", "ssh.sh"]
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 50 for path in EXAMPLES)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_commands_options_and_paths_exist(path: Path) -> None:
    script = path.read_text(encoding="utf-8")
    assert not list(faults(script))
    # The commands in the comment at the top as well.
    comment = "\n".join(line.removeprefix("#").strip() for line in script.splitlines() if line.startswith("#   "))
    assert comment
    assert not list(faults(comment))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing(path: Path) -> None:
    result = subprocess.run(["shellcheck", "-e", "SC1091", str(path)], capture_output=True, text=True, check=False)
    assert not result.stdout


def test_a_fault_in_a_script_within_a_script_is_found() -> None:
    (fault,) = faults('hf jobs run image bash -c "x && true"; bash -c "knk publis a b"')
    assert "no such command: publis" in fault


def test_the_server_of_slurm_is_started_as_the_plan_says() -> None:
    recipe = load(ROOT / "recipes/rlvr/kk.yaml")
    (command,) = [words for words in calls(text_of("slurm.sh")) if words[0] == "vllm"]
    environment, *expected = shlex.split(server_command(recipe))
    assert command == expected
    assert environment in text_of("slurm.sh")
    devices = ",".join(map(str, range(division_of(recipe).processes)))
    assert text_of("slurm.sh").count(f"CUDA_VISIBLE_DEVICES={devices} knk train") == 2
    assert f"gres=gpu:{recipe.processes + 1}\n" in text_of("slurm.sh")


@pytest.mark.skipif(importlib.util.find_spec("huggingface_hub.cli.jobs") is None, reason="the hf command has no jobs")
def test_hf_knows_the_options_and_the_hardware_of_the_job() -> None:
    from huggingface_hub.cli.jobs import jobs_cli
    from typer.main import get_command

    cli: Any = jobs_cli
    group: Any = cli if hasattr(cli, "commands") else get_command(cli)  # by the release

    (words,) = [words for words in calls(text_of("hf-jobs.sh")) if words[:3] == ["hf", "jobs", "run"]]
    options = {name: option for option in group.commands["run"].params for name in option.opts}
    used = [word for word in words[3 : words.index("bash")] if word.startswith("-")]
    assert not [option for option in used if option not in options]
    assert words[words.index("--flavor") + 1] in options["--flavor"].type.choices
