"""What a corpus is made of: a recipe, and its YAML form."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

from knk.datasets.rows import DEFAULT_STYLE
from knk.datasets.split import DEFAULT_SHARES, Shares, whole
from knk.errors import BadConfig, BadSpec
from knk.generation.generate import spec_of
from knk.generation.spec import Spec
from knk.text.render import STYLES

LONGEST_RECIPE: Final = 1 << 16
"""Characters that a recipe's file may have."""
_DEEPEST: Final = 20
_FIELDS: Final = tuple(field.name for field in fields(Spec) if field.name != "duplicates")
_PART_KEYS: Final = ("name", "rows", "splits", "preset", *_FIELDS, "grade")
_KEYS: Final = ("seed", "style", "shares", "measures", "parts")
_LISTS: Final = ("names", "roles")
_TRUTHS: Final = ("self_accusation", "trivial", "balanced")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_SPLIT_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")


@dataclass(frozen=True)
class Part:
    """Rows of one specification.

    Args:
        spec: what puzzles to make.
        rows: how many.
        name: what to call it, in lower-case letters, digits, `-` and `_`.
        splits: the splits whose puzzles are kept; all of them if none is named.

    Raises:
        BadConfig: the number or the name is none, or the specification asks for duplicates.

    >>> Part(Spec(people=3), 100, "small").rows
    100
    """

    spec: Spec
    rows: int
    name: str
    splits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _is_number(self.rows) or self.rows < 1:
            raise BadConfig(f"rows is a whole number from 1 up, not {_shown(self.rows)}")
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise BadConfig(
                f"a part's name is made of lower-case letters, digits, '-' and '_', not {_shown(self.name)}"
            )
        if self.spec.duplicates:
            raise BadConfig("a corpus has no puzzle twice: leave 'duplicates' out")


@dataclass(frozen=True)
class Recipe:
    """What a corpus is made of.

    Args:
        parts: the parts, in the order in which they are made; a puzzle that an earlier part has is not made again.
        seed: a whole number of up to 64 bits.
        style: the style of the English, one of `knk.text.render.STYLES`.
        shares: the splits and the share of all puzzles that each has.
        measures: whether rows have columns of measures, the grade among them; measuring takes time.

    Raises:
        BadConfig: something in it cannot be.

    >>> Recipe((Part(Spec(people=3), 100, "small"),)).rows
    100
    """

    parts: tuple[Part, ...]
    seed: int = 0
    style: str = DEFAULT_STYLE
    shares: Shares = DEFAULT_SHARES
    measures: bool = False

    def __post_init__(self) -> None:
        if not _is_number(self.seed) or not -(2**63) <= self.seed < 2**64:
            raise BadConfig(f"seed is a whole number of up to 64 bits, not {_shown(self.seed)}")
        if not isinstance(self.style, str) or self.style not in STYLES:
            raise BadConfig(f"there is no style {_shown(self.style)}; there are {', '.join(STYLES)}")
        _check_shares(self.shares)
        if not isinstance(self.measures, bool):
            raise BadConfig(f"measures is true or false, not {_shown(self.measures)}")
        if not self.parts:
            raise BadConfig("a recipe has at least one part")
        names = [part.name for part in self.parts]
        if len(set(names)) < len(names):
            raise BadConfig("two parts have the same name")
        known = [split for split, _ in self.shares]
        for part in self.parts:
            for split in part.splits:
                if split not in known:
                    raise BadConfig(
                        f"part {part.name}: there is no split {_shown(split)}; there are {', '.join(known)}"
                    )

    @property
    def rows(self) -> int:
        """How many rows all parts have together."""
        return sum(part.rows for part in self.parts)

    @classmethod
    def from_yaml(cls, path: str | os.PathLike[str]) -> Self:
        """Return the recipe in a YAML file.

        Raises:
            BadConfig: the file is not such a recipe; the message is one line.
        """
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            text = file.read(LONGEST_RECIPE + 1)
        return cls.from_text(text)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the recipe that a YAML text gives.

        Raises:
            BadConfig: the text is not such a recipe; the message is one line.

        >>> recipe = Recipe.from_text("parts: [{preset: rich, people: [3, 7], rows: 1000}]")
        >>> recipe.parts[0].spec.people_range, recipe.parts[0].name
        ((3, 7), 'part-01')
        """
        content = _mapping("a recipe", _loaded(text), _KEYS)
        parts = content.get("parts")
        if not isinstance(parts, list):
            raise BadConfig("a recipe has 'parts', a list")
        shares = content.get("shares", dict(DEFAULT_SHARES))
        if not isinstance(shares, dict):
            raise BadConfig("'shares' gives each split its share, as in {train: 0.9, test: 0.1}")
        return cls(
            tuple(_part(number, part) for number, part in enumerate(parts, 1)),
            content.get("seed", 0),
            content.get("style", DEFAULT_STYLE),
            tuple(shares.items()),
            content.get("measures", False),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON has it; of the specifications, what is not as `Spec()` has it.

        >>> Recipe((Part(Spec(people=3), 100, "small"),)).as_dict()["parts"]
        [{'name': 'small', 'rows': 100, 'spec': {'people': 3}, 'splits': []}]
        """
        usual = Spec()
        return {
            "seed": self.seed,
            "style": self.style,
            "shares": [list(share) for share in self.shares],
            "measures": self.measures,
            "parts": [
                {
                    "name": part.name,
                    "rows": part.rows,
                    "spec": {
                        name: _as_lists(getattr(part.spec, name))
                        for name in _FIELDS
                        if getattr(part.spec, name) != getattr(usual, name)
                    },
                    "splits": list(part.splits),
                }
                for part in self.parts
            ],
        }


