"""The difficulty benchmark: its language, its statistics, its puzzles, and the results that are kept."""

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
from benchmarks.difficulty import grades, ranks
from benchmarks.difficulty.language import WORDS, question, reply, solved, statement_words
from benchmarks.difficulty.run import MEASURES, QUICK, SHARES, figures, held_out, told, training_puzzles, verdict
from knk.datasets.split import split_of
from tests.support.paths import ROOT

FOLDER = ROOT / "benchmarks" / "difficulty"
SUPPOSING = knk.decode("Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)")


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """The results of the run that the documents tell of."""
    content: dict[str, Any] = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
    return content


# The language.


def test_a_puzzle_and_its_proof_in_words() -> None:
    assert " ".join(question(SUPPOSING)) == "0: -1 1: -2 2: & -0 -1 proof"
    assert " ".join(reply(knk.trace(SUPPOSING))) == (
        "suppose +0 0: -1 with +0 so -1 2: & -0 -1 with +0 so -2 1: -2 with -1 -2 cannot hence -0 "
        "0: -1 with -0 so +1 1: -2 with +1 so -2 answer -0 +1 -2 end"
    )


def test_every_reply_is_right_and_made_of_known_words() -> None:
    for puzzle in knk.generate(people=(3, 6), n=200, seed=8):
        words = reply(knk.trace(puzzle))
        assert solved(words, knk.solve(puzzle))
        assert not solved(words, tuple(not knight for knight in knk.solve(puzzle)))
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
def test_what_is_no_right_answer(written: str) -> None:
    assert not solved(written.split(), (False, True))


def test_what_follows_the_end_does_not_count() -> None:
    assert solved("answer -0 +1 end pad pad".split(), (False, True))


def test_a_statement_without_words_is_an_error() -> None:
    with pytest.raises(ValueError, match="K>=2"):
        statement_words("0:K>=2(0,1,2)")


# The statistics.


def slow_kendall(x: list[int], y: list[int]) -> float:
    pairs = list(combinations(range(len(x)), 2))
    signs = [(np.sign(x[i] - x[j]), np.sign(y[i] - y[j])) for i, j in pairs]
    return float(sum(a * b for a, b in signs) / sqrt(sum(a * a for a, _ in signs) * sum(b * b for _, b in signs)))


@pytest.mark.parametrize("seed", range(5))
def test_rank_correlations_are_those_of_the_definitions(seed: int) -> None:
    draws = np.random.default_rng(seed)
    x = [int(value) for value in draws.integers(0, 5, 40)]
    y = [value + int(draws.integers(0, 3)) for value in x]
    assert ranks.kendall(x, y) == pytest.approx(slow_kendall(x, y))
    slow = [[sum(o < v for o in side) + (sum(o == v for o in side) + 1) / 2 for v in side] for side in (x, y)]
    assert ranks.spearman(x, y) == pytest.approx(float(np.corrcoef(np.array(slow))[0, 1]))


def test_what_does_not_vary_has_no_correlation() -> None:
    assert all(isnan(found([1, 1, 1], [1, 2, 3])) for found in (ranks.spearman, ranks.kendall))
    assert isnan(ranks.partial([1, 2, 3], [3, 1, 2], [1, 2, 3]))


def test_a_common_cause_is_taken_out() -> None:
    draws = np.random.default_rng(0)
    cause, x, y = (draws.normal(size=4000) for _ in range(3))
    assert ranks.spearman(cause + x, cause + y) > 0.4
    assert abs(ranks.partial(cause + x, cause + y, cause)) < 0.05


def test_groups_that_do_not_vary_are_left_out() -> None:
    x = np.array([1.0, 2, 3, 1, 1])
    assert ranks.within(x, np.array([3.0, 2, 1, 5, 6]), np.array([0.0, 0, 0, 1, 1])) == -1


def interval_of_the_mean(seed: int) -> tuple[float, float, float]:
    values = np.random.default_rng(seed).normal(size=60)
    return ranks.intervals(lambda at: {"mean": float(values[at].mean())}, 60, None, 300, seed)["mean"]


def test_intervals_hold_what_they_should_as_often_as_they_should() -> None:
    found = [interval_of_the_mean(seed) for seed in range(100)]
    assert 88 <= sum(low <= 0 <= high for _, low, high in found) <= 99


def test_cells_keep_their_sizes_when_drawn_anew() -> None:
    cells = ["a"] * 3 + ["b"] * 7
    found = ranks.intervals(lambda at: {"of a": float((at < 3).sum())}, 10, cells, 50)
    assert found["of a"] == (3, 3, 3)


