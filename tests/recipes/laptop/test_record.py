"""The record of a cell: written from its folder, read back, copied, and refused if it is of other sizes."""

import json
from pathlib import Path

import pytest

from knk.datasets.files import read
from knk.errors import BadFile, KnkError
from recipes.laptop.cell import Cell
from recipes.laptop.data import Latent
from recipes.laptop.evaluate import TASKS
from recipes.laptop.record import copy_records, folder_name, read_records, write_record
from tests.support.laptop import fake_cell

ACCURACIES = {"warmed": {"col": 0.75, "sat": 1.0}, "base + RL": {"col": 0.5}}
PAIR_ALONE = Latent(0.03, ("pair",))


def change(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


@pytest.fixture
def cell(tmp_path: Path) -> Cell:
    return fake_cell(tmp_path / "study", ACCURACIES, seed=2, gate=0.97)


def test_a_record_holds_what_its_cell_s_folder_holds(cell: Cell) -> None:
    folder = write_record(cell, "tiny")
    assert {path.name for path in folder.iterdir()} == {"cell.json", "measures.parquet", "samples.jsonl", "runs.jsonl"}
    (record,) = read_records(cell.folder.parent)
    assert (record.scale, record.latent, record.seed) == ("tiny", cell.latent, 2)
    assert (record.cell.scale, record.cell.condition, record.cell.stages) == (cell.scale, "q = 0.03", cell.stages)
    assert record.gate == cell.gate()
    assert set(record.scores) == {(name, None) for name in ("base", "warmed", "base-rl-0", "warmed-rl-0")}
    assert set(record.scores["warmed", None]) == set(TASKS)
    for stage in cell.stages:
        for row in read(cell.samples(stage)):
            metrics = {
                name: items[str(row["item"])] for name, items in record.scores[stage.name, None][row["task"]].items()
            }
            assert metrics == {
                "accuracy": row["correct"],
                "answered": row["answered"],
                "accuracy if made to answer": row["correct_if_forced"],
                "tries": len(row["checks"]),
                "tokens": row["tokens"],
                "first checks": row["checks"] != "",
                "right first checks": row["checks"] != "",
                "second checks": len(row["checks"]) > 1,
                "right second checks": row["checks"] == "110",
                "later checks": len(row["checks"]) > 2,
                "right later checks": 0,
            }
    assert record.rl["base-rl-0"] == [
        {"step": step, "num_tokens": 100 * step, "step_time": 1.0, "reward": -0.1235} for step in (1, 2)
    ]
    assert [(run["run"], run["seconds"]) for run in record.runs] == [(stage.name, 2.5) for stage in cell.stages]
    shown = list(read(folder / "samples.jsonl"))
    assert {row["item"] for row in shown} == {0, 1, 2}
    assert {row["stage"] for row in shown} == {stage.name for stage in cell.stages}


def test_checkpoints_are_in_the_record_of_a_cell_with_several(tmp_path: Path) -> None:
    cell = fake_cell(tmp_path, {}, scale="demo", n=2)
    write_record(cell, "demo")
    (record,) = read_records(tmp_path)
    assert {step for name, step in record.scores if name == "base-rl-0"} == {None, *cell.scale.checkpoints[:-1]}
    assert set(record.scores["base-rl-0", 10]) == {"col"}


def test_folders_are_named_after_their_cells(cell: Cell) -> None:
    assert folder_name(cell) == "q0.03-seed2"
    assert folder_name(Cell(cell.scale, cell.folder, 0, PAIR_ALONE)) == "q0.03-pair-seed0"
    assert folder_name(Cell(cell.scale, cell.folder, 1, Latent(0.0))) == "q0-seed1"


def test_copied_records_are_the_same(cell: Cell, tmp_path: Path) -> None:
    write_record(cell, "tiny")
    other = fake_cell(tmp_path / "elsewhere" / "deep", {}, latent=PAIR_ALONE)
    write_record(other, "tiny")
    copy_records([tmp_path / "study", tmp_path / "elsewhere"], tmp_path / "all")
    assert {path.name for path in (tmp_path / "all").iterdir()} == {"q0.03-seed2", "q0.03-pair-seed0"}
    assert read_records(tmp_path / "all") == [*read_records(other.folder), *read_records(cell.folder)]
    # Copying again, or onto themselves, changes nothing.
    before = read_records(tmp_path / "all")
    copy_records([tmp_path / "study"], tmp_path / "all")
    copy_records([tmp_path / "all"], tmp_path / "all")
    assert read_records(tmp_path / "all") == before
    # The records of a study stay where they are.
    copy_records([tmp_path / "study"], tmp_path / "study")
    assert read_records(tmp_path / "study") == read_records(cell.folder / "record")


def test_two_records_of_the_same_cell_are_not_joined(cell: Cell, tmp_path: Path) -> None:
    write_record(cell, "tiny")
    write_record(fake_cell(tmp_path / "other", {}, seed=2), "tiny")
    with pytest.raises(BadFile, match="records of the same cell: join only one"):
        copy_records([tmp_path / "study", tmp_path / "other"], tmp_path / "all")
    assert not (tmp_path / "all").exists()
    copy_records([tmp_path / "study", tmp_path / "study"], tmp_path / "all")
    assert len(read_records(tmp_path / "all")) == 1


def test_a_record_of_other_sizes_or_of_no_scale_is_refused(cell: Cell) -> None:
    path = write_record(cell, "tiny") / "cell.json"
    sizes = json.loads(path.read_text(encoding="utf-8"))["sizes"]
    for changes in ({"sizes": sizes | {"rl_steps": 3}}, {"sizes": None}, {"scale": "demo"}, {"scale": "huge"}):
        change(path, **{"scale": "tiny", "sizes": sizes} | changes)
        with pytest.raises(BadFile, match="expected a record of today's scale"):
            read_records(cell.folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cell.json", "{}"),
        ("cell.json", "[]"),
        ("cell.json", "no JSON"),
        ("cell.json", '{"latent": 3}'),
        ("cell.json", '{"latent": {"rate": "x", "domains": []}}'),
        ("cell.json", '{"latent": {"rate": 0, "domains": []}, "scale": []}'),
        ("measures.parquet", "no Parquet"),
        ("runs.jsonl", "no JSON"),
    ],
)
def test_what_is_no_record_is_an_error_of_one_line(name: str, content: str, cell: Cell) -> None:
    folder = write_record(cell, "tiny")
    (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(KnkError) as caught:
        read_records(cell.folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value) or name in str(caught.value)
