"""The laptop recipe's problems, their solutions and checks, the verifier and the reward."""

from itertools import islice, pairwise
from random import Random

import pytest

import knk
from recipes.laptop.domains import DOMAINS, SEARCHES, SKILLS, Problem, problems, read_values, reward, stream, verify
from recipes.laptop.words import assignments, completion
from tests.support.laptop import candidates_of, expected_try, key_of, people_of, solves

SOLVED = ("kk", *SEARCHES)
MOST_SOLUTIONS = {"kk": 1, "col": 48, "pair": 4, "sat": 6, "mix": 48}
COL = Problem("col", "<colours> A#B A#C B#C A#D D#E")
KK = Problem("kk", "<roles> A: B-knave ; B: A-knave& B-knave", "Ann,Bob 0:-1 1:&(-0,-1)")
REVERSE = Problem("reverse", "<reverse> 1 2 3", "3 2 1")
QUESTIONS = [
    "<roles> D: D-knight& C-knight ; C: D-knave",
    "<colours> E#B D#B C#A E#A B#A",
    "<sides> E#D C#B B#A E~A E~C D#A",
    "<sides> C-out or A-in ; B-out or C-in ; A-out or E-out ; E-in or D-out ; D-out or B-in ; A-in or D-out",
    "<colours> E~B E#D D#A A#E A#B",
    "<recall> A=out B=knave C=blue D=red E=blue ; A E E B E B",
    "<reverse> 7 2 9",
]
"""The first question of each domain with seed 1."""


def answered(answer: str) -> str:
    return completion("look", answer)


@pytest.mark.parametrize("domain", SOLVED)
def test_every_candidate_is_checked_solved_and_verified_as_the_question_says(domain: str) -> None:
    for problem in problems(domain, 12, 5, people=(2, 3, 4)):
        people = list(problem.people)
        assert sorted(people) == people_of(problem.question)
        solutions = []
        for values in candidates_of(problem.question, people):
            is_solution = solves(problem.question, dict(zip(people, values, strict=True)))
            assert problem.write_try(values) == expected_try(problem.question, people, values)
            verdict = verify(answered(assignments(people, values)), problem)
            assert (verdict.correct, verdict.reason) == (is_solution, "right" if is_solution else "wrong")
            solutions += [values] if is_solution else []
        assert sorted(solutions) == sorted(problem.solutions)
        assert 1 <= len(solutions) <= MOST_SOLUTIONS[domain]


def test_puzzles_are_written_as_they_are() -> None:
    for problem in problems("kk", 100, 5, people=(2, 3, 4)):
        assert key_of(problem.question) == knk.decode(problem.data).key


def test_skills_ask_for_what_their_answers_say() -> None:
    for problem in problems("reverse", 50, 1):
        assert problem.data.split() == problem.question.split()[:0:-1]
    for problem in problems("recall", 50, 1):
        known, _, asked = problem.question.removeprefix("<recall> ").partition(" ; ")
        value_of = dict(word.split("=") for word in known.split())
        assert problem.data == " ".join(f"{person}={value_of[person]}" for person in asked.split())


@pytest.mark.parametrize("domain", SKILLS)
def test_the_answer_of_a_skill_alone_is_right(domain: str) -> None:
    for one, other in pairwise(problems(domain, 20, 3)):
        assert verify(answered(one.data), one)
        assert verify(answered(other.data), one).reason == "wrong"


