"""Plain Python values as JSON trees; a part of the worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

MAX_DEPTH: Final = 100
"""The deepest nesting of a value that is encoded."""


class NotPlain(Exception):
    """A value that cannot be encoded; the message is the name of its type."""


def encode(value: Any, depth: int = 0) -> Any:
    """Return a plain value as a JSON tree; an instance of a subclass is encoded as its base's value.

    What JSON cannot express is an object with one key: {"int": hex}, {"float": "nan"}, {"bytes": hex},
    {"tuple": [...]}, {"set": [...]}, {"dict": [[key, value], ...]}, {"complex": [real, imaginary]}.

    Args:
        value: None, a bool, a number, text, bytes, a list, tuple, set or dict of those.
        depth: how deeply it is nested in another value.

    Raises:
        NotPlain: it is something else, or nested too deeply.
    """
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if -(1 << 63) <= value < 1 << 63 else {"int": hex(value)}
    if kind is float:
        return value if value - value == 0 else {"float": float.__repr__(value)}
    if depth >= MAX_DEPTH:
        raise NotPlain("nested too deep")
    if kind is list:
        return [encode(item, depth + 1) for item in value]
    for base, form in _FORMS.items():
        if issubclass(kind, base):
            return form(value, depth + 1)
    raise NotPlain(kind.__name__)


def _items(values: Any, depth: int) -> list[Any]:
    return [encode(item, depth) for item in values]


def _complex(value: complex, depth: int) -> Any:
    return {"complex": _items((value.real, value.imag), depth)}


# The other types; a subclass is read by the methods of its base.
_FORMS: Final[dict[type, Callable[[Any, int], Any]]] = {
    tuple: lambda value, depth: {"tuple": _items(tuple.__iter__(value), depth)},
    list: lambda value, depth: _items(list.__iter__(value), depth),
    dict: lambda value, depth: {"dict": [_items(pair, depth) for pair in dict.items(value)]},
    set: lambda value, depth: {"set": _items(set.__iter__(value), depth)},
    frozenset: lambda value, depth: {"set": _items(frozenset.__iter__(value), depth)},
    int: lambda value, depth: encode(int.__pos__(value), depth),
    float: lambda value, depth: encode(float.__pos__(value), depth),
    str: lambda value, _: str.__str__(value),
    complex: lambda value, depth: _complex(complex.__pos__(value), depth),
    bytes: lambda value, _: {"bytes": bytes.hex(value)},
    bytearray: lambda value, _: {"bytes": bytearray.hex(value)},
}
