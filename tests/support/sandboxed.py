"""Programs for the sandbox's tests, and what they return."""

from typing import Any

from knk.sandbox.model import Level, Limits, Program, Run
from knk.sandbox.run import run
from knk.sandbox.values import parse_value

SHORT = Limits(call_seconds=0.3, total_seconds=2.0)
IDENTITY = Program("same", (("def same(*x): return x",),))


def program(code: str) -> Program:
    return Program("f", ((code,),))


def run_code(code: str, inputs: tuple[str, ...] = ("[]",), level: Level | None = None) -> Run:
    return run(program(code), inputs, SHORT, level=level)


def returned_value(code: str) -> Any:
    """What `f()` returns, as a JSON tree."""
    (output,) = run_code(code).outputs
    assert output.kind == "value", output
    return parse_value(output.text)
