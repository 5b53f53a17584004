"""Knights and knaves as a task: puzzles generated, or from a corpus or a file, public ones included."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

from knk.answers.verdict import Verdict
from knk.answers.verify import verify as verify_answer
from knk.datasets.files import read
from knk.datasets.rows import row_of
from knk.datasets.split import split_of
from knk.errors import BadFile
from knk.generation.generate import generate
from knk.generation.spec import Spec
from knk.logic.notation import decode
from knk.logic.puzzle import Puzzle
from knk.logic.solver import solve
from knk.tasks.benchmark import BenchmarkEntry, LmEvalTasks
from knk.tasks.format import Prompt, prompt_of
from knk.tasks.messages import Completion, text_of
from knk.tasks.reward_scheme import RewardScheme
from knk.tasks.source import Row, check_split, converted, field
from knk.text.parse import parse

NAME: Final = "kk"
COLUMNS: Final = ("puzzle", "solution")
OPTIONS: Final = ("n", "people", "grade", "seed")
REWARD_SCHEME: Final = RewardScheme()
PAPER: Final = Spec(people=(3, 7))
"""The paper's sizes."""
TEST_SET: Final = Path(__file__).parent / "data" / "test-1.parquet"
"""The public test set, version 1: `benchmarks/lm_eval/make_test_set.py` makes it, and it never changes."""
_INSTRUCTION: Final = 'Give the answer as one numbered line a person, such as "(1) Zoey is a {}".'
_DEFAULT_COUNT: Final = 500
_TEXT_COLUMNS: Final = ("text", "quiz")


def rows(
    split: str,
    data: str | os.PathLike[str] | None = None,
    revision: str | None = None,  # noqa: ARG001 - the signature of all tasks; here nothing is downloaded
    *,
    n: int | None = None,
    seed: int = 0,
    spec: Spec = PAPER,
) -> Iterator[Row]:
    """Return an iterator over puzzles of a split.

    A puzzle's split is a function of its key, so "train" and "held-out" share none, whatever the seed. Without data,
    and in a corpus, "test" is the same as "held-out"; in a single file, "test" is all rows.

    Args:
        split: "train", "held-out" or "test".
        data: a corpus that `knk.datasets.build` made, or a file of rows, this library's or the public data's; generated
            if not given.
        revision: ignored.
        n: how many puzzles to generate, 500 if not given (of three people some 200 are held out); with data, how many
            to read, all if not given.
        seed: the seed to generate them with.
        spec: the puzzles to generate.

    Raises:
        BadFile: there is no such split or file.
        BadRow: a row has no puzzle.
        NotEnough: there are fewer puzzles.

    >>> row = next(rows("test", n=1, seed=7))
    >>> row["people"], row["solution"]
    (5, [False, False, True, True, True])
    """
    check_split(split)
    if data is None:
        return _generated(split, _DEFAULT_COUNT if n is None else n, seed, spec)
    if Path(data).is_dir():
        return islice(read_rows(data, "train" if split == "train" else "test"), n)
    all_rows = read_rows(data)
    if split != "test":
        all_rows = (row for row in all_rows if _is_for_training(row["id"]) is (split == "train"))
    return islice(all_rows, n)


def _generated(split: str, n: int, seed: int, spec: Spec) -> Iterator[Row]:
    # Nine in ten puzzles of a long stream are for training.
    puzzles = (puzzle for puzzle in generate(spec, 100 * n + 1000, seed))
    puzzles_of_split = (puzzle for puzzle in puzzles if _is_for_training(puzzle.key) is (split == "train"))
    return ({"id": puzzle.key, **row_of(puzzle, seed)} for puzzle in islice(puzzles_of_split, n))


def _is_for_training(key: str) -> bool:
    return split_of(key) == "train"


def read_rows(data: str | os.PathLike[str], split: str = "train") -> Iterator[Row]:
    """Return an iterator over the rows of a file, or of a corpus's split, as this task has them.

    Args:
        data: a corpus that `knk.datasets.build` made, or a file of rows, this library's or the public data's.
        split: the corpus's split; ignored for a file.

    Raises:
        BadFile: there is no such file, folder or split.
        BadRow: a row has no puzzle.
    """
    if Path(data).is_dir():
        files = sorted(Path(data).glob(f"{split}/*.parquet"))
        if not files:
            raise BadFile(f"{data}: no such split: expected files {split}/*.parquet")
        return chain.from_iterable(converted(read(file), _row, file) for file in files)
    if not Path(data).is_file():
        raise BadFile(f"{data}: no such file or folder")
    return converted(read(data), _row, data)


