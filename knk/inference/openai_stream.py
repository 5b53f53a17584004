"""Streamed responses of servers with the OpenAI API, put together into whole responses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from knk.inference.openai_message import REASONING_FIELDS, InvalidResponse

_TEXT_FIELDS: Final = ("content", "text", *REASONING_FIELDS)
_END: Final = "[DONE]"


def is_stream(content: bytes) -> bool:
    """Whether the body of a response is a stream of events, which no JSON document begins like.

    >>> is_stream(b'data: {"choices": []}'), is_stream(b'{"choices": []}')
    (True, False)
    """
    return content.lstrip().startswith((b"data:", b"event:", b"id:", b"retry:", b":"))


def join_stream(content: bytes) -> dict[str, Any]:
    """Return the response that a stream of events adds up to.

    Args:
        content: the body of the response.

    Raises:
        InvalidResponse: an event is not as the OpenAI API defines it, or holds an error.

    >>> chunk = b'data: {"choices": [{"index": 0, "text": "%s", "finish_reason": %s}]}'
    >>> join_stream(b"\\n\\n".join([chunk % (b"So", b"null"), chunk % (b" 2", b'"stop"'), b"data: [DONE]"]))["choices"]
    [{'index': 0, 'finish_reason': 'stop', 'text': 'So 2'}]
    """
    choices: dict[int, _Choice] = {}
    usage: Any = None
    for event in _events(content):
        if event.get("error"):
            # Its message is left out: it may repeat the server's key.
            raise InvalidResponse("the server's stream ends with an error")
        usage = event.get("usage") or usage
        for chunk in _chunks(event):
            index = chunk.get("index")
            choices.setdefault(index if isinstance(index, int) else 0, _Choice()).add(chunk)
    return {"choices": [choices[index].join() for index in sorted(choices)], "usage": usage}


def _events(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.decode("utf-8", "replace").split("\n"):
        name, _, data = line.partition(":")
        if name != "data":  # The name of an event, a comment that keeps the connection alive, or an empty line.
            continue
        if data.strip() == _END:
            return
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            raise InvalidResponse("the server's stream has an event that is not valid JSON") from None
        if not isinstance(event, dict):
            raise InvalidResponse("the server's stream has an event that is not an object")
        yield event


def _chunks(event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    chunks = event.get("choices") or []
    if not isinstance(chunks, list) or not all(isinstance(chunk, dict) for chunk in chunks):
        raise InvalidResponse("the server's stream has an event with invalid choices")
    yield from chunks


@dataclass
class _Choice:
    """One of the answers of a stream: its pieces, which are joined once, at the end."""

    fields: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, list[Any]] = field(default_factory=dict)
    message: dict[str, list[Any]] | None = None

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Add the next piece."""
        _add_texts(self.texts, chunk)
        delta = chunk.get("delta")
        if isinstance(delta, dict):
            # An empty message has no piece of a content.
            self.message = self.message or {"content": []}
            _add_texts(self.message, delta)
        names = chunk.keys() - {"delta", *_TEXT_FIELDS}
        self.fields.update({name: chunk[name] for name in chunk if name in names and chunk[name] is not None})

    def join(self) -> dict[str, Any]:
        """Return the whole choice."""
        whole = self.fields | {name: _join(pieces) for name, pieces in self.texts.items()}
        if self.message is None:
            return whole
        return whole | {"message": {name: _join(pieces) for name, pieces in self.message.items()}}


def _add_texts(pieces: dict[str, list[Any]], source: Mapping[str, Any]) -> None:
    for name in _TEXT_FIELDS:
        if name in source:
            pieces.setdefault(name, []).append(source[name])


def _join(pieces: list[Any]) -> Any:
    """Return the pieces of a field one after the other: a text, or a list of parts; None if all are null."""
    given = [piece for piece in pieces if piece is not None]
    if all(isinstance(piece, str) for piece in given):
        return "".join(given) if given else None
    return [
        part for piece in given for part in (piece if isinstance(piece, list) else [{"type": "text", "text": piece}])
    ]
