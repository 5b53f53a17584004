r"""MMLU-Pro as a task: questions of 14 subjects with up to ten options each, of which one letter is right.

How an answer is read is in `knk.tasks.choice`. The paper reads it differently: the first box anywhere, else the letter
after `<answer>`, else the last capital on its own, else an option drawn at random. `paper_answer` does the same, and
`evaluate` reports both readings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal

from knk.answers.verdict import Verdict
from knk.errors import BadFile, BadRow
from knk.tasks.benchmark import BenchmarkEntry, LmEvalTasks
from knk.tasks.choice.letters import letter_of
from knk.tasks.choice.option_text import LETTERS
from knk.tasks.format import Prompt, prompt_of
from knk.tasks.messages import Completion, text_of
from knk.tasks.reward_scheme import RewardScheme
from knk.tasks.source import Row, Source, check_split, converted, field, row_id, rows_of_split, training_items

NAME: Final = "mmlu_pro"
COLUMNS: Final = ("options", "answer")
OPTIONS: Final = ("n", "revision", "subject")
REWARD_SCHEME: Final = RewardScheme(unreadable=-0.5)
SOURCE: Final = Source("TIGER-Lab/MMLU-Pro", "b189ec765aa7ed75c8acfea42df31fdae71f97be", "test")
TRAINING_SUBJECTS: Final = ("physics", "history")
"""The subjects that the paper trains on."""
_INSTRUCTION: Final = r"Put the letter of the right option into \boxed{} inside the answer tags."


def rows(
    split: str,
    data: str | os.PathLike[str] | None = None,
    revision: str | None = None,
    *,
    subject: str | None = None,
    n: int = 100,
    trained: Sequence[str] = TRAINING_SUBJECTS,
) -> Iterator[Row]:
    """Return an iterator over the questions of a split.

    "test" is all questions, or all of one subject. "train" is n questions of a subject, and "held-out" its others;
    which ones depends on the questions' texts alone. Without a subject, "held-out" is all questions except the training
    items of the subjects in `trained`, to evaluate a model that was trained on any of them.

    Args:
        split: "train", "held-out" or "test".
        data: a local file with the published rows; the Hub if not given.
        revision: another commit than the default.
        subject: a subject, as the dataset names it in "category".
        n: how many questions of a subject are for training.
        trained: without a subject, the subjects whose training items "held-out" leaves out.

    Raises:
        BadFile: there is no such split, subject or file, there are fewer than n questions, or "train" has no subject.
        BadRow: a row is not one of this dataset.

    >>> import json, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "two.jsonl"
    >>> item = {"question": "1 + 1?", "options": ["1", "2", "3"], "answer": "B", "category": "math", "question_id": 7}
    >>> _ = path.write_text(json.dumps(item))
    >>> next(rows("test", path))["answer"]
    'B'
    """
    check_split(split)
    if split == "train" and subject is None:
        raise BadFile(f"the split 'train' needs a subject, for instance {TRAINING_SUBJECTS[0]!r}")
    all_rows = converted(SOURCE.rows(data, revision), _row, data)
    if subject is not None:
        return rows_of_split(_rows_of_subject(all_rows, subject), split, n)
    return all_rows if split == "test" else _held_out(all_rows, trained, n)


def _row(published: Row) -> Row:
    """Return this task's row for a published row."""
    question = field(published, "question", str)
    return {
        "id": row_id(question),
        "question": question,
        "options": list(_options(published)),
        "answer": _right_letter(published),
        "subject": field(published, "category", str),
        "question_id": field(published, "question_id", int),
    }


def _options(row: Row) -> tuple[str, ...]:
    options = tuple(field(row, "options", (list, tuple)))
    if not 2 <= len(options) <= len(LETTERS) or not all(isinstance(option, str) for option in options):
        raise BadRow(f"expected from 2 to {len(LETTERS)} options, each a str")
    return options


