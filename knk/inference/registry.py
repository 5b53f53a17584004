"""The engines by name: what builds each of them, which options it takes, and how to install what it needs.

To add an engine, write its module (`knk.inference.engine.Engine` says what it must have) and add an entry to `ENGINES`.
`knk teach` and `knk bench` then offer it as `--engine NAME`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from knk.errors import BadSpec, MissingPackage

if TYPE_CHECKING:
    from knk.inference.engine import Engine


@dataclass(frozen=True)
class EngineEntry:
    """How to build an engine.

    Args:
        factory: the callable that builds it, as "module:name"; its module is imported on first use.
        required: the options that must be given, in the order of the factory's positional arguments.
        optional: the other options, which the factory takes as keyword arguments.
        install: how to install the packages it needs; empty if it needs none.
    """

    factory: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    install: str = ""


ENGINES: Final[Mapping[str, EngineEntry]] = MappingProxyType(
    {
        "server": EngineEntry(
            "knk.inference.server:ServerEngine.from_environment",
            ("model", "base_url"),
            ("api_key_env", "dialect", "concurrency", "per_request", "stream", "timeout", "retries", "patience"),
            "pip install '.[teacher]'",
        ),
        "vllm": EngineEntry(
            "knk.inference.vllm:VllmEngine",
            ("model",),
            ("data_parallel", "tensor_parallel", "max_model_len", "concurrency"),
            "install vLLM and knk in an environment of their own, or start vLLM's server and pass --base-url",
        ),
        "transformers": EngineEntry(
            "knk.inference.transformers:TransformersEngine",
            ("model",),
            ("batch_size",),
            "pip install '.[bench]'",
        ),
        "trace": EngineEntry("knk.teacher.proofs:TraceEngine"),
    }
)
"""All engines, in the order in which help texts list them."""


def build_engine(name: str, options: Mapping[str, Any]) -> Engine:
    """Return a new engine.

    Args:
        name: the engine's name in `ENGINES`.
        options: the options by name, such as "model" or "batch_size"; None for one that was not given.

    Raises:
        BadSpec: there is no such engine, it does not take one of the options, or it needs one that is missing.

    >>> build_engine("transformers", {"model": "Qwen/Qwen2.5-3B", "batch_size": 32, "base_url": None}).batch_size
    32
    >>> build_engine("trace", {"model": "Qwen/Qwen2.5-3B"})
    Traceback (most recent call last):
    knk.errors.BadSpec: --model cannot be used with --engine trace
    """
    entry = ENGINES.get(name)
    if entry is None:
        raise BadSpec(f"unknown engine {name!r}: expected one of {', '.join(ENGINES)}")
    given = {option: value for option, value in options.items() if value is not None}
    for option in given:
        if option not in (*entry.required, *entry.optional):
            raise BadSpec(f"{_flag(option)} cannot be used with --engine {name}")
    for option in entry.required:
        if option not in given:
            raise BadSpec(f"missing {_flag(option)}: --engine {name} needs it")
    positional = [given.pop(option) for option in entry.required]
    engine: Engine = pkgutil.resolve_name(entry.factory)(*positional, **given)
    return engine


def import_packages(name: str, *modules: str) -> list[Any]:
    """Return the modules of other packages that an engine needs.

    Args:
        name: the engine's name in `ENGINES`.
        modules: the modules' full names.

    Raises:
        MissingPackage: one of them is not installed.
    """
    try:
        return [import_module(module) for module in modules]
    except ModuleNotFoundError as error:
        raise MissingPackage(
            f"--engine {name} needs the package {error.name!r}, which is not installed: {ENGINES[name].install}"
        ) from error


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"
