r"""HumanEval+ as a task: 164 Python functions to write, each tried on many inputs.

Where the code is: the answer of the completion (`knk.tasks.format`), in it the last fenced block of Python that defines
the function, or else the last block, or else the whole answer. It is read in the first of these ways that compiles and
has the function: as code of its own, after the imports and helpers of the stub; as the end of the stub, the way a base
model goes on writing.

The code runs in `knk.sandbox.run`, which is sent the inputs alone. What should come out is what the dataset's own
solution gives, run in such a sandbox too, once an item. The two are compared here (`knk.sandbox.values.same`): as `==`
compares built-in values, floats within the item's tolerance, where it has none within a millionth if floats are all
that is wanted. HumanEval/32 has no one answer: a zero of the polynomial is right.

The dataset has two forms with the same inputs: EvalPlus's release (`HumanEvalPlus.jsonl.gz`) lists them, the one on
the Hub has them in the source of a test, from which they are read, never run. Inputs that occur twice are tried once.
"""

from __future__ import annotations

import ast
import json
import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from knk.answers.verdict import Verdict
from knk.errors import BadOutput, BadRow, SandboxFailed
from knk.parallel.cores import core_count
from knk.sandbox.model import Limits, Output, Program, Run
from knk.sandbox.run import run
from knk.sandbox.values import (
    Tree,
    number_of,
    parse_value,
    same,
)
from knk.tasks.benchmark import BenchmarkEntry, LmEvalTasks
from knk.tasks.format import (
    Completion,
    Prompt,
    answer_of,
    prompt_of,
    text_of,
)
from knk.tasks.reward_scheme import RewardScheme
from knk.tasks.source import Row, Source, field, identity, of_split

NAME: Final = "humaneval_plus"
COLUMNS: Final = ("stub", "canonical_solution", "entry_point", "inputs", "atol")
OPTIONS: Final = ("n", "revision")
REWARD_SCHEME: Final = RewardScheme(unreadable=-1.0, wrong=-1.0)
SOURCE: Final = Source("evalplus/humanevalplus", "d32357cf319e50e9c8d8dab5ea876c72b0fd321b", "test")
LONGEST_CODE: Final = 50_000
"""Characters that code may have; the longest of the dataset's own solutions has some thousand."""
SECONDS_A_CALL: Final = 2.0
"""Processor time for one input; or `TIMES_THE_SOLUTION` times what the solution takes for its slowest, if longer."""
SECONDS: Final = 30.0
"""Processor time for all inputs, as in the paper, beside that of the solution that many times."""
TIMES_THE_SOLUTION: Final = 4.0
FLOAT_TOLERANCE: Final = 1e-6
"""As in EvalPlus, where the item has no tolerance and floats are wanted."""

_INSTRUCTION: Final = (
    "Write the whole function, with the imports it needs, in a ```python block inside the answer tags."
)
_PYTHONS: Final = ("", "python", "python3", "py")
_SOLUTION_LIMITS: Final = Limits(call_seconds=20.0, total_seconds=60.0, output_bytes=1 << 24)


# Rows and prompts.


def rows(
    split: str,
    data: str | os.PathLike[str] | None = None,
    revision: str | None = None,
    *,
    n: int = 50,
) -> Iterator[Row]:
    """Return an iterator over the functions of a split: n to train on, the others "held-out", or all ("test").

    Args:
        split: "train", "held-out" or "test".
        data: EvalPlus's file, or one with the Hub's rows; the Hub if not given.
        revision: another commit, branch or tag of the Hub's dataset.
        n: how many are trained on.

    Raises:
        BadFile: there is no such split or file, or there are not n functions.
        BadRow: a row is not one of this dataset.

    >>> import json, pathlib, tempfile
    >>> item = {"task_id": "Mine/0", "prompt": "def double(x):\\n", "canonical_solution": "    return 2 * x\\n"}
    >>> item |= {"entry_point": "double", "base_input": [[1]], "plus_input": [[1], ["a"]], "atol": 0}
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "one.jsonl"
    >>> _ = path.write_text(json.dumps(item))
    >>> next(rows("test", path))["inputs"]
    '[[1], ["a"]]'
    """
    return of_split(map(_row, SOURCE.rows(data, revision)), split, n)


