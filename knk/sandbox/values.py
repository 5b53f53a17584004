"""Values that model code returned, parsed and compared as JSON trees, never as Python values.

An output is JSON in which an object with one key stands for what JSON cannot express: {"tuple": [...]},
{"set": [...]}, {"dict": [[key, value], ...]}, {"int": hex}, {"float": "nan"}, {"complex": [real, imaginary]},
{"bytes": hex}. It is hostile: `parse_value` accepts only such trees, and `same` compares trees, so that no class, hash
or comparison of the model's code is called.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from knk.errors import BadOutput

Tree = Any
Number = int | float | complex

MAX_DEPTH: Final = 110
RELATIVE_TOLERANCE: Final = 1e-7
"""The relative tolerance of EvalPlus (NumPy's default), beside the absolute one."""
_TEXTS: Final = {
    "int": re.compile(r"-?0x[0-9a-f]+"),
    "bytes": re.compile(r"[0-9a-f]*"),
    "float": re.compile(r"nan|-?inf"),
}
_SEQUENCES: Final = ("tuple", "set", "dict", "complex")


def parse_value(text: str | bytes) -> Tree:
    """Return the tree that a JSON text holds.

    Args:
        text: the text, which may be anything.

    Raises:
        BadOutput: it is not a tree of plain values.

    >>> parse_value('[1, {"tuple": ["a", null]}]')
    [1, {'tuple': ['a', None]}]
    """
    try:
        tree = json.loads(text)
        _check(tree, 0)
    except (ValueError, RecursionError) as error:
        raise BadOutput("expected a plain value as output") from error
    return tree


def _check(tree: Tree, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadOutput("the output is nested too deeply")
    if isinstance(tree, dict):
        _check_tagged(tree)
        tree = next(iter(tree.values()))
    if isinstance(tree, list):
        for item in tree:
            _check(item, depth + 1)


def _check_tagged(tree: dict[str, Tree]) -> None:
    tag, content = next(iter(tree.items())) if len(tree) == 1 else ("", "")
    if tag in _SEQUENCES:
        fits = isinstance(content, list)
    else:
        fits = isinstance(content, str) and tag in _TEXTS and _TEXTS[tag].fullmatch(content) is not None
    if fits and tag == "dict":
        fits = all(isinstance(pair, list) and len(pair) == 2 for pair in content)
    if fits and tag == "complex":
        fits = len(content) == 2 and all(isinstance(number_of(part), int | float) for part in content)
    if not fits:
        raise BadOutput("expected a plain value as output")


def number_of(tree: Tree) -> Number | None:
    """Return the number that a tree stands for, or None; True and False are numbers, as in Python.

    >>> number_of({"int": "0xff"}), number_of(True), number_of("1")
    (255, True, None)
    """
    if isinstance(tree, int | float):
        return tree
    if not isinstance(tree, dict):
        return None
    tag, content = next(iter(tree.items()))
    if tag == "int":
        return int(content, 16)
    if tag == "float":
        return float(content)
    if tag == "complex":
        real, imaginary = map(number_of, content)
        return complex(real or 0, imaginary or 0) if not isinstance(real, complex) else None
    return None


def same(expected: Tree, actual: Tree, tolerance: float = 0.0) -> bool:
    """Whether two trees stand for equal values, in the sense of Python's `==` between built-in types.

    So 1, 1.0 and True are equal, a list and a tuple never are, and sets and dicts have no order. With a tolerance
    numbers may differ by that much plus a ten-millionth of the expected one, and nan equals nan, except in sets and
    keys.

    Args:
        expected: the expected tree.
        actual: the tree compared with it.
        tolerance: the absolute difference that numbers may have.

    >>> same([1, 2], [1.0, True + 1]), same([1, 2], {"tuple": [1, 2]}), same(0.5, 0.5000001, 1e-6)
    (True, False, True)
    """
    first, second = number_of(expected), number_of(actual)
    if first is not None or second is not None:
        return first is not None and second is not None and _close(first, second, tolerance)
    if isinstance(expected, list):
        return isinstance(actual, list) and _all_same(expected, actual, tolerance)
    if isinstance(expected, dict):
        return isinstance(actual, dict) and _same_tagged(expected, actual, tolerance)
    return type(expected) is type(actual) and bool(expected == actual)


def _all_same(expected: list[Tree], actual: list[Tree], tolerance: float) -> bool:
    return len(expected) == len(actual) and all(map(same, expected, actual, [tolerance] * len(actual)))


def _same_tagged(expected: dict[str, Tree], actual: dict[str, Tree], tolerance: float) -> bool:
    (tag, first), (other_tag, second) = next(iter(expected.items())), next(iter(actual.items()))
    if tag != other_tag or len(first) != len(second):
        return False
    if tag == "tuple":
        return _all_same(first, second, tolerance)
    if tag == "set":
        return sorted(map(_key, first)) == sorted(map(_key, second))
    if tag == "dict":
        pairs, others = _sorted_pairs(first), _sorted_pairs(second)
        keys_agree = [key for key, _ in pairs] == [key for key, _ in others]
        return keys_agree and _all_same(
            [content for _, content in pairs], [content for _, content in others], tolerance
        )
    return bool(first == second)


def _sorted_pairs(pairs: list[list[Tree]]) -> list[tuple[str, Tree]]:
    return sorted(((_key(key), content) for key, content in pairs), key=lambda pair: pair[0])


def _key(tree: Tree) -> str:
    """Return a text that is the same for equal values, to sort by: hashes can be made to collide, texts cannot."""
    return json.dumps(_normal(tree))


def _normal(tree: Tree) -> Tree:
    number = number_of(tree)
    if isinstance(number, complex):
        return _normal(number.real) if number.imag == 0 else ["complex", repr(number)]
    if isinstance(number, float) and not number.is_integer():
        return ["float", repr(number)]
    if number is not None:
        return ["int", hex(int(number))]
    if isinstance(tree, list):
        return ["list", *map(_normal, tree)]
    if isinstance(tree, dict):
        tag, content = next(iter(tree.items()))
        if tag in ("set", "dict"):
            return [tag, *sorted(json.dumps(_normal(item)) for item in content)]
        return [tag, *map(_normal, content)]
    return tree


def _close(expected: Number, actual: Number, tolerance: float) -> bool:
    if expected == actual:
        return True
    if not tolerance:
        return False
    if expected != expected and actual != actual:
        return True
    try:
        return math.isfinite(abs(expected)) and abs(actual - expected) <= tolerance + RELATIVE_TOLERANCE * abs(expected)
    except OverflowError:
        return False