# The puzzles.


def test_no_held_out_puzzle_is_trained_on() -> None:
    held = held_out(QUICK)
    assert {split_of(one.puzzle.key, SHARES) for one in held} == {"test"}
    assert len({one.puzzle.key for one in held}) == len(held)
    trained = list(training_puzzles(QUICK, 1))
    assert len(trained) == QUICK.examples
    assert not {puzzle.key for puzzle in trained} & {one.puzzle.key for one in held}


def test_the_arms_are_as_large_as_planned() -> None:
    held = held_out(QUICK)
    natural = Counter(len(one.puzzle.names) for one in held if "natural" in one.arms)
    balanced = Counter((len(one.puzzle.names), one.measures["grade"]) for one in held if "balanced" in one.arms)
    assert natural == {3: QUICK.natural, 4: QUICK.natural}
    assert all(0 < balanced[people, grade] <= QUICK.balanced for people in (3, 4) for grade in (1, 2, 3))


# The verdict.


def with_difference(value: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    return {"natural": {"sampled, pooled": {"spearman grade less people": [value, low, high]}}}


def test_the_verdict_is_the_one_fixed_beforehand() -> None:
    assert verdict(with_difference(0.2, 0.1, 0.3)) == "the grade says more than the head count"
    assert verdict(with_difference(-0.2, -0.3, -0.1)) == "the grade says less than the head count"
    assert verdict(with_difference(0.1, -0.1, 0.3)) == "undecided"
    assert verdict(with_difference(None, None, None)).startswith("undecided")


# The results that are kept.


def test_the_figures_that_are_kept_follow_from_the_answers_that_are_kept(kept: dict[str, Any]) -> None:
    again = figures(kept["puzzles"], 20)
    for arm, found in kept["figures"].items():
        assert found["failures"] == again[arm]["failures"]
        for name in found.keys() - {"puzzles", "failures"}:
            for figure, (value, low, high) in found[name].items():
                assert value == again[arm][name][figure][0]
                assert value is None or low <= value <= high, figure


def test_the_puzzles_that_are_kept_are_held_out_and_measured_as_now(kept: dict[str, Any]) -> None:
    assert len(kept["puzzles"]) > 500
    for one in kept["puzzles"][::7]:
        puzzle = knk.decode(one["puzzle"])
        assert split_of(puzzle.key, SHARES) == "test"
        measures = knk.difficulty(puzzle)
        assert {name: one[name] for name in MEASURES} == {name: getattr(measures, name) for name in MEASURES}


def test_the_documents_give_the_figures_that_are_kept(kept: dict[str, Any]) -> None:
    lines = list(told(kept))
    row = next(line for line in lines if line.startswith("spearman grade less people")).split("  ")
    pooled = [cell.strip() for cell in row if cell.strip()][1]
    for page in (FOLDER / "README.md", FOLDER.parents[1] / "docs" / "difficulty.md"):
        text = " ".join(page.read_text(encoding="utf-8").split())
        assert pooled in text, page.name
        assert lines[-1].strip() in text, page.name


# The commands.


def test_grades_are_counted_over_files(tmp_path: Path) -> None:
    rows = [{"puzzle": "Ann,Bob 0:&(-0,-1)"}, {"quiz": knk.render(SUPPOSING)}]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert grades.counts(grades.puzzles([path])) == {2: {1: 1}, 3: {2: 1}}
    path.write_text('{"question": "Who?"}', encoding="utf-8")
    with pytest.raises(knk.KnkError, match=r"rows\.jsonl, row 1: the puzzle is wanted under puzzle, quiz, text"):
        list(grades.puzzles([path]))


@pytest.mark.slow
@pytest.mark.skipif(not (find_spec("torch") and find_spec("transformers")), reason="torch or transformers is missing")
def test_a_quick_run(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    command = [sys.executable, str(FOLDER / "run.py"), "--quick", "-o", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    content = json.loads(path.read_text(encoding="utf-8"))
    assert [run["seed"] for run in content["runs"]] == [1, 2]
    assert all(run["tokens"] > 10_000 and run["parameters"] > 10_000 for run in content["runs"])
    assert all(len(one[outcome]) == 2 for one in content["puzzles"] for outcome in ("greedy", "sampled"))
    assert done.stdout.splitlines() == "\n".join(told(content)).splitlines()
    again = subprocess.run([*command[:2], "--again", str(path)], capture_output=True, text=True, check=True)
    assert again.stdout == done.stdout
