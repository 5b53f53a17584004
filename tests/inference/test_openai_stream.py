"""Streams of events, put together: the same response as without streaming, or an error."""

import json
from typing import Any

import pytest

from knk.inference.openai_api import parse_response
from knk.inference.openai_message import InvalidResponse
from tests.support.reasoning_server import SHAPES, make_choice, stream_events

CHAT = {"messages": [{"role": "user", "content": "1 + 1?"}], "max_tokens": 50, "stop": ["</answer>"]}
PLAIN = {"prompt": "1 + 1?", "max_tokens": 50}


def write(_prompt: str) -> str:
    return "Let me see, two.</think>\n<answer>2</answer> And so on."


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("body", [CHAT, PLAIN])
def test_a_streamed_response_is_read_as_the_whole_one(shape: str, body: dict[str, Any]) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 7}
    reply = {"choices": [make_choice(write, SHAPES[shape], index, body) for index in (1, 0)], "usage": usage}
    expected = parse_response(json.dumps(reply).encode(), "messages" in body)
    response = parse_response(b"".join(stream_events(reply)), "messages" in body)
    assert sorted(response.choices, key=str) == sorted(expected.choices, key=str)
    assert (response.received, response.prompt_tokens, response.completion_tokens) == (2, 3, 7)


@pytest.mark.parametrize(
    "events",
    [
        ["{"],
        ["3"],
        ["[DONE]"],
        ['{"choices": 3}'],
        ['{"choices": [3]}'],
        # The connection was cut before the end, or an error came instead of it.
        ['{"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": null}]}'],
        [
            '{"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]}',
            json.dumps({"error": {"message": "overloaded"}}),
        ],
    ],
)
def test_an_invalid_stream_is_an_error(events: list[str]) -> None:
    with pytest.raises(InvalidResponse):
        parse_response("".join(f"data: {event}\n\n" for event in events).encode(), chat=True)
