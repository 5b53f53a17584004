r"""HumanEval+ as a task: 164 Python functions to write, each tried on many inputs.

How programs are extracted and compared is in `knk.tasks.code`. The dataset has two forms with the same inputs:
EvalPlus's release (`HumanEvalPlus.jsonl.gz`) lists them; the Hub's has them in the source of a test, which is parsed
and never run. Inputs that occur twice are tried once.
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from knk.answers.verdict import Verdict
from knk.errors import BadRow, SandboxFailed
from knk.parallel.cores import core_count
from knk.sandbox.model import Program
from knk.tasks.benchmark import BenchmarkEntry, LmEvalTasks
from knk.tasks.code.exercise import EXERCISE_COLUMNS, Exercise, exercise_of
from knk.tasks.code.outputs import DEFAULT_LIMITS, TimeLimits, expected_outputs, try_program
from knk.tasks.code.programs import program_in, source_in
from knk.tasks.format import Prompt, prompt_of
from knk.tasks.messages import Completion, text_of
from knk.tasks.reward_scheme import RewardScheme
from knk.tasks.source import Row, Source, converted, field, row_id, rows_of_split

NAME: Final = "humaneval_plus"
COLUMNS: Final = EXERCISE_COLUMNS
OPTIONS: Final = ("n", "revision")
REWARD_SCHEME: Final = RewardScheme(unreadable=-1.0, wrong=-1.0)
SOURCE: Final = Source("evalplus/humanevalplus", "d32357cf319e50e9c8d8dab5ea876c72b0fd321b", "test")
_INSTRUCTION: Final = (
    "Write the whole function, with the imports it needs, in a ```python block inside the answer tags."
)

# Rows and prompts.


def rows(
    split: str,
    data: str | os.PathLike[str] | None = None,
    revision: str | None = None,
    *,
    n: int = 50,
) -> Iterator[Row]:
    """Return an iterator over the functions of a split: n for training, the others "held-out", or all ("test").

    Args:
        split: "train", "held-out" or "test".
        data: EvalPlus's file, or one with the Hub's rows; the Hub if not given.
        revision: another commit, branch or tag of the Hub's dataset.
        n: how many functions are for training.

    Raises:
        BadFile: there is no such split or file, or there are fewer than n functions.
        BadRow: a row is not one of this dataset.

    >>> import json, pathlib, tempfile
    >>> item = {"task_id": "Mine/0", "prompt": "def double(x):\\n", "canonical_solution": "    return 2 * x\\n"}
    >>> item |= {"entry_point": "double", "base_input": [[1]], "plus_input": [[1], ["a"]], "atol": 0}
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "one.jsonl"
    >>> _ = path.write_text(json.dumps(item))
    >>> next(rows("test", path))["inputs"]
    '[[1], ["a"]]'
    """
    return rows_of_split(converted(SOURCE.rows(data, revision), _row, data), split, n)


def _row(published: Row) -> Row:
    """Return this task's row for a published row of either form."""
    stub = field(published, "prompt", str)
    if "base_input" in published:
        inputs, atol = _read_lists(published)
    else:
        try:
            inputs, atol = _read_test(field(published, "test", str))
        except BadRow as error:
            raise BadRow(f"{published.get('task_id', 'a row')}: {error}") from error
    lines = dict.fromkeys(json.dumps(arguments) for arguments in inputs)
    return {
        "id": row_id(stub),
        "task_id": field(published, "task_id", str),
        "stub": stub,
        "canonical_solution": field(published, "canonical_solution", str),
        "entry_point": field(published, "entry_point", str),
        # A text and not a list: a column cannot have lists of mixed types.
        "inputs": f"[{', '.join(lines)}]",
        "atol": float(atol),
    }


def _read_lists(published: Row) -> tuple[list[Any], float]:
    """Return the inputs and the tolerance of a row of EvalPlus's release."""
    inputs = [*field(published, "base_input", list), *field(published, "plus_input", list)]
    return inputs, field(published, "atol", (int, float))


