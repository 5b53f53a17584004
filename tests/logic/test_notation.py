"""The one-line notation: pinned lines, there and back, and errors for everything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knk.errors import BadNotation
from knk.logic.notation import (
    MAX_DEPTH,
    decode,
    decode_statement,
    encode,
)
from knk.logic.puzzle import Puzzle
from knk.logic.statements import (
    And,
    Count,
    Iff,
    Implies,
    Knave,
    Knight,
    Not,
    OneOf,
    Or,
    Parity,
    SameKind,
    Statement,
)
from tests.support.strategies import puzzles

ANN_AND_CO = ("Ann", "Bob", "Cid")
STATEMENTS: dict[str, Statement] = {
    "+0": Knight(0),
    "-12": Knave(12),
    "~-1": Not(Knave(1)),
    "&(+0,-1,+2)": And(Knight(0), Knave(1), Knight(2)),
    "&(+0,&(-1,+2))": And(Knight(0), And(Knave(1), Knight(2))),
    "|(+0,-0)": Or(Knight(0), Knave(0)),
    "^(+0,+1)": OneOf(Knight(0), Knight(1)),
    ">(+0,~+1)": Implies(Knight(0), Not(Knight(1))),
    "=(+0,-1)": Iff(Knight(0), Knave(1)),
    "K=2(0,1,2)": Count("exactly", 2, (0, 1, 2)),
    "V>=1(2,0)": Count("at least", 1, (2, 0), knights=False),
    "K<=0(1)": Count("at most", 0, (1,)),
    "K%0(0,1)": Parity(True, (0, 1)),
    "V%1(0,1)": Parity(False, (0, 1), knights=False),
    "S(1,0)": SameKind(1, 0),
    "D(0,1)": SameKind(0, 1, same=False),
}


@pytest.mark.parametrize(("line", "statement"), STATEMENTS.items())
def test_statements_have_pinned_notation(line: str, statement: Statement) -> None:
    people = 1 + max(statement.people)
    puzzle = Puzzle(tuple(f"P{i}" for i in range(people)), ((0, statement),))
    assert encode(puzzle).split(" ")[1:] == [f"0:{line}"]
    assert decode_statement(line) == statement


def test_notation_is_pinned() -> None:
    assert encode(Puzzle(ANN_AND_CO, ((1, Knave(0)), (1, Knight(2))))) == "Ann,Bob,Cid 1:-0 1:+2"
    assert encode(Puzzle(("Mary Jane", "José"), (), ("wise man", "fool"))) == "Mary%20Jane,José wise%20man/fool"
    assert encode(Puzzle(("Ann",), (), ("knave", "knight"))) == "Ann knave/knight"


@given(puzzles(most_people=9))
def test_decode_inverts_encode(puzzle: Puzzle) -> None:
    assert decode(encode(puzzle)) == puzzle


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        "Ann,",
        "Ann,ann",
        "Ann 0:",
        "Ann 0:+1",
        "Ann 1:+0",
        "Ann 0:+0x",
        "Ann  0:+0",
        "Ann 0:*(+0,+0)",
        "Ann 0:&(+0)",
        "Ann 0:&(+0,+0",
        "Ann 0:>(+0,+0,+0)",
        "Ann,Bob 0:K=3(0,1)",
        "Ann,Bob 0:K%2(0,1)",
        "Ann,Bob 0:K=1(0,,1)",
        "Ann,Bob 0:S(0,0)",
        "Ann,Bob 0:S(0,1,0)",
        "Ann,Bob a/b/c 0:+1",
        "Ann,Bob a/a 0:+1",
        "Ann 0:+٠",
        "Ann %ff/b",
        "Ann 0:" + "~" * (MAX_DEPTH + 1) + "+0",
        "Ann 0:" + "&(" * 100_000,
        "Ann 0:+" + "9" * 5000,
        "x" * 10_000_000,
        "0:+0 Ann",
        "Ann\x00 0:+0",
    ],
    ids=lambda line: line[:30],
)
def test_invalid_lines_raise_a_short_error(line: str) -> None:
    with pytest.raises(BadNotation) as caught:
        decode(line)
    assert 0 < len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Ann,Bob 0:-1 1:*x", "expected a statement at character 15, got '*x'"),
        (
            " Ann,Bob 0:-1 one 0:-1 ",
            "expected 'speaker:statement' with people numbered from 0 at character 14, got 'one 0:-1'",
        ),
        ("Ann,Bob 0:&(-1,-1", "expected ',' or ')' at character 17, got the end of the line"),
        ("Ann,Bob 0:-1x", "expected the end of the statement at character 12, got 'x'"),
        ("Ann,Bob 0:", "expected a statement at character 10, got the end of the line"),
    ],
)
def test_errors_have_their_position_in_the_line(line: str, message: str) -> None:
    with pytest.raises(BadNotation) as caught:
        decode(line)
    assert str(caught.value) == message


@given(st.text() | st.text(alphabet="AB,0123 :+-~&|^>=KV%()SD/"))
def test_any_text_is_refused_or_survives_a_round_trip(line: str) -> None:
    try:
        puzzle = decode(line)
    except BadNotation:
        return
    assert decode(encode(puzzle)) == puzzle
