"""A teacher's stored answers: read in a fixed order, verified, and put into a style."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from knk.answers.verdict import Verdict
from knk.errors import BadRow
from knk.files import json_object
from knk.inference.completions import CUT_OFF, completion_text, received_text
from knk.logic.notation import decode
from knk.tasks import kk
from knk.tasks.format import completion_of, has_format, question_of
from knk.tasks.messages import Completion
from knk.tasks.source import Row, field
from knk.teacher.tokens import TextCounter

_TAGS: Final = re.compile(r"</?(?:think|answer)>")
_NO_ANSWER: Final = ("no answer", "unreadable", "timed out", "failed")
"""The reasons of verdicts on completions in which no answer was read, right or wrong."""


@dataclass(frozen=True)
class VerifiedAnswer:
    """A teacher's answer after verification.

    Args:
        row: the row for SFT.
        has_format: whether the completion is in the right format.
        problem: why the answer can never be a row, in a few words; None if it can.
    """

    row: Row
    has_format: bool
    problem: str | None

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
    prompt, completion = _convert_style(answer.get("prompt"), completion_text(answer), notation, style)
    verdict = kk.verify(completion, {"puzzle": notation})
    received = kk.verify(received_text(answer), {"puzzle": notation})
    server_count = answer.get("completion_tokens")
    text = message_text(completion)
    tokens = count_tokens(text) if count_tokens else server_count if isinstance(server_count, int) else None
    row = {
        "prompt": prompt,
        "completion": completion,
        "id": field(answer, "id", str),
        "sample": field(answer, "sample", int),
        "puzzle": notation,
        "people": len(decode(notation).names),
        "correct": bool(received),
        "tokens": tokens,
    }
    problem = _problem(answer, completion, verdict, received)
    return VerifiedAnswer(row, has_format(text), problem)


def _problem(answer: Row, completion: Completion, verdict: Verdict, received: Verdict) -> str | None:
    """Return why an answer can never be a row, in the words of the report; None if it can.

    Args:
        answer: the stored answer.
        completion: the completion that its row would have.
        verdict: the verdict on this completion.
        received: the verdict on the answer as it was received.
    """
    if answer.get("finish_reason") in CUT_OFF:
        return "truncated at the limit of tokens" if answer["finish_reason"] == "length" else "cut off by the server"
    # The prompts of the style "paper" open the thinking.
    text = f"<think>\n{completion}" if isinstance(completion, str) else message_text(completion)
    if not _TAGS.sub("", text).strip():
        return "empty"
    if "<think>" in text.rpartition("</think>")[2]:
        return "thinking not closed"
    if verdict.reason in _NO_ANSWER:
        return f"no answer to read: {verdict.reason}"
    if (verdict.correct, verdict.reason) != (received.correct, received.reason):
        return "verdict changed by the format"
    return None


def _convert_style(prompt: Any, text: str, notation: str, style: str) -> tuple[Any, Any]:
    """Return prompt and completion in a style; a prompt in the other style is replaced by one in this style."""
    if not isinstance(prompt, str | list):
        raise BadRow(f"an answer's prompt: expected a string or a list of messages, got {type(prompt).__name__}")
    asked = "paper" if isinstance(prompt, str) else "chat"
    if asked != style:
        prompt = kk.prompt({"puzzle": notation, "text": question_of(prompt)}, style)
    text = text.strip()
    # The prompt, or a model's own chat template, may have opened the thinking.
    thinks = asked == "paper" or text.startswith("<think>") or "</think>" in text
    if style == "chat" and not thinks:
        return prompt, [{"role": "assistant", "content": text}]
    return prompt, completion_of(text, style)


def message_text(messages: str | Sequence[Mapping[str, str]]) -> str:
    """Return the text of a prompt or completion: a string as it is, messages a line each.

    >>> message_text([{"role": "user", "content": "Who is a knight?"}])
    'Who is a knight?'
    """
    return messages if isinstance(messages, str) else "\n".join(message["content"] for message in messages)
