"""Audits: files of known faults, sameness held against trying every order, and the shapes datasets come in."""

import json
from collections.abc import Iterable, Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knk.datasets import stream as corpus
from knk.datasets.audit.checks import FAULTS
from knk.datasets.audit.report import Audit, Finding, Part
from knk.datasets.audit.run import audit
from knk.datasets.audit.sameness import LEVELS, tree_form
from knk.datasets.files import read
from knk.datasets.rows import row_of
from knk.errors import BadFile, GaveUp
from knk.generation.spec import Spec
from knk.logic.notation import decode, encode
from knk.logic.puzzle import Puzzle, Utterance
from knk.logic.statements import Count, Knave, Statement
from knk.text.render import render
from tests.support.strategies import puzzles, statements

LIARS = "Ann,Bob 0:&(-0,-1)"  # Ann is a knave, Bob is a knight.
ACCUSED = "Ann,Bob,Cid 0:-1 1:&(+0,+2) 2:+1"  # Ann is a knight, the others are knaves.


def lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def notations(path: Path, *puzzles: str) -> Path:
    return lines(path, [{"puzzle": puzzle} for puzzle in puzzles])


def fault(part: Part, what: str) -> Finding:
    return next(finding for finding in part.faults if finding.what == what)


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    return {finding.what: finding.count for finding in findings}


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_the_librarys_own_rows_are_in_order(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rows.{ending}"
    corpus.write(path, Spec(people=(3, 6)), 60, seed=5)
    seen: list[int] = []
    found = audit(path, progress=seen.append)
    (part,) = found.parts
    assert found.ok
    assert found.leaks == ()
    assert (part.name, part.rows, sum(seen)) == (path.name, 60, 60)
    assert counts(part.faults) == dict.fromkeys(FAULTS, 0)
    assert [finding.of for finding in part.faults] == [60] * 5
    assert counts(part.duplicates) == dict.fromkeys(LEVELS, 0)
    assert sum(count for _, count in part.people) == 60
    rows = list(read(path))
    assert part.knights.count == sum(sum(row["solution"]) for row in rows)
    assert part.knights.of == sum(row["people"] for row in rows)
    assert sum(count for _, count in part.kinds) == sum(len(decode(row["puzzle"]).statements) for row in rows)


def test_each_fault_is_found_where_it_is(tmp_path: Path) -> None:
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
    found = audit(path)
    (part,) = found.parts
    assert not found.ok
    assert counts(part.faults) == {
        "unreadable": 2,
        "no solution": 1,
        "several solutions": 1,
        "wrong answer": 2,
        "text of another puzzle": 1,
    }
    unreadable = fault(part, "unreadable")
    assert [example.place for example in unreadable.examples] == ["faulty.jsonl:2", "faulty.jsonl:3"]
    assert "no statement can start with '?'" in unreadable.examples[0].text
    assert "none of the columns puzzle, text, quiz, question" in unreadable.examples[1].text
    assert (unreadable.of, unreadable.share) == (8, 0.25)
    assert fault(part, "no solution").examples[0].place == "faulty.jsonl:4"
    assert fault(part, "several solutions").examples[0].text == "Ann,Bob 0:+1"
    wrong = fault(part, "wrong answer")
    assert (wrong.of, wrong.by_people) == (3, ((3, 2, 3),))
    assert wrong.examples[0].text.startswith("solution: +++ is stored, ")
    assert wrong.examples[1].text.startswith("answer: wrong: -Cid -Dora +Ed; Cid,Dora,Ed 0:-1")
    assert fault(part, "text of another puzzle").examples[0].text == "the text says Cid,Dora,Ed 0:+1 1:-0 2:-1"
    assert (part.trivial.count, part.trivial.of, part.trivial.examples[0].place) == (1, 6, "faulty.jsonl:8")


def test_several_processes_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.write(tmp_path / "train.parquet", Spec(people=3), 450, seed=1)
    corpus.write(tmp_path / "test.jsonl", Spec(people=3), 150, seed=2)
    lines(tmp_path / "test-2.jsonl", [{"puzzle": "Ann,Bob 0:?"}, {"riddle": "Who?"}, {"puzzle": LIARS, "answer": "no"}])
    alone = audit(tmp_path)
    monkeypatch.setattr("knk.datasets.audit.run.ROWS_ALONE", 10)
    done: list[int] = []
    assert audit(tmp_path, progress=done.append, processes=2) == alone
    assert sum(done) == 603
    assert not alone.ok


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ({"solution": [False, True]}, ""),
        ({"names": ["Bob", "Ann"], "solution": [True, False]}, ""),
        ({"names": ["Bob", "Ann"], "solution": [False, True]}, "solution: -+ is stored, +- is right"),
        ({"solution": [False]}, "solution: - is stored, -+ is right"),
        ({"solution": ["knave", "knight"]}, "solution: not a list of true and false"),
        ({"solution": {"Ann": False}}, "solution: neither a list nor English but dict"),
        ({"solution": [False, True], "solution_text": "Ann is a knave, and Bob is a knight."}, ""),
        ({"solution": [False, True], "solution_text": "Ann is a knave."}, "solution_text: incomplete: -Ann"),
        ({"answer": "whatever"}, "answer: "),
    ],
)
def test_stored_answers_are_read_as_they_come(tmp_path: Path, stored: dict[str, Any], problem: str) -> None:
    (part,) = audit(lines(tmp_path / "one.jsonl", [{"puzzle": LIARS, **stored}])).parts
    wrong = fault(part, "wrong answer")
    assert (wrong.count, wrong.of) == (int(bool(problem)), 1)
    assert all(example.text.startswith(problem) for example in wrong.examples)


