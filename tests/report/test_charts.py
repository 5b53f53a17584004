"""Charts: coordinates in proportion to the values."""

import re

import pytest

from knk.report.charts import (
    RatioBar,
    Series,
    bar_chart,
    histogram,
    line_chart,
    ratio_chart,
)


def coordinates(chart: str, tag: str, attribute: str) -> list[float]:
    return [float(value) for value in re.findall(rf'<{tag} [^>]*\b{attribute}="([-\d.]+)"', chart)]


def test_points_are_in_proportion_to_their_values() -> None:
    chart = line_chart("Loss", "step", "loss", [Series("loss", [(0, 1.0), (5, 0.5), (10, 0.0)])])
    across, up = coordinates(chart, "circle", "cx"), coordinates(chart, "circle", "cy")
    assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=0.11)
    assert up[0] < up[1] < up[2]
    assert (up[0] + up[2]) / 2 == pytest.approx(up[1], abs=0.11)


def test_values_that_are_not_finite_are_left_out() -> None:
    nan, inf = float("nan"), float("inf")
    chart = line_chart("Loss", "step", "loss", [Series("loss", [(0, 1.0), (1, nan), (2, inf), (3, 0.5)])])
    assert len(coordinates(chart, "circle", "cx")) == 2
    assert line_chart("Loss", "step", "loss", [Series("loss", [(0, nan)])]) == ""
    assert line_chart("Loss", "step", "loss", []) == ""
    assert line_chart("Loss", "step", "loss", [Series("loss", [(0, 1e308), (1, -1e308), (10**400, 1.0)])]) == ""
    assert "nan" not in chart


def test_lines_have_marks_of_different_shapes() -> None:
    chart = line_chart("Loss", "step", "loss", [Series(name, [(0, 1.0), (1, 0.5)]) for name in ("a", "b")])
    drawing, legend = chart.split("<ul", 1)
    assert (drawing.count("<circle"), drawing.count("<polygon")) == (2, 2)
    assert (legend.count("<circle"), legend.count("<polygon")) == (1, 1)


def test_bars_are_as_high_as_their_counts() -> None:
    heights = coordinates(bar_chart("Sizes", "people", {"2": 10, "3": 40}), "rect", "height")
    assert heights[1] / heights[0] == pytest.approx(4, abs=0.01)
    assert bar_chart("Sizes", "people", {}) == ""


def test_ratio_bars_start_at_one_on_a_logarithmic_axis() -> None:
    bars = [
        RatioBar("a", 100, 90, 110, "100 times"),
        RatioBar("b", 0.1, 0.1, 0.1, "10 %", 1),
        RatioBar("c", 1, 1, 1, "1"),
    ]
    chart = ratio_chart("Speed", "times", bars)
    faster, slower, same = coordinates(chart, "rect", "width")
    assert faster / slower == pytest.approx(2, abs=0.01)
    assert same == 0
    first, second, _ = coordinates(chart, "rect", "x")
    assert first == pytest.approx(second + slower, abs=0.11)
    assert "100 times" in chart
    assert ratio_chart("Speed", "times", []) == ""


def test_a_histogram_counts_every_value() -> None:
    assert sum(histogram([0, 1, 5, 99, 100]).values()) == 5
    assert histogram([]) == {}
