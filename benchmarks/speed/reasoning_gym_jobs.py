"""The same work done by reasoning-gym."""

from __future__ import annotations

from itertools import count, islice
from typing import Any, Final

from benchmarks.speed.inputs import batch_size, completions, fresh, puzzles
from benchmarks.speed.timing import Job, JobResult, Jobs, batch_jobs
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

OPERATORS: Final = {Not: "not", And: "and", Or: "or", Implies: "->", Iff: "<=>"}
_REWARD_BATCH: Final = 500


def generate_problems(people: int, seed: int) -> Jobs:
    """Generate problems with one solution and no text."""
    from reasoning_gym.logic.knights_knaves import KKProblemSampler

    sampler = KKProblemSampler(seed, people)

    def job() -> JobResult:
        return JobResult(len(sampler.sample_valid_problems(1)))

    while True:
        yield job


def generate_items(people: int, seed: int) -> Jobs:
    """Generate items of a dataset: names, English and answer."""
    import reasoning_gym

    dataset = reasoning_gym.create_dataset("knights_knaves", n_people=people, seed=seed << 32, size=1 << 31)
    return batch_jobs(count(), 1, dataset.__getitem__)


def render_puzzles(people: int, seed: int) -> Jobs:
    """Render puzzles in English."""
    from reasoning_gym.logic.knights_knaves import KKProblemFormatter

    problems = ({"statements": statements(puzzle), "solution": solve(puzzle)} for puzzle in puzzles(people, seed))
    return batch_jobs(zip(problems, count()), 50, lambda pair: KKProblemFormatter(pair[1], pair[0]).format_problem())


def solve_new_puzzles(people: int, seed: int) -> Jobs:
    """Find all solutions of the puzzles that this library solves."""
    from reasoning_gym.logic.knights_knaves import KnightsKnavesDataset

    problems = map(statements, map(fresh, puzzles(people, seed)))
    return batch_jobs(problems, batch_size(people) // 10, KnightsKnavesDataset.find_solution)


def score_completions(per_puzzle: int, seed: int) -> Jobs:
    """Extract and score the answers of the completions that this library rewards."""
    import reasoning_gym

    dataset = reasoning_gym.create_dataset("knights_knaves", n_people=5, seed=1, size=1)
    pairs = completions(per_puzzle, seed)
    while True:
        yield _score_job(dataset, list(islice(pairs, _REWARD_BATCH)))


def _score_job(dataset: Any, pairs: list[tuple[str, dict[str, Any]]]) -> Job:
    from reasoning_gym.utils import extract_answer

    def job() -> JobResult:
        if {dataset.score_answer(extract_answer(text), row) for text, row in pairs} != {1.0}:
            raise SystemExit("reasoning-gym: a correct completion did not get the full score")
        return JobResult(len(pairs))

    return job


def statements(puzzle: Puzzle) -> tuple[Any, ...]:
    """Return a puzzle's statements in reasoning-gym's form, one per person in their order."""
    utterances = sorted(puzzle.statements, key=lambda utterance: utterance.speaker)
    return tuple(convert(utterance.statement) for utterance in utterances)


def convert(statement: Statement) -> tuple[Any, ...]:
    """Return a statement in reasoning-gym's form."""
    if isinstance(statement, Knight | Knave):
        return ("telling-truth" if isinstance(statement, Knight) else "lying", statement.person)
    return (OPERATORS[type(statement)], *map(convert, statement.parts))  # type: ignore[index]
