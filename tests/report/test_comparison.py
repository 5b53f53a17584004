"""Charts that compare arms: marks in proportion to the estimates, side by side, without what cannot be drawn."""

import re
from collections.abc import Sequence

import pytest

from knk.evals.intervals import Estimate
from knk.report.comparison import Arm, condition_panel, task_panel

HALF = Estimate(0.5, 0.4, 0.6, 100)
LOW = Estimate(0.1, 0.0, 0.2, 100)
CONDITIONS = ("q = 0", "q = 0.03", "q = 0.10")


def circles(svg: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([-\d.]+)" cy="([-\d.]+)"', svg)]


def condition_chart(estimates: Sequence[Estimate | None], style: int = 0) -> str:
    panel = condition_panel("colouring", CONDITIONS, [Arm("base", style, estimates)], is_share=True)
    assert panel
    return panel.content


def test_conditions_are_at_equal_distances_in_their_order() -> None:
    chart = condition_chart([LOW, HALF, HALF])
    (first, low), (second, half), (third, same) = circles(chart)
    assert second - first == pytest.approx(third - second, abs=0.11)
    assert half == same < low
    assert re.findall(r">(q = [^<]+)</text>", chart) == list(CONDITIONS)


def test_a_line_is_broken_where_a_condition_is_missing() -> None:
    assert condition_chart([LOW, HALF, HALF]).count('opacity=".55"') == 2
    broken = condition_chart([LOW, None, HALF])
    assert 'opacity=".55"' not in broken
    assert len(circles(broken)) == 2


def test_equal_estimates_of_arms_are_beside_each_other() -> None:
    arms = [Arm(f"arm {index}", 0, [HALF, HALF]) for index in range(11)]
    panel = condition_panel("colouring", CONDITIONS[:2], arms, is_share=True)
    assert panel
    xs = [x for x, _ in circles(panel.content)]
    assert len(set(xs)) == 22
    rows = task_panel("All", ("a", "b"), arms, is_share=True)
    assert rows
    assert len({y for _, y in circles(rows.content)}) == 22


def test_the_first_arms_are_drawn_above_the_others() -> None:
    arms = [Arm(f"arm {index}", index, [HALF]) for index in range(11)]
    panel = condition_panel("colouring", CONDITIONS[:1], arms, is_share=True)
    assert panel
    titles = re.findall(r"<title>arm (\d+), q = 0: 50.0% \(40.0 to 60.0\)</title>", panel.content)
    assert titles == [str(index) for index in reversed(range(11))]


def test_what_is_not_finite_or_was_not_measured_is_left_out() -> None:
    nan, inf = float("nan"), float("inf")
    bad = [Estimate(nan, 0, 1, 9), Estimate(1e300, 0, inf, 9), Estimate(0.0, 0.0, 1.0, 0)]
    arms = [Arm("base", 0, bad)]
    assert condition_panel("a", CONDITIONS, arms, is_share=False) is None
    assert task_panel("a", CONDITIONS, arms, is_share=False) is None
    assert len(circles(condition_chart([*bad[:2], HALF]))) == 1


def test_long_names_of_conditions_are_wrapped() -> None:
    names = ("q = 0.03, its lessons in pairs alone", "q = 0.10", "y" * 500)
    panel = condition_panel("a", names, [Arm("base", 0, [HALF] * 3)], is_share=True)
    assert panel
    labels = re.findall(r'text-anchor="middle">([^<]+)</text>', panel.content)
    assert max(map(len, labels)) < 16
    assert labels[:2] == ["q = 0.03, its", "lessons in"]
