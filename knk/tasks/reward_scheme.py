"""The reward for each verdict in the paper's training."""

from __future__ import annotations

from dataclasses import dataclass

from knk.answers.verdict import Verdict


@dataclass(frozen=True)
class RewardScheme:
    """The reward for each outcome, as in the authors' rewards (arXiv 2505.13718).

    Args:
        no_format: the completion does not have the format, whatever it answers.
        unreadable: there is no whole answer.
        wrong: the answer is wrong.
        right: the answer is right.

    >>> RewardScheme().reward(Verdict(False, "wrong"), has_format=True)
    -0.5
    """

    no_format: float = -2.0
    unreadable: float = -1.0
    wrong: float = -0.5
    right: float = 2.0

    def reward(self, verdict: Verdict, *, has_format: bool) -> float | None:
        """Return the reward for a verdict, or None if the verifier could not decide.

        Args:
            verdict: the verdict on the completion.
            has_format: whether the completion has the format; see `knk.tasks.format.has_format`.
        """
        if not has_format:
            return self.no_format
        if verdict.correct is None:
            return None
        if verdict.correct:
            return self.right
        return self.wrong if verdict.answered else self.unreadable
