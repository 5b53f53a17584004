"""Marks for tests that need TRL."""

import importlib.util

import pytest

needs_trl = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("trl") is None, reason="TRL is not installed: run make check-all"),
]
