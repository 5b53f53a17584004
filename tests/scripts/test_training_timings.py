"""Estimates beside published timings: the page agrees with the code, and the estimates stay near."""

import statistics

import pytest

from knk.training import estimate
from scripts.training_timings import NEAREST, PAGE, cases, distances, page
from tests.support.paths import ROOT

CONTRADICTED = "GRPO Qwen2.5-Math-7B, MATH, README"
"""A published time that another user could not reproduce with the same settings."""


def test_the_page_has_the_estimates_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run python scripts/training_timings.py"


def test_estimates_are_within_a_factor_of_the_published_figures() -> None:
    found = cases()
    times = {case.row["name"]: case.time_ratio for case in found if case.time_ratio is not None}
    memory = [case.memory_ratio for case in found if case.memory_ratio is not None]
    assert all(1 / 3 < ratio < 1.5 for name, ratio in times.items() if name != CONTRADICTED)
    assert all(0.5 < ratio < 1.6 for ratio in memory)
    assert statistics.median(times.values()) == pytest.approx(1, abs=0.15)
    assert statistics.median(memory) == pytest.approx(1, abs=0.15)


def test_each_published_figure_names_its_source() -> None:
    for case in cases():
        assert case.row["source"].startswith("https://")
        assert case.row["note"]
        assert "seconds_per_step" in case.row or "gib" in case.row


def test_each_recipe_has_a_nearest_run() -> None:
    found = cases()
    for starts in NEAREST.values():
        assert all(any(case.row["name"].startswith(start) for case in found) for start in starts)
        assert distances(found, starts)[1]


def test_the_training_page_has_the_assumptions_of_the_code() -> None:
    text = estimate.__doc__ or ""
    table = text[text.index("| quantity") :].strip()
    assert table in (ROOT / "docs/training.md").read_text(encoding="utf-8")
