"""What the task files call; all of it is the library's."""

from knk.evals.lm_eval.documents import (
    documents,
    prompt,
    results,
    target,
)

__all__ = ["documents", "prompt", "results", "target"]
