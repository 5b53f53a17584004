r"""MATH as a task: competition problems with an answer in a box, trained on 100 of 7,500 and measured on MATH-500.

The answer is the box after the thinking. How answers are read and compared is in `knk.tasks.math`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from knk.answers.verdict import Verdict
from knk.errors import BadRow
from knk.tasks.benchmark import BenchmarkEntry, LmEvalTasks
from knk.tasks.format import Prompt, prompt_of
from knk.tasks.math.boxes import boxes
from knk.tasks.math.verdicts import check_math_verify, run_jobs, verdicts_on
from knk.tasks.messages import Completion, text_of
from knk.tasks.reward_scheme import RewardScheme
from knk.tasks.source import Row, Source, check_split, converted, field, row_id, training_items

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
_INSTRUCTION: Final = r"Put the final answer into \boxed{} inside the answer tags."

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

    "test" is MATH-500, "train" is n problems of MATH's own training set, and "held-out" is MATH-500 without any of
    those n. The two sets share no problem as published, but "held-out" makes sure, and so needs the training set too:
    from `train`, or else from the Hub.

    Args:
        split: "train", "held-out" or "test".
        data: a local file with the published rows of the split's own set; the Hub if not given.
        revision: another commit of that set than the default.
        n: how many problems are for training; the paper has 100, and 7,500 in one arm.
        train: for "held-out", a local file with the training set.

    Raises:
        BadFile: there is no such split or file, or there are fewer than n problems.
        BadRow: a row is not one of these datasets.

    >>> import json, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "one.jsonl"
    >>> _ = path.write_text(json.dumps({"problem": "1 + 1?", "answer": "2", "subject": "Algebra", "level": "Level 1"}))
    >>> [row["answer"] for row in rows("test", path)], [row["level"] for row in rows("train", path, n=1)]
    (['2'], [1])
    """
    check_split(split)
    if split == "train":
        return _training_rows(list(converted(TRAIN.rows(data, revision), _row, data)), n)
    test_rows = converted(TEST.rows(data, revision), _row, data)
    return test_rows if split == "test" else _held_out(test_rows, train, n)


def _training_rows(train_rows: list[Row], n: int) -> Iterator[Row]:
    chosen = training_items((row["id"] for row in train_rows), n)
    return (row for row in train_rows if row["id"] in chosen)


def _held_out(test_rows: Iterable[Row], train: str | os.PathLike[str] | None, n: int) -> Iterator[Row]:
    chosen = training_items((row_id(field(row, "problem", str)) for row in TRAIN.rows(train)), n)
    return (row for row in test_rows if row["id"] not in chosen)


def _row(published: Row) -> Row:
    """Return this task's row for a row of either published set."""
    problem = field(published, "problem", str)
    has_answer = "answer" in published
    return {
        "id": row_id(problem),
        "problem": problem,
        "answer": field(published, "answer", str) if has_answer else _answer_in(field(published, "solution", str)),
        "subject": field(published, "subject" if "subject" in published else "type", str),
        "level": _level(published),
    }


def _answer_in(solution: str) -> str:
    """Return the answer of an official solution: the content of its last box; a few boxes have no braces."""
    solution_boxes = boxes(solution)
    if not solution_boxes:
        raise BadRow("a solution has no \\boxed answer")
    last = solution_boxes[-1]
    content = re.split(r"[$\s]", solution[last.end :], maxsplit=1)[0] if last.content is None else last.content
    return content.strip()


def _level(published: Row) -> int:
    """Return a problem's level, from 1 to 5; 0 for the two problems of unknown level."""
    level = field(published, "level", (int, str))
    match = re.fullmatch(r"(?:Level )?([1-5?])", str(level))
    if match is None:
        raise BadRow(f"expected a level from 1 to 5, got {str(level)[:20]!r}")
    return 0 if match[1] == "?" else int(match[1])


def prompt(row: Row, style: str = "paper") -> Prompt:
    r"""Return the prompt that asks a problem.

    Args:
        row: a row from `rows`.
        style: "paper" or "chat"; see `knk.tasks.format`.

    Raises:
        BadRow: the row has no problem.

    >>> prompt({"problem": "What is $1 + 1$?"}, "chat")[0]["content"][:45]
    'What is $1 + 1$?\n\nPut the final answer into \\'
    """
    return prompt_of(field(row, "problem", str), _INSTRUCTION, style)


# The verdict.


def verify(completion: Completion, row: Row) -> Verdict:
    r"""Return the verdict on a completion; `detail` is the answer that was read, or the problem with it.

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
    """Return the verdicts on many completions; the workers share the work.

    Args:
        completions: what models wrote.
        rows: the row of each.

    Raises:
        BadRow: a row is not one of this task.
        MissingPackage: math-verify is not installed.
        WorkersFailed: worker processes do not start.
    """
    check_math_verify()
    return verdicts_on([text_of(completion) for completion in completions], rows)


# The paper's reading, for evaluation.


def paper_reading(
    completions: Sequence[Completion],
    rows: Sequence[Row],
    samples: Sequence[int],  # noqa: ARG001 - other tasks draw guesses by it
) -> list[bool | None]:
    r"""Return whether math-verify finds the right answer anywhere in each whole completion, as the paper counts it.

    Unlike the authors' code, this gives math-verify the gold answer first. None if there is no result in time.

    Args:
        completions: what a model wrote, with its thinking.
        rows: the row of each.
        samples: ignored.

    Raises:
        BadRow: a row is not one of this task.
        MissingPackage: math-verify is not installed.
        WorkersFailed: worker processes do not start.

    >>> paper_reading([r"It may be $2$, or so.", r"\\boxed{3}"], [{"answer": "2"}] * 2, [0, 1])
    [True, False]
    """
    check_math_verify()
    jobs = [
        {"gold": field(row, "answer", str), "completion": text_of(completion)}
        for completion, row in zip(completions, rows, strict=True)
    ]
    return [outcome.value is True if outcome.ending == "done" else None for outcome in run_jobs(jobs)]


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
    ),
)
"""MATH-500."""
