"""Programs that EvalPlus scored, judged once more by this library's own verifier, and why the two differ where they do.

They may: EvalPlus compares a program's outputs in the program's own process, where an object can say that it is equal;
measures time by the clock; and runs a program without the imports and helpers of the problem's stub. A difference is
explained by evidence only: the program and the dataset's solution are run again in the sandbox, and their outputs are
looked at.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from knk.answers.verdict import Verdict
from knk.errors import BadOutput
from knk.evals.evalplus import (
    Problems,
    Sample,
    Scored,
    Scores,
    problems_of,
    score,
)
from knk.sandbox.model import Limits, Program, Run
from knk.sandbox.run import run
from knk.sandbox.values import (
    Tree,
    number_of,
    parse_value,
    same,
)
from knk.tasks import humaneval_plus
from knk.tasks.source import Row

_AGAIN: Final = Limits(call_seconds=20.0, total_seconds=120.0, memory_bytes=1 << 32, output_bytes=1 << 24)
_PLACE: Final = re.compile(r"input (\d+)")
_PRYING: Final = re.compile(
    r"_getframe|\bgc\b|\binspect\b|\bctypes\b|__traceback__|\btb_\w+|\bf_(?:back|locals|globals)\b|\bsettrace\b"
)
_GUARDED: Final = re.compile(r"\bopen\s*\(|\bos\s*\.|\bshutil\b|\bsubprocess\b|\b(?:exit|quit|help|input)\s*\(")
_LONGEST_SHOWN: Final = 80
_TIMES_THE_TIME: Final = 4.0


@dataclass(frozen=True)
class Difference:
    """A sample that one calls right and the other does not.

    Args:
        task_id: the problem.
        number: which of the problem's samples, from 0.
        evalplus: what EvalPlus says.
        ours: what the library's verifier says.
        explanation: why; "" if that is not known.
    """

    task_id: str
    number: int
    evalplus: str
    ours: str
    explanation: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return dict(vars(self))


def compare(scores: Scores, samples: Sequence[Sample], data: str | os.PathLike[str]) -> list[Difference]:
    """Return where EvalPlus's scores and the verdicts of this library's verifier differ.

    Args:
        scores: what `knk.evals.evalplus.score` gave for the samples.
        samples: the samples, in the same order.
        data: the file that the problems are from.

    Raises:
        BadFile: the file cannot be read.
        BadRow: it has other rows.
        SandboxFailed: a program could not be run again.
    """
    rows = {row["task_id"]: row for row in humaneval_plus.rows("test", data)}
    chosen = [rows[sample.task_id] for sample in samples]
    problems = problems_of(data)
    verdicts = humaneval_plus.verify_many([completion(sample.solution) for sample in samples], chosen)
    return [
        Difference(
            scored.task_id,
            scored.number,
            str(scored),
            str(verdict),
            _why(scores, scored, verdict, sample, row, problems),
        )
        for scored, verdict, sample, row in zip(scores.samples, verdicts, samples, chosen, strict=True)
        if verdict.correct is not scored.correct
    ]


def completion(solution: str) -> str:
    """Return the completion that gives a program, as the verifier reads it.

    >>> completion("x = 1")
    '</think><answer>\\n```python\\nx = 1\\n```\\n</answer>'
    """
    return f"</think><answer>\n```python\n{solution}\n```\n</answer>"


def _why(scores: Scores, scored: Scored, verdict: Verdict, sample: Sample, row: Row, problems: Problems) -> str:
    if verdict.correct is None:
        return ""
    if scored.correct:
        return _passed_there(verdict, sample, row)
    if scored.task_id in scores.roots and not scores.mended:
        return f"EvalPlus {scores.version} fails every root of this problem"
    return _passed_here(scored, sample, row) or _passed_later(scores, sample, problems)


# What passes in EvalPlus alone.


def _passed_there(verdict: Verdict, sample: Sample, row: Row) -> str:
    if "timed out" in verdict.detail:
        return "slower than the verifier allows, which counts processor time; EvalPlus counts longer by the clock"
    if re.search(r"ModuleNotFoundError|ImportError", verdict.detail):
        return "imports what is no part of the standard library, which is all that is here"
    if "MemoryError" in verdict.detail:
        return "needs more memory than the verifier gives"
    if verdict.detail.startswith("garbled"):
        return "writes into files that are not its own, such as the pipe through which outputs come here"
    place = _PLACE.search(verdict.detail)
    prying = _PRYING.search(sample.solution)
    told = _output_told(int(place[1]) - 1, sample, row) if place else ""
    return told or (f"looks into the process where EvalPlus compares ({prying[0]})" if prying else "")


def _alone(code: str, row: Row) -> Run:
    """Return what a program by itself makes of all inputs."""
    inputs = [json.dumps(arguments) for arguments in json.loads(row["inputs"])]
    return run(Program(row["entry_point"], ((code,),)), inputs, _AGAIN)


def _output_told(call: int, sample: Sample, row: Row) -> str:
    """Return why an output passes in EvalPlus and is wrong here, "" if it is not known or not so."""
    ours, wanted = _alone(sample.solution, row).outputs, _alone(row["stub"] + row["canonical_solution"], row).outputs
    if call >= min(len(ours), len(wanted)) or ours[call].kind == "exception" or wanted[call].kind != "value":
        return ""
    if ours[call].kind == "other type":
        return f"returns an object of type {ours[call].text.decode()}, which says itself that it is equal"
    return _value_told(ours[call].text, wanted[call].text, _foreign(call, sample, row))


def _value_told(ours: bytes, wanted: bytes, foreign: str) -> str:
    try:
        got, right = parse_value(ours), parse_value(wanted)
    except BadOutput:
        return ""
    if same(right, got, humaneval_plus.FLOAT_TOLERANCE):
        return "within a millionth, which EvalPlus goes on to allow once it has wanted a float"
    if same(_lists(right), _lists(got), humaneval_plus.FLOAT_TOLERANCE):
        return "a tuple and a list, which EvalPlus takes for each other once it allows for rounding"
    if foreign and _python(got) != _python(right):
        return f"returns what is {_shown(ours)} and no {_shown(wanted)}, and has it say that it is equal ({foreign})"
    return ""


# Put after a program, gives the names of the classes of its own that are in what it returns.
_NAMES: Final = """
def names_of(*arguments):
    def names(value):
        if type(value) in (list, tuple, set, frozenset):
            return [name for item in value for name in names(item)]
        if type(value) is dict:
            return names(list(value.items()))
        return [] if type(value) in (int, float, str, bool, bytes, complex, type(None)) else [type(value).__name__]
    return names({function}(*arguments))[:1]
