"""Two runs that several tests read."""

from pathlib import Path

import pytest

from tests.support.benchmarks import two_runs


@pytest.fixture(scope="package")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folders of two runs on puzzles, the second better than the first."""
    return two_runs(tmp_path_factory.mktemp("bench"))