@pytest.mark.parametrize("column", ["text", "quiz", "question"])
def test_puzzles_in_english_are_read(tmp_path: Path, column: str) -> None:
    rows = [{column: render(decode(ACCUSED)), "solution_text": "nobody knows"}, {column: "What is two plus two?"}]
    path = tmp_path / "public.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    (part,) = audit(path).parts
    assert counts(part.faults) == {**dict.fromkeys(FAULTS, 0), "unreadable": 1, "wrong answer": 1}
    assert part.people == (("3", 1),)
    assert dict(part.kinds) == {"atom": 2, "and": 1}
    assert part.trivial.of == 1


def test_a_text_may_say_the_same_in_other_words_but_not_of_others(tmp_path: Path) -> None:
    same, others = "Bob,Ann 1:&(-0,~+1)", "Ann,Cid 0:&(-0,-1)"
    rows = [{"puzzle": LIARS, "text": render(decode(text))} for text in (LIARS, same, others)]
    rows.append({"puzzle": LIARS, "text": "Ann hums."})
    other = fault(audit(lines(tmp_path / "texts.jsonl", rows)).parts[0], "text of another puzzle")
    assert [example.place for example in other.examples] == ["texts.jsonl:3", "texts.jsonl:4"]
    assert other.examples[0].text == "the text names Ann, Cid"


SAME = {
    "tree": "Eve,Flo,Gus angel/devil 0:-1 1:&(+0,+2) 2:+1",
    "renamed": "Ann,Bob,Cid 0:+2 1:-2 2:&(+1,+0)",
    "folded": "Ann,Bob,Cid 0:~+1 1:&(+2,~-0) 1:&(+0,+2) 2:+1",
    "logical": "Ann,Bob,Cid 0:-1 1:~|(-0,-2) 2:+1",
}


@pytest.mark.parametrize("level", LEVELS[1:])
def test_duplicates_are_found_at_their_level_and_all_above(tmp_path: Path, level: str) -> None:
    found = audit(notations(tmp_path / "two.jsonl", ACCUSED, SAME[level]))
    above = LEVELS.index(level)
    duplicates = found.parts[0].duplicates
    assert counts(duplicates) == {one: int(LEVELS.index(one) >= above) for one in LEVELS[1:]}
    assert not found.ok
    (example,) = duplicates[-1].examples
    assert (example.place, example.text) == ("two.jsonl:2", SAME[level])
    assert (example.same_as, example.same_text) == ("two.jsonl:1", ACCUSED)
    assert duplicates[-1].by_people == ((3, 1, 2),)


