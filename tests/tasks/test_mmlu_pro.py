"""MMLU-Pro as a task: its rows and splits, how letters are read, and the paper's reading."""

import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knk.answers.verdict import Verdict
from knk.errors import BadCompletion, BadFile, BadRow
from knk.tasks import load
from knk.tasks.choice.letters import MAX_ANSWER_LENGTH, letter_of
from knk.tasks.choice.option_text import LETTERS
from knk.tasks.mmlu_pro import (
    SOURCE,
    Evaluation,
    evaluate,
    guess,
    paper_answer,
    partial,
    prompt,
    rows,
    verify,
    verify_many,
)
from tests.support.attacks.mmlu_pro import (
    ATTACKS,
    FIGURES,
    PLAIN,
    Attack,
    tagged,
)
from tests.support.growth import assert_linear
from tests.support.paths import ROOT

PUBLISHED = Path(os.environ.get("KNK_DATA", ROOT.parent / "shared" / "data")) / "mmlu_pro-test.jsonl.gz"
needs_data = pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published questions are missing; set KNK_DATA")


def item(number: int, subject: str, question: str = "", **changes: Any) -> dict[str, Any]:
    """Return a row as published."""
    return {
        "question_id": number,
        "question": question or f"Question {number} of {subject}?",
        "options": [f"{number}", f"{number + 1}", "neither"],
        "answer": "ABC"[number % 3],
        "answer_index": number % 3,
        "category": subject,
        **changes,
    }


