"""Explain why EvalPlus and the library's verifier disagree on a sample.

They may disagree for several reasons: EvalPlus compares a program's outputs in the program's own process, where an
object can claim to equal anything; it measures wall time; and it runs a program without the imports and helpers of the
problem's stub. An explanation rests on evidence: the program and the dataset's solution run again in the sandbox, and
their outputs are compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from knk.answers.verdict import Verdict
from knk.errors import BadOutput
from knk.evals.evalplus.evaluate import evaluate
from knk.evals.evalplus.pass_rates import EvalPlusResults, SampleResult
from knk.evals.evalplus.samples import Problems, Sample
from knk.sandbox.model import Limits, Program, Run
from knk.sandbox.run import run
from knk.sandbox.values import (
    Tree,
    number_of,
    parse_value,
    same,
)
from knk.tasks.code.outputs import FLOAT_TOLERANCE
from knk.tasks.source import Row

_RERUN_LIMITS: Final = Limits(call_seconds=20.0, total_seconds=120.0, memory_bytes=1 << 32, output_bytes=1 << 24)
_FAILED_INPUT: Final = re.compile(r"input (\d+)")
_INTROSPECTION: Final = re.compile(
    r"_getframe|\bgc\b|\binspect\b|\bctypes\b|__traceback__|\btb_\w+|\bf_(?:back|locals|globals)\b|\bsettrace\b"
)
_DISABLED_BY_EVALPLUS: Final = re.compile(
    r"\bopen\s*\(|\bos\s*\.|\bshutil\b|\bsubprocess\b|\b(?:exit|quit|help|input)\s*\("
)
_MAX_SHOWN: Final = 80
_TIME_FACTOR: Final = 4.0


def explain(
    results: EvalPlusResults, result: SampleResult, verdict: Verdict, sample: Sample, row: Row, problems: Problems
) -> str:
    """Return why EvalPlus and the verifier disagree on a sample, or "" if the reason is unknown.

    Args:
        results: EvalPlus's results for all samples.
        result: its result for this sample.
        verdict: the verifier's verdict on the sample.
        sample: the sample.
        row: the row of its problem.
        problems: all problems, in EvalPlus's format.
    """
    if verdict.correct is None:
        return ""
    if result.correct:
        return _why_evalplus_passes(verdict, sample, row)
    if result.task_id in results.root_tasks and not results.counts_roots:
        return f"EvalPlus {results.version} fails every root of this problem"
    return _why_evalplus_fails(result, sample, row) or _passes_with_more_time(results, sample, problems)


def _run_alone(code: str, row: Row) -> Run:
    """Run a program by itself on all inputs of a problem."""
    inputs = [json.dumps(arguments) for arguments in json.loads(row["inputs"])]
    return run(Program(row["entry_point"], ((code,),)), inputs, _RERUN_LIMITS)


def _run_solution(row: Row) -> Run:
    """Run the dataset's solution on all inputs of a problem."""
    return _run_alone(row["stub"] + row["canonical_solution"], row)


# EvalPlus passes the sample, the verifier rejects it.


def _why_evalplus_passes(verdict: Verdict, sample: Sample, row: Row) -> str:
    if "timed out" in verdict.detail:
        return "exceeds the verifier's limit of processor time; EvalPlus has a longer limit of wall time"
    if re.search(r"ModuleNotFoundError|ImportError", verdict.detail):
        return "imports a package outside the standard library, which the verifier does not provide"
    if "MemoryError" in verdict.detail:
        return "needs more memory than the verifier gives"
    if verdict.detail.startswith("garbled"):
        return "writes into files that it does not own, such as the pipe that carries its outputs"
    match = _FAILED_INPUT.search(verdict.detail)
    explanation = _explain_output(int(match[1]) - 1, sample, row) if match else ""
    if explanation:
        return explanation
    introspection = _INTROSPECTION.search(sample.solution)
    return f"inspects the process in which EvalPlus compares outputs ({introspection[0]})" if introspection else ""


def _explain_output(call: int, sample: Sample, row: Row) -> str:
    """Why an output passes in EvalPlus and is wrong by the verifier; "" if that is unknown or not so."""
    outputs, expected = _run_alone(sample.solution, row).outputs, _run_solution(row).outputs
    if call >= min(len(outputs), len(expected)):
        return ""
    if outputs[call].kind == "exception" or expected[call].kind != "value":
        return ""
    if outputs[call].kind == "other type":
        return f"returns an object of type {outputs[call].text.decode()}, which claims to equal the expected value"
    return _explain_value(outputs[call].text, expected[call].text, _own_class(call, sample, row))


