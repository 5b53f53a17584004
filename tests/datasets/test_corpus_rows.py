"""The rows of a corpus: sizes, grades, measures, and parts that run out of puzzles."""

from pathlib import Path

import numpy as np
import pytest

from knk.datasets import corpus_rows
from knk.datasets.build import BuildSettings
from knk.datasets.config import CorpusConfig, PartConfig
from knk.datasets.files import read
from knk.datasets.manifest import MANIFEST, Manifest
from knk.errors import GaveUp, NotEnough
from knk.generation.sieve import SearchLimits
from knk.generation.spec import Spec
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.proofs.difficulty import MEASURES, Difficulty, difficulty
from tests.support.corpora import build, rows_in


def test_each_number_of_people_has_equally_many_rows(uninterrupted: Path) -> None:
    rows = [row for split in ("train", "validation", "test") for row in rows_in(uninterrupted, split)]
    assert np.bincount([row["people"] for row in rows]).tolist() == [0, 0, 0, 234 + 300, 233 + 60, 233]


@pytest.mark.parametrize("rows", [29, 5000])
def test_too_few_puzzles_leave_nothing_behind(tmp_path: Path, rows: int) -> None:
    config = CorpusConfig((PartConfig(Spec(people=4), 50, "fine"), PartConfig(Spec(people=2), rows, "few")))
    with pytest.raises(NotEnough, match="part few: there are only 28 different puzzles of 2 people") as error:
        build(config, tmp_path / "corpus")
    assert error.value.found == 28
    assert not list((tmp_path / "corpus").iterdir())


def test_all_existing_puzzles_can_be_built(tmp_path: Path) -> None:
    manifest = build(CorpusConfig((PartConfig(Spec(people=2), 28, "all"),)), tmp_path)
    assert sum(parts["all"] for parts in manifest.counts().values()) == 28


def test_parts_share_no_puzzle(tmp_path: Path) -> None:
    config = CorpusConfig((PartConfig(Spec(people=2), 20, "a"), PartConfig(Spec(people=2), 9, "b")))
    with pytest.raises(NotEnough, match="part b: only 8 new puzzles"):
        build(config, tmp_path, settings=BuildSettings(search=SearchLimits(candidates=1 << 16)))


def test_parts_have_their_grades_and_measures(graded: Path) -> None:
    counts = Manifest.from_json((graded / MANIFEST).read_text()).counts()
    assert counts["train"].keys() == {"nested", "steps", "any"}
    assert counts["test"]["hard-test"] == 20
    keys = set()
    for split, parts in counts.items():
        for part in parts:
            for path in sorted((graded / split).glob(f"{part}-*.parquet")):
                for row in read(path):
                    measured = difficulty(decode(row["puzzle"]))
                    assert {name: row[name] for name in MEASURES} == {
                        name: getattr(measured, name) for name in MEASURES
                    }
                    assert part != "nested" or measured.grade in (4, 5)
                    assert part != "hard-test" or measured.grade == 3
                    assert part != "steps" or (6 <= measured.steps <= 8 and measured.suppositions == 1)
                    keys.add(row["key"])
    assert len(keys) == 140


def test_a_failed_search_leaves_no_files(tmp_path: Path) -> None:
    config = CorpusConfig.from_text("parts: [{name: hard, people: 3, grade: [3, 5], rows: 123}]")
    words = "part hard: the search among puzzles of 3 people finds no more: 122 of .* have grade 3 to 5"
    with pytest.raises(NotEnough, match=words) as caught:
        build(config, tmp_path / "corpus", settings=BuildSettings(search=SearchLimits(cost=100_000)))
    assert caught.value.found == 122
    assert not list((tmp_path / "corpus").iterdir())


def test_puzzles_too_hard_to_measure_have_no_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hard(puzzle: Puzzle) -> Difficulty:
        raise GaveUp("too hard")

    monkeypatch.setattr(corpus_rows, "difficulty", hard)
    build(CorpusConfig.from_text("{measures: true, shares: {train: 1}, parts: [{people: 3, rows: 2}]}"), tmp_path)
    assert [row[name] for row in rows_in(tmp_path, "train") for name in MEASURES] == [None] * 12