@pytest.mark.parametrize(
    ("problem", "text", "reason"),
    [
        (COL, "", "no answer"),
        (COL, "A=red B=blue C=green D=blue E=green", "no answer"),
        (COL, answered("unknown"), "no answer"),
        (COL, answered("A=red B=blue C=green D=blue"), "unreadable"),
        (COL, answered("A=red B=blue C=green D=blue E=green E=green"), "unreadable"),
        (COL, answered("B=blue A=red C=green D=blue E=green"), "unreadable"),
        (COL, answered("A=red B=blue C=green D=blue E=in"), "unreadable"),
        (COL, answered("A=red B=blue C=green D=blue E="), "unreadable"),
        (COL, answered("A=red B=blue C=green D=blue E=green=red"), "unreadable"),
        (COL, answered("A=red B=blue C=green D=blue E=Green"), "unreadable"),
        (COL, answered("A=red, B=blue, C=green, D=blue, E=green"), "unreadable"),
        (COL, answered("not A=red B=blue C=green D=blue E=green"), "unreadable"),
        (COL, answered("A=red B=blue C=green D=blue E=green unknown"), "unreadable"),
        (COL, answered("A=red B=blue C=green D=blue E=green") + " or not", "retracted"),
        (COL, answered("A=red B=blue C=green D=blue E=green") + " <answer> unknown </answer>", "several answers"),
        (COL, answered("A=red B=blue C=green D=blue E=green <answer> A=red"), "several answers"),
        (COL, "<answer> A=red B=blue C=green D=blue E=green </answer> </think>", "no answer"),
        (KK, answered("A=knight"), "unreadable"),
        (KK, answered("B=knave A=knight"), "unreadable"),
        (KK, answered("A=knight B=knave C=knave"), "unreadable"),
        (KK, answered("A=knight B=liar"), "unreadable"),
        (KK, answered("A=knight A=knave"), "unreadable"),
        (KK, answered("A=knight B=knave") + " <answer> A=knight B=knight </answer>", "several answers"),
        (KK, answered("A=knight B=knave") + answered("A=knight B=knight"), "wrong"),
        (REVERSE, answered("1 2 3"), "wrong"),
        (REVERSE, answered("3 2"), "wrong"),
        (REVERSE, answered("unknown"), "no answer"),
    ],
)
def test_anything_but_a_whole_answer_is_refused(problem: Problem, text: str, reason: str) -> None:
    verdict = verify(text, problem)
    assert (bool(verdict), verdict.reason) == (False, reason)


def test_values_are_read_only_in_order_and_only_known_ones() -> None:
    assert read_values("A=knight B=knave", KK) == ("knight", "knave")
    for text in ("", "A=knight", "B=knave A=knight", "A=knight B=in", "A=knight B=knave B=knave"):
        assert read_values(text, KK) is None


def test_rewards_are_those_of_the_paper() -> None:
    right = "A=red B=blue C=green D=blue E=green"
    texts = [
        answered(right),
        answered("A=red B=red C=green D=blue E=green"),
        answered("A=red"),
        "try try A=red",
        answered(right) + answered("A=red B=red C=red D=red E=red"),
    ]
    logged: dict[str, float] = {}
    verdicts: dict[str, list[str]] = {}
    columns = {"domain": ["col"] * 5, "question": [COL.question] * 5, "data": [""] * 5}
    rewards = reward([""] * 5, texts, **columns, log_metric=logged.__setitem__, log_extra=verdicts.__setitem__)
    assert rewards == [2.0, -0.5, -1.0, -2.0, -2.0]
    assert logged == {"right": 0.2, "answered": 0.6, "tries": 0.4}
    assert len(verdicts["verdict"]) == 5


@pytest.mark.parametrize("domain", DOMAINS)
def test_training_problems_are_never_held_out_problems(domain: str) -> None:
    def identities(drawn: list[Problem]) -> set[object]:
        return {key_of(problem.question) if domain == "kk" else problem.question for problem in drawn}

    held_out = identities(problems(domain, 60, 90_000, held_out=True))
    training = identities(list(islice(stream(domain, 1), 600)))
    assert held_out
    assert training
    assert not held_out & training


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_same_seed_gives_the_same_distinct_problems_and_another_seed_others(domain: str) -> None:
    drawn = problems(domain, 5, 1)
    assert drawn == problems(domain, 8, 1)[:5] != problems(domain, 5, 2)
    assert len(set(drawn)) == 5


def test_questions_are_these() -> None:
    questions = [problems(domain, 1, 1)[0].question for domain in DOMAINS]
    assert questions == QUESTIONS


def test_candidates_are_often_solutions_or_one_value_away() -> None:
    random, (problem,) = Random(1), problems("sat", 1, 1)
    solutions = set(problem.solutions)
    neighbours = [
        (*values[:index], "out" if value == "in" else "in", *values[index + 1 :])
        for values in solutions
        for index, value in enumerate(values)
    ]
    candidates = [problem.candidate(random) for _ in range(2000)]
    for members in (solutions, set(neighbours), set(neighbours) - solutions):
        by_chance = len(members) / 2**5
        of_solutions = sum(values in members for values in solutions) / len(solutions)
        of_neighbours = sum(values in members for values in neighbours) / len(neighbours)
        share = sum(values in members for values in candidates) / 2000
        assert share == pytest.approx(0.6 * by_chance + 0.2 * of_solutions + 0.2 * of_neighbours, abs=0.04)
    assert all(len(values) == 5 and set(values) <= {"in", "out"} for values in candidates)
