"""What a corpus is built from: `CorpusConfig`, and its YAML form."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

from knk.datasets.rows import DEFAULT_STYLE
from knk.datasets.split import DEFAULT_SHARES, Shares, sums_to_one
from knk.errors import BadConfig, BadSpec
from knk.generation.generate import spec_of
from knk.generation.spec import Spec
from knk.text.styles import STYLES
from knk.yaml_config import check_keys, mapping, parse_yaml, read_yaml, shortened

_SPEC_KEYS: Final = tuple(field.name for field in fields(Spec) if field.name != "duplicates")
_PART_KEYS: Final = ("name", "rows", "splits", "preset", *_SPEC_KEYS, "grade")
_KEYS: Final = ("seed", "style", "shares", "measures", "parts")
_LISTS: Final = ("names", "roles")
_BOOLEANS: Final = ("self_accusation", "trivial", "balanced")
_MAPPINGS: Final = ("kinds", "target")
_PART_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_SPLIT_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")


@dataclass(frozen=True)
class PartConfig:
    """A part of a corpus: rows of one specification.

    Args:
        spec: which puzzles to generate.
        rows: the number of rows.
        name: the part's name, of lower-case letters, digits, `-` and `_`.
        splits: the splits whose puzzles are kept; empty for all splits.

    Raises:
        BadConfig: the number of rows or the name is invalid, or the specification allows duplicates.

    >>> PartConfig(Spec(people=3), 100, "small").rows
    100
    """

    spec: Spec
    rows: int
    name: str
    splits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _is_int(self.rows) or self.rows < 1:
            raise BadConfig(f"rows: expected a whole number from 1 up, got {shortened(self.rows)}")
        if not isinstance(self.name, str) or not _PART_NAME.fullmatch(self.name):
            raise BadConfig(f"name: expected lower-case letters, digits, '-' and '_', got {shortened(self.name)}")
        if self.spec.duplicates:
            raise BadConfig("a corpus never has a puzzle twice: leave out 'duplicates'")

    @classmethod
    def from_dict(cls, content: Any, number: int) -> Self:
        """Return a part from its YAML form.

        Args:
            content: the part, as YAML or JSON holds it.
            number: its number, from 1, for its default name and for error messages.

        Raises:
            BadConfig: the content is not a valid part.
        """
        where = f"part {number}"
        content = mapping(content, where)
        check_keys(content, _PART_KEYS, where)
        _check_types(content, where)
        changes = {name: content[name] for name in ("preset", *_SPEC_KEYS, "grade") if name in content}
        try:
            name = content.get("name", f"part-{number:02}")
            return cls(spec_of(**changes), content["rows"], name, tuple(content.get("splits", [])))
        except (BadConfig, BadSpec) as error:
            raise BadConfig(f"{where}: {error}") from error
        except (TypeError, ValueError, AttributeError) as error:
            # Only the specification knows which types its fields take.
            raise BadConfig(f"{where}: a field has a value of the wrong type ({shortened(str(error))})") from error

    def to_dict(self) -> dict[str, Any]:
        """Return the part in its YAML form, without the fields that are as in `Spec()`."""
        default = Spec()
        content: dict[str, Any] = {"name": self.name, "rows": self.rows}
        if self.splits:
            content["splits"] = list(self.splits)
        for name in _SPEC_KEYS:
            value = getattr(self.spec, name)
            if value != getattr(default, name):
                content[name] = _as_lists(dict(value) if name in _MAPPINGS else value)
        return content


@dataclass(frozen=True)
class CorpusConfig:
    """What a corpus is built from.

    Args:
        parts: the parts, in the order in which they are built; a later part has no puzzle of an earlier one.
        seed: a whole number of up to 64 bits.
        style: the style of the English, one of `knk.text.render.STYLES`.
        shares: the splits, each with its share of all puzzles; the shares sum to 1.
        measures: whether rows have columns of measures, such as the grade; measuring takes time.

    Raises:
        BadConfig: a value is invalid.

    >>> CorpusConfig((PartConfig(Spec(people=3), 100, "small"),)).rows
    100
    """

    parts: tuple[PartConfig, ...]
    seed: int = 0
    style: str = DEFAULT_STYLE
    shares: Shares = DEFAULT_SHARES
    measures: bool = False

    def __post_init__(self) -> None:
        if not _is_int(self.seed) or not -(2**63) <= self.seed < 2**64:
            raise BadConfig(f"seed: expected a whole number of up to 64 bits, got {shortened(self.seed)}")
        if not isinstance(self.style, str) or self.style not in STYLES:
            raise BadConfig(f"unknown style {shortened(self.style)}: expected one of {', '.join(STYLES)}")
        _check_shares(self.shares)
        if not isinstance(self.measures, bool):
            raise BadConfig(f"measures: expected true or false, got {shortened(self.measures)}")
        if not self.parts:
            raise BadConfig("a corpus config needs at least one part")
        names = [part.name for part in self.parts]
        if len(set(names)) < len(names):
            raise BadConfig("two parts have the same name")
        known = [split for split, _ in self.shares]
        for part in self.parts:
            for split in part.splits:
                if split not in known:
                    expected = ", ".join(known)
                    raise BadConfig(f"part {part.name}: splits: expected some of {expected}, got {shortened(split)}")

    @property
    def rows(self) -> int:
        """The number of rows of all parts together."""
        return sum(part.rows for part in self.parts)

    @classmethod
    def from_yaml(cls, path: str | os.PathLike[str]) -> Self:
        """Return the corpus config in a YAML file.

        Raises:
            BadConfig: the file is not a valid corpus config; the message is one line.
        """
        path = Path(path)
        content = read_yaml(path)
        try:
            return cls.from_dict(content)
        except BadConfig as error:
            raise BadConfig(f"{path}: {error}") from error

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the corpus config in a YAML text.

        Raises:
            BadConfig: the text is not a valid corpus config; the message is one line.

        >>> config = CorpusConfig.from_text("parts: [{preset: rich, people: [3, 7], rows: 1000}]")
        >>> config.parts[0].spec.people_range, config.parts[0].name
        ((3, 7), 'part-01')
        """
        return cls.from_dict(parse_yaml(text))

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """Return the corpus config that a YAML or JSON file contains.

        Raises:
            BadConfig: the content is not a valid corpus config; the message is one line.

        >>> CorpusConfig.from_dict({"parts": [{"people": 3, "rows": 100}]}).rows
        100
        """
        content = mapping(content, "corpus config")
        check_keys(content, _KEYS, "corpus config")
        parts = content.get("parts")
        if not isinstance(parts, list):
            raise BadConfig(f"parts: expected a list of parts, got {shortened(parts)}")
        shares = content.get("shares", dict(DEFAULT_SHARES))
        if not isinstance(shares, dict):
            raise BadConfig(
                f"shares: expected splits with shares, such as {{train: 0.9, test: 0.1}}, got {shortened(shares)}"
            )
        return cls(
            tuple(PartConfig.from_dict(part, number) for number, part in enumerate(parts, 1)),
            content.get("seed", 0),
            content.get("style", DEFAULT_STYLE),
            tuple(shares.items()),
            content.get("measures", False),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the config in its YAML form; `from_dict` returns the same config from it.

        >>> CorpusConfig((PartConfig(Spec(people=3), 100, "small"),)).to_dict()["parts"]
        [{'name': 'small', 'rows': 100, 'people': 3}]
        """
        return {
            "seed": self.seed,
            "style": self.style,
            "shares": dict(self.shares),
            "measures": self.measures,
            "parts": [part.to_dict() for part in self.parts],
        }


def _check_types(content: dict[str, Any], where: str) -> None:
    """Check the types of a part's values, as far as `Spec` and `PartConfig` do not."""
    if "rows" not in content:
        raise BadConfig(f"{where}: missing 'rows'")
    for name in _LISTS:
        if not isinstance(content.get(name, []), list):
            raise BadConfig(f"{where}: {name}: expected a list, got {shortened(content[name])}")
    for name in _BOOLEANS:
        if not isinstance(content.get(name, False), bool):
            raise BadConfig(f"{where}: {name}: expected true or false, got {shortened(content[name])}")
    splits = content.get("splits", [])
    if not isinstance(splits, list) or not all(isinstance(split, str) for split in splits):
        raise BadConfig(f"{where}: splits: expected a list of names, got {shortened(splits)}")
    if not isinstance(content.get("target", {}), dict):
        example = "{nesting: 2, steps: [10, 20]}"
        raise BadConfig(f"{where}: target: expected measures with values, such as {example}")


def _check_shares(shares: Shares) -> None:
    if not shares:
        raise BadConfig("shares: expected at least one split")
    for split, share in shares:
        # The Hub reserves "all".
        if not isinstance(split, str) or not _SPLIT_NAME.fullmatch(split) or split == "all":
            raise BadConfig(
                f"shares: expected split names of lower-case letters, digits and '_', not 'all', got {shortened(split)}"
            )
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise BadConfig(f"shares: {split}: expected a number above 0 and up to 1, got {shortened(share)}")
    if len({split for split, _ in shares}) < len(shares):
        raise BadConfig("shares: a split is given twice")
    if not sums_to_one(shares):
        raise BadConfig(f"shares: expected a sum of 1, got {sum(share for _, share in shares):.6g}")


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _as_lists(value: Any) -> Any:
    """Return the value with lists in place of tuples, as JSON and YAML have them."""
    if isinstance(value, dict):
        return {name: _as_lists(item) for name, item in value.items()}
    return [_as_lists(item) for item in value] if isinstance(value, tuple) else value
