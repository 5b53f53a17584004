"""The text of a completion, which is a string or an assistant's message in the shape of the chat APIs.

A message may hold its thought apart from its content, as servers and TRL's response templates do. Its text then has the
thought in the think tags, so that whoever judges completions needs to know one form only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from knk.errors import BadCompletion

Message = dict[str, str]
Completion = str | Sequence[Mapping[str, Any]]

REASONING_FIELDS: Final = ("reasoning_content", "reasoning", "thinking")
"""The fields in which a message may hold its thought, as servers and chat templates name them."""


def text_of(completion: Completion) -> str:
    r"""Return the text of a completion: a string as it is, of an assistant's message its thought and its content.

    The content may be a list of text parts. It may be None beside a thought, as in servers' answers
    that are cut off.

    Args:
        completion: a string, or a list with one message of the role "assistant" and without tool calls.

    Raises:
        BadCompletion: the completion has another shape.

    >>> text_of([{"role": "assistant", "reasoning_content": "1 + 1.", "content": "<answer>2</answer>"}])
    '<think>\n1 + 1.\n</think>\n<answer>2</answer>'
    """
    if isinstance(completion, str):
        return completion
    message = _only_message(completion)
    thought = _thought(message)
    content = message.get("content")
    if content is None and thought:
        content = ""
    return with_thought(thought, _content_text(content))


def text_or_nothing(completion: object) -> str:
    """Return the text of a completion, or "" if its shape is not one that `text_of` reads, for judges that never raise.

    Args:
        completion: anything that a model or a framework gave.

    >>> text_or_nothing([{"role": "assistant", "content": None}])
    ''
    """
    try:
        return text_of(completion)  # type: ignore[arg-type]
    except BadCompletion:
        return ""


def with_thought(thought: str, content: str) -> str:
    r"""Return a completion's text from its thought and the content after it.

    A thought without content was cut off, so its tag stays open.

    Args:
        thought: the thought, with or without its tags; if it is blank, there is none.
        content: the text after the thought.

    >>> with_thought("1 + 1.", "2"), with_thought("1 +", ""), with_thought("", "2")
    ('<think>\n1 + 1.\n</think>\n2', '<think>\n1 +', '2')
    """
    thought = thought.strip().removeprefix("<think>").removesuffix("</think>").strip()
    if not thought:
        return content
    return f"<think>\n{thought}\n</think>\n{content.lstrip()}" if content.strip() else f"<think>\n{thought}"


def _only_message(completion: Any) -> Mapping[str, Any]:
    if not isinstance(completion, Sequence) or isinstance(completion, bytes | bytearray):
        raise BadCompletion(f"expected a completion as a str or a list of messages, got {type(completion).__name__}")
    if len(completion) != 1:
        raise BadCompletion(f"expected a completion of one message, got {len(completion)}")
    message = completion[0]
    if not isinstance(message, Mapping):
        raise BadCompletion(f"expected a message as a dict, got {type(message).__name__}")
    if message.get("role") != "assistant":
        raise BadCompletion(f"expected a message of the role 'assistant', got {str(message.get('role'))[:40]!r}")
    if message.get("tool_calls"):
        raise BadCompletion("expected a message without tool calls")
    return message


def _thought(message: Mapping[str, Any]) -> str:
    thoughts = [message[name] for name in REASONING_FIELDS if message.get(name) is not None]
    for thought in thoughts:
        if not isinstance(thought, str):
            raise BadCompletion(f"expected a message's reasoning as a str, got {type(thought).__name__}")
    # Some servers give one thought under two names.
    return next((thought for thought in thoughts if thought.strip()), "")


def _content_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list | tuple):
        raise BadCompletion(f"expected a message's content as a str or a list of parts, got {type(content).__name__}")
    for part in content:
        if not isinstance(part, Mapping) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise BadCompletion("expected each part of a message's content as {'type': 'text', 'text': TEXT}")
    return "".join(part["text"] for part in content)