def _explain_value(output: bytes, expected: bytes, own_class: str) -> str:
    try:
        got, right = parse_value(output), parse_value(expected)
    except BadOutput:
        return ""
    if same(right, got, FLOAT_TOLERANCE):
        return "within a millionth, which EvalPlus allows on all inputs after the first that expects a float"
    if same(_tuples_as_lists(right), _tuples_as_lists(got), FLOAT_TOLERANCE):
        return "a tuple in place of a list, which EvalPlus accepts where it allows for rounding"
    if own_class and _python_value(got) != _python_value(right):
        return f"returns {_shortened(output)}, which claims to equal {_shortened(expected)} ({own_class})"
    return ""


# Appended to a program; returns the names of the program's own classes in its output.
_CLASS_NAMES: Final = """
def names_of(*arguments):
    def names(value):
        if type(value) in (list, tuple, set, frozenset):
            return [name for item in value for name in names(item)]
        if type(value) is dict:
            return names(list(value.items()))
        return [] if type(value) in (int, float, str, bool, bytes, complex, type(None)) else [type(value).__name__]
    return names({function}(*arguments))[:1]
"""


def _own_class(call: int, sample: Sample, row: Row) -> str:
    """The name of a class in a program's output for an input, or "" if the output has only built-in types."""
    inputs = [json.dumps(arguments) for arguments in json.loads(row["inputs"])[: call + 1]]
    code = _CLASS_NAMES.format(function=row["entry_point"])
    outputs = run(Program("names_of", ((sample.solution, code),)), inputs, _RERUN_LIMITS).outputs
    names = parse_value(outputs[call].text) if call < len(outputs) and outputs[call].kind == "value" else []
    return str(names[0]) if isinstance(names, list) and names else ""


def _tuples_as_lists(tree: Tree) -> Tree:
    if isinstance(tree, dict) and "tuple" in tree:
        tree = tree["tuple"]
    return [_tuples_as_lists(item) for item in tree] if isinstance(tree, list) else tree


def _python_value(tree: Tree) -> Any:
    """The value of a tree, so that Python's `==` can compare it; the tree itself if it has no simple value."""
    number = number_of(tree)
    if number is not None:
        return number
    if isinstance(tree, list):
        return [_python_value(item) for item in tree]
    if isinstance(tree, dict) and "tuple" in tree:
        return tuple(_python_value(item) for item in tree["tuple"])
    return tree


def _shortened(output: bytes) -> str:
    text = output.decode("ascii", "replace")
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."


# The verifier accepts the sample, EvalPlus fails it.


def _why_evalplus_fails(result: SampleResult, sample: Sample, row: Row) -> str:
    if "timeout" in (result.base, result.plus):
        return "exceeds EvalPlus's limit of wall time"
    alone = _run_alone(sample.solution, row)
    if alone.ending == "not loaded" or any(output.kind == "exception" for output in alone.outputs):
        return "needs the stub's imports and helpers, which the verifier provides and EvalPlus does not"
    if row["entry_point"] == "find_zero":
        return "a right root, which EvalPlus tests on coefficients that the program has changed"
    if any(_differ_in_number_type(alone, row)):
        return "an integer or True close enough to a float, where EvalPlus requires a float"
    disabled = _DISABLED_BY_EVALPLUS.search(sample.solution)
    return f"uses a function that EvalPlus disables ({disabled[0].strip('( ')})" if disabled else ""


def _differ_in_number_type(alone: Run, row: Row) -> Iterator[bool]:
    for output, expected in zip(alone.outputs, _run_solution(row).outputs, strict=False):
        if output.kind == expected.kind == "value":
            got, right = number_of(parse_value(output.text)), number_of(parse_value(expected.text))
            yield got is not None and right is not None and got != right and type(got) is not type(right)


def _passes_with_more_time(results: EvalPlusResults, sample: Sample, problems: Problems) -> str:
    """Evaluate a sample by itself with more time, and return that time was the reason if it passes."""
    again = evaluate(
        [sample],
        {sample.task_id: problems[sample.task_id]},
        count_roots=results.counts_roots,
        min_seconds=_TIME_FACTOR * results.min_seconds,
        level=results.level,
        allow_weak_isolation=True,
    )
    return "passes when EvalPlus gives it four times the wall time" if again.samples[0].correct else ""
