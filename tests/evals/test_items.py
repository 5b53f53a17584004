"""Benchmark items: the public test set, ids, limits, and exclusions."""

import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from knk.datasets.files import read as read_rows
from knk.datasets.files import write
from knk.datasets.split import split_of
from knk.errors import BadSpec
from knk.evals.items import BENCHMARKS, benchmark, identities, items
from knk.logic.notation import decode
from knk.logic.solver import solve
from knk.proofs.difficulty import difficulty
from knk.tasks.kk import TEST_SET
from tests.support.benchmarks import right_completion
from tests.support.paths import ROOT


def test_the_benchmarks_come_from_the_tasks() -> None:
    assert set(BENCHMARKS) == {"knk", "knk_grades", "knk_perturbed", "math500", "humaneval_plus", "mmlu_pro"}
    assert all(name == chosen.name for name, chosen in BENCHMARKS.items())


def test_version_one_of_the_public_test_set_is_unchanged() -> None:
    rows = list(read_rows(TEST_SET))
    digest = hashlib.sha256("\n".join(json.dumps(row, sort_keys=True) for row in rows).encode()).hexdigest()
    assert digest == "f441a76611ee2cc12df92c3cbefc61d6f5dd38868e9dc228ffccaf8c2141da43"
    assert Counter((row["benchmark"], row["group"]) for row in rows) == {
        **{("knk", f"{people} people"): 90 for people in range(3, 9)},
        **{("knk_grades", f"grade {grade}"): 60 for grade in range(1, 6)},
        **{
            ("knk_perturbed", kind): 50
            for kind in (
                *("original", "leaf", "statement", "statement order", "rare names", "role words reversed", "wording"),
            )
        },
    }


def test_the_test_sets_puzzles_are_in_the_test_split() -> None:
    rows = [row for row in read_rows(TEST_SET) if row["group"] not in ("leaf", "statement")]
    assert {split_of(decode(row["puzzle"]).key) for row in rows} == {"test"}


def test_the_test_sets_solutions_and_grades_are_right() -> None:
    rows = list(read_rows(TEST_SET))
    for row in rows[::7]:
        puzzle = decode(row["puzzle"])
        assert list(solve(puzzle)) == row["solution"]
        assert difficulty(puzzle).grade == row["grade"]
        assert row["group"] in (f"{row['people']} people", f"grade {row['grade']}") or row["original"]


@pytest.mark.slow
def test_the_script_reproduces_the_test_set(tmp_path: Path) -> None:
    written = tmp_path / "made.parquet"
    subprocess.run(
        [sys.executable, "-m", "benchmarks.lm_eval.make_test_set", written], cwd=ROOT, check=True, timeout=900
    )
    assert list(read_rows(written)) == list(read_rows(TEST_SET))


@pytest.mark.parametrize("name", ["knk", "knk_grades", "knk_perturbed"])
def test_each_item_has_a_unique_id_and_a_prompt(name: str) -> None:
    rows = items(name)
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(len(row["id"]) == 32 for row in rows)
    assert all(str(benchmark(name).prompt(row)).endswith("Assistant: <think>\n") for row in rows)
    assert all(benchmark(name).task.verify_many([right_completion(row) for row in rows], rows))


def test_a_limit_is_spread_and_keeps_a_puzzle_with_its_changes() -> None:
    few, more = items("knk", limit=30), items("knk", limit=60)
    assert len({row["people"] for row in more if "people" in row} | {row["group"] for row in few}) > 3
    assert {row["id"] for row in few} < {row["id"] for row in more}
    changed = Counter(row["original"] for row in items("knk_perturbed", limit=21))
    assert set(changed.values()) == {7}


def test_training_items_are_left_out(tmp_path: Path) -> None:
    rows = items("knk")
    write(tmp_path / "trained.jsonl", ({"id": row["identity"], "prompt": "?"} for row in rows[:10]))
    remaining = items("knk", without=identities(tmp_path / "trained.jsonl"))
    assert [row["id"] for row in remaining] == [row["id"] for row in rows[10:]]
    with pytest.raises(BadSpec, match="no items left"):
        items("knk", without={row["identity"] for row in rows})


def test_repeated_questions_have_their_own_ids(tmp_path: Path) -> None:
    question = {"question": "1 + 1?", "options": ["1", "2", "3"], "answer": "B", "category": "math", "question_id": 7}
    others = [
        question | {"question": f"{subject} {n}?", "category": subject, "question_id": n}
        for subject in ("physics", "history")
        for n in range(101)
    ]
    write(tmp_path / "mmlu.jsonl", [question, question, *others])
    rows = items("mmlu_pro", tmp_path / "mmlu.jsonl")
    assert [row["question"] for row in rows].count("1 + 1?") == 2
    assert len({row["id"] for row in rows}) == len(rows)
