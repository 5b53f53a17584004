"""Cards: what the Hub reads in them, and what people do."""

import json
import re
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pyarrow.parquet as pq

from knk.datasets.build import build
from knk.datasets.config import CorpusConfig
from knk.datasets.manifest import Manifest
from knk.hub.cards import (
    config_yaml,
    dataset_card,
    model_card,
    size_category,
)
from knk.hub.staging import (
    StagedFolder,
    stage,
    stage_model,
)
from tests.support.folders import files_in
from tests.support.hub_folders import NAME, dataset_folder


def test_the_hub_can_read_the_metadata_of_the_card(staged: StagedFolder) -> None:
    front = huggingface_hub.DatasetCard.load(staged.folder / "README.md").data
    assert front.license == "apache-2.0"
    assert front.language == ["en"]
    assert front.task_categories == ["question-answering", "text-generation"]
    assert front.size_categories == ["n<1K"]
    assert front.pretty_name == "puzzles"
    assert "knights-and-knaves" in (front.tags or [])


def test_the_card_has_columns_splits_and_audit(corpus: Path, staged: StagedFolder) -> None:
    card = staged.card
    for column in pq.read_schema(next(staged.folder.glob("data/*/*/*.parquet"))):
        assert re.search(rf"^\| `{column.name}` \| `{re.escape(str(column.type))}` \| \w.*\|$", card, re.MULTILINE)
    assert 'load_dataset("org/puzzles", "people-3")' in card
    assert "arXiv 2505.13718" in card
    assert "`knk corpus audit` found no faulty row, no duplicate and no leak." in card
    assert re.search(r"^\| wrong answer \| 0 of \d+ \| 0 of \d+ \|$", card, re.MULTILINE)
    counts = Manifest.read(staged.folder).counts()
    assert f"| `default` | {sum(counts['train'].values())} | {sum(counts['test'].values())} |" in card


def test_the_config_in_the_card_builds_the_same_corpus(corpus: Path, staged: StagedFolder, tmp_path: Path) -> None:
    found = re.search(r"```yaml\n(.*?)```", staged.card, re.DOTALL)
    assert found
    build(CorpusConfig.from_text(found[1]), tmp_path / "again")
    assert files_in(tmp_path / "again") == files_in(corpus)


def test_an_unreadable_config_is_quoted_as_it_is(staged: StagedFolder) -> None:
    assert config_yaml({"parts": [{"unknown": 1}]}) is None
    manifest = Manifest.read(staged.folder)
    schema = pq.read_schema(next(staged.folder.glob("data/*/*/*.parquet")))
    card = dataset_card(NAME, replace(manifest, about={"config": {"made": "by ``` hand"}, "version": "9"}), schema)
    assert "````yaml\nconfig:\n  made: by ``` hand\n````" in card


def test_the_card_has_the_numbers_of_an_audit_and_no_rows(tmp_path: Path) -> None:
    liars = {"puzzle": "Ann,Bob 0:-1 1:&(-0,-1)", "people": 2, "solution": [True, False]}
    folder = dataset_folder(
        tmp_path / "rows", {"train.jsonl": [liars, liars], "test.jsonl": [{**liars, "solution": [True] * 2}]}
    )
    card = stage(folder, tmp_path / "staged", NAME).card
    assert "`knk corpus audit` found the following." in card
    assert "| wrong answer | 0 of 2 | 1 of 1 |" in card
    assert "| the same as an earlier row: logical | 1 of 2 | 0 of 1 |" in card
    assert "| the same: logical | 1 of 1 |" in card
    assert "Ann" not in card, "a card quotes no rows"
    assert "It was not audited." in stage(folder, tmp_path / "other", NAME, audited=False).card


def test_size_categories_match_the_hub() -> None:
    assert [size_category(10**power) for power in (0, 3, 6, 12)] == ["n<1K", "1K<n<10K", "1M<n<10M", "n>1T"]


def test_the_card_of_a_checkpoint_quotes_its_manifest(checkpoint: Path, tmp_path: Path) -> None:
    about = {"base_model": "org/base", "datasets": ["org/puzzles", "../secret"], "steps": 100, "license": "mit"}
    (checkpoint / "manifest.json").write_text(json.dumps(about))
    staged = stage_model(checkpoint, tmp_path / "staged", "org/model")
    front = huggingface_hub.ModelCard.load(staged.folder / "README.md").data
    assert (front.base_model, front.datasets, front.license) == ("org/base", ["org/puzzles"], "mit")
    assert "steps: 100" in staged.card
    assert json.loads((staged.folder / "manifest.json").read_text())["steps"] == 100


def test_the_card_of_an_adapter_names_its_base_model_but_no_path() -> None:
    adapter = {"base_model_name_or_path": "/home/somebody/base"}
    assert "somebody" not in model_card("org/model", {}, adapter)
    assert "base_model: org/base" in model_card("org/model", {}, {"base_model_name_or_path": "org/base"})
