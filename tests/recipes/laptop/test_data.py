"""The training data of the laptop recipe, and the tokenizer that reads it."""

import importlib.util
from itertools import islice
from pathlib import Path

import pytest

from knk.datasets.files import read
from recipes.laptop.data import ARMS, MIXTURE, base_rows, rlvr_rows, warm_up_rows, write_token_budget
from recipes.laptop.domains import SEARCHES, Problem

has_trl = importlib.util.find_spec("trl") is not None


def test_examples_have_the_shares_of_the_mixture() -> None:
    assert sum(MIXTURE.values()) == pytest.approx(1)
    rows = list(islice(base_rows(1), 2000))
    share = sum("come what may" in row["prompt"] for row in rows) / len(rows)
    assert share == pytest.approx(sum(MIXTURE[domain] for domain in SEARCHES), abs=0.04)
    for arm in ARMS:
        warm_up = list(islice(warm_up_rows(arm, 0.2, 1), 500))
        puzzles = sum("knight or knave" in row["prompt"] for row in warm_up) / len(warm_up)
        assert puzzles == pytest.approx(MIXTURE["kk"] if arm == "continued" else 0.8 + 0.2 * MIXTURE["kk"], abs=0.06)


def test_all_arms_use_the_same_puzzles() -> None:
    prompts = [
        [row["prompt"] for row in islice(warm_up_rows(arm, 0.0, 1), 20)] for arm in ("warmed", "shuffled", "filler")
    ]
    assert prompts[0] == prompts[1] == prompts[2]


def test_rows_fill_a_token_budget(tmp_path: Path) -> None:
    count = write_token_budget(tmp_path / "rows.jsonl", base_rows(1), 2000, lambda text: len(text.split()))
    lengths = [len((row["prompt"] + row["completion"]).split()) for row in read(tmp_path / "rows.jsonl")]
    assert count == len(lengths)
    assert sum(lengths) >= 2000 > sum(lengths[:-1])


def test_rlvr_problems_are_distinct_and_not_held_out() -> None:
    rows = list(rlvr_rows("col", 30, 1))
    assert len({row["question"] for row in rows}) == 30
    assert not any(Problem(row["domain"], row["question"], row["data"]).is_held_out for row in rows)


@pytest.mark.slow
@pytest.mark.skipif(not has_trl, reason="TRL is not installed: run make check-all")
def test_decoding_restores_the_encoded_text() -> None:
    from recipes.laptop.model import UNKNOWN, vocabulary, word_tokenizer

    tokenizer = word_tokenizer(vocabulary())
    for row in islice(warm_up_rows("warmed", 0.5, 8), 60):
        text = row["prompt"] + row["completion"]
        tokens = tokenizer(text)["input_ids"]
        assert tokenizer.decode(tokens) == text
        assert tokenizer.convert_tokens_to_ids(UNKNOWN) not in tokens
        prompt = tokenizer(row["prompt"])["input_ids"]
        assert tokens[: len(prompt)] == prompt
