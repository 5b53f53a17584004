"""The laptop recipe's problems: knights and knaves, search domains, and two skills that need no search.

A search problem has many candidates and a cheap check: propose values for all people, check one relation after the
other, and answer, or try again. Nothing is ever trained on `mix`. Its words are known, but no lesson has two people who
must share a colour.

| domain | problem | candidates |
|---|---|---|
| `kk` | who is a knight and who a knave | 4 for two people, 8 for three |
| `col` | five people, three colours, five pairs of people with different colours | 243, with up to 48 solutions |
| `pair` | five people in or out, six pairs of people that agree or differ | 32, with up to 4 solutions |
| `sat` | five people in or out, six clauses of two people | 32, with up to 6 solutions |
| `mix` | five people, three colours, five pairs of people that agree or differ | 243, with up to 48 solutions |
| `recall` | repeat people's values in another order | a skill, answered at once |
| `reverse` | reverse some digits | a skill, answered at once |
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, islice, product
from random import Random
from typing import Any, Final

import knk
from knk.answers.verdict import Verdict
from knk.datasets.split import split_of
from knk.generation.spec import Spec
from knk.logic.puzzle import Puzzle
from knk.proofs.search import try_roles
from knk.tasks.format import answer_of, has_format
from knk.tasks.reward_scheme import RewardScheme
from recipes.laptop import puzzles
from recipes.laptop.relations import Clause, Pair, Relation, ValueOf, parse
from recipes.laptop.words import (
    COLOURS,
    DIGITS,
    FAILS,
    FITS,
    GIVE_UP,
    OPENING,
    PEOPLE,
    RECALL,
    REVERSE,
    ROLES,
    SIDES,
    TRY,
    Values,
    assignments,
    prompt,
)

_NAMES: Final = ("Ann", "Bob", "Cal", "Dan", "Eve")
"""The names of people in the library's puzzles; the recipe writes their initials."""
_HELD_OUT_ONE_IN: Final = 5
_ATTEMPTS_PER_PROBLEM: Final = 100
_PAPER_SCHEME: Final = RewardScheme()
_ENDLESS: Final = 1_000_000_000

KK_SPECS: Final = {
    people: Spec(
        people=people,
        kinds=tuple((kind, 1.0) for kind in ("atom", "and", "or")),
        statements=(1, 2) if people == 2 else 1,
        names=_NAMES,
        duplicates=True,
    )
    for people in (2, 3, 4)
}
"""Short puzzles. Puzzles that differ only in names are allowed, because few puzzles of two people differ otherwise."""


@dataclass(frozen=True)
class SearchDomain:
    """A kind of search problem between five people.

    Args:
        values: the values that a person can have.
        relations: the number of relations of a problem.
        max_solutions: the largest number of solutions of a problem.
        relate: returns a relation between two people.
        separator: what stands between two relations.
    """

    values: Values
    relations: int
    max_solutions: int
    relate: Callable[[str, str, Random], Relation]
    separator: str = " "

    def questions(self, random: Random) -> Iterator[str]:
        """Iterate without end over questions with few solutions."""
        pairs = list(combinations(PEOPLE, 2))
        while True:
            drawn = [random.sample(pair, 2) for pair in random.sample(pairs, self.relations)]
            relations = [self.relate(first, second, random) for first, second in drawn]
            if 1 <= len(_solutions_of(relations, self.values)) <= self.max_solutions:
                yield f"{OPENING[self.values]} {self.separator.join(map(str, relations))}"


def _differ(first: str, second: str, random: Random) -> Relation:
    return Pair(first, second, same=False)


def _pair(first: str, second: str, random: Random) -> Relation:
    return Pair(first, second, same=random.random() < 0.5)


def _clause(first: str, second: str, random: Random) -> Relation:
    return Clause(((first, random.choice(SIDES)), (second, random.choice(SIDES))))


SEARCHES: Final[Mapping[str, SearchDomain]] = {
    "col": SearchDomain(COLOURS, 5, 48, _differ),
    "pair": SearchDomain(SIDES, 6, 4, _pair),
    "sat": SearchDomain(SIDES, 6, 6, _clause, " ; "),
    "mix": SearchDomain(COLOURS, 5, 48, _pair),
}
SKILLS: Final = ("recall", "reverse")
UNSEEN: Final = "mix"
"""The search domain on which nothing is ever trained."""
DOMAINS: Final = ("kk", *SEARCHES, *SKILLS)


