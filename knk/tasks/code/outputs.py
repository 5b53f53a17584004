"""The outputs of a program, compared with those of the dataset's own solution.

Programs run in `knk.sandbox.run`, which receives the inputs alone. The expected outputs are those of the dataset's own
solution, which runs in such a sandbox too, once for each exercise. The two are compared here by
`knk.sandbox.values.same`: as `==` compares built-in values, but floats within the exercise's tolerance, and without one
within a millionth if all expected values are floats. HumanEval/32 has no single answer: any zero of the polynomial is
right.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from knk.answers.verdict import Verdict
from knk.errors import BadOutput, SandboxFailed
from knk.sandbox.model import Limits, Output, Program, Run
from knk.sandbox.run import run
from knk.sandbox.values import Tree, number_of, parse_value, same
from knk.tasks.code.exercise import Exercise

FLOAT_TOLERANCE: Final = 1e-6
"""As in EvalPlus, for an exercise without a tolerance of which floats are expected."""
_SOLUTION_LIMITS: Final = Limits(call_seconds=20.0, total_seconds=60.0, output_bytes=1 << 24)


@dataclass(frozen=True)
class TimeLimits:
    """Limits on a program's processor time, which grow with the time of the dataset's own solution.

    Args:
        call_seconds: the limit for one input, or `solution_factor` times the solution's slowest, if that is longer.
        total_seconds: the limit for all inputs, as in the paper, to which `solution_factor` times the solution's time
            is added.
        solution_factor: see above.
    """

    call_seconds: float = 2.0
    total_seconds: float = 30.0
    solution_factor: float = 4.0


DEFAULT_LIMITS: Final = TimeLimits()


@dataclass(frozen=True)
class Expected:
    """The expected outputs of an exercise.

    Args:
        calls: the arguments of each call, a line of JSON each.
        outputs: the output of the dataset's solution for each.
        limits: the limits on other programs.
    """

    calls: tuple[str, ...]
    outputs: tuple[bytes, ...]
    limits: Limits


@lru_cache(maxsize=1024)
def expected_outputs(exercise: Exercise, time_limits: TimeLimits = DEFAULT_LIMITS) -> Expected:
    """Return the expected outputs of an exercise, from the dataset's own solution.

    Args:
        exercise: the exercise.
        time_limits: limits on the processor time of other programs.

    Raises:
        BadRow: the exercise's inputs are not a list of lists of arguments.
        SandboxFailed: the solution, or the sandbox, failed.
    """
    calls = exercise.calls()
    program = Program(exercise.entry_point, ((exercise.stub + exercise.solution,),))
    solution_run = run(program, calls, _SOLUTION_LIMITS, lambda _, output: output.kind == "value", timed=True)
    if solution_run.ending != "done":
        raise SandboxFailed(f"the dataset's own solution: {_failure(solution_run)}")
    outputs = tuple(output.text for output in solution_run.outputs)
    factor = time_limits.solution_factor
    limits = Limits(
        call_seconds=max(time_limits.call_seconds, factor * max(solution_run.times)),
        total_seconds=time_limits.total_seconds + factor * sum(solution_run.times),
        # A right output may be written longer: 1.0 for 1, 0.30000000000000004 for 0.3.
        output_bytes=tuple(1000 + 16 * len(output) for output in outputs),
    )
    return Expected(calls, outputs, limits)


def try_program(program: Program, exercise: Exercise, time_limits: TimeLimits = DEFAULT_LIMITS) -> Verdict:
    """Return the verdict on a program; if it is wrong, `detail` says on which input, counted from 1.

    Args:
        program: the program.
        exercise: the function that it should define.
        time_limits: limits on its processor time.

    Raises:
        BadRow: the exercise's inputs are not a list of lists of arguments.
    """
    try:
        expected = expected_outputs(exercise, time_limits)
        program_run = run(program, expected.calls, expected.limits, _checker(exercise, expected))
    except SandboxFailed as error:
        return Verdict(None, "failed", detail=str(error))
    if program_run.ending == "done":
        return Verdict(True, "right")
    return Verdict(False, "wrong", detail=_failure(program_run))


def _failure(run: Run) -> str:
    """Return at which input and how a run failed, in one line."""
    if run.ending == "not loaded":
        return run.detail
    if run.ending == "stopped":
        last = run.outputs[-1]
        return f"input {len(run.outputs)}: {'another value' if last.kind == 'value' else last.text.decode()}"
    # Outputs that were not sent yet are lost with the process.
    return f"{run.ending} at input {len(run.outputs) + 1} or later"


# The comparison.


def _checker(exercise: Exercise, expected: Expected) -> Callable[[int, Output], bool]:
    """Return a function that says whether the output of a call is right."""
    oracle = _ORACLES.get(exercise.entry_point)

    def is_right(call: int, output: Output) -> bool:
        if output.kind != "value":
            return False
        if oracle:
            return _satisfies(oracle, expected.calls[call], output.text, exercise.atol)
        return output.text == expected.outputs[call] or _is_same(expected.outputs[call], output.text, exercise.atol)

    return is_right


def _is_same(expected: bytes, output: bytes, atol: float) -> bool:
    tree = parse_value(expected)
    try:
        return same(tree, parse_value(output), atol or (FLOAT_TOLERANCE if _is_floats(tree) else 0.0))
    except BadOutput:
        return False


def _is_floats(tree: Tree) -> bool:
    """Whether a value is a float, or a list or tuple of floats."""
    if isinstance(tree, dict) and "tuple" in tree:
        tree = tree["tuple"]
    numbers = [number_of(item) for item in tree] if isinstance(tree, list) else [number_of(tree)]
    return all(isinstance(number, float) for number in numbers)


# Exercises with more than one right output.

Oracle = Callable[[list[Any], float], float]
"""Takes the arguments and an output, and returns the output's error."""


def _satisfies(oracle: Oracle, arguments: str, output: bytes, atol: float) -> bool:
    try:
        value = number_of(parse_value(output))
        return isinstance(value, int | float) and abs(oracle(json.loads(arguments), value)) <= atol
    except (BadOutput, OverflowError):
        return False


def _polynomial(arguments: list[Any], x: float) -> float:
    """Return the value at x of the polynomial with the given coefficients, by HumanEval/32's own formula."""
    return float(sum(coefficient * math.pow(x, power) for power, coefficient in enumerate(arguments[0])))


_ORACLES: Final[dict[str, Oracle]] = {"find_zero": _polynomial}
