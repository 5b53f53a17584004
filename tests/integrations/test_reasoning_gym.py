"""The dataset for reasoning-gym, used through reasoning-gym."""

import importlib.util
import json
import pickle
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from knk.datasets.split import split_of
from knk.errors import BadFile, BadRow, BadSpec, NoVerdict
from knk.generation.spec import Spec
from knk.tasks import kk
from tests.support.completions import cases, doctests_pass, unknown

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("reasoning_gym") is None,
        reason="reasoning-gym is not installed: make check-all does it",
    ),
]


def dataset(**config: Any) -> Any:
    import reasoning_gym

    importlib.import_module("knk.integrations.reasoning_gym")
    return reasoning_gym.create_dataset("knk", **config)


def test_an_item_has_the_fields_of_reasoning_gym() -> None:
    data = dataset(spec=Spec(people=3), split="held-out", seed=5, size=6)
    items = list(data)
    assert len(items) == len(data) == 6
    rows = list(kk.rows("held-out", n=6, seed=5, spec=Spec(people=3)))
    for index, (item, row) in enumerate(zip(items, rows, strict=True)):
        assert list(item) == ["question", "answer", "metadata"]
        assert row["text"] in item["question"]
        assert item["metadata"]["source_dataset"] == "knk"
        assert item["metadata"]["source_index"] == index
        assert split_of(item["metadata"]["id"]) != "train"
        assert json.loads(json.dumps(item)) == item == data[index]
        assert data.score_answer(item["answer"], item) == 1


def test_scores_agree_with_verify() -> None:
    data = dataset(size=1)
    puzzles = [case for case in cases() if case.task == "kk"]
    scores = [data.score_answer(case.completion, {"metadata": case.row}) for case in puzzles]
    assert scores == [float(bool(case.verdict)) for case in puzzles]
    assert set(scores) == {0.0, 1.0}


def test_no_answer_scores_zero_and_a_foreign_entry_is_an_error() -> None:
    data = dataset(size=1)
    assert data.score_answer(None, data[0]) == 0
    assert data.score_answer("", data[0]) == 0
    foreign: list[dict[str, Any]] = [{}, {"metadata": None}, {"metadata": {}}, {"metadata": {"puzzle": 7}}]
    for entry in foreign:
        with pytest.raises(BadRow):
            data.score_answer("Ann is a knight.", entry)


def test_an_undecided_answer_has_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    data = dataset(size=1)
    item = data[0]
    monkeypatch.setattr(kk, "verify", unknown)
    with pytest.raises(NoVerdict):
        data.score_answer("Ann is a knight.", item)


def test_a_composite_dataset_takes_a_configuration_from_a_file() -> None:
    from reasoning_gym.composite import CompositeConfig, CompositeDataset, DatasetSpec

    config = {"spec": {"people": [2, 3], "grade": 1}, "split": "train"}
    importlib.import_module("knk.integrations.reasoning_gym")
    data = CompositeDataset(
        CompositeConfig(seed=1, size=4, datasets=[DatasetSpec(name="knk", weight=1, config=config)])
    )
    assert [data.score_answer(item["answer"], item) for item in data] == [1] * 4


def test_neighbouring_seeds_share_few_puzzles_and_no_puzzle_repeats() -> None:
    keys = [[item["metadata"]["id"] for item in dataset(seed=seed, size=200)] for seed in (42, 43)]
    assert [len(set(one)) for one in keys] == [200, 200]
    assert len(set(keys[0]) & set(keys[1])) < 40


def test_an_endless_dataset_continues_with_new_puzzles() -> None:
    from reasoning_gym.dataset import ReseedingDataset

    endless = ReseedingDataset(dataset(size=5), chunk_size=5)
    assert len({item["metadata"]["id"] for item in islice(endless, 10)}) == 10


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"split": "validation"}, BadFile),
        ({"size": 0}, BadSpec),
        ({"spec": {"persons": 3}}, BadSpec),
        ({"spec": {"people": 0}}, BadSpec),
    ],
)
def test_invalid_configurations(config: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        dataset(**config)


def test_an_index_out_of_range() -> None:
    data = dataset(size=2)
    for index in (-1, 2):
        with pytest.raises(IndexError):
            data[index]


def test_a_dataset_can_be_pickled() -> None:
    data = dataset(size=3, seed=2)
    items = list(data)
    assert list(pickle.loads(pickle.dumps(data))) == items


def test_the_doctests_pass(tmp_path: Path) -> None:
    assert doctests_pass(importlib.import_module("knk.integrations.reasoning_gym"))
