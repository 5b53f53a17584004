"""Stored answers as the model wrote them: with the thinking and the closing tag that a server took out."""

from typing import Any

import pytest

from knk.errors import BadRow
from knk.inference.completions import completion_text, received_text


@pytest.mark.parametrize(
    ("text", "answer", "is_restored"),
    [
        ("a<answer>b", {"finish_reason": "stop", "stop": "</answer>"}, True),
        ("a<answer>b", {"finish_reason": "stop", "stop": "</answer>\n"}, True),
        ("a<answer>b", {"finish_reason": "stop", "parameters": {"stop": ["</answer>", "User:"]}}, True),
        ("a<answer>b", {"finish_reason": "stop", "parameters": {"stop": ["User:"]}}, False),
        ("a<answer>b", {"finish_reason": "stop", "stop": "User:", "parameters": {"stop": ["</answer>"]}}, False),
        ("a<answer>b", {"finish_reason": "length", "stop": "</answer>"}, False),
        ("a<answer>b", {"finish_reason": "length", "parameters": {"stop": ["</answer>"]}}, False),
        ("a<answer>b</answer>", {"finish_reason": "stop", "stop": "</answer>"}, False),
        # The server says that the model wrote the tag, so it did.
        ("a", {"finish_reason": "stop", "stop": "</answer>"}, True),
        # It does not say so, and the model only thinks of the tag.
        (
            "the tag <answer> comes last</think>b",
            {"finish_reason": "stop", "parameters": {"stop": ["</answer>"]}},
            False,
        ),
        ("a<answer>b", {}, False),
        ("a<answer>b", {"finish_reason": "stop", "stop": 7, "parameters": {"stop": [7, None]}}, False),
    ],
)
def test_a_closing_tag_is_restored_only_where_a_stop_string_removed_it(
    text: str, answer: dict[str, Any], is_restored: bool
) -> None:
    assert completion_text(answer | {"completion": text}) == text + "</answer>" * is_restored


@pytest.mark.parametrize(
    ("reasoning", "text", "expected"),
    [
        ("1 + 1.", "\n\n<answer>2</answer>", "<think>\n1 + 1.\n</think>\n<answer>2</answer>"),
        ("\n1 +", "", "<think>\n1 +"),
        (None, "1 + 1.</think>2", "1 + 1.</think>2"),
        ("", "2", "2"),
        # The server sends the thinking twice.
        ("1 + 1.", "<think>1 + 1.</think>2", "<think>1 + 1.</think>2"),
    ],
)
def test_the_thinking_comes_before_the_text_in_its_tags(reasoning: str | None, text: str, expected: str) -> None:
    answer = {"completion": text, "reasoning": reasoning, "finish_reason": "stop"}
    assert received_text(answer) == completion_text(answer) == expected


def test_a_stop_string_inside_the_thinking_leaves_it_open() -> None:
    answer = {"completion": "", "reasoning": "in <answer> ", "finish_reason": "stop", "stop": "</answer>"}
    assert completion_text(answer) == "<think>\nin <answer></answer>"
    assert completion_text(answer | {"stop": "User:"}) == "<think>\nin <answer>"


@pytest.mark.parametrize("answer", [{}, {"completion": None}, {"completion": "a", "reasoning": ["b"]}])
def test_an_answer_without_text_is_an_error(answer: dict[str, Any]) -> None:
    with pytest.raises(BadRow):
        completion_text(answer)
