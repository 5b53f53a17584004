"""Where EvalPlus and the library's verifier disagree, and the explanations."""

from pathlib import Path
from typing import Any

import pytest

from knk.evals.evalplus.compare import compare
from knk.evals.evalplus.evaluate import evaluate
from knk.evals.evalplus.pass_rates import pass_rates
from knk.evals.evalplus.samples import Sample, held_out_tasks, read_problems
from tests.support.attacks.code import ATTACKS, HONEST, ROW
from tests.support.evalplus import (
    BLEND,
    COUNTS_CALLS,
    judge,
    needs_evalplus,
    needs_posix,
    samples_of,
    solution_of,
    write_problems,
)
from tests.support.exercises import PUBLISHED, SCALE, ZERO, needs_data

pytestmark = [needs_posix, needs_evalplus]

READS_FRAME = """
import sys

def blend(words, times):
    frame = sys._getframe(1)
    return frame.f_locals["expected"][frame.f_locals["i"]]
"""


def test_disagreements_are_explained_by_evidence(tmp_path: Path) -> None:
    by_idea = {attack.idea: attack.code for attack in ATTACKS}
    explanations = {
        by_idea["an object that equals everything"]: "type Same, which claims to equal the expected value",
        by_idea["a tuple that equals everything"]: 'returns {"tuple":[1,2]}, which claims to equal {"tuple":',
        READS_FRAME: "inspects the process in which EvalPlus compares outputs (_getframe)",
        by_idea["writing what is no line of the worker's"]: "writes into files that it does not own",
        by_idea["a file left behind"]: "uses a function that EvalPlus disables (open)",
        ROW["canonical_solution"]: "needs the stub's imports and helpers",
        COUNTS_CALLS: "",
    }
    results, disagreements = judge(write_problems([BLEND], tmp_path), samples_of(HONEST, *explanations))
    assert [disagreement.index for disagreement in disagreements] == list(range(1, len(explanations) + 1))
    for disagreement, expected in zip(disagreements, explanations.values(), strict=True):
        assert expected in disagreement.explanation, disagreement
        assert bool(disagreement.explanation) is bool(expected)
    assert disagreements[0].knk == "wrong: input 1: Same"
    assert disagreements[0].evalplus == "base pass, plus pass"
    assert pass_rates(results.samples).plus == 6


PAIRS = {**SCALE, "prompt": "def pairs(n):\n", "canonical_solution": "    return [[n / 3, 1.0]]\n"}
PAIRS |= {"entry_point": "pairs", "base_input": [[1]], "plus_input": [[2]], "atol": 1e-6}
TWICE = {"base_input": [[1], [2]], "plus_input": [[1], [2]], "atol": 0}
FLOATS_THEN_INTS = {**PAIRS, **TWICE, "canonical_solution": "    return [0.5] if n == 1 else [n]\n"}
NEARLY_WHOLE = {**PAIRS, "canonical_solution": "    return n + 1e-9\n"}
CHANGES_COEFFICIENTS = "\n\nroot = find_zero\ndef find_zero(xs): x = root(xs); xs[0] = 9; return x"


@pytest.mark.parametrize(
    ("problem", "code", "passes_evalplus", "explanation"),
    [
        (PAIRS, "def pairs(n): return [(n / 3, 1.0)]", True, "a tuple in place of a list"),
        (FLOATS_THEN_INTS, "def pairs(n): return [0.5] if n == 1 else [n + 1e-8]", True, "within a millionth"),
        (PAIRS, "import numpy\ndef pairs(n): return [[n / 3, 1.0]]", True, "imports a package outside the standard"),
        (NEARLY_WHOLE, "def pairs(n): return n", False, "an integer or True close enough"),
        (ZERO, solution_of(ZERO) + CHANGES_COEFFICIENTS, False, "a right root"),
    ],
)
def test_each_verifier_is_more_lenient_in_some_cases(
    problem: dict[str, Any], code: str, passes_evalplus: bool, explanation: str, tmp_path: Path
) -> None:
    results, disagreements = judge(write_problems([problem], tmp_path), samples_of(code, problem=problem))
    assert [result.correct for result in results.samples] == [passes_evalplus]
    assert [disagreement.explanation[: len(explanation)] for disagreement in disagreements] == [explanation]


def test_a_sample_that_passes_with_more_time_is_explained(tmp_path: Path) -> None:
    path = write_problems([BLEND], tmp_path)
    samples = samples_of(HONEST + "\nimport time\nhonest = blend\ndef blend(*a): time.sleep(0.3); return honest(*a)\n")
    results = evaluate(samples, read_problems(path), min_seconds=0.1, seconds=60)
    assert results.samples[0].base == "fail"
    (disagreement,) = compare(results, samples, path)
    assert disagreement.explanation == "passes when EvalPlus gives it four times the wall time"


@pytest.mark.slow
def test_every_attack_is_explained_and_none_stops_evalplus(tmp_path: Path) -> None:
    values = {"SECRET": "/nowhere/solution.py", "FOLDER": "/nowhere", "PORT": "9", "PARENT": "1"}
    codes = [attack.code for attack in ATTACKS]
    for name, value in values.items():
        codes = [code.replace(name, value) for code in codes]
    results, disagreements = judge(write_problems([BLEND], tmp_path), samples_of(*codes))
    assert [disagreement.index for disagreement in disagreements if not disagreement.explanation] == []
    cheats = [disagreement for disagreement in disagreements if disagreement.evalplus == "base pass, plus pass"]
    assert len(cheats) >= 7
    assert len(results.samples) == len(ATTACKS)


@needs_data
@pytest.mark.slow
def test_the_published_solutions_pass_both_verifiers() -> None:
    problems = read_problems(PUBLISHED)
    samples = [Sample(name, solution_of(row)) for name, row in problems.items()]
    results = evaluate(samples, problems)
    assert [result for result in results.samples if not result.correct] == []
    assert (results.as_shipped, results.root_tasks) == (163, frozenset({"HumanEval/32"}))
    all_tasks, held_out = pass_rates(results.samples), pass_rates(results.samples, held_out_tasks(PUBLISHED))
    assert (all_tasks.tasks, all_tasks.plus, all_tasks.pass_at) == (164, 164, {1: 1.0})
    assert (held_out.tasks, held_out.plus) == (114, 114)
    assert compare(results, samples, PUBLISHED) == []
