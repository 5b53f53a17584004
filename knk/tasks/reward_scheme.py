"""What a verdict is worth in training: the paper's scheme, and credit for a part."""

from __future__ import annotations

from dataclasses import dataclass

from knk.answers.verdict import Verdict


@dataclass(frozen=True)
class Scheme:
    """What each outcome is worth, as in the authors' rewards (arXiv 2505.13718).

    Args:
        unformed: the completion has not the form, whatever it answers.
        unreadable: there is no whole answer.
        wrong: the answer is wrong.
        right: the answer is right.

    >>> Scheme().worth(Verdict(False, "wrong"), formed=True)
    -0.5
    """

    unformed: float = -2.0
    unreadable: float = -1.0
    wrong: float = -0.5
    right: float = 2.0

    def worth(self, verdict: Verdict, formed: bool) -> float | None:
        """Return what a verdict is worth, None where the verifier could not find out.

        Args:
            verdict: the verdict on the completion.
            formed: whether the completion has the form; see `knk.tasks.format.is_formed`.
        """
        if not formed:
            return self.unformed
        if verdict.correct is None:
            return None
        if verdict.correct:
            return self.right
        return self.wrong if verdict.answered else self.unreadable
