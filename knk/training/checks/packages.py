"""The packages that a recipe uses are installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any, Final

from knk.errors import BadConfig, MissingPackage
from knk.training.recipe import Recipe
from knk.yaml_config import suggestion

_TRACKERS: Final = {"azure_ml": "azureml", "flyte": "flytekit"}
"""Trackers whose package has another name."""
_FLASH_ATTENTION: Final = {"flash_attention_2": "flash_attn", "flash_attention_3": "flash_attn_interface"}
_QUANTIZED: Final = ("load_in_4bit", "load_in_8bit")

IsInstalled = Callable[[str], bool]


def is_installed(package: str) -> bool:
    """Whether a package can be imported.

    Args:
        package: the name that it is imported by.

    >>> is_installed("json"), is_installed("no_such_package")
    (True, False)
    """
    return find_spec(package) is not None


def check_packages(recipe: Recipe, is_installed: IsInstalled = is_installed) -> None:
    """Check that the packages which a recipe uses beside TRL are installed.

    Args:
        recipe: the recipe.
        is_installed: whether a package can be imported.

    Raises:
        BadConfig: a tracker or an attention implementation is unknown, or cannot be used on a CPU.
        MissingPackage: a package is not installed.
    """
    for package, reason, command in (*_needed(recipe.launch, recipe.settings), *_trackers(recipe)):
        # TensorBoard has two packages.
        if not is_installed(package) and not (package == "tensorboard" and is_installed("tensorboardX")):
            raise MissingPackage(f"{recipe.path}: {reason}, which is not installed: {command}")
    _check_attention(recipe, is_installed)


def _needed(launch: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Iterate over packages, with what needs them and how to install or avoid them."""
    if launch.get("distributed_type") == "DEEPSPEED" or settings.get("deepspeed"):
        cure = "pip install -c constraints/gpu.txt deepspeed, or choose another accelerate_config"
        yield "deepspeed", "its accelerate_config needs DeepSpeed", cure
    if settings.get("use_vllm"):
        yield "vllm", "use_vllm needs vLLM", "pip install -c constraints/gpu.txt vllm, or add --set use_vllm=false"
    if settings.get("use_peft"):
        yield "peft", "use_peft needs PEFT", "pip install peft, or add --set use_peft=false"
    for name in _QUANTIZED:
        if settings.get(name):
            yield "bitsandbytes", f"{name} needs bitsandbytes", f"pip install bitsandbytes, or add --set {name}=false"
    if settings.get("use_liger_kernel"):
        yield "liger_kernel", "use_liger_kernel needs Liger", "pip install liger-kernel, or remove the setting"


def needed_packages(recipe: Recipe) -> set[str]:
    """Return the packages that a recipe uses beside TRL, as they are imported, without trackers.

    Args:
        recipe: the recipe.
    """
    return {package for package, _, _ in _needed(recipe.launch, recipe.settings)}


def _trackers(recipe: Recipe) -> Iterator[tuple[str, str, str]]:
    """Iterate over the packages of the trackers in `report_to`."""
    report_to = recipe.settings.get("report_to") or []
    names = [report_to] if isinstance(report_to, str) else report_to
    for name in names:
        if name in ("all", "none"):
            continue
        from transformers.integrations import integration_utils

        known = integration_utils.INTEGRATION_TO_CALLBACK
        if name not in known:
            raise BadConfig(
                f"{recipe.path}: expected 'report_to' to be none or some of {', '.join(known)}, got {str(name)[:40]!r}"
                f"{suggestion(str(name), known)}"
            )
        package = _TRACKERS.get(name, name)
        yield package, f"report_to needs {package}", f"pip install {package}, or add --set report_to=none"


def _check_attention(recipe: Recipe, is_installed: IsInstalled) -> None:
    """Check that the attention implementation is known, and that its package is installed.

    https://github.com/huggingface/transformers/blob/v5.10.4/src/transformers/modeling_utils.py has the rules: a name
    with a slash is a kernel on the Hub, and without its package FlashAttention is such a kernel as well.
    """
    name = attention(recipe)
    if name is None:
        return
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    if "/" in name:
        if not is_installed("kernels"):
            raise MissingPackage(f"{recipe.path}: {name} needs kernels, which is not installed: pip install kernels")
        return
    known = ["eager", *ALL_ATTENTION_FUNCTIONS.valid_keys()]
    if name not in known:
        raise BadConfig(
            f"{recipe.path}: expected 'attn_implementation' to be one of {', '.join(known)}, or a kernel on the Hub "
            f"such as kernels-community/flash-attn2, got {name[:40]!r}{suggestion(name, known)}"
        )
    if not name.startswith("flash_attention"):
        return
    if recipe.settings.get("use_cpu"):
        raise BadConfig(f"{recipe.path}: {name} does not run on a CPU: add --set attn_implementation=sdpa")
    if not is_installed(_FLASH_ATTENTION.get(name, "flash_attn")) and not is_installed("kernels"):
        raise MissingPackage(
            f"{recipe.path}: {name} needs flash-attn or kernels, and neither is installed: pip install kernels, or "
            "add --set attn_implementation=sdpa"
        )


def attention(recipe: Recipe) -> str | None:
    """Return the attention implementation that a recipe names, or None.

    Args:
        recipe: the recipe.
    """
    init = recipe.settings.get("model_init_kwargs")
    name = init.get("attn_implementation") if isinstance(init, Mapping) else None
    name = name or recipe.settings.get("attn_implementation")
    return name if isinstance(name, str) else None
