"""What reasoning-gym does at the same work."""

from __future__ import annotations

from itertools import count, islice
from typing import Any

from benchmarks.speed.ours import completions, fresh, puzzles, size
from benchmarks.speed.timing import Done, Job, Jobs, batches
from knk.logic.puzzle import Puzzle
from knk.logic.solver import solve
from knk.logic.statements import (
    And,
    Iff,
    Implies,
    Knave,
    Knight,
    Not,
    Or,
    Statement,
)

OPERATORS = {Not: "not", And: "and", Or: "or", Implies: "->", Iff: "<=>"}


def sampled(people: int, seed: int) -> Jobs:
    """Problems with one solution, without a text: what the library has as arrays."""
    from reasoning_gym.logic.knights_knaves import KKProblemSampler

    sampler = KKProblemSampler(seed, people)

    def job() -> Done:
        return Done(len(sampler.sample_valid_problems(1)))

    while True:
        yield job


def items(people: int, seed: int) -> Jobs:
    """Items of a dataset: names, English and answer."""
    import reasoning_gym

    data = reasoning_gym.create_dataset("knights_knaves", n_people=people, seed=seed << 32, size=1 << 31)
    return batches(count(), 1, data.__getitem__)


def rendered(people: int, seed: int) -> Jobs:
    """Problems put into English."""
    from reasoning_gym.logic.knights_knaves import KKProblemFormatter

    problems = ({"statements": statements(puzzle), "solution": solve(puzzle)} for puzzle in puzzles(people, seed))
    return batches(zip(problems, count()), 50, lambda one: KKProblemFormatter(one[1], one[0]).format_problem())


def solved(people: int, seed: int) -> Jobs:
    """All solutions of the puzzles that the library is given to solve."""
    from reasoning_gym.logic.knights_knaves import KnightsKnavesDataset

    given = map(statements, map(fresh, puzzles(people, seed)))
    return batches(given, size(people) // 10, KnightsKnavesDataset.find_solution)


def judged(each: int, seed: int) -> Jobs:
    """The completions that the library is given to judge; the answer is looked for and scored."""
    import reasoning_gym

    data = reasoning_gym.create_dataset("knights_knaves", n_people=5, seed=1, size=1)
    asked = completions(each, seed)
    while True:
        yield _scored(data, list(islice(asked, 500)))


def _scored(data: Any, asked: list[tuple[str, dict[str, Any]]]) -> Job:
    from reasoning_gym.utils import extract_answer

    def job() -> Done:
        if {data.score_answer(extract_answer(text), row) for text, row in asked} != {1.0}:
            raise SystemExit("a right completion was not paid in full")
        return Done(len(asked))

    return job


def statements(puzzle: Puzzle) -> tuple[Any, ...]:
    """Return what a puzzle's people say in reasoning-gym's form, a statement a person in their order."""
    return tuple(form(said.statement) for said in sorted(puzzle.statements, key=lambda said: said.speaker))


def form(statement: Statement) -> tuple[Any, ...]:
    """Return a statement in reasoning-gym's form."""
    if isinstance(statement, Knight | Knave):
        return ("telling-truth" if isinstance(statement, Knight) else "lying", statement.person)
    return (OPERATORS[type(statement)], *map(form, statement.parts))  # type: ignore[index]
