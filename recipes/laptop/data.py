"""The training data of the laptop recipe: of the base, of each warm-up arm, and of RLVR."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from knk.datasets.files import write
from recipes.laptop import puzzles
from recipes.laptop.domains import Problem, lesson, problems

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
"""The share of each domain in the base's examples."""
ARMS: Final[Mapping[str, str]] = {
    "warmed": "proof",
    "answers only": "answer-only",
    "shuffled": "shuffled",
    "filler": "filler",
    "continued": "",
}
"""The warm-up arms and the style of their completions; "continued" trains on more of the base's own data."""
_POOL_SIZE: Final = 4_000


def base_rows(seed: int) -> Iterator[Row]:
    """Iterate without end over the base's examples.

    Args:
        seed: seeds the problems and the candidates.
    """
    random = Random(f"base {seed}")
    streams = {domain: _endless_problems(domain, seed) for domain in MIXTURE}
    while True:
        (domain,) = random.choices(list(MIXTURE), list(MIXTURE.values()))
        problem = next(streams[domain])
        if domain == "kk":
            completion = puzzles.completion(problem.data, "answer-only", seed)
        else:
            completion = lesson(problem, random)
        yield {"prompt": problem.prompt, "completion": completion}


def warm_up_rows(arm: str, replay_share: float, seed: int) -> Iterator[Row]:
    """Iterate without end over the examples of a warm-up arm.

    Args:
        arm: one of `ARMS`.
        replay_share: the share of examples drawn from the base's mixture.
        seed: seeds the problems and the choice of replayed examples.
    """
    random = Random(f"warm-up {seed}")
    base_examples, puzzle_stream = base_rows(seed + 1_000), _endless_problems("kk", seed)
    for index in count():
        if not ARMS[arm] or random.random() < replay_share:
            yield next(base_examples)
        else:
            problem = next(puzzle_stream)
            yield {"prompt": problem.prompt, "completion": puzzles.completion(problem.data, ARMS[arm], index)}


def rlvr_rows(domain: str, n: int, seed: int) -> Iterator[Row]:
    """Iterate over the problems of RLVR.

    Args:
        domain: the domain.
        n: the number of problems.
        seed: seeds the problems.
    """
    for problem in problems(domain, n, seed + 2_000):
        yield {"prompt": problem.prompt, "domain": problem.domain, "question": problem.question, "data": problem.data}


def write_token_budget(path: Path, rows: Iterable[Row], tokens: int, count_tokens: Callable[[str], int]) -> int:
    """Write rows until a token budget is spent, and return the number of rows.

    Args:
        path: the file to write.
        rows: the rows; as many are taken as are needed.
        tokens: the budget: tokens of prompts and completions together.
        count_tokens: returns the number of tokens of a text.
    """

    def rows_within_budget() -> Iterator[Row]:
        remaining = tokens
        for row in rows:
            if remaining <= 0:
                return
            remaining -= count_tokens(row["prompt"] + row["completion"])
            yield row

    return write(path, rows_within_budget())


def _endless_problems(domain: str, seed: int) -> Iterator[Problem]:
    """Iterate without end over training problems, generated in pools."""
    for pool in count():
        yield from problems(domain, _POOL_SIZE if pool else _POOL_SIZE // 4, seed + 10_000 * pool)
