"""The part of a completion that benchmarks judge."""

from functools import partial

import pytest

from knk.answers.locate import cut_after_answer
from knk.answers.verify import verify
from knk.logic.notation import decode
from tests.support.growth import assert_linear

PUZZLE = decode("Ann,Bob 0:&(-0,-1)")
RIGHT, WRONG = "Ann is a knave, Bob is a knight", "Ann is a knight, Bob is a knight"


@pytest.mark.parametrize("thought", ["Hm.</think>", "<think>Hm.</think>", f"<think><answer>{WRONG}</answer></think>"])
@pytest.mark.parametrize(
    "rest",
    [
        " Wait, no: Bob is a knave.",
        f" Or: <answer>{WRONG}</answer>",
        "\nUser: Who is a knight?\nAssistant: <think>Let me see",
        "</answer>",
        f"<think>Again.</think><answer>{WRONG}</answer>",
    ],
)
def test_the_first_closed_answer_counts(thought: str, rest: str) -> None:
    first = f"{thought}<answer>{RIGHT}</answer>"
    assert cut_after_answer(first + rest) == first
    assert verify(first, PUZZLE).reason == "right"
    assert verify(first + rest, PUZZLE).reason != "right"


@pytest.mark.parametrize(
    "text",
    [
        "",
        RIGHT,
        f"Hm.</think><answer>{RIGHT}",
        f"<think><answer>{RIGHT}</answer>",
        f"Hm.</think><think><answer>{RIGHT}</answer>",
        f"<answer>{RIGHT}</answer></think>",
        f"Hm.</think>{RIGHT}</answer>",
        "Hm.</think><answer> \n</answer>",
        f"Hm.</think><answer>{RIGHT}</answer>",
    ],
)
def test_a_completion_without_words_after_a_closed_answer_is_whole(text: str) -> None:
    assert cut_after_answer(text) == text


def test_a_blank_answer_is_none_and_tags_may_be_written_loosely() -> None:
    first = f"Hm.</Think><answer></answer>< Answer >{RIGHT}</ answer>"
    assert cut_after_answer(f"{first} or not") == first


def test_long_completions_take_linear_time() -> None:
    def cut(piece: str, n: int) -> str:
        return cut_after_answer(piece * (n // len(piece)))

    for piece in ("<answer>", "</answer>", "<think>", "</think>", "<answer> </answer>", "x"):
        assert_linear(partial(cut, piece), 250_000)
