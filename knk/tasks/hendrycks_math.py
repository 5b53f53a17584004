r"""MATH as a task: competition problems with an answer in a box, trained on 100 of 7,500 and measured on MATH-500.

The answer is the box after the thinking. It is brought into a plain form and refused where it holds what no answer
needs (`knk.tasks.math.forms`); two numbers are compared exactly; and for the rest math-verify decides
(`knk.tasks.math.judge`), in worker processes that are stopped when they take too long.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Final

from knk.answers.verdict import Reason, Verdict
from knk.errors import BadRow, MissingPackage
from knk.parallel.pool import (
    Ending,
    Outcome,
    Pool,
    shared,
)
from knk.tasks.benchmark import BenchmarkEntry, LmEvalTasks
from knk.tasks.format import (
    Completion,
    Prompt,
    answer_of,
    prompt_of,
    text_of,
)
from knk.tasks.math.forms import (
    Answer,
    Box,
    boxes,
    is_near,
    is_too_long,
    number_of,
    numbers_of,
    pieces,
    plain,
    read,
    same_number,
    same_numbers,
    without_text,
    without_units,
)
from knk.tasks.math.values import differ
from knk.tasks.reward_scheme import RewardScheme
from knk.tasks.source import Row, Source, check_split, field, identity, training_items

NAME: Final = "hendrycks_math"
COLUMNS: Final = ("problem", "answer")
OPTIONS: Final = ("n", "revision", "trained")
REWARD_SCHEME: Final = RewardScheme()
TEST: Final = Source("HuggingFaceH4/MATH-500", "6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be", "test")
TRAIN: Final = Source(
    "EleutherAI/hendrycks_math",
    "21a5633873b6a120296cce3e2df9d5550074f4a3",
    "train",
    (
        *("algebra", "counting_and_probability", "geometry", "intermediate_algebra"),
        *("number_theory", "prealgebra", "precalculus"),
    ),
)
SECONDS: Final = 5.0
"""How long math-verify may take for one answer; nine in ten take less than a hundredth of a second."""
_INSTRUCTION: Final = r"Put the final answer into \boxed{} inside the answer tags."
_MOST_BOXES: Final = 4

# Rows.


def rows(
    split: str,
    data: str | os.PathLike[str] | None = None,
    revision: str | None = None,
    *,
    n: int = 100,
    train: str | os.PathLike[str] | None = None,
) -> Iterator[Row]:
    """Return an iterator over the problems of a split.

    "test" is MATH-500, "train" is n problems of MATH's own training set, and "held-out" is MATH-500 without any problem
    that is among those n. The two sets share no problem as published, but "held-out" sees to it, and so needs the
    training set too: from `train`, or else from the Hub. It fails where it can have neither.

    Args:
        split: "train", "held-out" or "test".
        data: a local file with the published rows of the split's own set; the Hub if not given.
        revision: another commit of that set than the one that is read otherwise.
        n: how many problems are trained on; the paper has 100, and 7,500 in one arm.
        train: for "held-out", a local file with the training set.

    Raises:
        BadFile: there is no such split or file, or there are not n problems.
        BadRow: a row is not one of these datasets.

    >>> import json, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "one.jsonl"
    >>> _ = path.write_text(json.dumps({"problem": "1 + 1?", "answer": "2", "subject": "Algebra", "level": "Level 1"}))
    >>> [row["answer"] for row in rows("test", path)], [row["level"] for row in rows("train", path, n=1)]
    (['2'], [1])
    """
    check_split(split)
    if split == "train":
        return _chosen(list(map(_row, TRAIN.rows(data, revision))), n)
    found = map(_row, TEST.rows(data, revision))
    return found if split == "test" else _held_out(found, train, n)


def _chosen(found: list[Row], n: int) -> Iterator[Row]:
    trained = training_items((row["id"] for row in found), n)
    return (row for row in found if row["id"] in trained)


def _held_out(found: Iterable[Row], train: str | os.PathLike[str] | None, n: int) -> Iterator[Row]:
    trained = training_items((identity(field(row, "problem", str)) for row in TRAIN.rows(train)), n)
    return (row for row in found if row["id"] not in trained)


def _row(found: Row) -> Row:
    """Return a row of ours, made from one of either published set."""
    problem = field(found, "problem", str)
    return {
        "id": identity(problem),
        "problem": problem,
        "answer": field(found, "answer", str) if "answer" in found else _answer_in(field(found, "solution", str)),
        "subject": field(found, "subject" if "subject" in found else "type", str),
        "level": _level(found),
    }


def _answer_in(solution: str) -> str:
    """Return the answer of an official solution: what its last box holds; a few boxes have no braces."""
    found = boxes(solution)
    if not found:
        raise BadRow("a solution has no \\boxed answer")
    content = found[-1].content
    if content is None:
        content = re.split(r"[$\s]", solution[found[-1].end :], maxsplit=1)[0]
    return content.strip()


def _level(found: Row) -> int:
    """Return a problem's level, from 1 to 5; 0 for the two problems whose level nobody knows."""
    level = field(found, "level", (int, str))
    digits = re.fullmatch(r"(?:Level )?([1-5?])", str(level))
    if digits is None:
        raise BadRow(f"a level is from 1 to 5, not {str(level)[:20]!r}")
    return 0 if digits[1] == "?" else int(digits[1])