def _right_letter(row: Row) -> str:
    letter: str = field(row, "answer", str)
    if letter not in tuple(LETTERS[: len(_options(row))]):
        raise BadRow(f"expected the letter of an option as the right answer, got {letter[:20]!r}")
    return letter


def _rows_of_subject(all_rows: Iterable[Row], subject: str) -> Iterator[Row]:
    subjects: set[str] = set()
    for row in all_rows:
        subjects.add(row["subject"])
        if row["subject"] == subject:
            yield row
    if subject not in subjects:
        raise BadFile(f"unknown subject {subject!r}: expected one of {', '.join(sorted(subjects))}")


def _held_out(all_rows: Iterable[Row], subjects: Collection[str], n: int) -> Iterator[Row]:
    """Iterate over the rows that are no training item of any of the subjects."""
    all_rows = list(all_rows)
    chosen: set[str] = set()
    for subject in subjects:
        chosen |= training_items((row["id"] for row in _rows_of_subject(all_rows, subject)), n)
    yield from (row for row in all_rows if row["id"] not in chosen)


def prompt(row: Row, style: str = "paper") -> Prompt:
    r"""Return the prompt that asks a question.

    Args:
        row: a row from `rows`.
        style: "paper" or "chat"; see `knk.tasks.format`.

    Raises:
        BadRow: the row has no question or no options.

    >>> prompt({"question": "1 + 1?", "options": ["1", "2"]}, "chat")[0]["content"][:38]
    '1 + 1?\nOptions:\nA. 1\nB. 2\n\nPut the let'
    """
    options = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, _options(row), strict=False))
    return prompt_of(f"{field(row, 'question', str)}\nOptions:\n{options}", _INSTRUCTION, style)


# The verdict.


def verify(completion: Completion, row: Row, unreadable: Literal["wrong", "guess"] = "wrong", seed: int = 0) -> Verdict:
    r"""Return the verdict on a completion; `detail` is the letter that was read.

    Args:
        completion: what a model wrote.
        row: a row with "options" and "answer"; for a guess with "id" too.
        unreadable: how an unreadable answer counts: as "wrong", or as a "guess" in the model's place, as in the paper's
            evaluation. Several answers, or a retracted one, are wrong either way.
        seed: the seed of the guess; see `guess`.

    Raises:
        BadRow: the row is not one of this task.
        BadCompletion: the completion is neither a string nor a message with text.
        ValueError: `unreadable` is neither of the two.

    >>> row = {"options": ["red", "green", "blue"], "answer": "B"}
    >>> print(verify(r"Hm.</think><answer>\boxed{B}</answer>", row))
    right: B
    >>> print(verify("Hm.</think><answer>Not B.</answer>", row))
    unreadable
    """
    if unreadable not in ("wrong", "guess"):
        raise ValueError(f"expected unreadable as 'wrong' or 'guess', got {unreadable!r}")
    options, right = _options(row), _right_letter(row)
    answer = letter_of(text_of(completion), options)
    letter = answer.letter
    if answer.problem:
        if unreadable == "wrong" or answer.problem not in ("no answer", "unreadable"):
            return Verdict(False, answer.problem)
        letter = guess(row, seed)
    return Verdict(letter == right, "right" if letter == right else "wrong", detail=letter)


