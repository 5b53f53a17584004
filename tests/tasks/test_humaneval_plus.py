"""HumanEval+ as a task: the two forms of its rows, the program in a completion, and the verdict on it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from knk.answers.verdict import Verdict
from knk.errors import BadFile, BadRow, SandboxFailed
from knk.sandbox.model import Run
from knk.sandbox.process import request_file
from knk.tasks import humaneval_plus, load
from knk.tasks.code.exercise import exercise_of
from knk.tasks.code.programs import program_in
from knk.tasks.humaneval_plus import prompt, rows, verify, verify_many
from tests.support.exercises import ALL, COUNT, PUBLISHED, RANK, SCALE, ZERO, needs_data, written
from tests.support.growth import assert_linear
from tests.support.mutants import opinions, sample

pytestmark = pytest.mark.skipif(os.name != "posix", reason="model code runs on Linux and macOS only")


def on_the_hub(item: dict[str, Any]) -> dict[str, Any]:
    """Return a row as on the Hub, with the inputs in the source of a test."""
    inputs = [*item["base_input"], *item["plus_input"]]
    inputs = [arguments for index, arguments in enumerate(inputs) if arguments not in inputs[:index]]
    lines = ["import numpy as np", "def assertion(out, exp, atol):", "    assert out == exp", "def check(candidate):"]
    lines += [f"    inputs = {inputs}", "    results = []", "    for i, (inp, exp) in enumerate(zip(inputs, results)):"]
    last = f"assertion(candidate(*inp), exp, {item['atol']})"
    if item["entry_point"] == "find_zero":
        last = f"assert _poly(*candidate(*inp), inp) <= {item['atol']}"
    columns = {name: item[name] for name in ("task_id", "prompt", "canonical_solution", "entry_point")}
    return {**columns, "test": "\n".join([*lines, f"        {last}"])}


def row_of(item: dict[str, Any]) -> dict[str, Any]:
    return humaneval_plus._row(item)


def fenced(code: str) -> str:
    return f"Hm.</think><answer>```python\n{code}\n```</answer>"


def verdict_on(code: str, item: dict[str, Any]) -> str:
    return str(verify(fenced(code), row_of(item)))


# Rows.


def test_both_file_formats_give_the_same_rows(tmp_path: Path) -> None:
    ours = list(rows("test", written(list(ALL), tmp_path)))
    assert ours == list(rows("test", written([on_the_hub(item) for item in ALL], tmp_path)))
    assert json.loads(ours[0]["inputs"]) == [[[1.0, 2.0], 0.5], [[0.1], 3.0], [[], 1.0], [[1e9, -0.0], 7.0]]
    assert set(humaneval_plus.COLUMNS) <= set(ours[0])
    assert [row["atol"] for row in ours] == [0, 0, 1e-4, 0]


def test_training_rows_are_never_held_out(tmp_path: Path) -> None:
    items = [{**RANK, "task_id": f"Mine/{n}", "prompt": f"# {n}\n{RANK['prompt']}"} for n in range(20)]
    path = written(items, tmp_path)
    train, held_out = list(rows("train", path, n=8)), list(rows("held-out", path, n=8))
    assert len(train) == 8
    assert len(held_out) == 12
    assert not {row["id"] for row in train} & {row["id"] for row in held_out}
    again = list(rows("train", written(items[::-1], tmp_path), n=8))
    assert {row["id"] for row in train} == {row["id"] for row in again}
    with pytest.raises(BadFile):
        next(rows("train", path, n=21))


@pytest.mark.parametrize(
    "item",
    [
        {},
        {**SCALE, "base_input": "[]"},
        {**SCALE, "entry_point": 1},
        {**on_the_hub(SCALE), "test": "inputs = [[1]]"},
        {**on_the_hub(SCALE), "test": "inputs = [[print(1)]]\nassertion(1, 2, 0)"},
        {**on_the_hub(SCALE), "test": "inputs = 1\nassertion(1, 2, 0)"},
        {**on_the_hub(SCALE), "test": "inputs = [[1]]\nassertion(1, 2, '0')"},
        {**on_the_hub(SCALE), "test": "inputs = ["},
    ],
)
def test_rows_of_another_dataset_are_errors(item: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BadRow):
        list(rows("test", written([item], tmp_path)))


@pytest.mark.parametrize("inputs", ["", "{}", "[]", "[1]", "[" * 9999])
def test_invalid_inputs_are_errors(inputs: str) -> None:
    with pytest.raises(BadRow):
        verify(fenced("def scale(): pass"), {**row_of(SCALE), "inputs": inputs})


def test_the_prompt_shows_the_stub() -> None:
    row = row_of(RANK)
    for style in ("paper", "chat"):
        assert row["stub"].strip() in str(prompt(row, style)).replace("\\n", "\n")


# The program in a completion.

GOOD = "def scale(numbers, by):\n    return [by * number for number in numbers]"


@pytest.mark.parametrize(
    ("completion", "verdict"),
    [
        (f"</think><answer>```python\n{GOOD}\n```</answer>", "right"),
        (f"</think><answer>\n```py\n{GOOD}\n```\nIt multiplies.\n</answer>", "right"),
        (f"</think><answer>```\n{GOOD}\n```</answer>", "right"),
        (f"</think><answer>{GOOD}</answer>", "right"),
        (f"</think>```python\n{GOOD}\n```", "right"),
        (f"```python\n{GOOD}\n```", "right"),
        (GOOD, "right"),
        (f"</think><answer>```python\n{GOOD}", "right"),
        (
            f"</think><answer>```python\n{GOOD}\n```\nUse it so:\n```python\nprint(scale([1.0], 2.0))\n```</answer>",
            "right",
        ),
        (f"</think><answer>```bash\npython x.py\n```\n```python\n{GOOD}\n```\n```text\n[1.0]\n```</answer>", "right"),
        (
            f"</think><answer>```python\ndef scale(a, b): return a\n```\nBetter:\n```python\n{GOOD}\n```</answer>",
            "right",
        ),
        (f"</think><answer>```python\n{GOOD}\n```\nOr:\n```python\ndef scale(a, b): return a\n```</answer>", "wrong"),
        ("    return [by * number for number in numbers]\n", "right"),
        ("return [by * number for number in numbers]", "right"),
        ("</think><answer>```python\n    return [by * n for n in numbers]\n```</answer>", "right"),
        (
            "    out: List[float] = []\n    for n in numbers:\n        out.append(2 * half(n) * by)\n    return out",
            "right",
        ),
        ("def scale(a: List[float], b):\n    return [2 * half(math.fabs(b)) * n for n in a]", "right"),
        (f"from __future__ import annotations\n{GOOD}", "right"),
        ("scale = lambda numbers, by: [by * n for n in numbers]", "right"),
        (f"```python\n{GOOD}\n```</think><answer>No idea.</answer>", "wrong: does not compile: SyntaxError"),
        (f"</think><answer>{GOOD}</answer><answer>def scale(a, b): return a</answer>", "several answers"),
        (f"</think><answer>{GOOD}</answer> I am not sure.", "retracted"),
        ("</think><answer></answer>", "no answer"),
        ("", "no answer"),
        ("</think><answer>```python\n```</answer>", "no answer"),
        (f"{GOOD}\n" + "# \n" * 20000, "unreadable: longer than 50000 characters"),
        ("```\n" * 12000, "no answer"),
    ],
)
def test_code_is_found_in_an_answer(completion: str, verdict: str) -> None:
    assert str(verify(completion, row_of(SCALE))).startswith(verdict)
    assert str(verify([{"role": "assistant", "content": completion}], row_of(SCALE))).startswith(verdict)


@pytest.mark.parametrize(
    "piece", ["\n", " ", "```\n", "```python\n", "def ", "def\n", "<answer>", "(", "\t\n", "async\n"]
)
def test_long_completions_take_linear_time(piece: str) -> None:
    exercise = exercise_of(row_of(SCALE))

    def extracted(n: int) -> None:
        program_in(f"</think>```\n{piece * (n // len(piece))}", exercise)
        program_in(f"</think><answer>{piece * (n // len(piece))}", exercise)

    assert_linear(extracted, 75_000)


# Right and wrong outputs.


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("def scale(a, b): return [n * b + 1e-8 for n in a]", "right"),
        ("def scale(a, b): return [n * b + 1e-5 for n in a]", "wrong: input 1: another value"),
        ("def scale(a, b): return tuple(n * b for n in a)", "wrong: input 1: another value"),
        ("def scale(a, b): return [str(n * b) for n in a]", "wrong: input 1: another value"),
        ("def scale(a, b): return [n * b for n in a] or None", "wrong: input 3: another value"),
        ("def scale(a, b): return [n * b for n in a] + [0.0]", "wrong: input 1: another value"),
        ("def scale(a, b): return [n * b if n < 1e8 else n for n in a]", "wrong: input 4: another value"),
        ("def scale(a, b): return map(b.__mul__, a)", "wrong: input 1: map"),
        ("def scale(a): return a", "wrong: input 1: TypeError"),
        ("def scale(a, b): raise StopIteration", "wrong: input 1: StopIteration"),
    ],
)
def test_floats_may_differ_slightly(code: str, verdict: str) -> None:
    assert verdict_on(code, SCALE) == verdict


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("def find_zero(xs): return -xs[0] / xs[1] if xs[1] else -1.0", "right"),
        ("def find_zero(xs): return -xs[0] / xs[1] + 1e-6 if xs[1] else 1", "right"),
        ("def find_zero(xs): return -xs[0] / xs[1] if xs[1] else True", "right"),
        ("def find_zero(xs): return 0.0", "wrong: input 1: another value"),
        ("def find_zero(xs): return float('nan')", "wrong: input 1: another value"),
        ("def find_zero(xs): return 1e308 * 10", "wrong: input 1: another value"),
        ("def find_zero(xs): return 10 ** 400", "wrong: input 1: another value"),
        ("def find_zero(xs): return 1j", "wrong: input 1: another value"),
        ("def find_zero(xs): return [-3.0]", "wrong: input 1: another value"),
        ("def find_zero(xs): return '-3.0'", "wrong: input 1: another value"),
        ("def find_zero(xs): return None", "wrong: input 1: another value"),
        ("def find_zero(xs):\n    xs[:] = [0]\n    return 5.0", "wrong: input 1: another value"),
    ],
)
def test_any_zero_of_the_polynomial_is_right(code: str, verdict: str) -> None:
    assert verdict_on(code, ZERO) == verdict


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("from collections import Counter\ndef count(word): return Counter(word)", True),
        ("def count(word): return {c: float(word.count(c)) for c in sorted(word)}", True),
        ("def count(word): return [(c, word.count(c)) for c in word]", False),
        ("def count(word): return {c: word.count(c) for c in word if c != 'z'}", False),
    ],
)
def test_dicts_have_no_order(code: str, right: bool) -> None:
    assert verify(fenced(code), row_of(COUNT)).correct is right


def test_the_datasets_own_solutions_are_right_and_others_are_not() -> None:
    own = [row_of(item) for item in ALL]
    texts = [fenced(row["stub"] + row["canonical_solution"]) for row in own]
    nothing = [fenced(row["stub"] + "    return None\n") for row in own]
    assert verify_many(texts, own) == [Verdict(True, "right")] * len(ALL)
    assert not any(verify_many(nothing, own))
    mixed = verify_many([*texts, *nothing, ""], [*own, *own, own[0]])
    assert [bool(verdict) for verdict in mixed] == [True] * 4 + [False] * 5
    assert verify_many([], []) == []


def test_expected_outputs_are_never_sent_to_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    request = request_file

    def listen(lines: list[str]) -> Any:
        sent.extend(lines)
        return request(lines)

    monkeypatch.setattr("knk.sandbox.run.request_file", listen)
    item = {**SCALE, "base_input": [[[3.0], 1.2345]], "plus_input": []}
    assert verify(fenced(GOOD), row_of(item))
    solution, its_input, candidate, input_again = sent
    assert its_input == input_again
    assert "return [number * by for number in numbers]" in solution
    assert "return [number * by for number in numbers]" not in candidate
    assert repr(3.0 * 1.2345) not in "".join(sent)


# No verdict.


def test_no_verdict_if_the_datasets_own_solution_fails() -> None:
    for solution in ("    return [][0]\n", "    return object()\n", "    return (\n", "    raise SystemExit\n"):
        item = {**SCALE, "canonical_solution": solution}
        verdict = verify(fenced(GOOD), row_of(item))
        assert (verdict.correct, verdict.reason) == (None, "failed")
        assert "own solution" in verdict.detail


def test_no_verdict_if_the_sandbox_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Run:
        raise SandboxFailed("no process left")

    row = row_of(SCALE)
    assert verify(fenced(GOOD), row)
    monkeypatch.setattr("knk.tasks.code.outputs.run", fail)
    assert verify_many([fenced(GOOD), ""], [row, row]) == [
        Verdict(None, "failed", detail="no process left"),
        Verdict(False, "no answer"),
    ]


# Mutants.


def disagreements(row: dict[str, Any], codes: list[str]) -> list[tuple[str, str, Verdict]]:
    """Return the mutants on which the second opinion and the verifier disagree, with both opinions."""
    verdicts = verify_many([fenced(code) for code in codes], [row] * len(codes))
    results = zip(codes, opinions(row, codes), verdicts, strict=True)
    return [
        (code, opinion, verdict) for code, opinion, verdict in results if verdict.correct is not (opinion == "same")
    ]


@pytest.mark.parametrize("item", [SCALE, COUNT, ZERO], ids=lambda item: str(item["entry_point"]))
def test_mutants_that_differ_on_an_input_are_wrong(item: dict[str, Any]) -> None:
    row = row_of(item)
    codes = sample(row["stub"] + row["canonical_solution"], 12)
    assert len(codes) >= 4
    assert disagreements(row, codes) == []


@pytest.mark.slow
@needs_data
def test_mutants_of_published_solutions_that_differ_on_an_input_are_wrong() -> None:
    """KNK_MUTANTS is the number of mutants of each function."""
    each = int(os.environ.get("KNK_MUTANTS", "3"))
    missed = []
    for row in rows("test", PUBLISHED):
        missed += disagreements(row, sample(row["stub"] + row["canonical_solution"], each))
    assert missed == []


# The published data.


@pytest.mark.slow
@needs_data
def test_the_published_functions_are_split_as_in_the_paper() -> None:
    assert [len(list(rows(split, PUBLISHED))) for split in ("train", "held-out", "test")] == [50, 114, 164]


@needs_data
def test_a_few_published_solutions_are_right() -> None:
    functions = list(load("humaneval_plus").rows("test", data=PUBLISHED))
    some = [row for row in functions if row["task_id"] in {f"HumanEval/{n}" for n in (2, 4, 32, 38, 111)}]
    solutions = verify_many([fenced(row["stub"] + row["canonical_solution"]) for row in some], some)
    assert [str(verdict) for verdict in solutions] == ["right"] * 5
    bodies = verify_many([row["canonical_solution"] for row in some], some)
    assert [str(verdict) for verdict in bodies] == ["right"] * 5


@pytest.mark.slow
@needs_data
def test_all_published_solutions_are_right() -> None:
    functions = list(rows("test", PUBLISHED))
    for completions, correct in (
        ([fenced(row["stub"] + row["canonical_solution"]) for row in functions], True),
        ([fenced(row["stub"] + "    return None\n") for row in functions], False),
    ):
        verdicts = verify_many(completions, functions)
        assert [
            row["task_id"] for row, verdict in zip(functions, verdicts, strict=True) if verdict.correct is not correct
        ] == []
