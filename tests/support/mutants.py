"""Mutants of Python code: one constant, comparison, operator, condition or result changed at a time.

A second opinion on them shares no code with the sandbox: `python -m tests.support.mutants` reads a row and runs its
mutants by plain `exec`, comparing with plain `==`.
"""

from __future__ import annotations

import ast
import copy
import json
import math
import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

from tests.support.paths import ROOT

OTHER_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OTHER_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.FloorDiv,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitXor: ast.BitOr,
    ast.BitAnd: ast.BitOr,
}


def mutants(code: str) -> Iterator[str]:
    """Iterate over all mutants of code, each with one change."""
    tree = ast.parse(code)
    count = len(list(ast.walk(tree)))
    for index in range(count):
        for change in (_change_constant, _change_comparison, _change_operator, _change_condition, _wrap_result):
            mutant = copy.deepcopy(tree)
            node = list(ast.walk(mutant))[index]
            if change(node):
                text = ast.unparse(mutant)
                if text != ast.unparse(tree):
                    yield text


def _change_constant(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        node.value = not node.value
        return True
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        node.value += 1
        return True
    # Not a docstring: those are long.
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 20:
        node.value += "x"
        return True
    return False


def _change_comparison(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OTHER_COMPARISONS:
        node.ops[0] = OTHER_COMPARISONS[type(node.ops[0])]()
        return True
    return False


def _change_operator(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OTHER_OPERATORS:
        node.op = OTHER_OPERATORS[type(node.op)]()
        return True
    return False


def _change_condition(node: ast.AST) -> bool:
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return True
    if isinstance(node, ast.If | ast.IfExp):
        node.test = ast.UnaryOp(ast.Not(), node.test)
        return True
    return False


def _wrap_result(node: ast.AST) -> bool:
    if isinstance(node, ast.Return) and node.value is not None:
        node.value = ast.Tuple([node.value], ast.Load())
        return True
    return False


def opinions(row: dict[str, Any], codes: list[str]) -> list[str]:
    """Return for each mutant whether it is "same" as the solution, "different" on an input, or "slow"."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.support.mutants"],
        input=json.dumps({"row": row, "codes": codes}),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    result: list[str] = json.loads(process.stdout)
    return result


class _Slow(BaseException):
    pass


def _ring(*_: object) -> None:
    raise _Slow


def _opinion(
    function: Callable[..., Any], inputs: str, expected: list[Any], fits: Callable[[Any, Any, Any], bool]
) -> str:
    for arguments, right in zip(json.loads(inputs), expected, strict=True):
        original = copy.deepcopy(arguments)
        signal.setitimer(signal.ITIMER_REAL, 1.5)
        try:
            if not fits(original, function(*arguments), right):
                return "different"
        except _Slow:
            return "slow"
        except Exception:  # noqa: BLE001 - the solution raises nothing, so any exception differs
            return "different"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return "same"


def _fits(row: dict[str, Any]) -> Callable[[Any, Any, Any], bool]:
    def zero(arguments: Any, got: Any, _: Any) -> bool:
        return bool(abs(sum(c * math.pow(got, i) for i, c in enumerate(arguments[0]))) <= row["atol"])

    def near(_: Any, got: Any, right: Any) -> bool:
        if got == right:
            return True
        floats = right if isinstance(right, list | tuple) else [right]
        others = got if isinstance(right, list | tuple) else [got]
        tolerance = row["atol"] or (1e-6 if all(isinstance(one, float) for one in floats) else 0)
        if not tolerance or (type(got) is not type(right) and isinstance(right, list | tuple)):
            return False
        return len(floats) == len(others) and all(
            abs(a - b) <= tolerance + 1e-7 * abs(b) for a, b in zip(others, floats, strict=True)
        )

    return zero if row["entry_point"] == "find_zero" else near


def _loaded(code: str, name: str) -> Callable[..., Any]:
    names: dict[str, Any] = {"__name__": "mutant"}
    exec(code, names)
    function: Callable[..., Any] = names[name]
    return function


def main() -> None:
    """Read a row and mutants of its solution, and write an opinion on each."""
    request = json.load(sys.stdin)
    row = request["row"]
    resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))
    signal.signal(signal.SIGALRM, _ring)
    solution = _loaded(row["stub"] + row["canonical_solution"], row["entry_point"])
    expected = [solution(*arguments) for arguments in json.loads(row["inputs"])]
    results = []
    out = sys.stdout
    sys.stdout = sys.stderr
    for code in request["codes"]:
        try:
            function = _loaded(code, row["entry_point"])
        except Exception:  # noqa: BLE001 - as above
            results.append("different")
            continue
        results.append(_opinion(function, row["inputs"], expected, _fits(row)))
    json.dump(results, out)


def sample(code: str, n: int, seed: int = 0) -> list[str]:
    """Return some of the mutants of code, drawn by a seed."""
    different = list(dict.fromkeys(mutants(code)))
    return different if len(different) <= n else random.Random(seed).sample(different, n)


if __name__ == "__main__":
    main()
