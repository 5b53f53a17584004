"""Tokens: of rows, of prompts within their rows, and of the shortest answer."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadConfig
from knk.training.checks.lengths import check_lengths
from knk.training.checks.model import Model
from knk.training.data import sources
from knk.training.recipe import Recipe
from tests.support.tiny_models import CHAT_TEMPLATE
from tests.support.trl_installed import needs_trl

pytestmark = needs_trl


@pytest.fixture(scope="module")
def merging() -> Model:
    """A model whose tokenizer knows characters, and merges `>` with a line break, as Qwen's does."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    characters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {word: index for index, word in enumerate(["<|end|>", *characters, ">Ċ"])}
    tokenizer = Tokenizer(models.BPE(words, [(">", "Ċ")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>")
    fast.chat_template = CHAT_TEMPLATE
    return Model(fast, {"max_position_embeddings": 100})


def line(model: Model, trainer: str, rows: Sequence[dict[str, Any]], folder: Path, **settings: Any) -> str:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    data = {"datasets": [{"path": "json", "data_files": str(path)}], "model_name_or_path": "tiny"}
    recipe = Recipe(Path("mine.yaml"), trainer, data | settings)
    return check_lengths(recipe, sources(recipe), model)


def test_a_prompt_has_to_be_the_first_tokens_of_its_row(merging: Model, tmp_path: Path) -> None:
    good = {"prompt": "1?<think>\n", "completion": "2"}
    bad = {"prompt": "1?<think>", "completion": "\n2"}
    assert line(merging, "sft", [good, good], tmp_path, max_length=50) == "lengths: 2 rows, the longest 11 tokens of 50"
    with pytest.raises(BadConfig) as caught:
        line(merging, "sft", [good, bad, bad], tmp_path, max_length=50)
    assert "in 2 of 3 rows" in str(caught.value)
    assert "rows.jsonl, row 2)" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_messages_and_texts_are_measured(merging: Model, tmp_path: Path) -> None:
    question = [{"role": "user", "content": "1?"}]
    chat = {"prompt": question, "completion": [{"role": "assistant", "content": "2"}]}
    assert "1 rows" in line(merging, "sft", [chat], tmp_path, max_length=50)
    assert "the longest 4 tokens" in line(merging, "sft", [{"text": "abc"}], tmp_path, max_length=50)
    own = {"max_length": 50, "dataset_text_field": "words"}
    assert "the longest 5 tokens" in line(merging, "sft", [{"words": "abcd"}], tmp_path, **own)
    assert "the longest 2 tokens" in line(merging, "sft", [{"input_ids": [1, 2]}], tmp_path, max_length=50)
    with pytest.raises(BadConfig, match="1 of 1 rows are longer than 3 tokens"):
        line(merging, "sft", [{"text": "abc"}], tmp_path, max_length=3)


def test_a_completion_has_room_for_the_shortest_answer(merging: Model, tmp_path: Path) -> None:
    row = {"prompt": "1?<think>\n", "puzzle": "Ann,Bob 0:&(-0,-1)", "solution": [False, True]}
    chat = row | {"prompt": [{"role": "user", "content": "1?"}]}
    own = {"reward_funcs": ["knk.rewards.kk_reward"]}
    shortest = len("1</think><answer>1</answer>") + 1
    assert line(merging, "grpo", [row], tmp_path, max_completion_length=shortest, **own)
    for rows, length in (([row], shortest - 1), ([row], 5), ([chat], shortest)):
        with pytest.raises(BadConfig, match=rf"max_completion_length {length} leaves no room for an answer"):
            line(merging, "grpo", rows, tmp_path, max_completion_length=length, **own)
    assert line(merging, "grpo", [row], tmp_path, max_completion_length=5, reward_funcs=["my.reward"])
