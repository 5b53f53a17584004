"""Parsing of responses: whatever a server sends is either valid or an error."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from knk.inference.openai_api import error_message, parse_response, parse_retry_after
from knk.inference.openai_message import InvalidResponse
from tests.support.teaching import (
    KEY,
)


def test_retry_after_may_be_a_date_or_invalid() -> None:
    soon = parse_retry_after(format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True))
    assert soon is not None and 3000 < soon <= 3600  # noqa: PT018 - one thing, two sides
    assert parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert [parse_retry_after(text) for text in ("nan", "inf", "soon", "", None)] == [None] * 5
    assert parse_retry_after("-5") == 0


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"{}", b"\xff", b"9" * 9999, b'{"choices": 3}', b'{"choices": [3]}'),
        *(b'{"choices": [{"text": "a"}]}', b'{"choices": [{"text": "a", "finish_reason": null}]}'),
        b'{"choices": [{"text": 3, "finish_reason": "stop"}]}',
    ],
)
def test_an_invalid_response_is_an_error(content: bytes) -> None:
    for chat in (False, True):
        with pytest.raises(InvalidResponse):
            parse_response(content, chat)


def test_reasoning_that_a_server_removed_is_returned_beside_the_text() -> None:
    message = {"content": None, "reasoning_content": "Hm."}
    response = parse_response(
        json.dumps({"choices": [{"message": message, "finish_reason": "length"}]}).encode(), chat=True
    )
    assert (response.choices[0].text, response.choices[0].reasoning) == ("", "Hm.")
    usage = {"prompt_tokens": True, "completion_tokens": -1}
    body = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop", "stop_reason": 7}], "usage": usage}
    response = parse_response(json.dumps(body).encode(), chat=True)
    assert (response.prompt_tokens, response.completion_tokens, response.choices[0].stop) == (None, None, None)


def test_an_error_message_is_one_line_without_secrets() -> None:
    assert error_message(b"no \x1b[2J\n way, " + KEY.encode(), KEY) == "no [2J way, ***"
    assert len(error_message(b"x" * 5000, None)) < 400
    assert error_message(b'{"detail": ["a"]}', None) == '{"detail": ["a"]}'
