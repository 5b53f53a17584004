"""A teacher's stored answers: read in a fixed order, verified, and put into a style."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from knk.errors import BadRow
from knk.files import json_object
from knk.logic.notation import decode
from knk.tasks import kk
from knk.tasks.format import completion_of, has_format, question_of
from knk.tasks.source import Row, field
from knk.teacher.tokens import TextCounter

_CLOSING_TAG: Final = "</answer>"


@dataclass(frozen=True)
class VerifiedAnswer:
    """A teacher's answer after verification.

    Args:
        row: the row for SFT.
        has_format: whether the completion is in the right format.
        truncated: whether it was truncated at the limit of tokens.
    """

    row: Row
    has_format: bool
    truncated: bool

    @property
    def correct(self) -> bool:
        """Whether the answer is correct."""
        return bool(self.row["correct"])


def verified_answers(path: Path, style: str, count_tokens: TextCounter | None) -> Iterator[VerifiedAnswer]:
    """Return an iterator over the verified answers in a file, sorted by the puzzles' keys and the samples.

    Args:
        path: the file of answers.
        style: the style of prompts and completions in the rows.
        count_tokens: counts the tokens of a completion; by default the server's count is used.

    Raises:
        BadFile: a line is not a JSON object.
        BadRow: a line lacks a field, or has one of the wrong type.
    """
    with path.open("rb") as file:
        for offset in _sorted_offsets(file, path.name):
            file.seek(offset)
            answer = json_object(file.readline(), f"{path.name}, byte {offset}")
            yield _verify(answer, style, count_tokens)


def _sorted_offsets(file: IO[bytes], name: str) -> list[int]:
    """Return the byte offsets of the answers, sorted by keys and samples; of duplicates the first counts."""
    offsets: dict[tuple[str, int], int] = {}
    offset = 0
    for line in file:
        if line.endswith(b"\n"):  # Otherwise the line is unfinished, and the next run requests the answer again.
            answer = json_object(line, f"{name}, byte {offset}")
            offsets.setdefault((field(answer, "id", str), field(answer, "sample", int)), offset)
        offset += len(line)
    return [offsets[key] for key in sorted(offsets)]


def _verify(answer: Row, style: str, count_tokens: TextCounter | None) -> VerifiedAnswer:
    notation = field(answer, "puzzle", str)
    text = restore_closing_tag(field(answer, "completion", str), answer)
    verdict = kk.verify(text, {"puzzle": notation})
    prompt, completion = _convert_style(answer.get("prompt"), text, notation, style)
    server_count = answer.get("completion_tokens")
    tokens = count_tokens(text) if count_tokens else server_count if isinstance(server_count, int) else None
    row = {
        "prompt": prompt,
        "completion": completion,
        "id": field(answer, "id", str),
        "sample": field(answer, "sample", int),
        "puzzle": notation,
        "people": len(decode(notation).names),
        "correct": bool(verdict),
        "tokens": tokens,
    }
    return VerifiedAnswer(row, has_format(text), answer.get("finish_reason") == "length")


def restore_closing_tag(text: str, answer: Mapping[str, Any]) -> str:
    """Return an answer's text with the closing tag that a stop string removed from it, or unchanged.

    A server removes the stop string at which it stopped. Some servers report which it was; for the others, an answer
    that was not truncated and ends inside the answer tags stopped at `</answer>` if that was among the stop strings. A
    truncated answer is never changed.

    Args:
        text: the completion as it was received.
        answer: the stored answer, with "finish_reason", "stop" and "parameters".

    >>> restore_closing_tag("so</think><answer>Ann is a knave", {"finish_reason": "stop", "stop": "</answer>"})
    'so</think><answer>Ann is a knave</answer>'
    >>> restore_closing_tag("so</think><answer>Ann is", {"finish_reason": "length", "stop": None})
    'so</think><answer>Ann is'
    """
    parameters = answer.get("parameters")
    stops = parameters.get("stop") if isinstance(parameters, dict) else None
    stopped_at_tag = answer.get("stop") == _CLOSING_TAG or (
        answer.get("stop") is None and isinstance(stops, list) and _CLOSING_TAG in stops
    )
    is_open = "<answer>" in text and _CLOSING_TAG not in text.rpartition("<answer>")[2]
    return text + _CLOSING_TAG if answer.get("finish_reason") == "stop" and stopped_at_tag and is_open else text


def _convert_style(prompt: Any, text: str, notation: str, style: str) -> tuple[Any, Any]:
    """Return prompt and completion in a style; a prompt in the other style is replaced by one in this style."""
    if not isinstance(prompt, str | list):
        raise BadRow(f"an answer's prompt: expected a string or a list of messages, got {type(prompt).__name__}")
    if ("paper" if isinstance(prompt, str) else "chat") != style:
        prompt = kk.prompt({"puzzle": notation, "text": question_of(prompt)}, style)
    return prompt, completion_of(text, style)


def message_text(messages: str | Sequence[Mapping[str, str]]) -> str:
    """Return the text of a prompt or completion: a string as it is, messages a line each.

    >>> message_text([{"role": "user", "content": "Who is a knight?"}])
    'Who is a knight?'
    """
    return messages if isinstance(messages, str) else "\n".join(message["content"] for message in messages)
