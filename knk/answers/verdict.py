"""The verdict on a completion: one value for every task, reward, filter and benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    "right",  # there is an answer, and it is right
    "wrong",  # there is an answer, and it is wrong
    "incomplete",  # a person's role is missing
    "contradiction",  # a person is given both roles
    "unknown person",  # a person is named who is not in the puzzle
    "no answer",  # nothing, or nothing that could be an answer
    "unreadable",  # a part of the answer does not match any known form, or the answer is too long
    "several answers",  # answers that differ, or unpaired tags
    "retracted",  # the words before the answer deny or doubt it, or more than a closing phrase follows
    "timed out",  # the verifier took too long: nothing is known
    "failed",  # the verifier could not work: nothing is known
]


@dataclass(frozen=True)
class Verdict:
    """Whether a completion is right, and why; as a condition it is true if the completion is right.

    Args:
        correct: whether the answer is right; None if the verifier could not decide, which says nothing about the answer
            and is never turned into a score.
        reason: one of the words of `Reason`.
        claims: the claims of an answer to a puzzle, in order: a name, and whether that person is claimed to be a
            knight.
        detail: the answer of another task as it was read, who is unknown, or what went wrong, in one line.

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
        detail = self.detail or claims
        return f"{self.reason}: {detail}" if detail else self.reason

    @property
    def answered(self) -> bool:
        """Whether a complete answer was read, right or wrong."""
        return self.reason in ("right", "wrong")
