"""Files of rows: the same as `generate` gives, whole or not at all, the same bytes whoever makes them."""

import json
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from knk.answers.verify import verify
from knk.datasets.files import FORMATS, read
from knk.datasets.puzzle_stream import SINGLE_PROCESS_ROWS
from knk.datasets.rows import row_of, schema, wording_seed
from knk.datasets.stream import rows, write
from knk.errors import BadFile, NotEnough
from knk.generation.generate import generate, spec_of
from knk.generation.spec import PRESETS, Spec
from knk.logic.notation import decode, encode
from knk.text.parse import parse
from knk.text.render import render
from knk.text.styles import STYLES

ROWS = SINGLE_PROCESS_ROWS + 1  # So many that several processes are started.
RICH = PRESETS["rich"].with_changes(people=(3, 6))


@pytest.mark.parametrize("spec", [Spec(), RICH, Spec(people=(11, 15))], ids=["classic", "rich", "wide"])
@pytest.mark.parametrize("style", STYLES)
def test_rows_are_the_generated_puzzles(spec: Spec, style: str) -> None:
    puzzles = list(generate(spec, 40, seed=4))
    generated = list(rows(spec, 40, seed=4, style=style))
    assert generated == [row_of(puzzle, 4, style) for puzzle in puzzles]
    for puzzle, row in zip(puzzles, generated, strict=True):
        assert decode(row["puzzle"]) == puzzle == parse(row["text"])
        assert row["text"] == render(puzzle, wording_seed(row["puzzle"], 4), style)
        assert row["people"] == len(row["names"]) == len(row["solution"])
        assert verify(row["answer"], puzzle).correct


@pytest.mark.parametrize("suffix", FORMATS)
def test_written_rows_are_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    done: list[int] = []
    write(path, RICH, 50, seed=2, progress=done.append)
    assert list(read(path)) == list(rows(RICH, 50, seed=2))
    assert sum(done) == 50
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    import os

    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_parquet_has_the_schema_and_datasets_reads_it(tmp_path: Path) -> None:
    from datasets import load_dataset

    write(tmp_path / "train.parquet", Spec(people=4), 20)
    assert pq.read_schema(tmp_path / "train.parquet").remove_metadata() == schema()
    loaded = load_dataset(str(tmp_path), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.to_list() == list(rows(Spec(people=4), 20))


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_bytes_do_not_depend_on_the_number_of_processes(tmp_path: Path, suffix: str) -> None:
    spec = Spec(people=(4, 6))
    alone, together = tmp_path / f"1{suffix}", tmp_path / f"2{suffix}"
    write(alone, spec, ROWS, seed=3, processes=1)
    write(together, spec, ROWS, seed=3, processes=2)
    assert alone.read_bytes() == together.read_bytes()
    assert len({json.dumps(row["puzzle"]) for row in read(alone)}) == ROWS


@pytest.mark.parametrize("processes", [1, 2])
def test_a_failed_write_leaves_no_file(tmp_path: Path, processes: int) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("old")
    with pytest.raises(NotEnough, match="28"):
        write(path, Spec(people=2), ROWS, processes=processes)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["rows.jsonl"]


def until_not_enough(stream: Iterator[str]) -> list[str]:
    """Everything that comes before the error that has to come."""
    generated: list[str] = []
    with pytest.raises(NotEnough, match="28"):
        deque(map(generated.append, stream), maxlen=0)
    return generated


def test_the_puzzles_that_exist_come_before_the_error() -> None:
    spec = Spec(people=(2, 3))
    puzzles = until_not_enough(map(encode, generate(spec, 5000, seed=1)))
    assert until_not_enough(row["puzzle"] for row in rows(spec, 5000, seed=1)) == puzzles
    assert len(puzzles) > 28


def test_rows_come_lazily() -> None:
    assert len(list(islice(rows(Spec(), 10**12), 5))) == 5


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.csv", b"", ".parquet or .jsonl"),
        ("rows.parquet", b"PAR1 not really", "not a Parquet file"),
        ("rows.parquet", b"", "not a Parquet file"),
        ("rows.jsonl", b"{}\n{", "line 2: not JSON"),
        ("rows.jsonl", b"[1]\n", "line 1: expected a JSON object, got list"),
        ("rows.jsonl", b"[" * 100_000, "line 1: not JSON"),
        ("rows.jsonl", b"\xff\xfe", "line 1: not JSON"),
    ],
)
def test_files_without_rows_are_errors(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadFile, match=words):
        list(read(tmp_path / name))


def test_only_known_formats_are_written(tmp_path: Path) -> None:
    with pytest.raises(BadFile):
        write(tmp_path / "rows.txt", Spec(), 1)
    assert not list(tmp_path.iterdir())


# Targets.

SOUGHT = [
    (spec_of(preset="rich", people=(4, 5), grade=(3, 4)), 40),
    (spec_of(people=14, target={"suppositions": (1, 2)}), 12),
    (spec_of(people=5, target={"steps": 8}), 40),
]


@pytest.mark.parametrize(("spec", "n"), SOUGHT, ids=["grades", "planted", "steps"])
def test_rows_of_a_target_are_the_generated_puzzles(spec: Spec, n: int) -> None:
    generated = list(rows(spec, n, seed=4))
    assert generated == [row_of(puzzle, 4) for puzzle in generate(spec, n, seed=4)]


@pytest.mark.slow
def test_two_processes_searching_give_the_same_bytes(tmp_path: Path) -> None:
    spec, n = SOUGHT[0]
    done: list[int] = []
    write(tmp_path / "1.parquet", spec, n, seed=3, processes=1)
    write(tmp_path / "2.parquet", spec, n, seed=3, processes=2, progress=done.append)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    assert sum(done) == n


def test_a_failed_search_ends_as_generate_does() -> None:
    spec, failures = spec_of(people=3, grade=3), []
    generated: list[list[str]] = [[], []]
    streams = (map(encode, generate(spec, 500)), (row["puzzle"] for row in rows(spec, 500)))
    for stream, kept in zip(streams, generated, strict=True):
        with pytest.raises(NotEnough) as caught:
            deque(map(kept.append, stream), maxlen=0)
        failures.append((str(caught.value), caught.value.found))
    assert generated[0] == generated[1]
    assert failures[0] == failures[1]
    assert "122 of 1,964 examined have grade 3" in failures[0][0]
