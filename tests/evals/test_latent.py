"""How often chains reject and try again: each phrase, what is no such phrase, and the rates of a run."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from knk.errors import BadFolder, BadRow, BadSpec
from knk.evals.latent import ATTEMPTS, REJECTIONS, Search, chain_of, latent_rate, latent_rates, search_of
from knk.evals.run import BenchmarkPlan, run_benchmarks
from knk.generation.generate import generate
from knk.proofs.trace import trace
from knk.text.explain import explain
from tests.support.benchmarks import TWO_SAMPLES, Oracle, scored
from tests.support.growth import assert_linear
from tests.support.paths import ROOT

SCRIPT = runpy.run_path(str(ROOT / "scripts" / "latent_marks.py"))

REJECTING = {
    "contradiction": ["That is a contradiction.", "This contradicts what Bob said.", "Then x < 0 ⊥", "Bob knave ✗"],
    "impossible": ["So that is impossible.", "Not possible.", "That isn't possible."],
    "cannot be": ["So that can't be right.", "This cannot be.", "that cant be true, then"],
    "cannot say": ["But a knight cannot say it.", "A trickster cant say that.", "This no knave can say."],
    "does not work": ["This doesn't work.", "x = 2 does not fit.", "Dead end.", "That's no good.", "This case fails."],
    "wait": ["Wait, Bob is a knight.", "But wait, x is odd.", "Hmm, hold on.", "x = 2\nWait: x is odd."],
    "no": ["That gives 4. No, it gives 5.", "Nope.", "Then 3 is even... no, it is odd."],
    "mistake": ["Scratch that.", "Oops!", "I made a mistake above.", "That's not right.", "that is wrong"],
}
NOT_REJECTING = [
    "",
    "There is no contradiction here.",
    "That does not lead to a contradiction.",
    "I look for a contradiction.",
    "It is not impossible.",
    "Ann and Bob contradict each other.",
    "x cannot be negative because it is a square.",
    "They wait for the bus.",
    "Wait until noon.",
    "There are no knaves, and no knights.",
    "Is Bob a knight? No.",
    'Ann says: "That is impossible." Bob says: “Wait, no.”',
    "The waiter is nopal.",
]
TRYING = {
    "suppose": [
        "Suppose that x = 3.",
        "Let's assume Bob lies.",
        "Assuming Bob lies, all fits.",
        "Say Omar is a knave.",
    ],
    "if": ["If Bob is a knave, Ann lies.", "So if he's a knave, all fits.", "Now if x were 3, all fits."],
    "what if": ["What if Bob lies?", "Could Bob be a knight?"],
    "case": ["Case 2: Bob lies.", "\n- **Case B**: Bob lies.", "Option 3.", "Now the other case.", "Another approach."],
    "try": ["Let's try x = 3.", "Let me now test 4.", "Try Bob = knight.", "Trying again."],
    "instead": [
        "Let x be 3 instead.",
        "Alternatively, x = 3.",
        "Otherwise, Bob lies.",
        "Starting over.",
        "Going back.",
    ],
    "redo": ["Let me recompute.", "Let's re-check it.", "Let us reconsider."],
}
NOT_TRYING = [
    "So x is 3, instead of 2.",
    "The assumption was good.",
    "He says if.",
    "They tried.",
    "Let me review.",
    "The result is 7.",
    'Bob says "If Ann is a knave, I lie."',
]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in REJECTING.items() for text in texts])
def test_a_phrase_rejects(name: str, text: str) -> None:
    assert name in REJECTIONS
    assert search_of(text).rejects
    assert search_of(text.upper()).rejects
    assert search_of(text.replace("'", "’")).rejects


@pytest.mark.parametrize("text", NOT_REJECTING)
def test_other_words_reject_nothing(text: str) -> None:
    assert search_of(text) == Search(0, 1)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in TRYING.items() for text in texts])
def test_a_phrase_tries_again_only_after_a_rejection(name: str, text: str) -> None:
    assert name in ATTEMPTS
    assert search_of(f"Dead end. {text}") == Search(1, 2)
    assert search_of(text) == Search(0, 1)
    assert search_of(f"{text}\nDead end.") == Search(1, 1)


@pytest.mark.parametrize("text", NOT_TRYING)
def test_other_words_are_no_try(text: str) -> None:
    assert search_of(f"Dead end. {text}") == Search(1, 1)


def test_every_phrase_has_examples() -> None:
    assert list(REJECTING) == list(REJECTIONS)
    assert list(TRYING) == list(ATTEMPTS)


@pytest.mark.parametrize("other", ["Therefore Ann is a knave.", "So Ann has to be a knave.", "∴ Ann knave"])
def test_the_other_role_of_somebody_is_another_try(other: str) -> None:
    assert search_of(f"Suppose Ann is a knight. Bob is a knave. Contradiction! {other}") == Search(1, 2)
    assert search_of(f"Bob is a knave. Contradiction! {other}") == Search(1, 1)


def test_the_same_role_is_not_another_try() -> None:
    assert search_of("Suppose Ann is a knight. Contradiction. Still, Ann is a knight, Bob is a knave.") == Search(1, 1)


def test_rejections_in_a_row_are_followed_by_one_try() -> None:
    assert search_of("Try 1. Wait, no, that's wrong. Try 2. Dead end. Try 3. Suppose it works.") == Search(4, 3)


def test_a_proof_by_contradiction_tries_again_and_an_answer_does_not() -> None:
    proofs = list(map(trace, generate(people=5, n=20, seed=1)))
    for style, shares in {"answer-only": (0, 0), "brief": (0.5, 0.95), "long": (0.75, 1), "search": (0.8, 1)}.items():
        share = sum(search_of(explain(proof, style)).tries_again for proof in proofs) / len(proofs)
        assert shares[0] <= share <= shares[1]


@pytest.mark.parametrize(
    "unit", ["a", " ", "\n", '"', "* ", "not a b ", "if x is ", "Ann is a knave ", "suppose ", "wait, ", "no" * 50]
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    assert_linear(lambda size: search_of(unit * size), 5000)


# Rates.

RIGHT = [("a", 0, True), ("a", 1, False), ("b", 0, True), ("b", 1, False)]
SEARCHES = {("a", 0): Search(1, 2), ("a", 1): Search(0, 1), ("b", 0): Search(3, 3), ("b", 1): Search(1, 1)}


def test_rates_are_means_over_items() -> None:
    completions = [scored(item, sample, right) for item, sample, right in RIGHT]
    rate = latent_rate("x", completions, SEARCHES)
    assert (rate.samples, rate.pass_at_1.n) == (2, 2)
    assert (rate.pass_at_1.mean, rate.pass_at_k.mean) == (0.5, 1.0)
    assert (rate.rejects.mean, rate.tries_again.mean, rate.tries.mean) == (0.75, 0.5, 1.75)
    assert rate.tries_again.low < 0.2 < 0.8 < rate.tries_again.high
    assert rate.accuracy_again is not None
    assert rate.accuracy_once is not None
    assert (rate.accuracy_again.mean, rate.accuracy_once.mean) == (1.0, 0.0)


def test_a_rate_of_nothing_has_an_upper_end_and_no_accuracy() -> None:
    completions = [scored(str(item), 0, True, finish_reason="length") for item in range(20)]
    rate = latent_rate("x", completions, {(str(item), 0): Search(0, 1) for item in range(20)})
    assert rate.tries_again.mean == 0
    assert 0.1 < rate.tries_again.high < 0.2
    assert rate.accuracy_again is None
    assert rate.cut_off.mean == 1
    assert rate.to_dict()["accuracy_again"] is None
    assert rate.to_dict()["tries_again"]["high"] == rate.tries_again.high


def test_no_completions_are_refused() -> None:
    with pytest.raises(BadRow):
        latent_rate("x", [], {})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("latent") / "run"
    run_benchmarks(folder, Oracle(0.5), BenchmarkPlan(("knk", "knk_grades"), TWO_SAMPLES, limit=10), lm_eval=False)
    return folder


def test_each_benchmark_of_a_run_has_its_rate(run: Path) -> None:
    assert [rate.name for rate in latent_rates(run)] == ["K&K", "K&K by grade"]
    (rate,) = latent_rates(run, "knk_grades")
    assert (rate.name, rate.samples, rate.pass_at_1.n, rate.tries.mean) == ("K&K by grade", 2, 10, 1.0)


def test_what_a_run_lacks_is_named(run: Path, tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match="no such folder"):
        latent_rates(tmp_path / "none")
    with pytest.raises(BadFolder, match="no results of math500: expected one of knk, knk_grades"):
        latent_rates(run, "math500")
    with pytest.raises(BadSpec, match="unknown benchmark 'mathh'"):
        latent_rates(run, "mathh")
    answers = run / "knk_grades" / "answers.jsonl"
    text = answers.read_text(encoding="utf-8")
    answers.write_text(text.splitlines(keepends=True)[0], encoding="utf-8")
    with pytest.raises(BadFolder, match="lacks completions"):
        latent_rates(run, "knk_grades")
    answers.write_text(text, encoding="utf-8")


def test_the_words_of_an_answer_do_not_count() -> None:
    text = "<think>Suppose Ann is a knight. Contradiction.</think> <answer>Ann is a knave</answer> Wait."
    assert search_of(chain_of(text)) == Search(1, 1)
    assert chain_of("Ann lies.") == "Ann lies."


# The measured errors.


def step(assuming: str, claims: str, **fields: Any) -> dict[str, Any]:
    return {"assuming": assuming.split(), "claims": claims.split(), **fields}


@pytest.mark.parametrize(
    ("steps", "labels"),
    [
        ([step("+Ann", "-Bob"), step("", "+Ann")], (False, False)),
        ([step("+Ann", "contradiction")], (True, False)),
        ([step("+Ann", "contradiction"), step("", "-Bob")], (True, False)),
        ([step("+Ann", "contradiction"), step("", "-Ann")], (True, True)),
        ([step("+Ann -Bob", "contradiction"), step("+Ann", "+Cid")], (True, False)),
        ([step("+Ann -Bob", "contradiction"), step("+Ann +Bob", "+Cid")], (True, True)),
        ([step("", "+Ann", retracted=True)], (True, False)),
        ([step("", "+Ann", retracted=True), step("", "+Cid")], (True, True)),
    ],
)
def test_labels_of_steps_are_read(steps: list[dict[str, Any]], labels: tuple[bool, bool]) -> None:
    assert SCRIPT["labels"](steps) == labels


def test_the_page_has_the_figures_of_the_librarys_proofs() -> None:
    page = (ROOT / "docs" / "latent.md").read_text(encoding="utf-8")
    for style, *figures in SCRIPT["styles"]()[1:]:
        assert f"| `{style}` | {' | '.join(figures)} |" in page
