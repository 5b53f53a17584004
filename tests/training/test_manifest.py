"""Manifests: portable, and read only if they are ones."""

import json
from pathlib import Path

import pytest

from knk.errors import BadFolder
from knk.training import manifest as records
from knk.training.recipe import Recipe
from tests.support.folders import put


def test_a_manifest_contains_no_path_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "rows.jsonl", '{"text": "a"}\n')
    data = [{"path": "json", "data_files": str(tmp_path / "rows.jsonl")}]
    recipe = Recipe(
        tmp_path / "mine.yaml", "sft", {"datasets": data, "model_name_or_path": "/home/ann/tiny", "output_dir": "out"}
    )
    manifest = records.new_manifest(recipe)
    assert str(tmp_path) not in json.dumps(manifest)
    assert "/home" not in json.dumps(manifest)
    assert manifest["settings"]["datasets"][0]["data_files"] == "rows.jsonl"
    assert manifest["data"][0]["rows"] == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "knk-run-1"}'])
def test_an_invalid_manifest_is_an_error(text: str, tmp_path: Path) -> None:
    put(tmp_path / "run.json", text)
    with pytest.raises(BadFolder):
        records.read(tmp_path)
