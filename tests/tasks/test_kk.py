"""Knights and knaves as a task."""

import json
from pathlib import Path
from typing import Any

import pytest

from knk.datasets.build import build
from knk.datasets.config import CorpusConfig, PartConfig
from knk.datasets.rows import row_of
from knk.datasets.split import split_of
from knk.errors import BadFile, BadRow
from knk.generation.generate import generate
from knk.generation.spec import Spec
from knk.tasks import kk


def test_generated_puzzles_of_two_splits_differ_for_any_seeds() -> None:
    train = {row["id"] for seed in (0, 1) for row in kk.rows("train", n=200, seed=seed)}
    held_out = {row["id"] for seed in (0, 1) for row in kk.rows("held-out", n=100, seed=seed)}
    assert len(train) > 300
    assert not train & held_out
    assert all(split_of(key) == "train" for key in train)


def test_the_default_number_of_puzzles() -> None:
    assert [sum(1 for _ in kk.rows(split)) for split in ("train", "held-out")] == [500, 500]


def public_like(path: Path) -> list[dict[str, Any]]:
    rows = [{"quiz": row_of(puzzle)["text"], "names": list(puzzle.names)} for puzzle in generate(people=3, n=60)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def test_a_file_of_the_public_data(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    rows = public_like(path)
    by_split = {split: list(kk.rows(split, path)) for split in ("train", "held-out", "test")}
    assert [row["text"] for row in by_split["test"]] == [row["quiz"] for row in rows]
    keys = {split: {row["id"] for row in split_rows} for split, split_rows in by_split.items()}
    assert not keys["train"] & keys["held-out"]
    assert keys["train"] | keys["held-out"] == keys["test"]
    assert all(kk.verify(row["answer"], row).correct for row in by_split["test"])


def test_a_corpus_has_the_splits_it_was_built_with(tmp_path: Path) -> None:
    build(CorpusConfig((PartConfig(Spec(people=4), 300, "four"),)), tmp_path / "corpus")
    train, test = (list(kk.rows(split, tmp_path / "corpus")) for split in ("train", "test"))
    assert len(train) > len(test) > 0
    assert not {row["id"] for row in train} & {row["id"] for row in test}
    assert list(kk.rows("held-out", tmp_path / "corpus")) == test
    with pytest.raises(BadFile, match=r"no such split: expected files test/\*\.parquet"):
        kk.rows("test", tmp_path)


def test_the_solution_column_is_not_trusted() -> None:
    row = {"puzzle": "Ann,Bob 0:&(-0,-1)", "solution": [True, True]}
    assert kk.verify("Ann is a knave and Bob is a knight.", row).correct
    assert not kk.verify("Ann is a knight and Bob is a knight.", row).correct


def test_a_row_without_a_puzzle_is_an_error() -> None:
    for row in ({}, {"puzzle": None}, {"puzzle": 3}):
        with pytest.raises(BadRow, match="'puzzle'"):
            kk.verify("Ann is a knave.", row)


def test_guessing_earns_no_partial_credit_on_average() -> None:
    for row in kk.rows("train", n=5):
        people = row["people"]
        names = [f"{{}} is a {role}" for role in ("knave", "knight")]
        total = 0.0
        for guess in range(2**people):
            answer = ", ".join(names[guess >> index & 1].format(name) for index, name in enumerate(row["names"]))
            total += kk.partial(kk.verify(answer, row), row)
        assert total == pytest.approx(0)


def test_partial_credit() -> None:
    row = {"puzzle": "Ann,Bob,Cid 0:-1 1:-2 2:&(-0,-1)"}  # Ann knave, Bob knight, Cid knave
    expected = {
        "Ann: knave, Bob: knight, Cid: knave": 1,
        "Ann: knight, Bob: knave, Cid: knight": -1,
        "Ann: knave, Bob: knight, Cid: knight": 1 / 3,
        "Ann: knave": 1 / 3,
        "Ann: knave, Ann: knight": 0,
        "Ann: knave, Bob: knight, Cid: knave, Dan: knave": 0,
        "dunno": 0,
        "": 0,
    }
    assert {text: kk.partial(kk.verify(text, row), row) for text in expected} == pytest.approx(expected)
