"""The scores in "Warm Up Before You Train" (arXiv 2505.13718), for comparison with one's own.

Each score is a percentage, with the standard deviation over four decoding trials if the paper reports it. The deviation
does not cover other training runs; the paper has one per arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TASKS: Final = ("MATH", "HumanEval+", "MMLU-Pro")


@dataclass(frozen=True)
class PaperScore:
    """A score of one arm on one task.

    Args:
        percent: the percentage.
        deviation: the standard deviation over decoding trials; None if the paper does not report it.
    """

    percent: float
    deviation: float | None = None

    def __str__(self) -> str:
        return f"{self.percent:g}" if self.deviation is None else f"{self.percent:g} ± {self.deviation:g}"


@dataclass(frozen=True)
class PaperArm:
    """The scores of one arm.

    Args:
        model: the model.
        arm: its training.
        scores: the scores on `TASKS`, None if there is none.
    """

    model: str
    arm: str
    scores: tuple[PaperScore | None, PaperScore | None, PaperScore | None]


def _row(model: str, arm: str, *scores: float | tuple[float, float] | None) -> PaperArm:
    math, code, knowledge = (
        None if score is None else PaperScore(*score) if isinstance(score, tuple) else PaperScore(score)
        for score in scores
    )
    return PaperArm(model, arm, (math, code, knowledge))


WARM_UP: Final = (
    _row("Qwen2.5-3B", "base", (43.8, 0.8), (32.5, 1.2), (29.2, 0.3)),
    _row("Qwen2.5-3B", "warmed", (54.0, 1.4), (47.8, 3.7), (38.2, 0.4)),
    _row("Qwen2.5-3B", "s1K", 53.9, 39.5, 28.1),
    _row("Qwen2.5-Math-1.5B", "base", 41.2, 8.8, 18.3),
    _row("Qwen2.5-Math-1.5B", "warmed", 65.2, 5.5, 27.5),
    _row("Qwen2.5-Math-1.5B", "s1K", 53.7, 7.0, 22.4),
    _row("DeepSeek-Math-7B", "base", 20.6, 5.3, 21.1),
    _row("DeepSeek-Math-7B", "warmed", 28.7, 13.8, 23.2),
    _row("DeepSeek-Math-7B", "s1K", 32.4, 5.9, 26.3),
    _row("Qwen2.5-14B", "base", 55.6, 64.3, 52.7),
    _row("Qwen2.5-14B", "warmed", 77.4, 67.3, 62.7),
    _row("Qwen2.5-14B", "s1K", 51.5, 24.3, 34.9),
    _row("OLMo2-1B", "base", 4.6, 0.0, 11.7),
    _row("OLMo2-1B", "warmed", 5.5, 0.0, 11.0),
    _row("OLMo2-7B", "base", 14.3, 3.9, 20.0),
    _row("OLMo2-7B", "warmed", 21.4, 4.8, 25.1),
    _row("Llama-3.2-3B", "base", 6.8, 0.9, 16.2),
    _row("Llama-3.2-3B", "warmed", 8.5, 7.5, 18.3),
    _row("Llama-3.1-8B", "base", 11.8, 13.1, 23.0),
    _row("Llama-3.1-8B", "warmed", 25.2, 17.1, 33.9),
)
"""Warm-up alone, without RLVR."""

RLVR: Final = (
    _row("Qwen2.5-3B", "base + RL on MATH", (57.8, 1.9), 25.7, 28.8),
    _row("Qwen2.5-3B", "warmed + RL on MATH", (64.5, 0.3), 31.1, 39.2),
    _row("Qwen2.5-3B", "base + RL on HumanEval+", 30.0, (56.8, 3.8), 27.4),
    _row("Qwen2.5-3B", "warmed + RL on HumanEval+", 52.6, (61.8, 3.9), 36.2),
    _row("Qwen2.5-3B", "base + RL on physics", 46.8, 38.4, 36.0),
    _row("Qwen2.5-3B", "warmed + RL on physics", 54.3, 48.5, 40.8),
    _row("Qwen2.5-3B", "base + RL on history", 35.3, 37.1, 35.3),
    _row("Qwen2.5-3B", "warmed + RL on history", 50.5, 49.8, 40.5),
)
"""RLVR on at most 100 examples; in their own domains physics 33.6 and 41.6, history 39.7 and 35.7 (base, warmed)."""

CLAIMS: Final = (
    ("Warm-up alone improves MATH, HumanEval+ and MMLU-Pro.", "Not for all models: HumanEval+ falls for Math-1.5B."),
    ("After RLVR on the same small set, warmed-up beats base.", "Not on history, where the base ends higher."),
    (
        "RLVR on one domain keeps the others better from the warm start.",
        "Against the untouched base; against its own start the warmed model loses HumanEval+ to RLVR on MATH.",
    ),
    ("Warm-up makes RLVR more sample-efficient.", "In steps; longer answers make each step take longer."),
)
"""The paper's four claims, each with the limits that its own tables show."""
