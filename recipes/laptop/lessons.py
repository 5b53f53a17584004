"""What the laptop recipe's models learn from: the base's lessons, and the completions of each warm-up arm."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from random import Random
from typing import Final

import knk
from recipes.laptop import puzzles
from recipes.laptop.domains import Problem
from recipes.laptop.words import FILLER, GIVE_UP, LOOK, NO, REVIEW, YES, Values, assignments, completion, prompt

MAX_TRIES: Final = 6
"""The largest number of candidates in a lesson of the base that goes on searching."""
STYLES: Final = ("search", "single", "answer", "shuffled", "filler")
"""The library's search; one candidate only; the answer alone; the search's words in random order; filler instead."""
_REVIEWED: Final = (2, 4)
_SOLUTION_SHARE: Final = 0.3
"""Of the candidates in a review: a check is long, and its end rarely seen, only where a candidate nearly fits."""
_DRAWS: Final = 20


def skill(problem: Problem) -> str:
    """Return the completion of a skill: the answer, at once."""
    return completion(LOOK, problem.data)


def lesson(problem: Problem, random: Random, tries: int = 1) -> str:
    """Return a completion that proposes and checks candidates, and answers with the first that fits, or gives up.

    Args:
        problem: a puzzle or a search problem.
        random: draws the candidates.
        tries: how many candidates are tried before giving up.
    """
    return _search(problem, islice(_candidates(problem, random), tries))


def review(problem: Problem, random: Random) -> tuple[str, str]:
    """Return a prompt that asks for two to four candidates, and the completion that checks each and says which fit.

    Reviews teach to check at any place, and not to search: all candidates are checked, whether one fits or not.

    Args:
        problem: a puzzle or a search problem.
        random: draws the candidates.
    """
    candidates = [problem.candidate(random, _SOLUTION_SHARE) for _ in range(random.randint(*_REVIEWED))]
    checks = [problem.write_try(values) for values in candidates]
    verdicts = " ".join(YES if fits else NO for _, fits in checks)
    thought = " ".join(text for text, _ in checks)
    return prompt(f"{problem.question} {REVIEW} {len(candidates)}"), completion(thought, verdicts)


def warm_up(problem: Problem, style: str, seed: int) -> str:
    """Return the completion that a warm-up arm learns for a puzzle.

    Args:
        problem: a puzzle.
        style: one of `STYLES`.
        seed: seeds the order of the candidates, and of shuffled words.
    """
    random = Random(f"{problem.data} {seed}")
    puzzle = knk.decode(problem.data)
    search = knk.search(puzzle, seed=seed)
    assert search.found is not None
    words = " ".join(puzzles.write_try(puzzle, attempt) for attempt in search.tries).split()
    answer = puzzles.answer(puzzle, search.found)
    if style == "single":
        return lesson(problem, random)
    if style == "answer":
        return completion(LOOK, answer)
    if style == "shuffled":
        random.shuffle(words)
    elif style == "filler":
        words = [FILLER] * len(words)
    return completion(" ".join(words), answer)


def _search(problem: Problem, candidates: Iterable[Values]) -> str:
    tries = []
    for values in candidates:
        text, fits = problem.write_try(values)
        tries.append(text)
        if fits:
            return completion(" ".join(tries), assignments(problem.people, values))
    return completion(" ".join(tries), GIVE_UP)


def _candidates(problem: Problem, random: Random) -> Iterable[Values]:
    """Iterate over different candidates, as long as others are easily drawn."""
    drawn: set[Values] = set()
    for _ in range(_DRAWS * MAX_TRIES):
        values = problem.candidate(random)
        if values not in drawn:
            drawn.add(values)
            yield values
