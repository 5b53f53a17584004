"""The difficulty benchmark: its language, statistics and puzzles, and its committed results."""

import json
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from itertools import combinations
from math import isnan, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import knk
from benchmarks.difficulty import grades
from benchmarks.difficulty.analysis import DECISIVE, figures, verdict
from benchmarks.difficulty.bootstrap import Interval, intervals
from benchmarks.difficulty.correlations import kendall, partial, spearman, within
from benchmarks.difficulty.experiment import MEASURES, QUICK, SHARES, held_out_puzzles, training_puzzles
from benchmarks.difficulty.language import WORDS, is_solved, question, reply, statement_words
from benchmarks.difficulty.run import report, to_json
from knk.datasets.split import split_of
from tests.support.paths import ROOT

FOLDER = ROOT / "benchmarks" / "difficulty"
RESULTS = FOLDER / "results.json"
NEEDS_SUPPOSITION = knk.decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)")


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    """The results of the run that the documents report."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return results


# The language.


def test_a_puzzle_and_its_proof_become_words() -> None:
    assert " ".join(question(NEEDS_SUPPOSITION)) == "0: -1 1: -2 2: & -0 -1 proof"
    assert " ".join(reply(knk.trace(NEEDS_SUPPOSITION))) == (
        "suppose +0 0: -1 with +0 so -1 2: & -0 -1 with +0 so -2 1: -2 with -1 -2 cannot hence -0 "
        "0: -1 with -0 so +1 1: -2 with +1 so -2 answer -0 +1 -2 end"
    )


def test_every_reply_solves_its_puzzle_with_known_words() -> None:
    for puzzle in knk.generate(people=(3, 6), n=200, seed=8):
        words = reply(knk.trace(puzzle))
        assert is_solved(words, knk.solve(puzzle))
        assert not is_solved(words, tuple(not knight for knight in knk.solve(puzzle)))
        assert {*words, *question(puzzle)} <= set(WORDS)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "answer -0 +1",
        "answer -0 end",
        "answer +1 -0 end",
        "answer -0 +1 +1 end",
        "answer -0 -1 answer -0 +1 end",
        "so -0 so +1 end",
        "end answer -0 +1 end",
    ],
)
def test_wrong_or_unfinished_replies_do_not_count(written: str) -> None:
    assert not is_solved(written.split(), (False, True))


def test_words_after_the_end_are_not_counted() -> None:
    assert is_solved("answer -0 +1 end pad pad".split(), (False, True))


def test_a_statement_without_words_is_an_error() -> None:
    with pytest.raises(ValueError, match="K>=2"):
        statement_words("0:K>=2(0,1,2)")


# The statistics.


def kendall_by_definition(x: list[int], y: list[int]) -> float:
    pairs = list(combinations(range(len(x)), 2))
    signs = [(np.sign(x[i] - x[j]), np.sign(y[i] - y[j])) for i, j in pairs]
    return float(sum(a * b for a, b in signs) / sqrt(sum(a * a for a, _ in signs) * sum(b * b for _, b in signs)))


@pytest.mark.parametrize("seed", range(5))
def test_rank_correlations_match_their_definitions(seed: int) -> None:
    draws = np.random.default_rng(seed)
    x = [int(value) for value in draws.integers(0, 5, 40)]
    y = [value + int(draws.integers(0, 3)) for value in x]
    assert kendall(x, y) == pytest.approx(kendall_by_definition(x, y))
    ranks = [[sum(w < v for w in values) + (sum(w == v for w in values) + 1) / 2 for v in values] for values in (x, y)]
    assert spearman(x, y) == pytest.approx(float(np.corrcoef(np.array(ranks))[0, 1]))


def test_a_constant_has_no_correlation() -> None:
    for correlation in (spearman, kendall):
        assert isnan(correlation([1, 1, 1], [1, 2, 3]))
        assert isnan(correlation([1, 2, 3], [1, 1, 1]))
    assert isnan(partial([1, 2, 3], [3, 1, 2], [1, 2, 3]))


def test_partial_correlation_removes_a_common_cause() -> None:
    draws = np.random.default_rng(0)
    cause, x, y = (draws.normal(size=4000) for _ in range(3))
    assert spearman(cause + x, cause + y) > 0.4
    assert abs(partial(cause + x, cause + y, cause)) < 0.05


def test_constant_groups_are_left_out() -> None:
    x = np.array([1.0, 2, 3, 1, 1])
    assert within(x, np.array([3.0, 2, 1, 5, 6]), np.array([0.0, 0, 0, 1, 1])) == -1


def interval_of_the_mean(seed: int) -> Interval:
    values = np.random.default_rng(seed).normal(size=60)
    return intervals(lambda indices: {"mean": float(values[indices].mean())}, 60, None, 300, seed)["mean"]


def test_intervals_contain_the_truth_about_95_times_in_100() -> None:
    computed = [interval_of_the_mean(seed) for seed in range(100)]
    assert 88 <= sum(low <= 0 <= high for _, low, high in computed) <= 99


def test_strata_keep_their_sizes() -> None:
    strata = ["a"] * 3 + ["b"] * 7
    computed = intervals(lambda indices: {"size of a": float((indices < 3).sum())}, 10, strata, 50)
    assert computed["size of a"] == (3, 3, 3)


# The puzzles.


def test_no_held_out_puzzle_is_in_the_training_data() -> None:
    held_out = held_out_puzzles(QUICK)
    assert {split_of(held.puzzle.key, SHARES) for held in held_out} == {"test"}
    assert len({held.puzzle.key for held in held_out}) == len(held_out)
    trained = list(training_puzzles(QUICK, 1))
    assert len(trained) == QUICK.examples
    assert not {puzzle.key for puzzle in trained} & {held.puzzle.key for held in held_out}


def test_the_arms_have_the_planned_size() -> None:
    held_out = held_out_puzzles(QUICK)
    natural = Counter(len(held.puzzle.names) for held in held_out if "natural" in held.arms)
    balanced = Counter((len(held.puzzle.names), held.measures["grade"]) for held in held_out if "balanced" in held.arms)
    assert natural == {3: QUICK.natural, 4: QUICK.natural}
    assert all(0 < balanced[people, grade] <= QUICK.balanced for people in (3, 4) for grade in (1, 2, 3))


# The verdict.


def with_difference(value: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    return {"natural": {"sampled, pooled": {DECISIVE: [value, low, high]}}}


def test_the_verdict_follows_the_criteria() -> None:
    assert verdict(with_difference(0.2, 0.1, 0.3)) == "the grade predicts failure better than the number of people"
    worse = "the grade predicts failure less well than the number of people"
    assert verdict(with_difference(-0.2, -0.3, -0.1)) == worse
    assert verdict(with_difference(0.1, -0.1, 0.3)) == "undecided"
    assert verdict(with_difference(None, None, None)).startswith("undecided")


# The committed results.


def test_the_committed_figures_follow_from_the_committed_failures(committed: dict[str, Any]) -> None:
    again = figures(committed["puzzles"], 20)
    for arm, arm_figures in committed["figures"].items():
        assert arm_figures["failures"] == again[arm]["failures"]
        for name in arm_figures.keys() - {"puzzles", "failures"}:
            assert list(arm_figures[name]) == list(again[arm][name])
            for figure, (value, low, high) in arm_figures[name].items():
                assert value == again[arm][name][figure][0]
                assert value is None or low <= value <= high, figure


def test_the_committed_puzzles_are_held_out_and_have_the_same_measures(committed: dict[str, Any]) -> None:
    assert len(committed["puzzles"]) > 500
    for record in committed["puzzles"][::7]:
        puzzle = knk.decode(record["puzzle"])
        assert split_of(puzzle.key, SHARES) == "test"
        measures = knk.difficulty(puzzle)
        assert {name: record[name] for name in MEASURES} == {name: getattr(measures, name) for name in MEASURES}


def test_results_are_written_as_they_were_read(committed: dict[str, Any]) -> None:
    assert to_json(committed) == RESULTS.read_text(encoding="utf-8")


def test_the_documents_give_the_committed_figures(committed: dict[str, Any]) -> None:
    lines = list(report(committed))
    row = next(line for line in lines if line.startswith(DECISIVE)).split("  ")
    pooled = [cell.strip() for cell in row if cell.strip()][1]
    for page in (FOLDER / "README.md", FOLDER.parents[1] / "docs" / "difficulty.md"):
        text = " ".join(page.read_text(encoding="utf-8").split())
        assert pooled in text, page.name
        assert lines[-1].strip() in text, page.name


# The commands.


def test_grades_are_counted_over_all_rows(tmp_path: Path) -> None:
    rows = [{"puzzle": "Ann,Bob 0:&(-0,-1)"}, {"quiz": knk.render(NEEDS_SUPPOSITION)}]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert grades.count_grades(grades.read_puzzles([path])) == {2: {1: 1}, 3: {2: 1}}
    path.write_text('{"question": "Who?"}', encoding="utf-8")
    with pytest.raises(knk.KnkError, match=r"rows\.jsonl, row 1: expected a column puzzle or quiz or text"):
        list(grades.read_puzzles([path]))


@pytest.mark.slow
@pytest.mark.skipif(not (find_spec("torch") and find_spec("transformers")), reason="torch or transformers is missing")
def test_a_quick_run_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    command = [sys.executable, str(FOLDER / "run.py"), "--quick", "-o", str(path)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert process.returncode == 0, process.stderr
    results = json.loads(path.read_text(encoding="utf-8"))
    assert [run["seed"] for run in results["runs"]] == [1, 2]
    assert all(run["tokens"] > 10_000 and run["parameters"] > 10_000 for run in results["runs"])
    assert all(len(record[outcome]) == 2 for record in results["puzzles"] for outcome in ("greedy", "sampled"))
    assert process.stdout.splitlines() == "\n".join(report(results)).splitlines()
    again = subprocess.run([*command[:2], "--again", str(path)], capture_output=True, text=True, check=True)
    assert again.stdout == process.stdout
