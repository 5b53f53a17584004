"""The text of a completion, in every shape that frameworks give."""

from typing import Any

import pytest

from knk.errors import BadCompletion
from knk.tasks.format import has_format
from knk.tasks.messages import REASONING_FIELDS, text_of, text_or_nothing, with_thought

ANSWER = "<answer>2</answer>"
PARTS = [{"type": "text", "text": "<answer>2"}, {"type": "text", "text": "</answer>"}]
BROKEN: dict[str, Any] = {
    "nothing": None,
    "a number": 3,
    "bytes": b"2",
    "a message without a list": {"role": "assistant", "content": "2"},
    "no message": [],
    "several messages": [{"role": "assistant", "content": "2"}] * 2,
    "a string in a list": ["2"],
    "None in a list": [None],
    "no role": [{"content": "2"}],
    "another role": [{"role": "user", "content": "2"}],
    "a role that is no string": [{"role": ["assistant"], "content": "2"}],
    "no content": [{"role": "assistant"}],
    "None as content": [{"role": "assistant", "content": None}],
    "a number as content": [{"role": "assistant", "content": 2}],
    "a dict as content": [{"role": "assistant", "content": {"type": "text", "text": "2"}}],
    "an image": [{"role": "assistant", "content": [{"type": "image", "url": "x"}]}],
    "a part without text": [{"role": "assistant", "content": [{"type": "text"}]}],
    "a part of None": [{"role": "assistant", "content": [None]}],
    "a number as thought": [{"role": "assistant", "reasoning": 1, "content": "2"}],
    "a tool call": [{"role": "assistant", "reasoning": "a", "content": ANSWER, "tool_calls": [{"type": "function"}]}],
}


@pytest.mark.parametrize("name", REASONING_FIELDS)
@pytest.mark.parametrize("content", [ANSWER, PARTS])
def test_a_thought_beside_the_content_is_the_thought(name: str, content: Any) -> None:
    text = text_of([{"role": "assistant", name: "1 and 1.\n", "content": content, "tool_calls": None}])
    assert text == f"<think>\n1 and 1.\n</think>\n{ANSWER}"
    assert has_format(text)


def test_one_thought_under_two_names_counts_once() -> None:
    message = {"role": "assistant", "reasoning": "1 and 1.", "reasoning_content": "1 and 1.", "content": ANSWER}
    assert text_of([message]) == f"<think>\n1 and 1.\n</think>\n{ANSWER}"


@pytest.mark.parametrize("thought", [None, "", " \n"])
def test_a_message_without_thought_is_its_content(thought: str | None) -> None:
    assert text_of([{"role": "assistant", "reasoning_content": thought, "content": f"a</think>{ANSWER}"}]) == (
        f"a</think>{ANSWER}"
    )


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_thought_without_content_was_cut_off(content: str | None) -> None:
    message = {"role": "assistant", "reasoning_content": f"so {ANSWER}", "content": content}
    assert text_of([message]) == f"<think>\nso {ANSWER}"
    assert not has_format(text_of([message]))


@pytest.mark.parametrize(
    ("thought", "content"),
    [("a", f"b</think>{ANSWER}"), ("a</think>b", ANSWER), ("a<think>b", ANSWER), ("a", f"<think>b</think>{ANSWER}")],
)
def test_tags_that_are_there_already_are_no_format(thought: str, content: str) -> None:
    assert not has_format(with_thought(thought, content))


def test_a_thought_may_have_its_tags() -> None:
    assert with_thought("<think>\na\n</think>", ANSWER) == with_thought("a", ANSWER)


@pytest.mark.parametrize("shape", BROKEN)
def test_other_shapes_are_errors_or_nothing(shape: str) -> None:
    with pytest.raises(BadCompletion, match=r"^expected [^\n]*"):
        text_of(BROKEN[shape])
    assert text_or_nothing(BROKEN[shape]) == ""
