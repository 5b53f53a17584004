"""Estimates as text: the digits that decide, and no number that looks like zero but is not."""

import pytest

from knk.evals.intervals import Estimate
from knk.report.numbers import in_words, signed


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.5, 0.4, 0.6), "+0.50 [+0.40, +0.60]"),
        ((0.0003, -0.0002, 0.0008), "+0.0003 [-0.0002, +0.0008]"),
        ((0.1, 0.0004, 0.2), "+0.1000 [+0.0004, +0.2000]"),
        ((0.0, 0.0, 0.0), "0.00 [0.00, 0.00]"),
        ((-0.0, -0.1, 0.1), "0.00 [-0.10, +0.10]"),
        ((6.4, 5.2, 7.6), "+6.4 [+5.2, +7.6]"),
        ((1e-9, 1e-10, 1e-8), "+1.0e-09 [+1.0e-10, +1.0e-08]"),
        ((1e300, 0.0, float("inf")), "+1e+300 [0.00, +inf]"),
    ],
)
def test_a_difference_shows_the_digits_that_decide(values: tuple[float, float, float], expected: str) -> None:
    assert signed(Estimate(*values, 100)).replace("\N{NO-BREAK SPACE}", " ") == expected


def test_a_share_is_in_percent_and_another_number_is_not() -> None:
    assert in_words(Estimate(0.0004, 0.0, 0.02, 100), is_share=True) == ("0.0", "0.0 to 2.0")
    assert in_words(Estimate(1.04, 1.01, 1.07, 100), is_share=False) == ("1.040", "1.010 to 1.070")
