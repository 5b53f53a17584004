"""Versions that fit together, in environments that are told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from knk.errors import MissingPackage
from knk.training.checks.versions import check_versions, requirements_of, version_of
from knk.training.recipe import Recipe

INSTALLED = {
    "trl": "1.16.0",
    "transformers": "5.17.2",
    "torch": "2.13.0+cu130",
    "vllm": "0.31.0+cu130",
    "deepspeed": "0.19.8",
    "accelerate": "1.15.0",
}
REQUIREMENTS = {
    "trl": [
        "transformers>=4.56.2",
        'vllm<=0.31.0,>=0.22.0; extra == "vllm"',
        'deepspeed>=0.18.6; extra == "deepspeed"',
        "not a requirement!",
    ],
    "vllm": ["transformers>=5.10.4,<5.18", "torch==2.13.0", 'torch==1.0; sys_platform == "nowhere"'],
}


def line(changes: Mapping[str, str | None], **settings: Any) -> str:
    installed = {**INSTALLED, **changes}
    recipe = Recipe(Path("mine.yaml"), "grpo", settings)
    return check_versions(recipe, installed.get, lambda name: REQUIREMENTS.get(name, ()))


def test_versions_that_fit_are_listed() -> None:
    assert line({}) == "versions: trl 1.16.0, transformers 5.17.2, torch 2.13.0+cu130"
    assert line({}, use_vllm=True).endswith(", vllm 0.31.0+cu130")
    assert line({"transformers": "5.24.0", "vllm": None, "deepspeed": "0.1"})  # Nothing that the recipe uses.


@pytest.mark.parametrize(
    ("changes", "settings", "message"),
    [
        ({"transformers": "5.24.0"}, {"use_vllm": True}, "vllm 0.31.0+cu130 needs transformers<5.18,>=5.10.4"),
        ({"vllm": "0.32.0"}, {"use_vllm": True}, "trl 1.16.0 needs vllm<=0.31.0,>=0.22.0, and 0.32.0 is installed"),
        ({"torch": "2.12.1"}, {"use_vllm": True}, "needs torch==2.13.0, and 2.12.1 is installed: pip install"),
        ({"deepspeed": "0.18.0"}, {"accelerate_config": "zero3"}, "trl 1.16.0 needs deepspeed>=0.18.6"),
        ({"transformers": "4.50"}, {}, "trl 1.16.0 needs transformers>=4.56.2"),
    ],
)
def test_versions_that_do_not_fit_are_an_error(changes: dict[str, str], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(MissingPackage) as caught:
        line(changes, **settings)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_metadata_of_this_environment_are_read() -> None:
    assert version_of("numpy")
    assert version_of("no-such-package") is None
    assert any(requirement.startswith("numpy") for requirement in requirements_of("knk"))
    assert requirements_of("no-such-package") == ()
