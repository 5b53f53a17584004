"""Datasets and models published and fetched: from a server on the loopback interface, with faults put in."""

import hashlib
import json
import os
import pickle
import re
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from knk import cli
from knk.datasets.build import build
from knk.datasets.config import CorpusConfig
from knk.datasets.files import read
from knk.datasets.manifest import Manifest
from knk.errors import BadFile, BadFolder, HubFailed
from knk.hub import client as hub
from knk.hub import layout
from knk.hub.cards import (
    config_yaml,
    dataset_card,
    model_card,
    size_category,
)
from knk.hub.client import download, publish
from knk.hub.layout import configs
from knk.hub.staging import (
    Tree,
    check_name,
    stage,
    stage_model,
)
from tests.support.folders import files_in
from tests.support.hub_server import (
    READER,
    TOKEN,
    Fault,
    Hub,
)
from tests.support.paths import ROOT

NAME = "org/puzzles"
CONFIG = """
seed: 3
measures: true
shares: {train: 0.7, test: 0.3}
parts:
  - {name: easy, people: [3, 4], rows: 60}
  - {name: more, preset: rich, people: 4, rows: 20, kinds: {atom: 1, and: 2, count: 1}, splits: [test]}
"""
# What huggingface-hub does with its HTTP library is its own affair.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
SERVER_ERROR = re.compile(r"the Hub failed \(status 5\d\d\): run the command again")


def rows_in(folder: Path, pattern: str = "**/*.parquet") -> Counter[str]:
    """All rows of a folder, each as JSON."""
    return Counter(json.dumps(row, sort_keys=True) for path in folder.glob(pattern) for row in read(path))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "corpus"
    build(CorpusConfig.from_text(CONFIG), folder)
    return folder


