"""`knk solve`."""

import json
from pathlib import Path

import pytest

from tests.support.commands import LIARS, LIARS_SOLUTION, LIARS_TEXT, Run


@pytest.mark.parametrize("puzzle", [LIARS, LIARS_TEXT, json.dumps({"puzzle": LIARS}), json.dumps({"quiz": LIARS_TEXT})])
def test_a_puzzle_in_any_format_is_solved(run: Run, tmp_path: Path, puzzle: str) -> None:
    path = tmp_path / "puzzle"
    path.write_text(f"\ufeff{puzzle}\n", encoding="utf-8")
    assert run("solve", puzzle) == (0, f"{LIARS_SOLUTION}\n", "")
    assert run("solve", path) == (0, f"{LIARS_SOLUTION}\n", "")
    assert run("solve", piped=f"\n{puzzle}\n") == (0, f"{LIARS_SOLUTION}\n", "")
    assert run("solve", "-", piped=puzzle) == (0, f"{LIARS_SOLUTION}\n", "")


def test_english_may_have_paragraphs_and_dashes_separate_puzzles(run: Run) -> None:
    paragraphs = LIARS_TEXT.replace(" Bob:", "\n\nBob:")
    assert run("solve", piped=paragraphs).out == f"{LIARS_SOLUTION}\n"
    assert run("solve", piped=f"---\n{paragraphs}\n---\n{LIARS_TEXT}\n---\n").out == f"{LIARS_SOLUTION}\n" * 2


def test_other_role_words_appear_in_the_solution(run: Run) -> None:
    assert run("solve", "Ann,Bob angel/demon 0:&(-0,-1)").out == "Ann is a demon and Bob is an angel.\n"


def test_no_solution_and_several_are_reported(run: Run) -> None:
    assert run("solve", "Ann 0:-0") == (1, "No solution: no assignment of roles fits what they say.\n", "")
    assert run("solve", "Ann,Bob 0:+1") == (1, "2 solutions; no person has the same role in all of them.\n", "")
    result = run("solve", "Ann,Bob,Cid 0:&(-0,-1)")
    assert result == (1, "2 solutions; in all of them Ann is a knave and Bob is a knight.\n", "")
    assert run("solve", "A,B,C,D,E,F,G").out == "More than 100 solutions; no person has the same role in all of them.\n"


def test_json_has_the_same_information(run: Run) -> None:
    lines = "\n".join([LIARS, "Ann 0:-0", "Ann,Bob,Cid 0:&(-0,-1)", "A,B,C,D,E,F,G"])
    result = run("solve", "--json", piped=lines)
    assert result.status == 1
    assert [json.loads(line) for line in result.out.splitlines()] == [
        {"puzzle": LIARS, "solutions": 1, "more": False, "roles": {"Ann": "knight", "Bob": "knave"}},
        {"puzzle": "Ann 0:-0", "solutions": 0, "more": False, "roles": {}},
        {
            "puzzle": "Ann,Bob,Cid 0:&(-0,-1)",
            "solutions": 2,
            "more": False,
            "roles": {"Ann": "knave", "Bob": "knight"},
        },
        {"puzzle": "A,B,C,D,E,F,G", "solutions": 100, "more": True, "roles": {}},
    ]
