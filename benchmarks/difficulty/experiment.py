"""The experiment: choose held-out puzzles, train a model for each seed, and record which puzzles it fails."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Final

import numpy as np

import knk
from benchmarks.difficulty.language import is_solved, question, reply
from knk.datasets.split import Shares, split_of
from knk.logic.puzzle import Puzzle

MEASURES: Final = ("grade", "people", "steps", "suppositions", "nesting", "rounds", "widest")
SHARES: Final[Shares] = (("train", 0.8), ("test", 0.2))
BALANCED_GRADES: Final = (1, 2, 3)
_MAX_EXTRA_WORDS: Final = 10
"""How much longer than the longest example a model's reply may be."""


@dataclass(frozen=True)
class Plan:
    """The settings of a run.

    Args:
        people: the smallest and the largest number of people.
        examples: training examples per model.
        natural: held-out puzzles of each number of people in the natural arm.
        balanced: maximum of held-out puzzles of each number of people and grade in the balanced arm.
        pool: puzzles of each number of people from which the held-out ones are chosen, before the split.
        samples: samples per puzzle.
        seeds: training seeds, one model each.
        resamples: number of bootstrap resamples.
        width: hidden size of the model.
        layers: number of layers of the model.
    """

    people: tuple[int, int] = (3, 5)
    examples: int = 14_000
    natural: int = 160
    balanced: int = 50
    pool: int = 6_000
    samples: int = 4
    seeds: tuple[int, ...] = (1, 2)
    resamples: int = 2_000
    width: int = 192
    layers: int = 6


QUICK: Final = Plan((3, 4), 300, 15, 6, 600, 2, (1, 2), 100, 32, 2)
"""A run with almost no training, to test the program."""


@dataclass(frozen=True)
class HeldOut:
    """A held-out puzzle.

    Args:
        puzzle: the puzzle.
        measures: its measures, by name.
        arms: the arms to which it belongs.
    """

    puzzle: Puzzle
    measures: dict[str, int]
    arms: tuple[str, ...]


def held_out_puzzles(plan: Plan) -> list[HeldOut]:
    """Return the held-out puzzles of both arms, each once."""
    smallest, largest = plan.people
    candidates = (held for people in range(smallest, largest + 1) for held in _candidates(plan, people))
    return [held for held in candidates if held.arms]


def _candidates(plan: Plan, people: int) -> Iterator[HeldOut]:
    balanced: Counter[int] = Counter()
    natural = 0
    for puzzle in _available(knk.generate(people=people, n=plan.pool, seed=0)):
        if split_of(puzzle.key, SHARES) != "test":
            continue
        measures = {name: value for name, value in asdict(knk.difficulty(puzzle)).items() if name in MEASURES}
        grade = measures["grade"]
        arms = []
        if natural < plan.natural:
            natural += 1
            arms.append("natural")
        if grade in BALANCED_GRADES and balanced[grade] < plan.balanced:
            balanced[grade] += 1
            arms.append("balanced")
        yield HeldOut(puzzle, measures, tuple(arms))


def _available(puzzles: Iterator[Puzzle]) -> Iterator[Puzzle]:
    """Iterate over puzzles until there are no more: there are only 1,964 of three people."""
    try:
        yield from puzzles
    except knk.NotEnough:
        return


def training_puzzles(plan: Plan, seed: int) -> Iterable[Puzzle]:
    """Return the puzzles to train a model on: repeats are allowed, keys of held-out puzzles are not."""
    puzzles = knk.generate(people=plan.people, n=10 * plan.examples, seed=seed, duplicates=True)
    return islice((puzzle for puzzle in puzzles if split_of(puzzle.key, SHARES) == "train"), plan.examples)


def new_records(held_out: Sequence[HeldOut]) -> list[dict[str, Any]]:
    """Return a record for each held-out puzzle, without failures yet."""
    return [
        {"puzzle": knk.encode(held.puzzle), **held.measures, "arms": held.arms, "greedy": [], "sampled": []}
        for held in held_out
    ]


def train_and_test(
    plan: Plan, seed: int, held_out: Sequence[HeldOut], records: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Train one model, append its failures to the records, and return a summary of the training."""
    from benchmarks.difficulty.model import Example, Shape, replies, train

    examples = [Example(tuple(question(p)), tuple(reply(knk.trace(p)))) for p in training_puzzles(plan, seed)]
    training = train(examples, Shape(plan.width, plan.layers), seed)
    start = time.perf_counter()
    questions = [question(held.puzzle) for held in held_out]
    max_words = max(len(example.reply) for example in examples) + _MAX_EXTRA_WORDS
    for outcome, samples in (("greedy", 0), ("sampled", plan.samples)):
        written = replies(training.model, questions, max_words, samples, seed)
        for held, texts, record in zip(held_out, written, records, strict=True):
            solution = knk.solve(held.puzzle)
            record[outcome].append(float(np.mean([not is_solved(words, solution) for words in texts])))
    return {
        "seed": seed,
        "parameters": training.parameters,
        "examples": len(examples),
        "tokens": training.tokens,
        "training_seconds": round(training.seconds),
        "generation_seconds": round(time.perf_counter() - start),
        "loss": round(training.loss, 4),
    }