def test_equal_texts_are_found_though_nobody_can_read_them(tmp_path: Path) -> None:
    path = lines(tmp_path / "hums.jsonl", [{"text": "Ann hums."}, {"text": "Ann  hums.\n"}, {"text": "Bob hums."}])
    duplicates = audit(path).parts[0].duplicates
    assert counts(duplicates) == {"text": 1}
    assert (duplicates[0].examples[0].text, duplicates[0].by_people) == ("Ann hums.", ())


def test_leaks_between_two_data_sets_are_counted_in_the_second(tmp_path: Path) -> None:
    a = notations(tmp_path / "a.jsonl", LIARS, ACCUSED, "Ann,Bob 0:-1 1:-0 1:-1")
    b = notations(tmp_path / "b.jsonl", SAME["renamed"], "Ann 0:|(+0,-0)", SAME["logical"], "Xia,Yan 1:&(-1,-0)")
    found = audit(a, b)
    (leak,) = found.leaks
    assert (leak.source, leak.target) == ("a.jsonl", "b.jsonl")
    assert counts(leak.levels) == {"tree": 0, "renamed": 2, "folded": 2, "logical": 3}
    assert leak.levels[-1].by_people == ((2, 1, 1), (3, 2, 2))
    assert [(example.place, example.same_as) for example in leak.levels[-1].examples] == [
        ("b.jsonl:1", "a.jsonl:2"),
        ("b.jsonl:3", "a.jsonl:2"),
        ("b.jsonl:4", "a.jsonl:1"),
    ]
    assert counts(audit(b, a).leaks[0].levels) == {"tree": 0, "renamed": 2, "folded": 2, "logical": 2}


def test_a_folder_is_looked_at_split_by_split(tmp_path: Path) -> None:
    notations(tmp_path / "data" / "test-00000.jsonl", LIARS)
    notations(tmp_path / "3ppl-train.jsonl", ACCUSED)
    notations(tmp_path / "train" / "people2.jsonl", "Cid,Dora 1:&(-1,-0)", "Ann,Bob 0:-1 0:+1 1:+1")
    notations(tmp_path / "dev.jsonl", "Ann 0:+0")
    notations(tmp_path / "extra.jsonl", "Ann,Bob 0:&(-1,-0)")
    notations(tmp_path / ".cache" / "train.jsonl", LIARS)
    (tmp_path / "README.md").write_text("about")
    found = audit(tmp_path)
    assert [(part.name, part.rows) for part in found.parts] == [
        ("train", 3),
        ("validation", 1),
        ("test", 1),
        ("extra.jsonl", 1),
    ]
    leaks = {(leak.source, leak.target): counts(leak.levels) for leak in found.leaks}
    assert len(leaks) == 6
    assert leaks["train", "test"] == {"tree": 0, "renamed": 1, "folded": 1, "logical": 1}
    assert leaks["test", "extra.jsonl"] == {"tree": 0, "renamed": 0, "folded": 1, "logical": 1}
    assert leaks["train", "validation"]["logical"] == 0
    (example,) = found.leaks[1].levels[-1].examples
    assert (example.place, example.same_as) == ("data/test-00000.jsonl:1", "train/people2.jsonl:1")


def test_what_is_there_twice_in_a_folder_has_the_files_own_places(tmp_path: Path) -> None:
    notations(tmp_path / "train-0.jsonl", ACCUSED, LIARS)
    notations(tmp_path / "train-1.jsonl")
    notations(tmp_path / "train-2.jsonl", "Ann 0:+0", LIARS)
    (part,) = audit(tmp_path).parts
    assert [(e.place, e.same_as) for e in part.duplicates[0].examples] == [("train-2.jsonl:2", "train-0.jsonl:2")]


def test_an_empty_data_set_has_no_faults(tmp_path: Path) -> None:
    found = audit(notations(tmp_path / "none.jsonl"), notations(tmp_path / "one.jsonl", LIARS))
    assert found.ok
    assert found.parts[0].knights.share == 0.0
    assert found.leaks[0].levels == ()


