"""YAML configuration files, read safely: limited in size and nesting, without aliases or repeated keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Final

from knk.errors import BadConfig

MAX_CHARACTERS: Final = 1 << 16
"""The longest text that is read."""
MAX_DEPTH: Final = 20
"""The deepest nesting of lists and mappings."""


def read_yaml(path: Path) -> Any:
    """Return what a YAML file contains.

    Raises:
        BadConfig: see `parse_yaml`; the message begins with the path.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        text = file.read(MAX_CHARACTERS + 1)
    try:
        return parse_yaml(text)
    except BadConfig as error:
        raise BadConfig(f"{path}: {error}") from error


def parse_yaml(text: str) -> Any:
    """Return what a YAML text contains.

    Raises:
        BadConfig: the text is too long, nested too deeply, not YAML, or holds an alias or the same key twice; the
            message is one line.

    >>> parse_yaml("{people: [3, 5], rows: 100}")
    {'people': [3, 5], 'rows': 100}
    """
    import yaml

    if len(text) > MAX_CHARACTERS:
        raise BadConfig(f"longer than {MAX_CHARACTERS:,} characters")
    try:
        _check_tokens(text)
        _check_nodes(yaml.compose(text, yaml.SafeLoader))
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise BadConfig(f"not YAML: {line}{shortened(error.problem or error.context or '')}") from error
    except yaml.YAMLError as error:
        raise BadConfig(f"not YAML: {shortened(str(error))}") from error
    except BadConfig:
        raise
    except ValueError as error:
        raise BadConfig(f"invalid value: {shortened(str(error))}") from error


def _check_tokens(text: str) -> None:
    """Refuse aliases and deep nesting, which make a short text expensive to read."""
    import yaml

    starts = (
        yaml.FlowSequenceStartToken,
        yaml.FlowMappingStartToken,
        yaml.BlockSequenceStartToken,
        yaml.BlockMappingStartToken,
    )
    ends = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)
    depth = 0
    for token in yaml.scan(text):
        depth += isinstance(token, starts) - isinstance(token, ends)
        if isinstance(token, yaml.AliasToken):
            raise BadConfig(f"line {token.start_mark.line + 1}: YAML aliases are not allowed")
        if depth > MAX_DEPTH:
            raise BadConfig(f"line {token.start_mark.line + 1}: nested more than {MAX_DEPTH} levels deep")


def _check_nodes(root: Any) -> None:
    """Refuse repeated keys, of which YAML keeps the last, and `3:7`, which YAML reads as the number 3 * 60 + 7."""
    import yaml

    nodes = [root]
    while nodes:
        node = nodes.pop()
        line = node.start_mark.line + 1 if node else 0
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            for key, count in Counter(keys).items():
                if count > 1:
                    raise BadConfig(f"line {line}: duplicate key {shortened(key)}")
            nodes += [child for pair in node.value for child in pair]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.ScalarNode) and ":" in node.value and node.tag.endswith((":int", ":float")):
            raise BadConfig(f"line {line}: {shortened(node.value)} is not a number; write a range as [least, most]")


def mapping(content: Any, where: str) -> dict[str, Any]:
    """Return the content if it is a mapping with strings as keys.

    Args:
        content: what was read.
        where: what it is, for the error message.

    Raises:
        BadConfig: it is something else.
    """
    if not isinstance(content, dict):
        raise BadConfig(f"{where}: expected a mapping, got {shortened(content)}")
    for key in content:
        if not isinstance(key, str):
            raise BadConfig(f"{where}: expected a string as key, got {shortened(key)}")
    return content


def check_keys(keys: Iterable[str], known: Collection[str], where: str) -> None:
    """Check that every key is known.

    Args:
        keys: the keys to check.
        known: the keys that are allowed.
        where: what has the keys, for the error message.

    Raises:
        BadConfig: a key is unknown; the message suggests a similar one.

    >>> check_keys(["peple"], ["people", "rows"], "part 1")
    Traceback (most recent call last):
    knk.errors.BadConfig: part 1: unknown key 'peple'; did you mean 'people'?
    """
    for key in keys:
        if key not in known:
            hint = suggestion(key, known) or f"; expected one of {', '.join(known)}"
            raise BadConfig(f"{where}: unknown key {shortened(key)}{hint}")


def suggestion(name: str, known: Collection[str]) -> str:
    """Return the question whether a similar name was meant, "" if there is none.

    >>> suggestion("lerning_rate", ["learning_rate", "seed"])
    "; did you mean 'learning_rate'?"
    """
    import difflib

    matches = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def shortened(value: Any) -> str:
    """Return a value's `repr`, cut to 60 characters.

    >>> shortened("3:7")
    "'3:7'"
    """
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
