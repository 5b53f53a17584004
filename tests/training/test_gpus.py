"""The GPUs that a program can use."""

from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadConfig
from knk.training.checks.resources import check_gpus
from knk.training.gpus import installed_gpus, parse_gpus, visible_gpus
from knk.training.recipe import Recipe

QUERY = """\
0, GPU-8f1a, NVIDIA H100 80GB HBM3, 81559
1, GPU-8f2b, NVIDIA L4, 23034
2, GPU-3c4d, Tesla, odd name, 16384
broken line
3, GPU-5e6f, NVIDIA A100, [N/A]
"""
ALL = ["NVIDIA H100 80GB HBM3", "NVIDIA L4", "Tesla, odd name"]


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        (None, ALL),
        ("0,1,2", ALL),
        ("2, 0", [ALL[2], ALL[0]]),
        ("", []),
        ("-1", []),
        ("1,9,0", [ALL[1]]),
        ("GPU-3c", [ALL[2]]),
        ("GPU-8f1a,1", ALL[:2]),
        ("GPU-8f", []),
        ("NoDevFiles", []),
    ],
)
def test_visible_gpus_are_those_of_the_variable(devices: str | None, expected: list[str]) -> None:
    gpus = visible_gpus(QUERY, devices)
    assert [gpu["name"] for gpu in gpus] == expected
    assert all(gpu["memory_bytes"] > 1 << 33 for gpu in gpus)


def test_the_variable_of_this_process_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<END\n{QUERY}END\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert len(installed_gpus()) == 3
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert [gpu["name"] for gpu in installed_gpus()] == ["NVIDIA L4"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not installed_gpus()


def test_one_process_needs_one_visible_gpu(tmp_path: Path) -> None:
    def check(number: int, **settings: Any) -> None:
        check_gpus(Recipe(Path("mine.yaml"), "sft", settings), [{"name": "L4", "memory_bytes": 1}] * number)

    one = tmp_path / "one.yaml"
    one.write_text('distributed_type: "NO"\nnum_processes: 1\n', encoding="utf-8")
    check(1)
    check(0)
    check(4, use_cpu=True)
    check(4, num_processes=4)
    check(4, num_processes=1, accelerate_config="zero3")
    for settings in ({}, {"num_processes": 1}, {"accelerate_config": str(one)}):
        with pytest.raises(BadConfig, match="CUDA_VISIBLE_DEVICES=0"):
            check(4, **settings)


def test_a_kind_that_is_not_known_is_an_error_with_the_nearest_one() -> None:
    with pytest.raises(BadConfig, match=r"such as 4xH100.*got '2x4090'; did you mean 'RTX4090'"):
        parse_gpus("2x4090")
