"""The laptop recipe's problems: knights and knaves, three kinds of search, and two skills that need none.

A search problem has many candidates and a cheap check. What the base model learns of it is to propose one candidate,
to write its check out, and to answer with it or give up: never to try again. Whether a warm-up on puzzles teaches that
is what the recipe asks. All domains use the same words to suppose, to contradict and to conclude.

| domain | the problem | candidates |
|---|---|---|
| `kk` | who is a knight, who a knave | 4 for two people, 8 for three |
| `col` | five people, three colours, five pairs of whom no two have the same | 243, of which up to 48 fit |
| `pair` | five people in or out, six pairs who are the same or not | 32, of which up to 4 fit |
| `sat` | five people in or out, six clauses of two | 32, of which up to 8 fit |
| `mod` | a sum's rest | a skill, answered at once |
| `sort` | a list put in order | a skill, answered at once |
| `recall` | who has what, said again in another order | a skill, answered at once; it teaches to look back |
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, islice, product
from random import Random
from typing import Any, Final

import knk
from knk.answers.verdict import Verdict
from knk.datasets.split import split_of
from knk.generation.spec import Spec
from knk.tasks.format import answer_of, has_format
from knk.tasks.reward_scheme import RewardScheme
from recipes.laptop.puzzles import question
from recipes.laptop.words import FAILS, FITS, GIVEN_UP, NAMES, answered, supposed, word

COLOURS: Final = ("red", "green", "blue")
PLACES: Final = ("in", "out")
SEARCHES: Final = ("col", "pair", "sat")
SKILLS: Final = ("mod", "sort", "recall")
DOMAINS: Final = ("kk", *SEARCHES, *SKILLS)
_HELD_OUT_OF: Final = 5

Values = tuple[str, ...]

KK_SPEC: Final = {
    people: Spec(
        people=people,
        kinds=tuple((kind, 1.0) for kind in ("atom", "and", "or")),
        statements=(1, 2) if people == 2 else 1,
        names=NAMES,
        duplicates=True,
    )
    for people in (2, 3, 4)
}
"""Puzzles of few words; duplicates but for names are wanted, as few puzzles of two people differ by more."""


@dataclass(frozen=True)
class Problem:
    """A problem of a domain.

    Args:
        domain: one of `DOMAINS`.
        question: the problem in words.
        data: what its verifier needs, as text.
    """

    domain: str
    question: str
    data: str

    @property
    def prompt(self) -> str:
        """What a model is asked; its completion begins inside the thinking."""
        return f"{self.question}\n<think>"

    @property
    def is_held_out(self) -> bool:
        """Whether the problem is for evaluation alone: a function of what it says, or of a puzzle's key."""
        if self.domain == "kk":
            return split_of(knk.decode(self.data).key) != "train"
        return hashlib.sha256(self.question.encode()).digest()[0] % _HELD_OUT_OF == 0


def problems(domain: str, n: int, seed: int, held_out: bool = False, people: Sequence[int] = (2, 3)) -> list[Problem]:
    """Return so many different problems of a domain, all held out or all not.

    Args:
        domain: one of `DOMAINS`.
        n: how many.
        seed: the same seed gives the same problems.
        held_out: which of the two disjoint sets they are of.
        people: of puzzles, the numbers of people, in turn.
    """
    found: dict[Problem, None] = {}
    for problem in islice(_of_set(_stream(domain, seed, people), held_out), 20 * n):
        found[problem] = None
        if len(found) == n:
            break
    return list(found)


def verify(completion: str, problem: Problem) -> Verdict:
    """Return what is to be said of a completion, for training and evaluation alike.

    Args:
        completion: what the model wrote after the prompt.
        problem: the problem.

    >>> from recipes.laptop.domains import Problem, verify
    >>> problem = Problem("mod", "7 + 8 mod 5 is what?", "0")
    >>> verify("Let me see.</think> <answer>0</answer>", problem).reason
    'right'
    """
    if problem.domain == "kk":
        return knk.verify(completion.replace("_", " is a "), knk.decode(problem.data))
    answer = answer_of(completion)
    if answer.problem or not answer.tagged:
        return Verdict(False, answer.problem or "no answer")
    if answer.text == GIVEN_UP:
        return Verdict(False, "no answer", detail=GIVEN_UP)
    right = _SEARCHES[problem.domain].is_right if problem.domain in _SEARCHES else _skill_is_right
    said = right(answer.text, problem.data)
    if said is None:
        return Verdict(False, "unreadable", detail=" ".join(answer.text.split())[:80])
    return Verdict(said, "right" if said else "wrong", detail=answer.text)