def _row(source_row: Row) -> Row:
    """Return this task's row for a row of this library or of the public data."""
    if isinstance(source_row.get("puzzle"), str):
        puzzle = _decoded(source_row["puzzle"])
    else:
        column = next((name for name in _TEXT_COLUMNS if source_row.get(name)), _TEXT_COLUMNS[0])
        puzzle = parse(field(source_row, column, str))
    row = row_of(puzzle)
    texts = (source_row[name] for name in _TEXT_COLUMNS if isinstance(source_row.get(name), str))
    return {"id": puzzle.key, **row, "text": next(texts, row["text"])}


def prompt(row: Row, style: str = "paper") -> Prompt:
    """Return the prompt that asks a puzzle.

    Args:
        row: a row from `rows`.
        style: "paper" or "chat"; see `knk.tasks.format`.

    >>> prompt(next(rows("test", n=1)), "chat")[0]["role"]
    'user'
    """
    knight, _ = _decoded(field(row, "puzzle", str)).roles
    return prompt_of(field(row, "text", str), _INSTRUCTION.format(knight), style)


def verify(completion: Completion, row: Row) -> Verdict:
    """Return the verdict on a completion; see `knk.answers.verify`.

    Args:
        completion: what a model wrote.
        row: a row with "puzzle" in the one-line notation.

    >>> print(verify("</think><answer>Ann is a knave, Bob is a knight.</answer>", {"puzzle": "Ann,Bob 0:&(-0,-1)"}))
    right: -Ann +Bob
    """
    notation = field(row, "puzzle", str)
    return verify_answer(text_of(completion), _decoded(notation), solution=_solution(notation))


def verify_many(completions: Sequence[Completion], rows: Sequence[Row]) -> list[Verdict]:
    """Return the verdicts on many completions, given the row of each."""
    return [verify(completion, row) for completion, row in zip(completions, rows, strict=True)]


def partial(verdict: Verdict, row: Row) -> float:
    """Return the mean over all people of 1 for a right role, -1 for a wrong one and 0 for none.

    A coin toss for a role has 0 in expectation. An answer that contradicts itself, or that is unreadable for another
    reason than missing people, has 0.

    Args:
        verdict: the verdict on an answer.
        row: the answer's row.

    >>> partial(Verdict(False, "incomplete", (("Ann", False),)), {"puzzle": "Ann,Bob 0:&(-0,-1)"})
    0.5
    """
    if not verdict.answered and verdict.reason != "incomplete":
        return 0.0
    notation = field(row, "puzzle", str)
    truth = dict(zip(_decoded(notation).names, _solution(notation), strict=True))
    return sum(1 if truth[name] == knight else -1 for name, knight in verdict.claims) / len(truth)


@functools.lru_cache(maxsize=1 << 14)
def _decoded(notation: str) -> Puzzle:
    return decode(notation)


@functools.lru_cache(maxsize=1 << 14)
def _solution(notation: str) -> tuple[bool, ...]:
    # A row's own solution is not trusted: it may come from anywhere, and to solve the puzzle costs microseconds once.
    return solve(_decoded(notation))


# The benchmarks.

_TEST_SET_COLUMNS: Final[Mapping[str, type]] = MappingProxyType(
    {"puzzle": str, "text": str, "solution": list, "answer": str, "group": str, "original": str}
)


def _test_set_items(benchmark: str, data: str | os.PathLike[str] | None) -> Iterator[Row]:
    """Return an iterator over a benchmark's rows in the public test set, or over all rows of a file like it."""
    for published in read(TEST_SET if data is None else data):
        if data is not None or published["benchmark"] == benchmark:
            row = {column: field(published, column, kind) for column, kind in _TEST_SET_COLUMNS.items()}
            yield {**row, "id": decode(row["puzzle"]).key, "groups": [row["group"]]}


def _puzzle_items(data: str | os.PathLike[str] | None) -> Iterator[Row]:
    if data is None:
        return _test_set_items("knk", None)
    return ({**row, "groups": [f"{row['people']} people"]} for row in rows("test", data))


BENCHMARKS: Final = (
    BenchmarkEntry(
        name="knk",
        heading="K&K",
        version=1,
        items=_puzzle_items,
        lm_eval=LmEvalTasks(tuple(f"knk_people_{people}" for people in range(3, 9)), is_group=True, local="knk_own"),
    ),
    BenchmarkEntry(
        name="knk_grades",
        heading="K&K by grade",
        version=1,
        items=functools.partial(_test_set_items, "knk_grades"),
        lm_eval=LmEvalTasks(
            tuple(f"knk_grade_{grade}" for grade in range(1, 6)), is_group=True, local="knk_own_grades"
        ),
    ),
    BenchmarkEntry(
        name="knk_perturbed",
        heading="K&K changed",
        version=1,
        items=functools.partial(_test_set_items, "knk_perturbed"),
        lm_eval=LmEvalTasks(("knk_perturbed",)),
    ),
)
"""Puzzles of 3 to 8 people; puzzles of eight people by grade; 50 puzzles, each as it is and changed in six ways."""
