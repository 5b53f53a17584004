"""The functions that the task files call, from the library."""

from knk.evals.lm_eval.documents import (
    documents,
    prompt,
    results,
    target,
)

__all__ = ["documents", "prompt", "results", "target"]
