"""How the processor time of a function grows with its input, which a busy machine does not change much."""

import gc
import time
from collections.abc import Callable


def cpu_seconds(function: Callable[[], object], repeats: int = 3) -> float:
    """Return the least processor time of some calls, in seconds, without garbage collection."""
    seconds = []
    gc.disable()  # A collection takes longer the more objects other tests have left.
    try:
        for _ in range(repeats):
            start = time.process_time()
            function()
            seconds.append(time.process_time() - start)
    finally:
        gc.enable()
    return min(seconds)


def assert_linear(function: Callable[[int], object], size: int) -> None:
    """Check that four times the input takes about four times as long, not sixteen times.

    Other work on the machine can disturb one measurement, so a few are tried; quadratic time fails all of them.

    Args:
        function: called with a size.
        size: the smaller size.
    """
    for _ in range(5):
        small = cpu_seconds(lambda: function(size))
        large = cpu_seconds(lambda: function(4 * size))
        if large < 9 * small + 0.05:
            return
    raise AssertionError(f"{size}: {small:.3f} s, {4 * size}: {large:.3f} s")
