"""What the arms of the laptop recipe write of a puzzle: the library's proof in prose, and what controls for it."""

from __future__ import annotations

import re
from functools import lru_cache
from random import Random
from typing import Final

import knk
from knk.text.explain import sentences
from knk.trace import Trace
from recipes.laptop.domains import Problem, answered

STYLES: Final = ("proof", "answer-only", "shuffled", "filler")
"""The proof as it is; the answer alone; the proof's sentences in any order; as many words that say nothing."""


def told(problem: Problem, style: str, seed: int) -> str:
    """Return the completion that an arm learns from for a puzzle.

    Args:
        problem: the puzzle.
        style: one of `STYLES`.
        seed: chooses among wordings, and the order where it is shuffled.
    """
    trace = _trace(problem.data)
    proof, _, answer = knk.explain(trace, "brief", seed).rpartition("\n\n")
    if style == "answer-only":
        thought = "Let me see."
    elif style == "shuffled":
        parts = [sentence.text.strip() for sentence in sentences(trace, "brief", seed)]
        parts = [part for part in parts if part and not part.startswith("(")]
        Random(f"{problem.data} {seed}").shuffle(parts)
        thought = " ".join(parts)
    elif style == "filler":
        words = len(proof.split())
        thought = " ".join(knk.explain(trace, "filler", seed).rpartition("\n\n")[0].split()[:words])
    else:
        thought = proof
    return answered(re.sub(r"\s+", " ", thought), answer)


@lru_cache(maxsize=20_000)
def _trace(notation: str) -> Trace:
    return knk.trace(knk.decode(notation))