def test_the_report_is_json_and_lines(tmp_path: Path) -> None:
    found = audit(notations(tmp_path / "a.jsonl", LIARS, "Ann,Bob 0:+1"), notations(tmp_path / "b.jsonl", LIARS))
    report = json.loads(json.dumps(found.to_dict()))
    assert report["ok"] is False
    assert [part["rows"] for part in report["parts"]] == [2, 1]
    faults = {fault["what"]: fault for fault in report["parts"][0]["faults"]}
    assert faults["several solutions"]["share"] == 0.5
    assert faults["several solutions"]["examples"] == [{"place": "a.jsonl:2", "text": "Ann,Bob 0:+1"}]
    assert report["leaks"][0]["levels"][-1]["by_people"] == {"2": [1, 1]}
    table = found.table()
    assert table[0] == "a.jsonl: 2 rows"
    assert "  several solutions              1 of         2   50.0%  by people 2: 1/2" in table
    leaks = table.index("b.jsonl rows that stand in a.jsonl")
    assert table[leaks + 1] == "  tree                           1 of         1  100.0%  by people 2: 1/1"
    assert table[leaks + 2 : leaks + 4] == [f"      b.jsonl:1  {LIARS}", f"      = a.jsonl:1  {LIARS}"]
    assert not any("\n" in line for line in table)


def test_long_puzzles_are_cut_in_examples(tmp_path: Path) -> None:
    wide = Puzzle([f"Person {i}" for i in range(40)], [(0, Knave(1))])
    (example,) = fault(audit(notations(tmp_path / "wide.jsonl", encode(wide))).parts[0], "several solutions").examples
    assert len(example.text) == 120
    assert example.text.endswith("...")


def test_a_name_on_the_hub_is_loaded_without_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    splits = {"train": {"2ppl": [{"puzzle": LIARS}]}, "test": {"2ppl": [{"puzzle": LIARS}], "3ppl": []}}
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def load(*args: Any, **options: Any) -> Any:
        asked.append((args, options))
        return splits[args[1]]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets, "get_dataset_config_names", {"some/puzzles": list(splits)}.get)
    monkeypatch.setattr(datasets, "load_dataset", load)
    found = audit("some/puzzles")
    assert asked == [(("some/puzzles", "train"), {}), (("some/puzzles", "test"), {})]
    assert [(part.name, part.rows) for part in found.parts] == [("train", 1), ("test", 1)]
    assert found.leaks[0].levels[0].examples[0].place == "test/2ppl:1"


def test_what_the_hub_refuses_is_an_error_of_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def refuse(name: str) -> list[str]:
        raise FileNotFoundError(f"no {name}\nat all")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets, "get_dataset_config_names", refuse)
    with pytest.raises(BadFile, match=r"^some/puzzles cannot be had from the Hub: no some/puzzles$"):
        audit("some/puzzles")


def test_data_sets_that_are_not_there_are_errors(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="there is no file or folder"):
        audit(tmp_path / "nowhere" / "at.jsonl")
    with pytest.raises(BadFile, match=r"there is no \.parquet or \.jsonl file in"):
        audit(tmp_path)
    with pytest.raises(BadFile, match="should end in"):
        audit(lines(tmp_path / "rows.csv", []))
    path = notations(tmp_path / "a.jsonl", LIARS)
    with pytest.raises(BadFile, match="compared with itself"):
        audit(path, path)
    (tmp_path / "broken.jsonl").write_text("{")
    with pytest.raises(BadFile, match=r"broken\.jsonl, line 1: not JSON"):
        audit(path, tmp_path / "broken.jsonl")


def test_an_audit_of_nothing_is_in_order() -> None:
    assert Audit((), ()).ok
    assert Audit((), ()).table() == []


# Trees up to renaming.


def written_under_every_order(puzzle: Puzzle) -> tuple[str, ...]:
    """The least of what the statements look like, sorted, over all orders of the people."""
    orders = permutations(range(len(puzzle.names)))
    return min(tuple(sorted(encode(puzzle.reordered(order)).split(" ")[1:])) for order in orders)


@settings(max_examples=60)
@given(puzzles(most_people=6), st.randoms(use_true_random=False))
def test_a_form_survives_renaming_and_reordering(puzzle: Puzzle, random: Any) -> None:
    order = random.sample(range(len(puzzle.names)), len(puzzle.names))
    moved = puzzle.reordered(order)
    said = random.sample(moved.statements, len(moved.statements))
    other = Puzzle([f"N{i}" for i in range(len(order))], said)
    for loose in (False, True):
        assert tree_form(other, loose) == tree_form(puzzle, loose)


