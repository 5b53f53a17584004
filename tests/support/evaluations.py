"""The results of a study of many arms under three conditions, with names in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from knk.evals.intervals import Estimate
from knk.evals.results import ArmScore, Curve, Example, ExampleAnswer, Results, StudyClaim

CONDITIONS: Final = ("q = 0", "q = 0.03", "q = 0.10")
TASKS: Final = (
    "puzzles, 2 people",
    "puzzles, 3 people",
    "puzzles, 4 people",
    "colouring (never warmed up on)",
    "pairs (never warmed up on)",
    "clauses (never warmed up on)",
    "routes (never trained on)",
    "recall",
    "reverse",
)
HEADLINE: Final = TASKS[3:6]
STARTS: Final = ("base", "warmed")
CONTROLS: Final = ("answers only", "shuffled words", "filler", "single checks", "more base lessons")
TRAINED: Final = tuple(f"{start} + RL, {sampling}" for sampling in ("all tokens", "nucleus") for start in STARTS)
ARMS: Final = (*STARTS, *CONTROLS, *TRAINED)
TRAINING: Final = {
    "base": "lessons on puzzles, colouring, pairs and clauses; a share q of them goes on after a wrong candidate",
    "warmed": "the base, then 100,000 tokens of puzzles solved by search",
    "answers only": "the base, then the answers of the same puzzles without the search",
    "shuffled words": "the base, then the same puzzles with the words of the search shuffled",
    "filler": "the base, then the same puzzles with dots in place of the search",
    "single checks": "the base, then one check of one candidate for each of the same puzzles",
    "more base lessons": "the base, then 100,000 more tokens of its own lessons",
    "base + RL, all tokens": "the base, then RLVR on 100 colouring problems, T 1 and top-p 1",
    "warmed + RL, all tokens": "the warmed model, then the same",
    "base + RL, nucleus": "the base, then RLVR on 100 colouring problems, T 0.7 and top-p 0.95",
    "warmed + RL, nucleus": "the warmed model, then the same",
}
_LEVELS: Final = {
    "base": (0.14, 0.15, 0.13),
    "warmed": (0.17, 0.71, 0.74),
    "answers only": (0.01, 0.05, 0.08),
    "shuffled words": (0.0, 0.0, 0.01),
    "filler": (0.02, 0.05, 0.06),
    "single checks": (0.13, 0.14, 0.16),
    "more base lessons": (0.13, 0.13, 0.17),
    "base + RL, all tokens": (0.20, 0.66, 0.73),
    "warmed + RL, all tokens": (0.22, 0.76, 0.72),
    "base + RL, nucleus": (0.15, 0.31, 0.42),
    "warmed + RL, nucleus": (0.16, 0.24, 0.38),
}
_SHIFTS: Final = (0.12, 0.04, -0.02, 0.02, -0.13, -0.02, -0.08, 0.1, 0.2)
PROBLEM: Final = "five people ; A#B B#C C#D A#D D#E ; one of red green blue for each ; A is not red ; E is blue"
_TRY: Final = "try A=green B=red C=blue D=red E=blue : A#B A=green B=red differ ok "


def estimate(mean: float, spread: float = 0.04) -> Estimate:
    """An estimate between 0 and 1 with an interval that is not symmetric."""
    mean = min(max(mean, 0.0), 1.0)
    return Estimate(mean, max(0.0, mean - spread), min(1.0, mean + 1.3 * spread), 300, 3)


def study() -> Results:
    """Results as a large study has them."""
    return Results(
        "When does a warm-up on puzzles help elsewhere?",
        ARMS,
        TASKS,
        tuple(_scores()),
        tuple(_curves()),
        tuple(_claims()),
        {"bases": "3", "items per task": "300", "hardware": "two cores"},
        ("Three bases are few: the intervals over bases are wide.",),
        CONDITIONS,
        "Where at least 3 in 100 lessons of the base go on after a wrong candidate, 20 seconds of warm-up on puzzles "
        "raise colouring from 15% to 71%, although it is never trained there; where none does, nothing rises.",
        HEADLINE,
        (_example(), _example()),
        TRAINING,
    )


def small_study() -> Results:
    """Results under one condition, as a demonstration has them."""
    full = study()
    scores = tuple(
        ArmScore(score.arm, score.task, score.metric, score.estimate)
        for score in full.scores
        if score.condition == CONDITIONS[1] and score.arm in (*STARTS, *TRAINED[:2])
    )
    arms = (*STARTS, *TRAINED[:2])
    training = {arm: TRAINING[arm] for arm in arms}
    summary = "Warm-up on puzzles raises three domains that it never trains."
    examples = full.examples[:1]
    return Results("A demonstration", arms, TASKS, scores, (), (), {}, (), (), summary, HEADLINE, examples, training)


def _scores() -> Iterator[ArmScore]:
    for arm, levels in _LEVELS.items():
        for condition, level in zip(CONDITIONS, levels, strict=True):
            for task, shift in zip(TASKS, _SHIFTS, strict=True):
                yield ArmScore(arm, task, "accuracy", estimate(level + shift), condition)
                yield ArmScore(arm, task, "answered", estimate(level + shift + 0.1), condition)
                yield ArmScore(
                    arm, task, "tries", Estimate(1 + 8 * level, 1 + 7 * level, 1 + 9 * level, 300), condition
                )


def _curves() -> Iterator[Curve]:
    for index, arm in enumerate(TRAINED):
        for condition, level in zip(CONDITIONS, _LEVELS[arm], strict=True):
            start = _LEVELS[STARTS[index % 2]][CONDITIONS.index(condition)]
            points = tuple((step, estimate(start + (level - start) * step / 40)) for step in range(0, 41, 5))
            yield Curve(arm, TASKS[3], "accuracy", points, condition)


def _claims() -> Iterator[StudyClaim]:
    above = "the 95% interval of the difference lies above 0"
    yield StudyClaim("Every base checks candidates correctly", "at least 0.95 in every base", None, True)
    for condition, gain in zip(CONDITIONS, (0.02, 0.56, 0.61), strict=True):
        held = Estimate(gain, gain - 0.0204, gain + 0.05, 900, 3)
        text = "Warm-up alone raises accuracy in colouring, pairs and clauses"
        yield StudyClaim(text, above, held, held.low > 0 or None, "", condition)
        same = Estimate(0.0003, -0.0002, 0.0008, 900, 3)
        yield StudyClaim("After RLVR, the warm start is better", above, same, None, "two seeds", condition)


def _example() -> Example:
    return Example(
        "The same colouring problem before and after the warm-up",
        PROBLEM,
        (
            ExampleAnswer("base", f"{_TRY}C#B C=blue B=red differ ok D#A stop", "wrong: no answer"),
            ExampleAnswer("warmed", _TRY * 12 + "answer A=green B=red C=blue D=red E=blue", "right"),
        ),
    )