@dataclass(frozen=True)
class Problem:
    """A problem of a domain.

    Args:
        domain: one of `DOMAINS`.
        question: the problem in words.
        data: a puzzle's notation, or a skill's answer; "" for search problems, whose question says all.
    """

    domain: str
    question: str
    data: str = ""

    @property
    def prompt(self) -> str:
        """The prompt, which opens the model's thinking."""
        return prompt(self.question)

    @property
    def is_held_out(self) -> bool:
        """Whether the problem is reserved for evaluation; depends only on its text, or on the key of a puzzle."""
        if self.domain == "kk":
            return split_of(knk.decode(self.data).key) != "train"
        return hashlib.sha256(self.question.encode()).digest()[0] % _HELD_OUT_ONE_IN == 0

    @property
    def people(self) -> Sequence[str]:
        """The people whose values are asked for, in order."""
        return [name[0] for name in _puzzle(self.data).names] if self.domain == "kk" else PEOPLE

    @property
    def values(self) -> Values:
        """The values that a person can have."""
        return ROLES if self.domain == "kk" else SEARCHES[self.domain].values

    @property
    def solutions(self) -> Sequence[Values]:
        """All solutions of a puzzle or a search problem."""
        if self.domain != "kk":
            return _solutions(self.question, self.values)
        return [tuple(ROLES[0 if role else 1] for role in roles) for roles in knk.solutions(_puzzle(self.data))]

    def write_try(self, values: Values) -> tuple[str, bool]:
        """Return a candidate with its check, up to the first relation that does not hold, and whether all hold.

        >>> Problem("pair", "<sides> A#B B~C").write_try(("in", "in", "out", "in", "in"))
        ('try A=in B=in C=out D=in E=in A#B A=in in B=in in same wrong fails', False)
        """
        if self.domain == "kk":
            attempt = try_roles(_puzzle(self.data), tuple(value == ROLES[0] for value in values))
            return puzzles.write_try(_puzzle(self.data), attempt), attempt.fits
        value_of, words = dict(zip(self.people, values, strict=True)), [TRY, assignments(self.people, values)]
        for relation in parse(self.question):
            words.append(relation.check(value_of))
            if not relation.holds(value_of):
                return " ".join([*words, FAILS]), False
        return " ".join([*words, FITS]), True

    def candidate(self, random: Random, solution_share: float = 0.2) -> Values:
        """Return a candidate: a solution, a solution with one value changed, or, the rest, random values.

        Args:
            random: draws the candidate.
            solution_share: the share of solutions, and of solutions with one value changed.
        """
        choice = random.random()
        if choice >= 2 * solution_share:
            return tuple(random.choices(self.values, k=len(self.people)))
        values = random.choice(self.solutions)
        if choice < solution_share:
            return values
        index = random.randrange(len(values))
        other = random.choice([value for value in self.values if value != values[index]])
        return (*values[:index], other, *values[index + 1 :])


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
    for problem in islice(_all_problems(domain, seed, people), _ATTEMPTS_PER_PROBLEM * n):
        if problem.is_held_out is held_out:
            distinct[problem] = None
        if len(distinct) == n:
            break
    return list(distinct)


def stream(domain: str, seed: int, held_out: bool = False, people: Sequence[int] = (2, 3)) -> Iterator[Problem]:
    """Iterate without end over problems of a domain, with repetitions; the arguments are those of `problems`."""
    return (problem for problem in _all_problems(domain, seed, people) if problem.is_held_out is held_out)


def read_values(text: str, problem: Problem) -> Values | None:
    """Return the values in an answer; None unless it names each person once, in order, with a known value.

    Args:
        text: the answer.
        problem: a puzzle or a search problem.
    """
    pairs = [word.partition("=") for word in text.split()]
    values = tuple(value for _, _, value in pairs)
    if [person for person, _, _ in pairs] != list(problem.people) or not set(values) <= set(problem.values):
        return None
    return values


