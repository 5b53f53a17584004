"""The gate: bases must check candidates reliably at the first, second and third try."""

import pytest

from recipes.laptop.gate import GATED, THRESHOLD, TRIES, failures, measure
from tests.support.laptop import FakeModel, expected_try

CHECKED = (*GATED, "mix")


def rest_of_check(prompt: str) -> tuple[list[str], str]:
    """Return the tries in a prompt before its last candidate, and how the check of that candidate goes on."""
    question, _, thought = prompt.partition(" ? <think>\n")
    *tries, candidate = thought.split("try ")[1:]
    pairs = [word.split("=") for word in candidate.split()]
    text, _ = expected_try(question, [person for person, _ in pairs], [value for _, value in pairs])
    for words in tries:  # Every earlier check in the prompt is right, and fails.
        values = [word.split("=")[1] for word in words.split()[: len(pairs)]]
        assert expected_try(question, [person for person, _ in pairs], values) == (f"try {words.strip()}", False)
    return tries, text.removeprefix(f"try {candidate}").strip()


def test_a_perfect_model_passes_everywhere() -> None:
    model = FakeModel(lambda prompt: rest_of_check(prompt)[1])
    measured = measure(model, 6)
    assert measured == {task: [1.0] * TRIES for task in CHECKED}
    assert failures(measured) == []
    tries = [len(rest_of_check(prompt)[0]) for prompts, _ in model.calls for prompt in prompts]
    assert sorted(set(tries)) == [0, 1, 2]
    assert tries == [number for _ in CHECKED for number in range(TRIES) for _ in range(6)]


@pytest.mark.parametrize("wrong", [1, 2, 3])
def test_a_model_that_errs_at_a_try_fails_there(wrong: int) -> None:
    def write(prompt: str) -> str:
        tries, text = rest_of_check(prompt)
        return f"{text} ok" if len(tries) == wrong - 1 else text

    measured = measure(FakeModel(write), 3)
    shares = [float(number != wrong) for number in range(1, TRIES + 1)]
    assert measured == dict.fromkeys(CHECKED, shares)
    assert failures(measured) == [f"{task} at try {wrong}: 0.000" for task in GATED]


def test_a_share_at_the_threshold_passes_and_the_unseen_domain_is_not_required() -> None:
    passed = {task: [THRESHOLD] * TRIES for task in GATED} | {"mix": [0.0] * TRIES}
    assert failures(passed) == []
    assert failures(passed | {"sat": [1.0, 0.9499, 1.0]}) == ["sat at try 2: 0.950"]
