"""The registry of engines: every entry builds its engine, and options that an engine does not take are refused."""

import sys
from typing import Any

import pytest

from knk.errors import BadSpec, MissingPackage
from knk.inference.registry import ENGINES, build_engine, import_packages

VALUES: dict[str, Any] = {
    "model": "some-model",
    "base_url": "http://localhost:8000/v1",
    "api_key_env": "SOME_KEY",
    "dialect": "openai",
    "concurrency": 3,
    "per_request": 2,
    "stream": True,
    "timeout": 9.0,
    "retries": 1,
    "patience": 5.0,
    "data_parallel": 2,
    "tensor_parallel": 4,
    "max_model_len": 900,
    "batch_size": 7,
}


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_accepts_the_options_of_its_entry(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "secret")
    entry = ENGINES[name]
    options = {option: VALUES[option] for option in (*entry.required, *entry.optional)}
    engine = build_engine(name, options)
    assert engine.name == name
    for option in set(options) - {"api_key_env"}:
        assert getattr(engine, option) == options[option]
    assert getattr(engine, "key", None) == ("secret" if "api_key_env" in options else None)


@pytest.mark.parametrize("name", ENGINES)
def test_an_option_of_other_engines_is_refused(name: str) -> None:
    entry = ENGINES[name]
    own = {option: VALUES[option] for option in entry.required}
    assert build_engine(name, own | dict.fromkeys(VALUES.keys() - own.keys())).name == name
    for option in VALUES.keys() - {*entry.required, *entry.optional}:
        flag = f"--{option.replace('_', '-')}"
        with pytest.raises(BadSpec, match=f"{flag} cannot be used with --engine {name}"):
            build_engine(name, own | {option: VALUES[option]})


def test_a_missing_option_is_named() -> None:
    with pytest.raises(BadSpec, match="missing --base-url: --engine server needs it"):
        build_engine("server", {"model": "m"})


def test_an_unknown_engine_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(BadSpec, match=f"unknown engine 'gpt': expected one of {', '.join(ENGINES)}"):
        build_engine("gpt", {})


def test_a_missing_package_is_named_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(MissingPackage, match=r"needs the package 'httpx2'.*pip install '\.\[teacher\]'"):
        import_packages("server", "httpx2")
