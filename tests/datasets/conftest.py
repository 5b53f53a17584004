"""Corpora that were built without an interruption."""

from pathlib import Path

import pytest

from knk.datasets.config import CorpusConfig
from tests.support.corpora import GRADED, MIXED, build


@pytest.fixture(scope="session")
def mixed() -> CorpusConfig:
    return CorpusConfig.from_text(MIXED)


@pytest.fixture(scope="session")
def uninterrupted(mixed: CorpusConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "whole"
    build(mixed, folder)
    return folder


@pytest.fixture(scope="session")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graded") / "whole"
    build(CorpusConfig.from_text(GRADED), folder)
    return folder
