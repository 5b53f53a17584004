"""Parsing of the responses of servers with the OpenAI API; nothing in them is trusted."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from knk.inference.openai_message import InvalidResponse, read_message
from knk.inference.openai_stream import is_stream, join_stream

_STOP_FIELDS: Final = ("stop_reason", "matched_stop")
"""The fields that may hold the stop string: vLLM's and SGLang's; the number of a token is not one."""
_MAX_MESSAGE: Final = 300


@dataclass(frozen=True)
class Choice:
    """One of the answers in a response.

    Args:
        text: its text, unchanged.
        finish_reason: why it ends.
        stop: the stop string that ended it; None if the server does not report it.
        reasoning: the reasoning that the server removed from the text.
    """

    text: str
    finish_reason: str
    stop: str | None = None
    reasoning: str | None = None


@dataclass(frozen=True)
class Response:
    """A parsed response.

    Args:
        choices: the answers with different indices, in the order of the response.
        received: the number of all answers in the response, those with a repeated index included.
        prompt_tokens: tokens of the prompt; None if the server does not report them.
        completion_tokens: tokens of all answers together; None if the server does not report them.
    """

    choices: tuple[Choice, ...]
    received: int
    prompt_tokens: int | None
    completion_tokens: int | None


def parse_response(content: bytes, chat: bool) -> Response:
    """Return the parsed response to a request for completions.

    Args:
        content: the body of the response, whole or streamed.
        chat: whether the request was for chat completions.

    Raises:
        InvalidResponse: the body is not such a response.

    >>> parse_response(b'{"choices": [{"text": "So", "finish_reason": "length"}]}', chat=False).choices[0].text
    'So'
    """
    body = _load(content)
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or not choices:
        raise InvalidResponse("the server's response has no choices")
    usage = body.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    by_index: dict[int, Choice] = {}
    for position, choice in enumerate(choices):
        index = choice.get("index") if isinstance(choice, dict) else None
        by_index.setdefault(index if isinstance(index, int) else position, _parse_choice(choice, chat))
    return Response(
        tuple(by_index.values()),
        len(choices),
        _token_count(usage, "prompt_tokens"),
        _token_count(usage, "completion_tokens"),
    )


def _load(content: bytes) -> Any:
    if is_stream(content):
        return join_stream(content)
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise InvalidResponse("the server's response is not valid JSON") from None


def _parse_choice(choice: Any, chat: bool) -> Choice:
    message = choice.get("message") if chat and isinstance(choice, dict) else choice
    if not isinstance(message, dict):
        raise InvalidResponse("the server's response has a choice without a text")
    if choice.get("error"):
        # Its message is left out: it may repeat the server's key.
        raise InvalidResponse("the server's response has a choice with an error in place of an answer")
    text, reasoning = read_message(message, "content" if chat else "text")
    reason = choice.get("finish_reason")
    if text is None or not isinstance(reason, str):
        raise InvalidResponse("the server's response has a choice without a text or a finish_reason")
    stops = (choice.get(name) for name in _STOP_FIELDS)
    return Choice(text, reason, next((stop for stop in stops if isinstance(stop, str)), None), reasoning)


def _token_count(usage: Mapping[str, Any], name: str) -> int | None:
    value = usage.get(name)
    return value if type(value) is int and value >= 0 else None


def parse_retry_after(value: str | None) -> float | None:
    """Return the seconds in a header `Retry-After`, which holds a number or a date; None if it holds neither.

    >>> parse_retry_after("2"), parse_retry_after("soon")
    (2.0, None)
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def error_message(content: bytes, secret: str | None) -> str:
    """Return the error message in a response as one printable line, without the secret.

    Args:
        content: the body of the response.
        secret: the server's key, which the server may repeat.

    >>> error_message(b'{"error": {"message": "No key abc\\\\n"}}', "abc")
    'No key ***'
    """
    text = content.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    for name in ("error", "message", "detail"):
        if isinstance(value, dict) and name in value:
            value = value[name]
    message = value if isinstance(value, str) else text
    if secret:
        message = message.replace(secret, "***")
    line = " ".join("".join(character if character.isprintable() else " " for character in message).split())
    return line if len(line) <= _MAX_MESSAGE else f"{line[:_MAX_MESSAGE]} ..."
