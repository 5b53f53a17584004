"""The installed versions of TRL, vLLM and the other packages of a run fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from typing import Any, Final

from knk.errors import MissingPackage
from knk.training.checks.packages import needed_packages
from knk.training.recipe import Recipe

_EXTRAS: Final = {"vllm": "vllm", "deepspeed": "deepspeed", "peft": "peft", "liger-kernel": "liger"}
"""The extras in which TRL states the versions that it supports, by the package."""
_STACK: Final = ("trl", "transformers", "torch", "accelerate", "datasets", "tokenizers", "huggingface-hub", *_EXTRAS)
_LISTED: Final = ("trl", "transformers", "torch", *_EXTRAS)

VersionOf = Callable[[str], str | None]
RequirementsOf = Callable[[str], Sequence[str]]


def version_of(package: str) -> str | None:
    """Return the version of a package that is installed, None if it is not.

    Args:
        package: its name on PyPI.
    """
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def requirements_of(package: str) -> Sequence[str]:
    """Return what an installed package requires; nothing if it is not installed.

    Args:
        package: its name on PyPI.
    """
    try:
        return metadata.requires(package) or ()
    except metadata.PackageNotFoundError:
        return ()


def check_versions(
    recipe: Recipe, version_of: VersionOf = version_of, requirements_of: RequirementsOf = requirements_of
) -> str:
    """Check that the versions which are installed fit together, and return one line about them.

    vLLM in particular is often installed over what TRL needs, or the other way round; TRL itself only warns.

    Args:
        recipe: the recipe.
        version_of: returns the version of a package, None if it is not installed.
        requirements_of: returns what a package requires.

    Raises:
        MissingPackage: a version is out of the range that another package states.
    """
    from packaging.version import Version

    used = {package.replace("_", "-") for package in needed_packages(recipe)} & _EXTRAS.keys()
    for package in ("trl", "transformers", "accelerate", *sorted(used)):
        extras = [_EXTRAS[name] for name in sorted(used)] if package == "trl" else []
        for requirement in _requirements(requirements_of(package), extras):
            version = version_of(requirement.name)
            if version is None or requirement.name.lower() not in _STACK:
                continue
            # Without its local part, such as +cu129, which counts as later than the release.
            plain = Version(Version(version).base_version if "dev" not in version else version)
            if not requirement.specifier.contains(plain, prereleases=True):
                raise MissingPackage(
                    f"{recipe.path}: {package} {version_of(package)} needs {requirement.name}{requirement.specifier}, "
                    f"and {version} is installed: pip install '{requirement.name}{requirement.specifier}', or another "
                    f"version of {package}"
                )
    versions = ((name, version_of(name)) for name in _LISTED if name not in _EXTRAS or name in used)
    return f"versions: {', '.join(f'{name} {version}' for name, version in versions if version)}"


def _requirements(lines: Sequence[str], extras: Sequence[str]) -> Iterator[Any]:
    """Iterate over the requirements that hold here, with some extras."""
    from packaging.requirements import InvalidRequirement, Requirement

    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement
