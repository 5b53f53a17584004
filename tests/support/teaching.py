"""Helpers for tests of runs: puzzles to ask about, an engine that retries quickly, and what a run stored."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from knk.datasets.stream import write
from knk.generation.spec import Spec
from knk.inference.engine import Engine
from knk.inference.run import Summary
from knk.inference.sampling import Sampling
from knk.inference.server import ServerEngine
from knk.inference.store import ANSWERS
from knk.tasks import kk
from knk.teacher.run import teach
from tests.support.faulty_server import FaultyServer

SHORT = Sampling(max_tokens=5)
KEY = "secret-key"


def write_puzzles(folder: Path) -> Path:
    """Write a file of 200 puzzles with four people."""
    path = folder / "puzzles.jsonl"
    write(path, Spec(people=4), 200, seed=5)
    return path


def quick_engine(server: FaultyServer, **settings: Any) -> ServerEngine:
    """An engine with short delays between retries."""
    defaults: dict[str, Any] = {"first_delay": 0.01, "max_delay": 0.05, "timeout": 10.0}
    return ServerEngine("m", server.url, **(defaults | settings))


def ask_all(puzzles: Path, folder: Path, engine: Engine, sampling: Sampling = SHORT, **options: Any) -> Summary:
    """Have an engine answer all puzzles in a file."""
    return teach(puzzles, folder, engine, sampling, split="test", **options)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects in a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def stored_pairs(path: Path) -> list[tuple[str, int]]:
    """The key and sample of each line in a file of answers or failures."""
    return [(line["id"], line["sample"]) for line in read_lines(path)]


def expected_pairs(puzzles: Path, n: int, limit: int | None = None) -> set[tuple[str, int]]:
    """The key and sample of each answer to the first puzzles in a file."""
    rows = list(kk.rows("test", puzzles))[:limit]
    return {(row["id"], sample) for row in rows for sample in range(n)}


def teach_command(*arguments: str | Path) -> list[str]:
    """The command line of `knk teach` in a new process."""
    return [sys.executable, "-m", "knk", "teach", *map(str, arguments)]


def wait_for_answers(count: int, folder: Path, seconds: float = 60) -> None:
    """Wait until a run has stored so many answers, or until the time is up."""
    deadline = time.monotonic() + seconds
    path = folder / ANSWERS
    while (not path.exists() or path.read_bytes().count(b"\n") < count) and time.monotonic() < deadline:
        time.sleep(0.02)


class RecordingObserver:
    """An observer that records what it receives."""

    def __init__(self) -> None:
        self.answers = 0
        self.messages: list[str] = []

    def skipped(self, answers: int) -> None:
        """Ignore it."""

    def done(self, answers: int, tokens: int) -> None:  # noqa: ARG002 - the tokens are not recorded
        """Count the answers."""
        self.answers += answers

    def notify(self, message: str) -> None:
        """Record the message."""
        self.messages.append(message)
