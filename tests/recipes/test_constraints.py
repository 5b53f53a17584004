"""The versions in `constraints/gpu.txt` fit together, and are those that this library and its checks ask for."""

import importlib.util
import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from knk.errors import MissingPackage
from knk.training.checks.versions import check_versions
from knk.training.recipe import load
from tests.support.paths import ROOT

PATH = ROOT / "constraints/gpu.txt"
PINS = dict(
    line.split("==") for line in PATH.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
)
STATED = {
    "vllm": ["torch==2.13.0", "transformers<5.18.0,>=5.10.4", "tokenizers>=0.21.1", "huggingface_hub>=1.31.0"],
    "deepspeed": ["torch", "numpy"],
}
"""What packages require that are not installed for the tests, as their metadata on PyPI say; the parts that matter."""
has_trl = importlib.util.find_spec("trl") is not None


def requirements(package: str) -> list[str]:
    return STATED.get(package) or metadata.requires(package) or []


def test_every_version_is_exact() -> None:
    assert PINS.keys() >= {"torch", "transformers", "trl", "vllm", "deepspeed", "peft", "accelerate"}
    assert all(re.fullmatch(r"\d+(\.\d+)+", version) for version in PINS.values())
    assert STATED["vllm"][0] == f"torch=={PINS['torch']}"


def test_the_extras_of_the_library_allow_the_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for line in (*project["optional-dependencies"]["train"], *project["dependencies"]):
        requirement = Requirement(line)
        if requirement.name in PINS:
            assert requirement.specifier.contains(PINS[requirement.name]), line


@pytest.mark.skipif(not has_trl or metadata.version("trl") != PINS["trl"], reason="another TRL is installed, or none")
class TestPreflight:
    def test_it_accepts_these_versions(self) -> None:
        line = check_versions(load(ROOT / "recipes/rlvr/kk.yaml"), PINS.get, requirements)
        assert f"vllm {PINS['vllm']}, deepspeed {PINS['deepspeed']}" in line

    @pytest.mark.parametrize(
        ("package", "version"), [("vllm", "0.33.0"), ("transformers", "5.24.0"), ("torch", "2.14.0")]
    )
    def test_it_refuses_the_newest_ones(self, package: str, version: str) -> None:
        with pytest.raises(MissingPackage, match=f"{version} is installed"):
            check_versions(load(ROOT / "recipes/rlvr/kk.yaml"), {**PINS, package: version}.get, requirements)

    def test_no_recipe_uses_a_package_without_a_version_here(self) -> None:
        from knk.training.checks.packages import needed_packages

        for path in (ROOT / "recipes").glob("*/*.yaml"):
            if path.parent.name in ("rlvr", "warmup"):
                for overlay in (None, *path.parent.glob("profiles/*.yaml")):
                    assert needed_packages(load(path, [overlay] if overlay else [])) <= PINS.keys()
