"""Corpora: splits that depend on keys alone, no puzzle twice, and the same bytes however often a build is killed."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knk.answers.verify import verify
from knk.datasets import build as build_module
from knk.datasets.build import build
from knk.datasets.config import Part, Recipe
from knk.datasets.files import read
from knk.datasets.keyset import KeySet
from knk.datasets.manifest import MANIFEST, README, Manifest
from knk.datasets.split import (
    DEFAULT_SHARES,
    key_words,
    split_of,
    split_places,
    whole,
)
from knk.errors import BadConfig, BadFolder, GaveUp, NotEnough
from knk.generation.spec import Spec
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.proofs.difficulty import MEASURES, Difficulty, difficulty
from knk.text.parse import parse
from tests.support.paths import ROOT

MIXED = """
seed: 5
shares: {train: 0.8, validation: 0.1, test: 0.1}
parts:
  - {name: small, people: [3, 5], rows: 700}
  - {name: again, people: 3, rows: 300}
  - {name: hard, preset: rich, depth: 0, people: 4, rows: 60, splits: [test]}
"""


def made_in(folder: Path) -> dict[str, bytes]:
    """Every file under a folder, hidden ones included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def rows_in(folder: Path, split: str) -> Iterator[dict[str, Any]]:
    for path in sorted((folder / split).glob("*.parquet")):
        yield from read(path)


def keys_in(folder: Path, split: str) -> set[str]:
    return {row["key"] for row in rows_in(folder, split)}


@pytest.fixture(scope="module")
def mixed() -> Recipe:
    return Recipe.from_text(MIXED)


@pytest.fixture(scope="module", autouse=True)
def small_batches() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_module, "BATCH", 1000)
        patch.setattr(build_module, "SEARCHED_BATCH", 60)
        yield


