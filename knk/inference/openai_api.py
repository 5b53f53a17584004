"""What a server's answer says, taken apart with distrust: all of it comes from outside."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

_LONGEST_MESSAGE: Final = 300


class BadReply(ValueError):
    """An answer that is not what the OpenAI API says it is; to ask again may help."""


@dataclass(frozen=True)
class Choice:
    """One answer among those of a reply.

    Args:
        text: its text as it came.
        finish_reason: why it ends.
        stop: the stop string that ended it, if the server says which.
        reasoning: what the server took out of the text for reasoning.
    """

    text: str
    finish_reason: str
    stop: str | None = None
    reasoning: str | None = None


@dataclass(frozen=True)
class Reply:
    """What a server answered.

    Args:
        choices: the answers, each number once, in the order in which they came.
        came: how many there were before those of a number that was there were left out.
        prompt_tokens: how many tokens the prompt has, if the server says so.
        completion_tokens: how many all answers have together, likewise.
    """

    choices: tuple[Choice, ...]
    came: int
    prompt_tokens: int | None
    completion_tokens: int | None


def reply_of(content: bytes, chat: bool) -> Reply:
    """Return what a server answered to a request for completions.

    Args:
        content: the body of its answer.
        chat: whether messages were asked about, and not text.

    Raises:
        BadReply: that is no such answer.

    >>> reply_of(b'{"choices": [{"text": "So", "finish_reason": "length"}]}', chat=False).choices[0].text
    'So'
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise BadReply("the server's answer is not whole JSON") from None
    choices = found.get("choices") if isinstance(found, dict) else None
    if not isinstance(choices, list) or not choices:
        raise BadReply("the server's answer holds no choices")
    usage = found.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    by_index: dict[int, Choice] = {}
    for place, choice in enumerate(choices):
        index = choice.get("index") if isinstance(choice, dict) else None
        by_index.setdefault(index if isinstance(index, int) else place, _choice(choice, chat))
    return Reply(
        tuple(by_index.values()), len(choices), _tokens(usage, "prompt_tokens"), _tokens(usage, "completion_tokens")
    )


def _choice(found: Any, chat: bool) -> Choice:
    source = found.get("message") if chat and isinstance(found, dict) else found
    if not isinstance(source, dict):
        raise BadReply("the server's answer holds a choice without a text")
    text, reason = source.get("content" if chat else "text"), found.get("finish_reason")
    told = [source.get(name) for name in ("reasoning", "reasoning_content")] if chat else []
    reasoning = next((value for value in told if isinstance(value, str) and value), None)
    if text is None and reasoning is not None:
        text = ""
    if not isinstance(text, str) or not isinstance(reason, str):
        raise BadReply("the server's answer holds a choice without a text, or without a reason for its end")
    stops = (found.get(name) for name in ("stop_reason", "matched_stop"))
    return Choice(text, reason, next((stop for stop in stops if isinstance(stop, str)), None), reasoning)


def _tokens(usage: Mapping[str, Any], name: str) -> int | None:
    value = usage.get(name)
    return value if type(value) is int and value >= 0 else None


def retry_after(value: str | None) -> float | None:
    """Return how many seconds a server asks to wait, by the header `Retry-After`: a number or a date.

    >>> retry_after("2"), retry_after("soon")
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


def message_of(content: bytes, secret: str | None) -> str:
    """Return what a server says is wrong, in a line fit to be shown: no secret, nothing for a terminal to obey.

    >>> message_of(b'{"error": {"message": "No key abc\\\\n"}}', "abc")
    'No key ***'
    """
    text = content.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    told = found if isinstance(found, str) else text
    if secret:
        told = told.replace(secret, "***")
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in told).split())
    return shown if len(shown) <= _LONGEST_MESSAGE else f"{shown[:_LONGEST_MESSAGE]} ..."
