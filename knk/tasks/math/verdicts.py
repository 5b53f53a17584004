"""The verdict on a completion: its boxes are read, numbers compared here, and other expressions by math-verify.

math-verify runs in worker processes (`knk.tasks.math.compare`), which are stopped when they take too long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Final

from knk.answers.verdict import Reason, Verdict
from knk.errors import MissingPackage
from knk.parallel.pool import JobEnding, Outcome, shared
from knk.tasks.format import answer_of
from knk.tasks.math.answers import PlainAnswer, is_too_long, read_answer, without_units
from knk.tasks.math.boxes import Box, boxes
from knk.tasks.math.forms import plain, split_outside_brackets, without_text
from knk.tasks.math.numbers import is_near, number_of, numbers_of, same_number, same_numbers
from knk.tasks.math.values import differ
from knk.tasks.source import Row, field

SECONDS: Final = 5.0
"""The time limit of math-verify for one answer; nine in ten take less than a hundredth of a second."""
_MAX_BOXES: Final = 4

Job = dict[str, Any]
Runner = Callable[[list[Job]], list[Outcome]]
"""Runs jobs of `knk.tasks.math.compare` and returns the outcome of each."""


@dataclass(frozen=True)
class Question:
    """A comparison that only math-verify can make: an answer as read, for a gold answer in plain form.

    Args:
        gold: the gold answer.
        answer: the answer.
        equals: the expressions that the answer is stated to equal.
        decimals: the decimals that the answer is stated to be near.
        problem: the problem's text.
    """

    gold: str
    answer: str
    equals: tuple[str, ...]
    decimals: tuple[str, ...]
    problem: str

    def job(self) -> Job:
        """Return the job for a worker."""
        return asdict(self)


# math-verify in worker processes.


def check_math_verify() -> None:
    """Raise an error unless math-verify is installed.

    Raises:
        MissingPackage: it is not.
    """
    if not _is_installed():
        raise MissingPackage("MATH answers need math-verify: pip install '.[math]'")


@lru_cache
def _is_installed() -> bool:
    # Not imported: that takes a second, and only the workers need it.
    return find_spec("math_verify") is not None


def run_jobs(jobs: list[Job]) -> list[Outcome]:
    """Run jobs of `knk.tasks.math.compare` in the worker processes that all callers share.

    Raises:
        WorkersFailed: worker processes do not start.
    """
    return shared("knk.tasks.math.compare:work", seconds=SECONDS).run(jobs)


_REASONS: Final[dict[str, Reason]] = {
    "right": "right",
    "wrong": "wrong",
    "no answer": "no answer",
    "unreadable": "unreadable",
}
_PAST_A_LIMIT: Final[tuple[JobEnding, ...]] = ("timed out", "no memory", "failed")


class MathVerify:
    """Gets verdicts on questions from worker processes.

    Args:
        run: runs the jobs.
    """

    def __init__(self, run: Runner = run_jobs) -> None:
        self._run = run
        self._is_sound = lru_cache(1 << 12)(self._check)

    def verdicts(self, questions: Sequence[Question]) -> list[Verdict]:
        """Return the verdicts; a question that was not answered in time is asked once more, on its own.

        Args:
            questions: the questions.

        Raises:
            WorkersFailed: worker processes do not start.
        """
        outcomes = self._run([question.job() for question in questions])
        return [
            self._verdict(question, outcome if outcome.ending == "done" else self._run([question.job()])[0])
            for question, outcome in zip(questions, outcomes, strict=True)
        ]

    def _verdict(self, question: Question, outcome: Outcome) -> Verdict:
        if outcome.ending == "done":
            word, detail = outcome.value
            return Verdict(word == "right", _REASONS[word], detail=detail or question.answer)
        if outcome.ending in _PAST_A_LIMIT and self._is_sound(question.gold):
            # Twice past a limit that is a thousand times what a real answer needs, while the gold answer is read at
            # once: the completion is at fault. Without a verdict, a policy could escape a penalty by such answers.
            return Verdict(False, "unreadable", detail=f"{outcome.ending} twice")
        reason: Reason = "failed" if outcome.ending in ("died", "failed") else "timed out"
        return Verdict(None, reason, detail=outcome.error or outcome.ending)

    def _check(self, gold: str) -> bool:
        """Whether math-verify reads the gold answer in time, and finds it the same as itself."""
        outcome = self._run([{"gold": gold}])[0]
        return outcome.ending == "done" and outcome.value is True


_MATH_VERIFY: Final = MathVerify()


# The verdict on a completion.

_Decision = Verdict | Question


def verdicts_on(texts: Sequence[str], rows: Sequence[Row], math_verify: MathVerify = _MATH_VERIFY) -> list[Verdict]:
    """Return the verdicts on many completions; the same question is asked once.

    Args:
        texts: the completions.
        rows: the row of each, with "answer" and "problem".
        math_verify: answers the questions.

    Raises:
        BadRow: a row lacks one of these columns.
        WorkersFailed: worker processes do not start.
    """
    decisions = [_decide(text, row) for text, row in zip(texts, rows, strict=True)]
    questions = list(
        dict.fromkeys(decision for per_box in decisions for decision in per_box if isinstance(decision, Question))
    )
    answers = dict(zip(questions, math_verify.verdicts(questions), strict=True))
    return [
        _combined([answers[decision] if isinstance(decision, Question) else decision for decision in per_box])
        for per_box in decisions
    ]


def _decide(text: str, row: Row) -> list[_Decision]:
    """Return a verdict or a question for each different box of a completion's answer."""
    gold, problem = field(row, "answer", str), field(row, "problem", str)
    answer = answer_of(text)
    if answer.problem:
        return [Verdict(False, answer.problem)]
    answer_boxes = boxes(answer.text)
    if not answer_boxes:
        return [Verdict(False, "no answer", detail="no box")]
    contents = [box.content for box in answer_boxes if box.content is not None]
    if len(contents) < len(answer_boxes):
        return [Verdict(False, "unreadable", detail="a box that does not close")]
    if any(is_too_long(content, gold) for content in contents):
        return [Verdict(False, "unreadable", detail="too long")]
    if any(_is_denied(answer.text, box) for box in answer_boxes):
        return [Verdict(False, "retracted")]
    different = list({plain(content): content for content in contents}.values())
    if len(different) > _MAX_BOXES:
        return [Verdict(False, "several answers")]
    return [_decide_box(content, gold, problem) for content in different]


