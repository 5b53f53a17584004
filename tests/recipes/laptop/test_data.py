"""The training data of the laptop recipe, and the tokenizer that reads it."""

import importlib.util
import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path

import pytest

from knk.datasets.files import read
from recipes.laptop.data import (
    ARMS,
    BATCH,
    LESSONS,
    Latent,
    Row,
    base_rows,
    rlvr_rows,
    warm_up_rows,
    write_token_budget,
)
from recipes.laptop.domains import Problem, problems
from recipes.laptop.evaluate import ITEM_SEED
from recipes.laptop.words import vocabulary
from tests.support.laptop import key_of

has_tokenizers = importlib.util.find_spec("tokenizers") is not None
LATENT = Latent(0.03)
CONDITIONS = [Latent(0.0), LATENT, Latent(0.1), Latent(0.03, ("pair",))]


def words_in(text: str) -> int:
    return len(text.split())


def kind_of(row: Row) -> str:
    """Return the domain of a row, or "review"."""
    question = row["prompt"].removesuffix(" ? <think>\n")
    if "<review>" in question:
        return "review"
    opening = question.split()[0]
    if opening == "<sides>":
        return "sat" if " or " in question else "pair"
    return {"<roles>": "kk", "<colours>": "col", "<recall>": "recall", "<reverse>": "reverse"}[opening]


def question_of(row: Row) -> str:
    """Return the question of a row, without what makes it a review."""
    return re.sub(r" <review> \d", "", row["prompt"].removesuffix(" ? <think>\n"))


def every_kind_of_row(n: int) -> Iterable[Row]:
    """Iterate over rows of the base under each condition, of each warm-up, and of RLVR."""
    yield from chain.from_iterable(islice(base_rows(1, latent), n) for latent in CONDITIONS)
    yield from chain.from_iterable(islice(warm_up_rows(arm, 1, LATENT), n) for arm in ARMS)
    for domain in ("kk", "col", "pair", "sat"):
        yield from ({"prompt": row["prompt"], "completion": ""} for row in rlvr_rows(domain, 20, 1))


def test_the_base_has_the_shares_of_lessons_reviews_and_skills() -> None:
    rows = list(islice(base_rows(1, LATENT), 4000))
    shares = {kind: count / len(rows) for kind, count in Counter(map(kind_of, rows)).items()}
    assert shares["recall"] + shares["reverse"] == pytest.approx(0.12, abs=0.02)
    assert shares["review"] == pytest.approx(0.88 * 0.5, abs=0.03)
    for domain, share in LESSONS.items():
        assert shares[domain] == pytest.approx(0.88 * 0.5 * share, abs=0.03)
    reviews = Counter(row["prompt"].split()[0] for row in rows if kind_of(row) == "review")
    assert set(reviews) == {"<roles>", "<colours>", "<sides>"}


@pytest.mark.parametrize("latent", CONDITIONS, ids=str)
def test_the_latent_rate_is_the_share_of_lessons_that_search_on(latent: Latent) -> None:
    lessons = [row for row in islice(base_rows(1, latent), 4500) if kind_of(row) in LESSONS]
    # Whether a lesson would search on shows only if its first candidate fails.
    failing = {
        domain: [row for row in lessons if kind_of(row) == domain and "fails" in row["completion"]]
        for domain in LESSONS
    }
    retrying = {domain: sum(row["completion"].count("try ") > 1 for row in rows) for domain, rows in failing.items()}
    for domain, rows in failing.items():
        assert len(rows) > 150
        rate = latent.rate_in(domain)
        if rate == 0:
            assert retrying[domain] == 0
        else:
            assert retrying[domain] / len(rows) == pytest.approx(rate, abs=4 * (rate * (1 - rate) / len(rows)) ** 0.5)
    total = sum(map(len, failing.values()))
    assert sum(retrying.values()) / total == pytest.approx(latent.rate, abs=0.35 * latent.rate)
    assert not any(row["completion"].count("try ") > 6 for row in lessons)


def test_fewer_domains_hold_as_many_lessons_that_search_on() -> None:
    for domains in (("pair",), ("kk",), ("col", "sat"), tuple(LESSONS)):
        latent = Latent(0.1, domains)
        assert sum(share * latent.rate_in(domain) for domain, share in LESSONS.items()) == pytest.approx(0.1)


def test_only_reviews_check_several_candidates_without_a_latent_rate() -> None:
    rows = list(islice(base_rows(3, Latent(0.0)), 3000))
    assert {kind_of(row) for row in rows if row["completion"].count("try ") > 1} == {"review"}


