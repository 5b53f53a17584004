"""Functions that the worker processes of the tests call."""

from __future__ import annotations

import os
import time
from typing import Any


def work(job: list[Any]) -> Any:
    """Do what the job says: a pair of an action and its argument."""
    action, value = job
    if action == "sleep":
        time.sleep(value)
    elif action == "spin":
        while True:
            pass
    elif action == "power":
        return len(str(9 ** (9**value)))
    elif action == "memory":
        return len(bytearray(value))
    elif action == "exit":
        os._exit(value)
    elif action == "raise":
        raise RuntimeError(value)
    elif action == "print":
        print(value)  # noqa: T201 - a library may
    elif action == "pid":
        return os.getpid()
    return value


def not_json(job: object) -> object:
    """Return something that is not JSON."""
    return {1j, str(job)}
