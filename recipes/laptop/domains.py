"""The laptop recipe's problems: knights and knaves, three search domains, and three skills that need no search.

A search problem has many candidates and a cheap check. The base model learns to propose one candidate, to write out its
check, and to answer with it or give up; never to try another. The recipe asks whether a warm-up on puzzles teaches the
model to try again. All domains use the same words to suppose, to contradict and to conclude.

| domain | problem | candidates |
|---|---|---|
| `kk` | who is a knight and who a knave | 4 for two people, 8 for three |
| `col` | five people, three colours, five pairs of people with different colours | 243, with up to 48 solutions |
| `pair` | five people in or out, six pairs of people that agree or differ | 32, with up to 4 solutions |
| `sat` | five people in or out, six clauses of two people | 32, with up to 8 solutions |
| `mod` | the remainder of a sum | a skill, answered at once |
| `sort` | sort a list | a skill, answered at once |
| `recall` | repeat people's values in another order | a skill, answered at once; it teaches to look back |
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any, Final

import knk
from knk.answers.verdict import Verdict
from knk.datasets.split import split_of
from knk.generation.spec import Spec
from knk.tasks.format import answer_of, has_format
from knk.tasks.reward_scheme import RewardScheme
from recipes.laptop.puzzles import question
from recipes.laptop.searches import COLOURS, SEARCH_DOMAINS, SIDES, format_values, write_check
from recipes.laptop.words import GIVE_UP, NAMES, assignment, completion, supposition

SEARCHES: Final = tuple(SEARCH_DOMAINS)
SKILLS: Final = ("mod", "sort", "recall")
DOMAINS: Final = ("kk", *SEARCHES, *SKILLS)
_HELD_OUT_ONE_IN: Final = 5
_ATTEMPTS_PER_PROBLEM: Final = 20
_PAPER_SCHEME: Final = RewardScheme()

KK_SPECS: Final = {
    people: Spec(
        people=people,
        kinds=tuple((kind, 1.0) for kind in ("atom", "and", "or")),
        statements=(1, 2) if people == 2 else 1,
        names=NAMES,
        duplicates=True,
    )
    for people in (2, 3, 4)
}
"""Short puzzles. Puzzles that differ only in names are allowed, because few puzzles of two people differ otherwise."""


@dataclass(frozen=True)
class Problem:
    """A problem of a domain.

    Args:
        domain: one of `DOMAINS`.
        question: the problem in words.
        data: the text that the verifier needs.
    """

    domain: str
    question: str
    data: str

    @property
    def prompt(self) -> str:
        """The prompt, which opens the model's thinking."""
        return f"{self.question}\n<think>"

    @property
    def is_held_out(self) -> bool:
        """Whether the problem is reserved for evaluation; depends only on its text, or on the key of a puzzle."""
        if self.domain == "kk":
            return split_of(knk.decode(self.data).key) != "train"
        return hashlib.sha256(self.question.encode()).digest()[0] % _HELD_OUT_ONE_IN == 0


def problems(domain: str, n: int, seed: int, held_out: bool = False, people: Sequence[int] = (2, 3)) -> list[Problem]:
    """Return distinct problems of a domain: fewer than `n` if the domain has no more.

    Args:
        domain: one of `DOMAINS`.
        n: the number of problems.
        seed: the same seed gives the same problems.
        held_out: whether to return held-out problems or training problems; no problem is both.
        people: the numbers of people of puzzles, taken in turn.
    """
    distinct: dict[Problem, None] = {}
    stream = (problem for problem in _stream(domain, seed, people) if problem.is_held_out is held_out)
    for problem in islice(stream, _ATTEMPTS_PER_PROBLEM * n):
        distinct[problem] = None
        if len(distinct) == n:
            break
    return list(distinct)


def verify(text: str, problem: Problem) -> Verdict:
    """Return the verdict on a completion, in training and in evaluation.

    Args:
        text: the completion: what the model wrote after the prompt.
        problem: the problem.

    >>> from recipes.laptop.domains import Problem, verify
    >>> problem = Problem("mod", "7 + 8 mod 5 is what?", "0")
    >>> verify("Let me see.</think> <answer>0</answer>", problem).reason
    'right'
    """
    if problem.domain == "kk":
        return knk.verify(text.replace("_", " is a "), knk.decode(problem.data))
    answer = answer_of(text)
    if answer.problem or not answer.tagged:
        return Verdict(False, answer.problem or "no answer")
    if answer.text == GIVE_UP:
        return Verdict(False, "no answer", detail=GIVE_UP)
    if problem.domain in SEARCH_DOMAINS:
        is_right = SEARCH_DOMAINS[problem.domain].is_right(answer.text, problem.data)
    else:
        is_right = answer.text.split() == problem.data.split()
    if is_right is None:
        return Verdict(False, "unreadable", detail=" ".join(answer.text.split())[:80])
    return Verdict(is_right, "right" if is_right else "wrong", detail=answer.text)


