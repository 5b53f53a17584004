"""The gate: whether a base checks candidates reliably at the first, the second and the third try.

A habit of trying again is worth nothing if a second check is less reliable than the first. So the base is given the
candidate, and the right checks of those before it, and writes the check of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from knk.errors import KnkError
from recipes.laptop.domains import UNSEEN, Problem, problems
from recipes.laptop.evaluate import ITEM_SEED, PUZZLES, Model
from recipes.laptop.words import FAILS, FITS, TRY, Values, assignments

THRESHOLD: Final = 0.95
TRIES: Final = 3
GATED: Final = ("kk2", "kk3", "col", "pair", "sat")
"""The tasks that must pass."""
_MEASURED: Final = (*GATED, UNSEEN)
_MAX_CHECK_TOKENS: Final = 100

Gate = Mapping[str, Sequence[float]]
"""The share of right checks by task, at the first try, the second, and so on."""


class GateFailed(KnkError):
    """A base does not check candidates reliably, so a study from it would say little."""


def measure(model: Model, n: int) -> dict[str, list[float]]:
    """Return the share of right checks of each task, by try.

    Args:
        model: the model.
        n: the number of held-out problems of each task.
    """
    return {task: [_share(model, task, n, tries) for tries in range(1, TRIES + 1)] for task in _MEASURED}


def failures(gate: Gate) -> list[str]:
    """Return what a gate fails at, as texts; none if it passes.

    >>> failures({"kk2": [1.0, 1.0, 0.9], "kk3": [1.0] * 3, "col": [1.0] * 3, "pair": [1.0] * 3, "sat": [1.0] * 3})
    ['kk2 at try 3: 0.900']
    """
    return [
        f"{task} at try {number}: {share:.3f}"
        for task in GATED
        for number, share in enumerate(gate[task], 1)
        if share < THRESHOLD
    ]


def _share(model: Model, task: str, n: int, tries: int) -> float:
    """Return the share of right checks at a try."""
    random = Random(f"gate {task} {tries}")
    domain, people = ("kk", (PUZZLES[task],)) if task in PUZZLES else (task, (2,))
    task_items = problems(domain, n, ITEM_SEED + 1, held_out=True, people=people)
    starts = [_tried(problem, random, tries) for problem in task_items]
    prompts = [prompt for prompt, _ in starts]
    texts = model.complete(prompts, _MAX_CHECK_TOKENS, greedy=True, until=(FITS, FAILS))
    return sum(text == expected for (text, _), (_, expected) in zip(texts, starts, strict=True)) / len(starts)


def _tried(problem: Problem, random: Random, tries: int) -> tuple[str, str]:
    """Return a prompt that ends after a candidate, following checks of others that fail, and the candidate's check."""
    words: list[str] = []
    while len(words) < tries - 1:
        text, fits = problem.write_try(_other_candidate(problem, random))
        if not fits:
            words.append(text)
    candidate = problem.candidate(random)
    text, _ = problem.write_try(candidate)
    start = f"{TRY} {assignments(problem.people, candidate)}"
    return problem.prompt + " ".join([*words, start]), text.removeprefix(start).strip()


def _other_candidate(problem: Problem, random: Random) -> Values:
    return tuple(random.choices(problem.values, k=len(problem.people)))
