"""Staged datasets and checkpoints, and folders that are refused."""

import json
import pickle
import re
import time
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from knk.datasets.files import read
from knk.datasets.manifest import Manifest
from knk.errors import BadFile, BadFolder, HubFailed
from knk.hub.staging import (
    StagedFolder,
    check_name,
    stage,
    stage_model,
)
from tests.support.folders import files_in
from tests.support.hub_folders import NAME, dataset_folder, safetensors, sha256


def test_the_manifest_lists_the_staged_files(corpus: Path, staged: StagedFolder) -> None:
    manifest = Manifest.read(staged.folder)
    manifest.check(staged.folder)
    assert {file.path for file in manifest.files} == set(staged.files) - {"README.md", "manifest.json"}
    source = Manifest.from_json((corpus / "manifest.json").read_text())
    published = Manifest.from_json((staged.folder / "manifest.json").read_text())
    assert published.about == source.about
    assert {split: sum(parts.values()) for split, parts in published.counts().items()} == {
        split: sum(parts.values()) for split, parts in source.counts().items()
    }
    assert staged.files == {path: len(content) for path, content in sorted(files_in(staged.folder).items())}


def test_a_dataset_with_an_unknown_split_is_not_audited(tmp_path: Path) -> None:
    liars = {"puzzle": "Ann,Bob 0:-1 1:&(-0,-1)", "people": 2}
    card = stage(dataset_folder(tmp_path / "rows", {"hard.jsonl": [liars]}), tmp_path / "staged", NAME).card
    assert "parquet |" not in card
    assert "## Audit\n\nIt was not audited: the name of a split is not one that an audit recognizes." in card


def test_rows_to_train_on_are_staged_like_puzzles(tmp_path: Path) -> None:
    def row(people: int, **more: Any) -> dict[str, Any]:
        messages = [{"role": "user", "content": f"Puzzle of {people}"}]
        return {"prompt": messages, "completion": "<think>", "people": people, "correct": None, **more}

    first = [row(3) for _ in range(3)]
    rest = [row(4, correct=True), row(3, correct=False, tokens=7)]
    about = {"version": "1", "policy": {"keep": "all"}, "teacher": {"model": "org/teacher"}}
    folder = dataset_folder(tmp_path / "rows", {"train/a.jsonl": first, "train/b.jsonl": rest}, **about)
    (folder / "dropped.jsonl").write_text("{}\n")
    staged = stage(folder, tmp_path / "staged", NAME)
    assert sorted(staged.files) == [
        "README.md",
        "data/people-3/train-00000.parquet",
        "data/people-4/train-00000.parquet",
        "manifest.json",
    ]
    [got] = [list(read(staged.folder / path)) for path in staged.files if "people-3" in path]
    assert got == [{**each, "tokens": each.get("tokens")} for each in [*first, rest[1]]]
    assert staged.left_out == ("dropped.jsonl",)
    assert "teacher:\n  model: org/teacher" in staged.card
    assert "It was not audited: it has no column of puzzles." in staged.card
    assert "No licence is stated." in staged.card
    front = huggingface_hub.DatasetCard.load(staged.folder / "README.md").data
    assert (front.license, front.task_categories) == (None, ["text-generation"])


