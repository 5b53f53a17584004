"""What the worker processes of the tests do."""

from __future__ import annotations

import os
import time
from typing import Any


def work(job: list[Any]) -> Any:
    """Do as the job says: a word, and what goes with it."""
    what, value = job
    if what == "sleep":
        time.sleep(value)
    elif what == "spin":
        while True:
            pass
    elif what == "power":
        return len(str(9 ** (9**value)))
    elif what == "memory":
        return len(bytearray(value))
    elif what == "exit":
        os._exit(value)
    elif what == "raise":
        raise RuntimeError(value)
    elif what == "print":
        print(value)  # noqa: T201 - a library may
    elif what == "pid":
        return os.getpid()
    return value


def not_json(job: object) -> object:
    """Return something that is no JSON."""
    return {1j, str(job)}
