"""Reports as JSON and as lines of text."""

import json
from pathlib import Path

from knk.datasets.audit.report import Audit
from knk.datasets.audit.run import audit
from knk.logic.notation import encode
from knk.logic.puzzle import Puzzle
from knk.logic.statements import Knave
from tests.support.audit_rows import LIARS, fault, notations


def test_a_report_is_json_and_lines_of_text(tmp_path: Path) -> None:
    result = audit(notations(tmp_path / "a.jsonl", LIARS, "Ann,Bob 0:+1"), notations(tmp_path / "b.jsonl", LIARS))
    report = json.loads(json.dumps(result.to_dict()))
    assert report["ok"] is False
    assert [part["rows"] for part in report["parts"]] == [2, 1]
    faults = {fault["name"]: fault for fault in report["parts"][0]["faults"]}
    assert faults["several solutions"]["share"] == 0.5
    assert faults["several solutions"]["examples"] == [{"row": "a.jsonl:2", "text": "Ann,Bob 0:+1"}]
    assert report["leaks"][0]["levels"][-1]["by_people"] == {"2": [1, 1]}
    table = result.table()
    assert table[0] == "a.jsonl: 2 rows"
    assert "  several solutions              1 of         2   50.0%  by people 2: 1/2" in table
    leaks = table.index("b.jsonl rows that are also in a.jsonl")
    assert table[leaks + 1] == "  tree                           1 of         1  100.0%  by people 2: 1/1"
    assert table[leaks + 2 : leaks + 4] == [f"      b.jsonl:1  {LIARS}", f"      = a.jsonl:1  {LIARS}"]
    assert not any("\n" in line for line in table)


def test_long_puzzles_are_cut_in_examples(tmp_path: Path) -> None:
    wide = Puzzle([f"Person {i}" for i in range(40)], [(0, Knave(1))])
    (example,) = fault(audit(notations(tmp_path / "wide.jsonl", encode(wide))).parts[0], "several solutions").examples
    assert len(example.text) == 120
    assert example.text.endswith("...")


def test_an_audit_without_parts_is_ok() -> None:
    assert Audit((), ()).ok
    assert Audit((), ()).table() == []
