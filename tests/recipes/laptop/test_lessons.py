"""Lessons of the base, and the completions of each warm-up arm."""

import re
from itertools import islice
from random import Random

import pytest

import knk
from recipes.laptop import puzzles
from recipes.laptop.domains import SEARCHES, SKILLS, problems, stream, verify
from recipes.laptop.lessons import MAX_TRIES, STYLES, lesson, review, skill, warm_up
from recipes.laptop.words import assignments
from tests.support.laptop import expected_try

TAUGHT = ("kk", "col", "pair", "sat")


def tries_of(text: str) -> list[str]:
    """Return the tries in a completion."""
    return [f"try {words.strip()}" for words in text.partition("</think>")[0].split("try ")[1:]]


@pytest.mark.parametrize("tries", [1, MAX_TRIES])
@pytest.mark.parametrize("domain", TAUGHT)
def test_lessons_try_different_candidates_and_answer_rightly_or_give_up(domain: str, tries: int) -> None:
    random, reasons, counts = Random(1), set(), set()
    for problem in islice(stream(domain, 2), 150):
        text = lesson(problem, random, tries)
        verdict = verify(text, problem)
        made = tries_of(text)
        assert verdict.reason == ("right" if text.count("fits") else "no answer")
        for attempt in made:
            values = [word[2:] for word in attempt.split()[1 : 1 + len(problem.people)]]
            assert attempt == expected_try(problem.question, problem.people, values)[0]
        assert [attempt.endswith("fits") for attempt in made[:-1]] == [False] * (len(made) - 1)
        assert len(set(made)) == len(made) <= tries
        if verdict.reason == "no answer":
            candidates = len(problem.values) ** len(problem.people)  # A puzzle of two people has four.
            assert len(made) == min(tries, candidates)
        reasons.add(verdict.reason)
        counts.add(len(made))
    assert "right" in reasons
    assert tries == 1 or max(counts) > 2
    assert tries > 1 or (counts == {1} and "no answer" in reasons)


@pytest.mark.parametrize("domain", SKILLS)
def test_skills_are_answered_at_once(domain: str) -> None:
    for problem in problems(domain, 20, 2):
        assert verify(skill(problem), problem)
        assert skill(problem).startswith("look </think> ")


@pytest.mark.parametrize("domain", TAUGHT)
def test_reviews_check_as_many_candidates_as_the_prompt_asks_for(domain: str) -> None:
    random, verdicts = Random(3), set()
    for problem in islice(stream(domain, 3), 80):
        prompt, text = review(problem, random)
        question, _, number = prompt.removesuffix(" ? <think>\n").partition(" <review> ")
        thought = text.partition(" </think>")[0]
        candidates = [part.split()[: len(problem.people)] for part in thought.split("try ")[1:]]
        assert question == problem.question
        assert 2 <= int(number) == len(candidates) <= 4
        expected = [
            expected_try(problem.question, problem.people, [word[2:] for word in words]) for words in candidates
        ]
        answers = " ".join("yes" if fits else "no" for _, fits in expected)
        assert thought == " ".join(checks for checks, _ in expected)
        assert text == f"{thought} </think> <answer> {answers} </answer>"
        verdicts |= set(answers.split())
    assert verdicts == {"yes", "no"}


def test_the_search_of_the_warm_up_is_the_library_s_in_the_recipe_s_words() -> None:
    lengths = set()
    for seed, problem in enumerate(problems("kk", 80, 4)):
        text = warm_up(problem, "search", seed)
        puzzle = knk.decode(problem.data)
        tries = knk.search(puzzle, seed=seed).tries
        assert tries_of(text) == [puzzles.write_try(puzzle, attempt) for attempt in tries]
        candidates = [attempt[: attempt.index(":")] for attempt in tries_of(text)]
        assert len(set(candidates)) == len(candidates)
        assert text.count("fits") == 1
        assert tries_of(text)[-1].endswith("fits")
        assert verify(text, problem)
        (solution,) = problem.solutions
        assert text.endswith(f"</think> <answer> {assignments(problem.people, solution)} </answer>")
        lengths.add(len(tries))
    assert lengths == set(range(1, 9))


def test_the_controls_differ_from_the_search_as_described() -> None:
    differing = 0
    for seed, problem in enumerate(problems("kk", 40, 4)):
        texts = {style: warm_up(problem, style, seed) for style in STYLES}
        thoughts = {style: text.partition(" </think>")[0].split() for style, text in texts.items()}
        assert sorted(thoughts["shuffled"]) == sorted(thoughts["search"])
        differing += thoughts["shuffled"] != thoughts["search"]
        assert thoughts["filler"] == ["go"] * len(thoughts["search"])
        assert thoughts["answer"] == ["look"]
        assert thoughts["single"].count("try") == 1
        for style in ("search", "shuffled", "filler", "answer"):
            assert verify(texts[style], problem)
        assert verify(texts["single"], problem).reason == ("right" if "fits" in thoughts["single"] else "no answer")
    assert differing == 40


def test_no_lesson_is_about_the_unseen_domain() -> None:
    assert "mix" in SEARCHES
    assert all(re.fullmatch(r"<colours>( [A-E]#[A-E]){5}", problem.question) for problem in problems("col", 50, 1))
