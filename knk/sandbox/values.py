"""What model code returned, read and compared without ever being a Python value again.

An output comes as JSON in which an object with one key stands for what JSON has no word for: {"tuple": [...]},
{"set": [...]}, {"dict": [[key, value], ...]}, {"int": hex}, {"float": "nan"}, {"complex": [real, imaginary]},
{"bytes": hex}. It is hostile: `tree_of` lets only such trees pass, and `same` compares trees, so that no class, hash or
comparison of anybody's is called.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from knk.errors import BadOutput

Tree = Any
Number = int | float | complex

DEEPEST: Final = 110
RELATIVE_TOLERANCE: Final = 1e-7
"""What EvalPlus allows, by NumPy's default, beside the absolute tolerance."""
_TEXTS: Final = {
    "int": re.compile(r"-?0x[0-9a-f]+"),
    "bytes": re.compile(r"[0-9a-f]*"),
    "float": re.compile(r"nan|-?inf"),
}
_SEQUENCES: Final = ("tuple", "set", "dict", "complex")


def tree_of(text: str | bytes) -> Tree:
    """Return the tree that a text of JSON says.

    Args:
        text: the text, which may be anything.

    Raises:
        BadOutput: it is no tree of plain values.

    >>> tree_of('[1, {"tuple": ["a", null]}]')
    [1, {'tuple': ['a', None]}]
    """
    try:
        tree = json.loads(text)
        _check(tree, 0)
    except (ValueError, RecursionError) as error:
        raise BadOutput("an output that is no plain value") from error
    return tree


def _check(tree: Tree, depth: int) -> None:
    if depth > DEEPEST:
        raise BadOutput("an output nested too deep")
    if isinstance(tree, dict):
        _check_tagged(tree)
        tree = next(iter(tree.values()))
    if isinstance(tree, list):
        for item in tree:
            _check(item, depth + 1)


def _check_tagged(tree: dict[str, Tree]) -> None:
    tag, held = next(iter(tree.items())) if len(tree) == 1 else ("", "")
    if tag in _SEQUENCES:
        fits = isinstance(held, list)
    else:
        fits = isinstance(held, str) and tag in _TEXTS and _TEXTS[tag].fullmatch(held) is not None
    if fits and tag == "dict":
        fits = all(isinstance(pair, list) and len(pair) == 2 for pair in held)
    if fits and tag == "complex":
        fits = len(held) == 2 and all(isinstance(number_of(part), int | float) for part in held)
    if not fits:
        raise BadOutput("an output that is no plain value")


def number_of(tree: Tree) -> Number | None:
    """Return the number that a tree is, or None; True and False are numbers, as in Python.

    >>> number_of({"int": "0xff"}), number_of(True), number_of("1")
    (255, True, None)
    """
    if isinstance(tree, int | float):
        return tree
    if not isinstance(tree, dict):
        return None
    tag, held = next(iter(tree.items()))
    if tag == "int":
        return int(held, 16)
    if tag == "float":
        return float(held)
    if tag == "complex":
        real, imaginary = map(number_of, held)
        return complex(real or 0, imaginary or 0) if not isinstance(real, complex) else None
    return None


def same(wanted: Tree, got: Tree, tolerance: float = 0.0) -> bool:
    """Whether two trees stand for equal values, in the sense of Python's `==` between built-in types.

    So 1, 1.0 and True are equal, a list and a tuple never are, sets and dicts have no order. With a tolerance numbers
    may differ by that much and a ten-millionth of the wanted one, and nan is nan; not so in sets and keys.

    Args:
        wanted: the tree wanted.
        got: the tree compared with it.
        tolerance: by how much numbers may differ.

    >>> same([1, 2], [1.0, True + 1]), same([1, 2], {"tuple": [1, 2]}), same(0.5, 0.5000001, 1e-6)
    (True, False, True)
    """
    first, second = number_of(wanted), number_of(got)
    if first is not None or second is not None:
        return first is not None and second is not None and _close(first, second, tolerance)
    if isinstance(wanted, list):
        return isinstance(got, list) and _all_same(wanted, got, tolerance)
    if isinstance(wanted, dict):
        return isinstance(got, dict) and _same_tagged(wanted, got, tolerance)
    return type(wanted) is type(got) and bool(wanted == got)


def _all_same(wanted: list[Tree], got: list[Tree], tolerance: float) -> bool:
    return len(wanted) == len(got) and all(map(same, wanted, got, [tolerance] * len(got)))


def _same_tagged(wanted: dict[str, Tree], got: dict[str, Tree], tolerance: float) -> bool:
    (tag, first), (other_tag, second) = next(iter(wanted.items())), next(iter(got.items()))
    if tag != other_tag or len(first) != len(second):
        return False
    if tag == "tuple":
        return _all_same(first, second, tolerance)
    if tag == "set":
        return sorted(map(_key, first)) == sorted(map(_key, second))
    if tag == "dict":
        pairs, others = _sorted_pairs(first), _sorted_pairs(second)
        keys_agree = [key for key, _ in pairs] == [key for key, _ in others]
        return keys_agree and _all_same([held for _, held in pairs], [held for _, held in others], tolerance)
    return bool(first == second)


def _sorted_pairs(pairs: list[list[Tree]]) -> list[tuple[str, Tree]]:
    return sorted(((_key(key), held) for key, held in pairs), key=lambda pair: pair[0])


def _key(tree: Tree) -> str:
    """Return a text that equal values have in common, to sort by: hashes can be made to collide, texts cannot."""
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
        tag, held = next(iter(tree.items()))
        if tag in ("set", "dict"):
            return [tag, *sorted(json.dumps(_normal(item)) for item in held)]
        return [tag, *map(_normal, held)]
    return tree


def _close(wanted: Number, got: Number, tolerance: float) -> bool:
    if wanted == got:
        return True
    if not tolerance:
        return False
    if wanted != wanted and got != got:
        return True
    try:
        return math.isfinite(abs(wanted)) and abs(got - wanted) <= tolerance + RELATIVE_TOLERANCE * abs(wanted)
    except OverflowError:
        return False