def published(numbers: int = 60) -> list[dict[str, Any]]:
    """Return a small dataset: two subjects for training, in which some questions repeat, and another subject."""
    physics = [item(number, "physics") for number in range(numbers)]
    twice = [item(1000 + number, "physics", f"question  {number} of physics?".capitalize()) for number in range(5)]
    history = [item(2000 + number, "history") for number in range(numbers // 2)]
    return [*physics, *twice, *history, *(item(3000 + number, "law") for number in range(20))]


def written(items: list[dict[str, Any]], folder: Path) -> Path:
    path = folder / "items.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in items), encoding="utf-8")
    return path


# Rows and splits.


def test_rows_are_the_published_rows_with_an_id(tmp_path: Path) -> None:
    row = next(rows("test", written([item(7, "law")], tmp_path)))
    assert set(row) == {"id", "question", "options", "answer", "subject", "question_id"}
    assert (row["answer"], row["subject"], row["question_id"]) == ("B", "law", 7)


@pytest.mark.parametrize("seed", range(5))
def test_no_training_item_is_held_out_in_any_order(tmp_path: Path, seed: int) -> None:
    items = published()
    first = written(items, tmp_path)
    trained = {subject: list(rows("train", first, subject=subject, n=20)) for subject in ("physics", "history")}
    random.Random(seed).shuffle(items)
    data = written(items, tmp_path)
    for subject, chosen in trained.items():
        again = list(rows("train", data, subject=subject, n=20))
        assert len(again) == 20
        assert {row["id"] for row in again} == {row["id"] for row in chosen}
        held_out = list(rows("held-out", data, subject=subject, n=20))
        asked = {" ".join(row["question"].split()) for row in again}
        assert asked.isdisjoint(" ".join(row["question"].split()) for row in held_out)
        assert len(held_out) + 20 == sum(1 for _ in rows("test", data, subject=subject))
    everything = list(rows("held-out", data, n=20))
    assert {row["id"] for row in everything}.isdisjoint(row["id"] for chosen in trained.values() for row in chosen)
    assert len(everything) == len(items) - 40
    only = rows("held-out", data, n=20, trained=["law"])
    assert {row["subject"] for row in only} == {"physics", "history"}


def leaked(size: int, trained: int, seed: int) -> int:
    """Return how many training items are evaluated if both sets are drawn from all items independently."""
    items = range(size)
    return len({*random.Random(seed).sample(items, trained)} & {*random.Random(seed + 1).sample(items, size - trained)})


@pytest.mark.parametrize(("subject", "size", "least", "most"), [("physics", 1299, 90, 94), ("history", 381, 71, 76)])
def test_independently_drawn_sets_leak(subject: str, size: int, least: int, most: int) -> None:
    mean = sum(leaked(size, 100, seed) for seed in range(0, 400, 2)) / 200
    assert least < mean < most


def test_our_splits_do_not_leak(tmp_path: Path) -> None:
    data = written(published(), tmp_path)
    size = sum(1 for _ in rows("test", data, subject="physics"))
    assert leaked(size, 20, 0) > 0
    trained = {row["id"] for row in rows("train", data, subject="physics", n=20)}
    assert not [row for row in rows("held-out", data, subject="physics", n=20) if row["id"] in trained]


@needs_data
@pytest.mark.parametrize(("subject", "held_out"), [("physics", 1199), ("history", 281)])
def test_published_splits_have_the_papers_sizes_and_do_not_leak(subject: str, held_out: int) -> None:
    trained = list(rows("train", PUBLISHED, subject=subject))
    evaluated = list(rows("held-out", PUBLISHED, subject=subject))
    assert (len(trained), len(evaluated)) == (100, held_out)
    assert {row["question"].strip() for row in trained}.isdisjoint(row["question"].strip() for row in evaluated)
    ours = {row["id"] for row in trained}
    assert not [row for row in rows("held-out", PUBLISHED) if row["id"] in ours]


@needs_data
def test_all_published_questions_are_read() -> None:
    assert sum(1 for _ in rows("test", PUBLISHED)) == 12_032
    assert sum(1 for _ in rows("held-out", PUBLISHED)) == 12_032 - 200


def test_an_unknown_subject_or_split_is_an_error(tmp_path: Path) -> None:
    data = written(published(), tmp_path)
    with pytest.raises(BadFile, match="'dev'"):
        rows("dev", data)
    with pytest.raises(BadFile, match="needs a subject"):
        rows("train", data)
    with pytest.raises(BadFile, match="'geology': expected one of history, law, physics"):
        list(rows("test", data, subject="geology"))
    with pytest.raises(BadFile, match="fewer than 100 items"):
        list(rows("train", data, subject="law"))
    with pytest.raises(BadFile, match="no such file"):
        list(rows("test", tmp_path / "nothing.jsonl"))


@pytest.mark.parametrize(
    "changes",
    [
        {"question": 3},
        {"options": "ABC"},
        {"options": ["one"]},
        {"options": [1, 2, 3]},
        {"options": ["x"] * 11},
        {"answer": "D"},
        {"answer": "AB"},
        {"answer": ""},
        {"answer": 1},
        {"category": None},
        {"question_id": "7"},
    ],
    ids=str,
)
def test_invalid_rows_are_errors(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(BadRow):
        list(rows("test", written([item(1, "law", **changes)], tmp_path)))


def test_the_pinned_revision_is_loaded_from_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def load_dataset(repo: str, config: str | None, *, split: str, revision: str) -> list[dict[str, Any]]:
        asked.append((repo, config, split, revision))
        return [item(1, "law")]

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    assert [row["question_id"] for row in rows("test")] == [1]
    assert asked == [("TIGER-Lab/MMLU-Pro", None, "test", SOURCE.revision)]


def test_prompt_lists_the_options_with_their_letters() -> None:
    asked = prompt(PLAIN)
    assert isinstance(asked, str)
    assert "Options:\nA. Colour vision\nB. Balance\n" in asked
    assert r"\boxed{}" in asked
    assert asked.endswith("Assistant: <think>\n")
    assert load("mmlu_pro").prompt(PLAIN, "chat") == prompt(PLAIN, "chat")


# The verdict.


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.idea for attack in ATTACKS])
def test_every_attack_gets_its_reason(attack: Attack) -> None:
    verdict = verify(attack.completion, attack.row)
    assert verdict.reason == attack.reason, verdict
    assert verdict.correct is (attack.reason == "right")


def test_the_attack_corpus_is_large_and_varied() -> None:
    assert len({(attack.idea, attack.row["answer"], attack.row["id"]) for attack in ATTACKS}) == len(ATTACKS) >= 60
    assert min(Counter(attack.reason for attack in ATTACKS).values()) >= 5


@needs_data
@pytest.mark.slow
def test_right_letters_are_right_and_others_wrong() -> None:
    for row in rows("test", PUBLISHED):
        letters = LETTERS[: len(row["options"])]
        verdicts = verify_many(
            [rf"</think><answer>\boxed{{{letter}}}</answer>" for letter in letters], [row] * len(letters)
        )
        assert [letter for letter, verdict in zip(letters, verdicts, strict=True) if verdict] == [row["answer"]]


TEXTS = st.lists(st.text(st.characters(), min_size=1, max_size=20), min_size=2, max_size=10)


@given(TEXTS, st.data())
@settings(max_examples=150)
def test_any_options_can_be_answered_by_letter(options: list[str], data: st.DataObject) -> None:
    chosen, right = (data.draw(st.integers(0, len(options) - 1)) for _ in range(2))
    row = {"options": options, "answer": LETTERS[right]}
    for form in (r"\boxed{%s}", "The answer is %s.", "(%s)", r"\boxed{\text{%s}}"):
        assert bool(verify(tagged(form % LETTERS[chosen]), row)) is (chosen == right)


@given(st.text(st.characters(), max_size=200))
@settings(max_examples=150)
def test_any_text_gets_a_verdict(text: str) -> None:
    for completion in (text, tagged(text), rf"\boxed{{{text}}}", f"The answer is {text}"):
        verdict = verify(completion, FIGURES)
        assert verdict.correct is (verdict.reason == "right")


PIECES = [
    "x ",
    "C ",
    "C\n",
    "<answer>",
    "</think>",
    r"\boxed{",
    r"\boxed{}",
    "The answer is ",
    "not, so ",
    "(",
    "**",
    "\\",
]


@pytest.mark.parametrize("piece", [*PIECES, "the answer is C. ", "\n", "{", "A, ", "final ", "so "], ids=repr)
def test_long_completions_take_linear_time(piece: str) -> None:
    def read(n: int) -> None:
        completion = piece * (n // len(piece))
        verify(completion, PLAIN)
        verify(f"{completion}<answer>{completion[: MAX_ANSWER_LENGTH - 50]}</answer>", PLAIN)
        paper_answer(completion, PLAIN)

    assert_linear(read, 250_000)


def test_bad_arguments_are_errors() -> None:
    with pytest.raises(BadCompletion):
        verify(3, PLAIN)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'maybe'"):
        verify("C", PLAIN, unreadable="maybe")  # type: ignore[arg-type]
    with pytest.raises(BadRow):
        verify("C", {"options": ["one", "two"], "answer": "C"})
    with pytest.raises(BadRow):
        guess({"options": ["one", "two"]})


def test_completions_may_be_messages() -> None:
    assert verify([{"role": "assistant", "content": tagged("C")}], PLAIN)


# Guesses, and the paper's reading.


def test_an_unreadable_answer_is_wrong_or_a_guess() -> None:
    guessed = [verify("Dunno.", {**PLAIN, "id": str(number)}, unreadable="guess") for number in range(400)]
    assert {verdict.reason for verdict in guessed} == {"right", "wrong"}
    assert 40 < sum(map(bool, guessed)) < 120
    assert not any(verify("Dunno.", {**PLAIN, "id": str(number)}) for number in range(400))
    assert verify(tagged("A, B, C"), PLAIN, unreadable="guess").reason == "several answers"


def test_a_guess_depends_on_the_row_and_the_seed_alone() -> None:
    drawn = [guess({**PLAIN, "id": str(number)}, seed) for number in range(200) for seed in range(5)]
    assert drawn == [guess({**PLAIN, "id": str(number)}, seed) for number in range(200) for seed in range(5)]
    counts = Counter(drawn)
    assert set(counts) == set("ABCDE")
    assert min(counts.values()) > 150
    assert len({tuple(drawn[start : start + 5]) for start in range(0, 1000, 5)}) > 150


@pytest.mark.parametrize(
    ("completion", "letter"),
    [
        (r"\boxed{A} but no. </think><answer>\boxed{C}</answer>", "A"),
        (r"</think><answer>B, I mean \boxed{C}</answer>", "C"),
        ("</think><answer> B</answer> or D", "B"),
        ("</think><answer>(B)</answer> or D.", "D"),
        ("I think A is right", "A"),
        (r"\boxed{\text{C}} it is, E says", "E"),
        ("J", "J"),
    ],
)
def test_paper_reading_accepts_what_the_paper_accepts(completion: str, letter: str) -> None:
    assert paper_answer(completion, PLAIN) == letter


def test_both_readings_are_reported() -> None:
    assert evaluate(tagged(r"\boxed{C}"), PLAIN) == Evaluation(strict=True, paper=True, guessed=False)
    assert evaluate("Perhaps C", PLAIN) == Evaluation(strict=False, paper=True, guessed=False)
    right = {evaluate("dunno", PLAIN, seed).paper for seed in range(40)}
    assert right == {True, False}
    assert all(evaluate("dunno", PLAIN, seed).guessed for seed in range(40))


def test_guessing_earns_no_credit_on_average() -> None:
    for options in range(2, 11):
        row = {"options": [str(number) for number in range(options)], "answer": "B"}
        credit = [partial(verify(tagged(letter), row), row) for letter in LETTERS[:options]]
        assert sum(credit) == pytest.approx(0)
        assert max(credit) == 1
    assert partial(Verdict(False, "no answer"), PLAIN) == 0


def test_reading_an_answer_ignores_the_right_letter() -> None:
    assert letter_of(tagged("D"), tuple(PLAIN["options"])).letter == "D"