"""


def _foreign(call: int, sample: Sample, row: Row) -> str:
    """Return the name of a class in what a program returns for an input, "" if all of it is plain."""
    inputs = [json.dumps(arguments) for arguments in json.loads(row["inputs"])[: call + 1]]
    code = _NAMES.format(function=row["entry_point"])
    outputs = run(Program("names_of", ((sample.solution, code),)), inputs, _AGAIN).outputs
    names = parse_value(outputs[call].text) if call < len(outputs) and outputs[call].kind == "value" else []
    return str(names[0]) if isinstance(names, list) and names else ""


def _lists(tree: Tree) -> Tree:
    """Return a tree with lists for tuples."""
    if isinstance(tree, dict) and "tuple" in tree:
        tree = tree["tuple"]
    return [_lists(item) for item in tree] if isinstance(tree, list) else tree


def _python(tree: Tree) -> Any:
    """Return a tree's value, or the tree where that is not easily had: a second way of comparing, by Python's `==`."""
    number = number_of(tree)
    if number is not None:
        return number
    if isinstance(tree, list):
        return [_python(item) for item in tree]
    if isinstance(tree, dict) and "tuple" in tree:
        return tuple(_python(item) for item in tree["tuple"])
    return tree


def _shown(text: bytes) -> str:
    shown = text.decode("ascii", "replace")
    return shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "..."


# What passes here alone.


def _passed_here(scored: Scored, sample: Sample, row: Row) -> str:
    if "timeout" in (scored.base, scored.plus):
        return "EvalPlus's time was over, which it counts by the clock"
    alone = _alone(sample.solution, row)
    if alone.ending == "not loaded" or any(output.kind == "exception" for output in alone.outputs):
        return "needs the imports and helpers of the stub, which come before it here and not in EvalPlus"
    if row["entry_point"] == "find_zero":
        return "a root; EvalPlus tries it on coefficients that the program has changed"
    if any(_other_numbers(alone, row)):
        return "a whole number or True that is near enough to a float, where EvalPlus wants a float"
    guarded = _GUARDED.search(sample.solution)
    if guarded:
        return f"uses what EvalPlus takes away from a program ({guarded[0].strip('( ')})"
    return ""


def _other_numbers(alone: Run, row: Row) -> Iterator[bool]:
    wanted = _alone(row["stub"] + row["canonical_solution"], row)
    for ours, theirs in zip(alone.outputs, wanted.outputs, strict=False):
        if ours.kind == theirs.kind == "value":
            got, right = number_of(parse_value(ours.text)), number_of(parse_value(theirs.text))
            yield got is not None and right is not None and got != right and type(got) is not type(right)


def _passed_later(scores: Scores, sample: Sample, problems: Problems) -> str:
    """Return what is told of a sample that passes in EvalPlus by itself and with more time."""
    problem = {sample.task_id: problems[sample.task_id]}
    patient = _TIMES_THE_TIME * scores.min_seconds
    again = score([sample], problem, mended=scores.mended, min_seconds=patient, level=scores.level, open_walls=True)
    if again.samples[0].correct:
        return "passes when EvalPlus gives it four times the time, which it counts by the clock"
    return ""