def _row(found: Row) -> Row:
    """Return a row of ours, made from a published one of either form."""
    stub = field(found, "prompt", str)
    inputs, atol = _listed(found) if "base_input" in found else _read_from_test(field(found, "test", str))
    lines = dict.fromkeys(json.dumps(arguments) for arguments in inputs)
    return {
        "id": identity(stub),
        "task_id": field(found, "task_id", str),
        "stub": stub,
        "canonical_solution": field(found, "canonical_solution", str),
        "entry_point": field(found, "entry_point", str),
        # One text, and no list: lists of this and that are nothing that a column can hold.
        "inputs": f"[{', '.join(lines)}]",
        "atol": float(atol),
    }


def _listed(found: Row) -> tuple[list[Any], float]:
    return [*field(found, "base_input", list), *field(found, "plus_input", list)], field(found, "atol", (int, float))


def _read_from_test(test: str) -> tuple[list[Any], float]:
    """Return the inputs and the tolerance that the Hub's test is written with."""
    try:
        nodes = list(ast.walk(ast.parse(test)))
        inputs = next(ast.literal_eval(found) for found in map(_inputs_in, nodes) if found is not None)
        atol = next(ast.literal_eval(found) for found in map(_tolerance_in, nodes) if found is not None)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError, StopIteration) as error:
        raise BadRow(
            "a row has neither 'base_input' nor a 'test' that inputs and tolerance can be read from"
        ) from error
    if not isinstance(inputs, list) or not isinstance(atol, int | float):
        raise BadRow("a row's 'test' has inputs that are no list, or a tolerance that is no number")
    return inputs, atol


def _inputs_in(node: ast.AST) -> ast.expr | None:
    """Return the inputs in `inputs = [...]`."""
    if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["inputs"]:
        return node.value
    return None


def _tolerance_in(node: ast.AST) -> ast.expr | None:
    """Return the tolerance in `assertion(candidate(*inp), exp, atol)` or `assert _poly(...) <= atol`."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "assertion" and len(node.args) == 3:
        return node.args[2]
    if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare) and "_poly" in ast.unparse(node.test.left):
        return node.test.comparators[0]
    return None


def prompt(row: Row, style: str = "paper") -> Prompt:
    """Return the prompt that asks for a function.

    Args:
        row: a row that `rows` gave.
        style: "paper" or "chat"; see `knk.tasks.format`.

    Raises:
        BadRow: the row has no stub.

    >>> print(prompt({"stub": "def double(x):\\n"}, "chat")[0]["content"][:64])
    Complete this Python function.
    ```python
    def double(x):
    ```
    <BLANKLINE>
    Wri
    """
    stub = field(row, "stub", str)
    return prompt_of(f"Complete this Python function.\n```python\n{stub.rstrip()}\n```", _INSTRUCTION, style)


# The verdict.


def source_of(completion: Completion, row: Row) -> str:
    """Return the program that a completion gives, with the stub before it, for others to run; "" if it gives none.

    Args:
        completion: what a model wrote.
        row: a row that `rows` gave.

    Raises:
        BadRow: the row is not one of this task.
        TypeError: the completion is neither a string nor messages.

    >>> row = {"stub": "import math\\n\\ndef double(x):\\n", "canonical_solution": "    return 2 * x\\n"}
    >>> row |= {"entry_point": "double", "inputs": "[[1]]", "atol": 0.0}
    >>> print(source_of("So.</think><answer>```python\\ndef double(x): return x + x\\n```</answer>", row))
    import math
    <BLANKLINE>
    def double(x): return x + x
    >>> print(source_of("<answer>return x + x</answer>", row))
    import math
    <BLANKLINE>
    def double(x):
        return x + x
    """
    item = _item(row)
    answer = answer_of(text_of(completion))
    code = "" if answer.problem else _code_in(answer.text, item.entry_point)
    if not code.strip():
        return ""
    if _definition(item.entry_point).search(code):
        return _before(item.stub, item.entry_point) + code
    # The answer has lost the white space that it began with.
    return f"{item.stub.rstrip()}\n    {code.lstrip()}"


def verify(completion: Completion, row: Row) -> Verdict:
    """Return the verdict on a completion; where it is wrong, `detail` says on which input, counted from 1.

    Args:
        completion: what a model wrote.
        row: a row that `rows` gave.

    Raises:
        BadRow: the row is not one of this task.
        TypeError: the completion is neither a string nor messages.

    >>> row = {"stub": "def double(x):\\n", "canonical_solution": "    return 2 * x\\n", "entry_point": "double"}
    >>> row |= {"inputs": '[[1], ["a"]]', "atol": 0.0}
    >>> print(verify("So.</think><answer>```python\\ndef double(x):\\n    return x + x\\n```</answer>", row))
    right
    >>> print(verify("So.</think><answer>```python\\ndef double(x):\\n    return x + 1\\n```</answer>", row))
    wrong: input 2: TypeError
    """
    return verify_many([completion], [row])[0]


def verify_many(completions: Sequence[Completion], rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on many completions, each of the row in its place; as many run at once as there are cores.

    Args:
        completions: what models wrote.
        rows: rows that `rows` gave.

    Raises:
        BadRow: a row is not one of this task.
        TypeError: a completion is neither a string nor messages.
    """
    items = [_item(row) for row in rows]
    programs = [_program(text_of(completion), item) for completion, item in zip(completions, items, strict=True)]
    if len(items) == 1:
        return [_verdict(programs[0], items[0])]
    with ThreadPoolExecutor(core_count()) as pool:
        # What is wanted comes first, so that no two find it out at the same time.
        list(pool.map(_is_known, {item for item, program in zip(items, programs, strict=True) if _is_code(program)}))
        return list(pool.map(_verdict, programs, items))