def _combined(verdicts: list[Verdict]) -> Verdict:
    """Return the verdict on all boxes of an answer: they may be written differently, but all must be right."""
    if len(verdicts) == 1:
        return verdicts[0]
    if any(verdict.correct is False for verdict in verdicts):
        return Verdict(False, "several answers")
    return next((verdict for verdict in verdicts if verdict.correct is None), verdicts[-1])


_DENIED_BEFORE: Final = re.compile(
    r"(?:\\n(?:e|eq)|≠|\b(?:not|never|n't|cannot|isn't|neither|nor|wrong|incorrect|false))"
    r"(?:[\s$:=({\[\\]|\b(?:the|an?|answer|final|is|be|that|it|equal|equals|to|likely|probably)\b)*$",
    re.IGNORECASE,
)
_DENIED_AFTER: Final = re.compile(
    r"[\s$.,;:)\]}\\]*(?:(?:it|this|that|which|answer)\s+)?(?:(?:is|was|seems|looks)\s+)?(?:(?:in)?correct\?"
    r"|(?:wrong|incorrect|false|not\s+(?:right|correct|true|the|it|sure)|isn't|a\s+guess)\b)",
    re.IGNORECASE,
)
_NEIGHBOURHOOD: Final = 60
"""Characters before and after a box in which it may be denied."""


def _is_denied(text: str, box: Box) -> bool:
    before = text[max(0, box.start - _NEIGHBOURHOOD) : box.start]
    after = text[box.end : box.end + _NEIGHBOURHOOD]
    return bool(_DENIED_BEFORE.search(before) or _DENIED_AFTER.match(after))


