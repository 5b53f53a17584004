"""The layout of a published dataset: every row in one file, and every configuration loads."""

import json
from collections import Counter
from pathlib import Path

import huggingface_hub
import pyarrow.parquet as pq
import pytest

from knk.datasets.files import read
from knk.datasets.manifest import Manifest
from knk.hub.layout import configs, lay_out
from knk.hub.shards import ShardLimits
from knk.hub.staging import (
    StagedFolder,
    stage,
)
from tests.support.folders import files_in
from tests.support.hub_folders import NAME, dataset_folder, rows_in


def test_every_row_is_staged_once_in_its_file(corpus: Path, staged: StagedFolder) -> None:
    assert rows_in(staged.folder) == rows_in(corpus)
    for path in staged.folder.glob("data/*/*/*.parquet"):
        people, grade, split = path.parts[-3], path.parts[-2], path.name.split("-")[0]
        laid_out = list(read(path))
        assert {(row["people"], row["grade"]) for row in laid_out} == {
            (int(people.removeprefix("people-")), int(grade.removeprefix("grade-")))
        }
        assert not rows_in(staged.folder, f"data/{people}/{grade}/{split}-*.parquet") - rows_in(corpus, f"{split}/*")


def test_the_bytes_depend_only_on_the_rows(corpus: Path, staged: StagedFolder, tmp_path: Path) -> None:
    again = stage(corpus, tmp_path / "again", NAME)
    assert files_in(again.folder) == files_in(staged.folder)
    from_published = stage(staged.folder, tmp_path / "published", NAME)
    assert files_in(from_published.folder) == files_in(staged.folder)


@pytest.mark.parametrize("streaming", [False, True])
def test_every_configuration_loads_from_the_folder(
    staged: StagedFolder, tmp_path: Path, streaming: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    datasets.disable_progress_bars()
    card = huggingface_hub.DatasetCard.load(staged.folder / "README.md")
    named = {config["config_name"]: config["data_files"] for config in card.data.to_dict()["configs"]}
    assert list(named) == ["default", "people-3", "people-4", *sorted(set(named) - {"default", "people-3", "people-4"})]
    assert sorted(datasets.get_dataset_config_names(str(staged.folder))) == sorted(named)
    counts = Manifest.read(staged.folder).counts()
    for config, data_files in named.items():
        loaded = datasets.load_dataset(str(staged.folder), config, streaming=streaming, cache_dir=str(tmp_path))
        assert list(loaded) == [entry["split"] for entry in data_files]
        for split, rows in loaded.items():
            parts = counts[split].items()
            expected = sum(number for part, number in parts if config == "default" or config in part.split("/"))
            assert sum(1 for _ in rows) == expected > 0
            if config.startswith("people-"):
                assert {f"people-{row['people']}" for row in rows} == {config}
    assert sum(counts["train"].values()) + sum(counts["test"].values()) == 80


def test_rows_without_people_have_one_configuration(tmp_path: Path) -> None:
    folder = dataset_folder(tmp_path / "rows", {"train.parquet": [{"question": "Who?", "people": "many"}]})
    staged = stage(folder, tmp_path / "staged", NAME, audited=False)
    assert "data/train-00000.parquet" in staged.files
    assert configs(Manifest.read(staged.folder).files) == {"default": {"train": "data/train-*.parquet"}}


def test_rows_without_a_grade_have_a_configuration(tmp_path: Path) -> None:
    rows = [{"people": 3, "grade": None}, {"people": 3, "grade": 2}, {"people": 12, "grade": 10}]
    staged = stage(dataset_folder(tmp_path / "rows", {"train.parquet": rows}), tmp_path / "staged", NAME)
    assert list(configs(Manifest.read(staged.folder).files)) == [
        *("default", "people-3", "people-12", "grade-2", "grade-10", "grade-unknown")
    ]


@pytest.mark.parametrize("open_files", [2, 200])
def test_large_datasets_are_written_to_several_files(tmp_path: Path, open_files: int) -> None:
    limits = ShardLimits(row_group=5, shard_bytes=500, open_files=open_files)
    rows = [{"people": 3 + i % 4, "number": i} for i in range(200)]
    sources = {
        "one": {"train.parquet": rows},
        "many": {f"train/{i:03}.parquet": rows[i : i + 7] for i in range(0, 200, 7)},
    }
    files = {}
    for name, source in sources.items():
        folder = dataset_folder(tmp_path / name, source)
        files[name], _ = lay_out(Manifest.read(folder), folder, tmp_path / f"{name}-laid-out", limits)
    single, several = tmp_path / "one-laid-out", tmp_path / "many-laid-out"
    assert rows_in(single) == Counter(json.dumps(row, sort_keys=True) for row in rows)
    assert (single / "data/people-3/train-00001.parquet").is_file()
    assert rows_in(single) == rows_in(several)
    assert open_files == 2 or files_in(single) == files_in(several)
    assert {file.path: file.rows for file in files["one"]} == {
        path: pq.read_metadata(single / path).num_rows for path in files_in(single)
    }
    assert all(file.rows for file in files["one"])