@pytest.fixture(scope="module")
def tree(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return stage(corpus, tmp_path_factory.mktemp("staged") / "tree", NAME)


def data_set(folder: Path, files: dict[str, Any], **about: Any) -> Path:
    """A folder of rows with a manifest: for each path its rows, or its bytes."""
    folder.mkdir()
    listed = []
    for name, rows in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        else:
            path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        split = re.split(r"[/.-]", name)[0]
        listed.append({"path": name, "split": split, "rows": len(rows), "sha256": sha256(path)})
    (folder / "manifest.json").write_text(json.dumps({"files": listed, **about}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A dataset of four files."""
    folder = tmp_path_factory.mktemp("small")
    files = {f"{split}.parquet": [{"people": n, "of": split} for n in (3, 4)] for split in ("train", "test")}
    return stage(data_set(folder / "rows", files), folder / "tree", NAME, audited=False)


# What is staged.


def test_every_row_is_staged_once_and_where_it_belongs(corpus: Path, tree: Tree) -> None:
    assert rows_in(tree.folder) == rows_in(corpus)
    for path in tree.folder.glob("data/*/*/*.parquet"):
        people, grade, split = path.parts[-3], path.parts[-2], path.name.split("-")[0]
        there = list(read(path))
        assert {(row["people"], row["grade"]) for row in there} == {
            (int(people.removeprefix("people-")), int(grade.removeprefix("grade-")))
        }
        assert not rows_in(tree.folder, f"data/{people}/{grade}/{split}-*.parquet") - rows_in(corpus, f"{split}/*")


def test_the_bytes_depend_on_the_rows_alone(corpus: Path, tree: Tree, tmp_path: Path) -> None:
    again = stage(corpus, tmp_path / "again", NAME)
    assert files_in(again.folder) == files_in(tree.folder)
    from_published = stage(tree.folder, tmp_path / "published", NAME)
    assert files_in(from_published.folder) == files_in(tree.folder)


def test_the_manifest_lists_what_is_staged(corpus: Path, tree: Tree) -> None:
    manifest = Manifest.read(tree.folder)
    manifest.check(tree.folder)
    assert {file.path for file in manifest.files} == set(tree.files) - {"README.md", "manifest.json"}
    source = Manifest.from_json((corpus / "manifest.json").read_text())
    published = Manifest.from_json((tree.folder / "manifest.json").read_text())
    assert published.about == source.about
    assert {split: sum(parts.values()) for split, parts in published.counts().items()} == {
        split: sum(parts.values()) for split, parts in source.counts().items()
    }
    assert tree.files == {path: len(content) for path, content in sorted(files_in(tree.folder).items())}


@pytest.mark.parametrize("streaming", [False, True])
def test_every_configuration_loads_from_the_folder(
    tree: Tree, tmp_path: Path, streaming: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    datasets.disable_progress_bars()
    card = huggingface_hub.DatasetCard.load(tree.folder / "README.md")
    named = {config["config_name"]: config["data_files"] for config in card.data.to_dict()["configs"]}
    assert list(named) == ["default", "people-3", "people-4", *sorted(set(named) - {"default", "people-3", "people-4"})]
    assert sorted(datasets.get_dataset_config_names(str(tree.folder))) == sorted(named)
    counts = Manifest.read(tree.folder).counts()
    for config, data_files in named.items():
        loaded = datasets.load_dataset(str(tree.folder), config, streaming=streaming, cache_dir=str(tmp_path))
        assert list(loaded) == [entry["split"] for entry in data_files]
        for split, rows in loaded.items():
            parts = counts[split].items()
            expected = sum(number for part, number in parts if config == "default" or config in part.split("/"))
            assert sum(1 for _ in rows) == expected > 0
            if config.startswith("people-"):
                assert {f"people-{row['people']}" for row in rows} == {config}
    assert sum(counts["train"].values()) + sum(counts["test"].values()) == 80


def test_the_front_of_the_card_is_what_the_hub_reads(tree: Tree) -> None:
    front = huggingface_hub.DatasetCard.load(tree.folder / "README.md").data
    assert front.license == "apache-2.0"
    assert front.language == ["en"]
    assert front.task_categories == ["question-answering", "text-generation"]
    assert front.size_categories == ["n<1K"]
    assert front.pretty_name == "puzzles"
    assert "knights-and-knaves" in (front.tags or [])


def test_the_card_tells_what_there_is_to_tell(corpus: Path, tree: Tree) -> None:
    card = tree.card
    for column in pq.read_schema(next(tree.folder.glob("data/*/*/*.parquet"))):
        assert re.search(rf"^\| `{column.name}` \| `{re.escape(str(column.type))}` \| \w.*\|$", card, re.MULTILINE)
    assert 'load_dataset("org/puzzles", "people-3")' in card
    assert "arXiv 2505.13718" in card
    assert "`knk corpus audit` found no wrong row, no duplicate and no leak." in card
    assert re.search(r"^\| wrong answer \| 0 of \d+ \| 0 of \d+ \|$", card, re.MULTILINE)
    counts = Manifest.read(tree.folder).counts()
    assert f"| `default` | {sum(counts['train'].values())} | {sum(counts['test'].values())} |" in card


def test_the_config_in_the_card_builds_the_same_corpus(corpus: Path, tree: Tree, tmp_path: Path) -> None:
    found = re.search(r"```yaml\n(.*?)```", tree.card, re.DOTALL)
    assert found
    build(CorpusConfig.from_text(found[1]), tmp_path / "again")
    assert files_in(tmp_path / "again") == files_in(corpus)


def test_an_unreadable_config_is_quoted_as_it_is(tree: Tree) -> None:
    assert config_yaml({"parts": [{"unknown": 1}]}) is None
    manifest = Manifest.read(tree.folder)
    schema = pq.read_schema(next(tree.folder.glob("data/*/*/*.parquet")))
    card = dataset_card(NAME, replace(manifest, about={"config": {"made": "by ``` hand"}, "version": "9"}), schema)
    assert "````yaml\nconfig:\n  made: by ``` hand\n````" in card


def test_an_audit_that_finds_something_is_told(tmp_path: Path) -> None:
    liars = {"puzzle": "Ann,Bob 0:-1 1:&(-0,-1)", "people": 2, "solution": [True, False]}
    folder = data_set(
        tmp_path / "rows", {"train.jsonl": [liars, liars], "test.jsonl": [{**liars, "solution": [True] * 2}]}
    )
    card = stage(folder, tmp_path / "tree", NAME).card
    assert "`knk corpus audit` found what the tables tell." in card
    assert "| wrong answer | 0 of 2 | 1 of 1 |" in card
    assert "| the same as an earlier row: logical | 1 of 2 | 0 of 1 |" in card
    assert "| the same: logical | 1 of 1 |" in card
    assert "Ann" not in card, "a card quotes no rows"
    assert "It was not audited." in stage(folder, tmp_path / "other", NAME, audited=False).card


def test_splits_that_an_audit_does_not_know_are_not_told_file_by_file(tmp_path: Path) -> None:
    liars = {"puzzle": "Ann,Bob 0:-1 1:&(-0,-1)", "people": 2}
    card = stage(data_set(tmp_path / "rows", {"hard.jsonl": [liars]}), tmp_path / "tree", NAME).card
    assert "parquet |" not in card
    assert "## Audit\n\nIt was not audited: an audit tells splits by their names" in card


def test_answers_to_train_on_are_published_like_puzzles(tmp_path: Path) -> None:
    def row(people: int, **more: Any) -> dict[str, Any]:
        messages = [{"role": "user", "content": f"Puzzle of {people}"}]
        return {"prompt": messages, "completion": "<think>", "people": people, "correct": None, **more}

    first = [row(3) for _ in range(3)]
    rest = [row(4, correct=True), row(3, correct=False, tokens=7)]
    about = {"version": "1", "policy": {"keep": "all"}, "teacher": {"model": "org/teacher"}}
    folder = data_set(tmp_path / "rows", {"train/a.jsonl": first, "train/b.jsonl": rest}, **about)
    (folder / "dropped.jsonl").write_text("{}\n")
    tree = stage(folder, tmp_path / "tree", NAME)
    assert sorted(tree.files) == [
        "README.md",
        "data/people-3/train-00000.parquet",
        "data/people-4/train-00000.parquet",
        "manifest.json",
    ]
    [got] = [list(read(tree.folder / path)) for path in tree.files if "people-3" in path]
    assert got == [{**each, "tokens": each.get("tokens")} for each in [*first, rest[1]]]
    assert tree.left_out == ("dropped.jsonl",)
    assert "teacher:\n  model: org/teacher" in tree.card
    assert "It was not audited: it has no column of puzzles." in tree.card
    assert "No licence is stated." in tree.card
    front = huggingface_hub.DatasetCard.load(tree.folder / "README.md").data
    assert (front.license, front.task_categories) == (None, ["text-generation"])


def test_a_licence_that_is_given_stays_with_the_data(corpus: Path, tmp_path: Path) -> None:
    folder = data_set(tmp_path / "rows", {"train.jsonl": [{"question": "Who?", "answer": "?"}]})
    tree = stage(folder, tmp_path / "tree", NAME, licence="cc-by-nc-sa-4.0", audited=False)
    again = stage(tree.folder, tmp_path / "again", NAME, audited=False)
    assert tree.card == again.card
    assert huggingface_hub.DatasetCard.load(again.folder / "README.md").data.license == "cc-by-nc-sa-4.0"
    ours = stage(corpus, tmp_path / "ours", NAME, licence="mit", audited=False)
    kept = stage(ours.folder, tmp_path / "kept", NAME, audited=False)
    assert huggingface_hub.DatasetCard.load(kept.folder / "README.md").data.license == "mit"
    with pytest.raises(HubFailed, match="no licence as the Hub spells it"):
        stage(folder, tmp_path / "other", NAME, licence="Apache 2.0\n")


def test_rows_without_people_have_one_configuration(tmp_path: Path) -> None:
    folder = data_set(tmp_path / "rows", {"train.parquet": [{"question": "Who?", "people": "many"}]})
    tree = stage(folder, tmp_path / "tree", NAME, audited=False)
    assert "data/train-00000.parquet" in tree.files
    assert configs(Manifest.read(tree.folder).files) == {"default": {"train": "data/train-*.parquet"}}


def test_rows_without_a_grade_have_a_place(tmp_path: Path) -> None:
    rows = [{"people": 3, "grade": None}, {"people": 3, "grade": 2}, {"people": 12, "grade": 10}]
    tree = stage(data_set(tmp_path / "rows", {"train.parquet": rows}), tmp_path / "tree", NAME)
    assert list(configs(Manifest.read(tree.folder).files)) == [
        *("default", "people-3", "people-12", "grade-2", "grade-10", "grade-unknown")
    ]


@pytest.mark.parametrize("most_open", [2, 200])
def test_large_data_is_written_to_several_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_open: int
) -> None:
    monkeypatch.setattr(layout, "ROW_GROUP", 5)
    monkeypatch.setattr(layout, "SHARD_BYTES", 500)
    monkeypatch.setattr(layout, "_MOST_OPEN", most_open)
    rows = [{"people": 3 + i % 4, "number": i} for i in range(200)]
    one = stage(data_set(tmp_path / "one", {"train.parquet": rows}), tmp_path / "tree-1", NAME)
    files = {f"train/{i:03}.parquet": rows[i : i + 7] for i in range(0, 200, 7)}
    many = stage(data_set(tmp_path / "many", files), tmp_path / "tree-2", NAME)
    assert rows_in(one.folder) == Counter(json.dumps(row, sort_keys=True) for row in rows)
    assert "data/people-3/train-00001.parquet" in one.files
    assert rows_in(one.folder) == rows_in(many.folder)
    assert most_open == 2 or files_in(one.folder) == files_in(many.folder)
    assert all(pq.read_metadata(one.folder / path).num_rows for path in one.files if path.startswith("data/"))


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
def test_a_manifest_that_cannot_be_is_refused(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    folder = data_set(tmp_path / "rows", {"train.jsonl": [{"people": 3}]})
    content = json.loads((folder / "manifest.json").read_text())
    content["files"][0].update(change)
    (folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(BadFolder, match=re.escape(complaint)):
        stage(folder, tmp_path / "tree", NAME)


def test_a_folder_that_cannot_be_staged_is_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match=re.escape("has no manifest.json")):
        stage(tmp_path, tmp_path / "tree", NAME)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(BadFolder, match="is not empty"):
        stage(corpus, tmp_path / "full", NAME)
    mixed = data_set(tmp_path / "mixed", {"train.jsonl": [{"people": 3}, {"people": {"a": 1}}]})
    with pytest.raises(BadFile, match="several types"):
        stage(mixed, tmp_path / "tree-2", NAME)
    other = data_set(tmp_path / "other", {"train.jsonl": [{"people": 3}], "test.jsonl": [{"people": {"a": 1}}]})
    with pytest.raises(BadFile, match="other columns"):
        stage(other, tmp_path / "tree-3", NAME)
    broken = data_set(tmp_path / "broken", {"train.parquet": [{"people": 3}]})
    (broken / "train.parquet").write_bytes(b"no parquet")
    listed = json.loads((broken / "manifest.json").read_text())
    listed["files"][0]["sha256"] = sha256(broken / "train.parquet")
    (broken / "manifest.json").write_text(json.dumps(listed))
    with pytest.raises(BadFile, match="not a Parquet file"):
        stage(broken, tmp_path / "tree-4", NAME)


@pytest.mark.parametrize(
    "name", ["puzzles", "org/", "/name", "a/b/c", "../name", "org/na me", "org/..", "org/a--b", "o\n/a"]
)
def test_names_that_the_hub_has_not(name: str) -> None:
    with pytest.raises(HubFailed, match="looks like org/name"):
        check_name(name)


def test_sizes_are_as_the_hub_has_them() -> None:
    assert [size_category(10**power) for power in (0, 3, 6, 12)] == ["n<1K", "1K<n<10K", "1M<n<10M", "n>1T"]


# Checkpoints.


def safetensors(values: bytes = b"\0" * 8) -> bytes:
    header = json.dumps({"weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    return struct.pack("<Q", len(header)) + header + values


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(safetensors())
    (folder / "config.json").write_text('{"architectures": ["Qwen2ForCausalLM"]}')
    (folder / "tokenizer.json").write_text("{}")
    for name in ("optimizer.pt", "rng_state.pth", "training_args.bin"):
        (folder / name).write_bytes(pickle.dumps({"state": 1}))
    (folder / "code.py").write_text("raise SystemExit")
    (folder / "README.md").write_text("A trainer's own words.")
    (folder / "runs").mkdir()
    return folder


def test_a_checkpoint_is_published_without_what_may_run_code(checkpoint: Path, tmp_path: Path) -> None:
    tree = stage_model(checkpoint, tmp_path / "tree", "org/model", licence="mit")
    assert list(tree.files) == ["README.md", "config.json", "manifest.json", "model.safetensors", "tokenizer.json"]
    assert tree.left_out == ("README.md", "code.py", "optimizer.pt", "rng_state.pth", "runs/", "training_args.bin")
    Manifest.read(tree.folder).check(tree.folder)
    front = huggingface_hub.ModelCard.load(tree.folder / "README.md").data
    assert (front.license, front.library_name, front.pipeline_tag) == ("mit", "transformers", "text-generation")
    assert "Its manifest does not say." in tree.card
    asked = stage_model(checkpoint, tmp_path / "asked", "org/model", pickles=True)
    assert set(asked.files) - set(tree.files) == {"optimizer.pt", "rng_state.pth", "training_args.bin"}
    assert "No licence is stated." in asked.card


def test_a_checkpoint_whose_manifest_says_how_it_was_made(checkpoint: Path, tmp_path: Path) -> None:
    about = {"base_model": "org/base", "datasets": ["org/puzzles", "../secret"], "steps": 100, "license": "mit"}
    (checkpoint / "manifest.json").write_text(json.dumps(about))
    tree = stage_model(checkpoint, tmp_path / "tree", "org/model")
    front = huggingface_hub.ModelCard.load(tree.folder / "README.md").data
    assert (front.base_model, front.datasets, front.license) == ("org/base", ["org/puzzles"], "mit")
    assert "steps: 100" in tree.card
    assert json.loads((tree.folder / "manifest.json").read_text())["steps"] == 100


def test_an_adapter_says_what_it_adapts_but_no_paths() -> None:
    adapter = {"base_model_name_or_path": "/home/somebody/base"}
    assert "somebody" not in model_card("org/model", {}, adapter)
    assert "base_model: org/base" in model_card("org/model", {}, {"base_model_name_or_path": "org/base"})


def test_what_is_no_checkpoint_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    def complaint() -> str:
        with pytest.raises(BadFolder) as caught:
            stage_model(checkpoint, tmp_path / str(time.monotonic_ns()), "org/model")
        return str(caught.value)

    (checkpoint / "model.safetensors").write_bytes(pickle.dumps({"weight": [0.0] * 100}))
    assert "model.safetensors is no .safetensors file" in complaint()
    (checkpoint / "model.safetensors").unlink()
    assert "no weights in .safetensors files" in complaint()
    (checkpoint / "model.safetensors").write_bytes(safetensors())
    (checkpoint / "tokenizer.json").write_text("{")
    assert "tokenizer.json: not JSON" in complaint()
    (checkpoint / "config.json").unlink()
    assert "it is no checkpoint" in complaint()


# The Hub. Requests go from this process to a server in it; what they would wait for between tries is skipped.


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    quick = SimpleNamespace(**{name: getattr(time, name) for name in ("time", "monotonic", "perf_counter")})
    quick.sleep = lambda _seconds: None
    monkeypatch.setattr("huggingface_hub.utils._http.time", quick)
    monkeypatch.setattr("huggingface_hub.file_download.time", quick)
    for name, value in {
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_DISABLE_TELEMETRY": True,
        "HF_TOKEN_PATH": str(tmp_path / "no-token"),
        "HF_HUB_CACHE": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", value)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with Hub().running() as served:
        place = "{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", served.url)
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", f"{served.url}/{place}")
        yield served
        huggingface_hub.close_session()


def test_what_is_published_is_there_in_one_commit(served: Hub, small: Tree) -> None:
    done = publish(small, NAME, message="First")
    repository = served.repositories["dataset", NAME]
    files = served.files(NAME)
    assert files.pop(".gitattributes")
    assert files == files_in(small.folder)
    assert repository.private
    assert done.private
    assert repository.messages == ["initial commit", "First"]
    assert done.commit == repository.branches["main"]
    assert done.url.endswith(done.commit)


def test_publishing_again_changes_and_sends_nothing(served: Hub, small: Tree) -> None:
    first = publish(small, NAME)
    served.sent.clear()
    assert publish(small, NAME) == first
    assert not served.sent
    assert len(served.repositories["dataset", NAME].commits) == 2


def test_a_new_version_takes_the_place_of_the_old(served: Hub, small: Tree, tmp_path: Path) -> None:
    publish(small, NAME)
    repository = served.repositories["dataset", NAME]
    repository.commit("main", {**served.files(NAME), "notes.txt": b"by hand"}, "By hand")
    rows = [{"people": 9, "question": "Who?"}]
    smaller = stage(data_set(tmp_path / "rows", {"train.parquet": rows}), tmp_path / "tree", NAME, audited=False)
    publish(smaller, NAME)
    assert set(served.files(NAME)) == {*smaller.files, ".gitattributes", "notes.txt"}
    assert len(repository.commits) == 4


def test_files_stay_where_the_manifest_is_another(served: Hub, small: Tree, caplog: pytest.LogCaptureFixture) -> None:
    publish(small, NAME)
    repository = served.repositories["dataset", NAME]
    repository.commit("main", {"manifest.json": b"[]", "data.csv": b"1"}, "Another's")
    publish(small, NAME)
    assert set(served.files(NAME)) == {*small.files, "data.csv"}
    assert "no file of it is deleted" in caplog.text


def test_a_branch_is_made_where_it_is_not_there(served: Hub, small: Tree) -> None:
    publish(small, NAME, public=True)
    before = served.files(NAME)
    publish(replace(small, files={"README.md": small.files["README.md"]}), NAME, public=True, revision="v2")
    assert served.files(NAME) == before
    assert set(served.files(NAME, revision="v2")) == {"README.md", "manifest.json", ".gitattributes"}
    assert not served.repositories["dataset", NAME].private


@pytest.mark.parametrize("public", [False, True])
def test_nothing_becomes_public_or_private_unasked(served: Hub, small: Tree, public: bool) -> None:
    publish(small, NAME, public=public)
    before = served.files(NAME)
    smaller = replace(small, files={"README.md": small.files["README.md"]})
    with pytest.raises(HubFailed, match="is there and"):
        publish(smaller, NAME, public=not public)
    assert served.files(NAME) == before


def test_a_model_is_published_and_fetched(served: Hub, checkpoint: Path, tmp_path: Path) -> None:
    tree = stage_model(checkpoint, tmp_path / "tree", "org/model")
    publish(tree, "org/model")
    download("org/model", tmp_path / "fetched", kind="model")
    assert files_in(tmp_path / "fetched") == files_in(tree.folder)


FAULTS = {
    "the upload fails": (Fault("PUT", "/lfs/", 500), SERVER_ERROR),
    "an upload fails after others": (Fault("PUT", "/lfs/", 503, skip=2), SERVER_ERROR),
    "the upload is cut off": (Fault("PUT", "/lfs/", skip=1), re.compile("run the command again")),
    "the upload is refused": (Fault("PUT", "/lfs/", 403), re.compile("the token may not do this")),
    "nothing is said of how to upload": (Fault("POST", "/preupload/", 500), SERVER_ERROR),
    "no place to upload to": (Fault("POST", "/objects/batch", 502), SERVER_ERROR),
    "the commit fails": (Fault("POST", "/commit/", 500), SERVER_ERROR),
    "the commit is cut off": (Fault("POST", "/commit/"), re.compile("run the command again")),
    "the commit is refused": (Fault("POST", "/commit/", 412), re.compile("somebody else changed it")),
    "the commit is forbidden": (Fault("POST", "/commit/", 403), re.compile("the token may not do this")),
    "nobody is known": (Fault("GET", "/api/datasets/", 401), re.compile("'hf auth login'")),
    "too many requests": (Fault("POST", "/preupload/", 429), re.compile("wait some minutes")),
    "too large": (Fault("POST", "/commit/", 413), re.compile("as large as these")),
    "refused without a reason": (Fault("POST", "/commit/", 400, message="no such thing"), re.compile("no such thing")),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_leaves_the_remote_as_it_was(
    served: Hub, small: Tree, tmp_path: Path, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    for module in ("knk", "huggingface_hub"):
        caplog.set_level("DEBUG", module)
    old = stage(data_set(tmp_path / "rows", {"train.parquet": [{"people": 9}]}), tmp_path / "tree", NAME)
    publish(old, NAME)
    repository = served.repositories["dataset", NAME]
    before, fault = dict(repository.branches), FAULTS[case]
    served.faults.append(replace(fault[0], message=f"{fault[0].message} {TOKEN}"))
    with pytest.raises(HubFailed, match=fault[1]) as caught:
        publish(small, NAME)
    told = str(caught.value)
    assert "\n" not in told
    assert repository.branches == before
    served.faults.clear()
    publish(small, NAME)
    assert set(served.files(NAME)) == {*small.files, ".gitattributes"}
    assert TOKEN not in told + caplog.text
    assert "secretSignature" not in told
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "fault",
    [
        Fault("PUT", "/lfs/", 500, times=3),
        Fault("PUT", "/lfs/", times=2),
        Fault("PUT", "/lfs/", seconds=0.3, times=2),
        Fault("POST", "/preupload/", 503, times=2),
    ],
    ids=["failing", "cut", "slow", "not available"],
)
def test_a_fault_that_passes_is_not_noticed(served: Hub, small: Tree, fault: Fault) -> None:
    served.faults.append(replace(fault))
    publish(small, NAME)
    assert set(served.files(NAME)) == {*small.files, ".gitattributes"}


def test_a_commit_whose_answer_is_lost_is_not_made_twice(served: Hub, small: Tree) -> None:
    publish(small, NAME)
    repository = served.repositories["dataset", NAME]
    repository.commit("main", {**served.files(NAME), "README.md": b"---\nlicense: mit\n---\n"}, "By hand")
    served.faults.append(Fault("POST", "/commit/", after=True, times=1))
    with pytest.raises(HubFailed, match="run the command again"):
        publish(small, NAME)
    assert len(repository.commits) == 4
    assert publish(small, NAME).commit == repository.branches["main"]
    assert len(repository.commits) == 4


def test_a_commit_of_somebody_else_is_not_lost(served: Hub, small: Tree, tmp_path: Path) -> None:
    rows = data_set(tmp_path / "rows", {"train.parquet": [{"people": 9}]})
    publish(stage(rows, tmp_path / "tree", NAME), NAME)
    repository = served.repositories["dataset", NAME]
    files = {**served.files(NAME), "theirs.txt": b"theirs"}
    served.faults.append(Fault("PUT", "/lfs/", times=1, before=lambda: repository.commit("main", files, "Theirs")))
    with pytest.raises(HubFailed, match="somebody else changed it meanwhile"):
        publish(small, NAME)
    assert served.files(NAME) == files
    publish(small, NAME)
    assert served.files(NAME)["theirs.txt"] == b"theirs"


def test_who_may_not_write_is_told_so(served: Hub, small: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", READER)
    with pytest.raises(HubFailed, match="the token may not do this with org/puzzles") as caught:
        publish(small, NAME)
    assert READER not in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", "hf_nobodysToken")
    with pytest.raises(HubFailed, match="does not accept the token"):
        publish(small, NAME)
    monkeypatch.delenv("HF_TOKEN")
    served.requests.clear()
    with pytest.raises(HubFailed, match="there is no token: set HF_TOKEN"):
        publish(small, NAME)
    assert not served.requests
    assert not served.repositories


def test_a_hub_that_is_not_there(served: Hub, small: Tree, tmp_path: Path) -> None:
    with pytest.raises(HubFailed, match="org/puzzles was not published: Connect"):
        publish(small, NAME, endpoint="http://127.0.0.1:9")
    with pytest.raises(HubFailed, match="org/puzzles was not fetched: Connect"):
        download(NAME, tmp_path / "fetched", endpoint="http://127.0.0.1:9")


# And back.


def test_what_is_fetched_is_what_was_published(served: Hub, small: Tree, tmp_path: Path) -> None:
    commit = publish(small, NAME).commit
    assert download(NAME, tmp_path / "fetched") == commit
    assert files_in(tmp_path / "fetched") == files_in(small.folder)
    (tmp_path / "empty").mkdir()
    assert download(NAME, tmp_path / "empty", revision=commit) == commit
    assert {path.name for path in tmp_path.iterdir()} == {"fetched", "empty"}
    with pytest.raises(BadFolder, match="is not empty"):
        download(NAME, tmp_path / "fetched")


def test_a_download_that_is_cut_off_goes_on(served: Hub, small: Tree, tmp_path: Path) -> None:
    publish(small, NAME)
    served.faults.append(Fault("GET", "/data/people-4/"))
    with pytest.raises(HubFailed, match="was not fetched"):
        download(NAME, tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()
    served.faults.clear()
    served.requests.clear()
    download(NAME, tmp_path / "fetched")
    assert files_in(tmp_path / "fetched") == files_in(small.folder)
    assert not [request for request in served.requests if request.startswith("GET") and "/people-3/" in request]
    assert [path.name for path in tmp_path.iterdir()] == ["fetched"]


def test_a_download_goes_on_with_another_commit(served: Hub, small: Tree, tmp_path: Path) -> None:
    publish(small, NAME)
    served.faults.append(Fault("GET", "/data/people-4/"))
    with pytest.raises(HubFailed, match="was not fetched"):
        download(NAME, tmp_path / "fetched")
    served.faults.clear()
    rows = data_set(tmp_path / "rows", {"train.parquet": [{"people": 9}]})
    newer = stage(rows, tmp_path / "tree", NAME)
    publish(newer, NAME)
    download(NAME, tmp_path / "fetched")
    assert files_in(tmp_path / "fetched") == files_in(newer.folder)


def test_a_file_that_differs_is_named(served: Hub, small: Tree, tmp_path: Path) -> None:
    publish(small, NAME)
    repository = served.repositories["dataset", NAME]
    path = next(path for path in small.files if path.startswith("data/"))
    right = served.files(NAME)
    repository.commit("main", {**right, path: b"other bytes"}, "Damaged")
    with pytest.raises(BadFolder, match=re.escape(f"{path} differs from what the manifest.json of {NAME} says")):
        download(NAME, tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()
    repository.commit("main", {name: content for name, content in right.items() if name != path}, "Lost")
    with pytest.raises(BadFolder, match=re.escape(f"{path} is in the manifest.json of {NAME}, and not there")):
        download(NAME, tmp_path / "fetched")
    repository.commit("main", right, "Mended")
    download(NAME, tmp_path / "fetched")
    assert files_in(tmp_path / "fetched") == files_in(small.folder)


def test_a_file_damaged_between_two_tries_is_fetched_again(served: Hub, small: Tree, tmp_path: Path) -> None:
    publish(small, NAME)
    served.faults.append(Fault("GET", "/data/people-4/"))
    with pytest.raises(HubFailed, match="was not fetched"):
        download(NAME, tmp_path / "fetched")
    served.faults.clear()
    path = next(path for path in small.files if path.startswith("data/people-3/"))
    damaged = tmp_path / ".fetched.unfinished" / path
    damaged.write_bytes(b"damaged")
    os.utime(damaged, (1, 1))
    complaints: list[str] = []
    for _ in range(2):
        try:
            download(NAME, tmp_path / "fetched")
            break
        except BadFolder as error:
            complaints.append(str(error))
    assert all(path in complaint for complaint in complaints)
    assert files_in(tmp_path / "fetched") == files_in(small.folder)


def test_only_what_the_manifest_lists_is_fetched(served: Hub, small: Tree, tmp_path: Path) -> None:
    publish(small, NAME)
    repository = served.repositories["dataset", NAME]
    more = {"data/people-3/train-00009.parquet": b"slipped in", "loader.py": b"raise SystemExit", "a/b": b""}
    repository.commit("main", {**served.files(NAME), **more, "README.md": b"edited by hand"}, "More")
    download(NAME, tmp_path / "fetched")
    assert files_in(tmp_path / "fetched") == {**files_in(small.folder), "README.md": b"edited by hand"}
    assert not (tmp_path / "fetched" / "a").exists()


def test_what_has_no_manifest_is_fetched_unchecked_or_not_at_all(served: Hub, small: Tree, tmp_path: Path) -> None:
    publish(replace(small, files={"README.md": small.files["README.md"]}), NAME)
    with pytest.raises(BadFolder, match=re.escape("has no manifest.json to check its files by")):
        download(NAME, tmp_path / "fetched")
    download(NAME, tmp_path / "fetched", unchecked=True)
    assert sorted(files_in(tmp_path / "fetched")) == [".gitattributes", "README.md"]


@pytest.mark.parametrize("path", ["../outside", "/tmp/outside", "data/../../outside", ".cache/huggingface/x/../../y"])
def test_a_manifest_from_the_hub_leads_nowhere_else(served: Hub, small: Tree, tmp_path: Path, path: str) -> None:
    publish(small, NAME)
    content = json.loads(served.files(NAME)["manifest.json"])
    content["files"][0]["path"] = path
    changed = {**served.files(NAME), "manifest.json": json.dumps(content).encode()}
    served.repositories["dataset", NAME].commit("main", changed, "Hostile")
    with pytest.raises(BadFolder, match="invalid path of a file"):
        download(NAME, tmp_path / "inner" / "fetched")
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(("name", "revision"), [("org/none", None), (NAME, "no-such-branch")])
def test_what_is_not_there_is_told(served: Hub, small: Tree, tmp_path: Path, name: str, revision: str | None) -> None:
    publish(small, NAME)
    with pytest.raises(HubFailed, match=f"there is no {name}, or no such revision"):
        download(name, tmp_path / "fetched", revision=revision)
    assert not (tmp_path / "fetched").exists()


def test_messages_hold_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "another-kind-of-token")
    told = hub._clean(f"{TOKEN} Bearer abc another-kind-of-token http://me:secret@host/?X-Signature=secret&a=b\nnext")
    assert told == "[...] [...] [...] http://[...]host/?[...] next"


# The commands.


def run(*arguments: str | Path) -> int:
    return cli.main([str(argument) for argument in arguments])


def test_a_dry_run_touches_nothing(
    served: Hub, corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    before = files_in(corpus.parent)
    assert run("publish", corpus, NAME, "--dry-run", "--processes", "1") == 0
    told = capsys.readouterr().out
    tree, _, card = told.partition("\n\n")
    assert re.search(r"^ *[\d,]+  data/people-3/grade-1/train-00000.parquet$", tree, re.MULTILINE)
    assert re.search(r"^[\d,]+  bytes in \d+ files$", tree, re.MULTILINE)
    assert yaml.safe_load(card.split("---\n")[1])["license"] == "apache-2.0"
    assert files_in(corpus.parent) == before
    assert not served.requests


def test_commands_publish_and_fetch(
    served: Hub, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: Callable[[], Any] = capsys.readouterr
    kept = tmp_path / "kept"
    assert run("publish", corpus, NAME, "--no-audit", "-o", kept, "-m", "First", "--branch", "v1") == 0
    commit = served.repositories["dataset", NAME].branches["v1"]
    assert told().out.splitlines()[-1] == f"private: {served.url}/datasets/{NAME}/commit/{commit}"
    assert run("download", NAME, "-o", tmp_path / "fetched", "--revision", "v1") == 0
    assert told().out == f"{tmp_path / 'fetched'}: {NAME} at {commit}\n"
    assert files_in(tmp_path / "fetched") == files_in(kept)
    assert run("publish", corpus, NAME, "--no-audit", "-o", kept) == 2
    assert told().err == f"knk: {kept} is not empty: choose another folder or remove that one\n"
    served.faults.append(Fault("POST", "/preupload/", 403))
    assert run("publish", corpus, NAME, "--no-audit") == 2
    assert re.fullmatch(r"knk: org/puzzles was not published: the token may not do this.*\n", told().err)
    assert sorted(path.name for path in corpus.parent.iterdir()) == ["corpus"]


def test_a_command_publishes_a_model(
    served: Hub, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("publish", "--model", checkpoint, "org/model", "--public", "--license", "mit") == 0
    assert (
        "left out: README.md, code.py, optimizer.pt, rng_state.pth, runs/, training_args.bin\n"
        in capsys.readouterr().out
    )
    assert not served.repositories["model", "org/model"].private
    assert run("download", "--model", "org/model", "-o", tmp_path / "fetched") == 0
    assert (tmp_path / "fetched" / "model.safetensors").read_bytes() == safetensors()


def environment(served: Hub, home: Path) -> dict[str, str]:
    """The environment of somebody who uses that server as the Hub."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HF_ENDPOINT": served.url,
        "HF_TOKEN": TOKEN,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HOME": str(home),
    }


LOADING = """
import json, datasets
told = {}
for config in datasets.get_dataset_config_names("org/puzzles"):
    whole = datasets.load_dataset("org/puzzles", config)
    streamed = datasets.load_dataset("org/puzzles", config, streaming=True)
    told[config] = {split: [len(rows), sum(1 for _ in streamed[split])] for split, rows in whole.items()}
print(json.dumps(told))
"""


@pytest.mark.slow
def test_load_dataset_reads_every_configuration_from_the_hub(tree: Tree, tmp_path: Path) -> None:
    with Hub().running() as served:
        settings = environment(served, tmp_path)
        arguments = [sys.executable, "-m", "knk", "publish", str(tree.folder), NAME, "--no-audit"]
        subprocess.run(arguments, env=settings, check=True, capture_output=True, timeout=120)
        done = subprocess.run(
            [sys.executable, "-c", LOADING], env=settings, check=True, capture_output=True, text=True, timeout=300
        )
    told = json.loads(done.stdout)
    manifest = Manifest.read(tree.folder)
    assert sorted(told) == sorted(configs(manifest.files))
    for config, splits in told.items():
        for split, (whole, streamed) in splits.items():
            parts = manifest.counts()[split].items()
            expected = sum(number for part, number in parts if config == "default" or config in part.split("/"))
            assert whole == streamed == expected


@pytest.mark.slow
def test_a_process_killed_while_it_uploads_leaves_the_remote_as_it_was(tree: Tree, tmp_path: Path) -> None:
    with Hub().running() as served:
        settings = environment(served, tmp_path)
        arguments = [sys.executable, "-m", "knk", "publish", str(tree.folder), NAME, "--no-audit"]
        served.faults.append(Fault("PUT", "/lfs/", seconds=60, skip=2))
        with subprocess.Popen(arguments, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            for _ in range(600):
                if len(served.sent) == 2:
                    break
                time.sleep(0.1)
            process.send_signal(signal.SIGKILL)
        assert len(served.sent) == 2
        assert set(served.files(NAME)) == {".gitattributes"}
        for fault in served.faults:
            fault.seconds = 0.001
        subprocess.run(arguments, env=settings, check=True, capture_output=True, timeout=120)
        assert set(served.files(NAME)) == {*tree.files, ".gitattributes"}
        assert len(served.sent) == len(set(served.sent)), "what was sent before is not sent again"
