"""All checks before a run, on a real model: what cannot work is an error in one line."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from knk.errors import BadConfig
from knk.training.recipe import load, parse_change
from tests.support.training import write_recipes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model and data for both trainers."""
    folder = tmp_path_factory.mktemp("bench")
    write_recipes(folder)
    return folder


@pytest.fixture(autouse=True)
def _no_import_left_over() -> Iterator[None]:
    before = list(sys.path)
    yield
    assert sys.path == before


@pytest.mark.parametrize(
    ("trainer", "change", "message"),
    [
        ("sft", "max_lenght=3", "did you mean 'max_length'"),
        ("sft", "max_length=600", "longer than 600 tokens"),
        ("sft", "max_length=9000", "the model's context of 4096 tokens"),
        ("sft", "model_name_or_path=nobody", "cannot be read"),
        ("sft", "eos_token=foo", "eos_token: the model's tokenizer has no token 'foo'"),
        ("sft", "pad_token=foo", "pad_token: the model's tokenizer has no token 'foo'"),
        ("sft", "chat_template_path=nope", "chat_template_path: nope: no such file or folder"),
        ("sft", "assistant_only_loss=true", "'assistant_only_loss' needs rows of messages"),
        ("sft", "datasets=[{path: json, data_files: sft.jsonl, split: 'train[:0]'}]", "the data have no rows"),
        ("grpo", "num_generations=3", "a multiple of num_generations 3, got 8 completions"),
        ("grpo", "per_device_train_batch_size=256", "drop"),
        ("grpo", "max_completion_length=4000", "lower max_completion_length to"),
        ("grpo", "reward_funcs=[knk.rewards.nothing]", "cannot be imported: no reward"),
        ("grpo", "reward_funcs=[knk.rewards.math_reward]", "cannot be imported: no reward"),
        ("grpo", "reward_funcs=[knk.rewards.mmlu_pro_reward]", "knk task mmlu_pro"),
        ("grpo", "reward_weights=[1.0, 2.0]", "expected 1 number in 'reward_weights'"),
    ],
)
def test_impossible_settings_are_errors_before_the_start(
    trainer: str, change: str, message: str, bench: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from knk.training.preflight import check

    monkeypatch.chdir(bench)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    name, value = parse_change(change)
    with pytest.raises(BadConfig) as caught:
        check(load(f"{trainer}.yaml", (), {name: value}))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
