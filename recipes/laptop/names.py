"""What readers see: the names of tasks and arms in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recipes.laptop.domains import Problem
from recipes.laptop.relations import parse
from recipes.laptop.words import PEOPLE

TASK_NAMES: Final[Mapping[str, str]] = {
    "kk2": "puzzles, 2 people",
    "kk3": "puzzles, 3 people",
    "kk4": "puzzles, 4 people",
    "col": "colouring",
    "pair": "same or different side",
    "sat": "clauses",
    "mix": "colours, same or different",
    "recall": "skill: recall",
    "reverse": "skill: reverse",
}
TRAINING: Final[Mapping[str, str]] = {
    "base": "lessons in puzzles, colouring, sides and clauses that check one candidate; few of them try another",
    "warmed": "the base, then searches for the solution of puzzles: try, check, try again",
    "answers only": "the base, then the same puzzles with their answers alone",
    "shuffled": "the base, then the same searches with their words in random order",
    "filler": "the base, then the same puzzles and answers with filler words in place of the search",
    "single checks": "the base, then the same puzzles with one candidate and its check",
    "continued": "the base, then more of the base's own lessons",
}
"""What each arm was trained on."""


def task_name(task: str, rl_domain: str) -> str:
    """Return a task in words, with what was trained on it.

    Args:
        task: one of `recipes.laptop.evaluate.TASKS`.
        rl_domain: the domain of RLVR.

    >>> task_name("col", "col"), task_name("mix", "col")
    ('colouring (not in the warm-up; RLVR)', 'colours, same or different (never trained)')
    """
    if task in ("mix", "kk4"):
        trained = "never trained"
    elif task in ("kk2", "kk3"):
        trained = "warm-up"
    else:
        trained = "not in the warm-up" + ("; RLVR" if task == rl_domain else "")
    return f"{TASK_NAMES[task]} ({trained})"


def arm_training(arm: str) -> str:
    """Return what an arm was trained on.

    >>> arm_training("warmed + RL")
    'warmed, then RLVR on 100 problems of colouring'
    """
    start, rl, rollouts = arm.partition(" + RL")
    if not rl:
        return TRAINING[arm]
    drawn = ", sampled at temperature 0.7 and top-p 0.95" if rollouts else ""
    return f"{'the base' if start == 'base' else start}, then RLVR on 100 problems of colouring{drawn}"


def in_words(problem: Problem) -> str:
    """Return a search problem in English.

    >>> in_words(Problem("col", "<colours> A#B B#C"))
    'Give A, B, C, D and E each red, green or blue, so that A and B differ, B and C differ.'
    """
    values = f"{', '.join(problem.values[:-1])} or {problem.values[-1]}"
    relations = ", ".join(relation.in_words() for relation in parse(problem.question))
    return f"Give {', '.join(PEOPLE[:-1])} and {PEOPLE[-1]} each {values}, so that {relations}."