def verify_many(completions: Sequence[Completion], rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on many completions, given the row of each."""
    return [verify(completion, row) for completion, row in zip(completions, rows, strict=True)]


def partial(verdict: Verdict, row: Row) -> float:
    """Return 1 for the right letter, 0 for none, and for a wrong one so much less that a guess has 0 in expectation.

    Args:
        verdict: the verdict on an answer.
        row: the answer's row.

    >>> partial(Verdict(False, "wrong", detail="A"), {"options": ["red", "green", "blue"], "answer": "B"})
    -0.5
    """
    if not verdict.answered:
        return 0.0
    return 1.0 if verdict else -1 / (len(_options(row)) - 1)


# The paper's reading, for evaluation.

_PAPER_PATTERNS: Final = (re.compile(r"\\boxed\{([A-J])\}"), re.compile(r"<answer>\s*([A-J])"))
_CAPITAL: Final = re.compile(r"\b[A-J]\b")


@dataclass(frozen=True)
class Evaluation:
    """Whether a completion is right, by both readings.

    Args:
        strict: by this library's, which counts an unreadable answer as wrong.
        paper: by the paper's, which replaces it with an option drawn at random.
        guessed: whether the paper's option was drawn.
    """

    strict: bool
    paper: bool
    guessed: bool


def evaluate(completion: Completion, row: Row, seed: int = 0) -> Evaluation:
    r"""Return whether a completion is right, by this library's reading and by the paper's.

    Args:
        completion: what a model wrote.
        row: a row with "id", "options" and "answer".
        seed: the seed of the guess; see `guess`.

    Raises:
        BadRow: the row is not one of this task.

    >>> row = {"id": "x", "options": ["red", "green", "blue"], "answer": "B"}
    >>> evaluate(r"First \boxed{A}, no. </think><answer>\boxed{B}</answer>", row)
    Evaluation(strict=True, paper=False, guessed=False)
    """
    letter = _letter_as_in_paper(text_of(completion))
    right = _right_letter(row)
    return Evaluation(bool(verify(completion, row)), (letter or guess(row, seed)) == right, letter is None)


def paper_answer(completion: Completion, row: Row, seed: int = 0) -> str:
    r"""Return the letter that the paper reads: the first box anywhere, else `<answer>X`, else the last lone capital.

    If there is none of these, it is a guess. The letter may be beyond the options.

    Args:
        completion: what a model wrote, with its thinking.
        row: a row with "id" and "options".
        seed: the seed of the guess; see `guess`.

    Raises:
        BadRow: the row has no identity or no options.

    >>> paper_answer("I think it is A, or B.", {"id": "x", "options": ["red", "green"]})
    'B'
    """
    return _letter_as_in_paper(text_of(completion)) or guess(row, seed)


def _letter_as_in_paper(text: str) -> str | None:
    for pattern in _PAPER_PATTERNS:
        match = pattern.search(text)
        if match:
            return match[1]
    last: str | None = None
    for capital in _CAPITAL.finditer(text):
        last = capital[0]
    return last


def guess(row: Row, seed: int = 0) -> str:
    """Return one of a row's letters, drawn at random from the row's identity and a seed, and so reproducible.

    Args:
        row: a row with "id" and "options".
        seed: the seed; each sample of a question should have its own.

    Raises:
        BadRow: the row has no identity or no options.

    >>> guess({"id": "x", "options": ["red", "green"]}) in "AB"
    True
    """
    digest = blake2b(f"{seed}\0{field(row, 'id', str)}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return LETTERS[int.from_bytes(digest, "big") % len(_options(row))]


def paper_reading(completions: Sequence[Completion], rows: Sequence[Row], samples: Sequence[int]) -> list[bool | None]:
    r"""Return whether each completion is right as the paper reads it.

    Args:
        completions: what a model wrote.
        rows: the row of each.
        samples: which sample of its row each is: the seed of the guess.

    Raises:
        BadRow: a row is not one of this task.

    >>> paper_reading([r"\boxed{B}</think>A"], [{"id": "x", "options": ["red", "green"], "answer": "B"}], [0])
    [True]
    """
    return [
        evaluate(completion, row, sample).paper
        for completion, row, sample in zip(completions, rows, samples, strict=True)
    ]


# The benchmark.


def _items(data: str | os.PathLike[str] | None) -> Iterator[Row]:
    return ({**row, "groups": [row["subject"]]} for row in rows("held-out", data))


BENCHMARKS: Final = (
    BenchmarkEntry(
        name="mmlu_pro",
        heading="MMLU-Pro",
        version=1,
        items=_items,
        lm_eval=LmEvalTasks(("knk_mmlu_pro",)),
        paper_reading=paper_reading,
    ),
)
"""MMLU-Pro without the questions that RLVR trains on."""
