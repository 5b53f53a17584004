"""Rewards of completions that TRL parsed by a response template, which takes the thought out of the text."""

import importlib.util
from typing import Any

import pytest

from knk import rewards
from knk.rewards import format_reward
from tests.support.qwen_tokenizer import qwen_like_tokenizer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
]

THOUGHT, ANSWER = "Were Ann a knight, she would lie.", "<answer>Ann: knave, Bob: knight</answer>"
ROW = {"puzzle": ["Ann,Bob 0:&(-0,-1)"], "solution": [[False, True]]}
TURN = "<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n"


def parsed(template: str, prompt: str, text: str) -> dict[str, Any]:
    """Return the message that TRL makes of a completion's tokens."""
    from trl import chat_template_utils

    tokenizer = qwen_like_tokenizer()
    tokenizer.response_template = getattr(chat_template_utils, template)
    prompt_ids, ids = (tokenizer(part)["input_ids"] for part in (prompt, text))
    message: dict[str, Any] = chat_template_utils.parse_response(tokenizer, ids, prefix=prompt_ids)
    return message


@pytest.mark.parametrize(
    ("template", "opening", "prefix"),
    [
        ("qwen3_template", "", "<think>\n"),
        ("qwen3_template", "<think>\n", ""),
        ("lfm2_2_5_template", "", "<think>"),
        ("nemotron_3_template", "<think>\n", ""),
    ],
)
@pytest.mark.parametrize(
    ("text", "reward"),
    [
        (f"{THOUGHT}\n</think>\n\n{ANSWER}<|im_end|>", 2),
        (f"{THOUGHT}\n</think>\n\n{ANSWER}", 2),
        (f"{THOUGHT}\n</think>\n\n{ANSWER} Or not.<|im_end|>", -2),
        (f"{THOUGHT} {ANSWER}<|im_end|>", -2),
        (f"\n</think>\n\n{ANSWER}<|im_end|>", -2),
        (f"{THOUGHT}\n</think>\n\n<answer>Ann: knight, Bob: knight</answer><|im_end|>", -0.5),
    ],
)
def test_a_parsed_completion_has_the_reward_of_its_text(
    template: str, opening: str, prefix: str, text: str, reward: float
) -> None:
    message = parsed(template, TURN + opening, prefix + text)
    assert rewards.kk_reward(completions=[[message]], **ROW) == [reward]
    assert format_reward(completions=[[message]]) == [float(reward > -2)]
