"""What became of a teacher's answers: counts, accuracy, lengths and reflective moves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import quantiles
from typing import Any, Final

from knk.errors import GaveUp
from knk.logic.notation import decode
from knk.proofs.difficulty import difficulty
from knk.tables import format_table
from knk.tasks.source import Row
from knk.teacher.sft.verified import VerifiedAnswer, message_text

REFLECTIVE_PHRASES: Final[dict[str, re.Pattern[str]]] = {
    "checks": re.compile(
        r"\b(?:let(?:'s| me| us) (?:double[- ]?check|check|verify|make sure|confirm|go through|see)|double[- ]?check"
        r"|to (?:verify|confirm|be sure)|checking|verifying|is that (?:so|right|consistent)"
        r"|does (?:this|that|it) (?:fit|hold|work))\b",
        re.IGNORECASE,
    ),
    "retractions": re.compile(
        r"\b(?:contradict\w*|(?:doesn't|does not|can't|cannot|can not) (?:work|be right|be true|hold|fit)"
        r"|(?:that|this|(?:the|my) (?:assumption|supposition)) (?:was|is|must be) (?:wrong|false|a mistake|impossible)"
        r"|inconsisten\w*|i (?:was wrong|made a mistake))\b",
        re.IGNORECASE,
    ),
    "restarts": re.compile(
        r"\b(?:wait|hold on|hmm+|start(?:ing)? (?:over|again)|try (?:again|another|the other|something)|go(?:ing)? back"
        r"|alternatively|on second thought|another (?:way|approach)"
        r"|let(?:'s| me) (?:try|suppose|assume|reconsider|rethink))\b",
        re.IGNORECASE,
    ),
}
"""Patterns of the phrases that announce reflective moves, by the kind of move; matches do not overlap."""


@dataclass
class Report:
    """What became of a teacher's answers.

    Args:
        kept: how many became rows.
        dropped: how many were left out, by the reason.
        people: the number of answers and of correct answers, by the number of people.
        grades: the same by the puzzle's grade, 0 if it could not be determined.
        reflective_phrases: how many phrases in the rows announce a reflective move, by the kind of move.
        lengths: the lengths of the rows, in tokens if these were counted, else in words.
        unit: "tokens" or "words".
    """

    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    people: dict[int, list[int]] = field(default_factory=dict)
    grades: dict[int, list[int]] = field(default_factory=dict)
    reflective_phrases: Counter[str] = field(default_factory=Counter)
    lengths: list[int] = field(default_factory=list)
    unit: str = "tokens"

    def add_answer(self, answer: VerifiedAnswer) -> None:
        """Count an answer, whether it becomes a row or not."""
        row = answer.row
        for counts, key in ((self.people, row["people"]), (self.grades, _grade(row["puzzle"]))):
            answers_and_correct = counts.setdefault(key, [0, 0])
            answers_and_correct[0] += 1
            answers_and_correct[1] += answer.correct

    def add_row(self, row: Row) -> None:
        """Count an answer that becomes a row."""
        text = message_text(row["completion"])
        self.kept += 1
        if row["tokens"] is None:
            self.unit = "words"
        self.lengths.append(len(text.split()) if row["tokens"] is None else row["tokens"])
        self.reflective_phrases.update(count_reflective_phrases(text))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "kept": self.kept,
            "dropped": dict(sorted(self.dropped.items())),
            "accuracy": {
                "people": {str(size): _accuracy(*counts) for size, counts in sorted(self.people.items())},
                "grade": {str(grade): _accuracy(*counts) for grade, counts in sorted(self.grades.items())},
            },
            "moves per row": {
                move: round(self.reflective_phrases[move] / max(1, self.kept), 2) for move in REFLECTIVE_PHRASES
            },
            "length": {"unit": self.unit, **_length_statistics(self.lengths)},
        }

    def table(self) -> str:
        """Return the report as lines of text."""
        report = self.to_dict()
        lines = [f"{self.kept:8} kept", *(f"{n:8} dropped: {reason}" for reason, n in report["dropped"].items()), ""]
        for name, accuracies in report["accuracy"].items():
            rows = [[key, str(entry["answers"]), f"{entry['accuracy']:.1%}"] for key, entry in accuracies.items()]
            lines.append(format_table([[name, "answers", "correct"], *rows], ">"))
        moves = ", ".join(f"{n} {move}" for move, n in report["moves per row"].items())
        lines += ["", f"reflective moves per row: {moves}"]
        length = report["length"]
        if self.lengths:
            statistics = ", ".join(f"{name} {length[name]}" for name in ("median", "p95", "max"))
            lines.append(f"length in {length['unit']}: {statistics}")
        return "\n".join(lines)


def count_reflective_phrases(text: str) -> dict[str, int]:
    """Return how many reflective moves of each kind a text announces.

    >>> count_reflective_phrases("Suppose Ann is a knight. That is a contradiction. Wait, let me check that.")
    {'checks': 1, 'retractions': 1, 'restarts': 1}
    """
    return {name: len(pattern.findall(text)) for name, pattern in REFLECTIVE_PHRASES.items()}


@lru_cache(maxsize=1 << 12)
def _grade(notation: str) -> int:
    try:
        return difficulty(decode(notation)).grade
    except GaveUp:
        return 0


def _accuracy(answers: int, correct: int) -> dict[str, float]:
    return {"answers": answers, "correct": correct, "accuracy": round(correct / answers, 4)}


def _length_statistics(lengths: Sequence[int]) -> dict[str, int]:
    if not lengths:
        return {}
    ordered = sorted(lengths)
    percentiles = quantiles(ordered, n=100, method="inclusive") if len(ordered) > 1 else ordered * 99
    return {
        "min": ordered[0],
        "median": round(percentiles[49]),
        "p95": round(percentiles[94]),
        "max": ordered[-1],
    }
