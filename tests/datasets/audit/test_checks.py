"""Single rows: each fault is found, whatever columns the row has."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from knk.datasets.audit.checks import FAULTS
from knk.datasets.audit.run import audit
from knk.datasets.rows import row_of
from knk.logic.notation import decode
from knk.text.render import render
from tests.support.audit_rows import ACCUSED, LIARS, counts, fault, lines


def test_each_fault_is_found_in_its_row(tmp_path: Path) -> None:
    sound = row_of(decode(LIARS))
    path = lines(
        tmp_path / "faulty.jsonl",
        [
            sound,
            {"puzzle": "Ann,Bob 0:?"},
            {"riddle": "Who?"},
            {"puzzle": "Ann 0:-0"},
            {"puzzle": "Ann,Bob 0:+1"},
            {"puzzle": "Cid,Dora,Ed 0:-1 1:-2 2:&(-0,-1)", "solution": [True, True, True]},
            {
                "puzzle": "Cid,Dora,Ed 0:-1 1:-2 2:|(-0,-1)",
                "answer": "Cid is a knave, Dora is a knave, Ed is a knight.",
            },
            {"puzzle": "Cid,Dora,Ed 0:|(+1,-1) 1:-0 2:-1", "text": render(decode("Cid,Dora,Ed 0:+1 1:-0 2:-1"))},
        ],
    )
    result = audit(path)
    (part,) = result.parts
    assert not result.ok
    assert counts(part.faults) == {
        "unreadable": 2,
        "no solution": 1,
        "several solutions": 1,
        "wrong answer": 2,
        "text of another puzzle": 1,
    }
    unreadable = fault(part, "unreadable")
    assert [example.row for example in unreadable.examples] == ["faulty.jsonl:2", "faulty.jsonl:3"]
    assert "expected a statement at character 10, got '?'" in unreadable.examples[0].text
    assert "expected one of the columns puzzle, text, quiz, question" in unreadable.examples[1].text
    assert (unreadable.total, unreadable.share) == (8, 0.25)
    assert fault(part, "no solution").examples[0].row == "faulty.jsonl:4"
    assert fault(part, "several solutions").examples[0].text == "Ann,Bob 0:+1"
    wrong = fault(part, "wrong answer")
    assert (wrong.total, wrong.by_people) == (3, ((3, 2, 3),))
    assert wrong.examples[0].text.startswith("solution: expected ")
    assert wrong.examples[1].text.startswith("answer: wrong: -Cid -Dora +Ed; Cid,Dora,Ed 0:-1")
    assert fault(part, "text of another puzzle").examples[0].text == "the text says Cid,Dora,Ed 0:+1 1:-0 2:-1"
    assert (part.trivial.count, part.trivial.total, part.trivial.examples[0].row) == (1, 6, "faulty.jsonl:8")


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ({"solution": [False, True]}, ""),
        ({"names": ["Bob", "Ann"], "solution": [True, False]}, ""),
        ({"names": ["Bob", "Ann"], "solution": [False, True]}, "solution: expected +-, got -+"),
        ({"solution": [False]}, "solution: expected -+, got -"),
        ({"solution": ["knave", "knight"]}, "solution: expected a list of true and false"),
        ({"solution": {"Ann": False}}, "solution: expected a list or English, got dict"),
        ({"solution": [False, True], "solution_text": "Ann is a knave, and Bob is a knight."}, ""),
        ({"solution": [False, True], "solution_text": "Ann is a knave."}, "solution_text: incomplete: -Ann"),
        ({"answer": "whatever"}, "answer: "),
    ],
)
def test_stored_answers_are_checked_in_any_form(tmp_path: Path, stored: dict[str, Any], problem: str) -> None:
    (part,) = audit(lines(tmp_path / "one.jsonl", [{"puzzle": LIARS, **stored}])).parts
    wrong = fault(part, "wrong answer")
    assert (wrong.count, wrong.total) == (int(bool(problem)), 1)
    assert all(example.text.startswith(problem) for example in wrong.examples)


@pytest.mark.parametrize("column", ["text", "quiz", "question"])
def test_puzzles_in_english_are_checked(tmp_path: Path, column: str) -> None:
    rows = [{column: render(decode(ACCUSED)), "solution_text": "nobody knows"}, {column: "What is two plus two?"}]
    path = tmp_path / "public.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    (part,) = audit(path).parts
    assert counts(part.faults) == {**dict.fromkeys(FAULTS, 0), "unreadable": 1, "wrong answer": 1}
    assert part.people == (("3", 1),)
    assert dict(part.kinds) == {"atom": 2, "and": 1}
    assert part.trivial.total == 1


def test_texts_may_differ_in_wording_but_not_in_names(tmp_path: Path) -> None:
    same, others = "Bob,Ann 1:&(-0,~+1)", "Ann,Cid 0:&(-0,-1)"
    rows = [{"puzzle": LIARS, "text": render(decode(text))} for text in (LIARS, same, others)]
    rows.append({"puzzle": LIARS, "text": "Ann hums."})
    other = fault(audit(lines(tmp_path / "texts.jsonl", rows)).parts[0], "text of another puzzle")
    assert [example.row for example in other.examples] == ["texts.jsonl:3", "texts.jsonl:4"]
    assert other.examples[0].text == "the text names Ann, Cid"
