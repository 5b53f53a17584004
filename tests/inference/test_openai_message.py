"""The text and the reasoning in messages, in whatever fields a server puts them."""

from typing import Any

import pytest

from knk.inference.openai_message import read_message
from tests.support.reasoning_server import SHAPES

READABLE = [name for name in SHAPES if name not in ("no parser", "nothing", "thinking twice")]


@pytest.mark.parametrize("shape", READABLE)
@pytest.mark.parametrize("content", ["\n<answer>2</answer>", None])
def test_text_and_reasoning_are_read_unchanged_in_every_shape(shape: str, content: str | None) -> None:
    message = SHAPES[shape].message("\n1 + 1.\n", content)
    assert read_message(message) == (content or "", "\n1 + 1.\n")


@pytest.mark.parametrize("shape", SHAPES)
def test_an_empty_message_is_an_empty_text(shape: str) -> None:
    text, reasoning = read_message(SHAPES[shape].message(None, None))
    assert (text or "").removeprefix("<think>") == ""
    assert reasoning is None


@pytest.mark.parametrize(
    ("message", "name", "text"),
    [
        ({}, "content", None),
        ({"content": 3}, "content", None),
        ({"content": {"text": "a"}}, "content", None),
        ({"text": None}, "text", None),
        ({"text": None, "reasoning": "a"}, "text", ""),
        ({"content": [{"type": "image"}, {"text": 3}, "a", {"type": "text", "text": "b"}]}, "content", "b"),
        ({"content": [{"text": [{"text": [{"text": [{"text": "too deep"}]}]}]}]}, "content", ""),
        ({"content": "a", "reasoning": 3, "reasoning_content": {}}, "content", "a"),
    ],
)
def test_a_message_of_another_shape_has_no_text_or_less(message: dict[str, Any], name: str, text: str | None) -> None:
    assert read_message(message, name).text == text
