"""What the task files call; all of it is the library's."""

from knk.bench.harness import documents, prompt, results, target

__all__ = ["documents", "prompt", "results", "target"]