_PAPER_SCHEME: Final = RewardScheme()


def reward(prompts: Sequence[str], completions: Sequence[str], **columns: Any) -> list[float | None]:
    """Return the paper's reward for each completion: -2 without the format, -1 unreadable, -0.5 wrong, 2 right.

    Args:
        prompts: what was asked, not looked at.
        completions: what the model wrote.
        **columns: the data's columns `domain`, `question` and `data`, and TRL's functions for logging.
    """
    rows = zip(completions, columns["domain"], columns["question"], columns["data"], strict=True)
    rewards, verdicts = [], []
    for text, domain, asked, data in rows:
        verdict = verify(text, Problem(domain, asked, data))
        verdicts.append(verdict)
        rewards.append(_PAPER_SCHEME.reward(verdict, has_format=has_format(text)))
    if log := columns.get("log_metric"):
        log("right", sum(map(bool, verdicts)) / max(len(verdicts), 1))
        log("answered", sum(verdict.answered for verdict in verdicts) / max(len(verdicts), 1))
    if extra := columns.get("log_extra"):
        extra("verdict", [str(verdict) for verdict in verdicts])
    return rewards


# What the base model learns.


def lesson(problem: Problem, random: Random) -> str:
    """Return a completion for the base model: one candidate and its check, or a skill's answer.

    Args:
        problem: the problem, not a puzzle.
        random: draws the candidate: a solution, a near miss, or any.
    """
    if problem.domain in SKILLS:
        return answered("Let me see.", problem.data)
    kind = _SEARCHES[problem.domain]
    candidate = kind.propose(problem.data, random)
    told, fits = _check(candidate, problem.data)
    return answered(f"{supposed(_said(candidate))} {told}", _said(candidate) if fits else GIVEN_UP)


def proposal(problem: Problem, random: Random) -> tuple[str, bool]:
    """Return a sentence that proposes a candidate, and whether the candidate is a solution.

    Args:
        problem: a search problem.
        random: draws the candidate.
    """
    kind = _SEARCHES[problem.domain]
    candidate = kind.propose(problem.data, random)
    return supposed(_said(candidate)), _check(candidate, problem.data)[1]


# The kinds of search.
#
# A model of a million parameters learns to check only what is written out, a step a word. So a person and what the
# person has are one word, which the person's initial leads to; a check says initial, word and value for both people,
# and after that in single words what follows from two things each: same or not, and then fine or wrong. A relation has
# as many words in a check as in the problem, so that initials stand always as far back as they are copied from.


@dataclass(frozen=True)
class _Search:
    """A kind of search: what a person can be, what can hold of two, how many relations, at most how many solutions."""

    words: tuple[str, ...]
    relations: tuple[str, ...]
    size: int
    most: int

    def solutions(self, data: str) -> list[Values]:
        return [values for values in product(self.words, repeat=len(NAMES)) if _fits(values, data)]

    def propose(self, data: str, random: Random) -> Values:
        """Three in five candidates are any, one is a solution, and one is a solution but for one person."""
        choice = random.random()
        if choice < 0.6:
            return tuple(random.choices(self.words, k=len(NAMES)))
        values = random.choice(self.solutions(data))
        if choice < 0.8:
            return values
        place = random.randrange(len(values))
        other = random.choice([word for word in self.words if word != values[place]])
        return (*values[:place], other, *values[place + 1 :])

    def is_right(self, text: str, data: str) -> bool | None:
        """Whether an answer is right, None where it is none: each person named once and in order."""
        pairs = [part.split("_") for part in text.strip().removesuffix(".").split(", ")]
        if [pair[0] for pair in pairs] != list(NAMES) or any(len(pair) != 2 for pair in pairs):
            return None
        values = tuple(pair[1] for pair in pairs)
        return _fits(values, data) if set(values) <= set(self.words) else None


def _said(values: Values) -> str:
    return ", ".join(map(word, NAMES, values))


Relation = tuple[int, int, str]


@lru_cache(maxsize=4)
def _relations(data: str) -> list[Relation]:
    """Two people and what holds of them: `01d`, they differ; `12a`, they agree; `34io`, in the one or out the other."""
    return [(int(part[0]), int(part[1]), part[2:]) for part in data.split()]


def _told(relation: Relation) -> str:
    one, other, kind = NAMES[relation[0]][0], NAMES[relation[1]][0], relation[2]
    if kind in _MATCHES:
        return f"{one} always goes {'with' if _MATCHES[kind] else 'without'} {other} come what may."
    first, second = (f"{_PLACE_OF[letter]}side" for letter in kind)
    return f"{one} {first} or else {other} {second} come what may."


