"""The problems of the laptop recipe, their verifier and reward, and the lessons of the base."""

from itertools import product
from random import Random

import pytest

import knk
from recipes.laptop.domains import DOMAINS, SEARCHES, SKILLS, Problem, lesson, problems, proposal, reward, verify
from recipes.laptop.searches import SEARCH_DOMAINS
from recipes.laptop.words import NAMES

COL = Problem("col", "", "01d 02d 12d 03d 34d 04d")  # Ann, Bob and Cal differ, and so do Ann, Dan and Eve.
PAIR = Problem("pair", "", "01a 12d 23a 34d 02d 13d")
SAT = Problem("sat", "", "01io 02oi 12ii 03ii 34oo 04ii")


def answer(values: str) -> str:
    assignments = ", ".join(f"{name}_{value}" for name, value in zip(NAMES, values.split(), strict=True))
    return f" So.</think>\n<answer>{assignments}</answer>"


@pytest.mark.parametrize(
    ("problem", "values", "reason"),
    [
        (COL, "red blue green blue green", "right"),
        (COL, "red red green blue green", "wrong"),
        (COL, "red blue green blue blue", "wrong"),
        (PAIR, "in in out out in", "right"),
        (PAIR, "out out in in out", "right"),
        (PAIR, "in in out out out", "wrong"),
        (SAT, "in in in out out", "right"),
        (SAT, "out out in in in", "wrong"),  # Dan and Eve may not both be in.
        (COL, "red blue green in out", "unreadable"),
    ],
)
def test_an_answer_is_right_if_all_relations_hold(problem: Problem, values: str, reason: str) -> None:
    assert verify(answer(values), problem).reason == reason


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        ("", "no answer"),
        ("Ann_red, Bob_blue, Cal_green, Dan_blue, Eve_green", "no answer"),
        (" So.</think>\n<answer>unknown</answer>", "no answer"),
        (" So.</think>\n<answer>Ann_red, Bob_blue, Cal_green, Dan_blue</answer>", "unreadable"),
        (" So.</think>\n<answer>Bob_blue, Ann_red, Cal_green, Dan_blue, Eve_green</answer>", "unreadable"),
        (" So.</think>\n<answer>Ann_red or green, Bob_blue, Cal_green, Dan_blue, Eve_green</answer>", "unreadable"),
        (" So.</think>\n<answer>Ann_red, Bob_blue, Cal_green, Dan_blue, Eve_green, Eve_red</answer>", "unreadable"),
    ],
)
def test_an_incomplete_answer_is_not_accepted(completion: str, reason: str) -> None:
    assert verify(completion, COL).reason == reason


def test_two_answers_earn_no_reward() -> None:
    both = answer("red blue green blue green") + answer("red red red red red")
    assert not verify(both, COL)
    assert reward(["?"], [both], domain=["col"], question=[""], data=[COL.data]) == [-2.0]


def test_rewards_are_those_of_the_paper() -> None:
    texts = [
        answer("red blue green blue green"),
        answer("red red red red red"),
        " So.</think>\n<answer>?</answer>",
        "?",
    ]
    logged: dict[str, float] = {}
    columns = {"domain": ["col"] * 4, "question": [""] * 4, "data": [COL.data] * 4}
    assert reward(["?"] * 4, texts, **columns, log_metric=logged.__setitem__) == [2.0, -0.5, -1.0, -2.0]
    assert logged == {"right": 0.25, "answered": 0.5}


@pytest.mark.parametrize("domain", SEARCHES)
def test_a_search_problem_has_few_solutions_and_the_verifier_accepts_them(domain: str) -> None:
    values = ("red", "green", "blue") if domain == "col" else ("in", "out")
    for problem in problems(domain, 20, 5):
        solutions = [
            candidate for candidate in product(values, repeat=5) if verify(answer(" ".join(candidate)), problem)
        ]
        assert 1 <= len(solutions) <= {"col": 48, "pair": 4, "sat": 8}[domain]
        assert solutions == SEARCH_DOMAINS[domain].solutions(problem.data)


@pytest.mark.parametrize("domain", [*SEARCHES, *SKILLS])
def test_lessons_answer_correctly_or_give_up(domain: str) -> None:
    random = Random(1)
    verdicts = [verify(lesson(problem, random), problem) for problem in problems(domain, 100, 2)]
    assert {verdict.reason for verdict in verdicts} <= ({"right", "no answer"} if domain in SEARCHES else {"right"})
    assert sum(map(bool, verdicts)) >= 15


def test_a_proposal_states_whether_its_candidate_fits() -> None:
    random, seen = Random(3), set()
    for problem in problems("pair", 60, 3):
        text, fits = proposal(problem, random)
        values = text.removeprefix("Suppose that ").removesuffix(".")
        assert bool(verify(f" So.</think>\n<answer>{values}</answer>", problem)) is fits
        seen.add(fits)
    assert seen == {True, False}


@pytest.mark.parametrize("domain", DOMAINS)
def test_training_problems_are_never_held_out_problems(domain: str) -> None:
    def identities(drawn: list[Problem]) -> set[object]:
        return {knk.decode(problem.data).key if domain == "kk" else problem.question for problem in drawn}

    assert not identities(problems(domain, 300, 1)) & identities(problems(domain, 100, 2, held_out=True))


def test_the_same_seed_gives_the_same_problems_and_another_seed_others() -> None:
    assert problems("col", 5, 1) == problems("col", 5, 1) != problems("col", 5, 2)
    assert problems("col", 5, 1)[0].question == (
        "Each is red or green or blue. B always goes without E come what may. B always goes without D come what may. "
        "A always goes without C come what may. A always goes without E come what may. "
        "A always goes without B come what may. Who is what?"
    )