def reward(prompts: Sequence[str], completions: Sequence[str], **columns: Any) -> list[float | None]:
    """Return the paper's reward for each completion: -2 without the format, -1 unreadable, -0.5 wrong, 2 right.

    Args:
        prompts: the prompts; not used.
        completions: the completions.
        **columns: the columns `domain`, `question` and `data` of the rows, and TRL's functions for logging.
    """
    rows = zip(columns["domain"], columns["question"], columns["data"], strict=True)
    verdicts = [verify(text, Problem(*row)) for text, row in zip(completions, rows, strict=True)]
    if log := columns.get("log_metric"):
        log("right", sum(map(bool, verdicts)) / max(len(verdicts), 1))
        log("answered", sum(verdict.answered for verdict in verdicts) / max(len(verdicts), 1))
    if extra := columns.get("log_extra"):
        extra("verdict", [str(verdict) for verdict in verdicts])
    return [
        _PAPER_SCHEME.reward(verdict, has_format=has_format(text))
        for verdict, text in zip(verdicts, completions, strict=True)
    ]


def lesson(problem: Problem, random: Random) -> str:
    """Return a completion for the base model: one candidate and its check, or the answer of a skill.

    Args:
        problem: a problem of any domain but `kk`.
        random: draws the candidate: a solution, a near miss, or a random one.
    """
    if problem.domain in SKILLS:
        return completion("Let me see.", problem.data)
    candidate = SEARCH_DOMAINS[problem.domain].candidate(problem.data, random)
    check, fits = write_check(candidate, problem.data)
    answer = format_values(candidate)
    return completion(f"{supposition(answer)} {check}", answer if fits else GIVE_UP)


def proposal(problem: Problem, random: Random) -> tuple[str, bool]:
    """Return a sentence that proposes a candidate, and whether the candidate is a solution.

    Args:
        problem: a search problem.
        random: draws the candidate.
    """
    candidate = SEARCH_DOMAINS[problem.domain].candidate(problem.data, random)
    return supposition(format_values(candidate)), write_check(candidate, problem.data)[1]


def _stream(domain: str, seed: int, people: Sequence[int]) -> Iterator[Problem]:
    """Iterate without end over problems of a domain, with repetitions."""
    if domain == "kk":
        return _kk_problems(seed, people)
    random = Random(f"{domain} {seed}")
    if domain in SEARCH_DOMAINS:
        return (Problem(domain, *problem) for problem in SEARCH_DOMAINS[domain].problems(random))
    return {"mod": _mod_problems, "sort": _sort_problems, "recall": _recall_problems}[domain](random)


def _kk_problems(seed: int, people: Sequence[int]) -> Iterator[Problem]:
    streams = [knk.generate(KK_SPECS[count], n=1_000_000, seed=seed) for count in people]
    while True:
        for stream in streams:
            puzzle = next(stream)
            yield Problem("kk", question(puzzle), knk.encode(puzzle))


def _mod_problems(random: Random) -> Iterator[Problem]:
    while True:
        first, second, modulus = random.randrange(20), random.randrange(20), random.randrange(3, 10)
        yield Problem("mod", f"{first} + {second} mod {modulus} is what?", str((first + second) % modulus))


def _sort_problems(random: Random) -> Iterator[Problem]:
    while True:
        numbers = random.sample(range(20), 5)
        yield Problem("sort", f"Sort {' '.join(map(str, numbers))}.", " ".join(map(str, sorted(numbers))))


def _recall_problems(random: Random) -> Iterator[Problem]:
    while True:
        values = tuple(random.choices((*COLOURS, *SIDES), k=len(NAMES)))
        people = random.choices(range(len(NAMES)), k=8)
        request = ", ".join(f"{NAMES[person][0]} what" for person in people)
        answer = ", ".join(f"{NAMES[person][0]} {assignment(NAMES[person], values[person])}" for person in people)
        yield Problem("recall", f"{format_values(values)}. Now {request}?", answer)
