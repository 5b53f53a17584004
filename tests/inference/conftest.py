"""Fixtures for tests of runs."""

from pathlib import Path

import pytest

from tests.support.teaching import write_puzzles


@pytest.fixture(scope="session")
def puzzles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 200 puzzles."""
    return write_puzzles(tmp_path_factory.mktemp("puzzles"))
