"""Rows with the columns of the public K&K data."""

from typing import Any

import pytest

from knk.datasets.rows import row_of
from knk.errors import BadRow
from knk.generation.generate import generate
from knk.logic.notation import decode
from knk.logic.solver import solve
from knk.teacher.export import ExportFormat, export_rows
from knk.teacher.public_data import public_row, public_statements

ROWS: list[dict[str, Any]] = [dict(row_of(puzzle)) for puzzle in generate(people=(2, 6), n=20, seed=5)]
PUBLIC_COLUMNS = (
    "quiz names knight_knave solution solution_text solution_text_format cot_head cot_repeat_steps cot_foot statements "
    "index data_source prompt ability reward_model extra_info"
).split()


def test_the_columns_have_the_public_order_and_types() -> None:
    for row in export_rows(ROWS, ExportFormat("public")):
        assert list(row) == PUBLIC_COLUMNS
        assert [type(row[name]) for name in PUBLIC_COLUMNS] == [
            *(str, list, dict, list, str, str, str, list, str, str, int, str, list, str, dict, dict)
        ]
        assert list(row["knight_knave"]) == ["Knave", "Knight", "a_knave", "a_knight", "knave", "knight"]


def test_a_public_row_has_all_columns() -> None:
    text = "Ann: Cid is not a knave. Bob: If I am a knave, Ann is too. Cid: Bob is an angel."
    row = public_row({"puzzle": "Ann,Bob,Cid 0:~-2 1:>(-1,-0) 2:|(-0,-1)", "text": text}, 7, "test")
    assert row["quiz"] == text
    assert row["statements"] == (
        "(('not', ('lying', 2)), ('->', ('lying', 1), ('lying', 0)), ('or', ('lying', 0), ('lying', 1)))"
    )
    assert row["solution"] == list(solve(decode("Ann,Bob,Cid 0:~-2 1:>(-1,-0) 2:|(-0,-1)")))
    assert row["extra_info"] == {"index": 7, "split": "test"}
    assert row["reward_model"]["ground_truth"]["statements"] == row["statements"]
    assert row["prompt"][0]["role"] == "user"
    assert text in row["prompt"][0]["content"]


@pytest.mark.parametrize(
    ("notation", "expected"),
    [
        ("A,B 0:=(+0,+1) 1:+0", "(('<=>', ('telling-truth', 0), ('telling-truth', 1)), ('telling-truth', 0))"),
        ("A,B 0:-1 0:+0 1:+0", "(('and', ('lying', 1), ('telling-truth', 0)), ('telling-truth', 0))"),
    ],
)
def test_statements_in_the_public_notation(notation: str, expected: str) -> None:
    assert public_statements(decode(notation)) == expected


def test_statements_without_public_notation_are_an_error() -> None:
    rich = [dict(row_of(puzzle)) for puzzle in generate(preset="rich", people=4, kinds=(("parity", 1),), n=1)]
    with pytest.raises(BadRow, match="row 0: the public data has no statement of the kind 'parity'"):
        list(export_rows(rich, ExportFormat("public")))
    with pytest.raises(BadRow, match="Bob says nothing"):
        public_statements(decode("Ann,Bob 0:&(-0,-1)"))
