"""Measure the start-up time of `import knk` and `knk --help`: the median wall time of fresh processes."""

import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from statistics import median

RUNS = 21
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import knk": [sys.executable, "-c", "import knk"],
    "knk --help": [str(Path(sysconfig.get_path("scripts")) / "knk"), "--help"],
}


def seconds(command: list[str]) -> float:
    """Return the wall time of one run."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    for name, command in COMMANDS.items():
        seconds(command)  # The first run reads the files from disk and does not count.
        print(f"{name:15} {median(seconds(command) for _ in range(RUNS)):.3f} s")
