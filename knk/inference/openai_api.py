"""Parsing of the responses of servers with the OpenAI API; nothing in them is trusted."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

_MAX_MESSAGE: Final = 300


class InvalidResponse(ValueError):
    """A response that is not as the OpenAI API defines it; sending the request again may help."""


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
        content: the body of the response.
        chat: whether the request was for chat completions.

    Raises:
        InvalidResponse: the body is not such a response.

    >>> parse_response(b'{"choices": [{"text": "So", "finish_reason": "length"}]}', chat=False).choices[0].text
    'So'
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise InvalidResponse("the server's response is not valid JSON") from None
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


def _parse_choice(choice: Any, chat: bool) -> Choice:
    message = choice.get("message") if chat and isinstance(choice, dict) else choice
    if not isinstance(message, dict):
        raise InvalidResponse("the server's response has a choice without a text")
    text, reason = message.get("content" if chat else "text"), choice.get("finish_reason")
    reasonings = [message.get(name) for name in ("reasoning", "reasoning_content")] if chat else []
    reasoning = next((value for value in reasonings if isinstance(value, str) and value), None)
    if text is None and reasoning is not None:
        text = ""
    if not isinstance(text, str) or not isinstance(reason, str):
        raise InvalidResponse("the server's response has a choice without a text or a finish_reason")
    stops = (choice.get(name) for name in ("stop_reason", "matched_stop"))
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
