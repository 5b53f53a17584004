"""Rows that are the same as others: duplicates within a part, leaks between parts."""

from pathlib import Path

import pytest

from knk.datasets.audit.run import audit
from knk.datasets.audit.sameness import LEVELS, tree_form
from knk.errors import GaveUp
from knk.logic.notation import decode, encode
from knk.logic.puzzle import Puzzle
from knk.logic.statements import Count, Knave, Statement
from tests.support.audit_rows import ACCUSED, LIARS, counts, lines, notations

SAME = {
    "tree": "Eve,Flo,Gus angel/devil 0:-1 1:&(+0,+2) 2:+1",
    "renamed": "Ann,Bob,Cid 0:+2 1:-2 2:&(+1,+0)",
    "folded": "Ann,Bob,Cid 0:~+1 1:&(+2,~-0) 1:&(+0,+2) 2:+1",
    "logical": "Ann,Bob,Cid 0:-1 1:~|(-0,-2) 2:+1",
}


@pytest.mark.parametrize("level", LEVELS[1:])
def test_duplicates_are_found_at_their_level_and_all_later_ones(tmp_path: Path, level: str) -> None:
    result = audit(notations(tmp_path / "two.jsonl", ACCUSED, SAME[level]))
    above = LEVELS.index(level)
    duplicates = result.parts[0].duplicates
    assert counts(duplicates) == {one: int(LEVELS.index(one) >= above) for one in LEVELS[1:]}
    assert not result.ok
    (example,) = duplicates[-1].examples
    assert (example.row, example.text) == ("two.jsonl:2", SAME[level])
    assert (example.same_as, example.same_text) == ("two.jsonl:1", ACCUSED)
    assert duplicates[-1].by_people == ((3, 1, 2),)


def test_equal_texts_are_found_even_if_unreadable(tmp_path: Path) -> None:
    path = lines(tmp_path / "hums.jsonl", [{"text": "Ann hums."}, {"text": "Ann  hums.\n"}, {"text": "Bob hums."}])
    duplicates = audit(path).parts[0].duplicates
    assert counts(duplicates) == {"text": 1}
    assert (duplicates[0].examples[0].text, duplicates[0].by_people) == ("Ann hums.", ())


def test_leaks_are_counted_in_the_second_dataset(tmp_path: Path) -> None:
    a = notations(tmp_path / "a.jsonl", LIARS, ACCUSED, "Ann,Bob 0:-1 1:-0 1:-1")
    b = notations(tmp_path / "b.jsonl", SAME["renamed"], "Ann 0:|(+0,-0)", SAME["logical"], "Xia,Yan 1:&(-1,-0)")
    result = audit(a, b)
    (leak,) = result.leaks
    assert (leak.source, leak.target) == ("a.jsonl", "b.jsonl")
    assert counts(leak.levels) == {"tree": 0, "renamed": 2, "folded": 2, "logical": 3}
    assert leak.levels[-1].by_people == ((2, 1, 1), (3, 2, 2))
    assert [(example.row, example.same_as) for example in leak.levels[-1].examples] == [
        ("b.jsonl:1", "a.jsonl:2"),
        ("b.jsonl:3", "a.jsonl:2"),
        ("b.jsonl:4", "a.jsonl:1"),
    ]
    assert counts(audit(b, a).leaks[0].levels) == {"tree": 0, "renamed": 2, "folded": 2, "logical": 2}


def test_duplicates_are_named_by_file_and_row(tmp_path: Path) -> None:
    notations(tmp_path / "train-0.jsonl", ACCUSED, LIARS)
    notations(tmp_path / "train-1.jsonl")
    notations(tmp_path / "train-2.jsonl", "Ann 0:+0", LIARS)
    (part,) = audit(tmp_path).parts
    assert [(e.row, e.same_as) for e in part.duplicates[0].examples] == [("train-2.jsonl:2", "train-0.jsonl:2")]


def test_too_symmetric_puzzles_are_counted_and_not_compared(tmp_path: Path) -> None:
    people = range(12)
    pairs: list[tuple[int, Statement]] = [(i, Knave(i ^ 1)) for i in people]
    counted = Count("at least", 1, tuple(people))
    tied = Puzzle([f"N{i}" for i in people], [*pairs, *((i, counted) for i in people)])
    with pytest.raises(GaveUp, match="look alike"):
        tree_form(tied, fold=True)
    result = audit(notations(tmp_path / "tied.jsonl", encode(tied), encode(tied)))
    (part,) = result.parts
    assert part.not_compared == 2
    assert counts(part.duplicates)["tree"] == counts(part.duplicates)["logical"] == 1
    assert "folded" not in counts(part.duplicates)
    assert audit(notations(tmp_path / "alone.jsonl", encode(decode(LIARS)))).ok
    assert any("too symmetric" in line for line in result.table())
