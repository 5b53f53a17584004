"""The types and the choices of TRL's settings, which its parser does not check in a YAML file.

The parser converts only strings from YAML; everything else it passes on as it is, and it does not compare with the
choices that it knows. So a wrong value would fail late in the trainer, or never.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import Field, dataclass, fields
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from knk.errors import BadConfig
from knk.yaml_config import shortened, suggestion

_NOUNS: Final = {bool: "true or false", int: "an integer", float: "a number", str: "a string", list: "a list"}
_TRUTHS: Final = ("yes", "true", "t", "y", "1", "no", "false", "f", "n", "0")
_NULLS: Final = ("none", "null")
_TEXT_OR_LIST: Final = ("lora_target_modules",)
"""Declared as lists, but a string has a meaning of its own: `all-linear`, or a pattern."""
_TRUTH_OR_TEXT: Final = ("fsdp", "scale_rewards")
"""Declared as strings, but true and false are read as well."""
_MAX_LISTED: Final = 12
_QUOTED: Final = re.compile(r"(?<![=\w])['`\"]{1,2}(\w+)['`\"]{1,2}")


@dataclass(frozen=True)
class SettingType:
    """The type of a setting.

    Args:
        name: the setting's name.
        hint: its declared type.
        default: its default.
        choices: the values that it can have; empty if that is left open.
    """

    name: str
    hint: Any
    default: Any
    choices: tuple[Any, ...] = ()

    def check(self, value: Any) -> None:
        """Check that a value has the type and is one of the choices.

        Args:
            value: the value, as YAML has it.

        Raises:
            BadConfig: it has not, or is not; the message suggests the nearest choice.
        """
        if value == self.default or (isinstance(value, bool) and self.name in _TRUTH_OR_TEXT):
            return
        if value is None and NoneType in _parts(self.hint):
            return
        if self.choices and value not in self.choices:
            self._refuse(value, _listed(value, self.choices))
        if not _has_type(value, self.hint) and not (isinstance(value, str) and self.name in _TEXT_OR_LIST):
            self._refuse(value, _noun(self.hint))

    def _refuse(self, value: Any, expected: str) -> None:
        hint = suggestion(value, self.choices) if isinstance(value, str) else ""
        if isinstance(value, bool) and str in _parts(self.hint):
            hint = "; put a word that YAML reads as true or false, such as no, in quotes"
        actual = "null" if value is None else shortened(value)
        raise BadConfig(f"expected {self.name!r} to be {expected}, got {actual}{hint}")


def setting_types(dataclass_types: Sequence[Any]) -> dict[str, SettingType]:
    """Return the types of the settings in dataclasses, by the settings' names.

    Args:
        dataclass_types: the dataclasses that a parser fills.

    >>> from knk.training.options import Options
    >>> setting_types([Options])["on_no_signal"].choices
    ('warn', 'stop')
    """
    types = {}
    names = {field.name for declared in dataclass_types for field in fields(declared)}
    for declared in dataclass_types:
        hints = get_type_hints(declared)
        for field in fields(declared):
            hint = hints[field.name]
            types[field.name] = SettingType(field.name, hint, field.default, _choices(field, hint, names))
    return types


def _choices(field: Field[Any], hint: Any, names: Collection[str]) -> tuple[Any, ...]:
    """Return the values of an enumeration: declared as one, listed in the metadata, or quoted in the help text.

    TRL declares many of its enumerations as strings and names their values only in the help text. It is taken for one
    if it quotes the default.
    """
    parts = _parts(hint)
    for part in parts:
        if isinstance(part, type) and issubclass(part, Enum):
            return tuple(member.value for member in part)
        if get_origin(part) is Literal and str not in parts:
            return get_args(part)
    if field.metadata.get("choices"):
        return tuple(field.metadata["choices"])
    quoted = _QUOTED.findall(str(field.metadata.get("help", "")))
    if hint is not str or field.default not in quoted:
        return ()
    return tuple(dict.fromkeys(word for word in quoted if word not in names and word not in ("True", "False")))


def _parts(hint: Any) -> tuple[Any, ...]:
    """Return the types that a union is of, or the type itself."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _has_type(value: Any, hint: Any) -> bool:
    """Whether a value from YAML has a type, or is a string that TRL's parser converts to it."""
    parts = _parts(hint)
    if value is None:
        return NoneType in parts
    is_converted = isinstance(value, str) and NoneType in parts and str not in parts and value.lower() in _NULLS
    return is_converted or any(_has_plain_type(value, part) for part in parts)


def _has_plain_type(value: Any, hint: Any) -> bool:
    origin = get_origin(hint) or hint
    if origin is bool:
        return isinstance(value, bool) or (isinstance(value, str) and value.lower() in _TRUTHS)
    if origin in (int, float):
        return not isinstance(value, bool) and _is_number(value, origin)
    if origin is list:
        return isinstance(value, list) and all(_has_type(item, part) for part in get_args(hint) for item in value)
    if origin is dict:
        return isinstance(value, Mapping)
    if origin is Literal:
        return True  # a choice
    if isinstance(origin, type) and issubclass(origin, (str, Enum)):
        return isinstance(value, str)
    return origin is not NoneType  # anything else is the trainer's own business


def _is_number(value: Any, kind: type) -> bool:
    """Whether a value is a number, or a string that is converted to one; not-a-number is none."""
    if isinstance(value, str):
        try:
            value = kind(value)
        except ValueError:
            return False
    return isinstance(value, int) or (kind is float and isinstance(value, float) and not math.isnan(value))


def _noun(hint: Any) -> str:
    """Return what a value of a type is called, such as "an integer or null"."""
    parts = _parts(hint)
    nouns = (_NOUNS.get(get_origin(part) or part, "a mapping") for part in parts if part is not NoneType)
    return " or ".join(dict.fromkeys([*nouns, *(["null"] if NoneType in parts else [])]))


def _listed(value: Any, choices: Sequence[Any]) -> str:
    """Return the choices for an error message, or how many they are."""
    names = [str(choice) for choice in choices]
    if len(names) <= _MAX_LISTED:
        return f"one of {', '.join(names)}"
    near = [name for name in names if name.startswith(str(value)[:4])][:_MAX_LISTED]
    return f"one of {len(names)} names, such as {', '.join(near or names[:4])}"