@dataclass(frozen=True)
class _Item:
    """What a row says, checked."""

    stub: str
    solution: str
    entry_point: str
    inputs: str
    atol: float


def _item(row: Row) -> _Item:
    stub, solution, entry_point, inputs = (field(row, name, str) for name in COLUMNS[:4])
    return _Item(stub, solution, entry_point, inputs, field(row, COLUMNS[4], (int, float)))


def _is_code(program: Program | Verdict) -> bool:
    return isinstance(program, Program)


def _program(text: str, item: _Item) -> Program | Verdict:
    """Return the program that a completion gives, or the verdict if it gives none."""
    answer = answer_of(text)
    if answer.problem:
        return Verdict(False, answer.problem)
    code = _code_in(answer.text, item.entry_point)
    if not code.strip():
        return Verdict(False, "no answer")
    if len(code) > LONGEST_CODE:
        return Verdict(False, "unreadable", detail=f"longer than {LONGEST_CODE} characters")
    before = _before(item.stub, item.entry_point)
    # The answer has lost the white space that it began with.
    indented = "    " + code.lstrip()
    return Program(item.entry_point, ((before, code), (item.stub + code,), (item.stub + indented,)))


def _code_in(text: str, entry_point: str) -> str:
    blocks = _fenced(text)
    if not blocks:
        return text
    defined = _definition(entry_point)
    return next((block for block in reversed(blocks) if defined.search(block)), blocks[-1])