# The verdict on a box.


def _decide_box(content: str, gold: str, problem: str) -> _Decision:
    """Return the verdict on the content of a box, or the question for math-verify."""
    if not plain(gold):
        return Verdict(None, "failed", detail="the gold answer is empty")
    shortened_content, plain_gold = " ".join(content.split())[:100], _plain_gold(gold)
    if _is_words(plain_gold) and _letters(plain(content)) == _letters(plain_gold):
        return Verdict(True, "right", detail=shortened_content)
    answer = read_answer(content, gold)
    if answer.problem:
        return Verdict(False, answer.problem, detail=answer.detail)
    if answer in (PlainAnswer(plain_gold), PlainAnswer(plain(gold))):
        return Verdict(True, "right", detail=shortened_content)
    if _is_words(plain_gold):
        return Verdict(False, "wrong", detail=shortened_content)
    plain_gold = _without_label(plain_gold, answer.text)
    alternatives = _alternatives(answer.text, plain_gold)
    if len(alternatives) > 1:
        return Verdict(False, "several answers", detail=shortened_content)
    same = _is_same_number(answer, alternatives[0], plain_gold, problem)
    if same is not None:
        return Verdict(same, "right" if same else "wrong", detail=shortened_content)
    if differ(plain_gold, alternatives[0]):
        return Verdict(False, "wrong", detail=shortened_content)
    return Question(plain_gold, alternatives[0], answer.equals, answer.decimals, problem)


def _is_same_number(answer: PlainAnswer, text: str, gold: str, problem: str) -> bool | None:
    """Whether an answer is the gold number or list of numbers; None if not both are written out."""
    if answer.equals:
        return None
    number, gold_number = number_of(text), number_of(gold)
    if number and gold_number:
        near = all(is_near(gold_number.value, decimal) for decimal in map(number_of, answer.decimals) if decimal)
        return near and same_number(gold_number, number, problem)
    numbers, gold_numbers = numbers_of(text), numbers_of(gold)
    if numbers and gold_numbers and not gold_number and not answer.decimals:
        return same_numbers(gold_numbers, numbers)
    return None


@lru_cache(1 << 14)
def _plain_gold(gold: str) -> str:
    text = plain(gold)
    return without_units(text, text)


_WORDS: Final = re.compile(r"(?:\\text\{[^{}]*\}|[A-Z]{3,})")


def _is_words(gold: str) -> bool:
    return bool(_WORDS.fullmatch(gold))


def _letters(text: str) -> str:
    """Return the letters and digits of words: "(C)" is "C"."""
    inner = re.sub(r"\\text\{([^{}]*)\}", r"\1", text)
    return re.sub(r"[\s().]", "", inner).lower()


_MEMBER_OF: Final = re.compile(r"[A-Za-z]\\in ?")


def _without_label(gold: str, answer: str) -> str:
    r"""Return the gold answer without "x =" or "x \in", if the answer has none."""
    sides = split_outside_brackets(gold, "=")
    is_equation = len(split_outside_brackets(answer, "=")) > 1
    if len(sides) == 2 and not is_equation and re.fullmatch(r"[A-Za-z]+", sides[0]):
        return sides[1]
    if _MEMBER_OF.match(gold) and not _MEMBER_OF.match(answer):
        return _MEMBER_OF.sub("", gold, count=1)
    return gold


def _alternatives(answer: str, gold: str) -> list[str]:
    """Return the different answers that an answer lists, if the gold answer is a single one; else the whole answer."""
    if number_of(answer) or len(split_outside_brackets(gold, ",;")) > 1 or r"\pm" in gold:
        return [answer]
    if gold.startswith(("[", "(", r"\{")):
        return [answer]
    if re.search(r"\\[pm][pm](?![a-z])", without_text(answer)):
        return [answer, ""]
    return list(dict.fromkeys(part for part in split_outside_brackets(answer, ",;") if part)) or [answer]
