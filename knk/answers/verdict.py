"""What a verifier says of a completion: one value for every task, reward, filter and benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    "right",  # the answer is there, and is the right one
    "wrong",  # the answer is there, and is not the right one
    "incomplete",  # somebody's role is missing
    "contradiction",  # somebody is given both roles
    "unknown person",  # somebody is named who is not in the puzzle
    "no answer",  # nothing is there, or nothing that could be an answer
    "unreadable",  # the answer has parts that no known form accounts for, or is too long
    "several answers",  # answers that differ, or tags that do not pair
    "retracted",  # words just before the answer deny or doubt it, or more than a closing phrase follows it
    "timed out",  # the verifier took too long, and nothing is known
    "failed",  # the verifier could not do its work, and nothing is known
]


@dataclass(frozen=True)
class Verdict:
    """Whether a completion is right, and why; it is true in a condition if it is.

    Args:
        correct: whether the answer is right; None where the verifier could not find out, which says nothing of the
            answer and is never made into a score.
        reason: one of the words of `Reason`.
        claims: of a puzzle's answer what was read, in order: a name, and whether that person is said to be a knight.
        detail: of other answers what was read; or what went wrong. One line.

    >>> str(Verdict(False, "incomplete", (("Ann", True), ("Bob", False))))
    'incomplete: +Ann -Bob'
    >>> Verdict(None, "timed out").answered
    False
    """

    correct: bool | None
    reason: Reason
    claims: tuple[tuple[str, bool], ...] = ()
    detail: str = ""

    def __bool__(self) -> bool:
        return bool(self.correct)

    def __str__(self) -> str:
        claims = " ".join(f"{'+' if knight else '-'}{name}" for name, knight in self.claims)
        told = claims or self.detail
        return f"{self.reason}: {told}" if told else self.reason

    @property
    def answered(self) -> bool:
        """Whether a whole answer was read, right or wrong."""
        return self.reason in ("right", "wrong")