def _definition(entry_point: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*(async[ \t]+)?def[ \t]+{re.escape(entry_point)}\b", re.MULTILINE)


def _fenced(text: str) -> list[str]:
    """Return the fenced blocks of Python, or if there are none all others; the last may be left open."""
    blocks: list[tuple[str, list[str]]] = []
    is_open = False
    for line in text.split("\n"):
        stripped = line.strip()
        if not is_open and stripped.startswith("```"):
            blocks.append((stripped[3:].strip().lower(), []))
            is_open = True
        elif is_open and stripped == "```":
            is_open = False
        elif is_open:
            blocks[-1][1].append(line)
    pythons = [lines for language, lines in blocks if language in _PYTHONS]
    return ["\n".join(lines) for lines in pythons or [lines for _, lines in blocks]]


def _before(stub: str, entry_point: str) -> str:
    """Return what stands in a stub before the function: imports and helpers."""
    found = re.search(rf"^(async\s+)?def\s+{re.escape(entry_point)}\b", stub, re.MULTILINE)
    return stub[: found.start()] if found else ""


@dataclass(frozen=True)
class _Wanted:
    """What should come out.

    Args:
        inputs: the inputs, a line of JSON each.
        outputs: what the dataset's solution gives for each.
        limits: what other code may use.
    """

    inputs: tuple[str, ...]
    outputs: tuple[bytes, ...]
    limits: Limits


@lru_cache(maxsize=1024)
def _wanted(item: _Item) -> _Wanted:
    """Return what the dataset's own solution makes of an item's inputs."""
    inputs = tuple(json.dumps(arguments) for arguments in _loaded_inputs(item.inputs))
    program = Program(item.entry_point, ((item.stub + item.solution,),))
    ran = run(program, inputs, _SOLUTION_LIMITS, lambda _, output: output.kind == "value", timed=True)
    if ran.ending != "done":
        raise SandboxFailed(f"the dataset's own solution: {_told(ran)}")
    outputs = tuple(output.text for output in ran.outputs)
    limits = Limits(
        call_seconds=max(SECONDS_A_CALL, TIMES_THE_SOLUTION * max(ran.times)),
        total_seconds=SECONDS + TIMES_THE_SOLUTION * sum(ran.times),
        # A right output may be written longer: 1.0 for 1, 0.30000000000000004 for 0.3.
        output_bytes=tuple(1000 + 16 * len(output) for output in outputs),
    )
    return _Wanted(inputs, outputs, limits)


def _loaded_inputs(text: str) -> list[list[Any]]:
    try:
        inputs = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRow("a row's inputs are no JSON") from error
    if not isinstance(inputs, list) or not inputs or not all(isinstance(arguments, list) for arguments in inputs):
        raise BadRow("a row's inputs are a list of lists of arguments, at least one")
    return inputs


def _is_known(item: _Item) -> bool:
    try:
        _wanted(item)
    except SandboxFailed:
        return False
    return True


def _verdict(program: Program | Verdict, item: _Item) -> Verdict:
    if isinstance(program, Verdict):
        return program
    try:
        wanted = _wanted(item)
        ran = run(program, wanted.inputs, wanted.limits, _judge(item, wanted))
    except SandboxFailed as error:
        return Verdict(None, "failed", detail=str(error))
    return Verdict(True, "right") if ran.ending == "done" else Verdict(False, "wrong", detail=_told(ran))


def _told(ran: Run) -> str:
    """Return where and how a run failed, in one line."""
    if ran.ending == "not loaded":
        return ran.detail
    if ran.ending == "stopped":
        last = ran.outputs[-1]
        what = "another value" if last.kind == "value" else last.text.decode()
        return f"input {len(ran.outputs)}: {what}"
    # Outputs that were not sent yet are lost with the process.
    return f"{ran.ending} at input {len(ran.outputs) + 1} or later"


def _judge(item: _Item, wanted: _Wanted) -> Callable[[int, Output], bool]:
    def judge(call: int, output: Output) -> bool:
        if output.kind != "value":
            return False
        if item.entry_point in _ORACLES:
            return _fits(_ORACLES[item.entry_point], wanted.inputs[call], output.text, item.atol)
        return output.text == wanted.outputs[call] or _is_same(wanted.outputs[call], output.text, item.atol)

    return judge


def _is_same(wanted: bytes, got: bytes, atol: float) -> bool:
    first = parse_value(wanted)
    try:
        return same(first, parse_value(got), atol or (FLOAT_TOLERANCE if _is_floats(first) else 0.0))
    except BadOutput:
        return False


def _is_floats(tree: Tree) -> bool:
    """Whether floats are all that is wanted: one, or a list or tuple of them."""
    if isinstance(tree, dict) and "tuple" in tree:
        tree = tree["tuple"]
    numbers = [number_of(item) for item in tree] if isinstance(tree, list) else [number_of(tree)]
    return all(isinstance(number, float) for number in numbers)


# What is right where there is no one answer.


def _fits(oracle: Callable[[list[Any], float], float], inputs: str, got: bytes, atol: float) -> bool:
    try:
        value = number_of(parse_value(got))
        return isinstance(value, int | float) and abs(oracle(json.loads(inputs), value)) <= atol
    except (BadOutput, OverflowError):
        return False


def _polynomial(arguments: list[Any], x: float) -> float:
    """Return the value at x of the polynomial whose coefficients are the only argument; HumanEval/32's own formula."""
    return float(sum(coefficient * math.pow(x, power) for power, coefficient in enumerate(arguments[0])))


_ORACLES: Final[dict[str, Callable[[list[Any], float], float]]] = {"find_zero": _polynomial}


# The benchmark.


def _items(data: str | os.PathLike[str] | None) -> Iterator[Row]:
    held_out = {row["id"] for row in rows("held-out", data)}
    for row in rows("test", data):
        yield {**row, "groups": ["held-out"] if row["id"] in held_out else ["for training"]}


BENCHMARKS: Final = (
    BenchmarkEntry(
        name="humaneval_plus",
        heading="HumanEval+",
        version=1,
        items=_items,
        lm_eval=LmEvalTasks(("knk_humaneval_plus",)),
        in_paper=True,
    ),
)
"""HumanEval+, all 164 functions; its groups are those for training and the others."""
