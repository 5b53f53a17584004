"""How many processor cores there are."""

import os


def core_count() -> int:
    """Return how many processor cores this process may use.

    >>> core_count() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
