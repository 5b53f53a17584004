"""Puzzles in the laptop recipe's words: the proof, and the controls in its place."""

import pytest

from recipes.laptop.domains import problems, verify
from recipes.laptop.puzzles import STYLES, completion

PROOF = (
    "Suppose that Eve_knave. E says Cal_knight E Eve_knave knave so Cal_knave. "
    "D says Eve_knave E Eve_knave knave so Dan_knight. "
    "C says Eve_knight or Dan_knight C Cal_knave knave D Dan_knight knight wrong. That is a contradiction. "
    "Suppose that Eve_knight. E says Cal_knight E Eve_knight knight so Cal_knight. "
    "D says Eve_knave E Eve_knight knight so Dan_knave. It all fits."
)
"""The proof of the puzzle Eve,Cal,Dan 0:+1 1:|(+0,+2) 2:-0."""


@pytest.mark.parametrize("style", STYLES)
def test_every_style_answers_correctly(style: str) -> None:
    for problem in problems("kk", 20, 4):
        text = completion(problem.data, style, 1)
        assert verify(text, problem), text
        assert ("says" in text) <= (style in ("proof", "shuffled"))


def test_a_proof_is_the_proof_of_the_library_in_the_words_of_the_recipe() -> None:
    text = completion("Eve,Cal,Dan 0:+1 1:|(+0,+2) 2:-0", "proof", 0)
    assert text == f" {PROOF}</think>\n<answer>Eve_knight, Cal_knight, Dan_knave</answer>"


def test_controls_differ_from_the_proof_as_described() -> None:
    for problem in problems("kk", 10, 4):
        proof, shuffled, filler = (
            completion(problem.data, style, 1).split("</think>")[0] for style in ("proof", "shuffled", "filler")
        )
        assert sorted(shuffled.split(". ")) != proof.split(". ")
        assert sorted(shuffled.replace(".", "").split()) == sorted(proof.replace(".", "").split())
        assert abs(len(filler.split()) - len(proof.split())) <= 2
        assert set(filler.split()) == {"Let", "me", "see."}