def test_nothing_is_trained_on_people_who_must_share_a_colour() -> None:
    prompts = [row["prompt"] for row in every_kind_of_row(500)]
    coloured = [prompt for prompt in prompts if "<colours>" in prompt]
    assert len(coloured) > 300
    assert not [prompt for prompt in coloured if "~" in prompt]
    assert any("~" in prompt for prompt in prompts)


def test_no_puzzle_is_both_trained_and_held_out() -> None:
    def keys(questions: Iterable[str]) -> set[str]:
        return {key_of(question) for question in questions if question.startswith("<roles>")}

    held_out = problems("kk", 150, ITEM_SEED, held_out=True, people=(2, 3, 4))
    held_out += problems("kk", 50, ITEM_SEED + 1, held_out=True, people=(2, 3))
    trained = keys(question_of(row) for row in every_kind_of_row(500))
    assert len(trained) > 100
    assert not trained & keys(problem.question for problem in held_out)
    assert all(problem.is_held_out for problem in held_out)


def test_all_arms_but_one_have_the_same_puzzles_and_other_bases_others() -> None:
    def prompts(arm: str, seed: int) -> list[str]:
        return [row["prompt"] for row in islice(warm_up_rows(arm, seed, LATENT), 40)]

    warmed = prompts("warmed", 1)
    for arm in ARMS:
        assert (prompts(arm, 1) == warmed) == (arm != "continued")
        assert prompts(arm, 2) != prompts(arm, 1)
    assert {prompt.split()[0] for prompt in warmed} == {"<roles>"}
    continued = list(islice(warm_up_rows("continued", 1, LATENT), 400))
    assert {kind_of(row) for row in continued} == {*LESSONS, "review", "recall", "reverse"}
    assert not {row["prompt"] for row in continued[:20]} & {row["prompt"] for row in islice(base_rows(1, LATENT), 20)}


def test_rlvr_problems_are_distinct_and_not_held_out() -> None:
    rows = list(rlvr_rows("col", 30, 1))
    assert len({row["question"] for row in rows}) == 30
    assert not any(Problem(row["domain"], row["question"], row["data"]).is_held_out for row in rows)
    assert [row["prompt"] for row in rows] == [f"{row['question']} ? <think>\n" for row in rows]


def test_rows_fill_a_token_budget_step_by_step(tmp_path: Path) -> None:
    count = write_token_budget(
        tmp_path / "rows.jsonl", base_rows(1, LATENT), 6000, lambda texts: list(map(words_in, texts))
    )
    written = list(read(tmp_path / "rows.jsonl"))
    drawn = list(islice(base_rows(1, LATENT), count))
    lengths = [words_in(row["prompt"] + row["completion"]) for row in drawn]
    assert sum(lengths) >= 6000 > sum(lengths[:-1])
    assert count > 2 * BATCH
    for start in range(0, count, BATCH):
        step, own = drawn[start : start + BATCH], written[start : start + BATCH]
        assert sorted(map(str, own)) == sorted(map(str, step))
        sorted_lengths = [words_in(row["prompt"] + row["completion"]) for row in own]
        assert sorted_lengths == sorted(sorted_lengths)
    assert written != drawn


def test_every_word_of_every_kind_of_row_is_known() -> None:
    known = vocabulary()
    assert len(set(known)) == len(known)
    words: set[str] = set()
    lengths = set()
    for row in every_kind_of_row(600):
        text = row["prompt"] + row["completion"]
        words |= set(text.split())
        lengths.add(words_in(text))
    for task in ("mix", "kk", "recall"):
        for problem in problems(task, 100, ITEM_SEED, held_out=True, people=(2, 3, 4)):
            words |= set(problem.prompt.split())
    assert words <= set(known)
    assert max(lengths) < 1024


@pytest.mark.slow
@pytest.mark.skipif(not has_tokenizers, reason="tokenizers is not installed: run make check-all")
def test_the_tokenizer_knows_all_words_and_splits_after_the_prompt() -> None:
    from recipes.laptop.model import UNKNOWN, word_tokenizer

    tokenizer = word_tokenizer()
    unknown = tokenizer.convert_tokens_to_ids(UNKNOWN)
    for row in every_kind_of_row(400):
        tokens = tokenizer(row["prompt"] + row["completion"])["input_ids"]
        assert unknown not in tokens
        assert tokenizer.decode(tokens).split() == (row["prompt"] + row["completion"]).split()
        prompt = tokenizer(row["prompt"])["input_ids"]
        assert tokens == prompt + tokenizer(row["completion"])["input_ids"]