def verify(text: str, problem: Problem) -> Verdict:
    """Return the verdict on a completion, in training and in evaluation.

    Args:
        text: the completion: what the model wrote after the prompt.
        problem: the problem.

    >>> from recipes.laptop.domains import Problem, verify
    >>> problem = Problem("pair", "<sides> A#B B~C C#D D#E A~D")
    >>> verify("look </think> <answer> A=in B=out C=out D=in E=out </answer>", problem).reason
    'right'
    """
    answer = answer_of(text)
    if answer.problem or not answer.tagged:
        return Verdict(False, answer.problem or "no answer")
    if answer.text == GIVE_UP:
        return Verdict(False, "no answer", detail=GIVE_UP)
    if problem.domain in SKILLS:
        is_right = answer.text.split() == problem.data.split()
        return Verdict(is_right, "right" if is_right else "wrong", detail=answer.text)
    values = read_values(answer.text, problem)
    if values is None:
        return Verdict(False, "unreadable", detail=answer.text[:80])
    if problem.domain == "kk":
        return knk.verify(_in_english(values, _puzzle(problem.data)), _puzzle(problem.data))
    value_of = dict(zip(problem.people, values, strict=True))
    is_right = all(relation.holds(value_of) for relation in parse(problem.question))
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
        log("tries", sum(text.split().count(TRY) for text in completions) / max(len(verdicts), 1))
    if extra := columns.get("log_extra"):
        extra("verdict", [str(verdict) for verdict in verdicts])
    return [
        _PAPER_SCHEME.reward(verdict, has_format=has_format(text))
        for verdict, text in zip(verdicts, completions, strict=True)
    ]


def _in_english(values: Values, puzzle: Puzzle) -> str:
    """Return an answer in the words that the library's judge reads."""
    claims = ", ".join(f"{name} is a {role}" for name, role in zip(puzzle.names, values, strict=True))
    return f"<answer>{claims}</answer>"


@lru_cache(maxsize=4)
def _puzzle(notation: str) -> Puzzle:
    return knk.decode(notation)


@lru_cache(maxsize=4)
def _solutions(question: str, values: Values) -> list[Values]:
    return _solutions_of(parse(question), values)


def _solutions_of(relations: Sequence[Relation], values: Values) -> list[Values]:
    solutions = _candidates(values)
    for relation in relations:
        solutions = [(candidate, value_of) for candidate, value_of in solutions if relation.holds(value_of)]
    return [candidate for candidate, _ in solutions]


@lru_cache
def _candidates(values: Values) -> list[tuple[Values, ValueOf]]:
    """Return all candidates of a search problem, as values and by person."""
    candidates = product(values, repeat=len(PEOPLE))
    return [(candidate, dict(zip(PEOPLE, candidate, strict=True))) for candidate in candidates]


def _all_problems(domain: str, seed: int, people: Sequence[int]) -> Iterator[Problem]:
    if domain == "kk":
        return _kk_problems(seed, people)
    random = Random(f"{domain} {seed}")
    if domain in SEARCHES:
        return (Problem(domain, question) for question in SEARCHES[domain].questions(random))
    return _recall_problems(random) if domain == "recall" else _reverse_problems(random)


def _kk_problems(seed: int, people: Sequence[int]) -> Iterator[Problem]:
    streams = [knk.generate(KK_SPECS[count], n=_ENDLESS, seed=seed) for count in people]
    while True:
        for puzzles_of_size in streams:
            puzzle = next(filter(puzzles.is_clear, puzzles_of_size))
            yield Problem("kk", puzzles.question(puzzle), knk.encode(puzzle))


def _recall_problems(random: Random) -> Iterator[Problem]:
    while True:
        value_of = dict(zip(PEOPLE, random.choices((*COLOURS, *SIDES, *ROLES), k=len(PEOPLE)), strict=True))
        asked = random.choices(PEOPLE, k=6)
        question = f"{RECALL} {assignments(PEOPLE, list(value_of.values()))} ; {' '.join(asked)}"
        yield Problem("recall", question, assignments(asked, [value_of[person] for person in asked]))


def _reverse_problems(random: Random) -> Iterator[Problem]:
    while True:
        digits = random.choices(DIGITS, k=random.randint(3, 6))
        yield Problem("reverse", f"{REVERSE} {' '.join(digits)}", " ".join(reversed(digits)))