@pytest.fixture(scope="module")
def undisturbed(mixed: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "whole"
    build(mixed, folder)
    return folder


# Splits.


def test_splits_of_keys_are_pinned() -> None:
    keys = [hashlib.sha256(str(i).encode()).hexdigest()[:32] for i in range(40)]
    assert "".join(split_of(key)[1] for key in keys) == PINNED
    assert [DEFAULT_SHARES[i][0] for i in split_places(key_words(keys), DEFAULT_SHARES)] == [*map(split_of, keys)]


PINNED = "rrrrrrerrrrrrrrarrrrrrrrrrrrrrrrrarrarrr"


def test_shares_are_met() -> None:
    words = np.random.Generator(np.random.PCG64(1)).integers(0, 2**64, size=(100_000, 2), dtype=np.uint64)
    found = np.bincount(split_places(words, DEFAULT_SHARES), minlength=3) / len(words)
    assert np.abs(found - [0.9, 0.05, 0.05]).max() < 0.003


@given(st.integers(0, 2**128 - 1))
def test_the_order_of_the_splits_does_not_matter(number: int) -> None:
    key = f"{number:032x}"
    assert split_of(key, DEFAULT_SHARES) == split_of(key, DEFAULT_SHARES[::-1])


@given(st.integers(0, 2**128 - 1), st.floats(0.01, 0.5))
def test_a_smaller_test_keeps_what_it_keeps(number: int, share: float) -> None:
    key = f"{number:032x}"
    small = (("train", 1 - share / 2), ("test", share / 2))
    large = (("train", 1 - share), ("test", share))
    assert split_of(key, small) != "test" or split_of(key, large) == "test"


def test_one_split_has_everything() -> None:
    assert split_of("f" * 32, (("train", 1),)) == "train"


# What is built.


def test_rows_are_sound_and_in_the_split_of_their_keys(undisturbed: Path, mixed: Recipe) -> None:
    seen: set[str] = set()
    for split in ("train", "validation", "test"):
        for row in rows_in(undisturbed, split):
            puzzle = decode(row["puzzle"])
            assert row["key"] == puzzle.key
            assert split_of(row["key"], mixed.shares) == split
            assert row["key"] not in seen
            assert parse(row["text"]) == puzzle
            assert verify(row["answer"], puzzle).correct
            seen.add(row["key"])
    assert len(seen) == mixed.rows == 1060


def test_the_manifest_says_what_is_there(undisturbed: Path, mixed: Recipe) -> None:
    text = (undisturbed / MANIFEST).read_text()
    manifest = Manifest.from_json(text)
    assert manifest.to_json() == text
    assert manifest.recipe == mixed.as_dict()
    files = made_in(undisturbed)
    assert files.keys() == {MANIFEST, *(file.path for file in manifest.files)}
    for file in manifest.files:
        assert hashlib.sha256(files[file.path]).hexdigest() == file.sha256
        if file.split:
            assert pq.ParquetFile(undisturbed / file.path).metadata.num_rows == file.rows
    counts = manifest.counts()
    assert sum(parts["small"] for parts in counts.values()) == 700
    assert [parts.get("hard") for _, parts in sorted(counts.items())] == [60, None, None]


def test_sizes_are_equally_many(undisturbed: Path) -> None:
    rows = [row for split in ("train", "validation", "test") for row in rows_in(undisturbed, split)]
    assert np.bincount([row["people"] for row in rows]).tolist() == [0, 0, 0, 234 + 300, 233 + 60, 233]


def test_datasets_reads_it(undisturbed: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    loaded = load_dataset(str(undisturbed), cache_dir=str(tmp_path))
    assert set(loaded) == {"train", "validation", "test"}
    streamed = load_dataset(str(undisturbed), streaming=True)
    for split in loaded:
        assert loaded[split].to_list() == list(streamed[split]) == list(rows_in(undisturbed, split))


def test_two_seeds_share_nothing_across_train_and_test(tmp_path: Path) -> None:
    for seed in (1, 2):
        build(Recipe((Part(Spec(people=3), 1000, "a"),), seed=seed), tmp_path / str(seed))
    one, two = ({split: keys_in(tmp_path / seed, split) for split in ("train", "test")} for seed in ("1", "2"))
    assert len(one["train"] & two["train"]) > 100
    assert one["test"]
    assert two["test"]
    assert not one["train"] & two["test"]
    assert not one["test"] & two["train"]


def test_same_bytes_with_more_processes(
    undisturbed: Path, mixed: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knk.datasets.stream.SINGLE_PROCESS_ROWS", 0)
    done: list[int] = []
    build(mixed, tmp_path / "two", processes=2, progress=done.append)
    assert made_in(tmp_path / "two") == made_in(undisturbed)
    assert sum(done) == mixed.rows


# Cut off and gone on with.


CHILD = """
import sys
from knk.datasets import build as b
from knk.datasets import stream
from knk.datasets.config import Recipe
if __name__ == "__main__":
    b.BATCH, stream.SINGLE_PROCESS_ROWS = 1000, 0
    b.build(Recipe.from_yaml(sys.argv[1]), sys.argv[2], int(sys.argv[3]), lambda n: print(n, flush=True))
"""


def test_killed_and_resumed_gives_the_same_bytes(undisturbed: Path, tmp_path: Path) -> None:
    script, recipe, folder = tmp_path / "child.py", tmp_path / "recipe.yaml", tmp_path / "corpus"
    script.write_text(CHILD)
    recipe.write_text(MIXED)
    chance, kills = random.Random(7), 0
    for processes in (2, 1, 1):
        with subprocess.Popen(
            [sys.executable, str(script), str(recipe), str(folder), str(processes)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as child:
            assert child.stdout
            for _ in range(chance.randint(1, 2)):
                child.stdout.readline()
            # Past the report it may be anywhere in the next batch.
            try:
                child.wait(chance.random() * 0.03)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                kills += 1
        assert not (folder / MANIFEST).exists()
    assert kills == 3
    done: list[int] = []
    build(Recipe.from_yaml(recipe), folder, progress=done.append)
    assert done[0] >= 200
    assert sum(done) == 1060
    assert made_in(folder) == made_in(undisturbed)


class Cut(BaseException):
    """Stands for the end of the process."""


def cut_at(number: int, patch: pytest.MonkeyPatch) -> None:
    """Let the process end at the `number`th change of what is on the disk, before or after it by turns."""
    changes = count()

    def cutting(change: Any) -> Any:
        def cut(*args: Any, **more: Any) -> Any:
            now = next(changes)
            if now == number // 2 and number % 2 == 0:
                raise Cut
            result = change(*args, **more)
            if now == number // 2:
                raise Cut
            return result

        return cut

    for where, name in ((os, "fsync"), (Path, "rename"), (Path, "replace"), (shutil, "rmtree")):
        patch.setattr(where, name, cutting(getattr(where, name)))


def test_cut_off_at_each_place_where_the_disk_changes(tmp_path: Path) -> None:
    recipe = Recipe((Part(Spec(people=3), 12, "a"),), shares=(("train", 0.5), ("test", 0.5)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_module, "BATCH", 18)
        build(recipe, tmp_path / "whole")
        expected = made_in(tmp_path / "whole")
        for number in count():
            folder = tmp_path / str(number)
            try:
                with pytest.MonkeyPatch.context() as cutting:
                    cut_at(number, cutting)
                    build(recipe, folder)
                break
            except Cut:
                # A file that a killed process was writing.
                inside = folder / ".unfinished" / "train"
                if inside.exists():
                    (inside / ".a-00000.parquet.half").write_text("PAR1")
                build(recipe, folder)
                assert made_in(folder) == expected
    assert number > 30


def test_a_torn_line_of_the_journal_is_no_batch(undisturbed: Path, mixed: Recipe, tmp_path: Path) -> None:
    journal = stopped_after(mixed, tmp_path / "corpus", batches=2)
    whole_lines = journal.read_bytes()
    journal.write_bytes(whole_lines[:-20])
    build(mixed, tmp_path / "corpus")
    assert made_in(tmp_path / "corpus") == made_in(undisturbed)


def stopped_after(recipe: Recipe, folder: Path, batches: int) -> Path:
    """Build so many batches, and return the journal."""
    done = count(1)

    def stop(_: int) -> None:
        if next(done) == batches:
            raise Cut

    with pytest.raises(Cut):
        build(recipe, folder, progress=stop)
    return folder / ".unfinished" / "journal.jsonl"


def test_unfinished_is_no_data_set(mixed: Recipe, tmp_path: Path) -> None:
    from datasets import load_dataset
    from datasets.data_files import EmptyDatasetError

    stopped_after(mixed, tmp_path / "corpus", batches=2)
    assert [path.name for path in (tmp_path / "corpus").iterdir()] == [".unfinished"]
    with pytest.raises(EmptyDatasetError):
        load_dataset(str(tmp_path / "corpus"), cache_dir=str(tmp_path / "cache"))


def test_a_changed_file_is_noticed(mixed: Recipe, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    journal = stopped_after(mixed, folder, batches=2)
    shard = journal.parent / "train" / "small-00000.parquet"
    content = shard.read_bytes()
    shard.write_bytes(content[:-1])
    with pytest.raises(BadFolder, match="not as it was written"):
        build(mixed, folder)
    shard.unlink()
    with pytest.raises(BadFolder, match="missing"):
        build(mixed, folder)
    shard.write_bytes(content)
    build(mixed, folder)
    (folder / README).write_text("mine")
    with pytest.raises(BadFolder, match="not as it was written"):
        build(mixed, folder)


# Other folders.


def test_a_finished_corpus_is_left_alone(undisturbed: Path, mixed: Recipe) -> None:
    before, done = made_in(undisturbed), list[int]()
    manifest = build(mixed, undisturbed, progress=done.append)
    assert manifest.to_json().encode() == before[MANIFEST]
    assert made_in(undisturbed) == before
    assert done == [1060]


def test_another_recipe_is_refused(undisturbed: Path, mixed: Recipe, tmp_path: Path) -> None:
    other = Recipe(mixed.parts, 6, shares=mixed.shares)
    before = made_in(undisturbed)
    with pytest.raises(BadFolder, match="another recipe"):
        build(other, undisturbed)
    assert made_in(undisturbed) == before
    stopped_after(mixed, tmp_path, batches=1)
    with pytest.raises(BadFolder, match="another recipe"):
        build(other, tmp_path)


def test_another_version_is_refused(undisturbed: Path, mixed: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_module, "__version__", "0.0.0")
    with pytest.raises(BadFolder, match="another version"):
        build(mixed, undisturbed)


def test_a_folder_of_something_else_is_refused(mixed: Recipe, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadFolder, match="not empty"):
        build(mixed, tmp_path)
    (tmp_path / MANIFEST).write_text('{"name": "an app"}')
    with pytest.raises(BadFolder, match="no manifest"):
        build(mixed, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [MANIFEST, "notes.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such lock there")
def test_two_cannot_build_in_one_folder(mixed: Recipe, tmp_path: Path) -> None:
    def intrude(_: int) -> None:
        with pytest.raises(BadFolder, match="another process"):
            build(mixed, tmp_path)
        raise Cut

    with pytest.raises(Cut):
        build(mixed, tmp_path, progress=intrude)


# Too few.


@pytest.mark.parametrize("rows", [29, 5000])
def test_not_enough_leaves_nothing(tmp_path: Path, rows: int) -> None:
    recipe = Recipe((Part(Spec(people=4), 50, "fine"), Part(Spec(people=2), rows, "few")))
    with pytest.raises(NotEnough, match="part few: there are only 28 different puzzles of 2 people") as error:
        build(recipe, tmp_path / "corpus")
    assert error.value.found == 28
    assert not list((tmp_path / "corpus").iterdir())


def test_all_there_are_can_be_had(tmp_path: Path) -> None:
    manifest = build(Recipe((Part(Spec(people=2), 28, "all"),)), tmp_path)
    assert sum(parts["all"] for parts in manifest.counts().values()) == 28


def test_what_other_parts_have_is_not_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_module, "PATIENCE", 1 << 16)
    recipe = Recipe((Part(Spec(people=2), 20, "a"), Part(Spec(people=2), 9, "b")))
    with pytest.raises(NotEnough, match="part b: only 8 new puzzles"):
        build(recipe, tmp_path)


# Grades and measures.

GRADED = """
measures: true
shares: {train: 0.5, test: 0.5}
parts:
  - {name: nested, preset: rich, people: 5, grade: [4, 5], rows: 30}
  - {name: steps, people: [3, 4], target: {steps: [6, 8], suppositions: 1}, rows: 50}
  - {name: hard-test, people: 4, grade: 3, rows: 20, splits: [test]}
  - {name: any, people: 4, rows: 40}
"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graded") / "whole"
    build(Recipe.from_text(GRADED), folder)
    return folder


def test_parts_go_by_grade_and_measures(graded: Path) -> None:
    counts = Manifest.from_json((graded / MANIFEST).read_text()).counts()
    assert counts["train"].keys() == {"nested", "steps", "any"}
    assert counts["test"]["hard-test"] == 20
    keys = set()
    for split, parts in counts.items():
        for part in parts:
            for path in sorted((graded / split).glob(f"{part}-*.parquet")):
                for row in read(path):
                    found = difficulty(decode(row["puzzle"]))
                    assert {name: row[name] for name in MEASURES} == {name: getattr(found, name) for name in MEASURES}
                    assert part != "nested" or found.grade in (4, 5)
                    assert part != "hard-test" or found.grade == 3
                    assert part != "steps" or (6 <= found.steps <= 8 and found.suppositions == 1)
                    keys.add(row["key"])
    assert len(keys) == 140


def test_a_search_is_gone_on_with(graded: Path, tmp_path: Path) -> None:
    recipe = Recipe.from_text(GRADED)
    for batches in (1, 2, 3):
        stopped_after(recipe, tmp_path / "corpus", batches)
    build(recipe, tmp_path / "corpus", processes=2)
    assert made_in(tmp_path / "corpus") == made_in(graded)


def test_a_search_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_module, "SEARCH", 100_000)
    recipe = Recipe.from_text("parts: [{name: hard, people: 3, grade: [3, 5], rows: 123}]")
    words = "part hard: the search among puzzles of 3 people finds no more that are new: of .* 122 have grade 3 to 5"
    with pytest.raises(NotEnough, match=words) as caught:
        build(recipe, tmp_path / "corpus")
    assert caught.value.found == 122
    assert not list((tmp_path / "corpus").iterdir())


def test_what_is_too_hard_to_measure_has_no_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hard(puzzle: Puzzle) -> Difficulty:
        raise GaveUp("too hard")

    monkeypatch.setattr(build_module, "difficulty", hard)
    build(Recipe.from_text("{measures: true, shares: {train: 1}, parts: [{people: 3, rows: 2}]}"), tmp_path)
    assert [row[name] for row in rows_in(tmp_path, "train") for name in MEASURES] == [None] * 12


# Keys.


@given(st.lists(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 3), max_size=8), max_size=8), st.integers(1, 63))
def test_keys_are_a_set(blocks: list[list[int]], shift: int) -> None:
    keys, met = KeySet(), set[tuple[int, int]]()
    for block in blocks:
        # Many with one first half, and many homes that collide.
        pairs = sorted({(number >> shift, number + 1) for number in block if number < 2**64 - 1})
        words = np.array(pairs, dtype=np.uint64).reshape(-1, 2)
        lacking = keys.lacks(words)
        assert lacking.tolist() == [pair not in met for pair in pairs]
        keys.add(words[lacking])
        met.update(pairs)


def test_many_keys() -> None:
    words = np.random.Generator(np.random.PCG64(2)).integers(0, 2**64, size=(100_000, 2), dtype=np.uint64)
    keys = KeySet()
    for block in np.split(words[:80_000], 20):
        assert keys.lacks(block).all()
        keys.add(block)
    assert np.flatnonzero(keys.lacks(words)).tolist() == list(range(80_000, 100_000))
    assert keys._cells.nbytes <= 48 * 80_000


# Recipes.

PARTS = "parts: [{rows: 1}]"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a recipe is made of names and values, not None"),
        ("- 1", "a recipe is made of names and values"),
        ("parts: []", "at least one part"),
        ("parts: {a: 1}", "'parts', a list"),
        ("seed: 1", "'parts', a list"),
        (f"{PARTS}\ncolour: red", "a recipe has no 'colour'"),
        (f"{PARTS}\n1: red", "a recipe has no 1"),
        (f"{PARTS}\nseed: 1\nseed: 2", "'seed' is given twice"),
        (f"{PARTS}\nseed: yes", "seed is a whole number"),
        (f"{PARTS}\nseed: {2**64}", "seed is a whole number"),
        (f"{PARTS}\nseed: {'9' * 5000}", "a value cannot be read"),
        (f"{PARTS}\nstyle: [plain]", "there is no style"),
        (f"{PARTS}\nshares: [0.9, 0.1]", "gives each split its share"),
        (f"{PARTS}\nshares: {{train: 0.9, test: 0.05}}", "sum up to 1, not to 0.95"),
        (f"{PARTS}\nshares: {{train: 1.5, test: -0.5}}", "above 0"),
        (f"{PARTS}\nshares: {{train: .nan}}", "above 0"),
        (f"{PARTS}\nshares: {{train: yes}}", "above 0"),
        (f"{PARTS}\nshares: {{no: 1}}", "split's name"),
        (f"{PARTS}\nshares: {{../up: 1}}", "split's name"),
        (f"{PARTS}\nshares: {{all: 1}}", "split's name"),
        (f"{PARTS}\nshares: {{}}", "at least one split"),
        ("parts: [1]", "part 1 is made of"),
        ("parts: [{}]", "part 1 does not say how many rows"),
        ("parts: [{rows: 0}]", "part 1: rows is a whole number from 1 up"),
        ("parts: [{rows: 1e6}]", "part 1: rows is a whole number"),
        ("parts: [{rows: 1, person: 3}]", "part 1 has no 'person'"),
        ("parts: [{rows: 1, duplicates: true}]", "part 1 has no 'duplicates'"),
        ("parts: [{rows: 1, preset: hard}]", "part 1: there is no preset 'hard'"),
        ("parts: [{rows: 1, preset: [rich]}]", "part 1: a field has a value of the wrong type"),
        ("parts: [{rows: 1, people: many}]", "part 1: people is a number"),
        ("parts: [{rows: 1, people: 3:7}]", "is no number; a range is written"),
        ("parts: [{rows: 1, kinds: [[and]]}]", "part 1: a field has a value of the wrong type"),
        ("parts: [{rows: 1, names: Ann}]", "part 1: names is a list"),
        ("parts: [{rows: 1, names: [Ann, no, Bob, Cy, Di]}]", "part 1: a field has a value of the wrong type"),
        ("parts: [{rows: 1, trivial: maybe}]", "part 1: trivial is true or false"),
        ("parts: [{rows: 1, grade: hard}]", "part 1: grade is a number from 1 to 5"),
        ("parts: [{rows: 1, grade: 2, target: {grade: 3}}]", "part 1: the grade is given twice"),
        ("parts: [{rows: 1, target: 3}]", "part 1: target gives measures their values"),
        ("parts: [{rows: 1, target: {people: 3}}]", "part 1: 'people' is no target"),
        ("parts: [{rows: 1, target: {1: 3}}]", "part 1: there is no measure 1"),
        ("parts: [{rows: 1, target: {steps: {a: 1}}}]", "part 1: steps is a number"),
        ("parts: [{rows: 1, target: {grade: 1, nesting: 1}}]", "part 1: no puzzle can have grade 1, nesting 1"),
        (f"{PARTS}\nmeasures: 1", "measures is true or false"),
        ("parts: [{rows: 1, name: ../../up}]", "part 1: a part's name"),
        ("parts: [{rows: 1, name: a}, {rows: 1, name: a}]", "two parts have the same name"),
        ("parts: [{rows: 1, splits: test}]", "part 1: splits is a list"),
        ("parts: [{rows: 1, splits: [exam]}]", "there is no split 'exam'"),
        ("parts: [{rows: 1", "not YAML"),
        ("parts: !!python/object/apply:os.system [ls]", "not YAML"),
        ("a: &a [1]\nb: *a", "repeats nothing"),
        ("\x00", "not YAML"),
        (f"{PARTS}\n---\n{PARTS}", "not YAML"),
        ("[" * 60_000, "nested too deep"),
        ("#" * (1 << 16) + "#", "at most"),
        ("- " * 30_000 + "1", "nested too deep"),
    ],
)
def test_recipes_that_cannot_be(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(BadConfig) as error:
        Recipe.from_yaml(path)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


def test_a_recipe_is_read(mixed: Recipe) -> None:
    assert mixed.seed == 5
    assert mixed.shares == (("train", 0.8), ("validation", 0.1), ("test", 0.1))
    assert mixed.parts[0] == Part(Spec(people=(3, 5)), 700, "small")
    assert mixed.parts[2].spec.width == 4
    assert json.loads(json.dumps(mixed.as_dict())) == mixed.as_dict()
    graded = Recipe.from_text(GRADED)
    assert graded.measures
    assert graded.parts[0].spec.target == (("grade", (4, 5)),)
    assert graded.as_dict()["parts"][1]["spec"]["target"] == [["suppositions", 1], ["steps", [6, 8]]]
    assert Recipe.from_text("parts: [{rows: 3, kinds: {and: 1, or: 2}}]").parts[0].spec.kinds == (("and", 1), ("or", 2))


def test_shares_are_taken_as_written() -> None:
    assert whole((("a", 0.1), ("b", 0.2), ("c", 0.7)))
    assert not whole((("a", 1 / 3), ("b", 1 / 3), ("c", 1 / 3)))