def prompt(row: Row, style: str = "paper") -> Prompt:
    r"""Return the prompt that asks a problem.

    Args:
        row: a row that `rows` gave.
        style: "paper" or "chat"; see `knk.tasks.format`.

    Raises:
        BadRow: the row has no problem.

    >>> prompt({"problem": "What is $1 + 1$?"}, "chat")[0]["content"][:45]
    'What is $1 + 1$?\n\nPut the final answer into \\'
    """
    return prompt_of(field(row, "problem", str), _INSTRUCTION, style)


# The verdict.


@dataclass(frozen=True)
class _Question:
    """What only math-verify can say: a job for the workers, and what was read."""

    gold: str
    said: str
    also: tuple[str, ...]
    near: tuple[str, ...]
    problem: str

    def job(self) -> dict[str, Any]:
        return asdict(self)


_Judged = Verdict | _Question


def verify(completion: Completion, row: Row) -> Verdict:
    r"""Return the verdict on a completion; `detail` is the answer that was read, or what is the matter with it.

    Args:
        completion: what a model wrote.
        row: a row with "answer" and "problem".

    Raises:
        BadRow: the row is not one of this task.
        MissingPackage: math-verify is not installed.
        WorkersFailed: worker processes do not start.

    >>> row = {"problem": "What is $1/2 + 1/4$?", "answer": r"\frac{3}{4}"}
    >>> print(verify(r"Hm.</think><answer>\boxed{0.75}</answer>", row))
    right: 0.75
    >>> print(verify(r"Hm.</think><answer>\boxed{\frac{3}{4}} or \boxed{1}</answer>", row))
    several answers
    """
    return verify_many([completion], [row])[0]