def _holds(relation: Relation, values: Values) -> bool:
    one, other, kind = values[relation[0]], values[relation[1]], relation[2]
    if kind in _MATCHES:
        return (one == other) is _MATCHES[kind]
    return one == _PLACE_OF[kind[0]] or other == _PLACE_OF[kind[1]]


def _fits(values: Values, data: str) -> bool:
    return all(_holds(relation, values) for relation in _relations(data))


def _checked(relation: Relation, values: Values) -> str:
    """What is written of a relation: who has what, whether that is the same or as wanted, and so whether it holds."""
    one, other, kind = relation
    said = [f"{NAMES[who][0]} {word(NAMES[who], values[who])} {values[who]}" for who in (one, other)]
    if kind in _MATCHES:
        said.append("same" if values[one] == values[other] else "differ")
    else:
        wanted = zip(said, kind, strict=True)
        said = [f"{part} {'yes' if part.endswith(f' {_PLACE_OF[letter]}') else 'no'}" for part, letter in wanted]
    return f"{' '.join(said)} {'fine' if _holds(relation, values) else 'wrong'}."


def _check(values: Values, data: str) -> tuple[str, bool]:
    """One relation after another, up to the first that does not hold; and whether all do."""
    told = []
    for relation in _relations(data):
        told.append(_checked(relation, values))
        if not _holds(relation, values):
            return " ".join([*told, FAILS]), False
    return " ".join([*told, FITS]), True


def _problems(domain: str, random: Random) -> Iterator[Problem]:
    """Problems of relations that few candidates fulfil."""
    kind = _SEARCHES[domain]
    every = list(combinations(range(len(NAMES)), 2))
    while True:
        data = " ".join(
            f"{one}{other}{random.choice(kind.relations)}" for one, other in random.sample(every, kind.size)
        )
        if 1 <= len(kind.solutions(data)) <= kind.most:
            told = " ".join(map(_told, _relations(data)))
            yield Problem(domain, f"Each is {' or '.join(kind.words)}. {told} Who is what?", data)


_MATCHES: Final = {"a": True, "d": False}
_PLACE_OF: Final = {"i": "in", "o": "out"}
_SEARCHES: Final[Mapping[str, _Search]] = {
    "col": _Search(COLOURS, ("d",), 5, 48),
    "pair": _Search(PLACES, ("a", "d"), 6, 4),
    "sat": _Search(PLACES, ("ii", "io", "oi", "oo"), 6, 8),
}


# The rest.


def _skill_is_right(text: str, data: str) -> bool:
    return text.split() == data.split()


def _mod_problems(random: Random) -> Iterator[Problem]:
    while True:
        one, other, by = random.randrange(20), random.randrange(20), random.randrange(3, 10)
        yield Problem("mod", f"{one} + {other} mod {by} is what?", str((one + other) % by))


def _sort_problems(random: Random) -> Iterator[Problem]:
    while True:
        numbers = random.sample(range(20), 5)
        yield Problem("sort", f"Sort {' '.join(map(str, numbers))}.", " ".join(map(str, sorted(numbers))))


def _recall_problems(random: Random) -> Iterator[Problem]:
    while True:
        values = random.choices((*COLOURS, *PLACES), k=len(NAMES))
        asked = random.choices(range(len(NAMES)), k=8)
        answer = ", ".join(f"{NAMES[who][0]} {word(NAMES[who], values[who])}" for who in asked)
        yield Problem(
            "recall", f"{_said(tuple(values))}. Now {', '.join(f'{NAMES[who][0]} what' for who in asked)}?", answer
        )


def _kk_problems(seed: int, people: Sequence[int]) -> Iterator[Problem]:
    streams = [knk.generate(KK_SPEC[count], n=1_000_000, seed=seed) for count in people]
    while True:
        for stream in streams:
            puzzle = next(stream)
            yield Problem("kk", question(puzzle), knk.encode(puzzle))


def _stream(domain: str, seed: int, people: Sequence[int]) -> Iterator[Problem]:
    if domain == "kk":
        return _kk_problems(seed, people)
    random = Random(f"{domain} {seed}")
    if domain in SEARCHES:
        return _problems(domain, random)
    return {"mod": _mod_problems, "sort": _sort_problems, "recall": _recall_problems}[domain](random)


def _of_set(stream: Iterator[Problem], held_out: bool) -> Iterator[Problem]:
    return (problem for problem in stream if problem.is_held_out is held_out)
