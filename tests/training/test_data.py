"""The data of a recipe: found, hashed, and missed."""

from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadConfig
from knk.training.data import sources
from knk.training.recipe import Recipe
from tests.support.folders import put


def recipe_of(**settings: Any) -> Recipe:
    return Recipe(Path("mine.yaml"), "sft", settings, "knk task kk -o rows.jsonl")


def test_manifest_entries_have_the_hashes_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        put(tmp_path / f"part-{number}.jsonl", '{"a": 1}\n' * number)
    (source,) = sources(recipe_of(datasets=[{"path": "json", "data_files": "part-*.jsonl", "split": "train"}]))
    assert [entry["rows"] for entry in source.manifest_entries()] == [1, 2]
    assert {entry["file"] for entry in source.manifest_entries()} == {"part-1.jsonl", "part-2.jsonl"}
    assert len(list(source.rows())) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "missing setting 'datasets'"),
        ({"datasets": ["a"]}, "'path'"),
        ({"datasets": [{"path": "json"}]}, "'data_files'"),
        ({"datasets": [{"path": "rows.jsonl"}]}, "is a file, not a dataset: write 'datasets: "),
        ({"dataset_name": "rows.parquet"}, "path: parquet, data_files: rows.parquet, split: train"),
        ({"dataset_name": "./rows"}, "no such folder"),
        ({"datasets": [{"path": "jsn", "data_files": "rows.jsonl"}]}, "did you mean 'json'?"),
        ({"datasets": [{"path": "json", "data_files": "none.jsonl"}]}, "make it with: knk task kk -o rows.jsonl"),
    ],
)
def test_missing_data_are_an_error(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        sources(recipe_of(**settings))
