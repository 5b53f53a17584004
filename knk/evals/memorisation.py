"""How far a model's right answers are memorised rather than reasoned: arXiv 2410.23123, section 2.1.

A puzzle counts as memorised if the model solves it and fails on the same puzzle slightly changed
(`knk.generation.perturb`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from knk.errors import BadRow
from knk.evals import intervals
from knk.evals.intervals import Estimate
from knk.evals.scoring import ScoredCompletion

_UNCHANGED: Final = "original"
"""The group of the puzzles that the others are changes of."""


@dataclass(frozen=True)
class Memorisation:
    """The memorisation score and its parts.

    Args:
        accuracy: the share of puzzles that are solved.
        consistency: the share of the solved puzzles that are still solved when changed.
        score: the share of puzzles that are solved, and not when changed: accuracy times (1 - consistency).
    """

    accuracy: float
    consistency: float
    score: float


def memorisation(solved: Sequence[bool], solved_changed: Sequence[bool]) -> Memorisation:
    """Return the memorisation score of a model.

    Args:
        solved: whether the model solves each puzzle.
        solved_changed: whether it solves the changed form of each puzzle, in the same order.

    Raises:
        BadRow: there are no puzzles, or the two have different lengths.

    >>> memorisation([True, True, False, True], [True, False, False, False])
    Memorisation(accuracy=0.75, consistency=0.3333333333333333, score=0.5)
    """
    if not solved or len(solved) != len(solved_changed):
        raise BadRow(f"expected as many puzzles as changed puzzles, got {len(solved)} and {len(solved_changed)}")
    right = sum(map(bool, solved))
    consistent = sum(bool(first and second) for first, second in zip(solved, solved_changed, strict=True))
    total = len(solved)
    return Memorisation(right / total, consistent / right if right else 1.0, (right - consistent) / total)


def memorisation_by_change(runs: Sequence[Sequence[ScoredCompletion]]) -> dict[str, Estimate]:
    """Return the memorisation score for each kind of change, with its interval over puzzles and seeds.

    Each sample of a changed puzzle is paired with the sample of the same index of the original. The result is empty if
    no item is a change of another.

    Args:
        runs: the scored completions of one run, or of several runs over the same items.
    """
    kinds = dict.fromkeys(
        completion.groups[0] for completion in runs[0] if completion.original and completion.groups[0] != _UNCHANGED
    )
    scores = {kind: [_puzzle_scores(completions, kind) for completions in runs] for kind in kinds}
    return {kind: intervals.proportion(by_seed) for kind, by_seed in scores.items() if all(by_seed)}


def _puzzle_scores(completions: Sequence[ScoredCompletion], kind: str) -> dict[str, float]:
    """The memorisation score of each original puzzle over its samples, for one kind of change."""
    verdicts = {
        (completion.original, completion.groups[0], completion.sample): completion.correct
        for completion in completions
        if completion.original
    }
    pairs: dict[str, list[tuple[bool, bool]]] = {}
    for (original, group, sample), correct in verdicts.items():
        changed = verdicts.get((original, kind, sample))
        if group == _UNCHANGED and correct is not None and changed is not None:
            pairs.setdefault(original, []).append((correct, changed))
    return {
        original: memorisation([first for first, _ in both], [second for _, second in both]).score
        for original, both in pairs.items()
    }