def test_a_given_licence_stays_with_the_data(corpus: Path, tmp_path: Path) -> None:
    folder = dataset_folder(tmp_path / "rows", {"train.jsonl": [{"question": "Who?", "answer": "?"}]})
    staged = stage(folder, tmp_path / "staged", NAME, licence="cc-by-nc-sa-4.0", audited=False)
    again = stage(staged.folder, tmp_path / "again", NAME, audited=False)
    assert staged.card == again.card
    assert huggingface_hub.DatasetCard.load(again.folder / "README.md").data.license == "cc-by-nc-sa-4.0"
    ours = stage(corpus, tmp_path / "ours", NAME, licence="mit", audited=False)
    staged_folder = stage(ours.folder, tmp_path / "kept", NAME, audited=False)
    assert huggingface_hub.DatasetCard.load(staged_folder.folder / "README.md").data.license == "mit"
    with pytest.raises(HubFailed, match="invalid licence"):
        stage(folder, tmp_path / "other", NAME, licence="Apache 2.0\n")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"path": "../rows.jsonl"}, "invalid path of a file"),
        ({"rows": 2}, "has 1 rows, and manifest.json says 2"),
        ({"split": ""}, "lists no rows"),
        ({"sha256": "0" * 64}, "train.jsonl was changed"),
        ({"path": "other.jsonl"}, "other.jsonl is missing"),
    ],
)
def test_a_wrong_manifest_is_refused(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    folder = dataset_folder(tmp_path / "rows", {"train.jsonl": [{"people": 3}]})
    content = json.loads((folder / "manifest.json").read_text())
    content["files"][0].update(change)
    (folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(BadFolder, match=re.escape(complaint)):
        stage(folder, tmp_path / "staged", NAME)


def test_invalid_folders_are_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match=re.escape("has no manifest.json")):
        stage(tmp_path, tmp_path / "staged", NAME)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(BadFolder, match="is not empty"):
        stage(corpus, tmp_path / "full", NAME)
    mixed = dataset_folder(tmp_path / "mixed", {"train.jsonl": [{"people": 3}, {"people": {"a": 1}}]})
    with pytest.raises(BadFile, match="several types"):
        stage(mixed, tmp_path / "staged-2", NAME)
    other = dataset_folder(tmp_path / "other", {"train.jsonl": [{"people": 3}], "test.jsonl": [{"people": {"a": 1}}]})
    with pytest.raises(BadFile, match="do not fit those of the files before it"):
        stage(other, tmp_path / "staged-3", NAME)
    broken = dataset_folder(tmp_path / "broken", {"train.parquet": [{"people": 3}]})
    (broken / "train.parquet").write_bytes(b"no parquet")
    listed = json.loads((broken / "manifest.json").read_text())
    listed["files"][0]["sha256"] = sha256(broken / "train.parquet")
    (broken / "manifest.json").write_text(json.dumps(listed))
    with pytest.raises(BadFile, match="not a Parquet file"):
        stage(broken, tmp_path / "staged-4", NAME)


@pytest.mark.parametrize(
    "name", ["puzzles", "org/", "/name", "a/b/c", "../name", "org/na me", "org/..", "org/a--b", "o\n/a"]
)
def test_invalid_names_are_refused(name: str) -> None:
    with pytest.raises(HubFailed, match="expected a name on the Hub such as org/name"):
        check_name(name)


def test_files_that_can_run_code_are_not_staged_with_a_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    staged = stage_model(checkpoint, tmp_path / "staged", "org/model", licence="mit")
    assert list(staged.files) == ["README.md", "config.json", "manifest.json", "model.safetensors", "tokenizer.json"]
    assert staged.left_out == ("README.md", "code.py", "optimizer.pt", "rng_state.pth", "runs/", "training_args.bin")
    Manifest.read(staged.folder).check(staged.folder)
    front = huggingface_hub.ModelCard.load(staged.folder / "README.md").data
    assert (front.license, front.library_name, front.pipeline_tag) == ("mit", "transformers", "text-generation")
    assert "The manifest does not say." in staged.card
    asked = stage_model(checkpoint, tmp_path / "asked", "org/model", pickles=True)
    assert set(asked.files) - set(staged.files) == {"optimizer.pt", "rng_state.pth", "training_args.bin"}
    assert "No licence is stated." in asked.card


def test_an_adapter_with_a_base_on_this_machine_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    config = checkpoint / "adapter_config.json"
    config.write_text(json.dumps({"base_model_name_or_path": str(tmp_path / "base")}), encoding="utf-8")
    with pytest.raises(BadFolder, match="publish the merged model"):
        stage_model(checkpoint, tmp_path / "out", "org/model")
    config.write_text(json.dumps({"base_model_name_or_path": "Qwen/Qwen2.5-3B"}), encoding="utf-8")
    assert "adapter_config.json" in stage_model(checkpoint, tmp_path / "whole", "org/model").files


def test_invalid_checkpoints_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    def complaint() -> str:
        with pytest.raises(BadFolder) as caught:
            stage_model(checkpoint, tmp_path / str(time.monotonic_ns()), "org/model")
        return str(caught.value)

    (checkpoint / "model.safetensors").write_bytes(pickle.dumps({"weight": [0.0] * 100}))
    assert "model.safetensors is not a .safetensors file" in complaint()
    (checkpoint / "model.safetensors").unlink()
    assert "has no .safetensors files" in complaint()
    (checkpoint / "model.safetensors").write_bytes(safetensors())
    (checkpoint / "tokenizer.json").write_text("{")
    assert "tokenizer.json: not JSON" in complaint()
    (checkpoint / "config.json").unlink()
    assert "is not a checkpoint" in complaint()
