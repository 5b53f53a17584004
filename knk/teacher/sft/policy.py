"""The policy of a dataset for SFT: which of a teacher's answers become rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from knk.errors import BadRow
from knk.teacher.sft.verified import VerifiedAnswer, message_text
from knk.teacher.tokens import TextCounter
from knk.text.styles import PROMPT_STYLES

Keep = Literal["all", "formatted", "correct"]
KEEP_CHOICES: Final = ("all", "formatted", "correct")
"""Which answers become rows: all, as in the paper; those in the right format; those that are also correct."""


@dataclass(frozen=True)
class Policy:
    """Which answers become rows, of those that are whole and in which an answer can be read.

    Args:
        keep: one of `KEEP_CHOICES`.
        per_puzzle: the most answers of a puzzle, the first of those that are kept; no limit if not given.
        max_tokens: the most tokens of prompt and completion together, counted by the tokenizer.
        tokenizer: the name or folder of a tokenizer for `transformers`.
        style: the style of prompts and completions in the rows, "paper" or "chat".

    Raises:
        BadRow: a value is out of range, or `max_tokens` is given without a tokenizer.

    >>> Policy(keep="correct", per_puzzle=1).keep
    'correct'
    """

    keep: str = "all"
    per_puzzle: int | None = None
    max_tokens: int | None = None
    tokenizer: str | None = None
    style: str = "paper"

    def __post_init__(self) -> None:
        if self.keep not in KEEP_CHOICES:
            raise BadRow(f"invalid --keep {self.keep!r}: expected one of {', '.join(KEEP_CHOICES)}")
        if self.style not in PROMPT_STYLES:
            raise BadRow(f"unknown style {self.style!r}: expected one of {', '.join(PROMPT_STYLES)}")
        for name in ("per_puzzle", "max_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise BadRow(f"--{name.replace('_', '-')} must be at least 1, got {value}")
        if self.max_tokens is not None and self.tokenizer is None:
            raise BadRow("--max-tokens needs --tokenizer, which counts the tokens")

    def drop_reason(self, answer: VerifiedAnswer, rows_of_puzzle: int, count_tokens: TextCounter | None) -> str | None:
        """Return why an answer is left out, or None if it becomes a row.

        Args:
            answer: the answer.
            rows_of_puzzle: how many answers of the same puzzle have become rows.
            count_tokens: counts the tokens of a text; needed for `max_tokens`.
        """
        if answer.problem is not None:
            return answer.problem
        if self.keep != "all" and not answer.has_format:
            return "wrong format"
        if self.keep == "correct" and not answer.correct:
            return "incorrect"
        if self.max_tokens is not None and count_tokens is not None:
            tokens = count_tokens(message_text(answer.row["prompt"])) + answer.row["tokens"]
            if tokens > self.max_tokens:
                return "more tokens than the limit"
        if self.per_puzzle is not None and rows_of_puzzle >= self.per_puzzle:
            return "more answers to one puzzle than the limit"
        return None
