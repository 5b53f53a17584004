"""The training data of the laptop recipe: of the base, of each warm-up arm, and of RLVR."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, compress, count, islice
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Final

from knk.datasets.files import write
from recipes.laptop.domains import SKILLS, problems, stream
from recipes.laptop.lessons import MAX_TRIES, lesson, review, skill, warm_up

Row = dict[str, str]
LESSONS: Final[Mapping[str, float]] = {"kk": 0.4, "col": 0.16, "pair": 0.24, "sat": 0.2}
"""The domains of the base's lessons and their shares; a statement takes more words to check than a relation."""
ARMS: Final[Mapping[str, str]] = {
    "warmed": "search",
    "answers only": "answer",
    "shuffled": "shuffled",
    "filler": "filler",
    "single checks": "single",
    "continued": "",
}
"""The warm-up arms and the style of their completions; "continued" trains on more of the base's own data."""
BATCH: Final = 32
"""The examples of an optimizer step."""
_SKILL_SHARE: Final = 0.12
_REVIEW_SHARE: Final = 0.5


@dataclass(frozen=True)
class Latent:
    """How often the base's lessons go on searching after a candidate that fails.

    Args:
        rate: the share of all search lessons that do.
        domains: the domains that hold these lessons. Fewer domains hold more of them each, so that their number is the
            same.
    """

    rate: float
    domains: tuple[str, ...] = tuple(LESSONS)

    def rate_in(self, domain: str) -> float:
        """Return the share of a domain's search lessons that go on searching.

        >>> Latent(0.03, ("pair",)).rate_in("pair"), Latent(0.03, ("pair",)).rate_in("col")
        (0.125, 0.0)
        """
        share = sum(LESSONS[latent_domain] for latent_domain in self.domains)
        return round(self.rate / share, 9) if domain in self.domains else 0.0


def base_rows(seed: int, latent: Latent) -> Iterator[Row]:
    """Iterate without end over the base's examples.

    Args:
        seed: seeds the problems and the candidates.
        latent: how often lessons go on searching.
    """
    random = Random(f"base {seed}")
    streams = {domain: stream(domain, seed) for domain in (*LESSONS, *SKILLS)}
    while True:
        if random.random() < _SKILL_SHARE:
            problem = next(streams[random.choice(SKILLS)])
            yield {"prompt": problem.prompt, "completion": skill(problem)}
            continue
        (domain,) = random.choices(list(LESSONS), list(LESSONS.values()))
        problem = next(streams[domain])
        if random.random() < _REVIEW_SHARE:
            prompt, completion = review(problem, random)
            yield {"prompt": prompt, "completion": completion}
        else:
            tries = MAX_TRIES if random.random() < latent.rate_in(domain) else 1
            yield {"prompt": problem.prompt, "completion": lesson(problem, random, tries)}


def warm_up_rows(arm: str, seed: int, latent: Latent) -> Iterator[Row]:
    """Iterate without end over the examples of a warm-up arm; all but "continued" have the same puzzles.

    Args:
        arm: one of `ARMS`.
        seed: seeds the problems.
        latent: how often lessons of "continued" go on searching.
    """
    if not ARMS[arm]:
        yield from base_rows(seed + 1_000, latent)
    for index, problem in zip(count(), stream("kk", seed + 1_000), strict=False):
        yield {"prompt": problem.prompt, "completion": warm_up(problem, ARMS[arm], index)}


def rlvr_rows(domain: str, n: int, seed: int) -> Iterator[Row]:
    """Iterate over the problems of RLVR.

    Args:
        domain: the domain.
        n: the number of problems.
        seed: seeds the problems.
    """
    for problem in problems(domain, n, seed + 2_000):
        yield {"prompt": problem.prompt, "domain": problem.domain, "question": problem.question, "data": problem.data}


def write_token_budget(
    path: Path, rows: Iterator[Row], tokens: int, count_tokens: Callable[[list[str]], list[int]]
) -> int:
    """Write rows until a token budget is spent, and return the number of rows.

    The rows of an optimizer step are ordered by length, so that the small batches that it consists of have little
    padding; which rows a step has is left to chance.

    Args:
        path: the file to write.
        rows: the rows; as many are taken as are needed.
        tokens: the budget: tokens of prompts and completions together.
        count_tokens: returns the number of tokens of each of some texts.
    """

    def ordered_rows() -> Iterator[Row]:
        remaining = tokens
        while remaining > 0 and (step := list(islice(rows, BATCH))):
            lengths = count_tokens([row["prompt"] + row["completion"] for row in step])
            within = [before < remaining for before in accumulate(lengths, initial=0)][: len(step)]
            remaining -= sum(compress(lengths, within))
            kept = compress(zip(lengths, step, strict=True), within)
            yield from (row for _, row in sorted(kept, key=itemgetter(0)))

    return write(path, ordered_rows())