def _part(number: int, content: Any) -> Part:
    where = f"part {number}"
    content = _mapping(where, content, _PART_KEYS)
    if "rows" not in content:
        raise BadConfig(f"{where} does not say how many rows it has")
    for name in _LISTS:
        if not isinstance(content.get(name, []), list):
            raise BadConfig(f"{where}: {name} is a list")
    for name in _TRUTHS:
        if not isinstance(content.get(name, False), bool):
            raise BadConfig(f"{where}: {name} is true or false, not {_shown(content[name])}")
    splits = content.get("splits", [])
    if not isinstance(splits, list) or not all(isinstance(split, str) for split in splits):
        raise BadConfig(f"{where}: splits is a list of names of splits")
    changes = {name: content[name] for name in ("preset", *_FIELDS, "grade") if name in content}
    if not isinstance(changes.get("target", {}), dict):
        raise BadConfig(f"{where}: target gives measures their values, as in {{nesting: 2, steps: [10, 20]}}")
    try:
        spec = spec_of(**changes)
        return Part(spec, content["rows"], content.get("name", f"part-{number:02}"), tuple(splits))
    except (BadConfig, BadSpec) as error:
        raise BadConfig(f"{where}: {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        # A value of another type than the specification's field has: which, only the field can tell.
        raise BadConfig(f"{where}: a field has a value of the wrong type ({_shown(str(error))})") from error


def _mapping(where: str, content: Any, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise BadConfig(f"{where} is made of names and values, not {_shown(content)}")
    for name in content:
        if name not in known:
            raise BadConfig(f"{where} has no {_shown(name)}; it may have {', '.join(known)}")
    return content


def _check_shares(shares: Shares) -> None:
    if not shares:
        raise BadConfig("at least one split is needed")
    for split, share in shares:
        # The Hub keeps "all" for itself.
        if not isinstance(split, str) or not _SPLIT_NAME.fullmatch(split) or split == "all":
            raise BadConfig(
                f"a split's name is made of lower-case letters, digits and '_', and not 'all': not {_shown(split)}"
            )
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise BadConfig(f"the share of {split} is a number above 0 and up to 1, not {_shown(share)}")
    if len({split for split, _ in shares}) < len(shares):
        raise BadConfig("a split is named twice")
    if not whole(shares):
        raise BadConfig(f"the shares of the splits sum up to 1, not to {sum(share for _, share in shares):.6g}")


def _loaded(text: str) -> Any:
    """Return what a YAML text holds; what YAML would let pass in silence is an error."""
    import yaml

    if len(text) > LONGEST_RECIPE:
        raise BadConfig(f"a recipe has at most {LONGEST_RECIPE} characters")
    try:
        _check_tokens(text)
        _check_nodes(yaml.compose(text, yaml.SafeLoader))
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise BadConfig(f"not YAML: {line}{_shown(error.problem or error.context or '')}") from error
    except yaml.YAMLError as error:
        raise BadConfig(f"not YAML: {_shown(str(error))}") from error
    except BadConfig:
        raise
    except ValueError as error:
        raise BadConfig(f"a value cannot be read: {_shown(str(error))}") from error


def _check_tokens(text: str) -> None:
    """Refuse what costs more to read than its length tells: repetition, and nesting without end."""
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
            raise BadConfig(f"line {token.start_mark.line + 1}: a recipe repeats nothing by '*'")
        if depth > _DEEPEST:
            raise BadConfig(f"line {token.start_mark.line + 1}: nested too deep")


def _check_nodes(root: Any) -> None:
    """Refuse a name given twice, of which YAML takes the last, and `3:7`, which it takes for 3 times 60 and 7."""
    import yaml

    nodes = [root]
    while nodes:
        node = nodes.pop()
        line = node.start_mark.line + 1 if node else 0
        if isinstance(node, yaml.MappingNode):
            names = [name.value for name, _ in node.value if isinstance(name, yaml.ScalarNode)]
            for name, times in Counter(names).items():
                if times > 1:
                    raise BadConfig(f"line {line}: {_shown(name)} is given twice")
            nodes += [inner for pair in node.value for inner in pair]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.ScalarNode) and ":" in node.value and node.tag.endswith((":int", ":float")):
            raise BadConfig(f"line {line}: {_shown(node.value)} is no number; a range is written [least, most]")


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    """Return a value in one short line."""
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _as_lists(value: Any) -> Any:
    return [_as_lists(one) for one in value] if isinstance(value, tuple) else value