def few_words(people: int) -> st.SearchStrategy[list[Utterance]]:
    """Statements so small that puzzles of them are often the same."""
    said = st.builds(Utterance, st.integers(0, people - 1), statements(people, max_leaves=1))
    return st.lists(said, min_size=1, max_size=3)


@settings(max_examples=150)
@given(few_words(4), few_words(4))
def test_forms_are_equal_just_where_an_order_makes_the_trees_equal(
    one: list[Utterance], other: list[Utterance]
) -> None:
    names = ("Ann", "Bob", "Cid", "Dora")
    puzzles = Puzzle(names, one), Puzzle(names, other)
    mine, yours = map(tree_form, puzzles)
    assert (mine == yours) == (written_under_every_order(puzzles[0]) == written_under_every_order(puzzles[1]))


@settings(max_examples=150)
@given(few_words(3), few_words(3))
def test_puzzles_that_are_the_same_at_a_level_are_the_same_above(one: list[Utterance], other: list[Utterance]) -> None:
    first, second = (Puzzle(("Ann", "Bob", "Cid"), said) for said in (one, other))
    if tree_form(first) == tree_form(second):
        assert tree_form(first, loose=True) == tree_form(second, loose=True)
    if tree_form(first, loose=True) == tree_form(second, loose=True):
        assert first.key == second.key


@pytest.mark.parametrize(
    ("one", "other", "strict", "loose"),
    [
        ("A,B 0:+1", "A,B 1:+0", True, True),
        ("A,B 0:+1", "A,B 0:+0", False, False),
        ("A,B 0:+1", "A,B,C 0:+1", False, False),
        ("A,B 0:>(+0,+1)", "A,B 0:>(+1,+0)", False, False),
        ("A,B 0:=(+0,+1)", "A,B 0:=(+1,+0)", False, True),
        ("A,B 0:~~-1", "A,B 0:~+1", False, True),
        ("A,B 0:~S(0,1)", "A,B 0:D(0,1)", False, False),
        ("A,B,C 0:K=2(0,1,2)", "A,B,C 0:K=2(1,2,0)", False, True),
        ("A,B,C 0:K=2(0,1,2)", "A,B,C 0:V=2(0,1,2)", False, False),
        ("A,B 0:-1 0:-1", "A,B 0:-1", False, True),
        ("A,B,C,D 0:-1 1:-0 2:-3 3:-2", "A,B,C,D 0:-1 1:-2 2:-3 3:-0", False, False),
    ],
)
def test_what_forms_overlook(one: str, other: str, strict: bool, loose: bool) -> None:
    first, second = decode(one), decode(other)
    assert (tree_form(first) == tree_form(second)) is strict
    assert (tree_form(first, loose=True) == tree_form(second, loose=True)) is loose


def ring(people: int) -> list[tuple[int, Statement]]:
    return [(i, Knave((i + 1) % people)) for i in range(people)]


def test_symmetric_puzzles_have_forms_too() -> None:
    names = [f"N{i}" for i in range(40)]
    everybody = Puzzle(names, [(0, Count("exactly", 7, tuple(range(40))))])
    in_a_ring = Puzzle(names, ring(40))
    order = [(i * 7) % 40 for i in range(40)]
    for puzzle in (everybody, in_a_ring):
        assert tree_form(puzzle, loose=True) == tree_form(puzzle.reordered(order), loose=True)


def test_puzzles_too_symmetric_are_counted_and_not_compared(tmp_path: Path) -> None:
    people = range(12)
    pairs: list[tuple[int, Statement]] = [(i, Knave(i ^ 1)) for i in people]
    counted = Count("at least", 1, tuple(people))
    tied = Puzzle([f"N{i}" for i in people], [*pairs, *((i, counted) for i in people)])
    with pytest.raises(GaveUp, match="look alike"):
        tree_form(tied, loose=True)
    found = audit(notations(tmp_path / "tied.jsonl", encode(tied), encode(tied)))
    (part,) = found.parts
    assert part.not_compared == 2
    assert counts(part.duplicates)["tree"] == counts(part.duplicates)["logical"] == 1
    assert "folded" not in counts(part.duplicates)
    assert audit(notations(tmp_path / "alone.jsonl", encode(decode(LIARS)))).ok
    assert any("too symmetric" in line for line in found.table())
