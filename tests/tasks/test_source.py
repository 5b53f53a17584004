"""The source of rows: identities, splits, and published or local files."""

import gzip
from pathlib import Path

import pytest

from knk.datasets.files import read
from knk.errors import BadFile, BadRow
from knk.tasks.source import Source, converted, field, row_id, rows_of_split, training_items


def test_training_items_do_not_depend_on_order_or_on_other_items() -> None:
    names = [row_id(str(number)) for number in range(50)]
    chosen = training_items(names, 10)
    assert len(chosen) == 10
    assert training_items(reversed(names), 10) == chosen
    fewer = [name for name in names if name not in sorted(names)[30:]]
    assert training_items(fewer, 10) == chosen


def test_a_repeated_item_is_in_one_split() -> None:
    rows = [{"id": row_id(f"question {number % 30}"), "place": number} for number in range(33)]
    for n in range(1, 33):
        train, held_out = (list(rows_of_split(rows, split, n)) for split in ("train", "held-out"))
        assert not {row["id"] for row in train} & {row["id"] for row in held_out}
        assert len(train) + len(held_out) == 33
        assert abs(len(train) - n) == 0


def test_too_few_items_or_an_unknown_split_are_errors() -> None:
    with pytest.raises(BadFile, match="fewer than 3 items"):
        list(rows_of_split([{"id": "a"}], "train", 3))
    with pytest.raises(BadFile, match="expected one of train, held-out, test"):
        list(rows_of_split([], "validation", 3))


def test_a_source_reads_local_files(tmp_path: Path) -> None:
    source = Source("nobody/nothing", "0" * 40, "test")
    path = tmp_path / "rows.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.write('{"a": 1}\n')
    assert list(source.rows(path)) == [{"a": 1}]
    with pytest.raises(BadFile, match=r"none\.jsonl: no such file"):
        source.rows(tmp_path / "none.jsonl")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BadFile, match="not a complete gzip file"):
        list(source.rows(path))


def test_an_error_about_a_row_names_the_file_and_the_row(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text": "Ann: Ann is a knight, or Ann is a knave. Ann lies."}\n{"a": 1}\n')
    with pytest.raises(BadRow, match=r"bad\.jsonl, row 2: no column 'text'; the columns are: 'a'"):
        list(converted(read(path), lambda row: {"text": field(row, "text", str)}, path))