def verify_many(completions: Sequence[Completion], rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on many completions, each of the row in its place; the workers share the work.

    Raises:
        BadRow: a row is not one of this task.
        MissingPackage: math-verify is not installed.
        WorkersFailed: worker processes do not start.
    """
    _need_math_verify()
    judged = [_judged(text_of(one), row) for one, row in zip(completions, rows, strict=True)]
    questions = list(dict.fromkeys(one for many in judged for one in many if isinstance(one, _Question)))
    answers = dict(zip(questions, _answered(questions), strict=True))
    return [_together([answers[one] if isinstance(one, _Question) else one for one in many]) for many in judged]


@lru_cache
def _need_math_verify() -> None:
    # Looked for, not imported: it takes a second, and only the workers need it.
    if find_spec("math_verify") is None:
        raise MissingPackage('MATH answers are judged by math-verify: pip install "knk[math]"')


def _judged(text: str, row: Row) -> list[_Judged]:
    """Return a verdict or a question for each answer that a completion gives."""
    gold, problem = field(row, "answer", str), field(row, "problem", str)
    answer = answer_of(text)
    if answer.problem:
        return [Verdict(False, answer.problem)]
    found = boxes(answer.text)
    if not found:
        return [Verdict(False, "no answer", detail="no box")]
    contents = [box.content for box in found if box.content is not None]
    if len(contents) < len(found):
        return [Verdict(False, "unreadable", detail="a box that does not close")]
    if any(is_too_long(content, gold) for content in contents):
        return [Verdict(False, "unreadable", detail="too long")]
    if any(_is_denied(answer.text, box) for box in found):
        return [Verdict(False, "retracted")]
    several = list({plain(content): content for content in contents}.values())
    if len(several) > _MOST_BOXES:
        return [Verdict(False, "several answers")]
    return [_judged_box(content, gold, problem) for content in several]


def _together(verdicts: list[Verdict]) -> Verdict:
    """Return the verdict on all boxes of an answer: they may be written differently, but all must be right."""
    if len(verdicts) == 1:
        return verdicts[0]
    if any(verdict.correct is False for verdict in verdicts):
        return Verdict(False, "several answers")
    return next((verdict for verdict in verdicts if verdict.correct is None), verdicts[-1])


_BEFORE: Final = re.compile(
    r"(?:\\n(?:e|eq)|≠|\b(?:not|never|n't|cannot|isn't|neither|nor|wrong|incorrect|false))"
    r"(?:[\s$:=({\[\\]|\b(?:the|an?|answer|final|is|be|that|it|equal|equals|to|likely|probably)\b)*$",
    re.IGNORECASE,
)
_AFTER: Final = re.compile(
    r"[\s$.,;:)\]}\\]*(?:(?:it|this|that|which|answer)\s+)?(?:(?:is|was|seems|looks)\s+)?(?:(?:in)?correct\?"
    r"|(?:wrong|incorrect|false|not\s+(?:right|correct|true|the|it|sure)|isn't|a\s+guess)\b)",
    re.IGNORECASE,
)
_NEAR: Final = 60


def _is_denied(text: str, box: Box) -> bool:
    before, after = text[max(0, box.start - _NEAR) : box.start], text[box.end : box.end + _NEAR]
    return bool(_BEFORE.search(before) or _AFTER.match(after))


def _judged_box(content: str, gold: str, problem: str) -> _Judged:
    """Return the verdict on what a box holds, or the question that it is."""
    if not plain(gold):
        return Verdict(None, "failed", detail="the gold answer is empty")
    told, right = " ".join(content.split())[:100], _gold(gold)
    if _is_words(right) and _letters(plain(content)) == _letters(right):
        return Verdict(True, "right", detail=told)
    answer = read(content, gold)
    if answer.problem:
        return Verdict(False, answer.problem, detail=answer.detail)
    if answer == Answer(right) or answer == Answer(plain(gold)):
        return Verdict(True, "right", detail=told)
    if _is_words(right):
        return Verdict(False, "wrong", detail=told)
    right = _matching(right, answer.text)
    choices = _choices(answer.text, right)
    if len(choices) > 1:
        return Verdict(False, "several answers", detail=told)
    number, wanted = number_of(choices[0]), number_of(right)
    if number and wanted and not answer.also:
        near = all(is_near(wanted.value, decimal) for decimal in map(number_of, answer.near) if decimal)
        return _verdict(near and same_number(wanted, number, problem), told)
    numbers, several = numbers_of(choices[0]), numbers_of(right)
    if numbers and several and not wanted and not answer.also and not answer.near:
        return _verdict(same_numbers(several, numbers), told)
    if differ(right, choices[0]):
        return Verdict(False, "wrong", detail=told)
    return _Question(right, choices[0], answer.also, answer.near, problem)


def _verdict(correct: bool, told: str) -> Verdict:
    return Verdict(correct, "right" if correct else "wrong", detail=told)


@lru_cache(1 << 14)
def _gold(gold: str) -> str:
    text = plain(gold)
    return without_units(text, text)


_WORDS: Final = re.compile(r"(?:\\text\{[^{}]*\}|[A-Z]{3,})")


def _is_words(gold: str) -> bool:
    return bool(_WORDS.fullmatch(gold))


def _letters(text: str) -> str:
    """Return the letters and digits of words: "(C)" is "C"."""
    inner = re.sub(r"\\text\{([^{}]*)\}", r"\1", text)
    return re.sub(r"[\s().]", "", inner).lower()


_MEMBER: Final = re.compile(r"[A-Za-z]\\in ?")


def _matching(gold: str, said: str) -> str:
    """Return the gold answer without "x =" or "x in", where what is said has none."""
    sides = pieces(gold, "=")
    if len(sides) == 2 and len(pieces(said, "=")) == 1 and re.fullmatch(r"[A-Za-z]+", sides[0]):
        return sides[1]
    if _MEMBER.match(gold) and not _MEMBER.match(said):
        return _MEMBER.sub("", gold, count=1)
    return gold


def _choices(said: str, gold: str) -> list[str]:
    """Return the answers that differ in what is said, where the gold answer is one."""
    if number_of(said) or len(pieces(gold, ",;")) > 1 or r"\pm" in gold or gold.startswith(("[", "(", r"\{")):
        return [said]
    several = list(dict.fromkeys(piece for piece in pieces(said, ",;") if piece))
    return [said, ""] if re.search(r"\\[pm][pm](?![a-z])", without_text(said)) else several or [said]


# The paper's way, for evaluation.


def paper_reading(completions: Sequence[Completion], rows: Sequence[Row], samples: Sequence[int]) -> list[bool | None]:  # noqa: ARG001 - tasks that guess need the sample's number
    r"""Return whether math-verify finds the right answer in each whole completion, as the paper counts it.

    The gold answer is given first, which the authors' code does not do; None where no answer came in time.

    Args:
        completions: what a model wrote, with its thinking.
        rows: the row of each.
        samples: of no use here.

    Raises:
        BadRow: a row is not one of this task.
        MissingPackage: math-verify is not installed.
        WorkersFailed: worker processes do not start.

    >>> paper_reading([r"It may be $2$, or so.", r"\\boxed{3}"], [{"answer": "2"}] * 2, [0, 1])
    [True, False]
    """
    _need_math_verify()
    jobs = [
        {"gold": field(row, "answer", str), "whole": text_of(one)} for one, row in zip(completions, rows, strict=True)
    ]
    return [outcome.value is True if outcome.ending == "done" else None for outcome in _pool().run(jobs)]


# The workers.

_REASONS: Final[dict[str, Reason]] = {
    "right": "right",
    "wrong": "wrong",
    "no answer": "no answer",
    "unreadable": "unreadable",
}


def _pool() -> Pool:
    return shared("knk.tasks.math.judge:work", seconds=SECONDS)


def _answered(questions: list[_Question]) -> list[Verdict]:
    """Return math-verify's verdicts; a question that it could not answer in time is put once more, on its own."""
    outcomes = _pool().run([question.job() for question in questions])
    return [
        _verdict_of(question, outcome if outcome.ending == "done" else _second(question))
        for question, outcome in zip(questions, outcomes, strict=True)
    ]


def _second(question: _Question) -> Outcome:
    return _pool().run([question.job()])[0]


_LIMITS: Final[tuple[Ending, ...]] = ("timed out", "no memory", "failed")


def _verdict_of(question: _Question, outcome: Outcome) -> Verdict:
    if outcome.ending == "done":
        found, detail = outcome.value
        return Verdict(found == "right", _REASONS[found], detail=detail or question.said)
    if outcome.ending in _LIMITS and _is_fine(question.gold):
        # Twice past a limit a thousand times what a real answer needs, while the gold answer is read at once: the fault
        # is the completion's. If it were left without a verdict, a policy could escape a penalty by such answers.
        return Verdict(False, "unreadable", detail=f"{outcome.ending} twice")
    reason: Reason = "failed" if outcome.ending in ("died", "failed") else "timed out"
    return Verdict(None, reason, detail=outcome.error or outcome.ending)


@lru_cache(1 << 12)
def _is_fine(gold: str) -> bool:
    outcome = _pool().run([{"gold": gold}])[0]
    return outcome.ending == "done" and outcome.value is True


# The benchmark.


def _items(data: str | os.PathLike[str] | None) -> Iterator[Row]:
    # MATH-500 whole: training items come from MATH's own training set, which shares no problem with it.
    return ({**row, "groups": [f"level {row['level']}"]} for row in rows("test", data))


BENCHMARKS: Final = (
    BenchmarkEntry(
        name="math500",
        heading="MATH",
        version=1,
        items=_items,
        lm_eval=LmEvalTasks(("knk_math500",)),
        paper_reading=paper_reading,
        in_paper=True,
    ),
)
"""MATH-500."""
