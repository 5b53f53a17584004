"""YAML files are read safely, and what YAML accepts silently is refused in one line."""

from pathlib import Path

import pytest

from knk.errors import BadConfig
from knk.yaml_config import MAX_CHARACTERS, check_keys, mapping, parse_yaml, read_yaml


def test_plain_yaml_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: {b: [1, 2.5, yes, text]}\n")
    assert read_yaml(path) == {"a": {"b": [1, 2.5, True, "text"]}}
    assert parse_yaml("") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1\nseed: 2", "line 1: duplicate key 'seed'"),
        ("a: &a [1]\nb: *a", "line 2: YAML aliases are not allowed"),
        ("a: 3:7", "line 1: '3:7' is not a number; write a range as"),
        ("[" * 60_000, "line 1: nested more than 20 levels deep"),
        ("- " * 30_000 + "1", "line 1: nested more than 20 levels deep"),
        ("#" * MAX_CHARACTERS + "#", "longer than 65,536 characters"),
        (f"seed: {'9' * 5000}", "invalid value"),
        ("a: [", "not YAML: line 1"),
        ("\x00", "not YAML"),
        ("a: 1\n---\na: 1", "not YAML"),
        ("a: !!python/object/apply:os.system [ls]", "not YAML"),
    ],
)
def test_invalid_yaml_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(BadConfig) as error:
        read_yaml(path)
    assert str(error.value).startswith(f"{path}: {message}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [None, [1], "a", {1: 2}])
def test_only_mappings_with_strings_as_keys_are_mappings(content: object) -> None:
    with pytest.raises(BadConfig, match="the config: expected a "):
        mapping(content, "the config")


def test_an_unknown_key_is_refused_with_the_known_ones() -> None:
    check_keys(["seed"], ["seed", "style"], "config")
    with pytest.raises(BadConfig, match="config: unknown key 'xyz'; expected one of seed, style"):
        check_keys(["seed", "xyz"], ["seed", "style"], "config")
