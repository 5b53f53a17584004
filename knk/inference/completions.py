"""The completions in a run's file of answers, as the model wrote them.

A server with a reasoning parser moves the thinking out of the text, and most servers remove the stop string at which
they stopped. Stored answers are as the server sent them; here both are put back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from knk.tasks.messages import with_thought
from knk.tasks.source import field

CLOSING_TAG: Final = "</answer>"
"""The end of a completion, which as a stop string is part of it."""
CUT_OFF: Final = ("length", "content_filter", "abort", "error")
"""The values of "finish_reason" of answers that the model did not end: by the limit of tokens, a filter or a fault."""


def received_text(answer: Mapping[str, Any]) -> str:
    r"""Return an answer's text with the thinking that the server moved out of it, in think tags.

    Thinking without an answer was cut off, so its tag stays open.

    Args:
        answer: a line of a run's file of answers, with "completion" and perhaps "reasoning".

    Raises:
        BadRow: one of them is missing or not a string.

    >>> received_text({"completion": "<answer>2</answer>", "reasoning": "1 + 1."})
    '<think>\n1 + 1.\n</think>\n<answer>2</answer>'
    """
    row = dict(answer)
    text = field(row, "completion", str)
    thought = "" if answer.get("reasoning") is None else field(row, "reasoning", str)
    # Some servers send the thinking on its own and leave it in the text too.
    is_in_text = "</think>" in text and thought.strip() in text
    return text if is_in_text else with_thought(thought, text)


def completion_text(answer: Mapping[str, Any]) -> str:
    r"""Return what the model wrote: the answer's text, with its thinking and with the closing tag at which it stopped.

    Some servers report the stop string. For the others, an answer that the model ended and that stands open in the
    answer tags stopped at `</answer>`, if that was a stop string. No other stop string is part of a completion, and an
    answer that was cut off is never completed.

    Args:
        answer: a line of a run's file of answers: "completion", "finish_reason", and perhaps "reasoning", "stop" and
            "parameters".

    Raises:
        BadRow: the text or the reasoning is not a string.

    >>> completion_text({"completion": "<answer>2", "finish_reason": "stop", "stop": "</answer>"})
    '<answer>2</answer>'
    >>> completion_text({"completion": "<answer>2", "finish_reason": "length", "stop": None})
    '<answer>2'
    """
    text = received_text(answer)
    return text + CLOSING_TAG if answer.get("finish_reason") == "stop" and _lacks_closing_tag(text, answer) else text


def _lacks_closing_tag(text: str, answer: Mapping[str, Any]) -> bool:
    """Whether the server removed the closing tag at the end of a text."""
    stop = answer.get("stop")
    if stop is not None:
        # vLLM and SGLang can be told to leave the stop string in the text.
        return _is_closing_tag(stop) and not text.rstrip().endswith(CLOSING_TAG)
    parameters = answer.get("parameters")
    stops = parameters.get("stop") if isinstance(parameters, dict) else None
    _, is_open, content = text.rpartition("</think>")[2].rpartition("<answer>")
    can_have_stopped = isinstance(stops, list) and any(map(_is_closing_tag, stops))
    return can_have_stopped and bool(is_open) and CLOSING_TAG not in content


def _is_closing_tag(stop: Any) -> bool:
    return isinstance(stop, str) and stop.strip() == CLOSING_TAG
