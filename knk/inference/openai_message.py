"""The text and the reasoning in a message of a server with the OpenAI API, in whatever fields the server puts them.

| server | reasoning | text |
|---|---|---|
| vLLM with a reasoning parser | `reasoning`, `reasoning_content` in old versions, or both | `content`, null if empty |
| SGLang, llama.cpp, DeepSeek | `reasoning_content` | `content`, null or "" if empty |
| OpenRouter | `reasoning`, and the same in the parts of `reasoning_details` | `content` |
| Mistral | a part of `content` of the type "thinking" | the other parts of `content` |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

REASONING_FIELDS: Final = ("reasoning", "reasoning_content", "reasoning_details")
"""The fields that may hold a message's reasoning; of several that do, the first counts."""
_MAX_DEPTH: Final = 3
"""How deep parts are nested at most: a thinking part holds a list of parts."""


class InvalidResponse(ValueError):
    """A response that is not as the OpenAI API defines it; sending the request again may help."""


class MessageText(NamedTuple):
    """What a message says.

    Args:
        text: its text, "" if it is null; None if the message has no valid text.
        reasoning: the reasoning that the server removed from the text, None if there is none.
    """

    text: str | None
    reasoning: str | None


def read_message(message: Mapping[str, Any], name: str = "content") -> MessageText:
    """Return the text and the reasoning of a message, unchanged.

    Args:
        message: the message of a chat, or the choice of a response to a plain prompt.
        name: the field of the text, "content" or "text".

    >>> read_message({"content": None, "reasoning_content": "Hm."})
    MessageText(text='', reasoning='Hm.')
    >>> read_message({"content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "42"}]})
    MessageText(text='42', reasoning='Hm.')
    """
    content = message.get(name)
    fields = (_join(message.get(field), "text", "thinking", "summary") for field in REASONING_FIELDS)
    reasoning = _join(content, "thinking") if isinstance(content, list) else ""
    reasoning = reasoning or next(filter(None, fields), "")
    if isinstance(content, list | str):
        return MessageText(_join(content, "text"), reasoning or None)
    # A message may have no text at all; a choice of a plain prompt may not, unless all of it is reasoning.
    is_empty = content is None and (bool(reasoning) or (name == "content" and name in message))
    return MessageText("" if is_empty else None, reasoning or None)


def _join(value: Any, *names: str, depth: int = _MAX_DEPTH) -> str:
    """Return a text as it is, and of a list of parts the texts under these names; the rest is ignored."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not depth:
        return ""
    parts = (part for part in value if isinstance(part, Mapping))
    texts = (_join(part.get(name), "text", depth=depth - 1) for part in parts for name in names)
    return "".join(texts)
