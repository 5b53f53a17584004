"""The laptop recipe's data: what the base learns, what each arm's warm-up has, and what RLVR asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from knk.datasets.files import write
from recipes.laptop.domains import Problem, lesson, problems
from recipes.laptop.puzzles import told

Row = dict[str, str]
MIXTURE: Final[Mapping[str, float]] = {
    "col": 0.22,
    "pair": 0.22,
    "sat": 0.22,
    "mod": 0.05,
    "sort": 0.05,
    "kk": 0.05,
    "recall": 0.19,
}
"""The share of each domain among the base's examples."""
ARMS: Final[Mapping[str, str]] = {
    "warmed": "proof",
    "answers only": "answer-only",
    "shuffled": "shuffled",
    "filler": "filler",
    "continued": "",
}
"""The arms of the warm-up and what they are told of a puzzle; the continued base goes on with its own data."""
_POOL: Final = 4_000


def base_rows(seed: int) -> Iterator[Row]:
    """Iterate without end over what the base learns.

    Args:
        seed: draws the problems and the candidates.
    """
    random = Random(f"base {seed}")
    streams = {domain: _endless(domain, seed) for domain in MIXTURE}
    while True:
        (domain,) = random.choices(list(MIXTURE), list(MIXTURE.values()))
        problem = next(streams[domain])
        style = told(problem.data, "answer-only", seed) if domain == "kk" else lesson(problem, random)
        yield {"prompt": problem.prompt, "completion": style}


def warm_rows(arm: str, replay: float, seed: int) -> Iterator[Row]:
    """Iterate without end over what an arm's warm-up has.

    Args:
        arm: one of `ARMS`.
        replay: the share of examples that are of the base's kind.
        seed: draws the problems, and what is replayed.
    """
    random = Random(f"warm-up {seed}")
    replayed, puzzles = base_rows(seed + 1_000), _endless("kk", seed)
    for number in count():
        if not ARMS[arm] or random.random() < replay:
            yield next(replayed)
        else:
            problem = next(puzzles)
            yield {"prompt": problem.prompt, "completion": told(problem.data, ARMS[arm], number)}


def rlvr_rows(domain: str, n: int, seed: int) -> Iterator[Row]:
    """Iterate over the problems that RLVR asks.

    Args:
        domain: of which domain.
        n: how many.
        seed: draws them.
    """
    for problem in problems(domain, n, seed + 2_000):
        yield {"prompt": problem.prompt, "domain": problem.domain, "question": problem.question, "data": problem.data}


def write_budget(path: Path, rows: Iterable[Row], tokens: int, length: Callable[[str], int]) -> int:
    """Write rows until they have so many tokens, and return how many rows they are.

    Args:
        path: the file.
        rows: the rows, as many as are needed.
        tokens: the tokens of prompts and completions together.
        length: counts the tokens of a text.
    """

    def enough() -> Iterator[Row]:
        left = tokens
        for row in rows:
            if left <= 0:
                return
            left -= length(row["prompt"] + row["completion"])
            yield row

    return write(path, enough())


def _endless(domain: str, seed: int) -> Iterator[Problem]:
    """Problems to learn from, a pool at a time."""
    for pool in count():
        yield from problems(domain, _POOL if pool else _POOL // 4, seed + 10_000 * pool)
