"""A local server that moves a model's thinking out of the text, in each of the ways in which servers do so.

The model is a function from the last message to a text that begins inside the thinking, as with a chat template that
opens it. As in vLLM, stop strings end the text wherever they are, and are removed; then the thinking is split off.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.support.faulty_server import FaultyServer

Model = Callable[[str], str]
"""Returns what a model writes, given the prompt or the last message: its thinking, `</think>`, and its answer."""


def _details(reasoning: str | None) -> list[dict[str, Any]]:
    return [{"type": "reasoning.text", "text": reasoning, "format": "unknown"}] if reasoning else []


def _parts(reasoning: str | None, content: str | None) -> list[dict[str, Any]]:
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": reasoning}]}] if reasoning else []
    return thinking + ([{"type": "text", "text": content}] if content else [])


class Shape(NamedTuple):
    """How a server answers.

    Args:
        message: returns the message, given the thinking and the content, None where there is none.
        stop_field: the field with the stop string, "" if the server does not report it.
        keeps_stop: whether the server leaves the stop string in the text.
    """

    message: Callable[[str | None, str | None], dict[str, Any]]
    stop_field: str = ""
    keeps_stop: bool = False


SHAPES = {
    "vllm": Shape(lambda reasoning, content: {"content": content, "reasoning": reasoning}, "stop_reason"),
    "vllm with the stop string": Shape(
        lambda reasoning, content: {"content": content, "reasoning": reasoning}, "stop_reason", keeps_stop=True
    ),
    "old vllm": Shape(lambda reasoning, content: {"content": content, "reasoning_content": reasoning}, "stop_reason"),
    "vllm between": Shape(
        lambda reasoning, content: {"content": content, "reasoning": reasoning, "reasoning_content": reasoning},
        "stop_reason",
    ),
    "sglang": Shape(lambda reasoning, content: {"content": content, "reasoning_content": reasoning}, "matched_stop"),
    "deepseek": Shape(lambda reasoning, content: {"content": content or "", "reasoning_content": reasoning or ""}),
    "openrouter": Shape(
        lambda reasoning, content: (
            {"content": content or "", "reasoning": reasoning, "refusal": None}
            | {"reasoning_details": _details(reasoning)}
        )
    ),
    "details only": Shape(lambda reasoning, content: {"content": content, "reasoning_details": _details(reasoning)}),
    "parts": Shape(lambda reasoning, content: {"content": _parts(reasoning, content)}),
    "no parser": Shape(
        lambda reasoning, content: {"content": (reasoning or "") + ("" if content is None else f"</think>{content}")},
        "stop_reason",
    ),
    "thinking twice": Shape(
        lambda reasoning, content: {
            "content": f"<think>{reasoning or ''}" + ("" if content is None else f"</think>{content}"),
            "reasoning_content": reasoning,
        },
    ),
    "nothing": Shape(lambda _reasoning, _content: {"content": None, "reasoning_content": None}),
}
"""Kinds of servers: what is in the messages of each."""


class ReasoningServer(FaultyServer):
    """A server in a thread of this process.

    Args:
        model: what writes the answers.
        shape: the name of one of `SHAPES`.
    """

    def __init__(self, model: Model, shape: str) -> None:
        super().__init__(lambda _number, _body: "ok")
        self.model = model
        self.shape = SHAPES[shape]

    def choice(self, index: int, number: int, body: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the base's
        """Return the model's answer in the server's shape."""
        return make_choice(self.model, self.shape, index, body)

    def encode(self, reply: dict[str, Any], body: dict[str, Any]) -> bytes:
        """Return the reply as JSON, or as a stream of events if the request asks for one."""
        return b"".join(stream_events(reply)) if body.get("stream") else super().encode(reply, body)


def make_choice(model: Model, shape: Shape, index: int, body: dict[str, Any]) -> dict[str, Any]:
    """Return a model's answer to a request, in a server's shape."""
    chat = "messages" in body
    text, end, stop = _end(model(body["messages"][-1]["content"] if chat else body["prompt"]), body)
    choice: dict[str, Any] = {"index": index, "finish_reason": end}
    if shape.stop_field:
        choice[shape.stop_field] = stop
    if stop and shape.keeps_stop:
        text += stop
    if not chat:
        return choice | {"text": text}
    reasoning, closing, content = text.partition("</think>")
    message = shape.message(reasoning or None, content if closing else None)
    return choice | {"message": {"role": "assistant", "tool_calls": None, **message}}


def _end(text: str, body: dict[str, Any]) -> tuple[str, str, str | None]:
    """Return a text up to its first stop string or up to the limit of words, its finish_reason, and the stop string."""
    limited = " ".join(text.split(" ")[: body["max_tokens"]])
    places = [(limited.find(stop), stop) for stop in body.get("stop", ()) if stop in limited]
    if places:
        place, stop = min(places)
        return limited[:place], "stop", stop
    return limited, "stop" if limited == text else "length", None


def stream_events(reply: dict[str, Any]) -> Iterator[bytes]:
    """Yield the events of a streamed reply: several pieces of each text, then the end and the usage."""
    yield b": a comment that keeps the connection open\n\n"
    for choice in reply["choices"]:
        index, message = choice["index"], choice.get("message")
        end = {name: value for name, value in choice.items() if name not in ("message", "text")}
        for delta in _pieces(message if message is not None else {"text": choice["text"]}):
            yield _event(
                {
                    "choices": [
                        {"index": index, "finish_reason": None} | (delta if message is None else {"delta": delta})
                    ]
                }
            )
        rest: dict[str, Any] = {"text": ""} if message is None else {"delta": {}}
        yield _event({"choices": [end | rest]})
    yield _event({"choices": [], "usage": reply["usage"]})
    yield b"data: [DONE]\n\n"


def _pieces(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in message.items():
        if isinstance(value, str):
            yield from ({name: value[start : start + 7]} for start in range(0, len(value), 7))
        elif isinstance(value, list):
            yield from ({name: [part]} for part in value)
        else:
            yield {name: value}


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps({"object": "chunk", **value}).encode() + b"\r\n\r\n"


@contextmanager
def serve_reasoning(model: Model, shape: str) -> Iterator[ReasoningServer]:
    """Yield a server that listens."""
    server = ReasoningServer(model, shape)
    server.start()
    try:
        yield server
    finally:
        server.close()