def _read_test(test: str) -> tuple[list[Any], float]:
    """Return the inputs and the tolerance in the source of the Hub's test."""
    try:
        nodes = list(ast.walk(ast.parse(test)))
        inputs = next(ast.literal_eval(node) for node in map(_inputs_in, nodes) if node is not None)
        atol = next(ast.literal_eval(node) for node in map(_tolerance_in, nodes) if node is not None)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError, StopIteration) as error:
        raise BadRow(
            "expected 'base_input', 'plus_input' and 'atol', or a 'test' with inputs and a tolerance"
        ) from error
    if not isinstance(inputs, list) or not isinstance(atol, int | float):
        raise BadRow("expected 'test' to have a list of inputs and a number as tolerance")
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
        row: a row from `rows`.
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
    """Return the program in a completion, stub included, for others to run; "" if there is none.

    Args:
        completion: what a model wrote.
        row: a row from `rows`.

    Raises:
        BadRow: the row is not one of this task.
        BadCompletion: the completion is neither a string nor a message with text.

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
    return source_in(text_of(completion), exercise_of(row))


def verify(completion: Completion, row: Row, *, time_limits: TimeLimits = DEFAULT_LIMITS) -> Verdict:
    """Return the verdict on a completion; if it is wrong, `detail` says on which input, counted from 1.

    Args:
        completion: what a model wrote.
        row: a row from `rows`.
        time_limits: limits on the program's processor time.

    Raises:
        BadRow: the row is not one of this task.
        BadCompletion: the completion is neither a string nor a message with text.

    >>> row = {"stub": "def double(x):\\n", "canonical_solution": "    return 2 * x\\n", "entry_point": "double"}
    >>> row |= {"inputs": '[[1], ["a"]]', "atol": 0.0}
    >>> print(verify("So.</think><answer>```python\\ndef double(x):\\n    return x + x\\n```</answer>", row))
    right
    >>> print(verify("So.</think><answer>```python\\ndef double(x):\\n    return x + 1\\n```</answer>", row))
    wrong: input 2: TypeError
    """
    return verify_many([completion], [row], time_limits=time_limits)[0]


def verify_many(
    completions: Sequence[Completion], rows: Sequence[Row], *, time_limits: TimeLimits = DEFAULT_LIMITS
) -> list[Verdict]:
    """Return the verdicts on many completions; as many programs run at once as there are cores.

    Args:
        completions: what models wrote.
        rows: the row of each, from `rows`.
        time_limits: limits on each program's processor time.

    Raises:
        BadRow: a row is not one of this task.
        BadCompletion: a completion is neither a string nor a message with text.
    """
    exercises = [exercise_of(row) for row in rows]
    programs = [
        program_in(text_of(completion), exercise) for completion, exercise in zip(completions, exercises, strict=True)
    ]

    def verdict(program: Program | Verdict, exercise: Exercise) -> Verdict:
        return program if isinstance(program, Verdict) else try_program(program, exercise, time_limits)

    if len(exercises) == 1:
        return [verdict(programs[0], exercises[0])]
    with ThreadPoolExecutor(core_count()) as pool:
        # The expected outputs come first, so that no two threads compute the same ones.
        to_run = {
            exercise for exercise, program in zip(exercises, programs, strict=True) if not isinstance(program, Verdict)
        }
        list(pool.map(lambda exercise: _compute_expected(exercise, time_limits), to_run))
        return list(pool.map(verdict, programs, exercises))


def _compute_expected(exercise: Exercise, time_limits: TimeLimits) -> None:
    with suppress(SandboxFailed):  # which `try_program` reports
        expected_outputs(exercise, time_limits)


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
        headline_group="held-out",
    ),
)
"""HumanEval+, all 164 functions; its groups are those for training and the others."""
