"""`knk verify`."""

import json
from pathlib import Path

import pytest

import knk
from tests.support.commands import LIARS, LIARS_TEXT, Result, Run

RIGHT = "Ann is a knight, and Bob is a knave."
WRONG = "Ann is a knave, and Bob is a knight."


@pytest.mark.parametrize(("answer", "status"), [(RIGHT, 0), (WRONG, 1), ("dunno", 1), ("", 1)])
def test_an_answer_gets_a_verdict(run: Run, tmp_path: Path, answer: str, status: int) -> None:
    path = tmp_path / "answer.txt"
    path.write_text(answer, encoding="utf-8")
    verdict = knk.verify(answer, knk.decode(LIARS))
    expected = Result(status, f"{verdict}\n", "")
    assert run("verify", LIARS, path) == expected
    assert run("verify", LIARS, piped=answer) == expected
    if answer:
        assert run("verify", LIARS, answer) == expected
        assert run("verify", "-", answer, piped=LIARS_TEXT) == expected


def test_a_verdict_is_printed_as_json(run: Run) -> None:
    result = run("verify", "--json", LIARS, WRONG)
    verdict = knk.verify(WRONG, knk.decode(LIARS))
    claims = {"Ann": False, "Bob": True}
    assert json.loads(result.out) == {"correct": False, "reason": verdict.reason, "claims": claims}


def test_json_lines_with_completions_get_a_verdict_each(run: Run, tmp_path: Path) -> None:
    rows = [{"puzzle": LIARS, "completion": answer} for answer in (RIGHT, WRONG)]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for result in (run("verify", path, "--json"), run("verify", "-", "--json", piped=path.read_text(encoding="utf-8"))):
        assert result.status == 1
        assert [json.loads(line)["correct"] for line in result.out.splitlines()] == [True, False]
    assert run("verify", json.dumps(rows[0])).status == 0


def test_one_answer_to_several_puzzles_is_an_error_before_any_verdict(run: Run) -> None:
    for piped in (f"{LIARS}\n{LIARS}", f"{LIARS_TEXT}\n---\n{LIARS_TEXT}"):
        result = run("verify", "-", RIGHT, piped=piped)
        assert (result.status, result.out) == (2, "")
        assert "several puzzles need JSON lines" in result.err
