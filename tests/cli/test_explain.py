"""`knk explain`."""

import json

import knk
from tests.support.commands import LIARS, LIARS_TEXT, Run


def test_a_proof_is_written_in_each_style(run: Run) -> None:
    result = run("explain", LIARS)
    assert result.status == 0
    assert "So Bob is a knave." in result.out
    assert result.out.endswith("(1) Ann is a knight\n(2) Bob is a knave\n")
    assert run("explain", LIARS, "--style", "answer-only").out == "(1) Ann is a knight\n(2) Bob is a knave\n"
    assert run("explain", LIARS, "--style", "long").out != run("explain", LIARS, "--style", "long", "--seed", "1").out
    row = json.loads(run("explain", LIARS_TEXT, "--style", "long", "--json").out)
    assert (row["puzzle"], row["style"]) == (LIARS, "long")
    assert row["text"].endswith("(2) Bob is a knave")


def test_a_search_is_written_for_up_to_six_people(run: Run) -> None:
    result = run("explain", LIARS, "--style", "search")
    assert result.status == 0
    assert result.out.endswith("(1) Ann is a knight\n(2) Bob is a knave\n")
    assert result.out.split() == knk.explain(knk.trace(knk.decode(LIARS)), "search").split()
    refused = run("explain", "A,B,C,D,E,F,G 0:-1 1:&(-0,-1) 2:+0 3:+0 4:+0 5:+0 6:+0", "--style", "search")
    assert refused.status == 2
    assert "expected at most 6 people for the style 'search', got 7: use 'long'" in refused.err
